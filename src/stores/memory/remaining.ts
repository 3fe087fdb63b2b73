/**
 * The remaining lifetime of an entry, for stores that keep the time at which it ends.
 *
 * @internal
 */
import type { Duration } from '../../Duration'

/** The part of a millisecond that is ignored: the rounding error of sums and differences of times. */
const negligible = 1e-6

/**
 * The remaining lifetime, rounded up to whole milliseconds, or forever. Zero or less means that the entry has expired.
 *
 * The end of a lifetime is a sum, and `left` is a difference. Both have a rounding error, which grows with the numbers.
 * If it were rounded up, it would add a millisecond to the lifetime, so it is subtracted first. `about` is the larger
 * of the two numbers of the difference.
 */
export const wholeLeft = (left: number, about: number): Duration =>
  // SAFETY: whole milliseconds, or forever
  (left === Infinity ? left : Math.ceil(left - Math.max(negligible, Math.abs(about) * 2 ** -52))) as Duration

/** The remaining lifetime at `now` of an entry that ends at `end`. */
export const leftAt = (now: number, end: number): Duration => wholeLeft(end - now, end)
