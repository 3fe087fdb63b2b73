/**
 * One operation of a third-party store, which may throw. A ring's own store never does: `engine/total` ensures that.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { type Operation, type StoreError, storeFailed } from '../../RingError'

/** Runs it; an exception becomes a failure of the store. */
export const attempt = async <A>(
  operation: Operation,
  task: () => Promise<E.Either<StoreError, A>>
): Promise<E.Either<StoreError, A>> => {
  try {
    return await task()
  } catch (cause) {
    return E.left(storeFailed(operation)(cause))
  }
}
