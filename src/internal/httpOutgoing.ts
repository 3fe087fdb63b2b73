/**
 * The response of a Node server: what is used of it, and what it takes and refuses.
 *
 * @internal
 */
import type { Field, Fields } from './httpFields'
import type { Head } from './httpRules'

/** What is used of `http.ServerResponse`. The cache puts functions of its own in the place of those that write. */
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

/** Those that write. */
export const writers = ['writeHead', 'write', 'end', 'flushHeaders'] as const
/** @internal */
export type Writer = (typeof writers)[number]

/** Something that was written, or is to be. */
export interface Call {
  readonly name: Writer
  readonly args: ReadonlyArray<unknown>
}

// -------------------------------------------------------------------------------------
// heads
// -------------------------------------------------------------------------------------

/** @internal */
export const pairs = (headers: ReturnType<Outgoing['getHeaders']>): Fields =>
  Object.entries(headers).flatMap(
    ([name, value]): ReadonlyArray<Field> =>
      value === undefined
        ? []
        : (Array.isArray(value) ? value : [value]).map((v): Field => [name.toLowerCase(), String(v)])
  )

/** @internal */
export const headOf = (response: Outgoing): Head => ({
  status: response.statusCode,
  fields: pairs(response.getHeaders())
})

/** @internal */
export const setFields = (response: Outgoing, fields: Fields): void => {
  for (const name of new Set(fields.map(([n]) => n))) {
    const values = fields.filter(([n]) => n === name).map(([, v]) => v)
    response.setHeader(name, values.length === 1 ? values[0] ?? '' : values)
  }
}

/** Headers as `writeHead` takes them: by name, or one after the other in a list. */
export const given = (headers: unknown): ReadonlyArray<readonly [string, string | ReadonlyArray<string>]> => {
  if (typeof headers !== 'object' || headers === null) return []
  if (!Array.isArray(headers))
    return Object.entries(
      headers as Record<string, string | number | ReadonlyArray<string> | undefined>
    ).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'number' ? String(value) : value]]
    )
  const list: ReadonlyArray<unknown> = Array.isArray(headers[0]) ? headers.flat() : headers
  const found = new Map<string, readonly [name: string, values: ReadonlyArray<string>]>()
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = String(list[i])
    const [first, values] = found.get(name.toLowerCase()) ?? [name, []]
    found.set(name.toLowerCase(), [first, [...values, ...[list[i + 1]].flat().map(String)]])
  }
  return Array.from(found.values())
}

/** 1xx come before the answer and are none. */
export const isInterim = ({ args: [status], name }: Call): boolean =>
  name === 'writeHead' && typeof status === 'number' && status >= 100 && status < 200

/** What a reason has in it that is none. */
const control = /[^\t\x20-\x7e\x80-\xff]/

/** HTTP/2 has no reason, and warns whoever asks. */
const reasonOf = (response: Outgoing): unknown =>
  Object.hasOwn(response, 'statusMessage') ? Reflect.get(response, 'statusMessage') : undefined

/** @internal */
export const forgetReason = (response: Outgoing): void => {
  if (Object.hasOwn(response, 'statusMessage')) Reflect.set(response, 'statusMessage', undefined)
}

/** Whether a response takes such a head: the one that it has, or is given with `writeHead`. */
export const isHead = (response: Outgoing, { args: [first, second], name }: Call): boolean => {
  const status = Number(name === 'writeHead' ? first : response.statusCode) | 0
  const reason = name === 'writeHead' && typeof second === 'string' ? second : reasonOf(response)
  return status >= 100 && status <= 999 && !(typeof reason === 'string' && control.test(reason))
}

/** What Node says to whoever changes a head that has been written. */
export const tooLate = (what: string): Error =>
  Object.assign(new Error(`Cannot ${what} headers after they are sent to the client`), {
    code: 'ERR_HTTP_HEADERS_SENT'
  })

/** Those that change a head, and how that is called. */
const changers: ReadonlyArray<readonly [name: string, what: string]> = [
  ['setHeader', 'set'],
  ['setHeaders', 'set'],
  ['appendHeader', 'append'],
  ['removeHeader', 'remove']
]

/** The names of the fields that are changed so. */
const namesIn = (field: unknown): ReadonlyArray<string> =>
  typeof field === 'string'
    ? [field.toLowerCase()]
    : field instanceof Map || field instanceof Headers
    ? Array.from(field.keys(), (name: string) => name.toLowerCase())
    : []

/** Tells which fields are changed. While the head is closed none can be, as when it is sent. */
export const watchHead = (
  response: Outgoing,
  isClosed: () => boolean,
  changed: (name: string) => void
): void => {
  for (const [name, what] of changers) {
    // the proof: whatever they are, they are called as they were
    const change = Reflect.get(response, name) as ((...args: ReadonlyArray<unknown>) => unknown) | undefined
    if (change === undefined) continue
    Reflect.set(response, name, (...args: ReadonlyArray<unknown>): unknown => {
      if (isClosed()) throw tooLate(what)
      namesIn(args[0]).forEach(changed)
      return change.apply(response, [...args])
    })
  }
}

/** Makes a property say that something is so where it is, or where `isSo`; gives what it says by itself. */
export const posing = (
  response: Outgoing,
  name: 'headersSent' | 'writableEnded',
  isSo: () => boolean
): (() => boolean) => {
  // another cache before this one may have done the same
  const earlier = Object.getOwnPropertyDescriptor(response, name)
  const by: object =
    earlier === undefined
      ? (Object.getPrototypeOf(response) as object)
      : Object.defineProperty({}, name, earlier)
  const plain = (): boolean => Reflect.get(by, name, response) === true
  Object.defineProperty(response, name, { configurable: true, get: () => isSo() || plain() })
  return plain
}

// -------------------------------------------------------------------------------------
// bodies
// -------------------------------------------------------------------------------------

const isChunk = (chunk: unknown): chunk is string | Uint8Array =>
  typeof chunk === 'string' || chunk instanceof Uint8Array

/** Whether a response takes such a piece of a body. */
export const isPiece = ({ args: [chunk, encoding], name }: Call): boolean =>
  (name !== 'write' && name !== 'end') ||
  (name === 'end' && (!chunk || typeof chunk === 'function')) ||
  (isChunk(chunk) &&
    (typeof chunk !== 'string' || typeof encoding !== 'string' || Buffer.isEncoding(encoding)))

/** The bytes that a call writes; `undefined` where only the response can tell: it takes bytes of another realm, too. */
export const bytesOf = ({ args: [chunk, encoding], name }: Call): Uint8Array | undefined =>
  (name !== 'write' && name !== 'end') || !chunk || typeof chunk === 'function'
    ? new Uint8Array()
    : typeof chunk === 'string'
    ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
    : chunk instanceof Uint8Array
    ? chunk
    : undefined

/** About how many that are. */
export const sizeOf = ({ args: [chunk] }: Call): number => (isChunk(chunk) ? chunk.length : 0)

/** Whoever waits for what he wrote to be taken is told so, also where nobody was sent it. */
export const settleCall = ({ args }: Call): void => {
  // the proof: the only functions that these take are told of the end
  const callback = args.find((arg) => typeof arg === 'function') as (() => void) | undefined
  if (callback !== undefined) setImmediate(callback)
}
