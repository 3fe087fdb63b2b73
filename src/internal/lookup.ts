/**
 * `getOrUpdate`, for one key and for many: look, decide, and load what must be loaded.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import type { KeyError, RingError } from '../RingError'
import { TimeoutError } from '../RingError'
import type { Engine, How, Loading } from './engine'
import { asKeyError, isInvalid } from './errors'
import type { Flight } from './flights'
import { newFlight } from './flights'
import type { Seen } from './reader'
import { startTimer } from './timer'

/**
 * The answer of a flight that somebody else began; unless it is for other arguments by now, or its lease was lost: then
 * what it brings may be older than the call.
 */
const joined = async <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  key: Key,
  flight: Flight<E.Either<Err, A>>,
  args: Args
): Promise<E.Either<Err, A>> => {
  const answer = await flight.answer
  if (flight.spoiled) return engine.execute(...args)()
  return flight.lost ? again(engine, key, args) : answer
}

const again = async <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  key: Key,
  args: Args
): Promise<E.Either<Err, A>> => {
  const { clock, flights, reader } = engine
  const got = await reader.look(key, args)
  const seen = E.isRight(got) ? got.right : undefined
  if (seen?.answer !== undefined && seen.verdict !== 'expired') return seen.answer
  const under = flights.current(key)
  if (under?.loading === true) return joined(engine, key, under, args)
  const flight = newFlight<E.Either<Err, A>>(true, clock.now())
  const mode = E.isRight(got) ? 'wait' : 'none'
  flight.answer = engine.load({ key, args, flight, seen }, { waits: mode === 'wait', removes: false, mode })
  return flight.answer
}

/** What a caller may be served instead of what a load brings, and what it was served in the end. */
type Fallback<Err, A> = Pick<Flight<E.Either<Err, A>>, 'stale' | 'served'>

/** A stale entry in the place of a load that fails. */
const rescue = <Args extends Arguments, Err, A, R, B>({ clock, policy }: Engine<Args, Err, A, R, B>) => {
  const { grace, staleWhen, windows } = policy

  /** Until when an entry may be served that is `expired` now. */
  const staleOf = ({ answer, remaining, verdict }: Seen<Err, A>): Flight<E.Either<Err, A>>['stale'] =>
    verdict !== 'expired' || answer === undefined
      ? undefined
      : {
          answer,
          // the life of a foreign entry says nothing of its age
          until: clock.now() + Math.min(windows.staleIfError, remaining - grace + windows.staleIfError)
        }
  const usable = ({ stale }: Fallback<Err, A>): E.Either<Err, A> | undefined =>
    stale !== undefined && clock.now() < stale.until ? stale.answer : undefined

  const rescued = (fallback: Fallback<Err, A>, answer: E.Either<Err, A>): E.Either<Err, A> => {
    if (E.isRight(answer)) return answer
    const stale = usable(fallback)
    if (stale === undefined || !allows(answer.left)) return answer
    fallback.served = 'Stale'
    return stale
  }
  /** A predicate of the user's that throws hides no error. */
  const allows = (error: Err): boolean => {
    try {
      return staleWhen(error)
    } catch {
      return false
    }
  }
  return { staleOf, usable, rescued }
}

/**
 * How long a caller waits for a flight: not longer than the policy says, less what it has waited. `told` is asked once,
 * with what was served.
 */
