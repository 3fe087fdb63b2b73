/**
 * When an entry ends: the time of modification of its file. So a lifetime is renewed in one step, on the very file that
 * was looked at: one that has replaced it meanwhile keeps its own.
 *
 * @internal
 */
import type { Duration } from '../Duration'

/** The time of modification, in milliseconds, of what never ends: a second of 1973, which nothing sets by accident. */
const never = 123_456_789_000

/** @internal */
export const endOf = (now: number, ttl: Duration): number => {
  if (ttl === Infinity) return never
  const end = Math.min(Math.round(now) + ttl, Number.MAX_SAFE_INTEGER)
  return end === never ? never + 1 : end
}

/**
 * What is left until then, in whole milliseconds; zero or less: it is over.
 *
 * @internal
 */
export const remainingAt = (now: number, mtimeMs: number): Duration => {
  const end = Math.round(mtimeMs) // file systems count nanoseconds, and `mtimeMs` is not exact
  return (end === never ? Infinity : end - Math.round(now)) as Duration // the proof: whole milliseconds, or forever
}
