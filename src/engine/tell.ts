/**
 * Emits the events of a ring to its observer; without an observer, warns of faults. A hit does not pay for this.
 *
 * @internal
 */
import { isThenable } from '../base/kinds'
import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import type { Key } from '../KeyFn'
import type { RingError } from '../RingError'
import type { Observer, RingEvent } from '../RingEvent'
import { asRingError, failedAt, isInvalid } from './errors'
import { faultKind, faultWords, thrownWords } from './faultWords'
import type { Unwritten } from './unwritten'
import { makeWarner, type Warn } from './warner'

type Details<T> = T extends unknown ? Omit<T, 'ring' | 'key' | 'duration'> : never

export interface Telling {
  /** The time, for the duration of an event; without an observer, the clock is not read. */
  readonly now: () => number
  readonly emit: (key: Key, since: number, details: Details<RingEvent>) => void
  // the events of each call, without an object where nobody observes
  readonly tellRead: (served: 'Hit' | 'Stale', key: Key, since: number) => void
  readonly tellMiss: (key: Key, since: number, shared: boolean) => void
  readonly tellLoad: (key: Key, since: number, ok: boolean, size: number) => void
  readonly tellStore: (key: Key, since: number, ttl: Duration) => void
  readonly fault: (key: Key, since: number, error: RingError) => void
  /** Reports a failure of a command, and returns the error for its caller. */
  readonly failed: (key: Key, since: number, error: RingError) => RingError
}

interface Parts {
  readonly name: string
  /** What the keys of the ring begin with. */
  readonly prefix: string | undefined
  readonly clock: Clock
  readonly observe: Observer | undefined
  readonly warnings: boolean
  readonly unwritten: Unwritten
}

/** An observer changes nothing (law 30): the ring does not wait for it, and its failure is a warning. */
const observing = (observe: Observer, warn: Warn): ((event: RingEvent) => void) => {
  const failed = (cause: unknown): void =>
    warn(
      'FP_RING_OBSERVER',
      'observer',
      () => `its observer failed with ${thrownWords(cause)}; what the cache does is not changed by that`
    )
  return (event) => {
    try {
      const given: unknown = observe(event)
      if (given === undefined) return
      const done: unknown = typeof given === 'function' ? (given as () => unknown)() : given
      if (isThenable(done)) done.then(undefined, failed)
    } catch (cause) {
      failed(cause)
    }
  }
}

export const makeTelling = ({ clock, name, observe, prefix, unwritten, warnings }: Parts): Telling => {
  const warn = makeWarner(prefix ?? name, clock.now, warnings)
  const tell = observe === undefined ? undefined : observing(observe, warn)
  const emit: Telling['emit'] = (key, since, details) => {
    unwritten.learn(key, details._tag)
    // the details are spread last: properties that follow a spread are slow to add
    tell?.({ ring: name, key, duration: clock.now() - since, ...details })
  }
  const fault: Telling['fault'] = (key, since, error) => {
    unwritten.fail(key, error)
    if (tell === undefined) {
      warn('FP_RING_FAULT', faultKind(error), () => `${faultWords(error)}. ${advice}`)
      return
    }
    emit(
      key,
      since,
      isInvalid(error) ? { _tag: 'Invalid', error } : { _tag: 'Fault', operation: failedAt(error), error }
    )
  }
  return {
    now: observe === undefined ? () => 0 : clock.now,
    emit,
    tellRead: (served, key, since) => {
      if (tell !== undefined) tell({ _tag: served, ring: name, key, duration: clock.now() - since })
    },
    tellMiss: (key, since, shared) => {
      if (tell !== undefined) tell({ _tag: 'Miss', ring: name, key, duration: clock.now() - since, shared })
    },
    tellLoad: (key, since, ok, size) => {
      if (tell !== undefined) tell({ _tag: 'Load', ring: name, key, duration: clock.now() - since, ok, size })
    },
    tellStore: (key, since, ttl) => {
      unwritten.learn(key, 'Store')
      if (tell !== undefined) tell({ _tag: 'Store', ring: name, key, duration: clock.now() - since, ttl })
    },
    fault,
    failed: (key, since, cause) => {
      const error = cause._tag === 'StoreError' ? asRingError(cause) : cause
      fault(key, since, error)
      return error
    }
  }
}

const advice =
  'The ring works on as it can. `observe` is told each fault itself; `warnings: false` silences this.'
