/**
 * `getOrUpdateMany`: one bulk read, and the loads of the missing entries; loads that are already under way are joined.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { ownList } from '../base/fixed'
import { isLater } from '../base/soon'
import type { Arguments, Key } from '../KeyFn'
import type { KeyError, RingError } from '../RingError'
import { TimeoutError } from '../RingError'
import type { Engine } from './engine'
import { isInvalid } from './errors'
import type { Fallback } from './fallbacks'
import { answers as sets, type Flight, keepsStale, newFallback, newFlight } from './flight'
import { joined, otherThan } from './join'
import type { How, Loading, Seen } from './model'
import { failedRead, onFound } from './next'
import { allOf } from './run'

type Answers<Err, A> = E.Either<RingError, ReadonlyArray<E.Either<Err, A>>>

/** One list of arguments of a bulk call: its key, and what the read has found. */
interface Place<Args extends Arguments, Err, A> {
  readonly args: Args
  readonly key: E.Either<KeyError, Key>
  readonly got: E.Either<RingError, Seen<Err, A>>
}

type Wanted<Args extends Arguments, Err, A> = Omit<Loading<Args, Err, A>, 'flight'>

/** What a bulk read means for the call. */
interface Sorted<Args extends Arguments, Err, A> {
  /** What is served from the store, by position; a hole where the answer is still to come. */
  readonly answers: Array<E.Either<Err, A>>
  /** The keys of which a stale entry is served. */
  readonly stales: ReadonlySet<Key>
  readonly refreshed: ReadonlyMap<Key, Wanted<Args, Err, A>>
  readonly missed: ReadonlyMap<Key, Wanted<Args, Err, A>>
  /** The store has failed for a key, or arguments have no key. */
  readonly failed: RingError | undefined
  readonly keyless: RingError | undefined
}

/** The flight that loads what a bulk lookup did not find, and whether another call began it. */
interface Sought<Err, A> {
  readonly flight: Flight<E.Either<Err, A>>
  readonly joined: boolean
  /** What this read found, if another call began the flight; else the flight. */
  readonly fallback: Fallback<Err, A>
}

/** Decides for every position: the entry, a refresh, or a load. `touched`: the keys that were written meanwhile. */
const sortFor = <Args extends Arguments, Err, A, R, B>(engine: Engine<Args, Err, A, R, B>) => {
  const { fault, policy, throttles } = engine
  const otherOf = otherThan(engine)
  return (
    places: ReadonlyArray<Place<Args, Err, A>>,
    touched: ReadonlySet<Key>,
    since: number
  ): Sorted<Args, Err, A> => {
    const answers: Array<E.Either<Err, A>> = []
    const stales = new Set<Key>()
    const refreshed = new Map<Key, Wanted<Args, Err, A>>()
    const missed = new Map<Key, Wanted<Args, Err, A>>()
    let failed: RingError | undefined
    let keyless: RingError | undefined
    places.forEach(({ args, got, key: from }, i) => {
      if (got._tag === 'Right' && got.right.verdict === 'fresh' && got.right.answer !== undefined) {
        answers[i] = got.right.answer
        return
      }
      if (E.isLeft(from)) {
        fault('', since, from.left)
        keyless = from.left
        return
      }
      const key = from.right
      if (E.isLeft(got)) {
        if (missed.has(key)) return
        missed.set(key, { key, args, seen: undefined })
        fault(key, since, got.left)
        const read = failedRead(isInvalid(got.left), policy.strict)
        // all keys of the call are loaded in one way: if the store has failed for one, it is asked for none
        if (onFound(read, 'none', false, true) !== 'Load') failed = got.left
        return
      }
      const seen = got.right
      const { answer, verdict } = seen
      const choice =
        answer === undefined
          ? 'Load'
          : onFound(verdict, otherOf(key).does, throttles(key, verdict), !touched.has(key))
      if (answer !== undefined && (choice === 'Serve' || choice === 'ServeAndRefresh')) {
        answers[i] = answer
        if (verdict !== 'due') stales.add(key)
        if (choice === 'ServeAndRefresh') refreshed.set(key, { key, args, seen })
      } else if (!missed.has(key)) missed.set(key, { key, args, seen })
    })
    return { answers, stales, refreshed, missed, failed, keyless }
  }
}

