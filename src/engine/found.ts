/**
 * What `getOrUpdate` does with what its read has found: serve it, load, join another load, or look again.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Arguments } from '../KeyFn'
import type { RingError } from '../RingError'
import type { Engine } from './engine'
import { isInvalid } from './errors'
import { servedAs } from './find'
import { fails, hasRead, keepsStale, restarts, serves } from './flight'
import { again, joinableFor, joined, type Joining, rescue } from './join'
import type { How, Loading, Seen } from './model'

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
  const { clock, emit, fault, flights, observe, policy, tellMiss } = engine
  const { rescued, staleOf } = rescue(engine)
  const isJoinable = joinableFor(engine)

  const missed = (
    { args, flight, key, since }: Call<Args, Err, A>,
    seen: Loading<Args, Err, A>['seen'],
    { mode, waits }: Pick<How, 'mode' | 'waits'>
  ): Promise<E.Either<Err, A>> => {
    // the read may have been detached, or have run at the same time as an update: join the load of this key that is
    // under way now
    const other = flights.current(key)
    const joins = other !== flight && isJoinable(other)
    const time = clock.now()
    hasRead(flight, time)
    // while an entry may still be served, it is not known whether this is a miss
    if (flight.stale === undefined) tellMiss(key, since, joins)
    if (joins) {
      flights.release(flight)
      return joined(engine, { key, args, flight: other }, { spent: flight.spent })
    }
    restarts(flight, time)
    return engine.load({ key, args, flight, seen }, { waits, removes: false, mode })
  }

  /** The store has failed, or its entry is of another shape. */
  const failed = (
    call: Call<Args, Err, A>,
    error: RingError
  ): E.Either<Err, A> | Promise<E.Either<Err, A>> => {
    const { flight, key, since } = call
    fault(key, since, error)
    if (isInvalid(error)) return missed(call, undefined, { waits: true, mode: 'wait' })
    // if the read has just failed, do not wait for the write: the caller waits for one timeout at most (law 26)
    if (!policy.strict) return missed(call, undefined, { waits: false, mode: 'none' })
    flights.release(flight)
    fails(flight, error)
    emit(key, since, { _tag: 'Miss', shared: false })
    return E.left(error as Err) // SAFETY: `strict` has RingError in Err (the policy's type says so)
  }

  /** An entry that cannot be served at once, but may be served if the load fails. */
  const expired = (call: Call<Args, Err, A>, seen: Seen<Err, A>): Promise<E.Either<Err, A>> => {
    const { args, flight, key, since } = call
    // an entry that was deleted or written while it was read cannot be a fallback for joined callers
    if (!flights.intact(flight) && !isJoinable(flights.current(key))) {
      flights.release(flight)
      const onSeen = (found: Seen<Err, A> | undefined): void => {
        keepsStale(flight, found === undefined ? undefined : staleOf(found))
        if (flight.stale === undefined || flight.left) emit(key, since, { _tag: 'Miss', shared: false })
      }
      const spent = clock.now() - flight.since
      return again(engine, key, args, { onSeen, spent }).then((loaded) => rescued(flight, loaded))
    }
    keepsStale(flight, staleOf(seen))
    if (flight.left) emit(key, since, { _tag: 'Miss', shared: false })
    return missed(call, seen, { waits: true, mode: 'wait' }).then((loaded) => rescued(flight, loaded))
  }

  return (call, got) => {
    if (got._tag === 'Left') return failed(call, got.left)
    const { args, flight, key, since } = call
    const seen = got.right
    const { answer, verdict } = seen
    if (answer === undefined) return missed(call, seen, { waits: true, mode: 'wait' })
    // hot path: a fresh entry needs no decision
    const decision = verdict === 'fresh' ? undefined : engine.decide(key, verdict)
    if (decision !== undefined && decision.serve !== 'entry') return expired(call, seen)
    flights.release(flight)
    if (decision?.load === 'background') engine.refresh([{ key, args, seen }])
    const served = servedAs(verdict)
    serves(flight, served)
    if (observe !== undefined) emit(key, since, { _tag: served })
    return answer
  }
}
