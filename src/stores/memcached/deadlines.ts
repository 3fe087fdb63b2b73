/**
 * The deadlines of the requests of a connection, with one timer for all of them.
 *
 * @internal
 */
import { timedOut } from '../../base/errorCode'
import { type Alarm, setAlarm, stopAlarm } from '../../base/timer'
import type { Waiting } from './pending'

export interface Deadlines {
  /** Watches for a request that was sent at `asked`. Requests must be watched in the order of their deadlines. */
  readonly watch: (asked: number, due: number) => void
  /** Something was received. */
  readonly heard: () => void
  readonly stop: () => void
}

/** `first` returns the request that is answered next; `end` closes the connection. */
export const makeDeadlines = (first: () => Waiting | undefined, end: (cause: Error) => void): Deadlines => {
  let heard = performance.now()
  let timer: Alarm | undefined

  /**
   * Rejects the requests that are overdue. Closes the connection if it was silent for all that time. Also closes it if
   * an answer that is late already does not arrive within a second timeout, or the connection is silent for as long.
   * After the end of the connection no request waits, so it does nothing.
   */
  const expire = (): void => {
    timer = undefined
    const now = performance.now()
    let next = Infinity
    for (let waiting = first(); waiting !== undefined; waiting = waiting.next) {
      const { batch } = waiting
      const { asked, due, reject } = batch.caller
      if (due > now) {
        next = Math.min(next, due - now)
        break
      }
      const whole = due - asked
      const patience = Math.min(whole - (now - heard), due + whole - now)
      if (heard < asked || (batch.isLate && patience <= 0)) return end(timedOut('memcached'))
      next = Math.min(next, Math.max(patience, 1))
      if (batch.isLate) continue
      // a late answer is recognised by its opaque, and dropped
      batch.isLate = true
      reject(timedOut('memcached'))
    }
    if (next !== Infinity) wait(next)
  }
  const wait = (ms: number): void => {
    // the socket keeps the process alive. Received data is read first: a blocked event loop is not a slow server
    timer = setAlarm(ms + 1, () => setImmediate(expire), 'idle')
  }

  return {
    watch: (asked, due) => {
      if (timer === undefined && due !== Infinity) wait(due - asked)
    },
    heard: () => void (heard = performance.now()),
    stop: () => stopAlarm(timer)
  }
}
