/**
 * How a request is answered: from the store, from a load that is under way, or by its own handler.
 *
 * Two rules make this safe. **Who joined a load gets what it brought only if that may be stored and suits him**; anything
 * else is an answer to somebody else's request, and he runs the handler himself. **The caller whose handler runs gets what
 * it answers**, as it comes, and not what is stored of it.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import type { Clock } from '../Clock'
import type { Commands } from '../Command'
import type { Duration } from '../Duration'
import type { Page, PageError } from '../http/model'
import type { RingError } from '../RingError'
import { asksForMore, hasBody, isDisguised, isRead } from './httpConditions'
import { type Directives, durationOf, parseDirectives } from './httpDirectives'
import { valueOf } from './httpFields'
import { ageOf, leftOf } from './httpPage'
import { aged, isFailure, type Plan, planOf, suits, variantOf, varyOf, type Wanted } from './httpRules'
import { isAt, type Target } from './httpTarget'
import { type Arrival, makeVisit, type Released, type Reply, type Visit } from './httpVisit'
import { makeRecent } from './recent'
import { startTimer } from './timer'

/** What a load comes to when it brings no page. An answer that may not be stored is one all the same, for who asked. */
export type LoadError = PageError | { readonly _tag: 'Unstorable'; readonly reason: string }

/** A visit at one of the places where its page may lie. */
export interface Stop {
  readonly visit: Visit
  readonly place: string
}

/** How the request fared, in the words of RFC 9211. */
export interface Fate {
  readonly hit?: true
  readonly fwd?: 'bypass' | 'method' | 'miss' | 'vary-miss' | 'request' | 'stale'
  readonly stored?: true
  readonly collapsed?: boolean
  readonly detail?: string
}

/** What the client is given: a stored page, what the handler has answered, or nothing (`only-if-cached`). */
export type Served =
  | { readonly _tag: 'Page'; readonly page: Page; readonly fate: Fate }
  | { readonly _tag: 'Reply'; readonly reply: Reply; readonly fate: Fate }
  | { readonly _tag: 'Nothing'; readonly fate: Fate }

type Pages = Pick<Commands<[Stop], LoadError, Page, Uint8Array>, 'getOrUpdate' | 'get' | 'update' | 'purge'>

/** @internal */
export interface Ways {
  readonly maxBytes: number
  /** How long a body may take that is to be stored. */
  readonly bodyTimeout: Duration
  readonly clock: Clock
  readonly now: () => number
  /** Fields of every request that are part of its place. */
  readonly vary: ReadonlyArray<string>
  readonly obeys: boolean
  /** Where the entries of a target begin. */
  readonly base: (target: Target) => string
  readonly pathTag: (path: string) => string
  readonly isAt: (target: Target) => boolean
  /** What is stored of an answer. */
  readonly made: (reply: Reply, body: Uint8Array, plan: Plan, stop: Stop) => E.Either<string, Page>
}

/** How long a page that was not to be stored is not waited for by others who ask for it. */
const passes = 10_000
/** How many places are looked at: the names in `Vary` may differ from variant to variant. */
const mostHops = 3
/** How many loads one waits for that end by no fault of the page's, before he asks for himself. */
const mostTurns = 3

const safe: ReadonlySet<string> = /*#__PURE__*/ new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** The place of a page whose `Vary` names some fields. */
export const placeAt = (base: string, names: ReadonlyArray<string>, wanted: Wanted): string => {
  const variant = variantOf(names, wanted)
  return variant === '' ? base : `${base}#${variant}`
}

// -------------------------------------------------------------------------------------
// the function of the ring
// -------------------------------------------------------------------------------------

/** Which pages were found not to be storable lately: nobody waits for a load of theirs, since it is of no use to him. */
export interface Passing {
  readonly note: (stop: Stop, passes: boolean) => void
  readonly holds: (stop: Stop) => boolean
}

/** @internal */
export const makePassing = (clock: Clock): Passing => {
  const known = makeRecent()
  // those who say who they are are often told what is for them alone; that says nothing of the others
  const keyOf = ({ place, visit }: Stop): string =>
    (visit.header('authorization') === undefined ? '-' : '+') + place
  return {
    note: (stop, is) => (is ? known.note(keyOf(stop), clock.now() + passes) : known.forget(keyOf(stop))),
    holds: (stop) => known.holds(keyOf(stop), clock.now())
  }
}

const lost: LoadError = { _tag: 'Unstorable', reason: 'broken' }

/**
 * Runs the handler, and brings what may be stored of its answer.
 *
 * @internal
 */
export const makeLoad =
  (
    {
      bodyTimeout,
      clock,
      made,
      maxBytes,
      now
    }: Pick<Ways, 'bodyTimeout' | 'clock' | 'made' | 'maxBytes' | 'now'>,
    passing: Passing
  ) =>
  (stop: Stop) =>
  async (): Promise<E.Either<LoadError, Page>> => {
    const { visit } = stop
    let reply: Reply
    try {
      reply = await visit.run()
    } catch (cause) {
      return E.left(visit.isGone() ? lost : { _tag: 'Thrown', cause })
    }
    const released = (error: LoadError): E.Either<LoadError, never> => {
      visit.release(false)
      visit.decide()
      return E.left(error)
    }
    const unstorable = (reason: string): E.Either<LoadError, never> => {
      passing.note(stop, true)
      return released({ _tag: 'Unstorable', reason })
    }
    if (isFailure(reply.status)) {
      // not released: an old page may be given instead
      visit.decide()
      return E.left({ _tag: 'Failed', status: reply.status })
    }
    // a handler that was called off may say that there is nothing: that is nothing for the others
    if (visit.isGone() && (reply.status < 200 || reply.status >= 300)) return released(lost)
    const came = now()
    const plan = planOf(visit, reply, came)
    if (E.isLeft(plan)) return unstorable(plan.left)
    const length = Number(valueOf(reply.fields, 'content-length'))
    if (length > maxBytes) return unstorable('large')
    const copy = visit.copy(reply, maxBytes)
    visit.release(true)
    visit.decide()
    const callOff = (clock.after ?? startTimer)(bodyTimeout, () => copy.stop('slow'))()
    const body = await copy.whole
    callOff()
    // that is nothing that the next one would see, too
    if (E.isLeft(body) && body.left === 'broken') return E.left(lost)
    if (E.isLeft(body)) return unstorable(body.left)
    if (!Number.isNaN(length) && length !== body.right.length) return unstorable('length')
    const page = made(reply, body.right, aged(plan.right, now() - came), stop)
    if (E.isLeft(page)) return unstorable(page.left)
    passing.note(stop, false)
    return E.right(page.right)
  }

