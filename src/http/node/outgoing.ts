/**
 * The response of a Node server: the members that the cache uses, and the arguments that it accepts.
 *
 * @internal
 */
import type { Answer } from '../cache/answer'
import type { Field, Fields, Line } from '../core/fields'
import type { Head } from '../core/model'

/** The members of `http.ServerResponse` that the cache uses. It replaces those that write by its own functions. */
export interface Outgoing {
  statusCode: number
  readonly headersSent: boolean
  readonly destroyed: boolean
  getHeaders: () => Record<string, number | string | ReadonlyArray<string> | undefined>
  setHeader: (name: string, value: string | ReadonlyArray<string>) => unknown
  removeHeader: (name: string) => void
  writeHead: (status: number, ...more: ReadonlyArray<never>) => unknown
  write: (chunk: string | Uint8Array, ...more: ReadonlyArray<never>) => boolean
  end: (() => unknown) & ((chunk: string | Uint8Array, ...more: ReadonlyArray<never>) => unknown)
  flushHeaders?: () => void
  destroy: (error?: Error) => unknown
  once: (event: 'close', listener: () => void) => unknown
  emit: (event: 'drain') => unknown
}

/** A writer of a response, with any arguments. */
type Apply = (...args: ReadonlyArray<unknown>) => unknown

/** The functions that write. */
export const writers = ['write', 'end', 'flushHeaders'] as const
export type Writer = (typeof writers)[number]

/** A call of a writer, made or pending. */
export interface Call {
  readonly name: Writer
  readonly args: ReadonlyArray<unknown>
}

// -------------------------------------------------------------------------------------
// heads
// -------------------------------------------------------------------------------------

export const pairs = (headers: ReturnType<Outgoing['getHeaders']>): Fields =>
  Object.entries(headers).flatMap(
    ([name, value]): ReadonlyArray<Field> =>
      value === undefined
        ? []
        : (Array.isArray(value) ? value : [value]).map((v): Field => [name.toLowerCase(), String(v)])
  )

export const headOf = (response: Outgoing): Head => ({
  status: response.statusCode,
  fields: pairs(response.getHeaders())
})

export const setFields = (response: Outgoing, lines: ReadonlyArray<Line>): void => {
  // a response keeps the array itself, and `appendHeader` changes it
  for (const [name, value] of lines) response.setHeader(name, typeof value === 'string' ? value : [...value])
}

/** Fields in the forms of `writeHead`: by name, or a flat list of names and values. */
const given = (headers: unknown): ReadonlyArray<readonly [string, string | ReadonlyArray<string>]> => {
  if (typeof headers !== 'object' || headers === null) return []
  // SAFETY: `setHeader` refuses invalid fields as `writeHead` does
  if (!Array.isArray(headers)) return Object.entries(headers as Record<string, string>)
  const list: ReadonlyArray<unknown> = Array.isArray(headers[0]) ? headers.flat() : headers
  const found = new Map<string, readonly [name: string, values: ReadonlyArray<string>]>()
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = String(list[i])
    const [first, values] = found.get(name.toLowerCase()) ?? [name, []]
    found.set(name.toLowerCase(), [first, [...values, ...[list[i + 1]].flat().map(String)]])
  }
  return Array.from(found.values())
}

/** Whether `writeHead` is called with a list in which a value is missing: every response refuses it. */
const isUneven = (headers: unknown): boolean =>
  Array.isArray(headers) && !Array.isArray(headers[0]) && headers.length % 2 !== 0

/** Whether a status is 1xx: an interim answer, which is not the final one. */
const isInterim = (status: unknown): boolean => typeof status === 'number' && status >= 100 && status < 200

/** A character that is not allowed in a reason. */
const control = /[^\t\x20-\x7e\x80-\xff]/

/** HTTP/2 has no reason, and emits a warning when it is read. */
const reasonOf = (response: Outgoing): unknown =>
  Object.hasOwn(response, 'statusMessage') ? Reflect.get(response, 'statusMessage') : undefined

export const forgetReason = (response: Outgoing): void => {
  if (Object.hasOwn(response, 'statusMessage')) Reflect.set(response, 'statusMessage', undefined)
}

