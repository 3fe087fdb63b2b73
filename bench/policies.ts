/** What policies add to a hit of 1 KB in Redis: the age of an entry, tags, and a lease for a load. */
import assert from 'node:assert'

import { Codec, Duration, Policy, ring } from 'fp-ring'
import { redis } from 'fp-ring/redis'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'

import { Account, accountOf, type Client, shuffled, valueOf, withAccounts } from './fixtures'
import { compare, type Loop, rowsOf, type Samples, type Scenario } from './harness'

const count = 1_000
const ids = shuffled(count)

type Call = (id: number) => TE.TaskEither<unknown, Account>

const load = (id: number): TE.TaskEither<never, Account> => TE.right(accountOf(id))

const ringsOver = (client: Client) => {
  const store = redis(client)
  const codec = Codec.json(Account)
  const ttl = Policy.ttl(Duration.hours(1))
  const stale = Policy.policy(ttl, Policy.staleWhileRevalidate(Duration.minutes(5)))
  return {
    plain: ring(load, { store, codec, name: 'plain', policy: ttl }),
    // the lifetime depends on the value, so that nobody knows for how long an entry is fresh without asking
    age: ring(load, {
      store,
      codec,
      name: 'age',
      policy: Policy.policy(
        stale,
        Policy.ttlBy(() => Duration.hours(1))
      )
    }),
    known: ring(load, { store, codec, name: 'known', policy: stale }),
    tags: ring(load, {
      store,
      codec,
      name: 'tags',
      policy: ttl,
      tags: (id) => ['accounts', `account ${String(id)}`, `shard ${String(id % 10)}`]
    }),
    lease: ring(load, { store, codec, name: 'lease', policy: Policy.policy(ttl, Policy.lease()) })
  }
}

const lone =
  (call: Call): Loop =>
  async (n) => {
    for (let i = 0; i < n; i++) valueOf(await call(ids[i % count]!)())
  }
const inFlight =
  (call: Call): Loop =>
  async (n) => {
    for (let i = 0; i < n; i++) (await Promise.all(ids.map((id) => call(id)()))).forEach(valueOf)
  }

export const policies: Scenario = () =>
  withAccounts(2, async (client) => {
    const rings = ringsOver(client)
    for (const one of Object.values(rings)) {
      assert.ok(E.isRight(await one.updateMany(ids.map((id) => [id] as [number]))()))
    }
    const names = ['age', 'known', 'tags'] as const
    const rows = async (scenario: string, loop: (call: Call) => Loop, sampleMs: number, parts: number) => {
      const samples: Samples<'plain' | (typeof names)[number]> = await compare(
        { plain: loop(rings.plain), age: loop(rings.age), known: loop(rings.known), tags: loop(rings.tags) },
        { rounds: 31, sampleMs }
      )
      return names.flatMap((ours) =>
        rowsOf(samples, {
          scenario,
          baseline: 'plain',
          ours,
          parts,
          targets: { cpu: undefined, wall: undefined }
        })
      )
    }
    // a miss: deleted and loaded again
    const missed =
      (one: (typeof rings)['plain']): Loop =>
      async (n) => {
        for (let i = 0; i < n; i++) {
          await one.delete(ids[i % count]!)()
          valueOf(await one(ids[i % count]!)())
        }
      }
    const misses = await compare(
      { plain: missed(rings.plain), lease: missed(rings.lease) },
      { rounds: 31, sampleMs: 50 }
    )
    return [
      ...(await rows('policies: a lone hit', lone, 50, 1)),
      ...(await rows('policies: 1,000 hits in flight', inFlight, 100, count)),
      ...rowsOf(misses, {
        scenario: 'policies: delete, miss, load',
        baseline: 'plain',
        ours: 'lease',
        targets: { cpu: undefined, wall: undefined }
      })
    ]
  })
