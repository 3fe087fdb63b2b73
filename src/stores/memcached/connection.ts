/**
 * One connection to one memcached. Requests are written in the order of the calls, and answers arrive in the same
 * order. Each request carries an opaque that its answer must repeat. An answer with another opaque, or with none, ends
 * the connection, and all pending requests fail. Nothing is ever written twice.
 *
 * @internal
 */
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import { failure, timedOut } from '../../base/errorCode'
import { type Alarm, setAlarm, stopAlarm } from '../../base/timer'
import type { MemcachedReply, MemcachedRequest, MemcachedTls } from './model'
import { addTo, owned, replyReader, toReply } from './protocol'

// -------------------------------------------------------------------------------------
// sockets
// -------------------------------------------------------------------------------------

export interface Address {
  readonly host: string
  readonly port: number
  /** A Unix socket, used instead of host and port. */
  readonly path?: string
  readonly tls?: MemcachedTls
}

const toBuffer = (given: string | Uint8Array): string | Buffer =>
  typeof given === 'string' ? given : Buffer.from(given)

/** Connects a socket within `timeout`. */
export const connect = ({ host, path, port, tls }: Address, timeout: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const to = path === undefined ? { host, port } : { path }
    const { ca, cert, key, ...rest } = tls ?? {}
    const socket =
      tls === undefined
        ? connectPlain(to)
        : connectTls({
            ...to,
            ...rest,
            ...(ca === undefined ? {} : { ca: toBuffer(ca) }),
            ...(cert === undefined ? {} : { cert: toBuffer(cert) }),
            ...(key === undefined ? {} : { key: toBuffer(key) })
          })
    const alarm = setAlarm(timeout, () => end(timedOut('memcached')), 'waited')
    const end = (cause: Error): void => {
      stopAlarm(alarm)
      socket.destroy()
      reject(cause)
    }
    socket.setNoDelay(true)
    socket.on('error', end)
    socket.once('close', () => end(failure('ECLOSED', 'the connection was closed')))
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      stopAlarm(alarm)
      resolve(socket)
    })
  })

// -------------------------------------------------------------------------------------
// a connection
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

/** Discards unsent requests: they must not be sent after their callers received an error. */
const reset = (socket: Socket): void => {
  try {
    socket.resetAndDestroy()
  } catch {
    // not a plain TCP socket
    socket.destroy()
  }
}

const foreign = (cause?: unknown): Error =>
  failure('EPROTO', 'memcached answered something else than it was asked, or more than is taken', cause)

interface Batch {
  readonly replies: Array<MemcachedReply>
  readonly resolve: (replies: ReadonlyArray<MemcachedReply>) => void
  readonly reject: (cause: Error) => void
  readonly due: number
  readonly asked: number
  missing: number
  /** No caller waits for it any more, but its answers may still arrive. */
  isLate: boolean
}

interface Waiting {
  readonly opaque: number
  readonly command: MemcachedRequest['command']
  readonly batch: Batch
  readonly place: number
  next: Waiting | undefined
}

