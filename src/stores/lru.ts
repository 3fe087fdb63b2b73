/**
 * A bounded store in this process's memory, over lru-cache: it forgets what was used least recently.
 *
 * Laws: those of `Store`, and law 37: its bounds hold after every write, and a value that is larger than the whole
 * store is refused (`left(StoreError)`, reason `refused`) without a loss to the others.
 *
 * Values are held by reference, unless the ring has a codec (`Codec.clone` isolates).
 *
 * @since 0.1.0
 */
import * as O from 'fp-ts/Option'
import { LRUCache } from 'lru-cache'

import { type Clock, system } from '../Clock'
import type { Duration } from '../Duration'
import { type Memory, memoryStore } from '../internal/memory'
import type { Key } from '../KeyFn'
import type { Leasing, Store } from '../Store'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * At least one bound: `max` entries, or a `maxSize` with the size of each value (in any unit, a positive integer).
 * `clock`: for tests.
 *
 * @category model
 * @since 0.1.0
 */
export type LruOptions<R> = { readonly clock?: Clock } & (
  | { readonly max: number; readonly maxSize?: never; readonly sizeOf?: never }
  | { readonly max?: number; readonly maxSize: number; readonly sizeOf: (value: R, key: Key) => number }
)

/** lru-cache takes no `undefined` for a value: this stands for it. */
const nothing: unique symbol = /*#__PURE__*/ Symbol('undefined')

/**
 * The cache that the store keeps its values in: lru-cache's own, `undefined` boxed as a symbol.
 *
 * @category model
 * @since 0.1.0
 */
export type LruBackend<R> = LRUCache<Key, R & NonNullable<unknown>>

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** By what it does: it may come from another copy of lru-cache. */
const isCache = <R>(u: LruOptions<R> | LruBackend<R>): u is LruBackend<R> =>
  'get' in u && 'set' in u && 'info' in u

const newCache = <R>({ clock, max, maxSize, sizeOf }: LruOptions<R>): LruBackend<R> => {
  const limits = {
    ...(max === undefined ? {} : { max }),
    ...(maxSize === undefined
      ? {}
      : {
          maxSize, // lru-cache takes no size of 0
          sizeCalculation: (boxed: unknown, key: Key) => Math.max(1, sizeOf(unbox<R>(boxed), key))
        })
  }
  // lru-cache takes a start of 0 for 'no lifetime', and keeps the time for a millisecond
  const time = clock === undefined ? {} : { perf: { now: () => clock.now() + 1 }, ttlResolution: 0 }
  return new LRUCache({ ...limits, ...time } as LRUCache.Options<Key, R & NonNullable<unknown>, unknown>) // the proof: LruOptions has one bound at least
}

const box = <R>(value: R): R & NonNullable<unknown> => (value === undefined ? nothing : value) as never // the proof: never undefined; null is fine at run time
const unbox = <R>(boxed: unknown): R => (boxed === nothing ? undefined : boxed) as R // the proof: what `box` made of an R

/**
 * A store over a new lru-cache, or over one of your own: its bounds and its `dispose` keep their meaning; what would
 * serve or keep an entry past its lifetime (`allowStale`, `updateAgeOnGet`, `noUpdateTTL`) is overridden. Fails with `refused` for a value larger than `maxSize`.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as O from 'fp-ts/Option'
 * import { Duration } from 'fp-ring'
 * import { lru } from 'fp-ring/lru'
 *
 * const store = lru<string>({ max: 2 })
 * const test = async () => {
 *   await store.set('a', 'first', Duration.minutes(1))()
 *   await store.set('b', 'second', Duration.minutes(1))()
 *   await store.set('c', 'third', Duration.minutes(1))()
 *   assert.deepStrictEqual(await store.get('a')(), E.right(O.none))
 *   assert.strictEqual(store.backend.size, 2)
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const lru = <R = unknown>(
  options: LruOptions<R> | LruBackend<R>
): Store<R, LruBackend<R>> & Leasing<R> => {
  const cache = isCache(options) ? options : newCache(options)
  // a cache of one's own may have other habits; these would bend the laws of a store
  const reading = { allowStale: false, updateAgeOnGet: false }
  const find = (key: Key): unknown => cache.get(key, reading)
  const life = (ttl: Duration) => ({ ttl: ttl === Infinity ? 0 : ttl, noUpdateTTL: false })
  const has = (key: Key): boolean => cache.has(key, { updateAgeOnHas: false })
  const memory: Memory<R> = {
    get: (key) => {
      const boxed = find(key)
      return boxed === undefined ? O.none : O.some(unbox<R>(boxed))
    },
    // not getRemainingTTL: its clock is kept for a millisecond or for as long as the event loop is busy, and an entry
    // would have more life than it was given. The proof: whole milliseconds, rounded up, or forever
    remaining: (key) => Math.ceil(cache.info(key)?.ttl ?? Infinity) as Duration,
    has,
    set: (key, value, ttl) => {
      cache.set(key, box(value), life(ttl))
      return has(key)
    },
    touch: (key, ttl) => {
      const boxed = cache.get(key, reading)
      if (boxed === undefined) return false
      cache.set(key, boxed, life(ttl))
      return true
    },
    delete: (key) => {
      cache.delete(key)
    },
    keys: () => cache.keys(),
    peek: (key) => {
      const boxed: unknown = cache.get(key, reading)
      return boxed === nothing ? undefined : (boxed as R | undefined) // the proof: the box is the only foreign value
    }
  }
  // of a cache of one's own nobody knows the clock
  const clock = isCache(options) ? system : options.clock ?? system
  return memoryStore<R, LruBackend<R>>(() => cache, memory, clock)
}
