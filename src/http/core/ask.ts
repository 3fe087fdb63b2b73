/**
 * What a cache does with a request, by its head: pass it to the handler, or look for a page (RFC 9111, section 4).
 *
 * @internal
 */
import { asksForMore, hasBody, isDisguised, isRead } from './conditions'
import { type Directives, durationOf, noDirectives, parseDirectives } from './directives'
import type { Asked, Fate, RequestHead, Site, Target } from './model'
import { isAt } from './target'
import { placeAt } from './vary'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** The handler answers, and the answer is neither stored nor replaced. */
export interface Pass {
  readonly _tag: 'Pass'
  readonly fate: Fate
  /** Whether the request may change something, so that its answer may name pages that are out of date. */
  readonly changes: boolean
}

/**
 * What is done if no stored page can be served. `join`: a load, which requests for the same place share. `alone`: a load
 * of this request only. `pass`: the handler answers, and its answer is not stored. `nothing`: the client receives a 504.
 */
export type Otherwise = 'join' | 'alone' | 'pass' | 'nothing'

/** A page at this place may be the answer. */
export interface Seek {
  readonly _tag: 'Seek'
  readonly request: RequestHead
  /** The common start of all places of the page. */
  readonly base: string
  readonly place: string
  /** How many places were tried before this one. */
  readonly hop: number
  /** The fields of the site, which are part of every place. */
  readonly vary: ReadonlyArray<string>
  /** What the client requires of a stored page. */
  readonly limits: Directives
  readonly otherwise: Otherwise
}

// -------------------------------------------------------------------------------------
// the client's requirements
// -------------------------------------------------------------------------------------

const pragma: Directives = /*#__PURE__*/ new Map([['no-cache', undefined]])

/** The directives of a request. `Pragma` counts only without `Cache-Control` (RFC 9111, section 5.4). */
export const saidBy = ({ header }: RequestHead): Directives => {
  const control = header('cache-control')
  if (control !== undefined) return parseDirectives(control)
  return header('pragma')?.toLowerCase().includes('no-cache') === true ? pragma : noDirectives
}

/** RFC 9111, sections 5.2.1.1, 5.2.1.3 and 5.2.1.4; `max-stale` alone requires nothing of a page that a site serves. */
const limiting: ReadonlyArray<string> = ['no-cache', 'max-age', 'min-fresh']

const isParticular = (limits: Directives): boolean => limiting.some((name) => limits.has(name))

const otherwiseOf = ({ method }: RequestHead, said: Directives, limits: Directives): Otherwise =>
  limits.has('only-if-cached')
    ? // RFC 9111, section 5.2.1.7
      'nothing'
    : // the answer to a `HEAD` has no body (RFC 9110, section 9.3.2); section 5.2.1.5 for `no-store`
    method === 'HEAD' || said.has('no-store')
    ? 'pass'
    : isParticular(limits)
    ? 'alone'
    : 'join'

/** Whether a page meets the client's requirements of its age (RFC 9111, section 5.2.1). Times are milliseconds. */
export const satisfies = (limits: Directives, age: number, left: number): boolean => {
  if (limits.size === 0) return true
  const most = durationOf(limits, 'max-age')
  const fresh = durationOf(limits, 'min-fresh')
  // without a number, any stale page is accepted (section 5.2.1.2)
  const late = limits.get('max-stale') === undefined ? Infinity : durationOf(limits, 'max-stale') ?? 0
  const inTime = left > 0 || (limits.has('max-stale') && -left <= late)
  return (
    !limits.has('no-cache') &&
    (most === undefined || (age < most && inTime)) &&
    (fresh === undefined || left >= fresh)
  )
}

// -------------------------------------------------------------------------------------
// the decision
// -------------------------------------------------------------------------------------

/** The common start of all places of a page. */
export const baseOf = ({ origin, path }: Target, site: Pick<Site, 'origin'>): string =>
  site.origin === undefined ? origin + path : path

/** Methods that change nothing (RFC 9110, section 9.2.1). */
const safe: ReadonlySet<string> = /*#__PURE__*/ new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

export const isSafe = ({ method }: Pick<RequestHead, 'method'>): boolean => safe.has(method)

const passed = (fwd: 'bypass' | 'method' | 'request', changes = false): Pass => ({
  _tag: 'Pass',
  fate: { fwd },
  changes
})
const bypass = /*#__PURE__*/ passed('bypass')
const forRequest = /*#__PURE__*/ passed('request')
const unread = /*#__PURE__*/ passed('method')
const changing = /*#__PURE__*/ passed('method', true)

/** Whether the answer of a read may depend on more than its place says. */
const isSpecial = (request: RequestHead, target: Target): boolean =>
  target.isExact === false ||
  // parts, and conditions for changes (RFC 9110, sections 13.1 and 14.2)
  asksForMore(request) ||
  hasBody(request) ||
  isDisguised(request)

/** Where the page for a target is looked for first, by a request that requires nothing of it. */
export const seekAt = (request: RequestHead, target: Target, site: Site): Seek => {
  const base = baseOf(target, site)
  return {
    _tag: 'Seek',
    request,
    base,
    place: placeAt(base, site.vary, request),
    hop: 0,
    vary: site.vary,
    limits: noDirectives,
    otherwise: 'join'
  }
}

export const ask = (asked: Asked, site: Site): Pass | Seek => {
  // RFC 9111, section 2: this cache stores answers to `GET` only
  if (!isRead(asked)) return isSafe(asked) ? unread : changing
  const { target } = asked
  if (target === undefined || !isAt(target, site.origin) || isSpecial(asked, target)) return bypass
  const said = saidBy(asked)
  // RFC 9111, section 5.2.1.5
  if (site.obeys && said.has('no-store')) return forRequest
  const seek = seekAt(asked, target, site)
  if (said.size === 0 && asked.method === 'GET') return seek
  const limits = site.obeys ? said : noDirectives
  return { ...seek, limits, otherwise: otherwiseOf(asked, said, limits) }
}

/**
 * What is remembered of a page that could not be stored: requests with `Authorization` often get private answers, which
 * say nothing about the others.
 */
export const passKey = ({ place, request }: Pick<Seek, 'place' | 'request'>): string =>
  (request.header('authorization') === undefined ? '-' : '+') + place
