/**
 * The request of a Node server, in the form that the cache uses.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { answered, isOurs } from '../core/conditions'
import type { Fields, RequestHead, Target } from '../core/model'
import { targetIn } from '../core/target'

/** The members of `http.IncomingMessage` that the cache uses. */
export interface Incoming {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Express: the original path; a router removes the matched part from `url`. */
  readonly originalUrl?: string | undefined
  readonly headers: Record<string, string | ReadonlyArray<string> | undefined>
  readonly socket?: object | undefined
}

/** A request whose fields may still change: `keep` is called before the handler gets it. */
export interface Reading extends RequestHead {
  /** Later handlers may change the fields of the request. */
  readonly keep: () => void
}

export const requestIn = ({ headers, method = 'GET' }: Incoming): Reading => {
  let said = headers
  return {
    method,
    header: (name) => {
      // `name` comes from the `Vary` of an answer
      const own = name.toLowerCase()
      const value = Object.hasOwn(said, own) ? said[own] : undefined
      // an earlier handler may have set anything
      return value === undefined ? undefined : Array.isArray(value) ? value.join(', ') : String(value)
    },
    keep: () => {
      if (said === headers) said = { ...headers }
    }
  }
}

/**
 * Whether the path was changed by more than a router that removes what it has matched: the handler answers for another page
 * than the one that was asked for. A router that has matched all of it adds a slash.
 */
const isRewritten = (originalUrl: string | undefined, url: string | undefined): boolean =>
  originalUrl !== undefined &&
  url !== undefined &&
  !originalUrl.endsWith(url) &&
  !(url.startsWith('/') && originalUrl.endsWith(url.slice(1)))

export const targetOfIncoming = ({ headers, originalUrl, socket, url }: Incoming): Target | undefined => {
  const { host, [':authority']: authority = host } = headers
  const scheme = socket !== undefined && Reflect.get(socket, 'encrypted') === true ? 'https' : 'http'
  // HTTP/2 has an authority, and may have a `Host` too: if they differ, it is unknown which one the handler uses
  const found = targetIn(
    scheme,
    typeof authority === 'string' && (host ?? authority) === authority ? authority : undefined,
    originalUrl ?? url ?? ''
  )
  if (E.isLeft(found)) return undefined
  return isRewritten(originalUrl, url) ? { ...found.right, isExact: false } : found.right
}

/** Hides the conditions that the cache answers from later handlers, and shows them those of the cache. */
export const replaceConditions = (request: Incoming, asked: RequestHead, conditions: Fields): void => {
  if (!isOurs(asked)) return
  for (const name of answered) Reflect.deleteProperty(request.headers, name)
  for (const [name, value] of conditions) Reflect.set(request.headers, name, value)
}
