/**
 * What is known of each key while something is under way for it: the flight that may be joined, how many flights hold the
 * key, the fence, and the write that has begun. `flights.ts` has the rules by which a slot changes.
 *
 * @internal
 */
import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import type { Key } from '../KeyFn'
import { ends, enters, type Flight, holds, moves, quits, type Row, type Slot } from './flight'

export interface Slots<A> {
  readonly of: (key: Key) => Slot<A>
  readonly get: (key: Key) => Slot<A> | undefined
  /** Every slot. Another slot may be made or removed meanwhile. */
  readonly entries: () => Iterable<readonly [Key, Slot<A>]>
  readonly size: () => number
  /** The last ticket. */
  readonly last: () => number
  readonly next: () => number
  /** Removes a slot for which nothing is under way. */
  readonly tidy: (key: Key, slot: Slot<A>) => void
  /** Loads that have started before now are neither joined nor stored. */
  readonly fence: (slot: Slot<A>) => void
  /** A flight takes a new ticket for its key, after the flights that are overdue have lost theirs. */
  readonly enter: (flight: Flight<A>, epoch: number) => Slot<A>
  readonly release: (flight: Flight<A>) => void
  /** Its limit of time has begun again. */
  readonly renew: (flight: Flight<A>) => void
  /** Whether a flight has taken longer than it may. */
  readonly overdue: (flight: Flight<A>) => boolean
}

export const makeSlots = <A>(clock: Clock, loadTimeout: Duration): Slots<A> => {
  const slots = new Map<Key, Slot<A>>()
  const row: Row<A> = { oldest: undefined, newest: undefined }
  let tickets = 0

  const of = (key: Key): Slot<A> => {
    const found = slots.get(key)
    if (found !== undefined) return found
    const slot: Slot<A> = {
      flight: undefined,
      holders: 0,
      fence: 0,
      settled: 0,
      mover: undefined,
      writing: undefined,
      mutations: 0
    }
    slots.set(key, slot)
    return slot
  }
  const tidy = (key: Key, slot: Slot<A>): void => {
    if (slot.holders === 0 && slot.writing === undefined && slot.mutations === 0) slots.delete(key)
  }
  const isLate = ({ since }: Flight<A>, now: number): boolean => now - since > loadTimeout
  const release = (flight: Flight<A>): void => {
    const { slot } = flight
    if (slot === undefined) return
    quits(row, flight)
    ends(flight)
    slot.holders--
    if (slot.flight === flight) slot.flight = undefined
    tidy(flight.key, slot)
  }
  /** Without this, loads that never end would stay here forever if their keys were never requested again. */
  const sweep = (now: number): void => {
    while (row.oldest !== undefined && isLate(row.oldest, now)) release(row.oldest)
  }

  return {
    of,
    get: (key) => slots.get(key),
    entries: () => slots,
    size: () => slots.size,
    last: () => tickets,
    next: () => ++tickets,
    tidy,
    fence: (slot) => {
      slot.flight = undefined
      slot.fence = tickets
    },
    enter: (flight, epoch) => {
      if (loadTimeout !== Infinity) sweep(flight.since)
      const slot = flight.slot ?? of(flight.key)
      if (flight.slot === undefined) {
        slot.holders++
        holds(flight, slot)
      } else quits(row, flight)
      enters(row, flight, ++tickets, epoch)
      return slot
    },
    release,
    renew: (flight) => moves(row, flight),
    overdue: (flight) => loadTimeout !== Infinity && isLate(flight, clock.now())
  }
}
