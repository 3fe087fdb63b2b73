/**
 * `getOrUpdate`: look, decide, and load if necessary.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import type { KeyError, RingError } from '../RingError'
import type { Engine } from './engine'
import { asKeyError, isInvalid } from './errors'
import { servedAs } from './find'
import { newFlight } from './flights'
import { again, type Fallback, joinableFor, joined, makeAttend, noFallback, rescue } from './join'
import type { Flight, How, Loading, Seen } from './model'

/**
 * The cached function itself. A fresh hit in memory costs key, `peek`, decode and one resolved promise; a hit in
 * another store costs two promises more. The read is part of the flight, so callers of one key share it too.
 */
export const makeLookup = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): ((args: Args) => Promise<E.Either<Err, A>>) => {
  const { clock, emit, fault, flights, key: keyFn, now, observe, policy, reader, running, tended } = engine
  const { glance, peek = () => undefined } = reader
  const { rescued, staleOf } = rescue(engine)
  const isJoinable = joinableFor(engine)
  const attend = makeAttend(engine)
  const { limited } = policy

  const missed = (
    loading: Loading<Args, Err, A>,
    since: number,
    { mode, waits }: Pick<How, 'mode' | 'waits'>
  ): Promise<E.Either<Err, A>> => {
    const { flight, key } = loading
    // the read may have been detached, or have run at the same time as an update: join the load of this key that is
    // under way now
    const other = flights.current(key)
    const joins = other !== flight && isJoinable(other)
    const time = clock.now()
    flight.spent += time - flight.since
    // while an entry may still be served, it is not known whether this is a miss
    if (flight.stale === undefined) emit(key, since, { _tag: 'Miss', shared: joins })
    if (joins) {
      flights.release(key, flight)
      return joined(engine, key, other, loading.args, { spent: flight.spent })
    }
    flight.since = time
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
      // if the read has just failed, do not wait for the write: the caller waits for one timeout at most (law 26)
      if (!policy.strict) return missed(loading, since, { waits: false, mode: 'none' })
      flights.release(key, flight)
      flight.fault = error
      emit(key, since, { _tag: 'Miss', shared: false })
      return E.left(error as Err) // SAFETY: `strict` has RingError in Err (the policy's type says so)
    }
    const seen = got.right
    const { answer, verdict } = seen
    if (answer === undefined) return missed({ key, args, flight, seen }, since, { waits: true, mode: 'wait' })
    // hot path: a fresh entry needs no decision
    const decision = verdict === 'fresh' ? undefined : engine.decide(key, verdict)
    if (decision !== undefined && decision.serve !== 'entry') {
      // an entry that was deleted or written while it was read cannot be a fallback for joined callers
      if (!flights.intact(key, flight) && !isJoinable(flights.current(key))) {
        flights.release(key, flight)
        const onSeen = (found: Seen<Err, A> | undefined): void => {
          flight.stale = found === undefined ? undefined : staleOf(found)
          if (flight.stale === undefined || flight.left) emit(key, since, { _tag: 'Miss', shared: false })
        }
        const spent = clock.now() - flight.since
        return again(engine, key, args, { onSeen, spent }).then((loaded) => rescued(flight, loaded))
      }
      flight.stale = staleOf(seen)
      if (flight.left) emit(key, since, { _tag: 'Miss', shared: false })
      return missed({ key, args, flight, seen }, since, { waits: true, mode: 'wait' }).then((loaded) =>
        rescued(flight, loaded)
      )
    }
    flights.release(key, flight)
    if (decision?.load === 'background') engine.refresh([{ key, args, seen }])
    flight.served = servedAs(verdict)
    if (observe !== undefined) emit(key, since, { _tag: flight.served })
    return answer
  }

  const tellJoined = (key: Key, since: number, served: 'Hit' | 'Stale' | undefined): void =>
    emit(key, since, served === undefined ? { _tag: 'Miss', shared: true } : { _tag: served })

  /** Another process may have deleted, before this call, what the flight found: a ring with leases looks again. */
  const fallbackOf = (
    key: Key,
    args: Args,
    flight: Flight<E.Either<Err, A>>,
    glanced: Seen<Err, A> | undefined
  ): Fallback<Err, A> => {
    if (glanced !== undefined) return { ...noFallback(), stale: staleOf(glanced) }
    if (policy.lease === undefined || policy.grace === D.zero || !limited) return flight
    const own: Fallback<Err, A> = { ...noFallback(), loading: false }
    void reader.look(key, args).then((got) => {
      own.loading = true
      if (E.isLeft(got) || got.right.answer === undefined) return
      // another process may have stored a new entry meanwhile
      own.stale = staleOf(got.right) ?? { answer: got.right.answer, until: Infinity }
    })
    return own
  }

  const join = (
    key: Key,
    args: Args,
    flight: Flight<E.Either<Err, A>>,
    since: number,
    glanced: Seen<Err, A> | undefined
  ): Promise<E.Either<Err, A>> => {
    const answer = joined(engine, key, flight, args)
    if (policy.grace > 0 || limited) {
      const fallback = fallbackOf(key, args, flight, glanced)
      const own = fallback === flight ? answer : answer.then((loaded) => rescued(fallback, loaded))
      return attend(fallback, own, (served) => tellJoined(key, since, served ?? flight.served))
    }
    if (observe !== undefined) {
      const tell = (): void => tellJoined(key, since, flight.served)
      void flight.answer.then(tell, tell)
    }
    return answer
  }

  /** The end of a flight, as its first caller sees it. */
  const concluded = (
    key: Key,
    flight: Flight<E.Either<Err, A>>,
    since: number
  ): Promise<E.Either<Err, A>> => {
    const tell = (served: 'Hit' | 'Stale' | undefined): void => {
      // for all others this is reported when they are found
      if (flight.stale === undefined) flight.left = true
      else emit(key, since, served === 'Stale' ? { _tag: 'Stale' } : { _tag: 'Miss', shared: false })
    }
    if (limited) return attend(flight, flight.answer, tell)
    const told = (): void => tell(flight.served)
    void flight.answer.then(told, told)
    return flight.answer
  }

  const uncached = (args: Args, error: KeyError, since: number): Promise<E.Either<Err, A>> => {
    fault('', since, error)
    emit('', since, { _tag: 'Miss', shared: false })
    if (policy.strict) return Promise.resolve(E.left(error as Err)) // SAFETY: as in `found`
    const answer = Promise.resolve().then(() => running.one(args))
    return limited ? attend(noFallback(), answer, () => undefined) : answer
  }

  const { during: tend } = tended

  const concludes = limited || (policy.grace > 0 && observe !== undefined)
  return (args) => {
    const since = now()
    let key: Key
    try {
      key = keyFn(...args)
    } catch (cause) {
      return tend(uncached(args, asKeyError(cause), since))
    }
    const glanced = glance?.(key, args)
    const here = glanced?.verdict === 'fresh' ? glanced.answer : peek(key)
    if (here !== undefined) {
      if (observe !== undefined) emit(key, since, { _tag: 'Hit' })
      return Promise.resolve(here)
    }
    const seen = glanced === undefined ? undefined : E.right(glanced)
    if (seen !== undefined && (glanced?.verdict === 'due' || glanced?.verdict === 'stale'))
      return tend(Promise.resolve(found(key, args, newFlight(true, clock.now()), since, seen)))
    const under = flights.current(key)
    if (under?.reads === true && isJoinable(under)) return tend(join(key, args, under, since, glanced))
    const flight = newFlight<E.Either<Err, A>>(true, clock.now())
    // while an update holds the key, this call only reads: an existing entry need not wait for the update
    if (under === undefined) flights.hold(key, flight)
    else flights.watch(key, flight)
    const looked = seen === undefined ? reader.look(key, args) : Promise.resolve(seen)
    flight.answer = looked.then((got) => found(key, args, flight, since, got))
    return tend(concludes ? concluded(key, flight, since) : flight.answer)
  }
}
