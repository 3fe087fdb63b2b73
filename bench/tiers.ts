/**
 * A near tier before Redis: a hit near against the ring in memory alone; what it costs to fill, against the hit in Redis
 * that fills it; and what it costs to be told of a change, against the `delete` that follows from it.
 */
import { Codec, Duration, Invalidation, Policy, ring, Store } from 'fp-ring'
import { lru } from 'fp-ring/lru'
import { redis, tracking } from 'fp-ring/redis'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { LRUCache } from 'lru-cache'

import { Account, accountOf, type Client, shuffled, valueOf, withAccounts } from './fixtures'
import { compare, type Loop, rowsOf, type Scenario } from './harness'

const count = 1_000
const ids = shuffled(count)
const hour = Duration.hours(1)
const policy = Policy.ttl(hour)

const load = (id: number): TE.TaskEither<never, Account> => TE.right(accountOf(id))

const ringsOver = (client: Client) => {
  const bytes = redis(client)
  const far = pipe(bytes, Store.encoded(Codec.json(Account)))
  const feed = tracking(bytes)
  const tiers = (max: number) => Store.tiered({ near: lru<Account>({ max }), far, invalidation: feed })
  return {
    feed,
    alone: ring(load, { store: lru<Account>({ max: count }), policy, name: 'account' }),
    near: ring(load, { store: tiers(count), policy, name: 'account' }),
    // so small that what is read next is never there
    fills: ring(load, { store: tiers(1), policy, name: 'account' }),
    far: ring(load, { store: bytes, codec: Codec.json(Account), policy, name: 'account' })
  }
}

type Call = (id: number) => TE.TaskEither<unknown, Account>

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

/** Changes that are heard of, of keys that lie near. */
const told = async () => {
  const join = Invalidation.local()
  const store = Store.tiered({
    near: lru<number>({ max: count }),
    far: lru<number>({ max: count }),
    invalidation: join()
  })
  await store.get('first')()
  const other = join()
  const keys = ids.map((id) => `account:${String(id)}`)
  const cache = new LRUCache<string, number>({ max: count, ttl: hour })
  return compare(
    {
      'set, delete': async (n: number) => {
        for (let i = 0; i < n; i++) {
          for (const key of keys) cache.set(key, 1)
          for (const key of keys) cache.delete(key)
          await Promise.resolve()
        }
      },
      'set, told': async (n: number) => {
        for (let i = 0; i < n; i++) {
          for (const key of keys) cache.set(key, 1)
          for (const key of keys) await other.tell({ _tag: 'Keys', keys: [key] })()
        }
      }
    },
    { rounds: 15, sampleMs: 50 }
  )
}

export const tiers: Scenario = () =>
  withAccounts(count, async (client) => {
    const { alone, far, feed, fills, near } = ringsOver(client)
    await near(0)()
    while (!feed.covers('account:0')) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const id of ids) {
      await alone(id)()
      await near(id)()
      await near(id)()
    }
    const hits = await compare({ 'ring over lru': lone(alone), 'near tier': lone(near) })
    const filled = await compare(
      { 'ring over Redis': lone(far), fill: lone(fills) },
      { rounds: 21, sampleMs: 100 }
    )
    const many = await compare(
      { 'ring over Redis': inFlight(far), fill: inFlight(fills) },
      { rounds: 15, sampleMs: 100 }
    )
    const changes = await told()
    feed.close()
    const reported = { cpu: undefined, wall: undefined }
    return [
      ...rowsOf(hits, {
        scenario: 'tiers: a near hit',
        baseline: 'ring over lru',
        ours: 'near tier',
        targets: { cpu: 1.25, wall: 1.25 }
      }),
      ...rowsOf(filled, {
        scenario: 'tiers: a fill',
        baseline: 'ring over Redis',
        ours: 'fill',
        targets: reported
      }),
      ...rowsOf(many, {
        scenario: 'tiers: 1,000 fills in flight',
        baseline: 'ring over Redis',
        ours: 'fill',
        parts: count,
        targets: reported
      }),
      ...rowsOf(changes, {
        scenario: 'tiers: a change that is told',
        baseline: 'set, delete',
        ours: 'set, told',
        parts: count,
        targets: reported
      })
    ]
  })
