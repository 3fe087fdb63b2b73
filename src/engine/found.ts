/**
 * What `getOrUpdate` does with what its read has found: serve it, load, join another load, or look again.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Verdict } from '../Decision'
import type { Arguments } from '../KeyFn'
import type { RingError } from '../RingError'
import type { Engine } from './engine'
import { isInvalid } from './errors'
import { servedAs } from './find'
import { fails, type Flight, hasRead, keepsStale, restarts, serves } from './flight'
import { again, joined, type Joining, otherThan } from './join'
import { blindly, type How, type Seen } from './model'
import { failedRead, onFound } from './next'

const patiently = { waits: true, mode: 'wait' } as const

/** A call whose read is under way, and when it began, for its events. */
export interface Call<Args extends Arguments, Err, A> extends Joining<Args, Err, A> {
  readonly since: number
}

export const makeFound = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): ((
  call: Call<Args, Err, A>,
  got: E.Either<RingError, Seen<Err, A>>
) => E.Either<Err, A> | Promise<E.Either<Err, A>>) => {
  const { clock, emit, fault, flights, observe, policy, tellMiss, throttles } = engine
  const { rescued, staleOf } = engine
  const otherOf = otherThan(engine)

  /** A read that ends in a load, of its own or of another flight. */
  const missed = (
    { args, flight, key, since }: Call<Args, Err, A>,
    seen: Seen<Err, A> | undefined,
    other: Flight<E.Either<Err, A>> | undefined,
    how: Pick<How, 'mode' | 'waits'>
  ): Promise<E.Either<Err, A>> => {
    const time = clock.now()
    hasRead(flight, time)
    // while an entry may still be served, it is not known whether this is a miss
    if (flight.stale === undefined) tellMiss(key, since, other !== undefined)
    if (other !== undefined) {
      flights.release(flight)
      return joined(engine, { key, args, flight: other }, { spent: flight.spent })
    }
    restarts(flight, time)
    return engine.load({ key, args, flight, seen }, { ...how, removes: false })
  }

  /** An entry that cannot be served at once, but may be served if the load fails. */
  const withFallback = (
    call: Call<Args, Err, A>,
    seen: Seen<Err, A>,
    other: Flight<E.Either<Err, A>> | undefined
  ): Promise<E.Either<Err, A>> => {
    const { flight, key, since } = call
    keepsStale(flight, staleOf(seen))
    if (flight.left) emit(key, since, { _tag: 'Miss', shared: false })
    return missed(call, seen, other, patiently).then((loaded) => rescued(flight, loaded))
  }

  /** An entry that was deleted or written while it was read. */
  const lookAgain = ({ args, flight, key, since }: Call<Args, Err, A>): Promise<E.Either<Err, A>> => {
    flights.release(flight)
    const onSeen = (found: Seen<Err, A> | undefined): void => {
      keepsStale(flight, found === undefined ? undefined : staleOf(found))
      if (flight.stale === undefined || flight.left) emit(key, since, { _tag: 'Miss', shared: false })
    }
    const spent = clock.now() - flight.since
    return again(engine, key, args, { onSeen, spent }).then((loaded) => rescued(flight, loaded))
  }

  const serve = (call: Call<Args, Err, A>, verdict: Verdict, answer: E.Either<Err, A>): E.Either<Err, A> => {
    const { flight, key, since } = call
    const served = servedAs(verdict)
    serves(flight, served)
    if (observe !== undefined) emit(key, since, { _tag: served })
    return answer
  }

  /** The store has failed, or its entry is of another shape. */
  const failed = (
    call: Call<Args, Err, A>,
    error: RingError
  ): E.Either<Err, A> | Promise<E.Either<Err, A>> => {
    const { flight, key, since } = call
    const read = failedRead(isInvalid(error), policy.strict)
    const other = otherOf(key, flight)
    const choice = onFound(read, other.does, false, true)
    if (choice === 'Fail') {
      flights.release(flight)
      fails(flight, error)
      fault(key, since, error)
      emit(key, since, { _tag: 'Miss', shared: false })
      return E.left(error as Err) // SAFETY: `strict` has RingError in Err (the policy's type says so)
    }
    const answer =
      choice === 'LoadBlind'
        ? missed(call, undefined, undefined, blindly)
        : missed(call, undefined, other.flight, patiently)
    // afterwards: an observer may ask for the same key, and joins the load
    fault(key, since, error)
    return answer
  }

  return (call, got) => {
    if (got._tag === 'Left') return failed(call, got.left)
    const { args, flight, key } = call
    const seen = got.right
    const { answer, verdict } = seen
    // hot path: a fresh entry needs no choice
    if (verdict === 'fresh' && answer !== undefined) {
      flights.release(flight)
      return serve(call, verdict, answer)
    }
    const other = otherOf(key, flight)
    if (answer === undefined) return missed(call, seen, other.flight, patiently)
    const choice = onFound(verdict, other.does, throttles(key, verdict), flights.intact(flight))
    switch (choice) {
      case 'Serve':
      case 'ServeAndRefresh':
        flights.release(flight)
        if (choice === 'ServeAndRefresh') engine.refresh([{ key, args, seen }])
        return serve(call, verdict, answer)
      case 'LookAgain':
        return lookAgain(call)
      default:
        return withFallback(call, seen, other.flight)
    }
  }
}
