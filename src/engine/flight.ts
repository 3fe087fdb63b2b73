/**
 * One flight: how it begins, and how long it has waited for the store.
 *
 * @internal
 */
import type { Flight } from './model'

export const newFlight = <A>(reads: boolean, since: number, spent = 0): Flight<A> => ({
  answer: undefined as never, // SAFETY: set by the creator of a flight before any other code sees it
  since,
  left: false,
  shared: false,
  ticket: 0,
  reads,
  loading: false,
  loaded: false,
  brought: undefined,
  served: undefined,
  fault: undefined,
  stale: undefined,
  epoch: 0,
  began: 0,
  lost: false,
  blind: false,
  spent,
  waits: undefined,
  watchers: undefined,
  hurry: undefined,
  spoiled: false
})

/** A flight begins to wait for the store. */
export const toStore = <A>(flight: Flight<A>, now: number): void => {
  flight.waits = now
  const { watchers } = flight
  flight.watchers = undefined
  watchers?.forEach((watch) => watch())
}

/** A flight has the answer of the store, or no longer waits for it. */
export const fromStore = <A>(flight: Flight<A>, now: number): void => {
  flight.spent = spentBy(flight, now)
  flight.waits = undefined
}

/** How long the flight has waited for the store up to now. */
export const spentBy = <A>({ spent, waits }: Flight<A>, now: number): number =>
  spent + (waits === undefined ? 0 : now - waits)
