/**
 * A bounded store in this process's memory, over lru-cache. It drops the entries that were used least recently.
 *
 * Laws: those of `Store`, and law 37: its bounds hold after every write; a value that is larger than the whole store is
 * refused (`left(StoreError)`, reason `refused`), and no other entry is lost.
 *
 * Values are held by reference, unless the ring has a codec (`Codec.clone` isolates).
 *
 * @since 0.1.0
 */
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import { LRUCache } from 'lru-cache'

import { defect } from '../../base/defect'
import { isObject } from '../../base/kinds'
import { type Clock, system } from '../../Clock'
import type { Duration } from '../../Duration'
import type { Key } from '../../KeyFn'
import { checkedOptions, ofLru } from '../kit/checks'
import type { Leasing, Store } from '../model'
import { coarsely, fromOne, makeLateness } from './lruClock'
import { type Memory, memoryStore } from './memory'
import { wholeLeft } from './remaining'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * At least one bound: `max`, a number of entries, or `maxSize`, a total size. `sizeOf` returns the size of a value, a
 * positive integer in any unit. `clock`: for tests.
 *
 * @category model
 * @since 0.1.0
 */
export type LruOptions<R> = { readonly clock?: Clock } & (
  | { readonly max: number; readonly maxSize?: never; readonly sizeOf?: never }
  | { readonly max?: number; readonly maxSize: number; readonly sizeOf: (value: R, key: Key) => number }
)

/** Stands for `undefined`, which lru-cache does not accept as a value. */
const nothing: unique symbol = /*#__PURE__*/ Symbol('undefined')

/**
 * The cache of lru-cache in which the store keeps its values. `undefined` is stored as a symbol.
 *
 * @category model
 * @since 0.1.0
 */
export type LruBackend<R> = LRUCache<Key, R & NonNullable<unknown>>

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** Looks at the methods, not the class, because the cache may come from another copy of lru-cache. */
const isCache = <R>(u: LruOptions<R> | LruBackend<R>): u is LruBackend<R> =>
  isObject(u) && 'get' in u && 'set' in u && 'info' in u

/** Checks the bounds here, because the messages of lru-cache name its own options. */
const checkedBounds = <R>(options: LruOptions<R>): void => {
  // SAFETY: `checkedOptions` has checked it: it is an object, or undefined
  const given = (checkedOptions(ofLru, options) as Partial<LruOptions<R>> | undefined) ?? {}
  if (given.max === undefined && given.maxSize === undefined)
    return defect('lru needs a bound: write { max: 10_000 }, or { maxSize, sizeOf }')
  if (given.maxSize !== undefined && given.sizeOf === undefined)
    return defect('lru needs sizeOf beside maxSize: a function that says how large a value is')
}

/** A cache that this store made, and how to read its clock now. */
interface Made<R> {
  readonly cache: LruBackend<R>
  readonly look: IO<number>
}

const newCache = <R>({ clock, max, maxSize, sizeOf }: LruOptions<R>): Made<R> => {
  const limits = {
    ...(max === undefined ? {} : { max }),
    ...(maxSize === undefined
      ? {}
      : {
          maxSize, // lru-cache takes no size of 0
          sizeCalculation: (boxed: unknown, key: Key) => Math.max(1, sizeOf(unbox<R>(boxed), key))
        })
  }
  const now = clock === undefined ? undefined : fromOne(() => clock.now())
  const { look, ...perf } = now === undefined ? coarsely(system.now) : { now, look: now }
  const options = { ...limits, perf, ttlResolution: 0 }
  // SAFETY: LruOptions has at least one bound
  return { cache: new LRUCache(options as LRUCache.Options<Key, R & NonNullable<unknown>, unknown>), look }
}

/**
 * A store does not return an entry at the exact end of its lifetime; lru-cache does, so this is a little less. 0: no
 * end.
 */
const withEnd = (ttl: Duration): number => (ttl === Infinity ? 0 : ttl * (1 - 2 ** -52))