// -------------------------------------------------------------------------------------
// a request
// -------------------------------------------------------------------------------------

/** What a client asks of the age of what it is given. */
const satisfies = (asked: Directives, page: Page, now: number): boolean => {
  const most = durationOf(asked, 'max-age')
  const fresh = durationOf(asked, 'min-fresh')
  const left = leftOf(page, now)
  // without a number any stale page will do
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

/** What lies in the store for a visit, and where; or why nobody knows. */
export interface Found {
  readonly place: string
  readonly page: Page | undefined
  readonly fault?: RingError
}

/** @internal */
export interface Serving {
  readonly find: (visit: Visit, base: string, place: string) => Promise<Found>
  /** Rejects where the handler does. */
  readonly serve: (arrival: Arrival) => Promise<Served>
}

/** @internal */
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

  /** The answer of one's own handler; rejects where it does. */
  const own = async (visit: Visit, fate: Fate): Promise<Served> => {
    const reply = await visit.run()
    return { _tag: 'Reply', reply, fate: visit.storing() ? { ...fate, stored: true } : fate }
  }

  const next = (base: string, page: Page, visit: Visit): string =>
    placeAt(base, [...vary, ...varyOf(page.headers)], visit)

  /** What is there for a visit, without a load; else where it would lie. */
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

  /** Runs one's own handler, whatever is there, and stores what it answers if that may be. */
  const alone = async (visit: Visit, place: string, fate: Fate): Promise<Served> => {
    const updated: Promise<unknown> = pages.update({ visit, place })()
    await Promise.race([visit.released, updated.catch(() => undefined)])
    return own(visit, fate)
  }

  /** What a load that may have been somebody else's comes to. */
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
      // who has gone makes no page for those who wait, as he would leave them, too
      return visit.ran() || visit.isGone()
        ? own(visit, { fwd })
        : answer.left === lost && turn < mostTurns
        ? // whoever loaded it has gone: one of those who waited does it now
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

  /** Through the ring: a hit, a load that others join, or one that is joined. */
  const collapse = async (visit: Visit, base: string, place: string, hop = 0, turn = 1): Promise<Served> => {
    const stop = { visit, place }
    if (passing.holds(stop)) {
      const found = await find(visit, base, place)
      return found.page === undefined
        ? alone(visit, found.place, { fwd: 'miss' })
        : fromStore(visit, found.page, { hit: true })
    }
    const answer = pages
      .getOrUpdate(stop)()
      .catch((cause: unknown): E.Either<LoadError, Page> => E.left({ _tag: 'Thrown', cause }))
    const first = await Promise.race<Released | E.Either<LoadError, Page>>([visit.released, answer])
    return first === 'released'
      ? own(visit, { fwd: hop === 0 ? 'miss' : 'vary-miss' })
      : settle(visit, base, place, hop, turn, first)
  }

  /** A request that says how old an answer may be. */
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

  /** What is changed by a request is no longer what is stored (RFC 9111, section 4.4). */
  const changed = async (
    visit: Visit,
    { fields, status }: Reply,
    target: Target | undefined
  ): Promise<void> => {
    if (safe.has(visit.method) || status < 200 || status >= 400 || target === undefined) return
    const others = ['location', 'content-location'].flatMap((name) => {
      const given = valueOf(fields, name)
      return given === undefined ? [] : nearby(target, given)
    })
    await pages
      .purge(...[target.path, ...others].map(ways.pathTag))()
      .catch(() => undefined)
  }

  const serve = async (visit: Visit, target: Target | undefined): Promise<Served> => {
    if (!isRead(visit)) {
      const served = await own(visit, { fwd: 'method' })
      if (served._tag === 'Reply') await changed(visit, served.reply, target)
      return served
    }
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
      // a page that is there may be given all the same, to a client who is not obeyed
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
      // whatever fails here, there is a handler that knows the answer
      // (where it has been asked, that is what it has answered, or thrown)
      return serve(visit, place).catch(() => own(visit, { fwd: 'bypass' }))
    }
  }
}

/** Pages that a load of this process has just made: what the store gives is made anew at every read. */
const loaded = /*#__PURE__*/ new WeakSet<Page>()

/** @internal */
export const note = (page: Page): Page => {
  loaded.add(page)
  return page
}

/** The path that an address names, where it is of the same host: behind a proxy the scheme is not that of the socket. */
const nearby = (target: Target, given: string): ReadonlyArray<string> => {
  try {
    const url = new URL(given, target.origin + target.path)
    return isAt(url, target) ? [url.pathname + url.search] : []
  } catch {
    return []
  }
}
