/**
 * The stored page for a request, without a load.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import type { RingError } from '../../RingError'
import type { Page } from '../model'
import type { Pages } from './load'
import type { Spot, Spots } from './spot'
import type { Visit } from './visit'

/** The stored page for a visit and its place; or the fault if it is unknown. */
export interface Found {
  /** Where the page is, or where it would be stored. */
  readonly place: string
  readonly page: Page | undefined
  readonly fault?: RingError
}

export type Find = (visit: Visit, spot: Spot) => Promise<Found>

export const makeFind = (pages: Pick<Pages, 'get'>, spots: Spots): Find => {
  const find: Find = async (visit, spot) => {
    const { place } = spot
    const got = await pages.get({ visit, place })()
    if (E.isLeft(got)) return { place, page: undefined, fault: got.left }
    if (O.isNone(got.right)) return { place, page: undefined }
    const page = got.right.value
    const next = spots.next(spot, page, visit)
    return next === 'here'
      ? { place, page }
      : next === 'nowhere'
      ? { place, page: undefined }
      : find(visit, next)
  }
  return find
}
