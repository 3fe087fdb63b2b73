/**
 * A stored page, with all that follows from its head alone. It is made once for each page that is read.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { sha256 } from '../../base/sha256'
import type { Page } from '../model'
import type { Validators } from './conditions'
import { timeOf } from './dates'
import { hasField, stored, valueOf } from './fields'
import { directivesOf, isForAll, type StaleLimits, staleLimits } from './freshness'
import type { Fields, Head, Plan, RequestHead } from './model'
import type { Refusal } from './storing'
import { variantOf, varyOf } from './vary'

export interface Kept extends Validators {
  readonly page: Page
  /** The names in `Vary`. */
  readonly vary: ReadonlyArray<string>
  /** Whether it may be served to requests with `Authorization`. */
  readonly forAll: boolean
  /** How long it may be served after its lifetime, if it says so itself. */
  readonly limits: StaleLimits
  /** Since when the page has not changed, as far as clients can know (RFC 9111, section 4.3.2). */
  readonly since: number
  /** Whether the cache has made the `ETag`, which the handler does not know. */
  readonly tagged: boolean
  /** The answer that was made from it last (`cache/answer.ts`): most clients receive the same one. */
  readonly last: { sent: unknown }
}

export const keptOf = (page: Page, tagged: boolean): Kept => {
  const directives = directivesOf(page.headers)
  const modified = timeOf(valueOf(page.headers, 'last-modified'), page.time)
  return {
    page,
    vary: varyOf(page.headers),
    forAll: isForAll(directives),
    limits: staleLimits(directives),
    etag: valueOf(page.headers, 'etag'),
    modified,
    since: modified ?? timeOf(valueOf(page.headers, 'date'), page.time) ?? page.time,
    tagged,
    last: { sent: undefined }
  }
}

// -------------------------------------------------------------------------------------
// time
// -------------------------------------------------------------------------------------

/** The age of a page, in milliseconds (RFC 9111, section 4.2.3). */
export const ageAt = ({ age, time }: Page, now: number): number => age + Math.max(0, now - time)

/** The remaining lifetime of a page, in milliseconds; negative if it is stale. */
export const leftAt = ({ lifetime, time }: Page, now: number): number =>
  lifetime === undefined ? Infinity : lifetime - Math.max(0, now - time)

const secondsFrom = (milliseconds: number): number => Math.floor(milliseconds / 1_000)

/** The age of a page, in whole seconds, as `Age` says it (RFC 9111, section 5.1). */
export const ageOf = (page: Page, now: number): number => secondsFrom(ageAt(page, now))

/** The remaining lifetime of a page, in whole seconds; negative if it is stale. */
export const leftOf = (page: Page, now: number): number => secondsFrom(leftAt(page, now))

/** How long the site serves pages after their lifetime, in milliseconds. */
export interface StaleWindows {
  readonly whileRevalidate: number
  readonly ifError: number
}

export const noWindows: StaleWindows = { whileRevalidate: 0, ifError: 0 }

/** The windows of one page: it may narrow those of the site (RFC 5861), never widen them. */
export const windowsFor = ({ limits }: Kept, widest: StaleWindows): StaleWindows => ({
  whileRevalidate: Math.min(widest.whileRevalidate, limits.whileRevalidate ?? Infinity),
  ifError: Math.min(widest.ifError, limits.ifError ?? Infinity)
})

/**
 * How a page may be used. `fresh`: it is served. `stale`: it is served while it is loaded again. `expired`: it is served
 * if its load fails. `gone`: it is not served; a handler may still confirm it.
 */
export type State = 'fresh' | 'stale' | 'expired' | 'gone'

/** The state of a page by the time of day (RFC 9111, section 4.2; RFC 5861, sections 3 and 4). */
export const stateOf = (kept: Kept, widest: StaleWindows, now: number): State => {
  const left = leftAt(kept.page, now)
  if (left > 0) return 'fresh'
  const { ifError, whileRevalidate } = windowsFor(kept, widest)
  return -left < whileRevalidate ? 'stale' : -left < ifError ? 'expired' : 'gone'
}

// -------------------------------------------------------------------------------------
// whom it suits
// -------------------------------------------------------------------------------------

/**
 * Whether a page may be served to a request: `Vary` must select it (RFC 9111, section 4.1), and for a request with
 * `Authorization` it must be shareable (section 3.5).
 */
export const fits = (
  { forAll, page, vary }: Pick<Kept, 'forAll' | 'page' | 'vary'>,
  request: RequestHead
): 'yes' | 'other variant' | 'not for all' =>
  page.variant !== variantOf(vary, request)
    ? 'other variant'
    : !forAll && request.header('authorization') !== undefined
    ? 'not for all'
    : 'yes'

// -------------------------------------------------------------------------------------
// making it
// -------------------------------------------------------------------------------------

/** The answer of a handler, for the store. */
export interface Answered extends Head {
  /** The fields of the page, if others were set before. */
  readonly own?: Fields | undefined
  /** The names of fields that were set before, and that the answer does not have. */
  readonly removed?: ReadonlyArray<string> | undefined
}

/** How a page is made. */
export interface Making {
  readonly body: Uint8Array
  readonly plan: Plan
  /** When the body was complete, in milliseconds since 1970. */
  readonly time: number
  /** Whether a page without an `ETag` gets one. */
  readonly tags: boolean
}

/** A strong tag (RFC 9110, section 8.8.3): different bytes have different tags. */
const etagOf = (body: Uint8Array): string => `"${sha256(body).slice(0, 27)}"`

/** A cache adds a missing or invalid `Date` (RFC 9110, section 6.6.1). */
export const dated = (fields: Fields, time: number): Fields =>
  timeOf(valueOf(fields, 'date'), time) !== undefined
    ? fields
    : [...fields.filter(([name]) => name !== 'date'), ['date', new Date(time).toUTCString()]]

/** The page of an answer. Its lifetime is the declared one; it has none if none was declared. */
export const keptFrom = (
  request: RequestHead,
  { fields, own = fields, removed = [], status }: Answered,
  { body, plan: { age, lifetime }, tags, time }: Making
): Kept => {
  const kept = stored(own, fields)
  const tagged = tags && status === 200 && !hasField(kept, 'etag')
  return keptOf(
    {
      status,
      headers: dated(tagged ? [...kept, ['etag', etagOf(body)]] : kept, time),
      body,
      time,
      age,
      ...(lifetime === undefined ? {} : { lifetime }),
      variant: variantOf(varyOf(fields), request),
      ...(removed.length === 0 ? {} : { removed })
    },
    tagged
  )
}

/** The same page with another lifetime, or without an end. */
export const lastingPage = (page: Page, lifetime: number | undefined): Page => {
  const { age, body, headers, removed, status, time, variant } = page
  return {
    status,
    headers,
    body,
    time,
    age,
    ...(lifetime === undefined || lifetime === Infinity ? {} : { lifetime }),
    variant,
    ...(removed === undefined ? {} : { removed })
  }
}

/** A page with a lifetime in milliseconds, which may be `Infinity`. */
export const lasting = (kept: Kept, lifetime: number): E.Either<Refusal, Kept> => {
  if (!(lifetime > 0)) return E.left('policy')
  return E.right({ ...kept, page: lastingPage(kept.page, lifetime), last: { sent: undefined } })
}
