/**
 * A clock that stands still until it is moved.
 *
 * @since 0.1.0
 */
import type { Task } from 'fp-ts/Task'

import type { Clock } from '../Clock'
import type { Duration } from '../Duration'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A clock for tests: a ring takes it as its `clock`, and so do the stores in memory.
 *
 * @category model
 * @since 0.1.0
 */
export interface TestClock extends Required<Clock> {
  /**
   * Lets time pass. What is due runs in its order, each when its time has come, and has been heard by all who wait for
   * it before the next one runs.
   */
  readonly pass: (d: Duration) => Task<void>
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

interface Timer {
  readonly due: number
  readonly run: () => void
}

/** A turn of the event loop: by then every promise that was settled has been heard. */
const turn: Task<void> = () => new Promise((resolve) => setImmediate(resolve))

/** The next one that is due by then; of two that are due at the same time, the one that was set first. */
const next = (timers: Iterable<Timer>, until: number): Timer | undefined => {
  let first: Timer | undefined
  for (const timer of timers) {
    if (timer.due <= until && (first === undefined || timer.due < first.due)) first = timer
  }
  return first
}

/**
 * A clock that is moved by hand, from some time on (0 unless told). Its timers keep no process alive.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as O from 'fp-ts/Option'
 * import { dict, Duration } from 'fp-ring'
 * import { testClock } from 'fp-ring/testing'
 *
 * const clock = testClock()
 * const store = dict<string>({ clock })
 * const test = async () => {
 *   await store.set('k', 'v', Duration.hours(1))()
 *   await clock.pass(Duration.minutes(59))()
 *   assert.deepStrictEqual(await store.get('k')(), E.right(O.some('v')))
 *   await clock.pass(Duration.minutes(1))()
 *   assert.deepStrictEqual(await store.get('k')(), E.right(O.none))
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const testClock = (from = 0): TestClock => {
  let now = from
  const timers = new Set<Timer>()
  return {
    now: () => now,
    after: (d, run) => () => {
      const timer = { due: now + Math.max(0, d), run }
      timers.add(timer)
      return () => {
        timers.delete(timer)
      }
    },
    pass: (d) => async () => {
      await turn() // what was begun before has set its timers
      const until = now + d
      for (let timer = next(timers, until); timer !== undefined; timer = next(timers, until)) {
        timers.delete(timer)
        now = Math.max(now, timer.due)
        timer.run()
        await turn()
      }
      now = Math.max(now, until)
      await turn()
    }
  }
}
