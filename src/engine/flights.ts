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
import type { Either } from 'fp-ts/Either'

import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import type { Key } from '../KeyFn'
import type { StoreError } from '../RingError'
import type { Flight } from './model'

/** How a write or an invalidation ended. */
type Outcome = Either<StoreError, unknown>

interface Slot<A> {
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

export interface Flights<A> {
  /** The flight of a key, if it may be joined. */
  readonly current: (key: Key) => Flight<A> | undefined
  /** Makes a flight the one that may be joined, with a new ticket: its load counts as started now. */
  readonly hold: (key: Key, flight: Flight<A>) => void
  /** The same for a flight that may not be joined: it only learns what happens to its key. */
  readonly watch: (key: Key, flight: Flight<A>) => void
  /** Whether the key has been neither written nor invalidated since the flight took its ticket, and is not now. */
  readonly intact: (key: Key, flight: Flight<A>) => boolean
  readonly release: (key: Key, flight: Flight<A>) => void
  /** The flight can no longer be joined, but may still be stored. */
  readonly detach: (key: Key, flight: Flight<A>) => void
  /** Whether a flight has taken longer than it may. */
  readonly overdue: (flight: Flight<A>) => boolean
  /** Begins the writes of the flights that may be stored; returns the outcome of each, by key. */
  readonly commit: <W extends Outcome>(
    flights: ReadonlyArray<readonly [Key, Flight<A>]>,
    begin: (keys: ReadonlySet<Key>) => (key: Key) => Promise<W>
  ) => Promise<ReadonlyMap<Key, Promise<W>>>
  /**
   * The outcome of the later write or invalidation that superseded a flight. The superseded update waits for it before
   * it returns: otherwise a later read could find the entry from before both. If it fails, the update fails too.
   */
  readonly superseded: (key: Key, flight: Flight<A>) => Promise<Outcome> | undefined
  readonly mutate: <W extends Outcome>(keys: ReadonlyArray<Key>, io: () => Promise<W>) => Promise<W>
  readonly mutateAll: <W extends Outcome>(io: () => Promise<W>) => Promise<W>
  /** The last ticket: anything that begins later has a higher one. */
  readonly ticks: () => number
  /** Records that the function of a flight begins to run. */
  readonly began: (flight: Flight<A>) => void
  /** The number of keys for which something is under way. */
  readonly size: () => number
}

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

const silent = (): void => undefined

const sweptPerHold = 2

const keysOf = (pairs: ReadonlyArray<readonly [Key, unknown]>): ReadonlyArray<Key> =>
  pairs.map(([key]) => key)

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
  const slots = new Map<Key, Slot<A>>()
  let tickets = 0

  const slotOf = (key: Key): Slot<A> => {
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
  const mayStore = (key: Key, flight: Flight<A>): boolean => {
    const slot = slots.get(key)
    return slot !== undefined && flight.ticket > slot.fence && slot.mutations === 0 && !overdue(flight)
  }
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
    for (let i = 0; i < sweptPerHold; i++) {
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

  /** The writes that have begun for these keys; `undefined` when there are none. */
  const writesOf = (keys: Iterable<Key>): Promise<unknown> | undefined => {
    const writes: Array<Promise<unknown>> = []
    for (const key of keys) {
      const writing = slots.get(key)?.writing
      if (writing !== undefined) writes.push(writing)
    }
    return writes.length === 0 ? undefined : Promise.all(writes)
  }
  const drained = async (keys: () => Iterable<Key>): Promise<void> => {
    for (let before = writesOf(keys()); before !== undefined; before = writesOf(keys())) await before
  }
  const beginWrite = (key: Key, slot: Slot<A>, write: Promise<Outcome>): void => {
    const writing = write.then(silent, silent).then(() => {
      slot.settled = tickets
      if (slot.writing !== writing) return
      // a read that began before its end may have found the old entry: later callers do not join it
      if (slot.flight?.loading === false) slot.flight = undefined
      slot.writing = undefined
      tidy(key, slot)
    })
    slot.writing = writing
  }

  const mutating = async <W>(keys: ReadonlySet<Key>, io: () => Promise<W>): Promise<W> => {
    for (const key of keys) {
      const slot = slotOf(key)
      fence(slot)
      slot.mutations++
    }
    try {
      await drained(() => keys)
      return await io()
    } finally {
      for (const key of keys) {
        const slot = slotOf(key)
        fence(slot)
        slot.mutations--
        tidy(key, slot)
      }
    }
  }
  const watch = (key: Key, flight: Flight<A>): Slot<A> => {
    const slot = slotOf(key)
    slot.holders.add(flight)
    flight.ticket = ++tickets
    flight.epoch = epoch()
    return slot
  }
  return {
    current: (key) => {
      const slot = slots.get(key)
      if (slot?.flight === undefined) return undefined
      if (overdue(slot.flight)) release(key, slot.flight)
      else if (slot.flight.epoch !== epoch()) slot.flight = undefined
      return leased && slot.flight?.loaded === true ? undefined : slot.flight
    },
    hold: (key, flight) => {
      sweep()
      watch(key, flight).flight = flight
    },
    watch,
    intact: (key, flight) => {
      const slot = slots.get(key)
      return (
        slot !== undefined &&
        flight.ticket > Math.max(slot.fence, slot.settled) &&
        slot.mutations === 0 &&
        slot.writing === undefined &&
        flight.epoch === epoch()
      )
    },
    release,
    detach: (key, flight) => {
      const slot = slots.get(key)
      if (slot?.flight === flight) slot.flight = undefined
    },
    overdue,
    commit: async <W extends Outcome>(
      flights: ReadonlyArray<readonly [Key, Flight<A>]>,
      begin: (keys: ReadonlySet<Key>) => (key: Key) => Promise<W>
    ) => {
      const able = (): ReadonlyArray<readonly [Key, Flight<A>]> =>
        flights.filter(([key, flight]) => mayStore(key, flight))
      let going = able()
      // two writes of one key must not overtake each other on their way to the store
      for (let before = writesOf(keysOf(going)); before !== undefined; before = writesOf(keysOf(going))) {
        await before
        going = able()
      }
      const ends = new Map<Key, Promise<W>>()
      if (going.length === 0) return ends
      const writeOf = begin(new Set(keysOf(going)))
      for (const [key, flight] of going) {
        const slot = slotOf(key)
        const write = writeOf(key)
        ends.set(key, write)
        slot.fence = flight.ticket
        slot.mover = { outcome: write, since: flight.ticket }
        beginWrite(key, slot, write)
      }
      return ends
    },
    superseded: (key, flight) => {
      const mover = slots.get(key)?.mover
      return mover !== undefined && mover.since >= flight.ticket ? mover.outcome : undefined
    },
    mutate: (keys, io) => {
      const unique = new Set(keys)
      const since = tickets
      const outcome = mutating(unique, io)
      for (const key of unique) slotOf(key).mover = { outcome, since }
      return outcome
    },
    mutateAll: (io) => {
      slots.forEach(fence)
      const since = tickets
      const outcome = Promise.resolve(writesOf(slots.keys()))
        .then(io)
        .finally(() => {
          // a read that began meanwhile may have found an entry that is gone now: later callers do not join it
          slots.forEach((slot) => {
            const { flight } = slot
            slot.settled = tickets
            if (flight?.loading === false || flight?.stale !== undefined) slot.flight = undefined
          })
        })
      for (const slot of slots.values()) slot.mover = { outcome, since }
      return outcome
    },
    ticks: () => tickets,
    began: (flight) => {
      flight.began = ++tickets
      flight.since = clock.now()
    },
    size: () => slots.size
  }
}
