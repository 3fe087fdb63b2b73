/**
 * How a request is answered: from the store, from a load in progress, or by its own handler.
 *
 * Two rules make this safe. **A joined caller gets the result of a load only if that may be stored and suits its
 * request**; any other answer belongs to another request, and the caller runs its own handler. **The caller whose
 * handler runs gets the handler's answer**, as a stream, and not the stored copy.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import type { Commands } from '../../Command'
import type { RingError } from '../../RingError'
import { asksForMore, hasBody, isDisguised, isRead } from '../core/conditions'
import { type Directives, durationOf, parseDirectives } from '../core/directives'
import { valueOf } from '../core/fields'
import { type Head, suits, variantOf, varyOf, type Wanted } from '../core/rules'
import { isAt, type Target } from '../core/target'
import type { Page } from '../model'
import { type LoadError, type Loads, lost, type Passing, type Stop } from './load'
import { ageOf, leftOf } from './stored'
import { type Arrival, type Fate, makeVisit, type Released, type Reply, type Visit } from './visit'

/** What the client receives: a stored page, the handler's answer, or nothing (`only-if-cached`). */
export type Served =
  | { readonly _tag: 'Page'; readonly page: Page; readonly fate: Fate }
  | { readonly _tag: 'Reply'; readonly reply: Reply; readonly fate: Fate }
  | { readonly _tag: 'Nothing'; readonly fate: Fate }

type Pages = Pick<Commands<[Stop], LoadError, Page, Uint8Array>, 'getOrUpdate' | 'get' | 'update' | 'purge'>

export interface Ways extends Loads {
  /** Request fields that are part of every place. */
  readonly vary: ReadonlyArray<string>
  readonly obeys: boolean
  /** The common prefix of all places of a target. */
  readonly base: (target: Target) => string
  readonly pathTag: (path: string) => string
  readonly isAt: (target: Target) => boolean
}

/** How many places are tried: the names in `Vary` may differ from variant to variant. */
const mostHops = 3
/** After how many aborted loads a request no longer waits, and runs its own handler. */
const mostTurns = 3

const safe: ReadonlySet<string> = /*#__PURE__*/ new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** The place of a page whose `Vary` has these names. */
export const placeAt = (base: string, names: ReadonlyArray<string>, wanted: Wanted): string => {
  const variant = variantOf(names, wanted)
  return variant === '' ? base : `${base}#${variant}`
}

// -------------------------------------------------------------------------------------
// a request
// -------------------------------------------------------------------------------------

/** Whether a page meets the client's requirements of its age. */
const satisfies = (asked: Directives, page: Page, now: number): boolean => {
  const most = durationOf(asked, 'max-age')
  const fresh = durationOf(asked, 'min-fresh')
  const left = leftOf(page, now)
  // without a number, any stale page is accepted
  const late = asked.get('max-stale') === undefined ? Infinity : durationOf(asked, 'max-stale') ?? 0
  const inTime = left > 0 || (asked.has('max-stale') && -left * 1_000 <= late)
  return (
    !asked.has('no-cache') &&
    (most === undefined || (ageOf(page, now) * 1_000 < most && inTime)) &&
    (fresh === undefined || left * 1_000 >= fresh)
  )
}

const unsaid: Directives = /*#__PURE__*/ new Map()

const nothing: Served = { _tag: 'Nothing', fate: { detail: 'only-if-cached' } }

/** The stored page for a visit and its place; or the fault if it is unknown. */
export interface Found {
  readonly place: string
  readonly page: Page | undefined
  readonly fault?: RingError
}

export interface Serving {
  readonly find: (visit: Visit, base: string, place: string) => Promise<Found>
  /** Rejects if the handler does. */
  readonly serve: (arrival: Arrival) => Promise<Served>
}

