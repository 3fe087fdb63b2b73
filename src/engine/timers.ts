/**
 * The timers of one ring on which an answer may depend: deadlines of the store, pauses of a caller that waits for a
 * lease.
 *
 * They share one timer of the process (`wheel.ts`), so a deadline that is set and cancelled costs no timer. One of them
 * may serve a caller and a load in the background, and callers come and go while it runs. So a timer has no owner. While at least one caller waits and a timer runs, one handle of the ring keeps the process alive. So a caller
 * is answered before the process ends, and a load without a caller never delays the end.
 *
 * @internal
 */
import type { IO } from 'fp-ts/IO'

import { host, isWorkers } from '../base/host'
import { ignore } from '../base/ignore'
import { holdProcess, type Start, startIdleTimer, startTimer } from '../base/timer'
import { makeWheel } from '../base/wheel'
import type { Clock } from '../Clock'
import type { Duration } from '../Duration'

export interface Tended {
  /** A timer on which an answer may depend. */
  readonly after: Start<Duration>
  /** A timer of work for which no caller waits. */
  readonly background: Start<Duration>
  /** Returns an answer as it is. Until it settles, a caller waits for it. */
  readonly during: <A>(answer: Promise<A>) => Promise<A>
}

/** In Workers a timer belongs to the request that set it, so no timer is shared there. */
const sharing = (): Start => (isWorkers(host) ? startIdleTimer : makeWheel())

export const makeTended = ({ after: given = startTimer, background }: Clock): Tended => {
  // a user's clock decides itself what keeps the process alive
  if (given !== startTimer)
    return { after: given, background: background ?? given, during: (answer) => answer }
  const start = sharing()
  let callers = 0
  let timers = 0
  let letGo: IO<void> | undefined
  const settle = (): void => {
    const holds = callers > 0 && timers > 0
    if (holds === (letGo !== undefined)) return
    if (holds) letGo = holdProcess()
    else {
      letGo?.()
      letGo = undefined
    }
  }
  const leave = (): void => {
    callers--
    settle()
  }
  return {
    after: (d, run) => () => {
      if (d === Infinity) return ignore
      let runs = true
      const end = (): void => {
        if (!runs) return
        runs = false
        timers--
        settle()
      }
      const cancel = start(d, () => {
        end()
        run()
      })()
      timers++
      settle()
      return () => {
        cancel()
        end()
      }
    },
    background: background === undefined || background === startIdleTimer ? start : background,
    during: (answer) => {
      callers++
      settle()
      answer.then(leave, leave)
      return answer
    }
  }
}
