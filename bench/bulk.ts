/** A hundred hits of 1 KB in one bulk command, validated, against `MGET` and `JSON.parse` by hand. */
import assert from 'node:assert'

import { Codec, Duration, Policy, ring } from 'fp-ring'
import { redis } from 'fp-ring/redis'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { accountOf, type Client, shuffled, valueOf, withAccounts } from './fixtures'
import { compare, rowsOf, type Scenario } from './harness'

const size = 100
const count = 1_000
const ids = shuffled(count)
const pages = Array.from({ length: count / size }, (_, i) => ids.slice(i * size, (i + 1) * size))

const many = 100_000

/** A hundred thousand small entries, asked for in lists of some length: what a key costs may not grow with the list. */
const inLists = (client: Client, length: number, isCold: boolean) => {
  const one = ring((id: number) => TE.right({ id }), {
    name: `l${String(length)}${isCold ? 'c' : 'h'}`,
    store: redis(client),
    codec: Codec.json(t.type({ id: t.number })),
    policy: Policy.ttl(Duration.minutes(1)),
    batch: (list) => TE.right(list.map(([id]) => ({ id })))
  })
  let next = 0
  return async (n: number) => {
    for (let i = 0; i < n; i++) {
      if (isCold) next += many
      for (let from = 0; from < many; from += length)
        valueOf(await one.getOrUpdateMany(Array.from({ length }, (_, j): [number] => [next + from + j]))())
    }
  }
}

const scaling = async (client: Client, isCold: boolean) =>
  rowsOf(
    await compare(
      { 'lists of 1,000': inLists(client, 1_000, isCold), 'one list': inLists(client, many, isCold) },
      { rounds: 5, sampleMs: 1 }
    ),
    {
      scenario: `bulk: 100,000 ${isCold ? 'cold' : 'hot'} keys, each`,
      baseline: 'lists of 1,000',
      ours: 'one list',
      parts: many,
      targets: { cpu: 2 }
    }
  )

export const bulk: Scenario = () =>
  withAccounts(count, async (client, accounts) => {
    const byHand = async (page: ReadonlyArray<number>): Promise<ReadonlyArray<unknown>> => {
      const texts = await client.mGet(page.map((id) => `account:${String(id)}`))
      return texts.map((text) => JSON.parse(text ?? ''))
    }
    const getMany = async (page: ReadonlyArray<number>) =>
      valueOf(await accounts.getMany(page.map((id) => [id] as const))())
    const getOrUpdateMany = async (page: ReadonlyArray<number>) =>
      valueOf(await accounts.getOrUpdateMany(page.map((id) => [id] as const))())

    const wanted = pages[0]!.map(accountOf)
    assert.deepStrictEqual(await byHand(pages[0]!), wanted)
    assert.deepStrictEqual(await getMany(pages[0]!), wanted.map(O.some))
    assert.deepStrictEqual((await getOrUpdateMany(pages[0]!)).map(valueOf), wanted)

    const samples = await compare(
      {
        'MGET, JSON.parse': async (n) => {
          for (let i = 0; i < n; i++) await byHand(pages[i % pages.length]!)
        },
        getMany: async (n) => {
          for (let i = 0; i < n; i++) await getMany(pages[i % pages.length]!)
        },
        getOrUpdateMany: async (n) => {
          for (let i = 0; i < n; i++) await getOrUpdateMany(pages[i % pages.length]!)
        }
      },
      { rounds: 41, sampleMs: 50 }
    )
    const scaled = [...(await scaling(client, true)), ...(await scaling(client, false))]
    const hits = (['getMany', 'getOrUpdateMany'] as const).flatMap((ours) =>
      rowsOf(samples, {
        scenario: 'bulk: 100 hits',
        baseline: 'MGET, JSON.parse',
        ours,
        targets: { cpu: 1.15, wall: 1.15 }
      })
    )
    return [...hits, ...scaled]
  })