/** Watches the keys of a bulk read, and finds the flights for what it did not find. */
const makeSeek = <Args extends Arguments, Err, A, R, B>(engine: Engine<Args, Err, A, R, B>) => {
  const { clock, flights, policy } = engine
  const { rescued, staleOf } = engine
  const otherOf = otherThan(engine)

  /**
   * Called when a read of some keys begins. Returns a function that, called at its end, returns the keys that were
   * written or invalidated meanwhile.
   */
  const watch = (keys: ReadonlyArray<E.Either<unknown, Key>>): (() => ReadonlySet<Key>) => {
    const reads = new Map<Key, Flight<E.Either<Err, A>>>()
    if (policy.windows.staleIfError > 0)
      for (const key of keys) {
        if (E.isLeft(key) || reads.has(key.right)) continue
        const read = newFlight<E.Either<Err, A>>(key.right, true, clock.now())
        flights.watch(read)
        reads.set(key.right, read)
      }
    return () => {
      const touched = new Set<Key>()
      for (const [key, read] of reads) {
        if (!flights.intact(read)) touched.add(key)
        flights.release(read)
      }
      return touched
    }
  }

  const seek = (
    missed: ReadonlyMap<Key, Wanted<Args, Err, A>>,
    touched: ReadonlySet<Key>,
    spent: number,
    how: Pick<How, 'mode' | 'waits'>
  ): ReadonlyMap<Key, Sought<Err, A>> => {
    const fresh: Array<Loading<Args, Err, A>> = []
    const sought = new Map<Key, Sought<Err, A>>()
    for (const [key, wanted] of missed) {
      const under = otherOf(key).flight
      const stale = wanted.seen === undefined ? undefined : staleOf(wanted.seen)
      if (under !== undefined) {
        sought.set(key, { flight: under, joined: true, fallback: newFallback(stale) })
        continue
      }
      const flight = newFlight<E.Either<Err, A>>(key, true, clock.now(), spent)
      // an entry that was deleted or written while it was read cannot be a fallback for joined callers
      const shares = !touched.has(key)
      if (shares) keepsStale(flight, stale)
      fresh.push({ ...wanted, flight })
      sought.set(key, { flight, joined: false, fallback: shares ? flight : newFallback(stale) })
    }
    engine.begin(fresh, { ...how, removes: false })
    for (const { flight } of fresh)
      if (flight.stale !== undefined)
        void sets(
          flight,
          flight.answer.then((answer) => rescued(flight, answer))
        )
    return sought
  }

  return { watch, seek }
}

