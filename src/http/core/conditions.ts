/**
 * Conditional requests (RFC 9110, section 13), for complete answers.
 *
 * @internal
 */
import { timeOf } from './dates'
import { valueOf } from './fields'
import type { Fields, Head, Lookup, RequestHead } from './model'

/** The conditions that a cache answers itself; the handler does not receive them. */
export const answered: ReadonlyArray<string> = ['if-none-match', 'if-modified-since']

/** The conditions for parts of a page, or for changes. */
const others: ReadonlyArray<string> = ['range', 'if-range', 'if-match', 'if-unmodified-since']

const hasAny = (header: Lookup, names: ReadonlyArray<string>): boolean => {
  for (const name of names) if (header(name) !== undefined) return true
  return false
}

export const asksForMore = ({ header }: RequestHead): boolean => hasAny(header, others)

/** Whether a request asks for a page, and changes nothing. */
export const isRead = ({ method }: Pick<RequestHead, 'method'>): boolean =>
  method === 'GET' || method === 'HEAD'

/** Whether the conditions of a request are for the cache to answer. */
export const isOurs = (wanted: RequestHead): boolean => isRead(wanted) && !asksForMore(wanted)

/** Some frameworks use these fields as the method of a request. */
const overrides: ReadonlyArray<string> = ['x-http-method-override', 'x-http-method', 'x-method-override']

/** Whether a handler may use another method than the one that was sent. */
export const isDisguised = ({ header }: Pick<RequestHead, 'header'>): boolean => hasAny(header, overrides)

/** Whether a request has a body: the answer may depend on it, and the key does not include it. */
export const hasBody = ({ header }: { readonly header: Lookup }): boolean => {
  if (header('transfer-encoding') !== undefined) return true
  const length = header('content-length')
  return length !== undefined && Number(length) !== 0
}

// -------------------------------------------------------------------------------------
// validators
// -------------------------------------------------------------------------------------

const opaque = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g

/** A tag without its mark of weakness: the weak comparison (RFC 9110, section 8.8.3.2). */
export const opaqueTag = (etag: string): string => etag.replace(/^W\//, '')

/**
 * Whether a list of tags has one, by the weak comparison, as for a `GET` (RFC 9110, section 13.1.2). A page without a
 * tag is not confirmed, by `*` neither.
 */
const names = (list: string, etag: string | undefined): boolean =>
  etag !== undefined &&
  (list.trim() === '*' || Array.from(list.matchAll(opaque), ([, tag]) => tag).includes(opaqueTag(etag)))

/** What the conditions of a request are compared with. */
export interface Validators {
  readonly etag: string | undefined
  /** When the page was last changed, in milliseconds since 1970. */
  readonly modified: number | undefined
}

/** Whether a client already has what these validators name. `If-None-Match` comes first (RFC 9110, section 13.2.2). */
export const isMet = ({ header }: RequestHead, { etag, modified }: Validators, now: number): boolean => {
  const match = header('if-none-match')
  if (match !== undefined) return names(match, etag)
  const since = header('if-modified-since')
  if (since === undefined || modified === undefined) return false
  const time = timeOf(since, now)
  return time !== undefined && modified <= time
}

/** Whether a client already has this answer. Conditions are for answers with 200 (RFC 9110, section 13.2.1). */
export const isKnown = (wanted: RequestHead, { fields, status }: Head, now: number): boolean =>
  status === 200 &&
  hasAny(wanted.header, answered) &&
  isMet(
    wanted,
    { etag: valueOf(fields, 'etag'), modified: timeOf(valueOf(fields, 'last-modified'), now) },
    now
  )

/** The fields of a 304: without those that describe a body (RFC 9110, section 15.4.5). */
export const unmodified = (fields: Fields): Fields =>
  fields.filter(
    ([name]) =>
      !name.startsWith('content-') || name === 'content-location' || name.startsWith('content-security')
  )
