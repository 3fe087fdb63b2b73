/**
 * What a load needs before its function runs: the lease of its key, and the generations of its tags.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { andThen, isLater, type Soon } from '../base/soon'
import type { Start } from '../base/timer'
import type { Clock } from '../Clock'
import type { Stamp } from '../codecs/envelope'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import { type Asked, type Claim, freely, type Leasing, type Mode } from '../policies/model'
import type { RingError } from '../RingError'
import { inTime } from '../stores/kit/deadline'
import { thrownBy, tooLate } from './errors'
import { isServable, type Reader, servedAs } from './find'
import { ages, blinds, canHurry, fails, type Flight, fromStore, serves, toStore } from './flight'
import type { Flights } from './flights'
import { type How, type Loading, type Ready, type Seen, type Stamps } from './model'
import { onClaim } from './next'
import type { Resolved } from './policy'
import type { Tags } from './tags'
import type { Telling } from './tell'

export interface ClaimParts<Args extends Arguments, Err, A, R> {
  /** How long a call may wait for the store in total. */
  readonly budget: D.Duration
  readonly after: Start<D.Duration>
  readonly clock: Clock
  /** The number of purges that this process has made. */
  readonly epoch: () => number
  readonly flights: Flights<E.Either<Err, A>>
  readonly leasing: Leasing<R> | undefined
  readonly policy: Resolved<Args, Err, A>
  readonly reader: Reader<Args, Err, A>
  readonly tags: Tags<Args> | undefined
  readonly telling: Telling
}

export interface Claims<Args extends Arguments, Err, A, R> {
  /**
   * What is needed before the function runs; `undefined` if nothing is: the ring has neither leases nor tags. It never
   * rejects: what fails is recorded in the flight.
   */
  readonly ready:
    | ((one: Loading<Args, Err, A>, mode: How['mode'], since: number) => Soon<Ready<Err, A, R>>)
    | undefined
  /** The answer of a flight that need not load, because another process has loaded or is loading. */
  readonly answered: (
    loading: Loading<Args, Err, A>,
    claim: Claim<Seen<Err, A>>
  ) => E.Either<Err, A> | undefined
  /** The generations of the tags of some arguments; missing ones are drawn. */
  readonly stampsFor: (
    args: Args,
    found: Stamps | undefined
  ) => Soon<E.Either<RingError, ReadonlyArray<Stamp>>>
  /** Whether another process is known to load a key: then this process does not try to load it in the background. */
  readonly isBusy: (key: Key) => boolean
}

const noStamps: E.Either<never, ReadonlyArray<never>> = /*#__PURE__*/ E.right([])

const unheld: Claim<never> = { _tag: 'Unheld' }

/**
 * Whether an entry that another process has stored makes a load unnecessary. A caller that found nothing takes any
 * entry that may be served. A caller that found an entry that is due, stale or expired takes a fresh one only: any
 * other may be the same entry, read again.
 */
const isAnswer = <Err, A>(before: Seen<Err, A> | undefined, now: Seen<Err, A>): boolean =>
  before?.answer === undefined ? isServable(now) : now.answer !== undefined && now.verdict === 'fresh'

/** A ring without leases asks for none. */
const notAsked: Asked<never> = { claimed: freely, stop: () => undefined }

/** Asks for the lease of a key. */
const asking =
  <Args extends Arguments, Err, A, R>({ budget, clock, leasing, reader }: ClaimParts<Args, Err, A, R>) =>
  ({ args, flight, key, seen }: Loading<Args, Err, A>, mode: Mode): Asked<Seen<Err, A>> =>
    leasing?.ask<Seen<Err, A>>({
      key,
      mode,
      patient: seen?.answer !== undefined,
      beyond: seen?.remaining ?? D.zero,
      limit: leftOf(flight, budget),
      onWait: () => fromStore(flight, clock.now()),
      recheck: () =>
        andThen(reader.look(key, args), (again) =>
          E.isRight(again) && isAnswer(seen, again.right) ? again.right : undefined
        )
    }) ?? notAsked

/** How long a flight may still wait for the store. */
export const leftOf = <A>(flight: Flight<A>, budget: D.Duration): number => Math.max(0, budget - flight.spent)

/** Waits for the store; the time counts for the flight. */
const timed = <A, W>(flight: Flight<A>, { now }: Clock, waiting: Soon<W>): Soon<W> => {
  if (!isLater(waiting)) return waiting
  toStore(flight, now())
  return waiting.then((got) => {
    fromStore(flight, now())
    return got
  })
}

