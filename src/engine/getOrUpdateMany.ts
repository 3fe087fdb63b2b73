/**
 * `getOrUpdateMany`: one bulk read, and the loads of the missing entries.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Arguments, Key } from '../KeyFn'
import type { RingError } from '../RingError'
import { TimeoutError } from '../RingError'
import type { Engine } from './engine'
import { isInvalid } from './errors'
import { newFlight } from './flights'
import { type Fallback, joinableFor, joined, makeAttend, noFallback, rescue } from './join'
import type { Flight, How, Loading } from './model'
import { allOf } from './run'

/** The flight that loads what a bulk lookup did not find, and whether another call began it. */
interface Sought<Err, A> {
  readonly flight: Flight<E.Either<Err, A>>
  readonly joined: boolean
  /** What this read found, if another call began the flight; else the flight. */
  readonly fallback: Fallback<Err, A>
}

/** One bulk read, and the loads of the missing entries; loads that are already under way are joined. */
export const makeLookupAll = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): ((argsList: ReadonlyArray<Args>) => Promise<E.Either<RingError, ReadonlyArray<E.Either<Err, A>>>>) => {
  const { clock, emit, fault, flights, keyOf, now, observe, policy, running, tended } = engine
  const { rescued, staleOf } = rescue(engine)
  const isJoinable = joinableFor(engine)
  const attend = makeAttend(engine)
  const { limited } = policy

  type Wanted = Omit<Loading<Args, Err, A>, 'flight'>

  /**
   * Called when a read of some keys begins. Returns a function that, called at its end, returns the keys that were
   * written or invalidated meanwhile.
   */
  const watch = (keys: ReadonlyArray<E.Either<unknown, Key>>): (() => ReadonlySet<Key>) => {
    const reads = new Map<Key, Flight<E.Either<Err, A>>>()
    if (policy.windows.staleIfError > 0)
      for (const key of keys) {
        if (E.isLeft(key) || reads.has(key.right)) continue
        const read = newFlight<E.Either<Err, A>>(true, clock.now())
        flights.watch(key.right, read)
        reads.set(key.right, read)
      }
    return () => {
      const touched = new Set<Key>()
      for (const [key, read] of reads) {
        if (!flights.intact(key, read)) touched.add(key)
        flights.release(key, read)
      }
      return touched
    }
  }

  const seek = (
    missed: ReadonlyMap<Key, Wanted>,
    touched: ReadonlySet<Key>,
    spent: number,
    how: Pick<How, 'mode' | 'waits'>
  ): ReadonlyMap<Key, Sought<Err, A>> => {
    const fresh: Array<Loading<Args, Err, A>> = []
    const sought = new Map<Key, Sought<Err, A>>()
    for (const [key, wanted] of missed) {
      const under = flights.current(key)
      const stale = wanted.seen === undefined ? undefined : staleOf(wanted.seen)
      if (isJoinable(under)) {
        sought.set(key, { flight: under, joined: true, fallback: { ...noFallback(), stale } })
        continue
      }
      const flight = newFlight<E.Either<Err, A>>(true, clock.now(), spent)
      // an entry that was deleted or written while it was read cannot be a fallback for joined callers
      const shares = !touched.has(key)
      if (shares) flight.stale = stale
      fresh.push({ ...wanted, flight })
      sought.set(key, { flight, joined: false, fallback: shares ? flight : { ...noFallback(), stale } })
    }
    engine.begin(fresh, { ...how, removes: false })
    for (const { flight } of fresh)
      if (flight.stale !== undefined) flight.answer = flight.answer.then((answer) => rescued(flight, answer))
    return sought
  }

  /** Without a key there is no caching. If the function throws, the promise rejects. */
  const alone = running.one

  const lookupAll = async (
    argsList: ReadonlyArray<Args>,
    began: number,
    onRead: () => void
  ): Promise<E.Either<RingError, ReadonlyArray<E.Either<Err, A>>>> => {
    const since = now()
    const keys = argsList.map(keyOf)
    const watched = watch(keys)
    const read = await engine.lookEach(keys, argsList)
    const touched = watched()
    const spent = clock.now() - began
    onRead()

    let timedOut: TimeoutError | undefined
    const answers: Array<E.Either<Err, A>> = []
    const stales = new Set<Key>()
    const refreshed = new Map<Key, Wanted>()
    const missed = new Map<Key, Wanted>()
    let failed: RingError | undefined
    let keyless: RingError | undefined
    argsList.forEach((args, i) => {
      const key = keys[i]
      const got = read[i]
      if (key === undefined || got === undefined) return
      if (got._tag === 'Right' && got.right.verdict === 'fresh' && got.right.answer !== undefined) {
        answers[i] = got.right.answer
      } else if (E.isLeft(key)) {
        fault('', since, key.left)
        keyless = key.left
      } else if (E.isLeft(got)) {
        if (missed.has(key.right)) return
        missed.set(key.right, { key: key.right, args, seen: undefined })
        fault(key.right, since, got.left)
        if (!isInvalid(got.left)) failed = got.left
      } else {
        const seen = got.right
        const decision = engine.decide(key.right, seen.verdict)
        if (decision.serve === 'entry' && seen.answer !== undefined) {
          answers[i] = seen.answer
          if (seen.verdict !== 'due') stales.add(key.right)
          if (decision.load === 'background') refreshed.set(key.right, { key: key.right, args, seen })
        } else if (!missed.has(key.right)) {
          missed.set(key.right, { key: key.right, args, seen })
        }
      }
    })
    const refused = failed ?? keyless
    if (policy.strict && refused !== undefined) {
      for (const key of keys) emit(E.isLeft(key) ? '' : key.right, since, { _tag: 'Miss', shared: false })
      return E.left(refused)
    }

    const sought = seek(missed, touched, spent, {
      waits: failed === undefined,
      mode: failed === undefined ? 'wait' : 'none'
    })
    engine.refresh(Array.from(refreshed.values()))
    const told = new Set<Key>()
    const waits: Array<Promise<void>> = []
    const tell = (key: Key, shared: boolean, served: 'Hit' | 'Stale' | undefined): void =>
      emit(key, since, served === undefined ? { _tag: 'Miss', shared } : { _tag: served })
    /** The answer of a flight, and its event: emitted at once if this is certainly a miss. */
    const attended = (
      key: Key,
      { fallback, flight, joined: joins }: Sought<Err, A>,
      shared: boolean,
      args: Args
    ): Promise<E.Either<Err, A>> => {
      const loaded = joins ? joined(engine, key, flight, args, { spent }) : flight.answer
      const later = fallback === flight ? loaded : loaded.then((answer) => rescued(fallback, answer))
      if (fallback.stale === undefined) tell(key, shared, undefined)
      const told = (served: 'Hit' | 'Stale' | undefined, error?: TimeoutError): void => {
        timedOut ??= error
        if (fallback.stale !== undefined) tell(key, shared, served ?? flight.served)
      }
      return limited
        ? attend(fallback, later, told, clock.now() - began)
        : later.finally(() => told(fallback.served))
    }
    const answer = async (i: number, later: Promise<E.Either<Err, A>>): Promise<void> => {
      answers[i] = await later
    }
    if (missed.size > 0 || keyless !== undefined || observe !== undefined) {
      argsList.forEach((args, i) => {
        const key = keys[i]
        const one = key !== undefined && E.isRight(key) ? sought.get(key.right) : undefined
        if (key === undefined || E.isLeft(key)) {
          emit('', since, { _tag: 'Miss', shared: false })
          const later = alone(args)
          waits.push(
            answer(
              i,
              limited
                ? attend(noFallback(), later, (_, error) => void (timedOut ??= error), clock.now() - began)
                : later
            )
          )
        } else if (one === undefined) {
          emit(key.right, since, { _tag: stales.has(key.right) ? 'Stale' : 'Hit' })
        } else {
          waits.push(answer(i, attended(key.right, one, one.joined || told.has(key.right), args)))
          told.add(key.right)
        }
      })
      await allOf(waits)
    }
    for (const { flight } of sought.values()) {
      if (policy.strict && flight.fault !== undefined) return E.left(flight.fault)
    }
    // SAFETY: `timeout` has TimeoutError in X
    if (timedOut !== undefined) return E.left(timedOut as never)
    return E.right(answers)
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
