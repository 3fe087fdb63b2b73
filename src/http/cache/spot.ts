/**
 * The places where the page of a request may be stored: one for each set of names in `Vary`. The page at a place says
 * in its own `Vary` which place is tried next.
 *
 * @internal
 */
import { suits, varyOf, type Wanted } from '../core/rules'
import { placeAt } from '../core/vary'
import type { Page } from '../model'

export { placeAt } from '../core/vary'

/** One of the places of a request. */
export interface Spot {
  /** The common prefix of all places of the request. */
  readonly base: string
  readonly place: string
  /** How many places were tried before this one. */
  readonly hop: number
}

/** How many places are tried: the names in `Vary` may differ from variant to variant. */
const mostHops = 3

/** Where the page for a request is, after a page was found at a spot. */
export type Step = 'here' | 'nowhere' | Spot

export interface Spots {
  readonly first: (base: string, wanted: Wanted) => Spot
  readonly next: (spot: Spot, page: Page, wanted: Wanted) => Step
}

/** `vary`: the request fields that are part of every place. */
export const makeSpots = (vary: ReadonlyArray<string>): Spots => ({
  first: (base, wanted) => ({ base, place: placeAt(base, vary, wanted), hop: 0 }),
  next: ({ base, hop, place }, page, wanted) => {
    const fit = suits(page, wanted)
    if (fit === 'yes') return 'here'
    const other = placeAt(base, [...vary, ...varyOf(page.headers)], wanted)
    return fit === 'not for all' || hop >= mostHops || other === place
      ? 'nowhere'
      : { base, place: other, hop: hop + 1 }
  }
})
