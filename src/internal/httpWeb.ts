/**
 * `Request` and `Response`, as the cache sees them and makes them.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { type Answer, cacheStatus, withStatus } from './httpAnswer'
import { copied, copying } from './httpBody'
import { answered, isKnown, isOurs, unmodified } from './httpConditions'
import type { Fields } from './httpFields'
import type { Wanted } from './httpRules'
import type { Fate } from './httpServe'
import type { Reply } from './httpVisit'

/** @internal */
export interface WebReply extends Reply {
  readonly response: Response
  /** What is left of the body for the client: that of the response, or what the copy leaves of it. */
  readonly body: () => ReadableStream<Uint8Array> | null
}

/** @internal */
export const fieldsOf = (headers: Headers): Fields =>
  Array.from(headers, ([name, value]) => [name, value] as const)

/** @internal */
export const wantedOf = (request: Request): Wanted => ({
  method: request.method,
  header: (name) => request.headers.get(name) ?? undefined
})

const isPlain = ({ headers }: Request): boolean => !answered.some((name) => headers.has(name))

/** Of the class that a framework gives its requests, where that can be made of another: handlers use what it adds. */
const ofItsClass = (request: Request, headers: Headers): Request => {
  const { constructor: made } = request
  const prototype: unknown = made.prototype
  if (prototype instanceof Request)
    try {
      const same = Reflect.construct(made, [request, { headers }]) as Request
      if (same.url === request.url && isPlain(same)) return same
    } catch {
      // it is made of something else
    }
  return new Request(request, { headers })
}

/**
 * The request that the handler sees: without the conditions that the cache answers, so that there is a page to store.
 *
 * @internal
 */
export const unconditional = (request: Request): Request => {
  if (!isOurs(wantedOf(request)) || isPlain(request)) return request
  const headers = new Headers(request.headers)
  for (const name of answered) headers.delete(name)
  const plain = ofItsClass(request, headers)
  // what others have put on it
  for (const [name, value] of Object.entries(request)) if (!(name in plain)) Reflect.set(plain, name, value)
  return plain
}

/** @internal */
export const replyOf = (response: Response): WebReply => {
  let client: ReadableStream<Uint8Array> | undefined
  const body = (): ReadableStream<Uint8Array> | null =>
    // the proof: what a response holds is bytes
    client ?? (response.body as ReadableStream<Uint8Array> | null)
  return {
    status: response.status,
    fields: fieldsOf(response.headers),
    response,
    body,
    copy: (max) => {
      const source = body()
      if (source === null) return copied(E.right(new Uint8Array()))
      if (response.bodyUsed || source.locked) return copied(E.left('unreadable'))
      const copy = copying(source, max)
      client = copy.client
      return copy
    },
    discard: () => {
      const rest = body()
      if (rest !== null && !rest.locked) rest.cancel().catch(() => undefined)
    }
  }
}

const headersOf = (fields: Fields): Headers => {
  const headers = new Headers()
  for (const [name, value] of fields) headers.append(name, value)
  return headers
}

/** The response itself, where its headers can be changed: a framework may know it by its identity. */
const marked = (response: Response, fields: Fields, said: string | undefined): Response => {
  if (said === undefined || response.status < 200) return response
  try {
    response.headers.set(
      'cache-status',
      withStatus(fields, said).find(([n]) => n === 'cache-status')?.[1] ?? said
    )
    return response
  } catch {
    return new Response(response.body, {
      status: response.status,
      statusText: response.statusText,
      headers: headersOf(withStatus(fields, said))
    })
  }
}

/**
 * What the handler has answered, for its client.
 *
 * @internal
 */
export const passedOn = (
  reply: WebReply,
  wanted: Wanted,
  now: number,
  cache: string | undefined,
  fate: Fate
): Response => {
  const { fields, response } = reply
  const body = reply.body()
  const said = cache === undefined ? undefined : cacheStatus(cache, fate)
  const copied = body !== response.body
  // the handler did not see the conditions
  if (isOurs(wanted) && isKnown(wanted, reply, now)) {
    reply.discard()
    return new Response(null, { status: 304, headers: headersOf(unmodified(withStatus(fields, said))) })
  }
  return copied
    ? new Response(body, {
        status: response.status,
        statusText: response.statusText,
        headers: headersOf(withStatus(fields, said))
      })
    : marked(response, fields, said)
}

/** @internal */
export const responseOf = ({ body, fields, status }: Answer): Response =>
  // the proof: `Response` copies the bytes, whatever they are a view of
  new Response((body as Uint8Array<ArrayBuffer> | undefined) ?? null, { status, headers: headersOf(fields) })