const makeAttend = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): ((
  fallback: Fallback<Err, A>,
  answer: Promise<E.Either<Err, A>>,
  told: (served: 'Hit' | 'Stale' | undefined) => void,
  waited?: number
) => Promise<E.Either<Err, A>>) => {
  const { clock, policy } = engine
  const { softTimeout, timeout } = policy
  const { usable } = rescue(engine)
  const after = clock.after ?? startTimer
  return (fallback, answer, told, waited = 0) =>
    new Promise((resolve, reject) => {
      const left = (d: D.Duration): D.Duration =>
        d === D.forever ? d : D.milliseconds(Math.max(0, d - waited))
      let waits = true
      const cancels: Array<() => void> = []
      const end = (served: 'Hit' | 'Stale' | undefined): void => {
        waits = false
        cancels.forEach((cancel) => cancel())
        told(served)
      }
      const settle = (value: E.Either<Err, A>, served: 'Hit' | 'Stale' | undefined): void => {
        if (!waits) return
        end(served)
        resolve(value)
      }
      const serveStale = (): void => {
        const stale = usable(fallback)
        if (stale !== undefined) settle(stale, 'Stale')
      }
      if (softTimeout !== undefined) cancels.push(after(left(softTimeout), serveStale)())
      if (timeout !== undefined) {
        const late = (): void => {
          serveStale()
          settle(E.left(new TimeoutError() as Err), undefined) // the proof: `timeout` has TimeoutError in Err
        }
        cancels.push(after(left(timeout), late)())
      }
      answer.then(
        (value) => settle(value, fallback.served),
        (cause: unknown) => {
          if (!waits) return
          end(undefined)
          reject(cause as Error) // what the function threw, as it was
        }
      )
    })
}

/**
 * The cached function itself. A fresh hit in memory is key, `peek`, decode and one resolved promise; a hit in
 * another store is two promises more. The read is part of the flight, so callers of one key share it too.
 */
