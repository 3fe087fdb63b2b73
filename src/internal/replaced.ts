/**
 * A store from another one: what most combinators share.
 *
 * @internal
 */
import type { Capabilities, Leases, Operations, Store, Traits } from '../Store'
import { extend } from './extend'

/**
 * What a combinator replaces, where it changes what is done; the rest stays as it is in the store below.
 *
 * @internal
 */
export type Functions<R> = Operations<R> & Pick<Traits<R>, 'leases'>

/** @internal */
export const onLeases = <R, A>(
  { leases }: Pick<Traits<R>, 'leases'>,
  f: (leases: Leases<R>) => Leases<A>
): Pick<Traits<A>, 'leases'> => (leases === undefined ? {} : { leases: f(leases) })

/**
 * The same store but for some of its members.
 *
 * @internal
 */
export const replaced = <R, B, S extends Store<R, B>>(
  store: S & Store<R, B>,
  members: Partial<Store<R>>,
  without: ReadonlyArray<'deadline'> = []
): Store<R, B> & Capabilities<S, R> =>
  // the proof: it can do what it could, beside the algebra: no combinator takes a member from a store that had it
  extend<Store<R, B>, Partial<Store<R>>>(store, members, without) as Store<R, B> & Capabilities<S, R>