/** Whether a response accepts a status and a reason. */
const isHead = (response: Outgoing, status: unknown, reason: unknown): boolean => {
  const code = Number(status) | 0
  const said = typeof reason === 'string' ? reason : reasonOf(response)
  return code >= 100 && code <= 999 && !(typeof said === 'string' && control.test(said))
}

/** The arguments of `writeHead` without its fields. */
export type StatusLine = readonly [status: number, reason?: string]

/** What `writeHead` is called with. */
export interface Written {
  readonly line: StatusLine
  readonly fields: ReturnType<typeof given>
}

/**
 * A final head, as it is passed to `writeHead`. `undefined` for an interim answer, and for a head that the response refuses: that
 * is passed on as it came.
 */
export const writtenIn = (
  response: Outgoing,
  [status, second, third]: ReadonlyArray<unknown>
): Written | undefined => {
  const reason = typeof second === 'string' ? second : undefined
  const fields = reason === undefined ? third ?? second : third
  if (isInterim(status) || !isHead(response, status, reason) || isUneven(fields)) return undefined
  const code = Number(status) | 0
  return { line: reason === undefined ? [code] : [code, reason], fields: given(fields) }
}

/** Node's error for a change of a head that has been written. */
export const tooLate = (what: string): Error =>
  Object.assign(new Error(`Cannot ${what} headers after they are sent to the client`), {
    code: 'ERR_HTTP_HEADERS_SENT'
  })

/** The functions that change a head, with their verbs for `tooLate`. */
const changers: ReadonlyArray<readonly [name: string, what: string]> = [
  ['setHeader', 'set'],
  ['setHeaders', 'set'],
  ['appendHeader', 'append'],
  ['removeHeader', 'remove']
]

/** The names of the fields in such a call. */
const namesIn = (field: unknown): ReadonlyArray<string> =>
  typeof field === 'string'
    ? [field.toLowerCase()]
    : field instanceof Map || field instanceof Headers
    ? Array.from(field.keys(), (name: string) => name.toLowerCase())
    : []

/** Reports which fields are changed. While the head is closed, a change throws, as after it was sent. */
export const watchHead = (
  response: Outgoing,
  isClosed: () => boolean,
  changed: (name: string) => void
): void => {
  for (const [name, what] of changers) {
    // SAFETY: the function is called with its original arguments
    const change = Reflect.get(response, name) as ((...args: ReadonlyArray<unknown>) => unknown) | undefined
    if (change === undefined) continue
    Reflect.set(response, name, (...args: ReadonlyArray<unknown>): unknown => {
      if (isClosed()) throw tooLate(what)
      namesIn(args[0]).forEach(changed)
      return change.apply(response, [...args])
    })
  }
}

/** Makes a property return `true`; returns a function that stops it. */
export const posing = (response: Outgoing, name: 'headersSent' | 'writableEnded'): (() => void) => {
  // another cache above may have done the same
  const earlier = Object.getOwnPropertyDescriptor(response, name)
  Object.defineProperty(response, name, { configurable: true, get: () => true })
  return () => {
    if (earlier === undefined) Reflect.deleteProperty(response, name)
    else Object.defineProperty(response, name, earlier)
  }
}

// -------------------------------------------------------------------------------------
// bodies
// -------------------------------------------------------------------------------------

const isChunk = (chunk: unknown): chunk is string | Uint8Array =>
  typeof chunk === 'string' || chunk instanceof Uint8Array

/** Whether a response accepts this piece of a body. */
export const isPiece = ({ args: [chunk, encoding], name }: Call): boolean =>
  name === 'flushHeaders' ||
  (name === 'end' && (!chunk || typeof chunk === 'function')) ||
  (isChunk(chunk) &&
    (typeof chunk !== 'string' || typeof encoding !== 'string' || Buffer.isEncoding(encoding)))

/** The bytes that a call writes; `undefined` if only the response can tell: it also accepts bytes of another realm. */
export const bytesOf = ({ args: [chunk, encoding], name }: Call): Uint8Array | undefined =>
  name === 'flushHeaders' || !chunk || typeof chunk === 'function'
    ? new Uint8Array()
    : typeof chunk === 'string'
    ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
    : chunk instanceof Uint8Array
    ? chunk
    : undefined

/** The approximate size of a call. */
export const sizeOf = ({ args: [chunk] }: Call): number => (isChunk(chunk) ? chunk.length : 0)

