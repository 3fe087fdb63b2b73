/** A hundred hits of 1 KB in one bulk command, validated, against `MGET` and `JSON.parse` by hand. */
import assert from 'node:assert'

import * as O from 'fp-ts/Option'

import { accountOf, shuffled, valueOf, withAccounts } from './fixtures'
import { compare, rowsOf, type Scenario } from './harness'

const size = 100
const count = 1_000
const ids = shuffled(count)
const pages = Array.from({ length: count / size }, (_, i) => ids.slice(i * size, (i + 1) * size))

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
    return (['getMany', 'getOrUpdateMany'] as const).flatMap((ours) =>
      rowsOf(samples, {
        scenario: 'bulk: 100 hits',
        baseline: 'MGET, JSON.parse',
        ours,
        targets: { cpu: 1.15, wall: 1.15 }
      })
    )
  })
