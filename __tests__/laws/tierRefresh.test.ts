/**
 * Tiers with leases: the first read of an entry that is stale, or due, starts one refresh. The near tier and the far one say
 * what is left of the same entry by two clocks, at two moments; that the far one says a little more is no newer entry.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { DatabaseSync } from '@photostructure/sqlite'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { createClient } from 'redis'

import { Codec, dict, Duration, Policy, ring, Store } from '../../src'
import { pause } from '../../src/base/timer'
import type { Leasing } from '../../src/Store'
import { memcached, memcachedClient } from '../../src/stores/memcached'
import { lru } from '../../src/stores/memory/lru'
import { redis } from '../../src/stores/redis'
import { sqlite } from '../../src/stores/sqlite'
import { hostOf, type Server, startMemcached, startRedis } from '../integration/servers'

type Tier = Store.Store<Uint8Array> & Leasing<Uint8Array>

const near = () => dict<Uint8Array>()
const bounded = () => lru<Uint8Array>({ max: 1_000 })

let servers: ReadonlyArray<Server> = []
let client: ReturnType<typeof createClient>
let items: ReturnType<typeof memcachedClient>
beforeAll(async () => {
  const [one, other] = await Promise.all([startRedis(), startMemcached()])
  servers = [one, other]
  client = createClient({ url: one.url })
  await client.connect()
  items = memcachedClient({ servers: [hostOf(other.url)] })
}, 60_000)
afterAll(async () => {
  await client.close()
  await items.close()
  for (const server of servers) await server.stop()
})

let namespaces = 0
const namespace = (): string => `n${String(namespaces++)}:`

const tiers: Readonly<Record<string, () => Tier>> = {
  'dict + dict': () => Store.tiered({ near: near(), far: near() }),
  'lru + dict': () => Store.tiered({ near: bounded(), far: near() }),
  'dict + dict, whose copies live for a second': () =>
    Store.tiered({ near: near(), far: near(), ttl: Duration.seconds(1) }),
  'dict + redis': () => Store.tiered({ near: near(), far: redis(client, { namespace: namespace() }) }),
  'dict + memcached': () => Store.tiered({ near: near(), far: memcached(items, { namespace: namespace() }) }),
  'dict + sqlite': () => Store.tiered({ near: near(), far: sqlite(new DatabaseSync(':memory:')) }),
  'lru + a tier of dict + dict': () =>
    Store.tiered({ near: bounded(), far: Store.tiered({ near: near(), far: near() }) })
}

const lease = Policy.lease({ ttl: Duration.seconds(10) })

/** How an entry comes to want a refresh a while after it was written: by `after` milliseconds. */
const policies = (unit: number) => ({
  'a stale window': Policy.policy(
    Policy.ttl(Duration.milliseconds(unit)),
    Policy.staleWhileRevalidate(Duration.minutes(1))
  ),
  refreshAhead: Policy.policy(Policy.ttl(Duration.milliseconds(100 * unit)), Policy.refreshAhead(0.01)),
  // such a beta makes every draw the widest
  earlyRefresh: Policy.policy(
    Policy.ttl(Duration.milliseconds(100 * unit)),
    Policy.earlyRefresh({ beta: 1e12, window: 0.99 })
  )
})

const keys = Array.from({ length: 40 }, (_, i) => i)

/** How often each key was loaded, and how often a lease was asked for, when each has been read once since it was due. */
const refreshed = async (made: Tier, policy: Policy.Policy, unit: number) => {
  let acquired = 0
  const acquire: typeof made.leases.acquire = (...args) => {
    acquired++
    return made.leases.acquire(...args)
  }
  const store: Tier = { ...made, leases: { ...made.leases, acquire } }
  const loads = new Map<number, number>()
  const load = (n: number): TE.TaskEither<never, number> =>
    TE.fromTask(async () => {
      loads.set(n, (loads.get(n) ?? 0) + 1)
      await pause(1)
      return loads.get(n) ?? 0
    })
  const cached = ring(load, {
    store,
    name: 'n',
    codec: Codec.json(t.number),
    policy: Policy.policy(policy, lease)
  })
  for (const n of keys) expect(await cached(n)()).toEqual(E.right(1))
  await pause(unit * 1.1 + (unit >= 1_000 ? 1_000 : 0))
  acquired = 0
  const served: Array<unknown> = []
  for (const n of keys) served.push(await cached(n)())
  const counts = (): ReadonlyArray<number> => keys.map((n) => loads.get(n) ?? 0)
  for (let i = 0; i < 500 && counts().some((count) => count < 2); i++) await pause(10)
  await pause(50) // one more would be seen by now
  for (const n of keys) expect(O.isSome(await found(cached.get(n)))).toBe(true)
  return { served, loads: counts(), acquired }
}

const found = async <A>(task: TE.TaskEither<unknown, O.Option<A>>): Promise<O.Option<A>> =>
  E.getOrElse((): O.Option<A> => O.none)(await task())

/** A tier that cuts off what is left, by more than the time that passes between a read and a request for the lease. */
const cutting = (made: Tier): Tier => {
  const cut = <R>({ remaining, value }: Store.Entry<R>): Store.Entry<R> => ({
    value,
    remaining: Duration.milliseconds(remaining - 20)
  })
  return {
    ...made,
    read: (key) => TE.map(O.map(cut<Uint8Array>))(made.read(key)),
    peekEntry: (key) => {
      const entry = made.peekEntry?.(key)
      return entry === undefined ? undefined : cut(entry)
    }
  }
}

describe.each(Object.keys(tiers))('law 15: over %s', (name) => {
  // memcached counts whole seconds
  const unit = name.includes('memcached') ? 1_100 : 150
  test.each(Object.keys(policies(unit)) as ReadonlyArray<keyof ReturnType<typeof policies>>)(
    'with leases, the first read that wants a refresh starts one: %s',
    async (kind) => {
      const result = await refreshed(tiers[name]!(), policies(unit)[kind], unit)
      expect(result.served).toEqual(keys.map(() => E.right(1)))
      expect(result.loads).toEqual(keys.map(() => 2))
      // nearly always the lease is won at once
      if (!name.includes('memcached')) expect(result.acquired).toBeLessThanOrEqual(keys.length * 1.1)
    },
    60_000
  )
})

test('the control: where a tier cuts off what is left, what is found is taken for newer, and is asked for twice', async () => {
  const result = await refreshed(cutting(tiers['dict + dict']!()), policies(150)['a stale window'], 150)
  expect(result.loads).toEqual(keys.map(() => 2)) // what is not fresh is no answer
  expect(result.acquired).toBeGreaterThan(keys.length * 1.1)
}, 60_000)

test('law 16: a tier says what the far store says is left, to the millisecond', async () => {
  const said = { less: 0, same: 0, more: 0 }
  const far = near()
  const store = Store.tiered({ near: near(), far })
  for (const n of Array.from({ length: 300 }, (_, i) => String(i))) {
    await store.set(n, new Uint8Array(1), Duration.milliseconds(60_200))()
    for (const began = performance.now(); performance.now() - began < 0.3; );
    const [here, there] = [await found(store.read(n)), await found(far.read(n))]
    if (O.isNone(here) || O.isNone(there)) throw new Error('nothing is there')
    const by = here.value.remaining - there.value.remaining
    said[by < 0 ? 'less' : by > 0 ? 'more' : 'same']++
  }
  // what was cut off made it less nine times of ten; time passes between the two reads
  expect(said.less).toBeLessThan(60)
  expect(said.same).toBeGreaterThan(150)
})