/** Waits for the answers that the store did not have, and reports every position. */
const makeAnswer = <Args extends Arguments, Err, A, R, B>(engine: Engine<Args, Err, A, R, B>) => {
  const { clock, emit, observe, policy, running } = engine
  const { rescued } = engine
  const { attend } = engine
  const { limited } = policy

  return async (
    asked: ReadonlyArray<Place<Args, Err, A>>,
    { answers, keyless, missed, stales }: Sorted<Args, Err, A>,
    sought: ReadonlyMap<Key, Sought<Err, A>>,
    { began, since, spent }: { readonly began: number; readonly since: number; readonly spent: number }
  ): Promise<Answers<Err, A>> => {
    let timedOut: TimeoutError | undefined
    const timed = (error: TimeoutError | undefined): void => void (timedOut ??= error)
    const told = new Set<Key>()
    const waits: Array<Promise<E.Either<Err, A>>> = []
    const tell = (key: Key, shared: boolean, served: 'Hit' | 'Stale' | undefined): void =>
      emit(key, since, served === undefined ? { _tag: 'Miss', shared } : { _tag: served })
    /** The answer of a flight, and its event: emitted at once if this is certainly a miss. */
    const attended = (key: Key, args: Args, one: Sought<Err, A>): Promise<E.Either<Err, A>> => {
      const { fallback, flight, joined: joins } = one
      const shared = joins || told.has(key)
      const loaded = joins ? joined(engine, { key, args, flight }, { spent }) : flight.answer
      const later = fallback === flight ? loaded : loaded.then((answer) => rescued(fallback, answer))
      if (fallback.stale === undefined) tell(key, shared, undefined)
      const ended = (served: 'Hit' | 'Stale' | undefined, error?: TimeoutError): void => {
        timed(error)
        if (fallback.stale !== undefined) tell(key, shared, served ?? flight.served)
      }
      return limited
        ? attend(fallback, later, ended, clock.now() - began)
        : fallback.stale === undefined
        ? later
        : later.finally(() => ended(fallback.served))
    }
    /** Without a key there is no caching. If the function throws, the promise rejects. */
    const alone = (args: Args): Promise<E.Either<Err, A>> => {
      const later = running.one(args)
      return limited ? attend(newFallback(), later, (_, error) => timed(error), clock.now() - began) : later
    }
    const places: Array<number> = []
    const fill = (i: number, later: Promise<E.Either<Err, A>>): void => {
      places.push(i)
      waits.push(later)
    }
    if (missed.size > 0 || keyless !== undefined || observe !== undefined) {
      asked.forEach(({ args, key: from }, i) => {
        if (E.isLeft(from)) {
          emit('', since, { _tag: 'Miss', shared: false })
          fill(i, alone(args))
          return
        }
        const key = from.right
        const one = sought.get(key)
        if (one === undefined) {
          emit(key, since, { _tag: stales.has(key) ? 'Stale' : 'Hit' })
          return
        }
        fill(i, attended(key, args, one))
        told.add(key)
      })
      const all = await allOf(waits)
      places.forEach((i, place) => {
        answers[i] = all[place] as E.Either<Err, A> // SAFETY: one answer for each
      })
    }
    for (const { flight } of sought.values()) {
      if (policy.strict && flight.fault !== undefined) return E.left(flight.fault)
    }
    // SAFETY: `timeout` has TimeoutError in X
    return timedOut === undefined ? E.right(answers) : E.left(timedOut as never)
  }
}

export const makeLookupAll = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): ((argsList: ReadonlyArray<Args>) => Promise<Answers<Err, A>>) => {
  const { clock, emit, keyOf, lookEach, now, policy, refresh, tended } = engine
  const sort = sortFor(engine)
  const { seek, watch } = makeSeek(engine)
  const answer = makeAnswer(engine)

  const lookupAll = async (
    given: ReadonlyArray<Args>,
    began: number,
    onRead: () => void
  ): Promise<Answers<Err, A>> => {
    const since = now()
    const argsList = given.map(ownList)
    const keys = argsList.map(keyOf)
    const watched = watch(keys)
    const looked = lookEach(keys, argsList)
    const read = isLater(looked) ? await looked : looked
    const touched = watched()
    const spent = clock.now() - began
    onRead()

    // SAFETY: every list of arguments has a key, and an answer of the read
    const places = argsList.map((args, i) => ({ args, key: keys[i], got: read[i] } as Place<Args, Err, A>))
    const sorted = sort(places, touched, since)
    const { failed } = sorted
    const refused = failed ?? sorted.keyless
    if (policy.strict && refused !== undefined) {
      for (const key of keys) emit(E.isLeft(key) ? '' : key.right, since, { _tag: 'Miss', shared: false })
      return E.left(refused)
    }
    const sought = seek(sorted.missed, touched, spent, {
      waits: failed === undefined,
      mode: failed === undefined ? 'wait' : 'none'
    })
    refresh(Array.from(sorted.refreshed.values()))
    return answer(places, sorted, sought, { began, since, spent })
  }

  /** A read that takes longer than its caller waits is not abandoned: what it leads to is stored. */
  const { timeout } = policy
  return (argsList) => {
    const began = clock.now()
    if (timeout === undefined) return lookupAll(argsList, began, () => undefined)
    return new Promise((resolve, reject) => {
      // SAFETY: as above
      const cancel = tended.after(timeout, () => resolve(E.left(new TimeoutError() as never)))()
      lookupAll(argsList, began, cancel).then(resolve, reject)
    })
  }
}
