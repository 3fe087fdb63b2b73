/**
 * The response of a Node server, seen by the cache that stands before whoever writes it. What is written goes to the client
 * as it would without a cache; the cache looks on, and may hold it back while it is not known yet who gets what.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { type Answer, cacheStatus, withStatus } from './httpAnswer'
import { copied, type Gathering, gathering, type NoCopy } from './httpBody'
import { answered, isKnown, isOurs, isRead, unmodified } from './httpConditions'
import type { Field, Fields } from './httpFields'
import type { Head, Wanted } from './httpRules'
import type { Fate } from './httpServe'
import type { Target } from './httpTarget'
import { targetIn } from './httpTarget'
import type { Reply } from './httpVisit'

/** What is used of `http.IncomingMessage`. */
export interface Incoming {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Express: the path as it came, where `url` has lost what a router has matched. */
  readonly originalUrl?: string | undefined
  readonly headers: Record<string, string | ReadonlyArray<string> | undefined>
  readonly socket?: object | undefined
}

type Callback = (error?: Error | null) => void

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

type Writer = 'writeHead' | 'write' | 'end' | 'flushHeaders'

// -------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------

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

// -------------------------------------------------------------------------------------
// responses
// -------------------------------------------------------------------------------------

const pairs = (headers: ReturnType<Outgoing['getHeaders']>): Fields =>
  Object.entries(headers).flatMap(
    ([name, value]): ReadonlyArray<Field> =>
      value === undefined
        ? []
        : (Array.isArray(value) ? value : [value]).map((v): Field => [name.toLowerCase(), String(v)])
  )

/** Headers as `writeHead` takes them: by name, or one after the other in a list. */
const given = (headers: unknown): ReadonlyArray<readonly [string, string | ReadonlyArray<string>]> => {
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

const bytesOf = (chunk: unknown, encoding: unknown): Uint8Array | undefined =>
  typeof chunk === 'string'
    ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
    : chunk instanceof Uint8Array
    ? chunk
    : undefined

/** What a stored page is judged by, whoever said it. */
const meant: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'vary',
  'cache-control',
  'expires',
  'date',
  'etag',
  'last-modified'
])

/** How much is kept before whoever writes is told to wait, in bytes. */
const mostHeld = 64 * 1024

const sizeOf = (chunk: unknown): number =>
  typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk.length : 0

const isChunk = (chunk: unknown): boolean => typeof chunk === 'string' || chunk instanceof Uint8Array

/** What a reason has in it that is none. */
const control = /[^\t\x20-\x7e\x80-\xff]/

/** 1xx come before the answer and are none. */
const isInterim = (name: Writer, [status]: ReadonlyArray<unknown>): boolean =>
  name === 'writeHead' && typeof status === 'number' && status >= 100 && status < 200

/** Whether a response takes such a head: the one that it has, or is given with `writeHead`. */
const isHead = (response: Outgoing, name: Writer, [first, second]: ReadonlyArray<unknown>): boolean => {
  const status = Number(name === 'writeHead' ? first : response.statusCode) | 0
  const reason: unknown =
    name === 'writeHead' && typeof second === 'string'
      ? second
      : // HTTP/2 has none, and warns whoever asks
        Object.hasOwn(response, 'statusMessage') && Reflect.get(response, 'statusMessage')
  return status >= 100 && status <= 999 && !(typeof reason === 'string' && control.test(reason))
}

/** Whether a response takes such a piece of a body. */
const isPiece = (name: Writer, [chunk, encoding]: ReadonlyArray<unknown>): boolean =>
  (name !== 'write' && name !== 'end') ||
  (name === 'end' && (!chunk || typeof chunk === 'function')) ||
  (isChunk(chunk) &&
    (typeof chunk !== 'string' || typeof encoding !== 'string' || Buffer.isEncoding(encoding)))

/** What Node says to whoever changes a head that has been written. */
const tooLate = (what: string): Error =>
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

/** What is done with what is written: kept until that is known, given to the client, all of it or the head, or to nobody. */
type Course = 'held' | 'passed' | 'bodiless' | 'dropped'

interface Call {
  readonly name: Writer
  readonly args: ReadonlyArray<unknown>
}