/** Two answers, or what is there of them when a joined caller may wait no longer. */
const firstOf = <A, C, S>(
  flight: Flight<A>,
  claimed: Soon<C>,
  early: Soon<S>
): Promise<readonly [C | undefined, S | undefined]> =>
  new Promise((resolve) => {
    let claim: C | undefined
    let stamps: S | undefined
    let awaited = 2
    const end = (): void => resolve([claim, stamps])
    const one = (): void => {
      awaited--
      if (awaited === 0) end()
    }
    canHurry(flight, end)
    void andThen(claimed, (got) => {
      claim = got
      one()
    })
    void andThen(early, (got) => {
      stamps = got
      one()
    })
  })

export const makeClaims = <Args extends Arguments, Err, A, R>(
  parts: ClaimParts<Args, Err, A, R>
): Claims<Args, Err, A, R> => {
  const { after, budget, clock, epoch, flights, leasing, tags } = parts
  const { failed, fault } = parts.telling
  const ask = asking(parts)

  const stampsFor: Claims<Args, Err, A, R>['stampsFor'] = (args, found) => {
    if (tags === undefined) return noStamps
    try {
      const keys = tags.keysOf(args)
      const stamps: Soon<E.Either<RingError, Stamps>> = found === undefined ? tags.read(keys) : E.right(found)
      return andThen(
        stamps,
        (read): Soon<E.Either<RingError, ReadonlyArray<Stamp>>> =>
          E.isLeft(read) ? read : tags.complete(keys, read.right)
      )
    } catch (cause) {
      return E.left(thrownBy('get')(cause))
    }
  }

  const stamped = (
    { args, flight }: Loading<Args, Err, A>,
    found: Stamps | undefined
  ): ReturnType<typeof stampsFor> =>
    tags === undefined
      ? noStamps
      : inTime(leftOf(flight, budget), after, stampsFor(args, found), () => E.left(tooLate('get')))

  /** Records that the store has failed before the function ran. */
  const blinded = ({ flight }: Loading<Args, Err, A>, error: RingError): void => {
    fails(flight, error)
    blinds(flight)
  }

  type Early = E.Either<RingError, ReadonlyArray<Stamp>>

  /** The claim and the generations, unless a caller that has joined may wait no longer. */
  const both = (
    one: Loading<Args, Err, A>,
    claimed: Soon<Claim<Seen<Err, A>>>
  ): Soon<readonly [Claim<Seen<Err, A>> | undefined, Early | undefined]> => {
    const { flight, seen } = one
    const before = seen?.stamps !== undefined && flight.epoch === epoch() ? seen.stamps : undefined
    const early = stamped(one, before)
    if (!isLater(claimed) && !isLater(early)) return [claimed, early]
    const first = firstOf(flight, claimed, early)
    toStore(flight, clock.now()) // now that it can be hurried
    return first
  }

  const ready: NonNullable<Claims<Args, Err, A, R>['ready']> = (one, mode, since) => {
    const { flight, key } = one
    if (mode === 'none') {
      blinds(flight)
      return { claim: unheld, stamps: undefined }
    }
    const asked = ask(one, mode)
    return andThen(both(one, asked.claimed), ([had, drawn]): Soon<Ready<Err, A, R>> => {
      if (flight.waits !== undefined) fromStore(flight, clock.now())
      canHurry(flight, undefined)
      if (had === undefined) leasing?.giveBack(key, asked)
      const claim: Claim<Seen<Err, A>> = had ?? {
        _tag: 'Unheld',
        fault: tooLate(mode === 'seize' ? 'seize' : 'acquire')
      }
      if (claim._tag === 'Unheld' && claim.fault !== undefined) blinded(one, failed(key, since, claim.fault))
      const late = claim._tag === 'Held' && claim.waited && tags !== undefined
      const found = late ? timed(flight, clock, stamped(one, undefined)) : drawn ?? E.left(tooLate('get'))
      return andThen(found, (stamps): Ready<Err, A, R> => {
        if (E.isLeft(stamps)) {
          fault(key, since, stamps.left)
          blinded(one, stamps.left)
        }
        return {
          claim,
          stop: asked.stop(),
          stamps: E.isLeft(stamps) ? undefined : stamps.right,
          before: mode === 'seize' ? leasing?.entryOf(key) : undefined
        }
      })
    })
  }

  return {
    ready: leasing === undefined && tags === undefined ? undefined : ready,
    stampsFor,
    isBusy: (key) => leasing?.isBusy(key) === true,
    answered: ({ flight, seen }, claim) => {
      const found = claim._tag === 'Served' ? claim.seen : seen
      if (onClaim(claim._tag, found?.answer !== undefined) === 'Run' || found?.answer === undefined)
        return undefined
      serves(flight, servedAs(found.verdict))
      // it was read before now: a caller that joined may have called after another process deleted it, so it looks again
      if (flight.shared) ages(flight)
      flights.release(flight)
      return found.answer
    }
  }
}
