/**
 * A response on its way, seen by the cache that stands before whoever writes it. What is written goes to the client as it would
 * without a cache; the cache looks on, and may hold it back while it is not known yet who gets what.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { type Answer, cacheStatus, withStatus } from './httpAnswer'
import { copied, makeRecording } from './httpBody'
import { isKnown, isOurs, isRead, unmodified } from './httpConditions'
import type { Fields } from './httpFields'
import {
  bytesOf,
  type Call,
  forgetReason,
  given,
  headOf,
  isHead,
  isInterim,
  isPiece,
  type Outgoing,
  pairs,
  posing,
  setFields,
  settleCall,
  sizeOf,
  tooLate,
  watchHead,
  type Writer,
  writers
} from './httpOutgoing'
import type { Wanted } from './httpRules'
import type { Fate } from './httpServe'
import type { Reply } from './httpVisit'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

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

/** What a stored page is judged by, whoever said it. */
const meant: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'vary',
  'cache-control',
  'expires',
  'date',
  'etag',
  'last-modified'
])

// -------------------------------------------------------------------------------------
// what waits
// -------------------------------------------------------------------------------------

/** How much is kept before whoever writes is told to wait, in bytes. */
const mostHeld = 64 * 1024

/** What was written before it is known who gets it. */
interface Backlog {
  /** Says whether there is room for more. */
  readonly keep: (call: Call) => boolean
  readonly all: () => ReadonlyArray<Call>
  readonly take: () => ReadonlyArray<Call>
  /** Whether somebody was told to wait. He is told to go on by whoever asks. */
  readonly blocks: () => boolean
}

const makeBacklog = (): Backlog => {
  const calls: Array<Call> = []
  let size = 0
  let isFull = false
  return {
    keep: (call) => {
      calls.push(call)
      size += sizeOf(call)
      isFull ||= size > mostHeld
      return !isFull
    },
    all: () => calls,
    take: () => calls.splice(0),
    blocks: () => {
      const blocked = isFull
      isFull = false
      size = 0
      return blocked
    }
  }
}

// -------------------------------------------------------------------------------------
// the tap
// -------------------------------------------------------------------------------------

/**
 * What is done with what is written: it is kept until that is known, given to the client, kept from him as he has the page
 * already, or given to nobody.
 */
type Course = 'held' | 'passed' | 'bodiless' | 'dropped'