/** A response on its way. */
export interface Tap {
  /**
   * Runs whoever answers. Settles when the head is written; rejects with what was thrown before that, and where the client goes
   * before it.
   */
  readonly run: (f: () => unknown) => Promise<Reply>
  /** Whoever answers has ended, or has thrown. */
  readonly done: () => Promise<unknown>
  /** Lets through what is written, with what the cache has to say. */
  readonly pass: (fate: Fate) => void
  /** Sends something else instead; what is written from now on is dropped. */
  readonly send: (answer: Answer) => void
  /** Whether the client has left before he was answered. */
  readonly isGone: () => boolean
}

/**
 * Who asked has gone: nobody waits for the answer.
 *
 * @internal
 */
export class ClientGone extends Error {
  constructor() {
    super('the client has gone')
  }
}

/**
 * A client that leaves is nobody's failure.
 *
 * @internal
 */
export const unlessGone = (cause: unknown): undefined => {
  if (cause instanceof ClientGone) return undefined
  throw cause
}

/** What says who may be given an answer. What compresses answers below the cache varies them by their encoding. */
const allowing = (fields: Fields): string =>
  JSON.stringify(
    ['cache-control', 'expires', 'pragma', 'vary'].map((asked) =>
      fields
        .flatMap(([name, value]) => (name === asked ? value.toLowerCase().split(',') : []))
        .map((part) => part.trim())
        .filter((part) => part !== '' && (asked !== 'vary' || part !== 'accept-encoding'))
    )
  )

