import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { LRUCache } from 'lru-cache'

import { type Clock, dict, Duration, ring } from '../../../src'
import { lru } from '../../../src/stores/memory/lru'
import { anything, testClock } from '../../../src/testing'
import { obeys, storeLaws } from '../../laws/register'
import { runs } from '../../runs'

const minute = Duration.minutes(1)
// lru-cache takes a start of 0 for 'no lifetime'; the store does not let it
const clock = testClock(0)
obeys(
  'lru',
  storeLaws(() => lru({ max: 10_000, clock }), { ...anything, clock, leases: true })
)
obeys(
  'lru with room for a hundred',
  storeLaws(() => lru({ max: 100, clock }), { ...anything, clock, leases: true, max: 100 })
)
obeys(
  'lru by the clock of the process',
  storeLaws(() => lru({ max: 10_000 }), { ...anything, leases: true })
)
const uneven = testClock(0.1)
obeys(
  'lru by a clock of fractions',
  storeLaws(() => lru({ max: 10_000, clock: uneven }), { ...anything, clock: uneven, leases: true })
)
obeys(
  'an lru-cache of one’s own',
  storeLaws(() => lru(new LRUCache<string, NonNullable<unknown>>({ max: 10_000 })), {
    ...anything,
    leases: true
  })
)
obeys(
  'an lru-cache with habits of its own',
  storeLaws(
    () =>
      lru(
        new LRUCache<string, NonNullable<unknown>>({
          max: 10_000,
          ttl: 5,
          allowStale: true,
          updateAgeOnGet: true,
          updateAgeOnHas: true,
          noUpdateTTL: true,
          ttlResolution: 0,
          perf: { now: () => performance.now() + 1 }
        })
      ),
    { ...anything, leases: true, numRuns: runs(500) }
  )
)

describe('lru', () => {
  test('law 37: bounds hold after every write, and an oversize value is refused without a loss to the others', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 14 })), {
          maxLength: 40
        }),
        async (writes) => {
          const store = lru<string>({ max: 4, maxSize: 10, sizeOf: (value) => value.length })
          for (const [key, size] of writes) {
            const others = Array.from(store.backend.keys()).filter((k) => k !== String(key))
            const wrote = await store.set(String(key), 'x'.repeat(size), minute)()
            expect(store.backend.size).toBeLessThanOrEqual(4)
            expect(store.backend.calculatedSize).toBeLessThanOrEqual(10)
            if (size > 10) {
              expect(E.isLeft(wrote) && wrote.left.reason).toBe('refused')
              expect(store.backend.has(String(key))).toBe(false)
              for (const other of others) expect(store.backend.has(other)).toBe(true)
            } else {
              expect(wrote).toStrictEqual(E.right(undefined))
              expect(await store.get(String(key))()).toStrictEqual(E.right(O.some('x'.repeat(size))))
            }
          }
        }
      )
    ))

  test('law 37: a value too large for the store is returned all the same', async () => {
    const store = lru({ maxSize: 10, sizeOf: (value) => String(value).length })
    const cached = ring((n: number): TE.TaskEither<never, string> => TE.right('x'.repeat(n)), {
      store,
      name: 'k'
    })
    expect(await cached(20)()).toStrictEqual(E.right('x'.repeat(20)))
    const updated = await cached.update(20)()
    expect(E.isLeft(updated) && updated.left._tag === 'StoreError' && updated.left.reason).toBe('refused')
  })

  test('law 37: a value of no size is kept, and one that is refused keeps nobody else out', async () => {
    const store = lru<string>({ maxSize: 10, sizeOf: (value) => value.length })
    await store.set('a', 'old', minute)()
    await store.set('a', '', minute)()
    expect(await store.get('a')()).toStrictEqual(E.right(O.some('')))
    const wrote = await store.setMany([
      ['x', 'fits', minute],
      ['y', 'x'.repeat(11), minute],
      ['z', 'fits', minute]
    ])()
    expect(E.isLeft(wrote) && wrote.left.reason).toBe('refused')
    expect(await store.hasMany(['x', 'y', 'z'])()).toStrictEqual(E.right([true, false, true]))
  })

  test('what is over before it is looked at is not called too large', async () => {
    let now = 1
    // each look at the clock takes longer than the lifetime
    const slow = { now: () => (now += 5) }
    for (const store of [
      lru<string>({ max: 10, clock: slow }),
      lru<string>({ maxSize: 10, sizeOf: () => 1, clock: slow }),
      lru(new LRUCache<string, string>({ max: 10, perf: slow, ttlResolution: 0 }))
    ]) {
      expect(await store.set('k', 'v', Duration.milliseconds(1))()).toStrictEqual(E.right(undefined))
      expect(await store.setMany([['k', 'v', Duration.milliseconds(1)]])()).toStrictEqual(E.right(undefined))
      expect(await store.get('k')()).toStrictEqual(E.right(O.none))
    }
  })

  test('a cache of one’s own that is to keep its time for longer does, where timers fire', async () => {
    const cache = new LRUCache<string, string>({ max: 10, ttlResolution: 10_000 })
    const store = lru(cache)
    await store.set('k', 'v', Duration.milliseconds(20))()
    expect(store.peek?.('k')).toBe('v')
    for (const began = performance.now(); performance.now() - began < 60; ) await store.has('k')()
    expect(store.peek?.('k')).toBe('v')
    expect(await store.read('k')()).toStrictEqual(E.right(O.none)) // what is left is asked of its true time
  })

  test('it forgets what was used least recently', async () => {
    const store = lru<number>({ max: 2 })
    await store.set('a', 1, minute)()
    await store.set('b', 2, minute)()
    expect(store.peek?.('a')).toBe(1)
    await store.set('c', 3, minute)()
    expect(await store.getMany(['a', 'b', 'c'])()).toStrictEqual(E.right([O.some(1), O.none, O.some(3)]))
  })

  test('a cache of one’s own that throws is a store that fails', async () => {
    const cache = new LRUCache<string, string>({
      maxSize: 10,
      sizeCalculation: () => {
        throw new Error('size')
      }
    })
    const wrote = await lru(cache).set('k', 'v', minute)()
    expect(E.isLeft(wrote) && wrote.left.reason).toBe('failed')
  })
})

describe('the end of a lifetime', () => {
  test.each([1, 5, 60_000, 2 ** 40])('is that of dict, to the millisecond (%d ms)', async (life) => {
    const seen = await Promise.all(
      [dict, (options: { readonly clock: Clock.Clock }) => lru({ max: 10, ...options })].map(async (make) => {
        const own = testClock(0.1)
        const store = make({ clock: own })
        await store.set('k', 1, Duration.milliseconds(life))()
        await own.pass(Duration.milliseconds(life - 1))()
        const before = [await store.has('k')(), await store.get('k')(), await store.read('k')()]
        await own.pass(Duration.milliseconds(1))()
        return [before, await store.has('k')(), await store.get('k')(), await store.read('k')()]
      })
    )
    expect(seen[1]).toStrictEqual(seen[0])
    expect(seen[1]?.[1]).toStrictEqual(E.right(false))
  })
})
