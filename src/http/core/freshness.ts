/**
 * How old an answer is, how long it is fresh, and how long it may be served after that (RFC 9111, section 4.2; RFC
 * 5861).
 *
 * @internal
 */
import { timeOf } from './dates'
import {
  type Directives,
  durationOf,
  forbiddenIn,
  isMalformed,
  parseDirectives,
  parseTargeted
} from './directives'
import { valueOf } from './fields'
import type { Fields, Heuristic } from './model'

/** The directives for shared caches only (RFC 9213, section 2.2); they replace `Cache-Control` and `Expires`. */
const targetedOf = (fields: Fields): Directives | undefined =>
  parseTargeted(valueOf(fields, 'cdn-cache-control'))

/**
 * The directives of an answer for this cache. A malformed directive that forbids storage counts in both fields,
 * whichever is used.
 */
export const directivesOf = (fields: Fields): Directives => {
  const own = valueOf(fields, 'cache-control')
  const cdn = valueOf(fields, 'cdn-cache-control')
  if (cdn === undefined) return parseDirectives(own)
  const targeted = parseTargeted(cdn)
  const forbidden = targeted === undefined ? forbiddenIn(cdn) : isMalformed(own) ? forbiddenIn(own) : []
  const used = targeted ?? parseDirectives(own)
  return forbidden.length === 0
    ? used
    : new Map([...used, ...forbidden.map((name) => [name, undefined] as const)])
}

/** Whether an answer to a request with `Authorization` may be shared (RFC 9111, section 3.5). */
export const isForAll = (directives: Directives): boolean =>
  directives.has('public') || directives.has('must-revalidate') || directives.has('s-maxage')

const digits = /^\d+$/

/** The value of `Age`: the first member; anything else than a number is ignored (RFC 9111, section 5.1). */
const givenAge = (fields: Fields): number => {
  const given = fields
    .find(([name]) => name === 'age')?.[1]
    .split(',')[0]
    ?.trim()
  return given !== undefined && digits.test(given) ? Number(given) * 1_000 : 0
}

/** The age of an answer on arrival, in milliseconds (RFC 9111, section 4.2.3). */
export const initialAge = (fields: Fields, now: number): number => {
  const date = timeOf(valueOf(fields, 'date'), now)
  const apparent = date === undefined ? 0 : Math.max(0, now - date)
  // a date has no milliseconds: an answer of the last two seconds counts as new
  return Math.max(givenAge(fields), apparent < 2_000 ? 0 : apparent)
}

/** The lifetime that an answer declares, in milliseconds, from its generation on (RFC 9111, section 4.2.1). */
export const declaredLifetime = (fields: Fields, directives: Directives, now: number): number | undefined => {
  // for a shared cache, `s-maxage` overrides `max-age` (section 5.2.2.10), and both override `Expires` (section 5.3)
  const given = durationOf(directives, 's-maxage') ?? durationOf(directives, 'max-age')
  if (given !== undefined) return given
  const expires = valueOf(fields, 'expires')
  if (expires === undefined || targetedOf(fields) !== undefined) return undefined
  const from = timeOf(valueOf(fields, 'date'), now) ?? now
  // an invalid date is in the past (section 5.3)
  return Math.max(0, (timeOf(expires, now) ?? from) - from)
}

/** A share of the time since the last change, for an answer that declares no lifetime (RFC 9111, section 4.2.2). */
export const heuristicLifetime = (
  fields: Fields,
  { most, share }: Heuristic,
  now: number
): number | undefined => {
  const modified = timeOf(valueOf(fields, 'last-modified'), now)
  if (modified === undefined) return undefined
  const date = timeOf(valueOf(fields, 'date'), now) ?? now
  return Math.min(most, Math.max(0, Math.floor((date - modified) * share)))
}

/** The widest stale windows that an answer allows, in milliseconds; `undefined` if it says nothing. */
export interface StaleLimits {
  readonly whileRevalidate: number | undefined
  readonly ifError: number | undefined
}

/** How long an answer may be served after its lifetime (RFC 9111, section 4.2.4; RFC 5861). */
export const staleLimits = (directives: Directives): StaleLimits => {
  // RFC 9111, sections 5.2.2.2 and 5.2.2.8
  const never = directives.has('must-revalidate') || directives.has('proxy-revalidate')
  // `s-maxage` without such a directive forbids it, too (RFC 9111, section 5.2.2.10)
  const otherwise = directives.has('s-maxage') ? 0 : undefined
  const given = (name: string): number | undefined => (never ? 0 : durationOf(directives, name) ?? otherwise)
  return { whileRevalidate: given('stale-while-revalidate'), ifError: given('stale-if-error') }
}
