/**
 * A store over a `Map` in this process's memory. It has no bound: entries leave it only when they expire or are
 * deleted. Every write checks two more entries and removes those that have expired, so that entries that are never read
 * again are removed too. For a bounded store use `fp-ring/lru`.
 *
 * Values are held by reference, unless the ring has a codec (`Codec.clone` isolates).
 *
 * @since 0.1.0
 */
import * as O from 'fp-ts/Option'

import type { Clock } from '../../Clock'
import { system } from '../../Clock'
import type { Duration } from '../../Duration'
import type { Key } from '../../KeyFn'
import { checkedOptions, ofDict } from '../kit/checks'
import type { Entry, Leasing, Store } from '../model'
import { type Memory, memoryStore } from './memory'
import { leftAt } from './remaining'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * An entry of the map: the value, and when it expires by the store's clock (`Infinity`: never).
 *
 * @category model
 * @since 0.1.0
 */
export interface DictEntry<R> {
  readonly value: R
  readonly expires: number
}

/**
 * `map`: the map to use (default: a new one). `clock`: for tests.
 *
 * @category model
 * @since 0.1.0
 */
export interface DictOptions<R> {
  readonly map?: Map<Key, DictEntry<R>>
  readonly clock?: Clock
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const sweptPerWrite = 2

/**
 * A store over a `Map`. It never fails.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as O from 'fp-ts/Option'
 * import { dict, Duration } from 'fp-ring'
 *
 * const store = dict<string>()
 * const test = async () => {
 *   await store.set('greeting', 'hello', Duration.minutes(1))()
 *   assert.deepStrictEqual(await store.get('greeting')(), E.right(O.some('hello')))
 *   assert.strictEqual(store.backend.get('greeting')?.value, 'hello')
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const dict = <R = unknown>(
  options: DictOptions<R> = {}
): Store<R, Map<Key, DictEntry<R>>> & Leasing<R> => {
  checkedOptions(ofDict, options)
  const map = options.map ?? new Map<Key, DictEntry<R>>()
  const clock = options.clock ?? system
  const now = (): number => clock.now()
  let cursor = map.entries()

  const sweep = (): void => {
    for (let i = 0; i < sweptPerWrite; i++) {
      const next = cursor.next()
      if (next.done === true) {
        cursor = map.entries()
        return
      }
      if (next.value[1].expires <= now()) map.delete(next.value[0])
    }
  }
  const find = (key: Key): DictEntry<R> | undefined => {
    const entry = map.get(key)
    if (entry === undefined || entry.expires === Infinity || entry.expires > now()) return entry
    map.delete(key)
    return undefined
  }
  const read = (key: Key): Entry<R> | undefined => {
    const entry = map.get(key)
    if (entry === undefined) return undefined
    const remaining = leftAt(now(), entry.expires)
    if (remaining > 0) return { value: entry.value, remaining }
    map.delete(key)
    return undefined
  }
  const put = (key: Key, value: R, ttl: Duration): true => {
    map.set(key, { value, expires: now() + ttl })
    return true
  }
  const memory: Memory<R> = {
    get: (key) => {
      const entry = find(key)
      return entry === undefined ? O.none : O.some(entry.value)
    },
    read,
    has: (key) => find(key) !== undefined,
    set: (key, value, ttl) => {
      sweep()
      return put(key, value, ttl)
    },
    touch: (key, ttl) => {
      const entry = find(key)
      return entry !== undefined && put(key, entry.value, ttl)
    },
    delete: (key) => {
      map.delete(key)
    },
    keys: () => map.keys(),
    peek: (key) => find(key)?.value
  }
  return memoryStore(() => map, memory, clock)
}
