/**
 * Which answers a shared cache may store, for how long, and for which requests it may serve them (RFC 9111).
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { sha256 } from '../../base/sha256'
import {
  type Directives,
  durationOf,
  forbiddenIn,
  isMalformed,
  parseDirectives,
  parseTargeted
} from './directives'
import { type Fields, timeOf, tokensOf, trimmed, valueOf } from './fields'

/** The parts of a request that decide how its answer is stored and served. */
export interface Wanted {
  readonly method: string
  readonly header: (name: string) => string | undefined
}

/** A request without fields. */
export const anybody: Wanted = { method: 'GET', header: () => undefined }

export interface Head {
  readonly status: number
  readonly fields: Fields
}

/**
 * How an answer is stored. `lifetime` is the remaining freshness; `undefined` if the answer declares none and a default
 * is allowed. `age` is its age on arrival. Both are milliseconds.
 */
export interface Plan {
  readonly lifetime: number | undefined
  readonly age: number
}

/** RFC 9110, section 15.1; 206 is on that list too, but is not stored here. */
const heuristic: ReadonlySet<number> = /*#__PURE__*/ new Set([
  200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501
])
const failures: ReadonlySet<number> = /*#__PURE__*/ new Set([500, 502, 503, 504])
/** Types without an end, or with parts that each replace the one before. */
const endless = /^\s*(?:text\/event-stream|multipart\/x-mixed-replace|application\/(?:grpc|x-ndjson))/i

/**
 * Whether an answer counts as an error of the handler, so that an old page may replace it (RFC 5861, section 4).
 */
export const isFailure = (status: number): boolean => failures.has(status)

/** The directives for shared caches only (RFC 9213); they replace `Cache-Control` and `Expires`. */
const targetedOf = (fields: Fields): Directives | undefined =>
  parseTargeted(valueOf(fields, 'cdn-cache-control'))

/**
 * The directives of an answer for this cache. A malformed directive that forbids storage counts in both fields,
 * whichever is used.
 */
export const directivesOf = (fields: Fields): Directives => {
  const own = valueOf(fields, 'cache-control')
  const targeted = targetedOf(fields)
  const forbidden =
    targeted === undefined
      ? forbiddenIn(valueOf(fields, 'cdn-cache-control'))
      : isMalformed(own)
      ? forbiddenIn(own)
      : []
  const used = targeted ?? parseDirectives(own)
  return forbidden.length === 0
    ? used
    : new Map([...used, ...forbidden.map((name) => [name, undefined] as const)])
}

/** Whether an answer to a request with `Authorization` may be shared (RFC 9111, section 3.5). */
const isForAll = (directives: Directives): boolean =>
  directives.has('public') || directives.has('must-revalidate') || directives.has('s-maxage')

const ageOf = (fields: Fields, now: number): number => {
  const given =
    fields
      .find(([name]) => name === 'age')?.[1]
      .split(',')[0]
      ?.trim() ?? ''
  const date = timeOf(valueOf(fields, 'date'), now)
  const apparent = date === undefined ? 0 : Math.max(0, now - date)
  // a date has no milliseconds: an answer of the last two seconds counts as new
  return Math.max(/^\d+$/.test(given) ? Number(given) * 1_000 : 0, apparent < 2_000 ? 0 : apparent)
}

const lifetimeOf = (fields: Fields, directives: Directives, now: number): number | undefined => {
  const given = durationOf(directives, 's-maxage') ?? durationOf(directives, 'max-age')
  if (given !== undefined) return given
  const expires = valueOf(fields, 'expires')
  if (expires === undefined || targetedOf(fields) !== undefined) return undefined
  const from = timeOf(valueOf(fields, 'date'), now) ?? now
  return Math.max(0, (timeOf(expires, now) ?? from) - from)
}

