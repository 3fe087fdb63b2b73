import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { LRUCache } from 'lru-cache'

import { Duration, ring } from '../../src'
import { lru } from '../../src/stores/lru'
import { anything, storeLaws, testClock } from '../../src/testing'
import { obeys } from '../laws/register'

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
    { ...anything, leases: true, numRuns: 200 }
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
