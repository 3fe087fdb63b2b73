/**
 * A clock that stands still until a test moves it.
 *
 * @since 0.1.0
 */
import type { Task } from 'fp-ts/Task'

import { nextTurn } from '../base/timer'
import type { Clock } from '../Clock'
import type { Duration } from '../Duration'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A clock for tests: pass it to a ring, or to a store in memory, as its `clock`.
 *
 * @category model
 * @since 0.1.0
 */
export interface TestClock extends Required<Clock> {
  /**
   * Lets time pass. The timers that are due run in order, each at its own time. Before the next one runs, all code that
   * waits for this one has run.
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

/** Waits for a turn of the event loop: by then the handlers of all settled promises have run. */
const turn: Task<void> = () => new Promise(nextTurn)

/** The next timer that is due by then. If two are due at the same time, it is the one that was set first. */
const next = (timers: Iterable<Timer>, until: number): Timer | undefined => {
  let first: Timer | undefined
  for (const timer of timers) {
    if (timer.due <= until && (first === undefined || timer.due < first.due)) first = timer
  }
  return first
}

/**
 * A clock that a test moves. It begins at a given time (default: 0). Its timers do not keep the process alive.
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
  const after: TestClock['after'] = (d, run) => () => {
    const timer = { due: now + Math.max(0, d), run }
    timers.add(timer)
    return () => {
      timers.delete(timer)
    }
  }
  return {
    now: () => now,
    after,
    background: after,
    pass: (d) => async () => {
      await turn() // so that tasks that began earlier have set their timers
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
