/**
 * The timers of one ring on which an answer may depend: deadlines of the store, pauses of a caller that waits for a
 * lease.
 *
 * One timer may serve a caller and a load in the background, and callers come and go while it runs. So a timer has no
 * owner. While at least one caller waits and a timer runs, one handle of the ring keeps the process alive. So a caller
 * is answered before the process ends, and a load without a caller never delays the end.
 *
 * @internal
 */
import type { IO } from 'fp-ts/IO'

import { holdProcess, type Start, startIdleTimer, startTimer } from '../base/timer'
import type { Clock } from '../Clock'
import type { Duration } from '../Duration'

export interface Tended {
  readonly after: Start<Duration>
  /** Returns an answer as it is. Until it settles, a caller waits for it. */
  readonly during: <A>(answer: Promise<A>) => Promise<A>
}

export const makeTended = ({ after: given = startTimer }: Clock): Tended => {
  // a user's clock decides itself what keeps the process alive
  if (given !== startTimer) return { after: given, during: (answer) => answer }
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
  const count = (of: 'callers' | 'timers', by: 1 | -1): void => {
    if (of === 'callers') callers += by
    else timers += by
    settle()
  }
  const leave = (): void => count('callers', -1)
  return {
    after: (d, run) => () => {
      let runs = true
      const end = (): void => {
        if (!runs) return
        runs = false
        count('timers', -1)
      }
      const cancel = startIdleTimer(d, () => {
        end()
        run()
      })()
      if (d === Infinity) return cancel
      count('timers', 1)
      return () => {
        cancel()
        end()
      }
    },
    during: (answer) => {
      count('callers', 1)
      answer.then(leave, leave)
      return answer
    }
  }
}
