/**
 * Makes a `Store` in this process's memory from a few synchronous functions.
 *
 * @internal
 */
import * as O from 'fp-ts/Option'

import type { Clock } from '../../Clock'
import type { Duration } from '../../Duration'
import type { Key } from '../../KeyFn'
import { storeError } from '../kit/errors'
import { leaseOperations, storeOperations } from '../kit/operations'
import { answersAtOnce, type AtOnce } from '../kit/prompt'
import type { Entry, Leases, Leasing, Operations, Store } from '../model'
import { allAtOnce } from './atOnce'
import { memoryLeases } from './leases'

/** The primitives. `set` is called with positive lifetimes only, and returns whether it accepted the value. */
export interface Memory<R> {
  readonly get: (key: Key) => O.Option<R>
  /** The entry, if it has not expired. One reading of the clock decides that and gives the remaining lifetime. */
  readonly read: (key: Key) => Entry<R> | undefined
  readonly has: (key: Key) => boolean
  readonly set: (key: Key, value: R, ttl: Duration) => boolean
  readonly touch: (key: Key, ttl: Duration) => boolean
  readonly delete: (key: Key) => void
  readonly keys: () => Iterable<Key>
  readonly peek: (key: Key) => R | undefined
}

export const memoryStore = <R, B>(
  backend: () => B,
  memory: Memory<R>,
  clock: Clock
): Store<R, B> & Leasing<R> => {
  const read = (key: Key): O.Option<Entry<R>> => {
    const found = memory.read(key)
    return found === undefined ? O.none : O.some(found)
  }
  const set = (key: Key, value: R, ttl: Duration): void => {
    let taken = false
    try {
      taken = ttl > 0 && memory.set(key, value, ttl)
    } finally {
      if (!taken) memory.delete(key) // the entry that was there is out of date
    }
    if (ttl > 0 && !taken) throw storeError('set', 'refused', 'the value is larger than the store')
  }
  /** If one entry is refused, the others are still written. */
  const setMany = (entries: Parameters<Store<R>['setMany']>[0]): void => {
    let refusal: { readonly cause: unknown } | undefined
    for (const [key, value, ttl] of entries) {
      try {
        set(key, value, ttl)
      } catch (cause) {
        refusal ??= { cause }
      }
    }
    if (refusal !== undefined) throw refusal.cause
  }
  const touch = (key: Key, ttl: Duration): boolean => {
    const there = memory.has(key)
    if (there && ttl > 0) return memory.touch(key, ttl)
    if (there) memory.delete(key)
    return there
  }
  const leases = memoryLeases({ read, set, delete: memory.delete }, clock)
  const now: AtOnce<R> = {
    get: memory.get,
    read,
    set,
    delete: memory.delete,
    has: memory.has,
    touch,
    getMany: (keys) => keys.map(memory.get),
    readMany: (keys) => keys.map(read),
    setMany,
    deleteMany: (keys) => {
      for (const key of keys) memory.delete(key)
    },
    hasMany: (keys) => keys.map(memory.has),
    touchMany: (entries) => entries.map(([key, ttl]) => touch(key, ttl)),
    clear: (prefix) => {
      for (const key of Array.from(memory.keys())) if (key.startsWith(prefix)) memory.delete(key)
    },
    leases
  }
  const store: Store<R, B> & Leasing<R> = {
    get backend() {
      return backend()
    },
    ...(allAtOnce(storeOperations, now) as Operations<R>), // SAFETY, here and below: each is the operation of its name
    reach: 'process',
    peek: memory.peek,
    peekEntry: (key) => {
      const found = memory.read(key)
      return found?.value === undefined ? undefined : found
    },
    leases: allAtOnce(leaseOperations, leases) as Leases<R>
  }
  answersAtOnce(store, now)
  return store
}
