/**
 * The errors that the stores of this library return.
 *
 * @internal
 */
import { inOwnWords } from '../../base/ownWords'
import { isRingError, type Operation, StoreError, type StoreErrorReason } from '../../RingError'

/** A `StoreError` whose message holds no value, no key and no URL, so that warnings may print it. */
export const storeError = (
  operation: Operation,
  reason: StoreErrorReason,
  message: string,
  cause?: unknown
): StoreError => inOwnWords(new StoreError(operation, reason, message, cause))

export const isStoreError = (u: unknown): u is StoreError => isRingError(u) && u._tag === 'StoreError'

/** All steps of a call together have waited for the store as long as the call may (law 26). */
export const tooLate = (operation: Operation): StoreError =>
  storeError(operation, 'timeout', 'the call has waited for the store for as long as it may')
