/**
 * A load: runs the function for the flights that have a claim, stores what is worth keeping, and frees their keys,
 * whatever goes wrong.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import type { KeyError } from '../RingError'
import { inTime } from '../stores/kit/deadline'
import { type ClaimParts, type Claims, leftOf } from './claim'
import { tooLate } from './errors'
import type { Failures } from './failures'
import { ages, blinds, fails, fromStore, settles, toStore } from './flight'
import type { Claim, How, Loaded, Loading, Ready } from './model'
import { policyError } from './policy'
import { type Ran, type Running, Thrown } from './run'
import type { Lasting, Work } from './work'

/** A load whose function may run. */
type Going<Args extends Arguments, Err, A, R> = Loading<Args, Err, A> & Ready<Err, A, R>

/** The same, or what was thrown, which is not stored. */
type Ended<Args extends Arguments, Err, A, R> = Loaded<Args, Err, A, R> | Thrown

export interface LoadParts<Args extends Arguments, Err, A, R> extends ClaimParts<Args, Err, A, R> {
  readonly work: Work
  /** Whether several keys are loaded in one call. */
  readonly batches: boolean
  readonly failures: Failures<Err, A>
  readonly keyOf: (args: Args) => E.Either<KeyError, Key>
  readonly lasting: Lasting | undefined
  readonly running: Running<Args, Err, A>
  /** Records how long a load took. */
  readonly took: (time: number) => void
}

export interface Load<Args extends Arguments, Err, A, R> {
  /** Runs the function for these flights. `given`: what they need before, if it is there already. */
  readonly each: (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    how: How,
    given?: ReadonlyArray<Ready<Err, A, R>>
  ) => Promise<ReadonlyArray<Ran<Err, A>>>
}

const unheld: Claim<never> = { _tag: 'Unheld' }
const freely: Claim<never> = { _tag: 'Held', token: '', waited: false }
/** With neither a lease nor a tag, there is nothing to wait for. */
const readily: Ready<never, never, never> = { claim: freely, stamps: [] }

/** Whether the arguments still have the same key: the owner of an object among them may change it while a ring waits. */
const unchangedIn =
  <Args extends Arguments>(keyOf: (args: Args) => E.Either<KeyError, Key>) =>
  ({ args, key }: Pick<Loading<Args, unknown, unknown>, 'args' | 'key'>): boolean => {
    const now = keyOf(args)
    return E.isRight(now) && now.right === key
  }

/** Runs the function, keeps the leases alive meanwhile, and records the outcome. */
const makeRun = <Args extends Arguments, Err, A, R>(parts: LoadParts<Args, Err, A, R>) => {
  const { clock, failures, flights, keyOf, policy, running, took } = parts
  const { emit, fault, now } = parts.telling
  const unchanged = unchangedIn(keyOf)

  /** An error is stored if the policy selects it and no entry was found that could be served instead. */
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

  return async (
    loading: ReadonlyArray<Going<Args, Err, A, R>>,
    since: number
  ): Promise<ReadonlyArray<Ended<Args, Err, A, R>>> => {
    for (const one of loading) {
      flights.began(one.flight, !unchanged(one))
    }
    const began = clock.now()
    const answers = await running.all(loading.map(({ args }) => args))
    const ended = clock.now()
    if (answers.some((answer) => !(answer instanceof Thrown) && E.isRight(answer))) took(ended - began)
    return loading.map((one, i) => {
      const { flight, key, stop } = one
      const ran = answers[i] as Ran<Err, A> // SAFETY: every list of arguments has an answer
      const answer = ran instanceof Thrown ? undefined : ran
      stop?.()
      settles(flight, answer)
      emit(key, since, { _tag: 'Load', ok: answer?._tag === 'Right', size: loading.length })
      failures.note(key, ended, answer)
      if (ran instanceof Thrown) return ran
      const keeps = worthKeeping(one, ran)
      if (!keeps) flights.release(flight)
      return { ...one, answer: ran, keeps }
    })
  }
}