/** Calls the writer's callback, also if its data was not sent. */
export const settleCall = ({ args }: Call): void => {
  // SAFETY: the only function among the arguments is the callback
  const callback = args.find((arg) => typeof arg === 'function') as (() => void) | undefined
  if (callback !== undefined) setImmediate(callback)
}

// -------------------------------------------------------------------------------------
// responses
// -------------------------------------------------------------------------------------

/** The functions of a response that write, from before the cache. */
export type Originals = Readonly<Record<Writer | 'writeHead', Apply>>

export const originalsOf = (response: Outgoing): Originals => {
  const original = (name: Writer | 'writeHead'): Apply => {
    // SAFETY: it is called with this response, and with its original arguments
    const there = response[name] as Apply | undefined
    return (...args) => there?.apply(response, [...args])
  }
  return {
    writeHead: original('writeHead'),
    write: original('write'),
    end: original('end'),
    flushHeaders: original('flushHeaders')
  }
}

/** Replaces all functions that write by one function. */
export const replaceWriters = (response: Outgoing, written: (call: Call) => unknown): void => {
  for (const name of writers)
    if (response[name] !== undefined)
      Reflect.set(response, name, (...args: ReadonlyArray<unknown>) => written({ name, args }))
}

/** Calls `seen` when trailers are added. */
export const watchTrailers = (response: Outgoing, seen: () => void): void => {
  for (const name of ['addTrailers', 'setTrailer']) {
    // SAFETY: the function is called with its original arguments
    const add = Reflect.get(response, name) as Apply | undefined
    if (add === undefined) continue
    Reflect.set(response, name, (...args: ReadonlyArray<unknown>): unknown => {
      seen()
      return add.apply(response, [...args])
    })
  }
}

const isCut = (stream: unknown): boolean =>
  typeof stream === 'object' &&
  stream !== null &&
  (Reflect.get(stream, 'destroyed') === true || Reflect.get(stream, 'aborted') === true)

/**
 * Whether the client has disconnected, so that no answer can be sent. The response itself reports it late: its socket, or its
 * stream of HTTP/2, is closed before.
 */
export const isClosed = (response: Outgoing): boolean =>
  response.destroyed || isCut(Reflect.get(response, 'socket')) || isCut(Reflect.get(response, 'stream'))

/** Whether a head is sent as soon as it is written: with HTTP/2. With HTTP/1 it waits for the body. */
export const sendsHeads = (response: Outgoing): boolean => 'stream' in response

/** Whether earlier answers of the same connection are sent first. */
const isQueued = (response: Outgoing): boolean =>
  !sendsHeads(response) && Reflect.get(response, 'socket') === null

/**
 * Puts the head into the queue of the response. While a response waits for its turn, and its body begins with bytes,
 * Node puts the head before all queued data, and so before the interim answers, too.
 */
export const queueHead = (response: Outgoing, flush: () => unknown): void => {
  if (isQueued(response)) flush()
}

/** The bytes as a `Buffer`: middlewares expect what handlers usually write. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Sends an answer on a response whose handler has not run. */
const sendWhole = (response: Outgoing, { body, lines, removed, status }: Answer): void => {
  if (response.headersSent || isClosed(response)) return
  removed?.forEach((name) => response.removeHeader(name))
  forgetReason(response)
  response.statusCode = status
  setFields(response, lines)
  if (body === undefined) response.end()
  else {
    queueHead(response, () => response.flushHeaders?.())
    response.end(asBuffer(body))
  }
}

/** Sends an answer; `failed` is called if a hook of an earlier handler throws when the head is written. */
export const sendOr = <A>(
  response: Outgoing,
  answer: Answer,
  failed: (cause: unknown) => A
): A | undefined => {
  try {
    sendWhole(response, answer)
    return undefined
  } catch (cause) {
    // who answers instead has fields of his own
    if (!response.headersSent) for (const [name] of answer.lines) response.removeHeader(name)
    return failed(cause)
  }
}

/** Answers that the server has failed, with no field of the answer that could not be sent. */
export const bareFailure = (response: Outgoing): void => {
  try {
    for (const name of Object.keys(response.getHeaders())) response.removeHeader(name)
    response.statusCode = 500
    response.end()
  } catch (cause) {
    // the same hook has thrown again
    response.destroy(cause instanceof Error ? cause : undefined)
  }
}
