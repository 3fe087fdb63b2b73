/**
 * What is known of each key while something is under way for it: the flight that may be joined, the flights that hold
 * the key, the fence, and the write that has begun. `flights.ts` has the rules by which a slot changes.
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'

import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import type { Key } from '../KeyFn'
import type { StoreError } from '../RingError'
import type { Flight } from './model'

/** How a write or an invalidation ended. */
export type Outcome = Either<StoreError, unknown>

export interface Slot<A> {
  /** The flight that may be joined. */
  flight: Flight<A> | undefined
  /** The flights that hold the key. One of them may be joined; each may still be stored. */
  readonly holders: Set<Flight<A>>
  fence: number
  /** The last ticket at the time when a write, or `mutateAll`, ended. */
  settled: number
  /** What moved the fence last, and the last ticket at the time when that began. */
  mover: { readonly outcome: Promise<Outcome>; readonly since: number } | undefined
  writing: Promise<unknown> | undefined
  mutations: number
}

export interface Slots<A> {
  readonly of: (key: Key) => Slot<A>
  readonly get: (key: Key) => Slot<A> | undefined
  /** Every slot. Another slot may be made or removed meanwhile. */
  readonly values: () => Iterable<Slot<A>>
  readonly keys: () => Iterable<Key>
  readonly size: () => number
  /** The last ticket. */
  readonly last: () => number
  readonly next: () => number
  /** Removes a slot for which nothing is under way. */
  readonly tidy: (key: Key, slot: Slot<A>) => void
  /** Loads that have started before now are neither joined nor stored. */
  readonly fence: (slot: Slot<A>) => void
  readonly release: (key: Key, flight: Flight<A>) => void
  /** Whether a flight has taken longer than it may. */
  readonly overdue: (flight: Flight<A>) => boolean
  /** Releases a few flights that are overdue; each call looks at the next ones. */
  readonly sweep: () => void
}

const sweptPerCall = 2

export const makeSlots = <A>(clock: Clock, loadTimeout: Duration): Slots<A> => {
  const slots = new Map<Key, Slot<A>>()
  let tickets = 0

  const of = (key: Key): Slot<A> => {
    const found = slots.get(key)
    if (found !== undefined) return found
    const slot: Slot<A> = {
      flight: undefined,
      holders: new Set(),
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
    if (slot.holders.size === 0 && slot.writing === undefined && slot.mutations === 0) slots.delete(key)
  }
  const overdue = (flight: Flight<A>): boolean => clock.now() - flight.since > loadTimeout
  const release = (key: Key, flight: Flight<A>): void => {
    const slot = slots.get(key)
    if (slot === undefined || flight.ticket === 0) return
    flight.ticket = 0
    slot.holders.delete(flight)
    if (slot.flight === flight) slot.flight = undefined
    tidy(key, slot)
  }
  /** Without this, loads that never end would stay here forever if their keys were never requested again. */
  let cursor = slots.entries()
  const sweep = (): void => {
    for (let i = 0; i < sweptPerCall; i++) {
      const next = cursor.next()
      if (next.done === true) {
        cursor = slots.entries()
        return
      }
      const [key, { holders }] = next.value
      for (const flight of holders) if (overdue(flight)) release(key, flight)
    }
  }
  /** Loads that have started before now are neither joined nor stored. */
  const fence = (slot: Slot<A>): void => {
    slot.flight = undefined
    slot.fence = tickets
  }

  return {
    of,
    get: (key) => slots.get(key),
    values: () => slots.values(),
    keys: () => slots.keys(),
    size: () => slots.size,
    last: () => tickets,
    next: () => ++tickets,
    tidy,
    fence,
    release,
    overdue,
    sweep
  }
}
