/**
 * The clock by which the entries of an lru-cache age.
 *
 * By default, lru-cache reads the time once, and keeps it until its timer fires after a millisecond. During a loop of
 * `await`s no timer fires, so no entry would age. So this clock also reads the time again after some number of reads.
 *
 * @internal
 */
import type { IO } from 'fp-ts/IO'

import { type Host, host, isWorkers } from '../../base/host'
import { setAlarm, timersInUse } from '../../base/timer'

/** How many reads use one reading of the clock, at most. */
export const readsPerLook = 32

/** How long they use it, in milliseconds, if timers fire. */
const longest = 1

export interface CoarseClock {
  /** The time, at most a millisecond or `readsPerLook` reads old. */
  readonly now: IO<number>
  /** Reads the clock; `now` returns this time afterwards. */
  readonly look: IO<number>
}

/**
 * Whether a timer that is set always fires. In Workers a timer belongs to one request and ends with it; browsers delay
 * the timers of hidden pages.
 */
const keepsTimers = (of: Host): boolean => of.process?.versions?.node !== undefined && !isWorkers(of)

/**
 * A clock that is not read at every call, which would cost a fifth of a hit. Where timers may not fire, it is read at
 * every call. When a test replaces the timers or restores them, the time may have jumped, and the timer that was set
 * may never fire: then the clock is read immediately.
 */
export const coarsely = (read: IO<number>, of: Host = host): CoarseClock => {
  // fake timers begin at zero, which lru-cache interprets as 'no lifetime'
  const now = (): number => read() + 1
  if (!keepsTimers(of)) return { look: now, now }
  let seen = 0
  let left = 0
  let isTimed = false
  let timers: unknown
  const forget = (): void => {
    isTimed = false
    left = 0
  }
  const look = (): number => {
    left = readsPerLook
    if (!isTimed || timers !== timersInUse()) {
      isTimed = true
      timers = timersInUse()
      setAlarm(longest, forget, 'idle')
    }
    return (seen = now())
  }
  return { look, now: () => (left-- > 1 && timers === timersInUse() ? seen : look()) }
}

/** The same clock, beginning at 1: lru-cache interprets a start of 0 as 'no lifetime'. */
export const fromOne = (now: IO<number>): IO<number> => {
  const origin = now()
  return () => now() - origin + 1
}

/**
 * Whether timers are late by more than `resolution` milliseconds. Then a cache that keeps the time until a timer fires
 * has an old time. It counts its calls, and reads the clock only once in `readsPerLook`.
 */
export const makeLateness = (resolution: IO<number>): IO<boolean> => {
  let left = 0
  let since: number | undefined
  let isLate = false
  let timers: unknown
  const onTime = (): void => {
    since = undefined
    isLate = false
  }
  const look = (): boolean => {
    left = readsPerLook
    const at = performance.now()
    if (since !== undefined && timers === timersInUse()) return (isLate = at - since > longest + resolution())
    since = at
    timers = timersInUse()
    setAlarm(longest, onTime, 'idle')
    return false
  }
  return () => isLate || (left-- > 1 ? false : look())
}
