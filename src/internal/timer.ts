/**
 * A timer that keeps no process alive, for any duration.
 *
 * @internal
 */
import type { IO } from 'fp-ts/IO'

import type { Duration } from '../Duration'

/** The longest delay that a timer takes; a longer one would fire at once. */
export const longestTimer = 2 ** 31 - 1

/** Runs `run` after `d`, never for `Duration.forever`; gives what calls it off. */
export const startTimer =
  (d: Duration, run: IO<void>): IO<IO<void>> =>
  () => {
    let left: number = d
    let timer: NodeJS.Timeout | undefined
    const wait = (): void => {
      const step = Math.min(Math.max(left, 0), longestTimer)
      left -= step
      timer = setTimeout(left > 0 ? wait : run, step).unref()
    }
    if (d !== Infinity) wait()
    return () => clearTimeout(timer)
  }
