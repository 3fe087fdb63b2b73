/**
 * How long the copies of a near tier live, and when their entries in the far tier end.
 *
 * @internal
 */
import { makeAging } from '../../base/bounded'
import type { Clock } from '../../Clock'
import * as D from '../../Duration'
import type { Key } from '../../KeyFn'
import type { Entry } from '../model'
import type { Fill, NearTier } from './model'

/** The ends of this many entries are known, and of up to twice as many. */
const half = 32_768

/** A kept entry, with the remaining lifetime that the far tier returned. */
interface Kept {
  /** Its earliest end by the clock of the tier: the remaining lifetime, counted from the far tier's read. */
  readonly ends: number
  /**
   * By how much that may be too early: the time until the answer, plus a fraction of a millisecond that was cut off.
   */
  readonly doubt: number
  /** By how much the entry outlives its copy, whose lifetime is in whole milliseconds, and limited by the tier. */
  readonly by: number
}

interface Copies<R> extends Pick<NearTier<R>, 'entryOf' | 'doubt'> {
  /**
   * Records the end of an entry that will be kept; returns the lifetime of its copy, or `undefined` if it has ended.
   */
  readonly lifeOf: (key: Key, entry: Entry<R>, fill: Fill) => D.Duration | undefined
}

/** `longest`: the longest lifetime of a copy. */
export const makeCopies = <R>(longest: D.Duration, clock: Clock): Copies<R> => {
  const known = makeAging<Kept>(half)
  const isCapped = longest !== D.forever
  return {
    lifeOf: (key, { remaining }, { since }) => {
      const passed = clock.now() - since
      const life = remaining - passed
      if (!(life >= 1)) return undefined
      const copy = Math.floor(Math.min(life, longest))
      const by = life === copy ? 0 : life - copy
      known.set(key, { ends: since + remaining, doubt: Math.ceil(passed) + 1, by })
      return copy as D.Duration // SAFETY: whole milliseconds of the remaining time, or forever
    },
    entryOf: (key, copy) => {
      const kept = known.get(key)
      if (kept === undefined) return isCapped ? undefined : copy
      const { by, ends } = kept
      if (by === 0) return copy
      // the near store has its own clock, and returns whole milliseconds: its value is used, except for the fraction
      const left = Math.ceil(ends - clock.now())
      const remaining = Math.min(
        Math.max(left, copy.remaining + Math.floor(by)),
        copy.remaining + Math.ceil(by)
      )
      return { value: copy.value, remaining: remaining as D.Duration } // SAFETY: whole milliseconds, or forever
    },
    doubt: (key) => known.get(key)?.doubt ?? 0
  }
}