const box = <R>(value: R): R & NonNullable<unknown> => (value === undefined ? nothing : value) as never // SAFETY: never undefined; null works at run time
const unbox = <R>(boxed: unknown): R => (boxed === nothing ? undefined : boxed) as R // SAFETY: `box` made it from an R

/**
 * A store over a new lru-cache, or over one of your own. The bounds and `dispose` of your own keep their meaning;
 * options that would serve or keep an entry after its lifetime (`allowStale`, `updateAgeOnGet`, `noUpdateTTL`) are
 * overridden. Fails with `refused` for a value larger than `maxSize`.
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
  const isOwn = !isCache(options)
  if (isOwn) checkedBounds(options)
  // the clock of a user's cache is not known, so `look` does nothing for it
  const { cache, look } = isOwn ? newCache(options) : { cache: options, look: () => 0 }
  // a user's cache may have these options on, which would break the laws of a store
  const reading = { allowStale: false, updateAgeOnGet: false }
  /** Filled by each read that uses it. */
  const status: LRUCache.Status<Key, R & NonNullable<unknown>> & { remainingTTL: number } = {
    remainingTTL: -1
  }
  const withStatus = { ...reading, status }
  const asIs = (key: Key): unknown => cache.get(key, reading)
  const isLate = makeLateness(() => cache.ttlResolution)
  /** The time that a user's cache keeps may be too old. `info` uses the true time, but is too slow for every read. */
  const dropOver = (key: Key): void => {
    if (isLate() && leftOf(key) <= 0) cache.delete(key)
  }
  const leftOf = (key: Key): number => cache.info(key)?.ttl ?? Infinity
  const find = isOwn
    ? asIs
    : (key: Key): unknown => {
        dropOver(key)
        return asIs(key)
      }
  /** Every value has room where only their number is bounded: then no status is asked for, which costs as much again. */
  const refuses = !isOwn || options.maxSize !== undefined
  const put = (key: Key, boxed: R & NonNullable<unknown>, ttl: Duration): boolean => {
    if (!refuses) {
      cache.set(key, boxed, { ttl: withEnd(ttl), noUpdateTTL: false, start: look() })
      return true
    }
    const status: LRUCache.Status<Key, R & NonNullable<unknown>> = {}
    const start = isOwn ? { start: look() } : {}
    cache.set(key, boxed, { ttl: withEnd(ttl), noUpdateTTL: false, status, ...start })
    // not `cache.has`: the entry may have expired by now
    return status.maxEntrySizeExceeded !== true
  }
  const memory: Memory<R> = {
    get: (key) => {
      const boxed = find(key)
      return boxed === undefined ? O.none : O.some(unbox<R>(boxed))
    },
    // not getRemainingTTL, which uses the time that the cache keeps
    read: (key) => {
      look()
      status.remainingTTL = -1
      const boxed = cache.get(key, withStatus)
      if (boxed === undefined) return undefined
      // `info` is slow, so it is asked only where the status says nothing: no end, or a user's cache, whose time may be old
      const left = isOwn && status.remainingTTL >= 0 ? status.remainingTTL : leftOf(key)
      const remaining = wholeLeft(left, left)
      return remaining > 0 ? { value: unbox<R>(boxed), remaining } : undefined
    },
    has: (key) => {
      if (!isOwn) dropOver(key)
      return cache.has(key, { updateAgeOnHas: false })
    },
    set: (key, value, ttl) => put(key, box(value), ttl),
    touch: (key, ttl) => {
      const boxed = cache.get(key, reading)
      return boxed !== undefined && put(key, boxed, ttl)
    },
    delete: (key) => {
      cache.delete(key)
    },
    keys: () => cache.keys(),
    peek: (key) => {
      const boxed = find(key)
      return boxed === nothing ? undefined : (boxed as R | undefined) // SAFETY: `nothing` is the only value that is not an R
    }
  }
  const clock = isOwn ? options.clock ?? system : system
  return memoryStore<R, LruBackend<R>>(() => cache, memory, clock)
}
