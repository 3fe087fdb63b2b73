/**
 * A load of one key: what is needed before the function, the function, and what follows it. Whatever goes wrong, the key
 * is freed.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { areFixed } from '../base/fixed'
import { isLater, type Soon } from '../base/soon'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import { freely } from '../policies/model'
import type { KeyError } from '../RingError'
import { inTime } from '../stores/kit/deadline'
import { type ClaimParts, type Claims, leftOf } from './claim'
import { tooLate } from './errors'
import type { Failures } from './failures'
import { ages, blinds, fails, fromStore, settles, toStore } from './flight'
import { type How, type Loaded, type Loading, type Ready } from './model'
import { onRan } from './next'
import { policyError } from './policy'
import { type Ran, type Running, Thrown } from './run'
import type { Storing } from './settle'
import type { Lasting, Work } from './work'

/** A load whose function may run, or has run. */
export type Going<Args extends Arguments, Err, A, R> = Loading<Args, Err, A> & Ready<Err, A, R>

export interface LoadParts<Args extends Arguments, Err, A, R> extends ClaimParts<Args, Err, A, R> {
  readonly work: Work
  /** Whether the store answers at once. */
  readonly atOnce: boolean
  /** Whether several keys are loaded in one call. */
  readonly batches: boolean
  readonly storing: Storing<Args, Err, A, R>
  readonly failures: Failures<Err, A>
  readonly keyOf: (args: Args) => E.Either<KeyError, Key>
  readonly lasting: Lasting | undefined
  readonly running: Running<Args, Err, A>
  /** Records how long a load took. */
  readonly took: (time: number) => void
}

/** With neither a lease nor a tag, there is nothing to wait for. */
export const readily: Ready<never, never, never> = { claim: freely, stamps: [] }
/** Waited for before a function runs, so that its flight has an answer by then. */
export const tick = /*#__PURE__*/ Promise.resolve()

/** How many ticks a caller has to receive its stale entry before the refresh begins. */
const ticksOfAnswer = 8

/** Not `afterJobs`: it waits until no promise job is left, and a caller in a loop of `await`s always leaves one. */
export const afterAnswers = async (): Promise<void> => {
  for (let i = 0; i < ticksOfAnswer; i++) await Promise.resolve()
}

// literals: an object that is spread costs a microsecond

/** A load with what it needs before its function runs. */
export const goingOf = <Args extends Arguments, Err, A, R>(
  { args, flight, key, seen }: Loading<Args, Err, A>,
  { before, claim, stamps, stop }: Ready<Err, A, R>
): Going<Args, Err, A, R> => ({ key, args, flight, seen, claim, stamps, stop, before })

/** A load with its answer. */
export const loadedOf = <Args extends Arguments, Err, A, R>(
  { args, before, claim, flight, key, seen, stamps, stop }: Going<Args, Err, A, R>,
  answer: E.Either<Err, A>
): Loaded<Args, Err, A, R> => ({ key, args, flight, seen, claim, stamps, stop, before, answer })

/** Whether the arguments still have the same key: the owner of an object among them may change it while a ring waits. */
const unchangedIn =
  <Args extends Arguments>(keyOf: (args: Args) => E.Either<KeyError, Key>) =>
  ({ args, key }: Pick<Loading<Args, unknown, unknown>, 'args' | 'key'>): boolean => {
    if (areFixed(args)) return true
    const now = keyOf(args)
    return E.isRight(now) && now.right === key
  }

/** The stages of a load, for one key or for many. */
export interface Stages<Args extends Arguments, Err, A> {
  /** The function of a flight begins to run. */
  readonly begins: (one: Loading<Args, Err, A>, now: number) => void
  /** Records what the function brought, and whether it has succeeded, if it says so itself; returns that. */
  readonly ended: (one: Loading<Args, Err, A>, ran: Ran<Err, A>, led?: Led) => boolean
  /**
   * What becomes of an answer. An error is worth storing if the policy says so, and no entry could be served instead.
   */
  readonly chosen: (loading: Loading<Args, Err, A>, answer: E.Either<Err, A>) => ReturnType<typeof onRan>
  /** The callers have waited for the write as long as they may: its outcome is unknown to them. */
  readonly unknown: (loading: Loading<Args, Err, A>, removes: boolean, since: number) => void
  /** What the callers of a flight receive. */
  readonly finished: (loading: Loading<Args, Err, A>, answer: E.Either<Err, A>) => E.Either<Err, A>
}

