/**
 * What is under way in this process, per key: the lookup or load that may be joined, the write that has begun, the
 * invalidations, and the fence that orders them.
 *
 * Every load takes a ticket from one counter when it starts. Its value may be stored only while its ticket is higher
 * than the fence of its key.
 *
 * - An invalidation (`mutate`) moves the fence to the last ticket, waits for a write that has begun, does its work,
 *   and moves the fence again. So no load that started before its end is joined or stored after it (law 21).
 * - A clear (`mutateAll`) moves all fences only when it starts: it may take long, and what is loaded meanwhile is
 *   newer. A read that began before its end is not joined after it.
 * - A load that is stored moves the fence to its own ticket: of two updates, the one that started last wins.
 * - A load that ends removes itself and nothing else (law 23).
 * - A load that takes longer than `loadTimeout` is not joined and not stored (law 24). There is no timer for that:
 *   the next call notices it.
 *
 * A key is kept here only while something is under way for it (law 36).
 *
 * @internal
 */
import { isLater, type Soon } from '../base/soon'
import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import type { Key } from '../KeyFn'
import { type Flight, type Outcome, runs, type Slot } from './flight'
import { makeSlots, type Slots } from './slots'

export interface Flights<A> {
  /** The flight of a key, if it may be joined. */
  readonly current: (key: Key) => Flight<A> | undefined
  /** Makes a flight the one that may be joined, with a new ticket: its load counts as started now. */
  readonly hold: (flight: Flight<A>) => void
  /** The same for a flight that may not be joined: it only learns what happens to its key. */
  readonly watch: (flight: Flight<A>) => void
  /** Whether the key has been neither written nor invalidated since the flight took its ticket, and is not now. */
  readonly intact: (flight: Flight<A>) => boolean
  readonly release: (flight: Flight<A>) => void
  /** The flight can no longer be joined, but may still be stored. */
  readonly detach: (flight: Flight<A>) => void
  /** Whether a flight has taken longer than it may. */
  readonly overdue: (flight: Flight<A>) => boolean
  /** Begins the write of a flight; `undefined` if it may not be stored. */
  readonly commit: <W extends Outcome>(flight: Flight<A>, begin: () => Soon<W>) => Soon<W | undefined>
  /** The same for many: returns the outcome of each that may be stored, by key. */
  readonly commitMany: <W extends Outcome>(
    flights: ReadonlyArray<Flight<A>>,
    begin: (keys: ReadonlySet<Key>) => (key: Key) => Soon<W>
  ) => Soon<ReadonlyMap<Key, Soon<W>>>
  /**
   * The outcome of the later write or invalidation that superseded a flight. The superseded update waits for it before
   * it returns: otherwise a later read could find the entry from before both. If it fails, the update fails too.
   */
  readonly superseded: (flight: Flight<A>) => Soon<Outcome> | undefined
  readonly mutate: <W extends Outcome>(keys: ReadonlyArray<Key>, io: () => Soon<W>) => Soon<W>
  readonly mutateAll: <W extends Outcome>(io: () => Promise<W>) => Promise<W>
  /** The last ticket: anything that begins later has a higher one. */
  readonly ticks: () => number
  /** The function of a flight begins to run. `spoiled`: its arguments no longer have the key. */
  readonly began: (flight: Flight<A>, spoiled: boolean, now: number) => void
  /** The number of keys for which something is under way. */
  readonly size: () => number
}

const keysOf = <A>(flights: ReadonlyArray<Flight<A>>): ReadonlyArray<Key> => flights.map(({ key }) => key)

/** The writes that have begun for these keys; `undefined` when there are none. */
const writesOf = <A>(slots: Slots<A>, keys: Iterable<Key>): Promise<unknown> | undefined => {
  const writes: Array<Promise<unknown>> = []
  for (const key of keys) {
    const writing = slots.get(key)?.writing
    if (writing !== undefined) writes.push(writing)
  }
  return writes.length === 0 ? undefined : Promise.all(writes)
}

/** Who may store: one write of a key at a time, and none of a load that something later has overtaken. */
const makeWrites = <A>(slots: Slots<A>): Pick<Flights<A>, 'commit' | 'commitMany' | 'superseded'> => {
  const mayStore = (flight: Flight<A>): boolean => {
    const { slot } = flight
    return slot !== undefined && flight.ticket > slot.fence && slot.mutations === 0 && !slots.overdue(flight)
  }
  const settled = (slot: Slot<A>): void => {
    slot.settled = slots.last()
    // a read that began before its end may have found the old entry: later callers do not join it
    if (slot.flight?.phase === 'reading') slot.flight = undefined
  }
  /** The write of a flight has begun, and may have ended. */
  const wrote = ({ key, slot = slots.of(key), ticket }: Flight<A>, outcome: Soon<Outcome>): void => {
    slot.fence = ticket
    if (slot.holders > 1 || isLater(outcome)) slot.mover = { outcome, since: ticket }
    if (!isLater(outcome)) return settled(slot)
    const ended = (): void => {
      settled(slot)
      if (slot.writing !== writing) return
      slot.writing = undefined
      slots.tidy(key, slot)
    }
    const writing: Promise<unknown> = outcome.then(ended, ended)
    slot.writing = writing
  }
  const commit = <W extends Outcome>(flight: Flight<A>, begin: () => Soon<W>): Soon<W | undefined> => {
    // two writes of one key must not overtake each other on their way to the store
    const before = flight.slot?.writing
    if (before !== undefined && mayStore(flight)) return before.then(() => commit(flight, begin))
    if (!mayStore(flight)) return undefined
    const outcome = begin()
    wrote(flight, outcome)
    return outcome
  }
  const commitMany = <W extends Outcome>(
    flights: ReadonlyArray<Flight<A>>,
    begin: (keys: ReadonlySet<Key>) => (key: Key) => Soon<W>
  ): Soon<ReadonlyMap<Key, Soon<W>>> => {
    const going = flights.filter(mayStore)
    const before = writesOf(slots, keysOf(going))
    if (before !== undefined) return before.then(() => commitMany(flights, begin))
    const ends = new Map<Key, Soon<W>>()
    if (going.length === 0) return ends
    const writeOf = begin(new Set(keysOf(going)))
    for (const flight of going) {
      const write = writeOf(flight.key)
      ends.set(flight.key, write)
      wrote(flight, write)
    }
    return ends
  }

  return {
    commit,
    commitMany,
    superseded: (flight) => {
      const mover = slots.get(flight.key)?.mover
      return mover !== undefined && mover.since >= flight.ticket ? mover.outcome : undefined
    }
  }
}