/** Makes a property say that something is so where it is, or where `isSo`; gives what it says by itself. */
const posing = (
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

/** @internal */
export const makeTap = (
  response: Outgoing,
  wanted: Wanted,
  {
    cache,
    earlier,
    now
  }: {
    readonly cache: string | undefined
    /** Fields that somebody has set before the cache, and not on the response yet. */
    readonly earlier?: Parameters<typeof pairs>[0]
    readonly now: () => number
  }
): Tap => {
  // the proof: each is called with this response, and what it was called with
  const original = {
    writeHead: response.writeHead,
    write: response.write,
    end: response.end,
    flushHeaders: response.flushHeaders
  } as Record<Writer, ((...args: ReadonlyArray<unknown>) => unknown) | undefined>
  const call = ({ args, name }: Call): unknown => {
    const outer = sending
    sending = true
    try {
      return original[name]?.apply(response, [...args])
    } finally {
      sending = outer
    }
  }
  /** What was there before: it is not the page's. */
  const first = { ...response.getHeaders(), ...earlier }
  const before = new Map(pairs(first).map(([name, value]) => [name + value, name]))

  let course: Course = 'held'
  /** What is called meanwhile is called by what the cache itself calls. */
  let sending = false
  /** Whoever comes after the cache has been asked. */
  let started = false
  let headed = false
  let status = 0
  let ended = false
  /** The client has been answered with something else than what is written. */
  let finished = false
  let gone = false
  /** What waits, in bytes; and whether somebody waits for it to go. */
  let held = 0
  let waits = false
  let copy: Gathering | undefined
  let settleCopy: ((whole: E.Either<NoCopy, Uint8Array>) => void) | undefined
  let allowed = ''
  const waiting: Array<Call> = []
  let resolve: (reply: Reply) => void
  let reject: (cause: unknown) => void
  const reply = new Promise<Reply>((good, bad) => {
    resolve = good
    reject = bad
  })
  reply.catch(() => undefined)

  const stopCopy = (answer: E.Either<NoCopy, Uint8Array>): void => {
    settleCopy?.(answer)
    settleCopy = undefined
    copy = undefined
    if (course === 'bodiless') finish()
  }
  /** Ends a response without a body, when nobody wants what is still written: some stop where the client has been answered. */
  const finish = (): void => {
    if (finished || (copy !== undefined && !ended)) return
    finished = true
    call({ name: 'end', args: [] })
  }
  /** Nobody is sent what waits: whoever wrote it goes on. */
  const forget = (): void => {
    for (const { args } of waiting.splice(0)) tell(args)
  }
  const drain = (): void => {
    held = 0
    if (waits && !ended) setImmediate(() => response.emit('drain'))
    waits = false
  }
  const gather = (chunk: unknown, encoding: unknown): void => {
    if (copy === undefined || chunk === undefined || chunk === null || typeof chunk === 'function') return
    const bytes = bytesOf(chunk, encoding)
    if (bytes === undefined) stopCopy(E.left('unreadable'))
    else if (!copy.add(bytes)) stopCopy(E.left('large'))
  }

  const headNow = (): Head => ({ status: response.statusCode, fields: pairs(response.getHeaders()) })

  /** Nothing can be said any more: what is said too late would be sent with this, or with what comes in its place. */
  const closeHead = (): void => {
    for (const [name, what] of changers) {
      // the proof: whatever they are, they are called as they were
      const change = Reflect.get(response, name) as ((...args: ReadonlyArray<unknown>) => unknown) | undefined
      if (change === undefined) continue
      Reflect.set(response, name, (...args: ReadonlyArray<unknown>): unknown => {
        if (course === 'held' && !sending) throw tooLate(what)
        return change.apply(response, [...args])
      })
    }
  }
  /** The first that is written: what it says of the page. */
  const head = (): void => {
    if (headed) return
    headed = true
    const said = headNow()
    status = said.status
    if (course === 'held') closeHead()
    allowed = allowing(said.fields)
    const own = said.fields.filter(([name, value]) => !before.has(name + value) || meant.has(name))
    resolve({
      // the rules look at all of it, the store keeps what is the page's own
      ...said,
      own,
      copy: (max) => {
        if (course !== 'held') return copied(E.left(gone ? 'broken' : 'unreadable'))
        copy = gathering(max)
        const whole = new Promise<E.Either<NoCopy, Uint8Array>>((done) => {
          settleCopy = done
          for (const { args, name } of waiting)
            if (name === 'write' || name === 'end') gather(args[0], args[1])
        })
        return { whole, stop: (why) => stopCopy(E.left(why)) }
      },
      discard: () => {
        if (course === 'held') {
          course = 'dropped'
          forget()
        }
        drain()
        conclude()
      }
    })
  }
  /**
   * The end of the copy, when the head has gone: whoever writes that last, below the cache, may have added a cookie, or
   * said who else may have the answer.
   */
  const conclude = (): void => {
    if (copy === undefined || !ended || !isSent()) return
    const { fields } = headNow()
    const isLate = fields.some(([name]) => name === 'set-cookie') || allowing(fields) !== allowed
    stopCopy(isLate ? E.left('set-cookie') : E.right(copy.bytes()))
  }

  const callbackOf = (args: ReadonlyArray<unknown>): Callback | undefined =>
    // the proof: the only functions that these take are told of the end
    args.find((arg) => typeof arg === 'function') as Callback | undefined
  const tell = (args: ReadonlyArray<unknown>): void => {
    const callback = callbackOf(args)
    if (callback !== undefined) setImmediate(callback)
  }
  /** What is refused now is nobody's answer, and its writer has gone on: it breaks off, as where a handler fails too late. */
  const orBreak =
    <A extends ReadonlyArray<unknown>>(answer: (...args: A) => void) =>
    (...args: A): void => {
      try {
        answer(...args)
      } catch (cause) {
        stopCopy(E.left('broken'))
        response.destroy(cause instanceof Error ? cause : undefined)
      }
    }
  /** There is nobody any more who could be answered from the store. */
  const leave = (): void => {
    gone = true
    // what changes something goes on without its client, and what it answers says which pages are out of date
    if (isRead(wanted)) reject(new ClientGone())
    if (course !== 'held') return
    course = 'passed'
    orBreak(() => waiting.splice(0).forEach(call))()
  }

  const written = (name: Writer, args: ReadonlyArray<unknown>): unknown => {
    if (sending) return call({ name, args })
    // the head of what the cache has sent, by somebody before it who has waited with the end: a session is saved first
    if (name === 'writeHead' && finished && !isSent()) {
      call({ name, args: [status] })
      conclude()
      return response
    }
    // somebody before the cache, who has waited long enough
    if (course === 'held' && !started && !isInterim(name, args)) leave()
    if (course === 'held' && !ended && !((headed || isHead(response, name, args)) && isPiece(name, args))) {
      // a response refuses that at once, and whoever writes can say something else
      try {
        return call({ name, args })
      } finally {
        if (isSent()) course = 'passed'
      }
    }
    if (name === 'writeHead') {
      if (isInterim(name, args)) return call({ name, args })
      const [first, ...rest] = args
      if (headed && course === 'held') throw tooLate('write')
      if (headed) {
        if (course === 'passed') call({ name, args })
        conclude()
        return response
      }
      for (const [field, value] of given(rest.at(-1))) response.setHeader(field, value)
      if (typeof first === 'number') response.statusCode = first
      head()
      const reason = typeof rest[0] === 'string' ? [rest[0]] : []
      const plain: Call = { name, args: [first, ...reason] }
      if (course === 'passed') call(plain)
      else if (course === 'held') waiting.push(plain)
      return response
    }
    head()
    if (ended) return course === 'passed' ? call({ name, args }) : name === 'write' ? false : response
    if (name === 'end') ended = true
    if (copy !== undefined && (name === 'write' || name === 'end')) gather(args[0], args[1])
    const answer = course === 'passed' ? call({ name, args }) : undefined
    if (name === 'end') {
      if (course === 'bodiless') finish()
      if (course !== 'held') conclude()
    }
    // while a copy is made it is not held up by a client who does not read: others wait for it
    if (course === 'passed') return name === 'write' && copy !== undefined ? true : answer
    if (course === 'held') {
      waiting.push({ name, args })
      held += sizeOf(args[0])
      waits ||= held > mostHeld
      return name === 'write' ? copy !== undefined || !waits : response
    } else tell(args)
    return name === 'write' ? true : response
  }

  for (const name of ['writeHead', 'write', 'end', 'flushHeaders'] as const) {
    if (original[name] === undefined) continue
    Reflect.set(response, name, (...args: ReadonlyArray<unknown>) => written(name, args))
  }
  response.once('close', () => {
    if (!ended || !isSent()) stopCopy(E.left('broken'))
    if (ended || finished) return
    leave()
  })

  // whoever has written, or ended, must not be told that he may still say something else
  const isSent = posing(response, 'headersSent', () => course === 'held' && headed)
  posing(response, 'writableEnded', () => ended)
  const setFields = (fields: Fields): void => {
    for (const name of new Set(fields.map(([n]) => n))) {
      const values = fields.filter(([n]) => n === name).map(([, v]) => v)
      response.setHeader(name, values.length === 1 ? values[0] ?? '' : values)
    }
  }

  const send = ({ body, fields, status: answer }: Answer): void => {
    course = 'dropped'
    forget()
    drain()
    if (isSent() || response.destroyed) return
    // nothing is left of an answer that failed, for which this one stands
    for (const name of Object.keys(response.getHeaders())) response.removeHeader(name)
    for (const [name, value] of Object.entries(first))
      if (value !== undefined) response.setHeader(name, typeof value === 'number' ? String(value) : value)
    // HTTP/2 has none, and warns whoever asks
    if (Object.hasOwn(response, 'statusMessage')) Reflect.set(response, 'statusMessage', undefined)
    status = answer
    response.statusCode = status
    setFields(fields)
    finished = true
    call({ name: 'end', args: body === undefined ? [] : [body] })
    conclude()
  }

  const pass = (fate: Fate): void => {
    if (course !== 'held') return
    const { fields } = headNow()
    // what is said of it when it has ended comes too late
    response.statusCode = status
    const said = cache === undefined ? undefined : cacheStatus(cache, fate)
    if (isOurs(wanted) && isKnown(wanted, { fields, status }, now())) {
      course = 'bodiless'
      forget()
      const left = unmodified(withStatus(fields, said))
      for (const [name] of fields) if (!left.some(([n]) => n === name)) response.removeHeader(name)
      setFields(left.filter(([name]) => name === 'cache-status'))
      status = 304
      response.statusCode = status
      drain()
      finish()
      conclude()
      return
    }
    course = 'passed'
    if (said !== undefined && status >= 200)
      setFields(withStatus(fields, said).filter(([n]) => n === 'cache-status'))
    const answers = waiting.splice(0).map(call)
    // where the client has to read first, his own response says when he has
    if (answers.at(-1) !== false || copy !== undefined) drain()
    conclude()
  }

  let running: Promise<unknown> = Promise.resolve()
  return {
    run: (f) => {
      if (gone && isOurs(wanted)) return reply
      started = true
      // in a call of its own, so that one that throws and one that rejects are the same
      running = (async () => {
        await f()
      })()
      running.catch((cause: unknown) => {
        if (!headed) course = 'passed'
        reject(cause)
      })
      return reply
    },
    done: () => running,
    pass: orBreak(pass),
    send: orBreak(send),
    isGone: () => gone
  }
}
