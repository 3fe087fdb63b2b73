/**
 * What is going on in this process, per key: the lookup or load that may be joined, the write that has begun, the
 * invalidations under way, and the fence that orders them.
 *
 * Every load takes a ticket when it starts, from one counter. Its value may be stored only while its ticket is
 * beyond the fence of its key, and
 *
 * - whoever invalidates (`mutate`) moves the fence to the last ticket, waits for a write that has begun, does its
 *   work, and moves the fence again: no load that started before it ended is joined or stored after it (law 21);
 * - a load that is stored moves the fence to its own ticket: of two updates the one that started last wins;
 * - a load that ends removes itself and nothing else (law 23);
 * - a load that takes longer than `loadTimeout` is not joined and not stored (law 24). No timer waits for that: the
 *   next one who asks sees it.
 *
 * A key is here only while something is going on with it (law 36).
 *
 * @internal
 */
import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import type { Key } from '../KeyFn'
import type { RingError } from '../RingError'

/** A lookup under way: a read, then, if need be, a load and the write of what it brought. */
export interface Flight<A> {
  /** What everybody gets who joins it. */
  answer: Promise<A>
  since: number
  /** 0 while it holds no key. */
  ticket: number
  /** Began as a read of the store; else as an update, which a reader does not wait for while it has an entry. */
  readonly reads: boolean
  /** Set before `answer` settles: whether the store had it, and what failed on the way. */
  hit: boolean
  fault: RingError | undefined
}

interface Slot<A> {
  /** The one that may be joined. */
  flight: Flight<A> | undefined
  /** How many flights hold the key: one of them may be joined, any may still be stored. */
  held: number
  fence: number
  writing: Promise<unknown> | undefined
  mutations: number
}

export interface Flights<A> {
  /** The flight of a key, if it may be joined. */
  readonly current: (key: Key) => Flight<A> | undefined
  /** Makes a flight the one to be joined, with a new ticket: what it loads, it loads from now on. */
  readonly hold: (key: Key, flight: Flight<A>) => void
  readonly release: (key: Key, flight: Flight<A>) => void
  /** Runs the write of those flights that may be stored, and is told their keys; `undefined` where none may. */
  readonly commit: <W>(
    flights: ReadonlyArray<readonly [Key, Flight<A>]>,
    write: (keys: ReadonlySet<Key>) => Promise<W>
  ) => Promise<W | undefined>
  readonly mutate: <W>(keys: ReadonlyArray<Key>, io: () => Promise<W>) => Promise<W>
  readonly mutateAll: <W>(io: () => Promise<W>) => Promise<W>
  /** How many keys something is going on with. */
  readonly size: () => number
}

export const newFlight = <A>(reads: boolean, since: number): Flight<A> => ({
  answer: undefined as never, // the proof: whoever makes a flight sets its answer before anybody can see it
  since,
  ticket: 0,
  reads,
  hit: false,
  fault: undefined
})

const silent = (): void => undefined

export const makeFlights = <A>(clock: Clock, loadTimeout: Duration): Flights<A> => {
  const slots = new Map<Key, Slot<A>>()
  let tickets = 0
  let mutationsOfAll = 0

  const slotOf = (key: Key): Slot<A> => {
    const found = slots.get(key)
    if (found !== undefined) return found
    const slot: Slot<A> = { flight: undefined, held: 0, fence: 0, writing: undefined, mutations: 0 }
    slots.set(key, slot)
    return slot
  }
  const tidy = (key: Key, slot: Slot<A>): void => {
    if (slot.held === 0 && slot.writing === undefined && slot.mutations === 0) slots.delete(key)
  }
  const overdue = (flight: Flight<A>): boolean => clock.now() - flight.since > loadTimeout
  const mayStore = (key: Key, flight: Flight<A>): boolean => {
    const slot = slots.get(key)
    return (
      slot !== undefined &&
      flight.ticket > slot.fence &&
      slot.mutations === 0 &&
      mutationsOfAll === 0 &&
      !overdue(flight)
    )
  }
  const release = (key: Key, flight: Flight<A>): void => {
    const slot = slots.get(key)
    if (slot === undefined || flight.ticket === 0) return
    flight.ticket = 0
    slot.held--
    if (slot.flight === flight) slot.flight = undefined
    tidy(key, slot)
  }
  /** What has started by now is neither joined nor stored. */
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
  const beginWrite = (keys: ReadonlySet<Key>, write: Promise<unknown>): void => {
    const writing = write.then(silent, silent).then(() => {
      for (const key of keys) {
        const slot = slots.get(key)
        if (slot?.writing !== writing) continue
        slot.writing = undefined
        tidy(key, slot)
      }
    })
    for (const key of keys) slotOf(key).writing = writing
  }

  return {
    current: (key) => {
      const slot = slots.get(key)
      if (slot?.flight === undefined) return undefined
      if (overdue(slot.flight)) slot.flight = undefined
      return slot.flight
    },
    hold: (key, flight) => {
      const slot = slotOf(key)
      if (flight.ticket === 0) slot.held++
      flight.ticket = ++tickets
      slot.flight = flight
    },
    release,
    commit: async (flights, write) => {
      const able = (): ReadonlyArray<readonly [Key, Flight<A>]> =>
        flights.filter(([key, flight]) => mayStore(key, flight))
      // two writes of one key must not overtake each other on their way to the store
      await drained(() => able().map(([key]) => key))
      const going = able()
      if (going.length === 0) return undefined
      for (const [key, flight] of going) slotOf(key).fence = flight.ticket
      const keys = new Set(going.map(([key]) => key))
      const writing = write(keys)
      beginWrite(keys, writing)
      return writing
    },
    mutate: async (keys, io) => {
      const unique = new Set(keys)
      for (const key of unique) {
        const slot = slotOf(key)
        fence(slot)
        slot.mutations++
      }
      try {
        await drained(() => unique)
        return await io()
      } finally {
        for (const key of unique) {
          const slot = slotOf(key)
          fence(slot)
          slot.mutations--
          tidy(key, slot)
        }
      }
    },
    mutateAll: async (io) => {
      const fenceAll = (): void => slots.forEach(fence)
      fenceAll()
      mutationsOfAll++
      try {
        await drained(() => slots.keys())
        return await io()
      } finally {
        fenceAll()
        mutationsOfAll--
      }
    },
    size: () => slots.size
  }
}