export const makeServe = (ways: Ways, pages: Pages, passing: Passing): Serving => {
  const { now, obeys, vary } = ways

  const saidBy = (visit: Visit): Directives =>
    parseDirectives(
      visit.header('cache-control') ??
        (visit.header('pragma')?.toLowerCase().includes('no-cache') === true ? 'no-cache' : '')
    )

  const isOver = (page: Page): boolean => leftOf(page, now()) <= 0

  const fromStore = (visit: Visit, page: Page, fate: Fate): Served => {
    visit.close()
    return { _tag: 'Page', page, fate }
  }

  /** The answer of the request's own handler; rejects if the handler does. */
  const own = async (visit: Visit, fate: Fate): Promise<Served> => {
    visit.expect(fate)
    const reply = await visit.run()
    return { _tag: 'Reply', reply, fate: visit.storing() ? { ...fate, stored: true } : fate }
  }

  const next = (base: string, page: Page, visit: Visit): string =>
    placeAt(base, [...vary, ...varyOf(page.headers)], visit)

  /** The stored page for a visit, without a load; otherwise the place where it would be stored. */
  const find = async (visit: Visit, base: string, place: string, hop = 0): Promise<Found> => {
    const got = await pages.get({ visit, place })()
    if (E.isLeft(got)) return { place, page: undefined, fault: got.left }
    if (O.isNone(got.right)) return { place, page: undefined }
    const page = got.right.value
    const fit = suits(page, visit)
    if (fit === 'yes') return { place, page }
    const other = next(base, page, visit)
    return fit === 'not for all' || hop >= mostHops || other === place
      ? { place, page: undefined }
      : find(visit, base, other, hop + 1)
  }

  /** Runs the request's own handler, whatever is stored, and stores its answer if that is allowed. */
  const alone = async (visit: Visit, place: string, fate: Fate): Promise<Served> => {
    visit.expect(fate)
    const updated: Promise<unknown> = pages.update({ visit, place })()
    await Promise.race([visit.released, updated.catch(() => undefined)])
    return own(visit, fate)
  }

  /** The result of a load, which may belong to another request. */
  const settle = (
    visit: Visit,
    base: string,
    place: string,
    hop: number,
    turn: number,
    answer: E.Either<LoadError, Page>
  ): Promise<Served> | Served => {
    const fwd = hop === 0 ? 'miss' : 'vary-miss'
    if (E.isLeft(answer))
      // after its client disconnected, a visit starts no new load: joined callers would lose that one, too
      return visit.ran() || visit.isGone()
        ? own(visit, { fwd })
        : answer.left === lost && turn < mostTurns
        ? // the client of the load has disconnected: one of the joined callers loads now
          collapse(visit, base, place, hop, turn + 1)
        : alone(visit, place, { fwd, collapsed: false })
    const page = answer.right
    const fit = suits(page, visit)
    if (fit === 'yes') return fromStore(visit, page, fateOf(visit, page, fwd))
    const other = next(base, page, visit)
    return fit === 'not for all' || hop >= mostHops || other === place
      ? alone(visit, place, { fwd })
      : collapse(visit, base, other, hop + 1, turn)
  }

  const fateOf = (visit: Visit, page: Page, fwd: 'miss' | 'vary-miss'): Fate =>
    loaded.has(page)
      ? { fwd, collapsed: true, stored: true }
      : visit.ran() && isOver(page)
      ? { fwd: 'stale', detail: 'stale-if-error' }
      : { hit: true }

  /** Through the ring: a hit, a new load that others may join, or a load to join. */
  const collapse = async (visit: Visit, base: string, place: string, hop = 0, turn = 1): Promise<Served> => {
    const stop = { visit, place }
    if (passing.holds(stop)) {
      const found = await find(visit, base, place)
      return found.page === undefined
        ? alone(visit, found.place, { fwd: 'miss' })
        : fromStore(visit, found.page, { hit: true })
    }
    const fwd = hop === 0 ? 'miss' : 'vary-miss'
    visit.expect({ fwd }, true)
    const answer = pages
      .getOrUpdate(stop)()
      .catch((cause: unknown): E.Either<LoadError, Page> => E.left({ _tag: 'Thrown', cause }))
    const first = await Promise.race<Released | E.Either<LoadError, Page>>([visit.released, answer])
    return first === 'released' ? own(visit, { fwd }) : settle(visit, base, place, hop, turn, first)
  }

  /** A request with requirements of the answer's age. */
  const particular = async (
    visit: Visit,
    base: string,
    place: string,
    asked: Directives
  ): Promise<Served> => {
    const found = await find(visit, base, place)
    if (found.page !== undefined && satisfies(asked, found.page, now()))
      return fromStore(visit, found.page, { hit: true })
    return asked.has('only-if-cached')
      ? nothing
      : alone(visit, found.place, { fwd: found.page === undefined ? 'miss' : 'request' })
  }

  /** The page that a request changes, according to the handler's answer. */
  const changedBy = (visit: Visit, { status }: Head, target: Target | undefined): Target | undefined =>
    safe.has(visit.method) || status < 200 || status >= 400 ? undefined : target

  /** Hides the pages that a request changed: the stored ones are out of date (RFC 9111, section 4.4). */
  const hide = async (target: Target, { fields }: Reply): Promise<void> => {
    const others = ['location', 'content-location'].flatMap((name) => {
      const given = valueOf(fields, name)
      return given === undefined ? [] : nearby(target, given)
    })
    await pages
      .purge(...[target.path, ...others].map(ways.pathTag))()
      .catch(() => undefined)
  }

  const change = async (visit: Visit, target: Target | undefined): Promise<Served> => {
    const fate: Fate = { fwd: 'method' }
    const reply = await visit.run((head) => ({ fate, waits: changedBy(visit, head, target) !== undefined }))
    const changed = changedBy(visit, reply, target)
    if (changed !== undefined) await hide(changed, reply)
    return { _tag: 'Reply', reply, fate }
  }

  const serve = async (visit: Visit, target: Target | undefined): Promise<Served> => {
    if (!isRead(visit)) return change(visit, target)
    if (
      target === undefined ||
      target.isExact === false ||
      !ways.isAt(target) ||
      asksForMore(visit) ||
      hasBody(visit) ||
      isDisguised(visit)
    )
      return own(visit, { fwd: 'bypass' })
    const said = saidBy(visit)
    const asked = obeys ? said : unsaid
    const base = ways.base(target)
    const place = placeAt(base, vary, visit)
    if (said.has('no-store')) {
      // a stored page may still be served if the cache ignores the client's directives
      const { page } = obeys ? { page: undefined } : await find(visit, base, place)
      return page === undefined ? own(visit, { fwd: 'request' }) : fromStore(visit, page, { hit: true })
    }
    if (visit.method === 'HEAD') {
      const { page } = await find(visit, base, place)
      if (page === undefined && asked.has('only-if-cached')) return nothing
      return page !== undefined && satisfies(asked, page, now())
        ? fromStore(visit, page, { hit: true })
        : own(visit, { fwd: page === undefined ? 'miss' : 'request' })
    }
    const limits = ['no-cache', 'max-age', 'min-fresh', 'only-if-cached']
    return limits.some((name) => asked.has(name))
      ? particular(visit, base, place, asked)
      : collapse(visit, base, place)
  }

  return {
    find,
    serve: (arrival: Arrival): Promise<Served> => {
      const place = E.isLeft(arrival.target) ? undefined : arrival.target.right
      const visit = makeVisit(arrival, place?.path ?? '')
      // after any failure here, the handler can still answer
      // (if it has already run, this is its answer, or its exception)
      return serve(visit, place).catch(() => own(visit, { fwd: 'bypass' }))
    }
  }
}

/** Pages that a load of this process has just made: each read of the store returns a new object. */
const loaded = /*#__PURE__*/ new WeakSet<Page>()

export const note = (page: Page): Page => {
  loaded.add(page)
  return page
}

/** The path of an address on the same host: behind a proxy the scheme may differ from that of the socket. */
const nearby = (target: Target, given: string): ReadonlyArray<string> => {
  try {
    const url = new URL(given, target.origin + target.path)
    return isAt(url, target) ? [url.pathname + url.search] : []
  } catch {
    return []
  }
}