export const makeLookup = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): ((args: Args) => Promise<E.Either<Err, A>>) => {
  const { clock, emit, execute, fault, flights, key: keyFn, now, observe, policy, reader } = engine
  const { glance, peek = () => undefined } = reader
  const { rescued, staleOf } = rescue(engine)
  const attend = makeAttend(engine)
  const limited = policy.softTimeout !== undefined || policy.timeout !== undefined

  const missed = (
    loading: Loading<Args, Err, A>,
    since: number,
    { mode, waits }: Pick<How, 'mode' | 'waits'>
  ): Promise<E.Either<Err, A>> => {
    const { flight, key } = loading
    // the read may have been detached, or have run beside an update: whoever loads this key now is joined
    const other = flights.current(key)
    const joins = other !== undefined && other !== flight
    // of an entry that may yet be served nobody can say now whether this is a miss
    if (flight.stale === undefined) emit(key, since, { _tag: 'Miss', shared: joins })
    if (joins) {
      flights.release(key, flight)
      return joined(engine, key, other, loading.args)
    }
    flight.since = clock.now()
    return engine.load(loading, { waits, removes: false, mode })
  }

  const found = (
    key: Key,
    args: Args,
    flight: Flight<E.Either<Err, A>>,
    since: number,
    got: E.Either<RingError, Seen<Err, A>>
  ): E.Either<Err, A> | Promise<E.Either<Err, A>> => {
    if (got._tag === 'Left') {
      const error = got.left
      const loading = { key, args, flight, seen: undefined }
      fault(key, since, error)
      if (isInvalid(error)) return missed(loading, since, { waits: true, mode: 'wait' })
      // a write is not waited for where the read has just failed: the caller waits for one timeout at most (law 26)
      if (!policy.strict) return missed(loading, since, { waits: false, mode: 'none' })
      flights.release(key, flight)
      flight.fault = error
      emit(key, since, { _tag: 'Miss', shared: false })
      return E.left(error as Err) // the proof: `strict` has RingError in Err (the policy's type says so)
    }
    const seen = got.right
    const { answer, verdict } = seen
    if (answer === undefined) return missed({ key, args, flight, seen }, since, { waits: true, mode: 'wait' })
    if (verdict !== 'fresh') {
      const decision = engine.decide(key, verdict)
      if (decision.serve !== 'entry') {
        flight.stale = staleOf(seen)
        return missed({ key, args, flight, seen }, since, { waits: true, mode: 'wait' }).then((loaded) =>
          rescued(flight, loaded)
        )
      }
      flights.release(key, flight)
      if (decision.load === 'background') engine.refresh([{ key, args, seen }])
    } else {
      flights.release(key, flight)
    }
    flight.served = verdict === 'fresh' || verdict === 'due' ? 'Hit' : 'Stale'
    if (observe !== undefined) emit(key, since, { _tag: flight.served })
    return answer
  }

  const tellJoined = (key: Key, since: number, served: 'Hit' | 'Stale' | undefined): void =>
    emit(key, since, served === undefined ? { _tag: 'Miss', shared: true } : { _tag: served })

  const join = (
    key: Key,
    args: Args,
    flight: Flight<E.Either<Err, A>>,
    since: number
  ): Promise<E.Either<Err, A>> => {
    const answer = joined(engine, key, flight, args)
    if (limited) return attend(flight, answer, (served) => tellJoined(key, since, served))
    if (observe !== undefined) {
      const tell = (): void => tellJoined(key, since, flight.served)
      void flight.answer.then(tell, tell)
    }
    return answer
  }

  /** The end of a flight as its first caller sees it. */
  const concluded = (
    key: Key,
    flight: Flight<E.Either<Err, A>>,
    since: number
  ): Promise<E.Either<Err, A>> => {
    const tell = (served: 'Hit' | 'Stale' | undefined): void => {
      // of all others it was told when they were found
      if (flight.stale !== undefined)
        emit(key, since, served === 'Stale' ? { _tag: 'Stale' } : { _tag: 'Miss', shared: false })
    }
    if (limited) return attend(flight, flight.answer, tell)
    const told = (): void => tell(flight.served)
    void flight.answer.then(told, told)
    return flight.answer
  }

  const uncached = async (args: Args, error: KeyError, since: number): Promise<E.Either<Err, A>> => {
    fault('', since, error)
    emit('', since, { _tag: 'Miss', shared: false })
    return policy.strict ? E.left(error as Err) : execute(...args)() // the proof: as in `found`
  }

  const concludes = limited || (policy.grace > 0 && observe !== undefined)
  return (args) => {
    const since = now()
    let key: Key
    try {
      key = keyFn(...args)
    } catch (cause) {
      return uncached(args, asKeyError(cause), since)
    }
    const glanced = glance?.(key, args)
    const here = glanced?.verdict === 'fresh' ? glanced.answer : peek(key)
    if (here !== undefined) {
      if (observe !== undefined) emit(key, since, { _tag: 'Hit' })
      return Promise.resolve(here)
    }
    const seen = glanced === undefined ? undefined : E.right(glanced)
    if (glanced?.verdict === 'due' || glanced?.verdict === 'stale')
      return Promise.resolve(found(key, args, newFlight(true, clock.now()), since, E.right(glanced)))
    const under = flights.current(key)
    // a read that is under way may be older than an invalidation in another process, which a ring with leases respects
    if (under?.reads === true && (under.loading || policy.lease === undefined))
      return join(key, args, under, since)
    const flight = newFlight<E.Either<Err, A>>(true, clock.now())
    // while an update holds the key this one only reads: an entry that is there need not wait for it
    if (under === undefined) flights.hold(key, flight)
    const looked = seen === undefined ? reader.look(key, args) : Promise.resolve(seen)
    flight.answer = looked.then((got) => found(key, args, flight, since, got))
    return concludes ? concluded(key, flight, since) : flight.answer
  }
}

/** The flight that will bring what a bulk lookup did not find, and whether somebody else began it. */
interface Sought<Err, A> {
  readonly flight: Flight<E.Either<Err, A>>
  readonly joined: boolean
  /** What was found by this read, where the flight is somebody else's; else the flight. */
  readonly fallback: Fallback<Err, A>
}

