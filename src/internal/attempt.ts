import * as E from 'fp-ts/Either'

import { type StoreError, storeFailed } from '../RingError'
import type { Operation } from '../Store'

/**
 * Runs an operation of a store of somebody else's, which may throw.
 *
 * @internal
 */
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
