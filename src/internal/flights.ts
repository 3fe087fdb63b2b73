/**
 * What is going on in this process, per key: at most one load that may be joined and stored, the write that it
 * ends with, and the invalidations that are under way. It is the generation of a key, and this is its fence:
 *
 * - who invalidates (`mutate`) detaches the load, waits for a write that has begun, does its work, and detaches
 *   again what began meanwhile: no load that started before it ended is joined or stored after it (law 21);
 * - a load may store (`commit`) only while it is the one that its key holds, and nobody is invalidating;
 * - a load that ends removes itself and nothing else (law 23);
 * - a load that takes longer than `loadTimeout` is not joined and not stored (law 24). Nobody waits for that with a
 *   timer: the next one who asks sees it.
 *
 * A key is here only while something is going on (law 36).
 *
 * @internal
 */
import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import type { Key } from '../KeyFn'
import type { RingError } from '../RingError'

/** A lookup of a key under way: a read, then, if need be, a load and the write of what it brought. */
export interface Flight<A> {
  /** What everybody gets who joins it. */
  answer: Promise<A>
  since: number
  /** Began as a read of the store, or as an `update`, which a reader does not wait for while it has an entry. */
  readonly reads: boolean
  /** Set before `answer` settles: whether the store had it, and what failed on the way. */
  hit: boolean
  fault: RingError | undefined
}

interface Slot<A> {
  flight: Flight<A> | undefined
  writing: Promise<unknown> | undefined
  mutations: number
}

export interface Flights<A> {
  /** The flight of a key, if it may be joined. */
  readonly current: (key: Key) => Flight<A> | undefined
  /** Makes a flight the one of its key; the one before it is detached: its value will not be stored. */
  readonly hold: (key: Key, flight: Flight<A>) => void
  readonly holds: (key: Key, flight: Flight<A>) => boolean
  readonly release: (key: Key, flight: Flight<A>) => void
  /** Runs the write of those flights that may still store; says of which keys these were. */
  readonly commit: <W>(
    flights: ReadonlyArray<readonly [Key, Flight<A>]>,
    write: (keys: ReadonlySet<Key>) => Promise<W>
  ) => Promise<W | undefined>
  readonly mutate: <W>(keys: ReadonlyArray<Key>, io: () => Promise<W>) => Promise<W>
  readonly mutateAll: <W>(io: () => Promise<W>) => Promise<W>
  /** How many keys something is going on with. */
  readonly size: () => number
}

const settled = (): void => undefined

export const newFlight = <A>(reads: boolean, since: number): Flight<A> => ({
  answer: undefined as never, // the proof: whoever makes a flight sets its answer before anybody can see it
  since,
  reads,
  hit: false,
  fault: undefined
})

export const makeFlights = <A>(clock: Clock, loadTimeout: Duration): Flights<A> => {
  const slots = new Map<Key, Slot<A>>()
  let mutationsOfAll = 0

  const slotOf = (key: Key): Slot<A> => {
    const found = slots.get(key)
    if (found !== undefined) return found
    const slot: Slot<A> = { flight: undefined, writing: undefined, mutations: 0 }
    slots.set(key, slot)
    return slot
  }
  const tidy = (key: Key, slot: Slot<A>): void => {
    if (slot.flight === undefined && slot.writing === undefined && slot.mutations === 0) slots.delete(key)
  }
  const overdue = (flight: Flight<A>): boolean => clock.now() - flight.since > loadTimeout

  const holds = (key: Key, flight: Flight<A>): boolean => slots.get(key)?.flight === flight
  const mayStore = (key: Key, flight: Flight<A>): boolean => {
    const slot = slots.get(key)
    return slot?.flight === flight && slot.mutations === 0 && mutationsOfAll === 0 && !overdue(flight)
  }
  const release = (key: Key, flight: Flight<A>): void => {
    const slot = slots.get(key)
    if (slot?.flight !== flight) return
    slot.flight = undefined
    tidy(key, slot)
  }
  const detach = (key: Key): void => {
    const slot = slots.get(key)
    if (slot === undefined) return
    slot.flight = undefined
    tidy(key, slot)
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

  const beginWrite = (keys: ReadonlySet<Key>, write: Promise<unknown>): void => {
    const writing = write.then(settled, settled)
    for (const key of keys) slotOf(key).writing = writing
    void writing.then(() => {
      for (const key of keys) {
        const slot = slots.get(key)
        if (slot?.writing === writing) {
          slot.writing = undefined
          tidy(key, slot)
        }
      }
    })
  }

  return {
    current: (key) => {
      const flight = slots.get(key)?.flight
      if (flight === undefined) return undefined
      if (!overdue(flight)) return flight
      release(key, flight)
      return undefined
    },
    hold: (key, flight) => {
      slotOf(key).flight = flight
    },
    holds,
    release,
    commit: async (flights, write) => {
      const able = (): ReadonlySet<Key> =>
        new Set(flights.flatMap(([key, flight]) => (mayStore(key, flight) ? [key] : [])))
      let keys = able()
      // two writes of one key must not overtake each other on their way to the store
      for (let before = writesOf(keys); before !== undefined; before = writesOf(keys)) {
        await before
        keys = able()
      }
      if (keys.size === 0) return undefined
      const writing = write(keys)
      beginWrite(keys, writing)
      return writing
    },
    mutate: async (keys, io) => {
      const unique = new Set(keys)
      for (const key of unique) {
        const slot = slotOf(key)
        slot.flight = undefined
        slot.mutations++
      }
      try {
        for (let before = writesOf(unique); before !== undefined; before = writesOf(unique)) await before
        return await io()
      } finally {
        for (const key of unique) {
          slotOf(key).mutations--
          detach(key)
        }
      }
    },
    mutateAll: async (io) => {
      mutationsOfAll++
      for (const key of Array.from(slots.keys())) detach(key)
      try {
        for (let before = writesOf(slots.keys()); before !== undefined; before = writesOf(slots.keys()))
          await before
        return await io()
      } finally {
        mutationsOfAll--
        for (const key of Array.from(slots.keys())) detach(key)
      }
    },
    size: () => slots.size
  }
}
