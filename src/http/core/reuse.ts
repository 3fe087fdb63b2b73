/**
 * What a cache does with what it has found for a request: serve it, look elsewhere, or load (RFC 9111, section 4).
 *
 * @internal
 */
import { type Otherwise, satisfies, type Seek } from './ask'
import { isMet } from './conditions'
import { ageAt, fits, type Kept, leftAt, noWindows, type State, stateOf } from './kept'
import type { Fate, RequestHead } from './model'
import { placeAt } from './vary'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** A page is the answer. `head.ts` makes its fields. */
export interface Serve {
  readonly _tag: 'Serve'
  readonly kept: Kept
  /** The status of the page; or 304 if the client already has it. */
  readonly status: number
  /** Whether the body is sent. */
  readonly body: 'whole' | 'none'
  readonly fate: Fate
  /** Whether the page is loaded again, because it is stale. */
  readonly refreshes: boolean
}

/** The handler is asked. */
export interface Load {
  readonly _tag: 'Load'
  readonly place: string
  readonly how: Exclude<Otherwise, 'nothing'>
  readonly fate: Fate
  /**
   * The page that is there. It suits the request, but may not be served now: the handler may confirm it. Absent if the
   * answer is not stored.
   */
  readonly old: Kept | undefined
  /** Whether that page may replace a failure of the handler. */
  readonly fallsBack: boolean
}

/** No page can be served, and the client does not want another answer: it receives a 504. */
export interface Nothing {
  readonly _tag: 'Nothing'
  readonly fate: Fate
}

export type Reuse = Serve | Seek | Load | Nothing

// -------------------------------------------------------------------------------------
// serving
// -------------------------------------------------------------------------------------

/** Statuses whose answers have no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5). */
const bodiless: ReadonlySet<number> = /*#__PURE__*/ new Set([204, 205, 304])

export const isBodiless = (status: number): boolean => bodiless.has(status)

/** Whether the client already has the page (RFC 9111, section 4.3.2). */
const isKnownTo = (request: RequestHead, { etag, page, since }: Kept, now: number): boolean =>
  page.status === 200 && isMet(request, { etag, modified: since }, now)

/** A page as the answer to a request that it suits. */
export const serving = (request: RequestHead, kept: Kept, fate: Fate, now: number): Serve => {
  const known = isKnownTo(request, kept, now)
  const status = known ? 304 : kept.page.status
  return {
    _tag: 'Serve',
    kept,
    status,
    body: request.method === 'HEAD' || bodiless.has(status) ? 'none' : 'whole',
    fate,
    refreshes: false
  }
}

// -------------------------------------------------------------------------------------
// the decision
// -------------------------------------------------------------------------------------

/** The fate of a request that is answered from the store. */
export const hit: Fate = { hit: true }
const nothing: Nothing = { _tag: 'Nothing', fate: { detail: 'only-if-cached' } }

/** How many places are tried: the names in `Vary` may differ from variant to variant. */
const mostHops = 3

type Forwarded = 'miss' | 'vary-miss' | 'request' | 'stale'

const fates: Readonly<Record<Forwarded, Fate>> = {
  miss: { fwd: 'miss' },
  'vary-miss': { fwd: 'vary-miss' },
  request: { fwd: 'request' },
  stale: { fwd: 'stale' }
}

const loading = ({ otherwise, place }: Seek, why: Forwarded, old?: Kept): Load | Nothing =>
  otherwise === 'nothing'
    ? nothing
    : {
        _tag: 'Load',
        place,
        how: otherwise,
        fate: fates[why],
        // an answer that is not stored renews no page
        old: otherwise === 'pass' ? undefined : old,
        // a client that asked for a newer page receives what the handler says
        fallsBack: otherwise === 'join' && old !== undefined
      }

const missed = ({ hop }: Seek): Forwarded => (hop === 0 ? 'miss' : 'vary-miss')

/** A load of one request alone, whatever is stored. */
export const loadAlone = (place: string, fate: Fate): Load => ({
  _tag: 'Load',
  place,
  how: 'alone',
  fate,
  old: undefined,
  fallsBack: false
})

/** There is no page at the place. */
export const absent = (seek: Seek): Load | Nothing => loading(seek, missed(seek))

/** The place of the variant of a request, by the page of another variant (RFC 9111, section 4.1). */
const elsewhere = (seek: Seek, { vary }: Kept): Seek | Load | Nothing => {
  const { base, hop, request } = seek
  const place = placeAt(base, seek.vary.length === 0 ? vary : [...seek.vary, ...vary], request)
  return hop >= mostHops || place === seek.place ? unshared(seek) : { ...seek, place, hop: hop + 1 }
}

/** A load of the request's own: others that come to this place would not suit it. */
const unshared = (seek: Seek): Load | Nothing =>
  loading(seek.otherwise === 'join' ? { ...seek, otherwise: 'alone' } : seek, missed(seek))

/**
 * What is done with the page at the place, or without one. `state`: what the policy of the site says about the page, if
 * that is not told by the time of day alone.
 */
export const reuse = (
  seek: Seek,
  kept: Kept | undefined,
  now: number,
  state: State | undefined = kept === undefined ? undefined : stateOf(kept, noWindows, now)
): Reuse => {
  if (kept === undefined) return absent(seek)
  const { limits, request } = seek
  const fit = fits(kept, request)
  if (fit === 'other variant') return elsewhere(seek, kept)
  if (fit === 'not for all') return unshared(seek)
  if (state !== 'fresh' && state !== 'stale') return loading(seek, 'stale', kept)
  if (limits.size > 0 && !satisfies(limits, ageAt(kept.page, now), leftAt(kept.page, now)))
    return loading(seek, 'request', kept)
  const served = serving(request, kept, hit, now)
  return state === 'stale' ? { ...served, refreshes: true } : served
}
