/**
 * Conditional requests (RFC 9110, section 13), for answers whose whole is known.
 *
 * @internal
 */
import { type Fields, timeOf, valueOf } from './httpFields'
import type { Head, Wanted } from './httpRules'

/** Those that a cache answers itself; the handler does not see them. */
export const answered: ReadonlyArray<string> = ['if-none-match', 'if-modified-since']

/** Those that ask for something else than the whole page, or change. */
const others: ReadonlyArray<string> = ['range', 'if-range', 'if-match', 'if-unmodified-since']

/** @internal */
export const asksForMore = ({ header }: Wanted): boolean => others.some((name) => header(name) !== undefined)

/**
 * Whether a request asks for a page, and changes nothing.
 *
 * @internal
 */
export const isRead = ({ method }: Pick<Wanted, 'method'>): boolean => method === 'GET' || method === 'HEAD'

/**
 * Whether the conditions of a request are for the cache to answer.
 *
 * @internal
 */
export const isOurs = (wanted: Wanted): boolean => isRead(wanted) && !asksForMore(wanted)

const opaque = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g

/** Compared as for a `GET`: whether weak or strong says nothing. */
const names = (list: string, etag: string): boolean =>
  list.trim() === '*' ||
  Array.from(list.matchAll(opaque), ([, tag]) => tag).includes(etag.replace(/^W\//, ''))

/**
 * Whether a client has this already.
 *
 * @internal
 */
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

/**
 * The fields of a 304: none that describe a body that is not there.
 *
 * @internal
 */
export const unmodified = (fields: Fields): Fields =>
  fields.filter(
    ([name]) =>
      !name.startsWith('content-') || name === 'content-location' || name.startsWith('content-security')
  )

/** By these some frameworks take a request for one of another method. */
const overrides: ReadonlyArray<string> = ['x-http-method-override', 'x-http-method', 'x-method-override']

/**
 * Whether a handler may see another method than the one that was sent.
 *
 * @internal
 */
export const isDisguised = ({ header }: Pick<Wanted, 'header'>): boolean =>
  overrides.some((name) => header(name) !== undefined)

/**
 * Whether a request has a body: what answers it may be made of that, and no key knows of it.
 *
 * @internal
 */
export const hasBody = (visit: { readonly header: (name: string) => string | undefined }): boolean =>
  visit.header('transfer-encoding') !== undefined || Number(visit.header('content-length') ?? 0) !== 0
