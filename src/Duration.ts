/**
 * Durations: spans of time with the unit in the type, so that seconds cannot be confused with milliseconds.
 *
 * Laws:
 *
 * - law 18: every duration is a whole number of milliseconds, or `forever`. The constructors refuse `NaN` and
 *   `Infinity`. Zero and negative durations are allowed and mean 'do not store'. Long durations do not overflow.
 *
 * @since 0.1.0
 */
import * as N from 'fp-ts/number'
import type * as O from 'fp-ts/Ord'

import { defect } from './base/defect'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

declare const durationBrand: unique symbol

/**
 * A span of time in whole milliseconds. Only the constructors of this module make one.
 *
 * @category model
 * @since 0.1.0
 */
export type Duration = number & { readonly [durationBrand]: 'milliseconds' }

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const longest = Number.MAX_SAFE_INTEGER

const inUnits =
  (unit: string, factor: number) =>
  (n: number): Duration => {
    if (typeof n !== 'number' || !Number.isFinite(n)) {
      return defect(`a duration needs a finite number of ${unit}, not ${String(n)}; use Duration.forever`)
    }
    const ms = Math.round(Math.min(longest, Math.max(-longest, n * factor)))
    // SAFETY: a whole number of milliseconds; a positive span never rounds down to 'do not store'
    return (ms === 0 ? (n > 0 ? 1 : 0) : ms) as Duration
  }

/**
 * A duration of `n` milliseconds. Like every constructor here, it throws a `TypeError` for `NaN` and infinities, so
 * that a wrong constant is found when the program starts.
 *
 * @example
 * import { Duration } from 'fp-ring'
 *
 * assert.strictEqual(Duration.milliseconds(1500), 1500)
 * assert.throws(() => Duration.milliseconds(NaN))
 *
 * @category constructors
 * @since 0.1.0
 */
export const milliseconds: (n: number) => Duration = /*#__PURE__*/ inUnits('milliseconds', 1)

/**
 * A duration of `n` seconds.
 *
 * @example
 * import { Duration } from 'fp-ring'
 *
 * assert.strictEqual(Duration.seconds(1.5), 1500)
 *
 * @category constructors
 * @since 0.1.0
 */
export const seconds: (n: number) => Duration = /*#__PURE__*/ inUnits('seconds', 1_000)

/**
 * A duration of `n` minutes.
 *
 * @example
 * import { Duration } from 'fp-ring'
 *
 * assert.strictEqual(Duration.minutes(2), 120_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const minutes: (n: number) => Duration = /*#__PURE__*/ inUnits('minutes', 60_000)

/**
 * A duration of `n` hours.
 *
 * @example
 * import { Duration } from 'fp-ring'
 *
 * assert.strictEqual(Duration.hours(1), 3_600_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const hours: (n: number) => Duration = /*#__PURE__*/ inUnits('hours', 3_600_000)

/**
 * A duration of `n` days of 24 hours.
 *
 * @example
 * import { Duration } from 'fp-ring'
 *
 * assert.strictEqual(Duration.days(30), 2_592_000_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const days: (n: number) => Duration = /*#__PURE__*/ inUnits('days', 86_400_000)

/**
 * A duration without end. It is the only way to ask for an entry that never expires.
 *
 * @example
 * import { Duration } from 'fp-ring'
 *
 * assert.ok(Duration.forever > Duration.days(36_500))
 *
 * @category constructors
 * @since 0.1.0
 */
export const forever = Infinity as Duration // SAFETY: the one duration that is not finite, by definition

/**
 * No time at all: 'do not store'.
 *
 * @example
 * import { Duration } from 'fp-ring'
 *
 * assert.strictEqual(Duration.zero, Duration.seconds(0))
 *
 * @category constructors
 * @since 0.1.0
 */
export const zero = 0 as Duration // SAFETY: a whole number

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

/**
 * Scales a duration by a factor between 0 and 1, so it can only become shorter. `forever` stays forever, and a positive
 * duration stays positive.
 *
 * @example
 * import { Duration } from 'fp-ring'
 *
 * assert.strictEqual(Duration.shortened(0.5)(Duration.seconds(3)), 1500)
 * assert.strictEqual(Duration.shortened(7)(Duration.seconds(3)), 3000)
 *
 * @category combinators
 * @since 0.1.0
 */
export const shortened =
  (factor: number) =>
  (d: Duration): Duration =>
    d === forever || !(d > 0) || !(factor < 1)
      ? d
      : (Math.max(1, Math.floor(d * Math.max(0, factor))) as Duration) // SAFETY: a whole number, at least 1

/**
 * The sum of two durations. `forever` plus any duration is `forever`.
 *
 * @example
 * import { Duration } from 'fp-ring'
 *
 * assert.strictEqual(Duration.sum(Duration.seconds(1), Duration.minutes(1)), 61_000)
 * assert.strictEqual(Duration.sum(Duration.forever, Duration.seconds(1)), Duration.forever)
 *
 * @category combinators
 * @since 0.1.0
 */
export const sum = (x: Duration, y: Duration): Duration =>
  x === forever || y === forever ? forever : milliseconds(x + y)

// -------------------------------------------------------------------------------------
// instances
// -------------------------------------------------------------------------------------

/**
 * The order of durations by length.
 *
 * @example
 * import { sort } from 'fp-ts/ReadonlyArray'
 * import { Duration } from 'fp-ring'
 *
 * const sorted = sort(Duration.Ord)([Duration.minutes(1), Duration.seconds(1)])
 * assert.deepStrictEqual(sorted, [1_000, 60_000])
 *
 * @category instances
 * @since 0.1.0
 */
export const Ord: O.Ord<Duration> = N.Ord
