/**
 * The hook at `writeHead`. Every head passes it once, after the middlewares below the cache have changed it. The hook
 * decides what the client receives, and calls the earlier `writeHead`, which runs the hooks above the cache. Then it
 * checks the head that was sent.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { type Answer, type Answerer, pageAnswer } from '../cache/answer'
import { copied, type Recording } from '../cache/body'
import type { Judge, Judged, Reply } from '../cache/model'
import { isKnown, isOurs, unmodified } from '../core/conditions'
import { cacheStatus, withStatus } from '../core/fate'
import { linesOf } from '../core/fields'
import type { Fate, Head, RequestHead } from '../core/model'
import { isChanged } from '../core/own'
import type { Backlog } from './backlog'
import type { Earlier } from './earlier'
import {
  asBuffer,
  forgetReason,
  headOf,
  type Originals,
  type Outgoing,
  posing,
  queueHead,
  sendsHeads,
  setFields,
  type StatusLine,
  tooLate,
  type Writer,
  writtenIn
} from './outgoing'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * What happens to written data. `open`: no head has been written yet. `passed`: it goes to the client. `held`: it
 * waits. `bodiless`: the client already has the page. `dropped`: the client is sent something else.
 */
type Course = 'open' | 'passed' | 'held' | 'bodiless' | 'dropped'

/** A response while its handler runs: first the constant members, then those that change. */
export interface Tapped extends Answerer {
  readonly response: Outgoing
  readonly wanted: RequestHead
  /** The functions from before the cache. */
  readonly original: Originals
  readonly before: Earlier
  readonly backlog: Backlog
  readonly recording: Recording
  readonly resolve: (reply: Reply) => void

  course: Course
  judge: Judge
  /** The cache's writer that asks for the head; it calls the response's own writer afterwards. */
  asking: Writer | undefined
  /** A head that is decided, but not written yet. */
  line: StatusLine | undefined
  /** The head that the cache wrote. */
  written: Head | undefined
  /** The answer for the load, until its head is written: a refused head is not an answer. */
  reply: Reply | undefined
  /** Whether the whole body has been written. */
  ended: boolean
  /** Whether the client was answered without the written data. */
  finished: boolean
  /** Whether the client has disconnected. */
  gone: boolean
  unpose: () => void
}

// -------------------------------------------------------------------------------------
// writing a head
// -------------------------------------------------------------------------------------

/** Passes the answer to the load. */
export const settle = (tap: Tapped): void => {
  if (tap.reply !== undefined) tap.resolve(tap.reply)
  tap.reply = undefined
}

/**
 * Ends a copy, when the head was sent and the body was written. If a middleware above the cache changed the head, the
 * answer is not stored.
 */
export const conclude = ({ ended, recording, response, written }: Tapped): void => {
  if (!recording.isOn() || !response.headersSent) return
  if (written === undefined || isChanged(written, headOf(response))) recording.end('changed')
  else if (ended) recording.end()
}

const wentOut = (tap: Tapped): void => {
  if (tap.response.headersSent && tap.course !== 'held') queueHead(tap.response, tap.original.flushHeaders)
  conclude(tap)
}

/**
 * If a hook above passes fields to `writeHead`, Node makes them readable only if some field was set before. Otherwise
 * the cache could not see that one of them forbids storage.
 */
const keepFields = (response: Tapped['response']): void => {
  if (response.headersSent || Object.keys(response.getHeaders()).length > 0) return
  response.setHeader('x-', '')
  response.removeHeader('x-')
}

/** Writes a head by the `writeHead` from before the cache. */
const writeLine = (tap: Tapped, line: StatusLine): void => {
  const { response } = tap
  keepFields(response)
  tap.original.writeHead(...line)
  tap.line = undefined
  tap.written ??= { status: line[0], fields: headOf(response).fields }
  wentOut(tap)
}

/** Replaces the hook, and all hooks below it, after they have run: they run once. */
export const writeDecided = (tap: Tapped, args: ReadonlyArray<unknown>): unknown => {
  const { course, line, original, response } = tap
  if (line === undefined) return original.writeHead(...args)
  if (course === 'held') throw tooLate('write')
  writeLine(tap, line)
  return response
}

/** Undoes a head that was refused: the handler may write another one. */
export const revert = (tap: Tapped): void => {
  tap.course = 'open'
  tap.recording.end('broken')
  tap.line = undefined
  tap.written = undefined
  tap.reply = undefined
  tap.ended = false
}

// -------------------------------------------------------------------------------------
// decisions
// -------------------------------------------------------------------------------------

