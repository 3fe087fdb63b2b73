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
import { answersAtOnce, type AtOnce } from '../kit/prompt'
import type { Entry, Leasing, Store } from '../model'
import { atOnce } from './atOnce'
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
    get: (key) => atOnce('get', () => now.get(key)),
    read: (key) => atOnce('read', () => now.read(key)),
    set: (key, value, ttl) => atOnce('set', () => now.set(key, value, ttl)),
    delete: (key) => atOnce('delete', () => now.delete(key)),
    has: (key) => atOnce('has', () => now.has(key)),
    touch: (key, ttl) => atOnce('touch', () => now.touch(key, ttl)),
    getMany: (keys) => atOnce('getMany', () => now.getMany(keys)),
    readMany: (keys) => atOnce('readMany', () => now.readMany(keys)),
    setMany: (entries) => atOnce('setMany', () => now.setMany(entries)),
    deleteMany: (keys) => atOnce('deleteMany', () => now.deleteMany(keys)),
    hasMany: (keys) => atOnce('hasMany', () => now.hasMany(keys)),
    touchMany: (entries) => atOnce('touchMany', () => now.touchMany(entries)),
    clear: (prefix) => atOnce('clear', () => now.clear(prefix)),
    reach: 'process',
    peek: memory.peek,
    peekEntry: (key) => {
      const found = memory.read(key)
      return found?.value === undefined ? undefined : found
    },
    leases: {
      acquire: (key, token, ttl, beyond) => atOnce('acquire', () => leases.acquire(key, token, ttl, beyond)),
      seize: (key, token, ttl) => atOnce('seize', () => leases.seize(key, token, ttl)),
      renew: (key, token, ttl) => atOnce('renew', () => leases.renew(key, token, ttl)),
      release: (key, token) => atOnce('release', () => leases.release(key, token)),
      commit: (key, token, value, ttl) => atOnce('commit', () => leases.commit(key, token, value, ttl)),
      override: (entries) => atOnce('override', () => leases.override(entries))
    }
  }
  answersAtOnce(store, now)
  return store
}
