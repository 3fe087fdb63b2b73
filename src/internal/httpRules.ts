/**
 * What a shared cache may store, for how long, and for whom it may be served (RFC 9111).
 *
 * @internal
 */
import { createHash } from 'node:crypto'

import * as E from 'fp-ts/Either'

import { type Directives, durationOf, parseDirectives } from './httpDirectives'
import { type Fields, timeOf, tokensOf, trimmed, valueOf } from './httpFields'

/**
 * What is known of a request by those who keep what answers it.
 *
 * @internal
 */
export interface Wanted {
  readonly method: string
  readonly header: (name: string) => string | undefined
}

/**
 * Who says nothing.
 *
 * @internal
 */
export const anybody: Wanted = { method: 'GET', header: () => undefined }

/** @internal */
export interface Head {
  readonly status: number
  readonly fields: Fields
}

/**
 * How an answer is to be stored. `lifetime` is what is left of the time that it was given; nothing where it was given none
 * and may be given one. `age` is how old it was when it came. Both are milliseconds.
 *
 * @internal
 */
export interface Plan {
  readonly lifetime: number | undefined
  readonly age: number
}

/** RFC 9110, section 15.1. 206 is there too, and not stored here. */
const heuristic: ReadonlySet<number> = /*#__PURE__*/ new Set([
  200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501
])
const failures: ReadonlySet<number> = /*#__PURE__*/ new Set([500, 502, 503, 504])
/** What has no end, or parts that each replace the one before. */
const endless = /^\s*(?:text\/event-stream|multipart\/x-mixed-replace|application\/(?:grpc|x-ndjson))/i

/**
 * Whether an answer counts as an error of the handler, which an old page may stand for (RFC 5861, section 4).
 *
 * @internal
 */
export const isFailure = (status: number): boolean => failures.has(status)

/** @internal */
export const directivesOf = (fields: Fields): Directives => parseDirectives(valueOf(fields, 'cache-control'))

/** Whether an answer to a request with `Authorization` may be given to others (RFC 9111, section 3.5). */
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
  // a date has no milliseconds: what was made a moment ago is new
  return Math.max(/^\d+$/.test(given) ? Number(given) * 1_000 : 0, apparent < 2_000 ? 0 : apparent)
}

const lifetimeOf = (fields: Fields, directives: Directives, now: number): number | undefined => {
  const given = durationOf(directives, 's-maxage') ?? durationOf(directives, 'max-age')
  if (given !== undefined) return given
  const expires = valueOf(fields, 'expires')
  if (expires === undefined) return undefined
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

/**
 * How an answer is to be stored, or why it is not.
 *
 * @internal
 */
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
 * The plan for an answer whose body took some time, in milliseconds: it ages from when its head came (RFC 9111, section
 * 4.2.3).
 *
 * @internal
 */
export const aged = ({ age, lifetime }: Plan, took: number): Plan => {
  const spent = Math.max(0, took)
  return { age: age + spent, lifetime: lifetime === undefined ? undefined : lifetime - spent }
}

/**
 * What an answer says of being served after its lifetime, in milliseconds (RFC 9111, section 4.2.4; RFC 5861).
 *
 * @internal
 */
export const staleOf = (
  fields: Fields
): { readonly whileRevalidate: number | undefined; readonly ifError: number | undefined } => {
  const directives = directivesOf(fields)
  const never = directives.has('must-revalidate') || directives.has('proxy-revalidate')
  // `s-maxage` forbids it, too, where nothing is said of it
  const otherwise = directives.has('s-maxage') ? 0 : undefined
  const given = (name: string): number | undefined => (never ? 0 : durationOf(directives, name) ?? otherwise)
  return { whileRevalidate: given('stale-while-revalidate'), ifError: given('stale-if-error') }
}

// -------------------------------------------------------------------------------------
// for whom
// -------------------------------------------------------------------------------------

/** Spaces and tabs around the members of a list say nothing; what else is white in Unicode is a part of them. */
const normalised = (value: string): string => value.split(',').map(trimmed).join(',')

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22)

/**
 * What a request says in some fields, as a digest: a store need not know anybody's cookies. `''` for no fields.
 *
 * @internal
 */
export const variantOf = (names: ReadonlyArray<string>, { header }: Wanted): string => {
  if (names.length === 0) return ''
  const said = Array.from(new Set(names))
    .sort()
    .map((name) => [name, header(name)] as const)
    // one that is missing is not one that is empty
    .map(([name, value]) => [name, value === undefined ? null : normalised(value)])
  return digest(JSON.stringify(said))
}

/** @internal */
export const varyOf = (fields: Fields): ReadonlyArray<string> => tokensOf(valueOf(fields, 'vary'))

/**
 * Whether a stored answer may be given to a request: it is the one that `Vary` selects, and, to one who has said who he is,
 * one for all.
 *
 * @internal
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
