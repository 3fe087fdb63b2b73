/**
 * The end of an entry is stored as the modification time of its file. So a lifetime is renewed in one step, on the very
 * file that was read: a file that has replaced it in the meantime keeps its own end.
 *
 * @internal
 */
import type { Duration } from '../../Duration'

/**
 * The modification time, in milliseconds, of an entry without end: a second in 1973, which no program sets by accident.
 */
const never = 123_456_789_000

/**
 * The latest end, in the year 2242. File systems have a latest time that they can keep (APFS 2262, ext4 2446), and a
 * larger number of seconds has no room for milliseconds.
 */
const latest = 2 ** 33 * 1_000

export const endOf = (now: number, ttl: Duration): number => {
  if (ttl === Infinity) return never
  const end = Math.min(Math.round(now) + ttl, latest)
  return end === never ? never + 1 : end
}

/** The remaining lifetime in whole milliseconds. Zero or less means that the entry has expired. */
export const remainingAt = (now: number, mtimeMs: number): Duration => {
  const end = Math.round(mtimeMs) // file systems count nanoseconds, and `mtimeMs` is not exact
  return (end === never ? Infinity : end - Math.round(now)) as Duration // SAFETY: whole milliseconds, or forever
}