/** One bulk read, and the loads of what it lacks, joined with those that are under way. */
export const makeLookupAll = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): ((argsList: ReadonlyArray<Args>) => Promise<E.Either<RingError, ReadonlyArray<E.Either<Err, A>>>>) => {
  const { clock, emit, execute, fault, flights, keyOf, now, observe, policy } = engine
  const { rescued, staleOf } = rescue(engine)
  const attend = makeAttend(engine)
  const limited = policy.softTimeout !== undefined || policy.timeout !== undefined
  const after = clock.after ?? startTimer

  type Wanted = Omit<Loading<Args, Err, A>, 'flight'>

  const seek = (
    missed: ReadonlyMap<Key, Wanted>,
    how: Pick<How, 'mode' | 'waits'>
  ): ReadonlyMap<Key, Sought<Err, A>> => {
    const fresh: Array<Loading<Args, Err, A>> = []
    const sought = new Map<Key, Sought<Err, A>>()
    for (const [key, wanted] of missed) {
      const under = flights.current(key)
      const stale = wanted.seen === undefined ? undefined : staleOf(wanted.seen)
      if (under !== undefined) {
        sought.set(key, { flight: under, joined: true, fallback: { stale, served: undefined } })
        continue
      }
      const flight = newFlight<E.Either<Err, A>>(true, clock.now())
      flight.stale = stale
      fresh.push({ ...wanted, flight })
      sought.set(key, { flight, joined: false, fallback: flight })
    }
    engine.begin(fresh, { ...how, removes: false })
    for (const { flight } of fresh)
      if (flight.stale !== undefined) flight.answer = flight.answer.then((answer) => rescued(flight, answer))
    return sought
  }

  /** A bulk read that takes longer than its caller waits. */
  const inTime = <T>(read: Promise<T>): Promise<T | undefined> =>
    policy.timeout === undefined
      ? read
      : new Promise((resolve, reject) => {
          const cancel = after(policy.timeout as D.Duration, () => resolve(undefined))()
          read.then(resolve, reject).finally(cancel)
        })

  /** Without a key there is no cache. A function that throws rejects. */
  const alone = async (args: Args): Promise<E.Either<Err, A>> => execute(...args)()

  return async (argsList) => {
    const since = now()
    const keys = argsList.map(keyOf)
    const began = clock.now()
    const read = await inTime(engine.lookEach(keys, argsList))
    if (read === undefined) {
      for (const key of keys) emit(E.isLeft(key) ? '' : key.right, since, { _tag: 'Miss', shared: false })
      return E.left(new TimeoutError() as never) // the proof: `timeout` has TimeoutError in X
    }

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

    const sought = seek(missed, {
      waits: failed === undefined,
      mode: failed === undefined ? 'wait' : 'none'
    })
    engine.refresh(Array.from(refreshed.values()))
    const told = new Set<Key>()
    const waits: Array<Promise<void>> = []
    const tell = (key: Key, shared: boolean, served: 'Hit' | 'Stale' | undefined): void =>
      emit(key, since, served === undefined ? { _tag: 'Miss', shared } : { _tag: served })
    /** An answer of a flight, and what is to be told of it: at once, where it is surely a miss. */
    const attended = (
      key: Key,
      { fallback, flight, joined: joins }: Sought<Err, A>,
      shared: boolean,
      args: Args
    ): Promise<E.Either<Err, A>> => {
      const later = joins
        ? joined(engine, key, flight, args).then((loaded) => rescued(fallback, loaded))
        : flight.answer
      if (fallback.stale === undefined) tell(key, shared, undefined)
      const told = (served: 'Hit' | 'Stale' | undefined): void => {
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
          waits.push(answer(i, alone(args)))
        } else if (one === undefined) {
          emit(key.right, since, { _tag: stales.has(key.right) ? 'Stale' : 'Hit' })
        } else {
          waits.push(answer(i, attended(key.right, one, one.joined || told.has(key.right), args)))
          told.add(key.right)
        }
      })
      await Promise.all(waits)
    }
    for (const { flight } of sought.values()) {
      if (policy.strict && flight.fault !== undefined) return E.left(flight.fault)
    }
    const late = answers.find((one) => E.isLeft(one) && one.left instanceof TimeoutError)
    // the proof: as above
    if (limited && late !== undefined && E.isLeft(late)) return E.left(late.left as never)
    return E.right(answers)
  }
}
