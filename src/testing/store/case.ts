/**
 * A store under test, as the laws use it.
 *
 * @internal
 */
import * as fc from 'fast-check'

import { pause } from '../../base/timer'
import * as D from '../../Duration'
import type { Store } from '../../Store'
import { same } from '../words/same'
import { type Looking, looking, run } from '../words/words'
import type { StoreLawsOptions } from './options'

/** A store under test, with its properties. */
export interface Case<R> {
  readonly store: Store<R>
  readonly values: fc.Arbitrary<R>
  readonly extremes: ReadonlyArray<R>
  readonly equals: (a: R, b: R) => boolean
  readonly keeps: boolean
  readonly lifetime: boolean
  /** Whether it returns remaining lifetimes. */
  readonly tells: boolean
  readonly clears: boolean
  /** How many entries it holds at least, if it is bounded. */
  readonly max: number
  readonly leases: boolean
  /** Whether waiting costs no time. */
  readonly instant: boolean
  readonly granularity: number
  readonly tolerance: number
  /** Waits this many milliseconds. */
  readonly wait: (ms: number) => Promise<void>
  readonly check: Looking
}

/** By how much the clock of a backend may differ from that of the test between two operations. */
const unhurried = D.seconds(5)

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
    wait: clock === undefined ? pause : (ms) => clock.pass(D.milliseconds(ms))(),
    check: looking(options.numRuns ?? (clock === undefined ? 30 : 200), seed)
  }
}

// -------------------------------------------------------------------------------------
// lifetimes
// -------------------------------------------------------------------------------------

export const minute = D.minutes(1)

/** Lifetimes that have broken caches: longer than the longest timer, longer than memcached's 30 days, the longest. */
export const longLives: ReadonlyArray<D.Duration> = [
  D.milliseconds(2 ** 31 + 5),
  D.milliseconds(2 ** 32 + 5),
  D.days(31),
  D.days(3_660)
]

/**
 * For random programs whose waits cost no time. No sum of those waits equals one of these lifetimes, as an entry may or
 * may not exist in its last millisecond. A store with a coarser clock has none.
 */
export const shortLives = <R>(c: Case<R>): ReadonlyArray<D.Duration> =>
  c.instant && c.granularity === 0 ? [110, 210, 310].map(D.milliseconds) : []

export const waits: ReadonlyArray<number> = [50, 150, 250]

/** A lifetime that no law outlasts on a slow machine, or the nearest that the store can keep. */
export const longest = <R>(c: Case<R>): D.Duration => (c.lifetime ? D.hours(1) : D.forever)

export const livesOf = <R>(c: Case<R>): ReadonlyArray<D.Duration> =>
  c.lifetime ? [D.seconds(30), D.hours(1), ...longLives, D.forever] : [D.forever]

/**
 * A short lifetime, and how long to wait until it has ended: both are longer for stores with a coarse clock. With a
 * clock for tests, one millisecond more than the lifetime is enough.
 */
export const soonOver = <R>(c: Case<R>): { readonly life: D.Duration; readonly wait: number } => ({
  life: D.milliseconds(400 + 2 * c.granularity),
  wait: c.instant && c.granularity === 0 ? 401 : 600 + 3 * c.granularity
})

/** Starts counting. Returns whether an entry with this lifetime from now on must still exist. */
export const isEarly = <R>(c: Case<R>, life: number): (() => boolean) => {
  const begun = performance.now()
  return () => c.instant || performance.now() - begun < life - c.granularity
}

// -------------------------------------------------------------------------------------
// answers
// -------------------------------------------------------------------------------------

/**
 * The allowed remaining lifetime. Only `counting` creates it, so that every law allows for the time that has passed.
 */
export interface Left {
  readonly most: number
  /** The minimum as of now: it falls with the time since the start. */
  readonly least: () => number
}

/**
 * Starts counting: call it before the write, and its result for each lifetime that the write begins. `waited` is the
 * part of that lifetime that the law itself has waited since; with a clock for tests, no other time passes.
 */
export const counting = <R>(c: Case<R>): ((ttl: number, waited?: number) => Left) => {
  const begun = performance.now()
  return (ttl, waited = 0) => ({
    most: ttl - waited,
    least: () => ttl - (c.instant ? waited : Math.max(waited, performance.now() - begun))
  })
}

/** Whether a store with this granularity may return `remaining`. */
export const isLeft = <R>(c: Case<R>, remaining: number, { least, most }: Left): boolean =>
  most === Infinity || !c.lifetime
    ? remaining === Infinity
    : remaining <= most + c.granularity && remaining >= least() - c.granularity - c.tolerance

/** Whether a store with a coarse clock may treat either of two durations as the longer one. */
export const isNear = <R>(c: Case<R>, a: number, b: number): boolean =>
  c.granularity > 0 && Math.abs(a - b) <= c.granularity

export const sampled = <R>(c: Case<R>, count: number): ReadonlyArray<R> =>
  fc.sample(c.values, { numRuns: count, seed: 1_789 })

// SAFETY: `fc.sample` returns the requested number
export const two = <R>(c: Case<R>): readonly [R, R] => sampled(c, 2) as unknown as readonly [R, R]

/** This many entries, or as many as the store holds. */
export const atMost = <R>(c: Case<R>, count: number): number => Math.min(count, c.max)

/** Removes the entries of a law: all of its prefix, or these keys in a store that cannot clear. */
export const tidy = <R>(c: Case<R>, prefix: string, keys: ReadonlyArray<string>): Promise<void> =>
  c.clears ? run('clear', c.store.clear(prefix)) : run('deleteMany', c.store.deleteMany(keys))

/** A law of a store. */
export type StoreLaw = <R>(c: Case<R>) => Promise<void>

export type StoreLaws = Readonly<Record<string, StoreLaw>>