const sayStatus = ({ cache, response }: Tapped, { fields, status }: Head, fate: Fate): void => {
  if (cache === undefined || status < 200) return
  const said = withStatus(fields, cacheStatus(cache, fate))
  setFields(response, linesOf(said.filter(([name]) => name === 'cache-status')))
}

/** Ends a response without a body, when its copy is complete: some handlers stop once the client has been answered. */
export const finish = (tap: Tapped): void => {
  if (tap.finished || (tap.recording.isOn() && !tap.ended)) return
  tap.finished = true
  tap.original.end()
}

/** Sends an answer in place of the handler's, or of its exception. */
export const replace = (tap: Tapped, { body, fields, lines, removed = [], status }: Answer): void => {
  const { before, original, response } = tap
  tap.course = 'dropped'
  tap.finished = true
  // no field of the failed answer is kept
  before.restore()
  for (const name of removed) response.removeHeader(name)
  forgetReason(response)
  response.statusCode = status
  setFields(response, lines)
  tap.written = { status, fields }
  writeLine(tap, [status])
  if (body === undefined) original.end()
  else original.end(asBuffer(body))
}

/** Sends a 304: the client already has the page. */
const sendUnmodified = (tap: Tapped, head: Head, fate: Fate): void => {
  const { response } = tap
  tap.course = 'bodiless'
  const left = unmodified(head.fields)
  for (const [name] of head.fields) if (!left.some(([n]) => n === name)) response.removeHeader(name)
  sayStatus(tap, { status: 304, fields: left }, fate)
  forgetReason(response)
  response.statusCode = 304
  // the fields that a 304 leaves out do not affect who may receive the page
  tap.written = { status: 304, fields: left }
  writeLine(tap, [304])
  finish(tap)
}

/** Sends the handler's answer unchanged, at once or when the pages that it changed are hidden. */
const letThrough = (tap: Tapped, head: Head, line: StatusLine, { fate, waits = false }: Judged): void => {
  const { asking, response } = tap
  sayStatus(tap, head, fate)
  tap.course = waits && !tap.gone ? 'held' : 'passed'
  tap.written = head
  if (tap.course === 'passed') {
    // the writer of the response adds `Content-Length`, and then writes the head
    if (asking === undefined) writeLine(tap, line)
    else tap.line = line
    return
  }
  // with HTTP/1, a written head waits for the body
  if (!sendsHeads(response) && asking !== 'end') writeLine(tap, line)
  else {
    tap.line = line
    tap.unpose = posing(response, 'headersSent')
  }
}

/** Decides by the present head, with all its fields on the response. */
const decide = (tap: Tapped, line: StatusLine): void => {
  const { before, now, recording, response, wanted } = tap
  const head: Head = { status: line[0], fields: headOf(response).fields }
  const own = before.own(head.fields)
  const mixed = before.mixed(head.fields)
  const judged = tap.judge({ ...head, own, mixed })
  const copy = judged.max === undefined || tap.gone ? undefined : recording.begin(judged.max)
  tap.reply = {
    // the rules use all fields, but only the page's own are stored
    ...head,
    own,
    mixed,
    removed: before.removed(head.fields),
    copy: () => copy ?? copied(E.left(tap.gone ? 'broken' : 'unreadable')),
    discard: () => undefined
  }
  if (judged.old !== undefined) replace(tap, pageAnswer({ ...judged.old, cookies: judged.cookies }, tap))
  else if (isOurs(wanted) && isKnown(wanted, head, now())) sendUnmodified(tap, head, judged.fate)
  else letThrough(tap, head, line, judged)
}

/** The hook. */
export const atHead = (tap: Tapped, args: ReadonlyArray<unknown>): unknown => {
  const { before, course, original, response } = tap
  if (course !== 'open') return writeDecided(tap, args)
  const written = writtenIn(response, args)
  if (written === undefined) return original.writeHead(...args)
  const { fields, line } = written
  for (const [name, value] of fields) before.set(name, value)
  response.statusCode = line[0]
  try {
    decide(tap, line)
  } catch (cause) {
    revert(tap)
    throw cause
  }
  if (tap.asking === undefined || tap.course !== 'passed') settle(tap)
  return response
}

/** The head was sent without the hook, or the client has disconnected: the answer cannot be stored. */
export const unseen = (tap: Tapped): void => {
  const { resolve, response } = tap
  tap.course = 'passed'
  resolve({
    ...headOf(response),
    copy: () => copied(E.left(tap.gone ? 'broken' : 'unreadable')),
    discard: () => undefined
  })
}
