/**
 * What an update does whose result may not be stored: nothing older than an acknowledged update may remain in the store.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { andThen, type Soon } from '../base/soon'
import type { Arguments } from '../KeyFn'
import type { RingError } from '../RingError'
import { asRingError } from './errors'
import type { Flights } from './flights'
import type { Loaded } from './model'
import { onWritten } from './next'
import type { Telling } from './tell'
import type { Writer } from './write'

interface Parts<Err, A, R> {
  readonly flights: Flights<E.Either<Err, A>>
  readonly telling: Telling
  readonly writer: Writer<R>
}

/** The fault of an update that this process may not store: the entry from before it must be removed or replaced. */
export const makeSupersede =
  <Args extends Arguments, Err, A, R>({ flights, telling: { failed }, writer }: Parts<Err, A, R>) =>
  ({ flight, key }: Loaded<Args, Err, A, R>, since: number): Soon<RingError | undefined> => {
    const instead = flights.overdue(flight) ? undefined : flights.superseded(flight)
    return onWritten('refused', true, instead !== undefined) === 'RemoveAll' || instead === undefined
      ? andThen(
          flights.mutate([key], () => writer.remove(key)),
          (removed) => (E.isLeft(removed) ? failed(key, since, removed.left) : undefined)
        )
      : andThen(instead, (ended) => (E.isLeft(ended) ? asRingError(ended.left) : undefined))
  }