/** Writes and deletions from outside a load, during which nothing else of their keys is joined or stored. */
const makeMutations = <A>(slots: Slots<A>): Pick<Flights<A>, 'mutate' | 'mutateAll'> => {
  /** `io` has begun, or begins when the writes that are under way have ended. */
  const mutating = async <W>(keys: ReadonlySet<Key>, io: () => Soon<W>): Promise<W> => {
    for (const key of keys) {
      const slot = slots.of(key)
      slots.fence(slot)
      slot.mutations++
    }
    try {
      for (let before = writesOf(slots, keys); before !== undefined; before = writesOf(slots, keys))
        await before
      return await io()
    } finally {
      for (const key of keys) {
        const slot = slots.of(key)
        slots.fence(slot)
        slot.mutations--
        slots.tidy(key, slot)
      }
    }
  }
  const moved = (keys: ReadonlySet<Key>, outcome: Soon<Outcome>, since: number): void => {
    for (const key of keys) {
      const slot = slots.get(key)
      if (slot !== undefined) slot.mover = { outcome, since }
    }
  }
  return {
    mutate: (list, io) => {
      const keys = new Set(list)
      const since = slots.last()
      for (const key of keys) {
        const slot = slots.get(key)
        if (slot !== undefined) slots.fence(slot)
      }
      const begun = writesOf(slots, keys) === undefined ? io() : undefined
      if (begun !== undefined && !isLater(begun)) {
        moved(keys, begun, since)
        return begun
      }
      const outcome = mutating(keys, begun === undefined ? io : () => begun)
      moved(keys, outcome, since)
      return outcome
    },
    mutateAll: (io) => {
      for (const [, slot] of slots.entries()) slots.fence(slot)
      const since = slots.last()
      const writes = writesOf(
        slots,
        Array.from(slots.entries(), ([key]) => key)
      )
      // at once where nothing is being written: what begins later ends later
      const outcome = (writes === undefined ? io() : writes.then(io)).finally(() => {
        // a read that began meanwhile may have found an entry that is gone now: later callers do not join it
        for (const [, slot] of slots.entries()) {
          const { flight } = slot
          slot.settled = slots.last()
          if (flight?.phase === 'reading' || flight?.stale !== undefined) slot.flight = undefined
        }
      })
      for (const [, slot] of slots.entries()) slot.mover = { outcome, since }
      return outcome
    }
  }
}

/**
 * `epoch` counts what invalidates all loads under way without moving a fence: purges of tags. If entries are written
 * under leases (`leased`), a load whose value is being written is not joined: the entry may already be stored, and
 * already be deleted again by another process.
 */
export const makeFlights = <A>(
  clock: Clock,
  loadTimeout: Duration,
  epoch: () => number = () => 0,
  leased = false
): Flights<A> => {
  const slots = makeSlots<A>(clock, loadTimeout)
  return {
    current: (key) => {
      const slot = slots.get(key)
      if (slot?.flight === undefined) return undefined
      if (slots.overdue(slot.flight)) slots.release(slot.flight)
      else if (slot.flight.epoch !== epoch()) slot.flight = undefined
      return leased && slot.flight?.phase === 'settling' ? undefined : slot.flight
    },
    hold: (flight) => {
      slots.enter(flight, epoch()).flight = flight
    },
    watch: (flight) => void slots.enter(flight, epoch()),
    intact: (flight) => {
      const { slot } = flight
      return (
        slot !== undefined &&
        flight.ticket > Math.max(slot.fence, slot.settled) &&
        slot.mutations === 0 &&
        slot.writing === undefined &&
        flight.epoch === epoch()
      )
    },
    release: slots.release,
    detach: (flight) => {
      const slot = slots.get(flight.key)
      if (slot?.flight === flight) slot.flight = undefined
    },
    overdue: slots.overdue,
    ...makeWrites(slots),
    ...makeMutations(slots),
    ticks: slots.last,
    began: (flight, spoiled, now) => {
      const restarts = now !== flight.since
      runs(flight, slots.next(), now, spoiled)
      if (restarts) slots.renew(flight)
    },
    size: slots.size
  }
}
