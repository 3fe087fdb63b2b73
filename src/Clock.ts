/**
 * Time as a value. Only the ring's own bookkeeping (how long a command took, how long a load may hold a key)
 * and the stores in this process's memory read a clock; the lifetime of an entry in any other store is
 * measured by that store.
 *
 * @since 0.1.0
 */
import type { IO } from 'fp-ts/IO'

import type { Duration } from './Duration'
import { startTimer } from './internal/timer'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A monotonic clock, in milliseconds from any origin. It need not be the time of day, and it never goes back.
 *
 * `after` runs something when so much time has passed, and gives what calls it off; it does not keep the process
 * alive. Where it is left out, the process's own timers run, whatever `now` says.
 *
 * @category model
 * @since 0.1.0
 */
export interface Clock {
  readonly now: IO<number>
  readonly after?: (d: Duration, run: IO<void>) => IO<IO<void>>
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * The process's monotonic clock, untouched by changes of the time of day.
 *
 * @example
 * import { Clock } from 'fp-ring'
 *
 * const start = Clock.system.now()
 * assert.ok(Clock.system.now() >= start)
 *
 * @category constructors
 * @since 0.1.0
 */
export const system: Clock = { now: () => performance.now(), after: startTimer }
