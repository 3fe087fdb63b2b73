/**
 * One connection to one memcached. Requests are written in the order of the calls, and answers arrive in the same
 * order. Each request carries an opaque that its answer must repeat. An answer with another opaque, or with none, ends
 * the connection, and all pending requests fail. Nothing is ever written twice.
 *
 * @internal
 */
import type { Socket } from 'node:net'

import { failure, timedOut } from '../../base/errorCode'
import { setAlarm, stopAlarm } from '../../base/timer'
import { makeDeadlines } from './deadlines'
import type { MemcachedReply, MemcachedRequest } from './model'
import { makeOutbox, type Part } from './outbox'
import { foreign, makePending } from './pending'
import { addTo, replyReader } from './protocol'
import { reset } from './socket'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

export interface Connection {
  /** The answers, in the order of the requests. After `due` they are late. */
  readonly ask: (
    requests: ReadonlyArray<MemcachedRequest>,
    due: number
  ) => Promise<ReadonlyArray<MemcachedReply>>
  readonly isOpen: () => boolean
  /** Whether it has ever answered. */
  readonly isProven: () => boolean
  /** How many requests wait for an answer. */
  readonly pending: () => number
  /** Ends it when everything is answered, or after `within` milliseconds; resolves when it is closed. */
  readonly close: (within: number) => Promise<void>
}

export interface Limits {
  readonly maxPending: number
  readonly maxPendingBytes: number
  readonly maxValueBytes: number
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const closedError = (): Error => failure('ECLOSED', 'the connection is closed')

/** A connection over a connected socket. */
export const connectionOver = (socket: Socket, limits: Limits): Connection => {
  let closed: Error | undefined
  let isClosing = false
  const pending = makePending()
  const outbox = makeOutbox(socket)

  const end = (cause: Error): void => {
    if (closed !== undefined) return
    closed = cause
    deadlines.stop()
    if (pending.size() > 0) reset(socket)
    else socket.destroy()
    outbox.discard()
    pending.rejectAll(cause)
  }
  const deadlines = makeDeadlines(pending.first, end)

  // -- writing ------------------------------------------------------------------------

  const fits = (requests: ReadonlyArray<MemcachedRequest>): boolean =>
    pending.size() === 0 ||
    (pending.size() + requests.length <= limits.maxPending &&
      outbox.bytes() + socket.writableLength <= limits.maxPendingBytes)

  const ask: Connection['ask'] = (requests, due) =>
    new Promise((resolve, reject) => {
      if (closed !== undefined || isClosing) return reject(closed ?? closedError())
      if (requests.length === 0) return resolve([])
      if (!fits(requests)) return reject(failure('EBUSY', 'too much waits for memcached already'))
      const asked = performance.now()
      if (due <= asked) return reject(timedOut('memcached'))
      // an exception here rejects the promise, and nothing is written
      const parts: Array<Part> = []
      requests.forEach((request, place) => addTo(parts, request, pending.opaqueOf(place)))
      if (pending.size() === 0) socket.ref()
      pending.add(requests, { resolve, reject, asked, due })
      deadlines.watch(asked, due)
      outbox.add(parts)
    })

  // -- reading ------------------------------------------------------------------------

  const reader = replyReader(pending.answer, limits.maxValueBytes)
  /** Memory may run out: an exception here would end the process. */
  const read = (chunk: Buffer): void => {
    try {
      if (!reader(chunk)) end(foreign())
    } catch (cause) {
      end(foreign(cause))
    }
  }

  // -- closing ------------------------------------------------------------------------

  const isGone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const finish = (): void => {
    if (isClosing && pending.size() === 0) end(closedError())
  }
  socket.on('data', (chunk: Buffer) => {
    deadlines.heard()
    read(chunk)
    // an idle connection does not keep the process alive
    if (closed === undefined && pending.size() === 0) {
      socket.unref()
      finish()
    }
  })
  socket.on('error', (cause) => end(failure('ECLOSED', 'the connection was lost', cause)))
  socket.on('close', () => end(failure('ECLOSED', 'the connection was closed')))
  socket.unref()

  return {
    ask,
    isOpen: () => closed === undefined,
    isProven: pending.isProven,
    pending: pending.size,
    close: (within) => {
      isClosing = true
      finish()
      const late = setAlarm(within, () => end(closedError()), 'waited')
      return isGone.then(() => stopAlarm(late))
    }
  }
}
