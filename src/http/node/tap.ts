/**
 * The response of a Node server while its handler runs. Written data goes to the client as without a cache, and is
 * copied for the cache. `httpHook` decides about the copy when the head is written.
 *
 * @internal
 */
import type { Answer } from '../cache/answer'
import { makeRecording } from '../cache/body'
import type { Judge, Reply } from '../cache/model'
import { isOurs, isRead } from '../core/conditions'
import type { RequestHead } from '../core/model'
import { makeBacklog } from './backlog'
import { makeEarlier } from './earlier'
import { atHead, conclude, finish, replace, revert, settle, type Tapped, unseen, writeDecided } from './hook'
import {
  bytesOf,
  type Call,
  isClosed,
  isPiece,
  originalsOf,
  type Outgoing,
  type pairs,
  posing,
  queueHead,
  replaceWriters,
  settleCall,
  watchTrailers
} from './outgoing'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** A response while its handler runs. */
export interface Tap {
  /**
   * Runs the handler. Resolves when the head is written. Rejects with an exception of the handler before that, or if
   * the client disconnects before it.
   */
  readonly run: (f: () => unknown, judge: Judge) => Promise<Reply>
  /** Settles when the handler has ended; rejects with its exception. */
  readonly done: () => Promise<unknown>
  /** Sends an answer if the handler has thrown before it wrote anything. */
  readonly send: (answer: Answer) => void
  /** Sends the data that waited until the changed pages were hidden. */
  readonly release: () => void
  /** Whether the client disconnected before it was answered. */
  readonly isGone: () => boolean
}

/** The client has disconnected, so no caller waits for the answer. */
export class ClientGone extends Error {
  constructor() {
    super('the client has gone')
  }
}

/** Ignores the error of a client that disconnected; throws all others. */
export const unlessGone = (cause: unknown): undefined => {
  if (cause instanceof ClientGone) return undefined
  throw cause
}

// -------------------------------------------------------------------------------------
// written data
// -------------------------------------------------------------------------------------

const isSent = ({ headersSent }: Outgoing): boolean => headersSent

const perform = ({ original }: Tapped, { args, name }: Call): unknown => original[name](...args)

const record = ({ recording }: Tapped, one: Call): void => {
  const bytes = bytesOf(one)
  if (bytes === undefined) recording.end('unreadable')
  else recording.add(bytes)
}

/** Sends a piece of a body to the client. */
const passOn = (tap: Tapped, one: Call): unknown => {
  try {
    return perform(tap, one)
  } catch (cause) {
    // a piece that the response refuses is not part of its body
    tap.recording.end('broken')
    throw cause
  }
}

/** Handles a piece of a body, as decided for its head. */
const writeBody = (tap: Tapped, one: Call): unknown => {
  const { backlog, course, recording, response } = tap
  // a middleware below has held the head back
  if (course === 'open' || (course === 'passed' && tap.ended)) return perform(tap, one)
  if (tap.ended && course !== 'held') return one.name === 'write' ? false : response
  if (course === 'held' && one.name === 'end' && !tap.ended) hideEnd(tap)
  if (one.name === 'end') {
    tap.ended = true
    // a handler that notices that its client has gone may end what it has not finished
    if (isClosed(response)) recording.end('broken')
  }
  if (recording.isOn()) record(tap, one)
  const answer =
    course === 'passed' ? passOn(tap, one) : course === 'held' ? backlog.keep(one) : settleCall(one)
  if (course === 'bodiless' && tap.ended) finish(tap)
  if (tap.ended) conclude(tap)
  if (one.name === 'end') return course === 'passed' ? answer : response
  // other requests wait for the copy, so a client that does not read must not delay it
  if (recording.isOn()) return true
  return course === 'passed' || course === 'held' ? answer : pace(response)
}

/**
 * For data that is not sent: the writer continues in another turn of the event loop, or sees that the response has
 * ended.
 */
const pace = (response: Outgoing): boolean => {
  setImmediate(() => response.emit('drain'))
  return false
}

/** Makes a response whose end is pending report that it has ended, as it would without the cache. */
const hideEnd = (tap: Tapped): void => {
  const { unpose } = tap
  const shown = posing(tap.response, 'writableEnded')
  tap.unpose = () => {
    shown()
    unpose()
  }
}

/**
 * Runs all hooks below the cache. If the writer of the response writes the head afterwards, the hooks do not run again.
 */
const askForHead = (tap: Tapped, { name }: Call): void => {
  const { response } = tap
  tap.asking = name
  try {
    response.writeHead(response.statusCode)
  } finally {
    tap.asking = undefined
  }
  if (tap.line !== undefined) passHooks(tap)
}

const passHooks = (tap: Tapped): void => {
  Reflect.set(tap.response, 'writeHead', (...args: ReadonlyArray<unknown>) => writeDecided(tap, args))
}

/**
 * The first piece of a body, before a head: the head is decided now, and the writer of the response writes it
 * afterwards.
 */
