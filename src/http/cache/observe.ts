/**
 * What observers receive for loads whose answer may not be stored: such a load returned no value to the ring, but its
 * handler has not failed.
 *
 * @internal
 */
import type { Key } from '../../KeyFn'
import type { Observer } from '../../RingEvent'

export interface Answered {
  /** Notes that a load of a key ended with an answer that is not a page. */
  readonly note: (key: Key) => void
  readonly told: (observe: Observer) => Observer
}

export const makeAnswered = (): Answered => {
  /** How many loads of a key ended in this way and are not reported yet: loads of a key may end at the same time. */
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
