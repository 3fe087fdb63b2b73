/**
 * `getOrUpdate`: look, decide, and load if necessary.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { areFixed } from '../base/fixed'
import { asPromise, isLater, type Soon } from '../base/soon'
import type { Arguments, Key } from '../KeyFn'
import type { KeyError, RingError } from '../RingError'
import type { Engine } from './engine'
import { asKeyError } from './errors'
import { answers, doing, firms, type Flight, newFallback, newFlight } from './flight'
import { makeFound } from './found'
import type { How, Seen } from './model'
import { onArrival } from './next'
import { makeWaits } from './waits'

const plainly: How = { waits: true, removes: false, mode: 'wait' }

/** Whether a read has ended, and has found nothing. */
const isMissing = <Err, A>(
  looked: Soon<E.Either<RingError, Seen<Err, A>>> | undefined
): looked is E.Right<Seen<Err, A>> =>
  looked !== undefined && !isLater(looked) && looked._tag === 'Right' && looked.right.answer === undefined

/** Gives a flight its answer before that is computed: an observer that is told of a fault may ask for the same key. */
const promised = <A>(flight: Flight<A>, answer: () => A | Promise<A>): Promise<A> => {
  let resolve: (answer: A | Promise<A>) => void = () => undefined
  const promise = answers(
    flight,
    new Promise<A>((set) => {
      resolve = set
    })
  )
  resolve(answer())
  return promise
}

/**
 * The cached function itself. A fresh hit in memory costs key, `peek`, decode and one resolved promise; a hit in
 * another store costs two promises more. The read is part of the flight, so callers of one key share it, too, in a ring without leases and tags.
 */
export const makeLookup = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): ((args: Args) => Promise<E.Either<Err, A>>) => {
  const { clock, emit, fault, flights, keyOfList, load, now, observe } = engine
  const { policy, reader, running, stock, tellMiss, tellRead, tend } = engine
  const { glance, peek } = reader
  const { attend, others } = engine
  const found = makeFound(engine)
  const { concluded, join } = makeWaits(engine)
  const { limited } = policy

  const uncached = (args: Args, error: KeyError, since: number): Promise<E.Either<Err, A>> => {
    fault('', since, error)
    emit('', since, { _tag: 'Miss', shared: false })
    if (policy.strict) return Promise.resolve(E.left(error as Err)) // SAFETY: `strict` has RingError in Err
    const answer = Promise.resolve().then(() => running.one(args))
    return limited ? attend(newFallback(), answer, () => undefined) : answer
  }

  const concludes = limited || (policy.grace > 0 && observe !== undefined)

  /** A call whose entry is not in this process's memory, or is not certainly fresh. */
  const seek = (key: Key, args: Args, since: number): Promise<E.Either<Err, A>> => {
    const glanced = glance?.(key, args)
    if (glanced?.verdict === 'fresh' && glanced.answer !== undefined) {
      tellRead('Hit', key, since)
      return Promise.resolve(glanced.answer)
    }
    const seen = glanced === undefined ? undefined : E.right(glanced)
    if (seen !== undefined && (glanced?.verdict === 'due' || glanced?.verdict === 'stale'))
      return tend(asPromise(found({ key, args, flight: newFlight(key, true, clock.now()), since }, seen)))
    const under = flights.current(key)
    const arrival = onArrival(doing(under), others)
    if (arrival === 'Join' && under !== undefined)
      return tend(join({ key, args, flight: under, since }, glanced))
    const flight = newFlight<E.Either<Err, A>>(key, true, clock.now())
    if (areFixed(args)) firms(flight)
    const looked = seen ?? (stock.atOnce ? reader.look(key, args) : undefined)
    if (arrival === 'Hold' && isMissing(looked)) {
      // a read in memory takes no time, so nobody can have met it
      const loaded = answers(flight, load({ key, args, flight, seen: looked.right }, plainly))
      tellMiss(key, since, false) // afterwards: an observer may ask for the same key
      return tend(concludes ? concluded({ key, args, flight, since }) : loaded)
    }
    if (arrival === 'Hold') flights.hold(flight)
    else flights.watch(flight)
    const call = { key, args, flight, since }
    const read = looked ?? reader.look(key, args)
    const answer = isLater(read)
      ? answers(
          flight,
          read.then((got) => found(call, got))
        )
      : promised(flight, () => found(call, read))
    return tend(concludes ? concluded(call) : answer)
  }
  const keyless = (args: Args, cause: unknown): Promise<E.Either<Err, A>> =>
    tend(uncached(args, asKeyError(cause), now()))

  // the way in: a text for each kind of ring, so that the hits of one do not run through the code of the others
  if (peek === undefined)
    return (args) => {
      const since = now()
      let key: Key
      try {
        key = keyOfList(args)
      } catch (cause) {
        return keyless(args, cause)
      }
      return seek(key, args, since)
    }
  if (observe === undefined)
    return (args) => {
      let key: Key
      try {
        key = keyOfList(args)
      } catch (cause) {
        return keyless(args, cause)
      }
      const here = peek(key)
      return here === undefined ? seek(key, args, 0) : Promise.resolve(here)
    }
  return (args) => {
    const since = now()
    let key: Key
    try {
      key = keyOfList(args)
    } catch (cause) {
      return keyless(args, cause)
    }
    const here = peek(key)
    if (here === undefined) return seek(key, args, since)
    tellRead('Hit', key, since)
    return Promise.resolve(here)
  }
}
