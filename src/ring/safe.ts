/**
 * Makes the user's clock and random source reliable.
 *
 * @internal
 */
import { defect } from '../base/defect'
import { ignore } from '../base/ignore'
import { hushed, kindOf } from '../base/kinds'
import { type Start, startIdleTimer, startTimer } from '../base/timer'
import { warn } from '../base/warning'
import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import { thrownWords } from '../engine/faultWords'
import type { Lasting } from '../engine/work'
import { EncodeError } from '../RingError'

/**
 * A clock that returns no time when the ring is built is a wiring error. If it fails later, the ring uses the last time
 * that it returned. If its timer cannot be started, a timer of the process is used instead. So callers are answered
 * whatever the clock does.
 */
export const safeClock = (clock: Clock): Clock => {
  const first = timeOf(clock)
  if (first === undefined) return defect('clock.now must return a number of milliseconds')
  let last = first
  const safely = (start: Start<Duration>, otherwise: Start<Duration>): Start<Duration> =>
    start === startTimer || start === startIdleTimer ? start : guarded(start.bind(clock), otherwise)
  const { after, background } = clock
  return {
    now: () => (last = timeOf(clock) ?? last),
    ...(after === undefined ? {} : { after: safely(after, startTimer) }),
    ...(background === undefined ? {} : { background: safely(background, startIdleTimer) })
  }
}

const timeOf = (clock: Clock): number | undefined => {
  try {
    const time = hushed(clock.now())
    return typeof time === 'number' && !Number.isNaN(time) ? time : undefined
  } catch {
    return undefined
  }
}

/** If a timer cannot be started, uses one of the process; if it cannot be cancelled, its callback does nothing. */
const guarded =
  (start: Start<Duration>, otherwise: Start<Duration>): Start<Duration> =>
  (d, run) =>
  () => {
    try {
      const begin: unknown = start(d, run)
      if (typeof begin !== 'function') throw new TypeError(kindOf(begin))
      const cancel: unknown = hushed((begin as () => unknown)())
      return () => {
        try {
          if (typeof cancel === 'function') Reflect.apply(cancel, undefined, [])
        } catch {
          // no caller waits for it any more
        }
      }
    } catch {
      return otherwise(d, run)()
    }
  }

/**
 * Passes work that continues to the user's `waitUntil`. The promise never rejects: failures are reported elsewhere. If
 * `waitUntil` throws, no load ends, and the first time there is a warning.
 */
export const makeLasting = (
  waitUntil: ((work: Promise<unknown>) => void) | undefined,
  ring: string,
  warns: boolean
): Lasting | undefined => {
  if (waitUntil === undefined) return undefined
  let hasThrown = false
  return (work) => {
    try {
      hushed(waitUntil(work.then(ignore, ignore)))
    } catch (cause) {
      if (warns && !hasThrown) warn('FP_RING_FAULT', `ring '${ring}': ${threw(cause)}`)
      hasThrown = true
    }
  }
}

const threw = (cause: unknown): string =>
  `its waitUntil threw ${thrownWords(
    cause
  )}, so work that goes on after an answer may end with its request. ` +
  'Call the waitUntil of the request that is under way.'

/** Throws where it is used if the result is not a number from 0 to 1. */
export const safeRandom =
  (random: () => number): (() => number) =>
  () => {
    const drawn: unknown = random()
    if (typeof drawn === 'number' && drawn >= 0 && drawn < 1) return drawn
    throw new EncodeError(
      `random returned ${
        typeof drawn === 'number' ? 'a number out of range' : kindOf(drawn)
      }, not one from 0 to 1`
    )
  }
