/**
 * The pages that are out of date after a request that may change something (RFC 9111, section 4.4).
 *
 * @internal
 */
import { isSafe } from './ask'
import { valueOf } from './fields'
import type { Fields, Head, RequestHead, Target } from './model'
import { isAt } from './target'

/** Whether a request has changed its page: its method is not safe, and it did not fail (RFC 9111, section 4.4). */
export const isChange = (request: RequestHead, { status }: Pick<Head, 'status'>): boolean =>
  !isSafe(request) && status >= 200 && status < 400

const parse = (given: string, base: string): URL | undefined => {
  try {
    return new URL(given, base)
  } catch {
    return undefined
  }
}

/** The path of an address on the same host: behind a proxy the scheme may differ from that of the socket. */
const nearby = (target: Target, given: string): ReadonlyArray<string> => {
  const url = parse(given, target.origin + target.path)
  return url !== undefined && isAt(url, target) ? [url.pathname + url.search] : []
}

/** Fields that may name other pages of the site. */
const naming: ReadonlyArray<string> = ['location', 'content-location']

/** The paths of a changed page, and of the pages that the answer names. */
export const changedPaths = (target: Target, fields: Fields): ReadonlyArray<string> => [
  target.path,
  ...naming.flatMap((name) => {
    const given = valueOf(fields, name)
    return given === undefined ? [] : nearby(target, given)
  })
]