/** A connection over a connected socket. */
export const connectionOver = (socket: Socket, limits: Limits): Connection => {
  let first: Waiting | undefined
  let last: Waiting | undefined
  let pending = 0
  let opaque = Math.floor(Math.random() * 2 ** 31)
  let out: Array<string | Uint8Array> = []
  let outBytes = 0
  let closed: Error | undefined
  let isClosing = false
  let isProven = false
  let heard = performance.now()
  let timer: Alarm | undefined

  const end = (cause: Error): void => {
    if (closed !== undefined) return
    closed = cause
    stopAlarm(timer)
    if (pending > 0) reset(socket)
    else socket.destroy()
    out = []
    for (let waiting = first; waiting !== undefined; waiting = waiting.next) waiting.batch.reject(cause)
    first = last = undefined
    pending = 0
  }

  // -- reading ------------------------------------------------------------------------

  const onReply = (line: string, value: Uint8Array | undefined): boolean => {
    const waiting = first
    if (waiting === undefined) return false
    // only the answer to a refused write has no opaque; the next answer shows whether it belonged to this request
    const isRefusal = waiting.command === 'ms' && line.startsWith('SERVER_ERROR ')
    const reply: MemcachedReply | undefined = isRefusal
      ? { status: 'SERVER_ERROR', flags: line.slice(13), value: undefined }
      : toReply(line, value, waiting.opaque)
    if (reply === undefined) return false
    isProven = true
    first = waiting.next
    if (first === undefined) last = undefined
    pending--
    const { batch, place } = waiting
    batch.replies[place] = reply
    if (--batch.missing > 0) return true
    try {
      batch.resolve(owned(batch.replies))
      return true
    } catch (cause) {
      batch.reject(foreign(cause))
      return false
    }
  }
  const reader = replyReader(onReply, limits.maxValueBytes)
  /** Memory may run out: an exception here would end the process. */
  const read = (chunk: Buffer): void => {
    try {
      if (!reader(chunk)) end(foreign())
    } catch (cause) {
      end(foreign(cause))
    }
  }

  // -- deadlines ----------------------------------------------------------------------

  /**
   * Rejects the requests that are overdue. Closes the connection if it was silent for all that time. Also closes it if
   * an answer that is late already does not arrive within a second timeout, or the connection is silent for as long.
   */
  const expire = (): void => {
    if (closed !== undefined) return
    timer = undefined
    const now = performance.now()
    let next = Infinity
    for (let waiting = first; waiting !== undefined; waiting = waiting.next) {
      const { batch } = waiting
      if (batch.due > now) {
        next = Math.min(next, batch.due - now)
        break
      }
      const whole = batch.due - batch.asked
      const patience = Math.min(whole - (now - heard), batch.due + whole - now)
      if (heard < batch.asked || (batch.isLate && patience <= 0)) return end(timedOut('memcached'))
      next = Math.min(next, Math.max(patience, 1))
      if (batch.isLate) continue
      // a late answer is recognised by its opaque, and dropped
      batch.isLate = true
      batch.reject(timedOut('memcached'))
    }
    if (next !== Infinity) watch(next)
  }
  const watch = (ms: number): void => {
    // the socket keeps the process alive. Received data is read first: a blocked event loop is not a slow server
    timer = setAlarm(ms + 1, () => setImmediate(expire), 'idle')
  }

  // -- writing ------------------------------------------------------------------------

  const flush = (): void => {
    const parts = out
    if (parts.length === 0) return
    out = []
    outBytes = 0
    if (parts.every((part) => typeof part === 'string')) {
      socket.write(parts.length === 1 ? parts[0] ?? '' : parts.join(''))
      return
    }
    socket.cork()
    for (const part of parts) socket.write(part)
    socket.uncork()
  }

  /** The opaque of a request by its position after the next one. */
  const opaqueOf = (place: number): number => (opaque + place) % 2 ** 31

  const fits = (requests: ReadonlyArray<MemcachedRequest>): boolean =>
    pending === 0 ||
    (pending + requests.length <= limits.maxPending &&
      outBytes + socket.writableLength <= limits.maxPendingBytes)

  const ask: Connection['ask'] = (requests, due) =>
    new Promise((resolve, reject) => {
      if (closed !== undefined || isClosing) {
        return reject(closed ?? failure('ECLOSED', 'the connection is closed'))
      }
      if (requests.length === 0) return resolve([])
      if (!fits(requests)) return reject(failure('EBUSY', 'too much waits for memcached already'))
      const asked = performance.now()
      if (due <= asked) return reject(timedOut('memcached'))
      // an exception here rejects the promise, and nothing is written
      const parts: Array<string | Uint8Array> = []
      requests.forEach((request, place) => addTo(parts, request, opaqueOf(place)))
      const batch: Batch = {
        replies: new Array<MemcachedReply>(requests.length),
        resolve,
        reject,
        due,
        asked,
        missing: requests.length,
        isLate: false
      }
      requests.forEach(({ command }, place) => {
        const waiting: Waiting = { opaque: opaqueOf(place), command, batch, place, next: undefined }
        if (last === undefined) first = waiting
        else last.next = waiting
        last = waiting
      })
      opaque = opaqueOf(requests.length)
      if (pending === 0) socket.ref()
      pending += requests.length
      if (timer === undefined && due !== Infinity) watch(due - asked)
      if (out.length === 0) process.nextTick(flush)
      for (const part of parts) {
        out.push(part)
        outBytes += part.length
      }
    })

  const isGone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const finish = (): void => {
    if (isClosing && pending === 0) end(failure('ECLOSED', 'the connection is closed'))
  }
  socket.on('data', (chunk: Buffer) => {
    heard = performance.now()
    read(chunk)
    // an idle connection does not keep the process alive
    if (closed === undefined && pending === 0) {
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
    isProven: () => isProven,
    pending: () => pending,
    close: (within) => {
      isClosing = true
      finish()
      const gone = (): void => end(failure('ECLOSED', 'the connection is closed'))
      const late = setAlarm(within, gone, 'waited')
      return isGone.then(() => stopAlarm(late))
    }
  }
}