export const makeStages = <Args extends Arguments, Err, A, R>(
  parts: LoadParts<Args, Err, A, R>
): Stages<Args, Err, A> => {
  const { clock, failures, flights, keyOf, leasing, policy, tags, took } = parts
  const { failed, fault, now } = parts.telling
  const unchanged = unchangedIn(keyOf)
  const worthKeeping = ({ key, seen }: Loading<Args, Err, A>, answer: E.Either<Err, A>): boolean => {
    if (E.isRight(answer)) return true
    const nothingThere = seen !== undefined && seen.answer === undefined
    try {
      return policy.negative?.when(answer.left) === true && (nothingThere || !failures.excuses(answer))
    } catch (cause) {
      fault(key, now(), policyError(cause))
      return false
    }
  }

  return {
    chosen: (one, answer) => {
      const worth = worthKeeping(one, answer)
      return onRan(worth, worth && !one.flight.spoiled && unchanged(one))
    },
    begins: (one, now) => flights.began(one.flight, !unchanged(one), now),
    ended: ({ flight, key }, ran, led) => {
      const answer = ran instanceof Thrown ? undefined : ran
      const isRight = answer?._tag === 'Right'
      const isOk = led === undefined ? isRight : led.isOk()
      if (policy.ages) {
        const ended = clock.now()
        if (isRight) took(ended - flight.since)
        // an answer that is not stored says nothing of the next one
        if (isRight || !isOk) failures.note(key, ended, answer)
      }
      settles(flight, answer)
      return isOk
    },
    unknown: ({ flight, key }, removes, since) => {
      if (removes || policy.strict) fails(flight, failed(key, since, tooLate('set')))
      if (leasing === undefined && tags === undefined) return
      ages(flight)
      blinds(flight)
      // a joined caller has to look again, and must not join this flight again
      flights.detach(flight)
    },
    // SAFETY: `strict` has RingError in Err (the policy's type says so)
    finished: ({ flight }, answer) =>
      policy.strict && E.isRight(answer) && flight.fault !== undefined ? E.left(flight.fault as Err) : answer
  }
}

/** What runs instead of the ring's function, for a caller that has its own (`seam.ts`). */
export interface Led {
  readonly start: () => unknown
  /** Whether it has succeeded, which an answer that is not stored may have, too. */
  readonly isOk: () => boolean
}

export type Load<Args extends Arguments, Err, A> = (
  one: Loading<Args, Err, A>,
  how: How,
  led?: Led
) => Promise<E.Either<Err, A>>

export const makeLoad = <Args extends Arguments, Err, A, R>(
  parts: LoadParts<Args, Err, A, R>,
  { answered, ready }: Claims<Args, Err, A, R>,
  { begins, chosen, ended, finished, unknown }: Stages<Args, Err, A>
): Load<Args, Err, A> => {
  const { after, budget, clock, flights, lasting, running, work } = parts
  const { checkPurged, keep, letGo } = parts.storing
  const { emit, now, tellLoad } = parts.telling

  const store = (
    one: Going<Args, Err, A, R>,
    answer: E.Either<Err, A>,
    removes: boolean,
    since: number
  ): Soon<void> => {
    const choice = chosen(one, answer)
    if (choice === 'Keep') return keep(loadedOf(one, answer), removes)
    if (choice === 'Discard') emit(one.key, since, { _tag: 'Discard' })
    else flights.release(one.flight)
    return letGo(one)
  }

  /** The end of a flight: it has been stored, or its lease was given back. */
  const end = (one: Going<Args, Err, A, R>, before: Soon<void>): Soon<void> => {
    const release = (): void => flights.release(one.flight)
    // no stage rejects; not `finally`, which takes two ticks more
    const check = (): Soon<void> => {
      const checked = checkPurged(one)
      return isLater(checked) ? checked.then(release, release) : release()
    }
    return isLater(before) ? before.then(check, release) : check()
  }

  /** Waits for the store as long as the call may; a late operation continues. */
  const waitFor = (
    { flight }: Loading<Args, Err, A>,
    promise: Promise<void>,
    late: () => void
  ): Promise<void> => {
    if (budget === D.forever) return promise
    toStore(flight, clock.now())
    return inTime(leftOf(flight, budget), after, promise, late).then(() => fromStore(flight, clock.now()))
  }

  const load: Load<Args, Err, A> = async (loading, { mode, removes, waits }, led) => {
    work.begin()
    const { args, flight } = loading
    try {
      const since = now()
      // a caller that gets a stale entry gets it before the refresh begins
      if (mode === 'try') await afterAnswers()
      // a tick later: a function, tags or an observer that asks its ring for the same key finds an answer to wait for, and
      // no stack grows
      await tick
      const readied = ready === undefined ? readily : ready(loading, mode, since)
      const before = isLater(readied) ? await readied : readied
      const there = answered(loading, before.claim)
      if (there !== undefined) return there
      const one = goingOf(loading, before)
      begins(one, clock.now())
      let ran: Ran<Err, A>
      try {
        ran = running.checked(await (led === undefined ? running.start(args) : led.start()))
      } catch (cause) {
        ran = new Thrown(cause)
      }
      one.stop?.()
      tellLoad(one.key, since, ended(one, ran, led), 1)
      if (ran instanceof Thrown) flights.release(flight)
      const settled = end(one, ran instanceof Thrown ? letGo(one) : store(one, ran, removes, since))
      if (isLater(settled)) {
        lasting?.(settled)
        if (waits) await waitFor(one, settled, () => unknown(one, removes, since))
      }
      if (ran instanceof Thrown) throw ran.cause
      return finished(one, ran)
    } catch (cause) {
      flights.release(flight)
      throw cause
    } finally {
      work.end()
    }
  }
  return load
}
