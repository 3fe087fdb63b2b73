/**
 * The laws of a store, for any store: a `Map` keeps the same ones as a cluster of servers.
 *
 * Laws:
 *
 * - law 2, 10, 11, 12, 13, 17, 18, 22, 25, 26, 31, 35 of `docs/laws.md`, as far as they are a store's; those of leases (22
 *   and 25) where the store has some.
 *
 * @since 0.1.0
 */
import type * as fc from 'fast-check'
import type { Eq } from 'fp-ts/Eq'

import type { Duration } from '../Duration'
import type { Store } from '../Store'
import type { TestClock } from './clock'
import { bulk } from './internal/store/bulk'
import { type Case, caseOf, type StoreLaws } from './internal/store/case'
import { clear, clearless } from './internal/store/clear'
import { broken, capabilities, hung } from './internal/store/failures'
import { leases } from './internal/store/leases'
import { leaseWrites } from './internal/store/leaseWrites'
import { aging, expiry, lifetimeless, lifetimes } from './internal/store/lifetimes'
import { random } from './internal/store/random'
import { single } from './internal/store/single'
import { values } from './internal/store/values'
import type { Laws } from './law'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * What the laws have to know of a store. All but `values` may be left out: the store then keeps what it is told, each
 * for its lifetime, to the millisecond, by a real clock, and has no leases.
 *
 * @category model
 * @since 0.1.0
 */
export interface StoreLawsOptions<R, B = unknown> {
  /** The values that the store takes; `undefined` too where it is one. */
  readonly values: fc.Arbitrary<R>
  /** Values that random ones hardly ever are: empty, of one byte, of a megabyte. */
  readonly extremes?: ReadonlyArray<R>
  /** When two values are the same (default: deep equality, of `Buffer`s and `Uint8Array`s by their bytes). */
  readonly eq?: Eq<R>
  /** Whether it keeps anything (default: yes). A store that does nothing obeys the rest. */
  readonly keeps?: boolean
  /**
   * Whether it keeps lifetimes (default: yes). A store that does not, refuses those that end. One that keeps them and does
   * not tell what is left (`hidden`) refuses to `read` what is there; what is not there is a miss.
   */
  readonly lifetime?: boolean | 'hidden'
  /** Whether it can clear (default: yes). A store that cannot refuses to. */
  readonly clears?: boolean
  /**
   * How many entries a bounded store holds, 100 at least: it is then told no more than that at a time (default: as many
   * as the laws have).
   */
  readonly max?: number
  /** Whether it has leases (default: no). */
  readonly leases?: boolean
  /**
   * By how much the life of an entry or a lease may differ from what was asked, either way: one second for a store that
   * counts whole seconds (default: not at all).
   */
  readonly granularity?: Duration
  /** By how much what is left may be less because time has passed (default: 5 seconds, or 1 ms with a `clock`). */
  readonly tolerance?: Duration
  /** The clock of the store, where that is one for tests: waiting then costs no time, so more is tried. */
  readonly clock?: TestClock
  /**
   * A store whose backend is down: it was closed, or it was never there. Every operation has to be a `left`, with the
   * reason `failed`, `timeout` or `open`, within the store's own `deadline` and a second (5 seconds where it has none).
   */
  readonly broken?: () => Store<R, B> | Promise<Store<R, B>>
  /**
   * A store whose backend never answers: a server that is stopped by a signal, not closed. Every operation has to be a
   * `left` with the reason `timeout`, within the store's own `deadline` and a second.
   */
  readonly hung?: () => Store<R, B> | Promise<Store<R, B>>
  /** Gives back what `make`, `broken` or `hung` opened. */
  readonly close?: (store: Store<R, B>) => unknown
  /** How many random programs (default: 30, or 200 with a `clock`). */
  readonly numRuns?: number
  /** For fast-check: repeats a run (default: by chance). */
  readonly seed?: number
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** Those that say something of such a store; the others are left out, so that none is passed by doing nothing. */
const applicable = <R, B>({
  clears = true,
  keeps = true,
  leases: hasLeases = false,
  lifetime = true
}: StoreLawsOptions<R, B>): StoreLaws => ({
  ...values,
  ...single,
  ...bulk,
  ...lifetimes,
  ...(lifetime === false ? lifetimeless : keeps ? expiry : {}),
  ...(lifetime === true && keeps ? aging : {}),
  ...(hasLeases && keeps ? { ...leases, ...leaseWrites } : {}),
  ...(clears ? clear : clearless),
  ...random,
  ...capabilities
})

const whenBroken: StoreLaws = {
  'law 31: over a backend that is down every operation is a left, and none throws': broken
}

const whenHung: StoreLaws = {
  'law 26: over a backend that never answers every operation is a timeout, within the deadline of the store':
    hung
}

/** A store for one check. */
const using = async <R, B>(
  make: () => Store<R, B> | Promise<Store<R, B>>,
  options: StoreLawsOptions<R, B>,
  check: (c: Case<R>) => Promise<void>
): Promise<void> => {
  const store = await make()
  try {
    await check(caseOf(store, options))
  } finally {
    await options.close?.(store)
  }
}

/**
 * The laws of the store that `make` makes. Each law makes a store and closes it, so any
 * of them can be run alone; `make` may be async, and may give the same store again. The keys of a law are its own, but
 * for a few that are odd: a store on a shared server should have a namespace of its own. With a real clock some laws
 * take seconds: give the runner a minute for each.
 *
 * @example
 * import { dict } from 'fp-ring'
 * import { anything, storeLaws, testClock } from 'fp-ring/testing'
 *
 * const clock = testClock()
 * const laws = storeLaws(() => dict({ clock }), { ...anything, clock, leases: true })
 *
 * // under a runner of tests: for (const law of laws) test(law.name, law.run)
 * const test = async () => {
 *   for (const law of laws.filter(({ name }) => name.startsWith('law 2:'))) await law.run()
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const storeLaws = <R, B>(
  make: () => Store<R, B> | Promise<Store<R, B>>,
  options: StoreLawsOptions<R, B>
): Laws => {
  const named = (
    source: () => Store<R, B> | Promise<Store<R, B>>,
    laws: Readonly<Record<string, (c: Case<R>) => Promise<void>>>
  ): Laws => Object.entries(laws).map(([name, check]) => ({ name, run: () => using(source, options, check) }))
  return [
    ...named(make, applicable(options)),
    ...(options.broken === undefined ? [] : named(options.broken, whenBroken)),
    ...(options.hung === undefined ? [] : named(options.hung, whenHung))
  ]
}
