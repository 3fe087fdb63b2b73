/**
 * Maps failures to the errors of a ring.
 *
 * @internal
 */
import { inOwnWords } from '../base/ownWords'
import type { StoreError } from '../RingError'
import {
  type DecodeError,
  isRingError,
  KeyError,
  type Operation,
  type RingError,
  storeFailed
} from '../RingError'

export { tooLate } from '../stores/kit/errors'

/** A codec error of an encoded store is reported as the ring's own (law 14). */
export const asRingError = (error: StoreError): RingError =>
  error.reason === 'codec' && isRingError(error.cause) ? error.cause : error

export const asKeyError = (cause: unknown): KeyError =>
  isRingError(cause) && cause._tag === 'KeyError'
    ? cause
    : inOwnWords(new KeyError('the key function threw', cause))

/** A store or a `tags` function threw instead of returning an answer. */
export const thrownBy =
  (operation: Operation) =>
  (cause: unknown): RingError =>
    isRingError(cause) && cause._tag === 'KeyError' ? cause : storeFailed(operation)(cause)

/** The operation that failed: the error names it. */
export const failedAt = (error: Exclude<RingError, DecodeError>): Operation | 'key' | 'encode' =>
  error._tag === 'StoreError' ? error.operation : error._tag === 'KeyError' ? 'key' : 'encode'

export const isInvalid = (error: RingError): error is DecodeError => error._tag === 'DecodeError'
