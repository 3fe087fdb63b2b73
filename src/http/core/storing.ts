/**
 * Whether an answer may be stored by a shared cache, and for how long it is fresh (RFC 9111, section 3).
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { type Directives, parseDirectives } from './directives'
import { hasField, tokensOf, valueOf } from './fields'
import { declaredLifetime, directivesOf, heuristicLifetime, initialAge, isForAll } from './freshness'
import type { Head, Heuristic, Plan, RequestHead, Storage } from './model'

/** Why an answer is not stored. */
export type Refusal =
  | 'authorization'
  | 'failure'
  | 'large'
  | 'length'
  | 'method'
  | 'policy'
  | 'request'
  | 'response'
  | 'set-cookie'
  | 'stale'
  | 'status'
  | 'stream'
  | 'vary'

/** RFC 9110, section 15.1; 206 is on that list too, but is not stored here. */
const heuristic: ReadonlySet<number> = /*#__PURE__*/ new Set([
  200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501
])
const failures: ReadonlySet<number> = /*#__PURE__*/ new Set([500, 502, 503, 504])
/** Types without an end, or with parts that each replace the one before. */
const endless = /^\s*(?:text\/event-stream|multipart\/x-mixed-replace|application\/(?:grpc|x-ndjson))/i

/** Whether an answer counts as an error of the handler, so that an old page may replace it (RFC 5861, section 4). */
export const isFailure = (status: number): boolean => failures.has(status)

/** An aborted handler may answer that there is no page: that answer is not shared. */
export const isCalledOff = ({ status }: Head): boolean => status < 200 || status >= 300

/** The refusals that depend on the status alone. */
const byStatus = ({ fields, status }: Head, directives: Directives): Refusal | undefined =>
  // interim answers are not final, and parts are not stored (RFC 9111, sections 3 and 3.3)
  status < 200 || status === 206 || status === 304 || hasField(fields, 'content-range')
    ? 'status'
    : // RFC 9111, section 5.2.2.3
    directives.has('must-understand') && !heuristic.has(status)
    ? 'status'
    : undefined

/** The refusals by what an answer says of itself. */
const byAnswer = ({ fields }: Head, directives: Directives): Refusal | undefined =>
  // what a client receives in a cookie is for that client (RFC 9111, section 7.3, leaves it to the cache)
  hasField(fields, 'set-cookie') || hasField(fields, 'set-cookie2')
    ? 'set-cookie'
    : // RFC 9111, sections 5.2.2.4, 5.2.2.5 and 5.2.2.7; a qualified form counts as the unqualified one
    directives.has('no-store') || directives.has('private') || directives.has('no-cache')
    ? 'response'
    : // without `Cache-Control`, `Pragma` counts (RFC 9111, section 5.4, deprecates it)
    directives.size === 0 && /no-cache/i.test(valueOf(fields, 'pragma') ?? '')
    ? 'response'
    : undefined

/** The refusals because of what an answer depends on, or of how it is framed. */
const byKind = ({ fields }: Head): Refusal | undefined => {
  const vary = valueOf(fields, 'vary')
  // RFC 9111, section 4.1
  if (vary?.includes('*') === true && tokensOf(vary).includes('*')) return 'vary'
  const type = valueOf(fields, 'content-type')
  return type !== undefined && endless.test(type) ? 'stream' : undefined
}

/** Why an answer is not stored, whatever its lifetime. */
export const refusalOf = (request: RequestHead, head: Head, directives: Directives): Refusal | undefined =>
  // RFC 9111, section 5.2.1.5
  parseDirectives(request.header('cache-control')).has('no-store')
    ? 'request'
    : byStatus(head, directives) ??
      byAnswer(head, directives) ??
      byKind(head) ??
      // RFC 9111, section 3.5
      (request.header('authorization') !== undefined && !isForAll(directives) ? 'authorization' : undefined)

/** How an answer with these directives is stored if nothing forbids it. */
export const lifetimeFor = (
  { fields, status }: Head,
  directives: Directives,
  now: number,
  rule?: Heuristic
): E.Either<Refusal, Plan> => {
  const age = initialAge(fields, now)
  const declared = declaredLifetime(fields, directives, now)
  // a lifetime that nobody declared needs a status that allows it (RFC 9111, section 4.2.2; RFC 9110, section 15.1)
  if (declared === undefined && !heuristic.has(status) && !directives.has('public')) return E.left('status')
  const lifetime = declared ?? (rule === undefined ? undefined : heuristicLifetime(fields, rule, now))
  return lifetime === undefined
    ? E.right({ lifetime, age })
    : lifetime > age
    ? E.right({ lifetime: lifetime - age, age })
    : E.left('stale')
}

/** How the answer to a request is stored, or why it is not. Decided by its head alone. */
export const storing = (
  request: RequestHead,
  head: Head,
  { heuristic: rule, maxBytes }: Storage,
  now: number
): E.Either<Refusal, Plan> => {
  // the answer to a `HEAD` has no body (RFC 9110, section 9.3.2), and that to another method is no page
  if (request.method !== 'GET') return E.left('method')
  if (isFailure(head.status)) return E.left('failure')
  const directives = directivesOf(head.fields)
  const refused = refusalOf(request, head, directives)
  if (refused !== undefined) return E.left(refused)
  const plan = lifetimeFor(head, directives, now, rule)
  const length = valueOf(head.fields, 'content-length')
  return E.isRight(plan) && length !== undefined && Number(length) > maxBytes ? E.left('large') : plan
}

/** Whether a body has the length that its head has announced (RFC 9111, section 3.3). */
export const isWhole = ({ fields }: Head, size: number): boolean => {
  const length = Number(valueOf(fields, 'content-length'))
  return Number.isNaN(length) || length === size
}

/**
 * The plan for an answer whose body took some time, in milliseconds: its age counts from the arrival of its head (RFC
 * 9111, section 4.2.3).
 */
export const aged = ({ age, lifetime }: Plan, took: number): Plan => {
  const spent = Math.max(0, took)
  return { age: age + spent, lifetime: lifetime === undefined ? undefined : lifetime - spent }
}
