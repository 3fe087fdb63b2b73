/**
 * Rings whose changes expire entries of other rings.
 *
 * @since 0.1.0
 */
import type * as TE from 'fp-ts/TaskEither'

import type * as KeyFn from '../KeyFn'
import type { RingError } from '../RingError'
import { argumentLists, linkedRing, type Linking, linkTo, purgeAll, tagLists } from './follow'
import type { Dissectible } from './model'
import type { AnyRing } from './over'
import type { AnyTypes, Having, TypesOf } from './signatures'

type Arguments = KeyFn.Arguments

/** The arguments of a ring, which must be known: a link for an unknown ring is refused. */
type ArgumentsOf<F> = F extends Dissectible<infer T extends AnyTypes>
  ? [Parameters<T['args']>] extends [never]
    ? Arguments
    : Parameters<T['args']>
  : never

/**
 * What expires in another ring when entries of one change: see `linked`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Link<in Args extends Arguments> extends Linking {
  /** Carries the type of the arguments. It does not exist at run time. */
  readonly args?: (...args: Args) => void
}

/**
 * `linked(links)` outside of a pipe: a ring must have the arguments that its links are made of.
 *
 * @category model
 * @since 0.1.0
 */
export interface Linked<Args extends Arguments> {
  <F extends Dissectible<TypesOf<readonly [...Args, ...ReadonlyArray<never>]>>>(
    ring: F & Having<ArgumentsOf<F>, Args, 'the links ask for more arguments than the ring has'>
  ): F
}

/**
 * A link to known entries: `f` returns the arguments of each of them.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const store = dict()
 * const user = ring((id: number) => TE.right({ id }), { store, name: 'user' })
 * export const asset = pipe(
 *   ring((userId: number, id: number) => TE.right({ userId, id }), { store, name: 'asset' }),
 *   Ring.linked(Ring.expires(user, (userId: number, _id: number) => [[userId]]))
 * )
 *
 * @category constructors
 * @since 0.1.0
 */
export const expires = <Args extends Arguments, To extends Arguments>(
  ring: Dissectible & {
    readonly deleteMany: (argsList: ReadonlyArray<To>) => TE.TaskEither<RingError, void>
  },
  f: (...args: Args) => ReadonlyArray<readonly [...To]>
): Link<Args> => ({
  to: linkTo('Ring.expires', ring, f),
  expire: (argsList) =>
    // SAFETY: it is called with the arguments of the ring that has the link, and `f` makes those of `ring`
    ring.deleteMany(
      argsList.flatMap((args) =>
        argumentLists(f(...(args as unknown as Args)))
      ) as unknown as ReadonlyArray<To>
    )
})

/**
 * A link to all entries that have given tags: for entries whose arguments are only partly known.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const store = dict()
 * const asset = ring((userId: number, id: number) => TE.right({ userId, id }), {
 *   store,
 *   name: 'asset',
 *   tags: (userId) => [`user:${userId}`]
 * })
 * export const user = pipe(
 *   ring((id: number) => TE.right({ id }), { store, name: 'user' }),
 *   Ring.linked(Ring.purges(asset, (id: number) => [`user:${id}`]))
 * )
 *
 * @category constructors
 * @since 0.1.0
 */
export const purges = <Args extends Arguments>(
  ring: Dissectible & {
    readonly purge: (...tags: ReadonlyArray<string>) => TE.TaskEither<RingError, void>
  },
  f: (...args: Args) => ReadonlyArray<string>
): Link<Args> => ({
  to: linkTo('Ring.purges', ring, f),
  // SAFETY: as in `expires`
  expire: (argsList) =>
    purgeAll(
      ring.purge,
      argsList.flatMap((args) => tagLists(f(...(args as unknown as Args))))
    )
})

/**
 * A ring whose changes expire entries of other rings (the original's cascades). After `delete`, `set` and `update`, and
 * their bulk forms, the command follows the links of the ring, and their links in turn, before it returns. This ring
 * changes first, then the others, all at the same time, so that no reader of this ring's store rebuilds them from
 * outdated entries. A link that fails is a failure of the command; the other links are still followed. A change that
 * failed may have taken effect, so links are followed then, too.
 *
 * A load is not a change: it only reads what exists. Links are not followed for `touch`, `purge` and `clear`, nor for
 * your own commands.
 *
 * Throws a `TypeError` for links that lead back to the ring, and for a ring whose `delete`, `set` or `update` is your
 * own command.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const store = dict()
 * const user = ring((id: number) => TE.right({ id }), { store, name: 'user' })
 * const asset = pipe(
 *   ring((userId: number, id: number) => TE.right({ userId, id }), { store, name: 'asset' }),
 *   Ring.linked(Ring.expires(user, (userId: number, _id: number) => [[userId]]))
 * )
 * const test = async () => {
 *   await user(1)()
 *   assert.deepStrictEqual(await asset.delete(1, 7)(), E.right(undefined))
 *   assert.deepStrictEqual(await user.has(1)(), E.right(false))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export function linked<F extends Dissectible<AnyTypes>>(
  ...links: ReadonlyArray<Link<ArgumentsOf<F>>>
): (ring: F) => F
// outside of a pipe, the type of the links states the first arguments
export function linked<Args extends Arguments>(...links: ReadonlyArray<Link<Args>>): Linked<Args>
export function linked(...links: ReadonlyArray<Linking>): unknown {
  return (ring: unknown) => linkedRing(ring as AnyRing, links) // SAFETY: only rings are dissectible
}
