/**
 * Checks the argument of the combinators of rings.
 *
 * @internal
 */
import { hasMembers } from '../base/kinds'
import { anatomy } from '../wiring/anatomy'
import { type Kind, must } from '../wiring/check'

const aRing: Kind = {
  what: 'a ring',
  is: (u) => hasMembers(u) && anatomy in u,
  hint: 'ring(fn, { store }) makes one'
}

/** Accepts a ring, a reader or a page: anything that has the parts of a ring. */
export const checkedRing = <F>(whose: string, given: F): F =>
  must(`what ${whose} is applied to`, aRing, given)
