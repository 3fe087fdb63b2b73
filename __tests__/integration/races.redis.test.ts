/** Law 21 on a real Redis, over a pool of connections that overtake one another: readers and a writer with random delays. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { createClientPool } from 'redis'

import type { Store } from '../../src'
import { Codec, Duration, ring } from '../../src'
import { redis } from '../../src/stores/redis'
import { anyRedis, randomNamespace, sleep } from './servers'

jest.setTimeout(60_000)

type Fn = (id: number) => TE.TaskEither<never, number>
interface Cache {
  readonly call: Fn
  readonly get: (id: number) => Promise<number | undefined>
  readonly invalidate: (how: number, value: number) => Promise<E.Either<unknown, unknown>>
}
type Make = (fn: Fn, store: Store.Store<Uint8Array>) => Cache

const codec = Codec.json(t.number)
const minute = Duration.minutes(1)

const ours: Make = (fn, store) => {
  const cached = ring(fn, { store, codec, name: 'k' })
  return {
    call: cached,
    get: async (id) => {
      const got = await cached.get(id)()
      return E.isRight(got) ? O.toUndefined(got.right) : undefined
    },
    invalidate: (how, value) =>
      how === 0 ? cached.delete(1)() : how === 1 ? cached.set(value)(1)() : cached.update(1)()
  }
}

/** Broken on purpose: look, load, store; delete. */
const naive: Make = (fn, store) => {
  const key = 'k:1'
  const decode = (got: E.Either<unknown, O.Option<Uint8Array>>): number | undefined => {
    if (E.isLeft(got) || O.isNone(got.right)) return undefined
    const value = codec.decode(got.right.value)
    return E.isRight(value) ? value.right : undefined
  }
  const store1 = async (value: number): Promise<E.Either<unknown, unknown>> => {
    const raw = codec.encode(value)
    return E.isRight(raw) ? store.set(key, raw.right, minute)() : raw
  }
  return {
    call: (id) => async () => {
      const here = decode(await store.get(key)())
      if (here !== undefined) return E.right(here)
      const loaded = await fn(id)()
      if (E.isRight(loaded)) await store1(loaded.right)
      return loaded
    },
    get: async () => decode(await store.get(key)()),
    invalidate: async (how, value) => (how === 0 ? store.delete(key)() : store1(value))
  }
}

const random = (n: number): number => Math.floor(Math.random() * n)

let redisServer: Awaited<ReturnType<typeof anyRedis>>
let pool: ReturnType<typeof createClientPool>
beforeAll(async () => {
  redisServer = await anyRedis()
  pool = createClientPool({ url: redisServer.url }, { minimum: 4, maximum: 4 })
  await pool.connect()
})
afterAll(async () => {
  await pool.close()
  await redisServer.stop()
})

/** How many rounds end with something in the cache that is older than the last acknowledged change. */
const staleEnds = async (make: Make, rounds: number, together = 20): Promise<number> => {
  const round = async (): Promise<boolean> => {
    let truth = 0
    const fn: Fn = () => async () => {
      const value = truth
      await sleep(random(10))
      return E.right(value)
    }
    // a busy machine is slow, and what has not been answered in time is not acknowledged
    const cache = make(fn, redis(pool, { namespace: randomNamespace(), timeout: Duration.seconds(20) }))
    const readers = Array.from({ length: 8 }, async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(random(4))
        await cache.call(1)()
      }
    })
    let acknowledged = 0
    const writer = (async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(random(4))
        const done = await cache.invalidate(random(3), ++truth)
        if (E.isRight(done)) acknowledged = truth
      }
    })()
    await Promise.all([...readers, writer])
    const last = await cache.get(1)
    return last !== undefined && last < acknowledged
  }
  let stale = 0
  for (let i = 0; i < rounds; i += together) {
    const ends = await Promise.all(Array.from({ length: together }, round))
    stale += ends.filter(Boolean).length
  }
  return stale
}

test('law 21: on a real Redis no round ends stale', async () => {
  expect(await staleEnds(ours, 400)).toBe(0)
})

test('law 21: the broken variant ends stale', async () => {
  let stale = 0
  // few rounds at once: where the server is busy, three changes take longer than a load, and the variant is lucky
  for (let i = 0; i < 400 && stale === 0; i++) stale = await staleEnds(naive, 10, 2)
  expect(stale).toBeGreaterThan(0)
})
