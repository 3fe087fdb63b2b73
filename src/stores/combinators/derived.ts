/**
 * A store that is derived from another one: the common part of most combinators.
 *
 * @internal
 */
import { extend } from '../../base/extend'
import type { Capabilities, Leases, Operations, Store, Traits } from '../model'

/** The members that a combinator of operations replaces; all others are those of the store below. */
export type Functions<R> = Operations<R> & Pick<Traits<R>, 'leases'>

export const onLeases = <R, A>(
  { leases }: Pick<Traits<R>, 'leases'>,
  f: (leases: Leases<R>) => Leases<A>
): Pick<Traits<A>, 'leases'> => (leases === undefined ? {} : { leases: f(leases) })

/** The same store with some members replaced. */
export const replaced = <R, B, S extends Store<R, B>>(
  store: S & Store<R, B>,
  members: Partial<Store<R>>,
  without: ReadonlyArray<'deadline'> = []
): Store<R, B> & Capabilities<S, R> =>
  // SAFETY: the store keeps its capabilities beside the algebra: no combinator removes such a member
  extend<Store<R, B>, Partial<Store<R>>>(store, members, without) as Store<R, B> & Capabilities<S, R>
