/**
 * The options of the laws of stores.
 *
 * @since 0.1.0
 */
import type * as fc from 'fast-check'
import type { Eq } from 'fp-ts/Eq'

import type { Duration } from '../../Duration'
import type { Store } from '../../stores/model'
import type { TestClock } from '../clock'

/**
 * The properties of a store that the laws need. All but `values` may be left out: by default a store keeps every entry
 * for its lifetime, to the millisecond, by a real clock, and has no leases.
 *
 * @category model
 * @since 0.1.0
 */
export interface StoreLawsOptions<R, B = unknown> {
  /** The values that the store accepts, with `undefined` if it accepts that. */
  readonly values: fc.Arbitrary<R>
  /** Values that are rarely generated at random: empty ones, one byte, a megabyte. */
  readonly extremes?: ReadonlyArray<R>
  /** When two values are the same (default: deep equality, of `Buffer`s and `Uint8Array`s by their bytes). */
  readonly eq?: Eq<R>
  /** Whether it keeps anything (default: yes). A store that does nothing obeys the rest. */
  readonly keeps?: boolean
  /**
   * Whether it keeps lifetimes (default: yes). A store that does not must refuse finite ones. In a store that keeps
   * them, but cannot return the remaining one (`hidden`), `read` must fail if there is an entry, and return a miss if
   * there is none.
   */
  readonly lifetime?: boolean | 'hidden'
  /** Whether it can clear (default: yes). A store that cannot refuses to. */
  readonly clears?: boolean
  /**
   * How many entries a bounded store holds, at least 100. The laws never store more at a time (default: as many as the
   * laws use).
   */
  readonly max?: number
  /** Whether it has leases (default: no). */
  readonly leases?: boolean
  /**
   * By how much the lifetime of an entry or a lease may differ from the requested one, in either direction: one second
   * for a store that counts whole seconds (default: zero).
   */
  readonly granularity?: Duration
  /**
   * By how much a remaining lifetime may be shorter than the lifetime minus the time that passed between the write and the
   * read, as the laws measure it (default: 5 seconds, or 1 ms with a `clock`).
   */
  readonly tolerance?: Duration
  /** The clock of the store, if it is one for tests. Then waiting costs no time, and the laws try more. */
  readonly clock?: TestClock
  /**
   * Makes a store whose backend is down: closed, or never started. Every operation must be a `left` with the reason
   * `failed`, `timeout` or `open`, within the store's own `deadline` and a second (5 seconds if it has none).
   */
  readonly broken?: () => Store<R, B> | Promise<Store<R, B>>
  /**
   * Makes a store whose backend never answers, such as a server that was stopped by a signal, not closed. Every
   * operation must be a `left` with the reason `timeout`, within the store's own `deadline` and a second.
   */
  readonly hung?: () => Store<R, B> | Promise<Store<R, B>>
  /** Closes what `make`, `broken` or `hung` opened. */
  readonly close?: (store: Store<R, B>) => unknown
  /** How many random programs (default: 30, or 200 with a `clock`). */
  readonly numRuns?: number
  /** The seed of fast-check, to repeat a run (default: random). */
  readonly seed?: number
}
