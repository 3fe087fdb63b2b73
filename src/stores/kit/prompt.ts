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

interface Known {
  readonly now: AtOnce<never>
  /** The methods that the store had when it was made. */
  readonly methods: Readonly<Record<string, unknown>>
  readonly leases: Readonly<Record<string, unknown>>
}

const known = /*#__PURE__*/ new WeakMap<object, Known>()

type Members = Readonly<Record<string, unknown>>

/** Whether a method of a store is still the one that it was made with. A test may replace it, to make it fail. */
export type IsOwn = (operation: keyof Operations<never> | keyof Leases<never>) => boolean

export interface Prompt<R> {
  readonly now: AtOnce<R>
  readonly isOwn: IsOwn
}

/**
 * The operations of a store without promises. They belong to this very object: a store that was made from it by a
 * combinator, or by a user, has none.
 */
export const atOnceOf = <R>(store: Operations<R>): Prompt<R> | undefined => {
  const found = known.get(store)
  if (found === undefined) return undefined
  const { leases, methods, now } = found
  const its = store as unknown as Members & { readonly leases?: Members }
  return {
    now: now as AtOnce<R>, // SAFETY: `answersAtOnce` is given the operations of a store of R
    isOwn: (name) => (name in leases ? its.leases?.[name] === leases[name] : its[name] === methods[name])
  }
}

/** Says that the operations of a store are these. */
export const answersAtOnce = <R>(
  store: Operations<R> & { readonly leases: Leases<R> },
  now: AtOnce<R>
): void => {
  const { leases, ...methods } = store
  known.set(store, {
    now: now as AtOnce<never>, // SAFETY: `atOnceOf` returns them as they were
    methods: methods,
    leases: { ...leases }
  })
}
