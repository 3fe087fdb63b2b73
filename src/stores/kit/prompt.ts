/**
 * Stores in this process's memory, whose operations have an answer at once.
 *
 * @internal
 */
import type * as TE from 'fp-ts/TaskEither'

import type { StoreError } from '../../RingError'
import type { Leases, Operations } from '../model'

/** An operation without its promise: it returns the answer, or throws. */
type Now<F> = F extends (...args: infer P) => TE.TaskEither<StoreError, infer A> ? (...args: P) => A : never

/** The operations of a store, each of which answers at once. */
export type AtOnce<R> = {
  readonly [K in keyof Operations<R>]: Now<Operations<R>[K]>
} & { readonly leases: { readonly [K in keyof Leases<R>]: Now<Leases<R>[K]> } }

const prompt = /*#__PURE__*/ new WeakMap<object, AtOnce<never>>()

/**
 * The operations of a store without promises. They belong to this very object: a store that was made from it by a
 * combinator, or by a user, has none.
 */
export const atOnceOf = <R>(store: Operations<R>): AtOnce<R> | undefined =>
  prompt.get(store) as AtOnce<R> | undefined // SAFETY: `answersAtOnce` is given the operations of a store of R

/** Says that the operations of a store are these. */
export const answersAtOnce = <R>(store: Operations<R>, operations: AtOnce<R>): void =>
  void prompt.set(store, operations as AtOnce<never>) // SAFETY: `atOnceOf` returns them as they were
