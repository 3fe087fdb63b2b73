/** The fake timers of a test runner move the stores in memory, and all that a ring waits for. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { dict, Duration, Policy, ring, Store } from '../../src'
import { lru } from '../../src/stores/memory/lru'
import { faulty, hangs } from '../../src/testing'

const inMemory = (kind: 'dict' | 'lru'): Store.Store<unknown> =>
  kind === 'dict' ? dict() : lru({ max: 100 })
const minute = 60_000

// made before any test, as a module of a program makes them
const early = { dict: inMemory('dict'), lru: inMemory('lru') }

describe.each(['dict', 'lru'] as const)('fake timers: %s', (kind) => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  // each test leaves its timers behind when it ends; the next one begins at the same time with others
  test.each([1, 2, 3])('lets entries end, whenever the store was made (%d)', async () => {
    for (const store of [early[kind], inMemory(kind)]) {
      await store.set('k', 1, Duration.minutes(10))()
      jest.advanceTimersByTime(9 * minute)
      expect(await store.get('k')()).toStrictEqual(E.right(O.some(1)))
      expect(await store.read('k')()).toMatchObject({ right: { value: { remaining: minute } } })
      jest.advanceTimersByTime(minute)
      expect(await store.get('k')()).toStrictEqual(E.right(O.none))
      await store.set('k', 2, Duration.minutes(10))()
      await store.get('k')()
    }
  })

  test('an entry that was written at the very beginning ends, too', async () => {
    const store = inMemory(kind)
    const began = performance.now()
    await store.set('k', 1, Duration.milliseconds(5))()
    expect(performance.now()).toBe(began)
    jest.advanceTimersByTime(5)
    expect(await store.has('k')()).toStrictEqual(E.right(false))
  })

  test('an entry that was read in the tick before the timers were replaced ends', async () => {
    jest.useRealTimers()
    const store = inMemory(kind)
    await store.set('other', 1, Duration.hours(1))()
    for (let i = 0; i < 3; i++) await store.get('other')()
    jest.useFakeTimers()
    await store.set('k', 1, Duration.minutes(1))()
    jest.advanceTimersByTime(minute)
    expect(await store.get('k')()).toStrictEqual(E.right(O.none))
  })

  test('a ring loads again, and refreshes beside', async () => {
    let loads = 0
    const user = ring(() => TE.fromIO(() => ++loads), {
      name: 'user',
      store: inMemory(kind),
      policy: Policy.policy(
        Policy.ttl(Duration.minutes(10)),
        Policy.staleWhileRevalidate(Duration.minutes(5))
      )
    })
    const seen: Array<unknown> = []
    for (const pass of [0, 9, 2, 0, 16]) {
      await jest.advanceTimersByTimeAsync(pass * minute)
      seen.push(await user()())
    }
    // a hit, a stale one, what was loaded beside it, and one that is over
    expect(seen).toStrictEqual([1, 1, 1, 2, 3].map((n) => E.right(n)))
  })

  test('deadlines and timeouts fall due', async () => {
    const hung = faulty(() => () => hangs)(inMemory(kind))
    const withoutStore = ring(() => TE.right(1), {
      name: 'withoutStore',
      store: Store.timed(Duration.minutes(1))(hung)
    })
    const slow = ring(() => () => new Promise<E.Either<never, number>>(() => undefined), {
      name: 'slow',
      store: inMemory(kind),
      policy: Policy.timeout(Duration.minutes(1))
    })
    const answers = Promise.all([withoutStore()(), slow()()])
    await jest.advanceTimersByTimeAsync(2 * minute)
    expect(await answers).toMatchObject([{ right: 1 }, { left: { _tag: 'TimeoutError' } }])
  })
})