/** What follows a run: the writes, and the end of the flights. */
const makeEnd = <Args extends Arguments, Err, A, R>(parts: LoadParts<Args, Err, A, R>) => {
  const { flights, keyOf, leasing, policy, tags } = parts
  const { checkPurged, keep, letGo } = parts.storing
  const { emit, failed } = parts.telling
  const unchanged = unchangedIn(keyOf)

  /** Stores nothing: frees the key and releases the lease. */
  const abandon = async (one: Going<Args, Err, A, R>): Promise<void> => {
    flights.release(one.flight)
    await letGo(one)
    await checkPurged(one)
  }

  /** Stores what is worth keeping, and abandons the rest. */
  const conclude = async (
    loading: ReadonlyArray<Going<Args, Err, A, R>>,
    ended: ReadonlyArray<Ended<Args, Err, A, R>>,
    removes: boolean,
    since: number
  ): Promise<void> => {
    const isKept = (one: Loaded<Args, Err, A, R>): boolean =>
      one.keeps && !one.flight.spoiled && unchanged(one)
    const kept: Array<Loaded<Args, Err, A, R>> = []
    const others: Array<Loaded<Args, Err, A, R>> = []
    for (const one of ended) if (!(one instanceof Thrown)) (isKept(one) ? kept : others).push(one)
    for (const { keeps, key } of others) {
      if (keeps) emit(key, since, { _tag: 'Discard' }) // it is not known to which key the value belongs
    }
    try {
      await Promise.all([
        keep(kept, removes),
        ...others.map(letGo),
        ...loading.filter((_, i) => ended[i] instanceof Thrown).map(abandon)
      ])
      await Promise.all([...kept, ...others].map(checkPurged))
    } finally {
      for (const { flight } of loading) flights.release(flight)
    }
  }

  /** The callers have waited for the write as long as they may: its outcome is unknown to them. */
  const unknown = (loading: ReadonlyArray<Loading<Args, Err, A>>, removes: boolean, since: number): void => {
    for (const { flight, key } of loading) {
      if (removes || policy.strict) fails(flight, failed(key, since, tooLate('set')))
      if (leasing === undefined && tags === undefined) continue
      ages(flight)
      blinds(flight)
      // a joined caller has to look again, and must not join this flight again
      flights.detach(flight)
    }
  }

  return { conclude, unknown }
}

export const makeLoad = <Args extends Arguments, Err, A, R>(
  parts: LoadParts<Args, Err, A, R>,
  { answered, ready }: Claims<Args, Err, A, R>
): Load<Args, Err, A, R> => {
  const { after, budget, clock, flights, lasting, policy, work } = parts
  const run = makeRun(parts)
  const { conclude, unknown } = makeEnd(parts)

  /** Waits for the store as long as the call may; a late operation continues. */
  const waitFor = async <W>(
    waiting: ReadonlyArray<Loading<Args, Err, A>>,
    limit: number,
    promise: Promise<W>,
    late: () => W
  ): Promise<W> => {
    if (budget === D.forever) return promise
    for (const { flight } of waiting) toStore(flight, clock.now())
    const done = await inTime(limit, after, promise, late)
    for (const { flight } of waiting) fromStore(flight, clock.now())
    return done
  }

  const loadThem = async (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    { mode, removes, waits }: How,
    given: ReadonlyArray<Ready<Err, A, R>> | undefined
  ): Promise<ReadonlyArray<Ran<Err, A>>> => {
    const since = parts.telling.now()
    const prepared =
      given ??
      (ready === undefined ? undefined : await Promise.all(loading.map((one) => ready(one, mode, since))))
    const answers = loading.map((one, i) =>
      prepared === undefined ? undefined : answered(one, prepared[i]?.claim ?? unheld)
    )
    const rest = loading.flatMap((one, i) =>
      answers[i] === undefined ? [{ ...one, ...(prepared?.[i] ?? readily) }] : []
    )
    const ended = rest.length === 0 ? [] : await run(rest, since)
    const concluded = conclude(rest, ended, removes, since)
    const limit = rest.reduce((least, { flight }) => Math.min(least, leftOf(flight, budget)), Infinity)
    lasting?.(concluded)
    if (waits) await waitFor(rest, limit, concluded, () => unknown(rest, removes, since))
    let next = 0
    return loading.map(({ flight }, i) => {
      // SAFETY: each one without an answer was loaded
      const one = answers[i] ?? (ended[next++] as Ended<Args, Err, A, R>)
      if (one instanceof Thrown) return one
      const answer = 'answer' in one ? one.answer : one
      // SAFETY: `strict` has RingError in Err (the policy's type says so)
      return policy.strict && E.isRight(answer) && flight.fault !== undefined
        ? E.left(flight.fault as Err)
        : answer
    })
  }

  return {
    each: async (loading, how, given) => {
      work.begin()
      try {
        const loaded = loadThem(loading, how, given)
        lasting?.(loaded)
        return await loaded
      } catch (cause) {
        for (const { flight } of loading) flights.release(flight)
        throw cause
      } finally {
        work.end()
      }
    }
  }
}
