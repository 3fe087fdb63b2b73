/**
 * How the operations of the store reach the servers: with the namespace before each key, and with the store's deadline.
 * Every error is a `StoreError`.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import { isWellFormed } from '../../base/bytes'
import { type Duration, forever } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import { lone, refused } from '../kit/answers'
import { withDeadlineMap } from '../kit/deadline'
import { failedAs } from './asks'
import { itemKeyOf, leaseKeyOf } from './keys'
import type { MemcachedClient, MemcachedServer } from './model'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** What all operations of a store have in common. `lookup` returns the client, and may throw. */
export interface Base {
  readonly lookup: () => MemcachedClient
  readonly namespace: string
  readonly timeout: Duration
}

/** Whether the caller still waits. */
export type Go = () => boolean

/** How an operation ends. */
interface Ending<X, A> {
  readonly operation: Operation
  /** Maps what the servers answered; it may throw. */
  readonly decode: (x: X) => A
  /** Whether the operation is one round trip and nothing else, so that the deadline of the client is enough. */
  readonly isBrief?: boolean
}

/** An operation on one key. `start` receives the server of the key, and the key of its item. */
export interface Trip<X, A> extends Ending<X, A> {
  readonly start: (server: MemcachedServer, itemKey: string, go: Go) => Promise<X>
}

/** An operation on many keys. `start` receives the client, and the keys of their items. */
export interface BulkTrip<X, A> extends Ending<X, A> {
  readonly start: (client: MemcachedClient, itemKeys: ReadonlyArray<string>, go: Go) => Promise<X>
}

/** The keys of a lease and its entry, and their server. */
export interface Place {
  readonly entry: string
  readonly lease: string
  readonly server: MemcachedServer
}

/** Runs several round trips over the items of keys. */
export type InSteps = <A>(
  operation: Operation,
  keys: ReadonlyArray<string>,
  start: (places: ReadonlyArray<Place>, go: Go) => Promise<A>
) => TE.TaskEither<StoreError, A>

export interface Trips {
  readonly single: <X, A>(key: string, trip: Trip<X, A>) => TE.TaskEither<StoreError, A>
  readonly bulk: <X, A>(keys: ReadonlyArray<string>, trip: BulkTrip<X, A>) => TE.TaskEither<StoreError, A>
  readonly inSteps: InSteps
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const identity = <A>(a: A): A => a

const placeOn =
  (client: MemcachedClient) =>
  (key: string): Place => {
    const entry = itemKeyOf(key)
    return { entry, lease: leaseKeyOf(key), server: client.serverOf(entry) }
  }

export const makeTrips = ({ lookup, namespace, timeout }: Base): Trips => {
  const inTime = <X, A>(
    { decode, isBrief = false, operation }: Ending<X, A>,
    start: (client: MemcachedClient, go: Go) => Promise<X>
  ): TE.TaskEither<StoreError, A> => {
    const failed = failedAs(operation)
    return () => {
      let waits = true
      const current = E.tryCatch(lookup, failed)
      if (current._tag === 'Left') return Promise.resolve(current)
      const client = current.right
      // if the client's own deadline ends a round trip in time, a second timer is not needed
      const limit = isBrief && client.deadline !== undefined && client.deadline <= timeout ? forever : timeout
      const begin = (): Promise<X> => start(client, () => waits)
      return withDeadlineMap(operation, limit, {
        start: begin,
        decode,
        onLate: () => void (waits = false),
        failed
      })
    }
  }

  /** An operation on keys with their namespace, which are well-formed Unicode; any other is refused. */
  const onKeys = <X, A>(
    keys: ReadonlyArray<string>,
    ending: Ending<X, A>,
    start: (client: MemcachedClient, full: ReadonlyArray<string>, go: Go) => Promise<X>
  ): TE.TaskEither<StoreError, A> => {
    const full = keys.map((key) => namespace + key)
    return full.every(isWellFormed)
      ? inTime(ending, (client, go) => start(client, full, go))
      : refused(ending.operation, lone)
  }

  return {
    // Hot path: no list of one key
    single: (key, trip) => {
      const full = namespace + key
      return isWellFormed(full)
        ? inTime(trip, (client, go) => {
            const itemKey = itemKeyOf(full)
            return trip.start(client.serverOf(itemKey), itemKey, go)
          })
        : refused(trip.operation, lone)
    },
    bulk: (keys, trip) =>
      onKeys(keys, trip, (client, full, go) => trip.start(client, full.map(itemKeyOf), go)),
    inSteps: <A>(
      operation: Operation,
      keys: ReadonlyArray<string>,
      start: (places: ReadonlyArray<Place>, go: Go) => Promise<A>
    ): TE.TaskEither<StoreError, A> =>
      onKeys<A, A>(keys, { operation, decode: identity }, (client, full, go) =>
        start(full.map(placeOn(client)), go)
      )
  }
}
