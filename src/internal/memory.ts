/**
 * What the stores in this process's memory share: a `Store` from a handful of functions that answer at once.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import type { Key } from '../KeyFn'
import { isRingError, StoreError, storeFailed } from '../RingError'
import type { Entry, Leasing, Operation, Store } from '../Store'
import { memoryLeases } from './memoryLeases'

/** The primitives. `set` is asked for positive lifetimes only and says whether it took the value. */
export interface Memory<R> {
  readonly get: (key: Key) => O.Option<R>
  /** What is left of the life of an entry that is there. */
  readonly remaining: (key: Key) => Duration
  readonly has: (key: Key) => boolean
  readonly set: (key: Key, value: R, ttl: Duration) => boolean
  readonly touch: (key: Key, ttl: Duration) => boolean
  readonly delete: (key: Key) => void
  readonly keys: () => Iterable<Key>
  readonly peek: (key: Key) => R | undefined
}

/** A task that answers at once. What is thrown is a `left`. */
export type AtOnce = typeof atOnce

const atOnce =
  <A>(operation: Operation, f: () => A): TE.TaskEither<StoreError, A> =>
  () => {
    try {
      return Promise.resolve(E.right(f()))
    } catch (cause) {
      // the proof: only this module's refusals are StoreErrors
      return Promise.resolve(
        E.left(isRingError(cause) ? (cause as StoreError) : storeFailed(operation)(cause))
      )
    }
  }

export const memoryStore = <R, B>(
  backend: () => B,
  memory: Memory<R>,
  clock: Clock
): Store<R, B> & Leasing<R> => {
  const read = (key: Key): O.Option<Entry<R>> => {
    const found = memory.get(key)
    return O.isNone(found) ? O.none : O.some({ value: found.value, remaining: memory.remaining(key) })
  }
  const set = (key: Key, value: R, ttl: Duration): void => {
    let taken = false
    try {
      taken = ttl > 0 && memory.set(key, value, ttl)
    } finally {
      if (!taken) memory.delete(key) // what was there is out of date
    }
    if (ttl > 0 && !taken) throw new StoreError('set', 'refused', 'the value is larger than the store')
  }
  /** One that is refused keeps nobody else out. */
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
  return {
    get backend() {
      return backend()
    },
    get: (key) => atOnce('get', () => memory.get(key)),
    read: (key) => atOnce('read', () => read(key)),
    set: (key, value, ttl) => atOnce('set', () => set(key, value, ttl)),
    delete: (key) => atOnce('delete', () => memory.delete(key)),
    has: (key) => atOnce('has', () => memory.has(key)),
    touch: (key, ttl) => atOnce('touch', () => touch(key, ttl)),
    getMany: (keys) => atOnce('getMany', () => keys.map((key) => memory.get(key))),
    readMany: (keys) => atOnce('readMany', () => keys.map(read)),
    setMany: (entries) => atOnce('setMany', () => setMany(entries)),
    deleteMany: (keys) =>
      atOnce('deleteMany', () => {
        for (const key of keys) memory.delete(key)
      }),
    hasMany: (keys) => atOnce('hasMany', () => keys.map((key) => memory.has(key))),
    touchMany: (entries) => atOnce('touchMany', () => entries.map(([key, ttl]) => touch(key, ttl))),
    clear: (prefix) =>
      atOnce('clear', () => {
        for (const key of Array.from(memory.keys())) if (key.startsWith(prefix)) memory.delete(key)
      }),
    peek: memory.peek,
    peekEntry: (key) => {
      const value = memory.peek(key)
      return value === undefined ? undefined : { value, remaining: memory.remaining(key) }
    },
    leases: memoryLeases(atOnce, { read, set, delete: memory.delete }, clock)
  }
}