/** Why an answer is not stored, whatever its lifetime. */
const refusal = (wanted: Wanted, { fields, status }: Head, directives: Directives): string | undefined => {
  const has = (name: string): boolean => fields.some(([n]) => n === name)
  if (parseDirectives(wanted.header('cache-control')).has('no-store')) return 'request'
  if (status < 200 || status === 206 || status === 304 || has('content-range')) return 'status'
  if (has('set-cookie') || has('set-cookie2')) return 'set-cookie'
  if (directives.has('no-store') || directives.has('private')) return 'response'
  if (
    directives.has('no-cache') ||
    (directives.size === 0 && /no-cache/i.test(valueOf(fields, 'pragma') ?? ''))
  )
    return 'response'
  if (directives.has('must-understand') && !heuristic.has(status)) return 'status'
  if (tokensOf(valueOf(fields, 'vary')).includes('*')) return 'vary'
  if (endless.test(valueOf(fields, 'content-type') ?? '')) return 'stream'
  return wanted.header('authorization') !== undefined && !isForAll(directives) ? 'authorization' : undefined
}

/** How an answer is stored, or why it is not. */
export const planOf = (wanted: Wanted, head: Head, now: number): E.Either<string, Plan> => {
  const directives = directivesOf(head.fields)
  const refused = refusal(wanted, head, directives)
  if (refused !== undefined) return E.left(refused)
  const age = ageOf(head.fields, now)
  const given = lifetimeOf(head.fields, directives, now)
  if (given === undefined)
    return heuristic.has(head.status) || directives.has('public')
      ? E.right({ lifetime: undefined, age })
      : E.left('status')
  return given > age ? E.right({ lifetime: given - age, age }) : E.left('stale')
}

/**
 * The plan for an answer whose body took some time, in milliseconds: its age counts from the arrival of its head (RFC
 * 9111, section 4.2.3).
 */
export const aged = ({ age, lifetime }: Plan, took: number): Plan => {
  const spent = Math.max(0, took)
  return { age: age + spent, lifetime: lifetime === undefined ? undefined : lifetime - spent }
}

/** How long an answer may be served after its lifetime, in milliseconds (RFC 9111, section 4.2.4; RFC 5861). */
export const staleOf = (
  fields: Fields
): { readonly whileRevalidate: number | undefined; readonly ifError: number | undefined } => {
  const directives = directivesOf(fields)
  const never = directives.has('must-revalidate') || directives.has('proxy-revalidate')
  // `s-maxage` without such a directive forbids it, too
  const otherwise = directives.has('s-maxage') ? 0 : undefined
  const given = (name: string): number | undefined => (never ? 0 : durationOf(directives, name) ?? otherwise)
  return { whileRevalidate: given('stale-while-revalidate'), ifError: given('stale-if-error') }
}

// -------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------

/**
 * Removes spaces and tabs around the members of a list, which have no meaning; other Unicode spaces are part of a
 * member.
 */
const normalised = (value: string): string => value.split(',').map(trimmed).join(',')

const digest = (text: string): string => sha256(text).slice(0, 22)

/** The values of some fields of a request, as a digest: the store must not receive cookies. `''` for no fields. */
export const variantOf = (names: ReadonlyArray<string>, { header }: Wanted): string => {
  if (names.length === 0) return ''
  const said = Array.from(new Set(names))
    .sort()
    .map((name) => [name, header(name)] as const)
    // an absent field differs from an empty one
    .map(([name, value]) => [name, value === undefined ? null : normalised(value)])
  return digest(JSON.stringify(said))
}

export const varyOf = (fields: Fields): ReadonlyArray<string> => tokensOf(valueOf(fields, 'vary'))

/**
 * Whether a stored answer may be served to a request: `Vary` must select it, and for a request with `Authorization` it
 * must be shareable.
 */
export const suits = (
  page: { readonly headers: Fields; readonly variant: string },
  wanted: Wanted
): 'yes' | 'other variant' | 'not for all' =>
  page.variant !== variantOf(varyOf(page.headers), wanted)
    ? 'other variant'
    : wanted.header('authorization') !== undefined && !isForAll(directivesOf(page.headers))
    ? 'not for all'
    : 'yes'
