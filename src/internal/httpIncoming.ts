/**
 * The request of a Node server, as the cache sees it.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'

import { answered, isOurs } from './httpConditions'
import type { Wanted } from './httpRules'
import { type Target, targetIn } from './httpTarget'

/** What is used of `http.IncomingMessage`. */
export interface Incoming {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Express: the path as it came, where `url` has lost what a router has matched. */
  readonly originalUrl?: string | undefined
  readonly headers: Record<string, string | ReadonlyArray<string> | undefined>
  readonly socket?: object | undefined
}

/** A request as it is now: whoever comes after may change its headers. */
export const wantedIn = ({ headers, method = 'GET' }: Incoming): Wanted => {
  const said = { ...headers }
  return {
    method,
    header: (name) => {
      const value = said[name.toLowerCase()]
      return typeof value === 'string' ? value : value?.join(', ')
    }
  }
}

/** @internal */
export const targetOfIncoming = ({
  headers,
  originalUrl,
  socket,
  url
}: Incoming): E.Either<unknown, Target> => {
  const { host, [':authority']: authority = host } = headers
  const scheme = socket !== undefined && Reflect.get(socket, 'encrypted') === true ? 'https' : 'http'
  // HTTP/2 has an authority, and may have a host beside it: where they differ nobody knows which one the handler goes by
  return targetIn(
    scheme,
    typeof authority === 'string' && (host ?? authority) === authority ? authority : undefined,
    originalUrl ?? url ?? ''
  )
}

/** Whoever comes after sees no conditions that the cache answers. */
export const hideConditions = (request: Incoming, wanted: Wanted): void => {
  if (isOurs(wanted)) for (const name of answered) Reflect.deleteProperty(request.headers, name)
}