const writeFirst = (tap: Tapped, one: Call): unknown => {
  const { response } = tap
  if (isSent(response) || isClosed(response)) {
    unseen(tap)
    return writeBody(tap, one)
  }
  // an invalid piece is refused before the head is decided
  if (!isPiece(one)) return perform(tap, one)
  const { writeHead } = response
  askForHead(tap, one)
  try {
    const answer = writeBody(tap, one)
    settle(tap)
    return answer
  } catch (cause) {
    if (isSent(response)) settle(tap)
    else {
      revert(tap)
      response.writeHead = writeHead
    }
    throw cause
  }
}

const flush = (tap: Tapped, one: Call): unknown => {
  const { response } = tap
  if (tap.course === 'open' && !isSent(response) && !isClosed(response))
    response.writeHead(response.statusCode)
  return tap.course === 'held'
    ? void tap.backlog.keep(one)
    : tap.course === 'passed' || tap.course === 'open'
    ? perform(tap, one)
    : undefined
}

const written = (tap: Tapped, one: Call): unknown =>
  one.name === 'flushHeaders'
    ? flush(tap, one)
    : tap.course === 'open'
    ? writeFirst(tap, one)
    : writeBody(tap, one)

// -------------------------------------------------------------------------------------
// pending data
// -------------------------------------------------------------------------------------

/** An error now comes too late for an answer, and the writer has continued: the response is destroyed. */
const orBreak = (response: Outgoing, answer: () => void): void => {
  try {
    answer()
  } catch (cause) {
    response.destroy(cause instanceof Error ? cause : undefined)
  }
}

const release = (tap: Tapped): void => {
  const { backlog, original, response } = tap
  if (tap.course !== 'held') return
  tap.course = 'passed'
  tap.unpose()
  orBreak(response, () => {
    const calls = backlog.take()
    if (tap.line === undefined) queueHead(response, original.flushHeaders)
    else {
      passHooks(tap)
      if (calls.length === 0) response.writeHead(response.statusCode)
    }
    const answers = calls.map((one) => perform(tap, one))
    // if the client has to read first, the response itself emits `drain`
    if (backlog.blocks() && answers.at(-1) !== false && !tap.ended) setImmediate(() => response.emit('drain'))
  })
}

// -------------------------------------------------------------------------------------
// the tap
// -------------------------------------------------------------------------------------

export const makeTap = (
  response: Outgoing,
  wanted: RequestHead,
  {
    cache,
    earlier = {},
    now
  }: {
    readonly cache: string | undefined
    /** Fields that were set before the cache, but are not on the response yet. */
    readonly earlier?: Parameters<typeof pairs>[0]
    readonly now: () => number
  }
): Tap => {
  let resolve: (reply: Reply) => void = () => undefined
  let reject: (cause: unknown) => void = () => undefined
  const reply = new Promise<Reply>((good, bad) => {
    resolve = good
    reject = bad
  })
  reply.catch(() => undefined)
  const tap: Tapped = {
    response,
    wanted,
    cache,
    now,
    original: originalsOf(response),
    before: makeEarlier(response, earlier, () => tap.course === 'held' && tap.line !== undefined),
    backlog: makeBacklog(),
    recording: makeRecording(() => {
      if (tap.course === 'bodiless') finish(tap)
    }),
    resolve,
    course: 'open',
    judge: () => ({ fate: {} }),
    asking: undefined,
    line: undefined,
    written: undefined,
    reply: undefined,
    ended: false,
    finished: false,
    gone: false,
    unpose: () => undefined
  }
  /** The client has disconnected. */
  const leave = (): void => {
    tap.gone = true
    // a request that changes something continues without its client: its answer names the pages that are out of date
    if (isRead(wanted)) reject(new ClientGone())
    release(tap)
  }
  replaceWriters(response, (one) => written(tap, one))
  Reflect.set(response, 'writeHead', (...args: ReadonlyArray<unknown>) => atHead(tap, args))
  watchTrailers(response, () => tap.recording.end('trailers'))
  if (isClosed(response)) leave()
  response.once('close', () => {
    if (!tap.ended || !response.headersSent) tap.recording.end('broken')
    if (!tap.ended && !tap.finished) leave()
  })
  let running: Promise<unknown> = Promise.resolve()
  return {
    run: (f, judge) => {
      if (tap.gone && isOurs(wanted)) return reply
      tap.judge = judge
      // in an async function, so that an exception and a rejection are handled alike
      running = (async () => {
        await f()
      })()
      running.catch((cause: unknown) => {
        // later writes are not the handler's
        if (tap.course === 'open') tap.course = 'passed'
        reject(cause)
      })
      return reply
    },
    done: () => running,
    send: (answer) => {
      if (tap.written !== undefined || response.headersSent || isClosed(response)) return
      orBreak(response, () => replace(tap, answer))
    },
    release: () => release(tap),
    isGone: () => tap.gone
  }
}