/** @internal */
export const makeTap = (
  response: Outgoing,
  wanted: Wanted,
  {
    cache,
    earlier = {},
    now
  }: {
    readonly cache: string | undefined
    /** Fields that somebody has set before the cache, and not on the response yet. */
    readonly earlier?: Parameters<typeof pairs>[0]
    readonly now: () => number
  }
): Tap => {
  // the proof: each is called with this response, and what it was called with
  const original = Object.fromEntries(writers.map((name) => [name, response[name]])) as Record<
    Writer,
    ((...args: ReadonlyArray<unknown>) => unknown) | undefined
  >
  /** What was there before: it is not the page's. */
  const first = { ...response.getHeaders(), ...earlier }
  const before = new Set(pairs(first).map(([name, value]) => name + value))
  /** What has been said again, be it the same. */
  const repeated = new Set<string>()

  let course: Course = 'held'
  /** What is called meanwhile is called by what the cache itself calls. */
  let sending = false
  /** Whoever comes after the cache has been asked. */
  let started = false
  /** That of the head, once it is written; what is said of it later comes too late. */
  let status: number | undefined
  /** What the head says of who may be given the answer. */
  let allowed = ''
  let ended = false
  /** The client has been answered with something else than what is written. */
  let finished = false
  let gone = false

  const backlog = makeBacklog()
  const recording = makeRecording(() => {
    if (course === 'bodiless') finish()
  })
  const record = (one: Call): void => {
    const bytes = bytesOf(one)
    if (bytes === undefined) recording.end('unreadable')
    else recording.add(bytes)
  }
  let resolve: (reply: Reply) => void
  let reject: (cause: unknown) => void
  const reply = new Promise<Reply>((good, bad) => {
    resolve = good
    reject = bad
  })
  reply.catch(() => undefined)

  const byItself = <A>(f: () => A): A => {
    const outer = sending
    sending = true
    try {
      return f()
    } finally {
      sending = outer
    }
  }
  const call = ({ args, name }: Call): unknown => byItself(() => original[name]?.apply(response, [...args]))
  /** Whether a head is written that the client has not been sent: who wrote it must not say something else in its place. */
  const isKept = (): boolean =>
    status !== undefined && (course === 'held' || (course === 'bodiless' && !finished))
  const setStatus = (code: number): void => {
    status = code
    response.statusCode = code
  }
  /** Ends a response without a body, when nobody wants what is still written: some stop where the client has been answered. */
  const finish = (): void => {
    if (finished || (recording.isOn() && !ended)) return
    finished = true
    // whoever fails in his body may have said another one
    if (status !== undefined) response.statusCode = status
    call({ name: 'end', args: [] })
  }
  const goOn = (): void => {
    if (backlog.blocks() && !ended) setImmediate(() => response.emit('drain'))
  }
  /** Nobody is sent what waits. */
  const forget = (): void => {
    backlog.take().forEach(settleCall)
    goOn()
  }
  /** What is refused now is nobody's answer, and its writer has gone on: it breaks off, as where a handler fails too late. */
  const orBreak =
    <A extends ReadonlyArray<unknown>>(answer: (...args: A) => void) =>
    (...args: A): void => {
      try {
        answer(...args)
      } catch (cause) {
        recording.end('broken')
        response.destroy(cause instanceof Error ? cause : undefined)
      }
    }

  // -----------------------------------------------------------------------------------
  // what is written
  // -----------------------------------------------------------------------------------

  /** The first that is written: what it says of the page. */
  const head = (): void => {
    if (status !== undefined) return
    const said = headOf(response)
    status = said.status
    allowed = allowing(said.fields)
    resolve({
      // the rules look at all of it, the store keeps what is the page's own
      ...said,
      own: said.fields.filter(
        ([name, value]) => repeated.has(name) || !before.has(name + value) || meant.has(name)
      ),
      copy: (max) => {
        if (course !== 'held') return copied(E.left(gone ? 'broken' : 'unreadable'))
        const copy = recording.begin(max)
        backlog.all().forEach(record)
        return copy
      },
      discard: () => {
        if (course === 'held') {
          course = 'dropped'
          forget()
        }
        conclude()
      }
    })
  }
  /**
   * The end of the copy, when the head has gone: whoever writes that last, below the cache, may have added a cookie, or
   * said who else may have the answer.
   */
  const conclude = (): void => {
    if (!recording.isOn() || !ended || !isSent()) return
    const { fields } = headOf(response)
    const isLate = fields.some(([name]) => name === 'set-cookie') || allowing(fields) !== allowed
    recording.end(isLate ? 'set-cookie' : undefined)
  }
  /** There is nobody any more who could be answered from the store. */
  const leave = (): void => {
    gone = true
    // what changes something goes on without its client, and what it answers says which pages are out of date
    if (isRead(wanted)) reject(new ClientGone())
    if (course !== 'held') return
    course = 'passed'
    orBreak(() => backlog.take().forEach(call))()
  }
  /** A response refuses that at once, and whoever writes can say something else. */
  const refuse = (one: Call): unknown => {
    try {
      return call(one)
    } finally {
      if (isSent()) course = 'passed'
    }
  }
  const writeHead = (one: Call): unknown => {
    if (isInterim(one)) return call(one)
    if (status !== undefined) {
      if (course === 'held') throw tooLate('write')
      if (course === 'passed') call(one)
      conclude()
      return response
    }
    const [code, ...rest] = one.args
    const fields = given(rest.at(-1))
    byItself(() => fields.forEach(([field, value]) => response.setHeader(field, value)))
    for (const [field] of fields) {
      const name = field.toLowerCase()
      // a framework that keeps its fields to itself says all of them here, those from before the cache too
      if (!Object.hasOwn(earlier, name)) repeated.add(name)
    }
    if (typeof code === 'number') response.statusCode = code
    head()
    const plain: Call = { name: 'writeHead', args: [code, ...(typeof rest[0] === 'string' ? [rest[0]] : [])] }
    if (course === 'passed') call(plain)
    else if (course === 'held') backlog.keep(plain)
    return response
  }
  const writeBody = (one: Call): unknown => {
    const { name } = one
    head()
    if (ended) return course === 'passed' ? call(one) : name === 'write' ? false : response
    if (name === 'end') ended = true
    if (recording.isOn()) record(one)
    const answer = course === 'passed' ? call(one) : undefined
    const hasRoom = course !== 'held' || backlog.keep(one)
    if (course === 'bodiless' && ended) finish()
    if (course === 'bodiless' || course === 'dropped') settleCall(one)
    if (course !== 'held' && ended) conclude()
    // while a copy is made it is not held up by a client who does not read: others wait for it
    return name === 'write'
      ? recording.isOn() || (course === 'passed' ? answer : hasRoom)
      : answer ?? response
  }
  const written = (one: Call): unknown => {
    if (sending) return call(one)
    // the head of what the cache has sent, by somebody before it who has waited with the end: a session is saved first
    if (one.name === 'writeHead' && finished && !isSent()) {
      call({ name: 'writeHead', args: [status] })
      conclude()
      return response
    }
    // somebody before the cache, who has waited long enough
    if (course === 'held' && !started && !isInterim(one)) leave()
    if (course === 'held' && !ended && !((status !== undefined || isHead(response, one)) && isPiece(one)))
      return refuse(one)
    return one.name === 'writeHead' ? writeHead(one) : writeBody(one)
  }

  for (const name of writers)
    if (original[name] !== undefined)
      Reflect.set(response, name, (...args: ReadonlyArray<unknown>) => written({ name, args }))
  // what is said too late would be sent with what was written, or with what comes in its place
  watchHead(
    response,
    () => isKept() && !sending,
    (name) => {
      if (!sending) repeated.add(name)
    }
  )
  // whoever has written, or ended, must not be told that he may still say something else
  const isSent = posing(response, 'headersSent', isKept)
  posing(response, 'writableEnded', () => ended)
  response.once('close', () => {
    if (!ended || !isSent()) recording.end('broken')
    if (!ended && !finished) leave()
  })

  // -----------------------------------------------------------------------------------
  // what the client gets
  // -----------------------------------------------------------------------------------

  const send = ({ body, fields, status: answer }: Answer): void => {
    course = 'dropped'
    forget()
    if (isSent() || response.destroyed) return
    // nothing is left of an answer that failed, for which this one stands
    for (const name of Object.keys(response.getHeaders())) response.removeHeader(name)
    for (const [name, value] of Object.entries(first))
      if (value !== undefined) response.setHeader(name, typeof value === 'number' ? String(value) : value)
    forgetReason(response)
    setStatus(answer)
    setFields(response, fields)
    finished = true
    call({ name: 'end', args: body === undefined ? [] : [body] })
    conclude()
  }

  const sayStatus = (fields: Fields): void =>
    setFields(
      response,
      fields.filter(([name]) => name === 'cache-status')
    )

  const sendUnmodified = (fields: Fields, said: string | undefined): void => {
    course = 'bodiless'
    forget()
    const left = unmodified(withStatus(fields, said))
    byItself(() => {
      for (const [name] of fields) if (!left.some(([n]) => n === name)) response.removeHeader(name)
      sayStatus(left)
    })
    setStatus(304)
    finish()
    conclude()
  }

  const pass = (fate: Fate): void => {
    if (course !== 'held' || status === undefined) return
    const { fields } = headOf(response)
    const said = cache === undefined ? undefined : cacheStatus(cache, fate)
    response.statusCode = status
    if (isOurs(wanted) && isKnown(wanted, { fields, status }, now())) return sendUnmodified(fields, said)
    course = 'passed'
    if (said !== undefined && status >= 200) sayStatus(withStatus(fields, said))
    const answers = backlog.take().map(call)
    // where the client has to read first, his own response says when he has
    if (answers.at(-1) !== false || recording.isOn()) goOn()
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
        if (status === undefined) course = 'passed'
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
