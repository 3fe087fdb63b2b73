/**
 * Asking the handler whether a stored page is still the same, and what its 304 says (RFC 9111, section 4.3).
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { opaqueTag } from './conditions'
import { timeOf } from './dates'
import { isStorable, stored, valueOf } from './fields'
import { directivesOf } from './freshness'
import { dated, type Kept, keptOf, lastingPage } from './kept'
import type { Field, Fields, Plan, RequestHead, Storage } from './model'
import { lifetimeFor, type Refusal, refusalOf } from './storing'
import { variantOf } from './vary'

/**
 * The conditions by which a handler is asked for a page that is stored, in the place of the client's (RFC 9111, section
 * 4.3.1); empty if the page has no validator of the handler's. A tag that the cache has made says nothing to the
 * handler, and it would hide the date (RFC 9110, section 13.1.3).
 */
export const revalidate = ({ etag, page, tagged }: Kept): Fields => {
  const modified = valueOf(page.headers, 'last-modified')
  const conditions: ReadonlyArray<Field | undefined> = [
    etag === undefined || tagged ? undefined : ['if-none-match', etag],
    modified === undefined ? undefined : ['if-modified-since', modified]
  ]
  // only pages with 200 are compared (RFC 9110, section 13.2.1)
  return page.status === 200 ? conditions.filter((field) => field !== undefined) : []
}

/**
 * Whether a 304 is about a stored page (RFC 9111, section 4.3.4). A strong tag must be the same, else a weak one or the
 * date. A 304 without validators can only be about the page whose validators the handler received.
 */
export const isAbout = ({ etag, modified, tagged }: Kept, fields: Fields, now: number): boolean => {
  const given = valueOf(fields, 'etag')
  if (given !== undefined) {
    if (etag === undefined || tagged) return false
    return given.startsWith('W/') ? opaqueTag(given) === opaqueTag(etag) : given === etag
  }
  const date = timeOf(valueOf(fields, 'last-modified'), now)
  return date === undefined || date === modified
}

/** Fields that describe the stored body: a 304 has no body that they could describe (RFC 9111, section 3.2). */
const ofBody: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
  'content-digest',
  'repr-digest'
])

/** The stored fields, with those of a 304 in their place (RFC 9111, sections 3.2 and 4.3.4). */
export const updated = (page: Fields, given: Fields, all: Fields = given): Fields => {
  const fields = stored(given, all).filter((field) => !ofBody.has(field[0]) && isStorable(field))
  const names = new Set(fields.map(([name]) => name))
  return [...page.filter(([name]) => !names.has(name)), ...fields]
}

/** A 304, as an answer to `revalidate`. */
export interface Confirmation {
  readonly fields: Fields
  /** The fields of the page, if others were set before. */
  readonly own?: Fields | undefined
}

/** What a 304 makes of a page. */
export interface Renewed {
  /** The page with the fields of the 304, for the client of this request; for the store only if there is a plan. */
  readonly kept: Kept
  /** How it is stored from now on, or why it is not. */
  readonly plan: E.Either<Refusal, Plan>
  /** Fields of the 304 for this client only. */
  readonly cookies: Fields
}

/**
 * A page that a handler has confirmed by a 304. `undefined` if the 304 is about another page: then the stored one is
 * not updated.
 */
export const renewed = (
  request: RequestHead,
  kept: Kept,
  { fields, own = fields }: Confirmation,
  { now, storage }: { readonly now: number; readonly storage: Storage }
): Renewed | undefined => {
  if (!isAbout(kept, fields, now)) return undefined
  const { page } = kept
  // a 304 without a date is of now: the date of the page would make it as old as before
  const headers = updated(page.headers, dated(own, now), fields)
  const cookies = fields.filter(([name]) => name === 'set-cookie' || name === 'set-cookie2')
  // the rules also look at what is not stored
  const judged = {
    status: page.status,
    fields: [...headers, ...cookies, ...fields.filter(([name]) => name === 'age')]
  }
  const directives = directivesOf(judged.fields)
  const refused = refusalOf(request, judged, directives)
  const plan =
    refused === undefined ? lifetimeFor(judged, directives, now, storage.heuristic) : E.left(refused)
  const [age, lifetime] = E.isRight(plan) ? [plan.right.age, plan.right.lifetime] : [0, 0]
  const fresh = keptOf({ ...page, headers, time: now, age }, kept.tagged)
  const variant = variantOf(fresh.vary, request)
  return { plan, cookies, kept: { ...fresh, page: lastingPage({ ...fresh.page, variant }, lifetime) } }
}
