/**
 * A request through the ring: a hit, a new load that other requests may join, or a load to join.
 *
 * **A joined caller gets the result of a load only if that may be stored and suits its request.** Any other answer
 * belongs to another request: the caller then runs its own handler, by itself.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Page } from '../model'
import type { Find } from './find'
import { type LoadError, lost, type Pages, type Passing } from './load'
import { isLoaded } from './loaded'
import { fromStore, own, type Served } from './served'
import type { Spot, Spots } from './spot'
import { leftOf } from './stored'
import type { Fate, Released, Visit } from './visit'

/** Runs the request's own handler, whatever is stored, and stores its answer if that is allowed. */
export type Alone = (visit: Visit, place: string, fate: Fate) => Promise<Served>

export const makeAlone =
  (pages: Pick<Pages, 'update'>): Alone =>
  async (visit, place, fate) => {
    visit.expect(fate)
    const updated: Promise<unknown> = pages.update({ visit, place })()
    await Promise.race([visit.released, updated.catch(() => undefined)])
    return own(visit, fate)
  }

/** What a load is made of: the ring of pages, and the ways around it. */
export interface CollapseParts {
  readonly pages: Pick<Pages, 'getOrUpdate'>
  readonly passing: Pick<Passing, 'holds'>
  readonly spots: Spots
  readonly find: Find
  readonly alone: Alone
  readonly now: () => number
}

/** After how many aborted loads a request no longer waits, and runs its own handler. */
const mostTurns = 3

const fwdOf = ({ hop }: Spot): 'miss' | 'vary-miss' => (hop === 0 ? 'miss' : 'vary-miss')

const thrown = (cause: unknown): E.Either<LoadError, Page> => E.left({ _tag: 'Thrown', cause })

export const makeCollapse = ({ alone, find, now, pages, passing, spots }: CollapseParts) => {
  const fateOf = (visit: Visit, page: Page, spot: Spot): Fate =>
    isLoaded(page)
      ? { fwd: fwdOf(spot), collapsed: true, stored: true }
      : visit.ran() && leftOf(page, now()) <= 0
      ? { fwd: 'stale', detail: 'stale-if-error' }
      : { hit: true }

  /** The result of a load, which may belong to another request. */
  const onPage = (visit: Visit, spot: Spot, turn: number, page: Page): Promise<Served> | Served => {
    const next = spots.next(spot, page, visit)
    return next === 'here'
      ? fromStore(visit, page, fateOf(visit, page, spot))
      : next === 'nowhere'
      ? alone(visit, spot.place, { fwd: fwdOf(spot) })
      : collapse(visit, next, turn)
  }

  const onError = (visit: Visit, spot: Spot, turn: number, error: LoadError): Promise<Served> =>
    // after its client disconnected, a visit starts no new load: joined callers would lose that one, too
    visit.ran() || visit.isGone()
      ? own(visit, { fwd: fwdOf(spot) })
      : error === lost && turn < mostTurns
      ? // the client of the load has disconnected: one of the joined callers loads now
        collapse(visit, spot, turn + 1)
      : alone(visit, spot.place, { fwd: fwdOf(spot), collapsed: false })

  /** A page that recently could not be stored: the request joins no load, as it could not use the result. */
  const passed = async (visit: Visit, spot: Spot): Promise<Served> => {
    const { page, place } = await find(visit, { ...spot, hop: 0 })
    return page === undefined ? alone(visit, place, { fwd: 'miss' }) : fromStore(visit, page, { hit: true })
  }

  const collapse = async (visit: Visit, spot: Spot, turn = 1): Promise<Served> => {
    const stop = { visit, place: spot.place }
    if (passing.holds(stop)) return passed(visit, spot)
    const fwd = fwdOf(spot)
    visit.expect({ fwd }, true)
    const answer = pages.getOrUpdate(stop)().catch(thrown)
    const first = await Promise.race<Released | E.Either<LoadError, Page>>([visit.released, answer])
    if (first === 'released') return own(visit, { fwd })
    return E.isLeft(first) ? onError(visit, spot, turn, first.left) : onPage(visit, spot, turn, first.right)
  }

  return (visit: Visit, spot: Spot): Promise<Served> => collapse(visit, spot)
}
