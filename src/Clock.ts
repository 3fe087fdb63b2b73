/**
 * Clocks: time as a value. Only a ring's own records (how long a command took, how long a load may hold a key) and the
 * stores in this process's memory read a clock. Every other store measures the lifetimes of its entries itself.
 *
 * @since 0.1.0
 */
import type { IO } from 'fp-ts/IO'

import { startIdleTimer, startTimer } from './base/timer'
import type { Duration } from './Duration'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A monotonic clock, in milliseconds from any origin. It need not show the time of day, and it never goes back.
 *
 * `after` runs a function after a duration, and returns a function that stops it. A caller waits for it, so the
 * system's clock keeps the process alive until then. `background` does the same for the renewal of leases. No caller
 * waits for that, so it does not keep the process alive. If `background` is absent, `after` is used for both. If
 * `after` is absent, the process's own timers are used, whatever `now` returns.
 *
 * @category model
 * @since 0.1.0
 */
export interface Clock {
  readonly now: IO<number>
  readonly after?: (d: Duration, run: IO<void>) => IO<IO<void>>
  readonly background?: (d: Duration, run: IO<void>) => IO<IO<void>>
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * The process's monotonic clock. Changes of the time of day do not affect it.
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
export const system: Clock = {
  now: () => performance.now(),
  after: startTimer,
  background: startIdleTimer
}
