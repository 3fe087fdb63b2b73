/**
 * Converts `Request` and `Response` for the cache, and back.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Answer, Answerer } from '../cache/answer'
import { copied, copying } from '../cache/body'
import type { Passed, Reply } from '../cache/model'
import { answered, isKnown, isOurs, unmodified } from '../core/conditions'
import { cacheStatus, withStatus } from '../core/fate'
import type { Fate, Field, Fields, RequestHead } from '../core/model'

export interface WebReply extends Reply {
  readonly response: Response
  /** The body for the client: that of the response, or the client's stream beside a copy. */
  readonly body: () => ReadableStream<Uint8Array> | null
}

export const fieldsOf = (headers: Headers): Fields =>
  Array.from(headers, ([name, value]) => [name, value] as const)

/** A request whose fields may still change. */
export interface Reading extends RequestHead {
  /** Makes it stay as it is, before a handler gets the request: it may remove credentials from it. */
  readonly keep: () => void
}

export const readingOf = (request: Request): Reading => {
  let { headers } = request
  return {
    method: request.method,
    header: (name) => headers.get(name) ?? undefined,
    keep: () => {
      headers = new Headers(headers)
    }
  }
}

const isPlain = ({ headers }: Request): boolean => !answered.some((name) => headers.has(name))

/**
 * A request of the class that a framework uses, if that can be constructed from another: handlers use its additions.
 */
const ofItsClass = (request: Request, headers: Headers): Request => {
  const { constructor: made } = request
  const prototype: unknown = made.prototype
  if (prototype instanceof Request)
    try {
      const same = Reflect.construct(made, [request, { headers }]) as Request
      if (same.url === request.url && answered.every((name) => same.headers.get(name) === headers.get(name)))
        return same
    } catch {
      // its constructor takes other arguments
    }
  return new Request(request, { headers })
}

/**
 * The request for the handler: without the conditions that the cache answers, so that there is a page to store, and with those
 * of the cache.
 */
export const conditional = (request: Request, conditions: Fields): Request => {
  if (!isOurs(readingOf(request)) || (isPlain(request) && conditions.length === 0)) return request
  const headers = new Headers(request.headers)
  for (const name of answered) headers.delete(name)
  for (const [name, value] of conditions) headers.set(name, value)
  const plain = ofItsClass(request, headers)
  // properties that other code has added
  for (const [name, value] of Object.entries(request)) if (!(name in plain)) Reflect.set(plain, name, value)
  return plain
}

export const replyOf = (response: Response): WebReply => {
  let client: ReadableStream<Uint8Array> | undefined
  const body = (): ReadableStream<Uint8Array> | null =>
    // SAFETY: the body of a response is bytes
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

/** The response itself, if its headers can be changed: a framework may recognise it by its identity. */
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

/** The handler's answer, for the client of its request. */
export const passedOn = (
  reply: WebReply,
  wanted: RequestHead,
  fate: Fate,
  { cache, now }: Answerer
): Response => {
  const { fields, response } = reply
  const body = reply.body()
  const said = cache === undefined ? undefined : cacheStatus(cache, fate)
  const copied = body !== response.body
  // the handler did not receive the conditions
  if (isOurs(wanted) && isKnown(wanted, reply, now())) {
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

/** The answer of a handler whose request was passed on to it as it came. */
export const passedThrough = (
  response: Response,
  { fate, seen }: Passed,
  cache: string | undefined
): Response => {
  if (cache === undefined && seen === undefined) return response
  const fields = fieldsOf(response.headers)
  seen?.({ status: response.status, fields })
  return marked(response, fields, cache === undefined ? undefined : cacheStatus(cache, fate))
}

/**
 * The fields of an answer, as a `Response` takes them. A server that adds a missing type finds it missing only in `Headers`;
 * a record costs less.
 */
const initOf = (lines: Answer['lines']): Headers | Record<string, string> => {
  const record: Record<string, string> = {}
  let isTyped = false
  for (const [name, values] of lines) {
    // a record has one value for each name
    if (name === '__proto__' || typeof values !== 'string')
      return headersOf(lines.flatMap(([n, v]) => [v].flat().map((one): Field => [n, one])))
    if (name === 'content-type') isTyped = true
    record[name] = values
  }
  return isTyped ? record : new Headers(record)
}

export const responseOf = ({ body, lines, status }: Answer): Response =>
  // SAFETY: `Response` copies the bytes, whatever buffer they are in
  new Response((body as Uint8Array<ArrayBuffer> | undefined) ?? null, { status, headers: initOf(lines) })
