/**
 * Conditional requests (RFC 9110, section 13), for complete answers.
 *
 * @internal
 */
import { type Fields, timeOf, valueOf } from './fields'
import type { Head, Wanted } from './rules'

/** The conditions that a cache answers itself; the handler does not receive them. */
export const answered: ReadonlyArray<string> = ['if-none-match', 'if-modified-since']

/** The conditions for parts of a page, or for changes. */
const others: ReadonlyArray<string> = ['range', 'if-range', 'if-match', 'if-unmodified-since']

export const asksForMore = ({ header }: Wanted): boolean => others.some((name) => header(name) !== undefined)

/** Whether a request asks for a page, and changes nothing. */
export const isRead = ({ method }: Pick<Wanted, 'method'>): boolean => method === 'GET' || method === 'HEAD'

/** Whether the conditions of a request are for the cache to answer. */
export const isOurs = (wanted: Wanted): boolean => isRead(wanted) && !asksForMore(wanted)

const opaque = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g

/** The weak comparison, as for a `GET`. */
const names = (list: string, etag: string): boolean =>
  list.trim() === '*' ||
  Array.from(list.matchAll(opaque), ([, tag]) => tag).includes(etag.replace(/^W\//, ''))

/** Whether a client already has this answer. */
export const isKnown = ({ header }: Wanted, { fields, status }: Head, now: number): boolean => {
  if (status !== 200) return false
  const match = header('if-none-match')
  if (match !== undefined) {
    const etag = valueOf(fields, 'etag')
    return etag !== undefined && names(match, etag)
  }
  const since = timeOf(header('if-modified-since'), now)
  const modified = timeOf(valueOf(fields, 'last-modified'), now)
  return since !== undefined && modified !== undefined && modified <= since
}

/** The fields of a 304: without those that describe a body. */
export const unmodified = (fields: Fields): Fields =>
  fields.filter(
    ([name]) =>
      !name.startsWith('content-') || name === 'content-location' || name.startsWith('content-security')
  )

/** Some frameworks use these fields as the method of a request. */
const overrides: ReadonlyArray<string> = ['x-http-method-override', 'x-http-method', 'x-method-override']

/** Whether a handler may use another method than the one that was sent. */
export const isDisguised = ({ header }: Pick<Wanted, 'header'>): boolean =>
  overrides.some((name) => header(name) !== undefined)

/** Whether a request has a body: the answer may depend on it, and the key does not include it. */
export const hasBody = (visit: { readonly header: (name: string) => string | undefined }): boolean =>
  visit.header('transfer-encoding') !== undefined || Number(visit.header('content-length') ?? 0) !== 0
