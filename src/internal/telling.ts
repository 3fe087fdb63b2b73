/**
 * How a ring tells its observer what happens.
 *
 * @internal
 */
import type { Clock } from '../Clock'
import type { Key } from '../KeyFn'
import type { RingError } from '../RingError'
import type { Observer, RingEvent } from '../RingEvent'
import { asRingError, failedAt, isInvalid } from './errors'

type Details<T> = T extends unknown ? Omit<T, 'ring' | 'key' | 'duration'> : never

export interface Telling {
  /** When what is to be told began; nobody asks the clock where there is no observer. */
  readonly now: () => number
  readonly emit: (key: Key, since: number, details: Details<RingEvent>) => void
  readonly fault: (key: Key, since: number, error: RingError) => void
  /** Tells a failure of a command, and says what it is to its caller. */
  readonly failed: (key: Key, since: number, error: RingError) => RingError
}

const silent = (): void => undefined

const isThenable = (u: unknown): u is PromiseLike<unknown> =>
  typeof u === 'object' && u !== null && 'then' in u && typeof u.then === 'function'

export const makeTelling = (name: string, clock: Clock, observe: Observer | undefined): Telling => {
  const emit: Telling['emit'] =
    observe === undefined
      ? silent
      : (key, since, details) => {
          try {
            // the proof: `details` is one of the events without what is added here
            const done: unknown = observe({ ...details, ring: name, key, duration: clock.now() - since })()
            // an `async` observer passes for one, and may reject
            if (isThenable(done)) done.then(silent, silent)
          } catch {
            // law 30: an observer changes nothing
          }
        }
  const fault: Telling['fault'] = (key, since, error) => {
    emit(
      key,
      since,
      isInvalid(error) ? { _tag: 'Invalid', error } : { _tag: 'Fault', operation: failedAt(error), error }
    )
  }
  return {
    now: observe === undefined ? () => 0 : clock.now,
    emit,
    fault,
    failed: (key, since, cause) => {
      const error = cause._tag === 'StoreError' ? asRingError(cause) : cause
      fault(key, since, error)
      return error
    }
  }
}
