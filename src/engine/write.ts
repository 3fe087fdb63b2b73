/**
 * Writes of a ring: in one round trip, or under the leases of their keys.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { andThen, bothSoon, type Soon } from '../base/soon'
import * as D from '../Duration'
import type { Key } from '../KeyFn'
import type { StockLeases } from '../policies/model'
import type { StoreError } from '../RingError'
import type { Prepared } from './model'
import type { Stock } from './stock'

export interface Writer<R> {
  /** Writes or removes one entry, and revokes its lease if the ring has leases. */
  readonly put: (key: Key, prepared: Prepared<R>) => Soon<E.Either<StoreError, void>>
  /** The same for many, in one round trip. */
  readonly write: (writes: ReadonlyArray<readonly [Key, Prepared<R>]>) => Soon<E.Either<StoreError, void>>
  readonly remove: (key: Key) => Soon<E.Either<StoreError, void>>
}

const done: E.Either<never, void> = /*#__PURE__*/ E.right(undefined)

/** A value and its lifetime, in the form that leases take. */
export const written = <R>(prepared: Prepared<R>): readonly [O.Option<R>, D.Duration] =>
  O.isSome(prepared) ? [O.some(prepared.value.raw), prepared.value.ttl] : [O.none, D.zero]

/** `leases`: those of the store, if the policy uses them. */
export const makeWriter = <R>(stock: Stock<R>, leases: StockLeases<R> | undefined): Writer<R> => {
  const plainly: Writer<R>['put'] = (key, prepared) =>
    prepared._tag === 'Some' ? stock.set(key, prepared.value.raw, prepared.value.ttl) : stock.delete(key)
  const removeAll = (keys: ReadonlyArray<Key>): Soon<E.Either<StoreError, void>> =>
    keys.length === 0 ? done : stock.deleteMany(keys)
  const setAll = (entries: ReadonlyArray<readonly [Key, R, D.Duration]>): Soon<E.Either<StoreError, void>> =>
    entries.length === 0 ? done : stock.setMany(entries)
  return {
    put:
      leases === undefined
        ? plainly
        : (key, prepared) => leases.override([[key, ...written(prepared)] as const]),
    write: (writes) => {
      const [first] = writes
      if (first === undefined) return done
      if (leases !== undefined)
        return leases.override(writes.map(([key, prepared]) => [key, ...written(prepared)] as const))
      if (writes.length === 1) return plainly(...first)
      const removed = removeAll(writes.flatMap(([key, prepared]) => (O.isNone(prepared) ? [key] : [])))
      const set = setAll(
        writes.flatMap(([key, prepared]) =>
          O.isSome(prepared) ? [[key, prepared.value.raw, prepared.value.ttl] as const] : []
        )
      )
      return andThen(bothSoon(removed, set), ([one, other]) => (E.isLeft(one) ? one : other))
    },
    remove: stock.delete
  }
}
