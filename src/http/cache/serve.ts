/**
 * How a request is answered: from the store, from a load in progress, or by its own handler.
 *
 * Two rules make this safe. **A joined caller gets the result of a load only if that may be stored and suits its
 * request** (`collapse.ts`). **The caller whose handler runs gets the handler's answer**, as a stream, and not the stored
 * copy.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { asksForMore, hasBody, isDisguised, isRead } from '../core/conditions'
import type { Directives } from '../core/directives'
import type { Target } from '../core/target'
import { isParticular, saidBy, satisfies, unsaid } from './asked'
import { makeChange } from './change'
import { makeAlone, makeCollapse } from './collapse'
import { type Found, makeFind } from './find'
import type { Loads, Pages, Passing } from './load'
import { fromStore, nothing, own, type Served } from './served'
import { makeSpots, type Spot } from './spot'
import { type Arrival, makeVisit, type Visit } from './visit'

export interface Ways extends Loads {
  /** Request fields that are part of every place. */
  readonly vary: ReadonlyArray<string>
  readonly obeys: boolean
  /** The common prefix of all places of a target. */
  readonly base: (target: Target) => string
  readonly pathTag: (path: string) => string
  readonly isAt: (target: Target) => boolean
}

export interface Serving {
  readonly find: (visit: Visit, base: string, place: string) => Promise<Found>
  /** Rejects if the handler does. */
  readonly serve: (arrival: Arrival) => Promise<Served>
}

/** Whether the answer of a read may depend on more than its key says. */
const isSpecial = (visit: Visit, target: Target): boolean =>
  target.isExact === false || asksForMore(visit) || hasBody(visit) || isDisguised(visit)

export const makeServe = (ways: Ways, pages: Pages, passing: Passing): Serving => {
  const { now, obeys } = ways
  const spots = makeSpots(ways.vary)
  const find = makeFind(pages, spots)
  const alone = makeAlone(pages)
  const collapse = makeCollapse({ pages, passing, spots, find, alone, now })
  const change = makeChange(pages, ways.pathTag)

  /** A request whose answer must not be stored. A stored page may be served if the cache ignores such directives. */
  const unstored = async (visit: Visit, spot: Spot): Promise<Served> => {
    const { page } = obeys ? { page: undefined } : await find(visit, spot)
    return page === undefined ? own(visit, { fwd: 'request' }) : fromStore(visit, page, { hit: true })
  }

  /** A request for a head only. Its answer has no body, so it is not stored. */
  const headOnly = async (visit: Visit, spot: Spot, asked: Directives): Promise<Served> => {
    const { page } = await find(visit, spot)
    if (page === undefined && asked.has('only-if-cached')) return nothing
    return page !== undefined && satisfies(asked, page, now())
      ? fromStore(visit, page, { hit: true })
      : own(visit, { fwd: page === undefined ? 'miss' : 'request' })
  }

  /** A request with requirements of the answer's age. */
  const particular = async (visit: Visit, spot: Spot, asked: Directives): Promise<Served> => {
    const { page, place } = await find(visit, spot)
    if (page !== undefined && satisfies(asked, page, now())) return fromStore(visit, page, { hit: true })
    return asked.has('only-if-cached')
      ? nothing
      : alone(visit, place, { fwd: page === undefined ? 'miss' : 'request' })
  }

  const read = (visit: Visit, target: Target): Promise<Served> => {
    const said = saidBy(visit)
    const asked = obeys ? said : unsaid
    const spot = spots.first(ways.base(target), visit)
    return said.has('no-store')
      ? unstored(visit, spot)
      : visit.method === 'HEAD'
      ? headOnly(visit, spot, asked)
      : isParticular(asked)
      ? particular(visit, spot, asked)
      : collapse(visit, spot)
  }

  const route = async (visit: Visit, target: Target | undefined): Promise<Served> =>
    !isRead(visit)
      ? change(visit, target)
      : target === undefined || !ways.isAt(target) || isSpecial(visit, target)
      ? own(visit, { fwd: 'bypass' })
      : read(visit, target)

  return {
    find: (visit, base, place) => find(visit, { base, place, hop: 0 }),
    serve: (arrival) => {
      const target = E.isLeft(arrival.target) ? undefined : arrival.target.right
      const visit = makeVisit(arrival, target?.path ?? '')
      // after any failure here, the handler can still answer
      // (if it has already run, this is its answer, or its exception)
      return route(visit, target).catch(() => own(visit, { fwd: 'bypass' }))
    }
  }
}
