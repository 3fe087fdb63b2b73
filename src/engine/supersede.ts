/**
 * A write under a lease, and what an update does whose result may not be stored: nothing older than an acknowledged
 * update may remain in the store.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { sameBytes } from '../base/bytes'
import { andThen, bothSoon, type Soon } from '../base/soon'
import type { Arguments, Key } from '../KeyFn'
import type { Leasing } from '../policies/model'
import type { RingError, StoreError } from '../RingError'
import type { Entry } from '../stores/model'
import { asRingError } from './errors'
import { ages } from './flight'
import type { Flights } from './flights'
import type { Loaded, Prepared } from './model'
import { onWritten } from './next'
import type { Stock } from './stock'
import type { Telling } from './tell'
import type { Writer } from './write'

interface Parts<Err, A, R> {
  readonly flights: Flights<E.Either<Err, A>>
  readonly leasing: Leasing<R> | undefined
  readonly stock: Stock<R>
  readonly telling: Telling
  readonly writer: Writer<R>
}

export interface Supersede<Args extends Arguments, Err, A, R> {
  /**
   * Commits one result; returns whether it was stored. The removal is part of this: an update that this one superseded
   * waits for both.
   */
  readonly commit: (
    one: Loaded<Args, Err, A, R>,
    token: string,
    prepared: Prepared<R>,
    removes: boolean
  ) => Soon<E.Either<StoreError, boolean>>
  /** The fault of an update that this process may not store: the entry from before it must be removed or replaced. */
  readonly supersededBy: (one: Loaded<Args, Err, A, R>, since: number) => Soon<RingError | undefined>
  /** The entry of a key; `undefined` if the store does not say. */
  readonly entryOf: (key: Key) => Soon<O.Option<Entry<R>> | undefined>
}

const sameRaw = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b))

/**
 * Whether an entry was written after an earlier read of its key: only writes and touches make the remaining lifetime
 * longer.
 */
const isNewer = <R>(is: O.Option<Entry<R>> | undefined, was: O.Option<Entry<R>> | undefined): boolean =>
  is !== undefined &&
  was !== undefined &&
  O.isSome(is) &&
  (O.isNone(was) || (is.value.remaining > was.value.remaining && !sameRaw(is.value.value, was.value.value)))

export const makeSupersede = <Args extends Arguments, Err, A, R>({
  flights,
  leasing,
  stock,
  telling: { failed },
  writer
}: Parts<Err, A, R>): Supersede<Args, Err, A, R> => {
  type One = Loaded<Args, Err, A, R>

  const entryOf: Supersede<Args, Err, A, R>['entryOf'] = (key) =>
    andThen(stock.read(key), (read) => (E.isRight(read) ? read.right : undefined))

  /**
   * For an update that is acknowledged but not stored, because its lease was taken: by a write, a deletion, or a later
   * update that may still fail. Its caller must not read the old entry. So the entry is removed, unless it was
   * certainly written after the update began.
   */
  const removeOlder = ({ before, key }: One): Soon<E.Either<StoreError, void>> =>
    andThen(bothSoon(entryOf(key), before), ([is, was]) =>
      isNewer(is, was) ? E.right(undefined) : writer.remove(key)
    )

  return {
    entryOf,
    commit: (one, token, prepared, removes) =>
      andThen(writer.commit(one.key, token, prepared), (committed): Soon<E.Either<StoreError, boolean>> => {
        // if the commit of a lease failed, release it, so that no process waits for it
        if (E.isLeft(committed)) void leasing?.release(one.key, token)
        if (E.isLeft(committed) || committed.right) return committed
        ages(one.flight)
        return onWritten('lost', removes, false) === 'RemoveOlder'
          ? andThen(removeOlder(one), (removed) => (E.isLeft(removed) ? removed : committed))
          : committed
      }),
    supersededBy: ({ flight, key }, since) => {
      const instead = flights.overdue(flight) ? undefined : flights.superseded(flight)
      return onWritten('refused', true, instead !== undefined) === 'RemoveAll' || instead === undefined
        ? andThen(
            flights.mutate([key], () => writer.remove(key)),
            (removed) => (E.isLeft(removed) ? failed(key, since, removed.left) : undefined)
          )
        : andThen(instead, (ended) => (E.isLeft(ended) ? asRingError(ended.left) : undefined))
    }
  }
}
