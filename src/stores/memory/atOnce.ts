/**
 * Tasks of stores in this process's memory.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import { tableOf } from '../../base/tableOf'
import { isRingError, type Operation, type StoreError, storeFailed } from '../../RingError'

/** A task that computes its answer synchronously. An exception becomes a `left`. */
export const atOnce =
  <A>(operation: Operation, f: () => A): TE.TaskEither<StoreError, A> =>
  () => {
    try {
      return Promise.resolve(E.right(f()))
    } catch (cause) {
      // SAFETY: a store in memory throws no other RingError than a StoreError
      return Promise.resolve(
        E.left(isRingError(cause) ? (cause as StoreError) : storeFailed(operation)(cause))
      )
    }
  }

/** The operations of these names, as tasks. */
export const allAtOnce = <N extends Operation>(
  names: ReadonlyArray<N>,
  now: Readonly<Record<N, unknown>>
): Readonly<Record<N, unknown>> => {
  const all = now as Readonly<Record<N, (...args: ReadonlyArray<unknown>) => unknown>> // SAFETY: they are operations
  return tableOf(
    names,
    (name) =>
      (...args: ReadonlyArray<unknown>) =>
        atOnce(name, () => all[name](...args))
  )
}
