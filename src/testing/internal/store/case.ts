/**
 * What the laws of a store ask its author, and what they make of it.
 *
 * @internal
 */
import * as fc from 'fast-check'

import * as D from '../../../Duration'
import type { Store } from '../../../Store'
import type { StoreLawsOptions } from '../../storeLaws'
import { same } from '../same'
import { type Looking, looking, run } from '../words'

/** A store under test, with what is known of it. */
export interface Case<R> {
  readonly store: Store<R>
  readonly values: fc.Arbitrary<R>
  readonly extremes: ReadonlyArray<R>
  readonly equals: (a: R, b: R) => boolean
  readonly keeps: boolean
  readonly lifetime: boolean
  /** It tells what is left of a lifetime. */
  readonly tells: boolean
  readonly clears: boolean
  /** So many entries it holds at least, when it is told so many. */
  readonly max: number
  readonly leases: boolean
  /** Time costs nothing. */
  readonly instant: boolean
  readonly granularity: number
  readonly tolerance: number
  /** So many milliseconds pass. */
  readonly wait: (ms: number) => Promise<void>
  readonly check: Looking
}

/** By how much a real clock may run on between two operations. */
const unhurried = D.seconds(5)

const really = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export const caseOf = <R, B>(store: Store<R, B>, options: StoreLawsOptions<R, B>): Case<R> => {
  const { clock, eq, seed } = options
  return {
    store,
    values: options.values,
    extremes: options.extremes ?? [],
    equals: eq === undefined ? same : (a, b) => eq.equals(a, b),
    keeps: options.keeps ?? true,
    lifetime: options.lifetime !== false,
    tells: options.lifetime !== 'hidden',
    clears: options.clears ?? true,
    max: options.max ?? Infinity,
    leases: options.leases ?? false,
    instant: clock !== undefined,
    granularity: options.granularity ?? 0,
    tolerance: options.tolerance ?? (clock === undefined ? unhurried : 1),
    wait: clock === undefined ? really : (ms) => clock.pass(D.milliseconds(ms))(),
    check: looking(options.numRuns ?? (clock === undefined ? 30 : 200), seed)
  }
}

// -------------------------------------------------------------------------------------
// lifetimes
// -------------------------------------------------------------------------------------

export const minute = D.minutes(1)

/** Lifetimes that have broken caches: longer than a timer takes, longer than memcached's 30 days, the longest. */
export const longLives: ReadonlyArray<D.Duration> = [
  D.milliseconds(2 ** 31 + 5),
  D.milliseconds(2 ** 32 + 5),
  D.days(31),
  D.days(3_660)
]

/**
 * For random programs whose waits cost nothing. None of them is over after a sum of those waits, as in its last
 * millisecond an entry may be there or not. A store that counts coarser than that has none.
 */
export const shortLives = <R>(c: Case<R>): ReadonlyArray<D.Duration> =>
  c.instant && c.granularity === 0 ? [110, 210, 310].map(D.milliseconds) : []

export const waits: ReadonlyArray<number> = [50, 150, 250]

/** A long life, or as near to it as the store can keep. */
export const longest = <R>(c: Case<R>): D.Duration => (c.lifetime ? minute : D.forever)

export const livesOf = <R>(c: Case<R>): ReadonlyArray<D.Duration> =>
  c.lifetime ? [D.seconds(30), D.hours(1), ...longLives, D.forever] : [D.forever]

/**
 * A life that is soon over, and how long to wait until it is: for stores that count coarsely both are longer. Where
 * time is made for the test, a millisecond more than that life is enough.
 */
export const soonOver = <R>(c: Case<R>): { readonly life: D.Duration; readonly wait: number } => ({
  life: D.milliseconds(400 + 2 * c.granularity),
  wait: c.instant && c.granularity === 0 ? 401 : 600 + 3 * c.granularity
})

/** Begins to count. Says whether what is given that life from now on has to be there still. */
export const isEarly = <R>(c: Case<R>, life: number): (() => boolean) => {
  const begun = performance.now()
  return () => c.instant || performance.now() - begun < life - c.granularity
}

// -------------------------------------------------------------------------------------
// answers
// -------------------------------------------------------------------------------------

/** Whether `remaining` is what a clock that runs on, and counts as it does, may have left of `ttl`. */
export const isLeft = <R>(c: Case<R>, remaining: number, ttl: number): boolean =>
  ttl === Infinity || !c.lifetime
    ? remaining === Infinity
    : remaining <= ttl + c.granularity && remaining >= ttl - c.granularity - c.tolerance

/** Whether a store that counts coarsely may take either of two durations for the longer one. */
export const isNear = <R>(c: Case<R>, a: number, b: number): boolean =>
  c.granularity > 0 && Math.abs(a - b) <= c.granularity

export const sampled = <R>(c: Case<R>, count: number): ReadonlyArray<R> =>
  fc.sample(c.values, { numRuns: count, seed: 1_789 })

// the proof: `fc.sample` gives as many as it was asked for
export const two = <R>(c: Case<R>): readonly [R, R] => sampled(c, 2) as unknown as readonly [R, R]

/** So many entries, or as many as the store holds. */
export const atMost = <R>(c: Case<R>, count: number): number => Math.min(count, c.max)

/** Removes what a law has stored: all of its prefix, or those keys from a store that cannot clear. */
export const tidy = <R>(c: Case<R>, prefix: string, keys: ReadonlyArray<string>): Promise<void> =>
  c.clears ? run('clear', c.store.clear(prefix)) : run('deleteMany', c.store.deleteMany(keys))

/** A law of a store, by its name. */
export type StoreLaw = <R>(c: Case<R>) => Promise<void>

export type StoreLaws = Readonly<Record<string, StoreLaw>>
