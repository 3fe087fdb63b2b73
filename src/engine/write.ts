/**
 * Writes of a ring: in one round trip, or under the leases of their keys.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import * as D from '../Duration'
import type { Key } from '../KeyFn'
import type { StoreError } from '../RingError'
import type { Leases, Store } from '../stores/model'
import type { Prepared } from './model'

export interface Writer<R> {
  /** Writes or removes in one round trip, and revokes the leases if the ring has leases. */
  readonly write: (writes: ReadonlyArray<readonly [Key, Prepared<R>]>) => Promise<E.Either<StoreError, void>>
  /** Writes or removes under a lease, and releases it; returns whether it was still held. */
  readonly commit: (key: Key, token: string, prepared: Prepared<R>) => Promise<E.Either<StoreError, boolean>>
  readonly remove: (key: Key) => Promise<E.Either<StoreError, void>>
}

/** A value and its lifetime, in the form that leases take. */
const written = <R>(prepared: Prepared<R>): readonly [O.Option<R>, D.Duration] =>
  O.isSome(prepared) ? [O.some(prepared.value.raw), prepared.value.ttl] : [O.none, D.zero]

/** `leases`: those of the store, if the policy uses them. */
export const makeWriter = <R>(store: Store<R>, leases: Leases<R> | undefined): Writer<R> => {
  const removeAll = (keys: ReadonlyArray<Key>): Promise<E.Either<StoreError, void>> => {
    const [key] = keys
    return key === undefined
      ? Promise.resolve(E.right(undefined))
      : keys.length === 1
      ? store.delete(key)()
      : store.deleteMany(keys)()
  }
  const setAll = (
    entries: ReadonlyArray<readonly [Key, R, D.Duration]>
  ): Promise<E.Either<StoreError, void>> => {
    const [entry] = entries
    return entry === undefined
      ? Promise.resolve(E.right(undefined))
      : entries.length === 1
      ? store.set(...entry)()
      : store.setMany(entries)()
  }
  return {
    write: async (writes) => {
      if (writes.length === 0) return E.right(undefined)
      if (leases !== undefined)
        return leases.override(writes.map(([key, prepared]) => [key, ...written(prepared)] as const))()
      const [removed, set] = await Promise.all([
        removeAll(writes.flatMap(([key, prepared]) => (O.isNone(prepared) ? [key] : []))),
        setAll(
          writes.flatMap(([key, prepared]) =>
            O.isSome(prepared) ? [[key, prepared.value.raw, prepared.value.ttl] as const] : []
          )
        )
      ])
      return E.isLeft(removed) ? removed : set
    },
    commit: async (key, token, prepared) =>
      leases === undefined ? E.right(true) : leases.commit(key, token, ...written(prepared))(),
    remove: (key) => store.delete(key)()
  }
}
