/**
 * What is going on in this process, per key: the lookup or load that may be joined, the write that has begun, the
 * invalidations under way, and the fence that orders them.
 *
 * Every load takes a ticket when it starts, from one counter. Its value may be stored only while its ticket is
 * beyond the fence of its key, and
 *
 * - whoever invalidates (`mutate`) moves the fence to the last ticket, waits for a write that has begun, does its
 *   work, and moves the fence again: no load that started before it ended is joined or stored after it (law 21);
 * - whoever clears (`mutateAll`) moves all fences when it starts, and only then: it may take long, and what is loaded
 *   meanwhile is newer than it; what is only read meanwhile is not joined after it;
 * - a load that is stored moves the fence to its own ticket: of two updates the one that started last wins;
 * - a load that ends removes itself and nothing else (law 23);
 * - a load that takes longer than `loadTimeout` is not joined and not stored (law 24). No timer waits for that: the
 *   next one who asks sees it.
 *
 * A key is here only while something is going on with it (law 36).
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'

import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import type { Key } from '../KeyFn'
import type { RingError, StoreError } from '../RingError'

/** How a write or an invalidation ended. */
type Outcome = Either<StoreError, unknown>

/** A lookup under way: a read, then, if need be, a load and the write of what it brought. */
export interface Flight<A> {
  /** What everybody gets who joins it. */
  answer: Promise<A>
  since: number
  /** Whether its first caller has gone before it was known what the store has. */
  left: boolean
  /** Whether somebody else waits for it. */
  shared: boolean
  /** 0 while it holds no key. */
  ticket: number
  /** Began as a read of the store; else as an update, which a reader does not wait for while it has an entry. */
  readonly reads: boolean
  /** Whether it is past its read: the function runs, or has run. */
  loading: boolean
  /** Whether the function has answered; what is left is the write. */
  loaded: boolean
  /** Set before `answer` settles: what it was served from, if not from the function, and what failed on the way. */
  served: 'Hit' | 'Stale' | undefined
  fault: RingError | undefined
  /** What may be served if the load fails, or takes too long, until some time. */
  stale: { readonly answer: A; readonly until: number } | undefined
  /** How many purges there had been when it took its ticket. */
  epoch: number
  /** When its function began to run, counted as tickets are; 0 before that. */
  began: number
  /**
   * It had no lease, or its lease was taken away while it loaded, or its tags were purged: somebody, perhaps in another
   * process, may have deleted or written the entry. Who joined it after its function began may have asked after that, and
   * has to look again.
   */
  lost: boolean
  /** The store has failed it: who has to look again loads without looking. */
  blind: boolean
  /** The arguments were changed before the function saw them: the answer is for its caller, not for who joined. */
  spoiled: boolean
}

interface Slot<A> {
  /** The one that may be joined. */
  flight: Flight<A> | undefined
  /** The flights that hold the key: one of them may be joined, any may still be stored. */
  readonly holders: Set<Flight<A>>
  fence: number
  /** The last ticket when a write, or `mutateAll`, ended. */
  settled: number
  /** What moved the fence last, and the last ticket when it began. */
  mover: { readonly outcome: Promise<Outcome>; readonly since: number } | undefined
  writing: Promise<unknown> | undefined
  mutations: number
}

export interface Flights<A> {
  /** The flight of a key, if it may be joined. */
  readonly current: (key: Key) => Flight<A> | undefined
  /** Makes a flight the one to be joined, with a new ticket: what it loads, it loads from now on. */
  readonly hold: (key: Key, flight: Flight<A>) => void
  /** The same for one that is not to be joined: it learns of what happens to its key. */
  readonly watch: (key: Key, flight: Flight<A>) => void
  /** Whether its key was neither written nor invalidated since a flight took its ticket, and is not now. */
  readonly intact: (key: Key, flight: Flight<A>) => boolean
  readonly release: (key: Key, flight: Flight<A>) => void
  /** Whether a flight takes longer than it may. */
  readonly overdue: (flight: Flight<A>) => boolean
  /** Begins the writes of those flights that may be stored; gives how each of them ends, by its key. */
  readonly commit: <W extends Outcome>(
    flights: ReadonlyArray<readonly [Key, Flight<A>]>,
    begin: (keys: ReadonlySet<Key>) => (key: Key) => Promise<W>
  ) => Promise<ReadonlyMap<Key, Promise<W>>>
  /**
   * The end of what took the place of a flight that may not be stored: what began after it. An update waits for it before
   * it answers: else a read that follows could find what was there before both, and takes its failure for its own.
   */
  readonly superseded: (key: Key, flight: Flight<A>) => Promise<Outcome> | undefined
  readonly mutate: <W extends Outcome>(keys: ReadonlyArray<Key>, io: () => Promise<W>) => Promise<W>
  readonly mutateAll: <W extends Outcome>(io: () => Promise<W>) => Promise<W>
  /** The last ticket: what begins later has a higher one. */
  readonly ticks: () => number
  /** The function of a flight begins to run. */
  readonly began: (flight: Flight<A>) => void
  /** How many keys something is going on with. */
  readonly size: () => number
}

export const newFlight = <A>(reads: boolean, since: number): Flight<A> => ({
  answer: undefined as never, // the proof: whoever makes a flight sets its answer before anybody can see it
  since,
  left: false,
  shared: false,
  ticket: 0,
  reads,
  loading: false,
  loaded: false,
  served: undefined,
  fault: undefined,
  stale: undefined,
  epoch: 0,
  began: 0,
  lost: false,
  blind: false,
  spoiled: false
})

const silent = (): void => undefined

const sweptPerHold = 2

const keysOf = (pairs: ReadonlyArray<readonly [Key, unknown]>): ReadonlyArray<Key> =>
  pairs.map(([key]) => key)

/**
 * `epoch` counts what voids all loads that are under way without moving a fence: purges of tags. Where entries are
 * written under leases, `leased`, a load whose value is on its way to the store is not joined: it may be there already,
 * and be gone again by the hand of another process.
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
  /** Loads that never end would stay here for ever if nobody asked for their keys again. */
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
  const beginWrite = (key: Key, slot: Slot<A>, write: Promise<Outcome>): void => {
    const writing = write.then(silent, silent).then(() => {
      slot.settled = tickets
      if (slot.writing !== writing) return
      // a read that began before its end may have met what was there before: who comes later does not join it
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
          // what began meanwhile may have met an entry that is gone now: who comes later does not join it
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
