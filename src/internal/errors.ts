/**
 * Which error a failure is to a ring.
 *
 * @internal
 */
import {
  type DecodeError,
  isRingError,
  KeyError,
  type RingError,
  type StoreError,
  storeFailed
} from '../RingError'
import type { Operation } from '../Store'

/** An encoded store's codec error is the ring's own (law 14). */
export const asRingError = (error: StoreError): RingError =>
  error.reason === 'codec' && isRingError(error.cause) ? error.cause : error

export const asKeyError = (cause: unknown): KeyError =>
  isRingError(cause) && cause._tag === 'KeyError' ? cause : new KeyError('the key function threw', cause)

/** A store or a function of tags that threw where it should have answered. */
export const thrownBy =
  (operation: Operation) =>
  (cause: unknown): RingError =>
    isRingError(cause) && cause._tag === 'KeyError' ? cause : storeFailed(operation)(cause)

/** At what it failed: the error knows. */
export const failedAt = (error: Exclude<RingError, DecodeError>): Operation | 'key' | 'encode' =>
  error._tag === 'StoreError' ? error.operation : error._tag === 'KeyError' ? 'key' : 'encode'

export const isInvalid = (error: RingError): error is DecodeError => error._tag === 'DecodeError'
