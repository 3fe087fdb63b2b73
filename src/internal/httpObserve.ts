/**
 * What observers are told of loads whose answer may not be stored: to the ring they brought no value, and yet no handler has
 * failed.
 *
 * @internal
 */
import type { Key } from '../KeyFn'
import type { Observer } from '../RingEvent'

/** @internal */
export interface Answered {
  /** A load of a key has ended with an answer that is no page. */
  readonly note: (key: Key) => void
  readonly told: (observe: Observer) => Observer
}

/** @internal */
export const makeAnswered = (): Answered => {
  /** How many loads of a key have ended so, and were not told yet: loads of a key may end at once. */
  const untold = new Map<Key, number>()
  const take = (key: Key): boolean => {
    const left = untold.get(key)
    if (left === undefined) return false
    if (left === 1) untold.delete(key)
    else untold.set(key, left - 1)
    return true
  }
  return {
    note: (key) => untold.set(key, (untold.get(key) ?? 0) + 1),
    told: (observe) => (event) =>
      observe(event._tag === 'Load' && !event.ok && take(event.key) ? { ...event, ok: true } : event)
  }
}
