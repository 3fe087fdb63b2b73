/**
 * One connection to one memcached: requests are written in the order in which they were asked, and answers belong to
 * them in that order. Each carries an opaque that its answer must show: an answer with another one, or with none, ends
 * the connection, and everything that waits for an answer fails. Nothing is ever written twice.
 *
 * @internal
 */
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import { milliseconds } from '../Duration'
import { failure, timedOut } from './memcachedErrors'
import {
  addTo,
  type MemcachedReply,
  type MemcachedRequest,
  owned,
  replyReader,
  toReply
} from './memcachedProtocol'
import { startTimer } from './timer'

// -------------------------------------------------------------------------------------
// sockets
// -------------------------------------------------------------------------------------

/**
 * What TLS may be told; the same names as `tls.connect` has.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedTls {
  readonly ca?: string | Uint8Array
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  readonly passphrase?: string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

/** @internal */
export interface Address {
  readonly host: string
  readonly port: number
  /** A Unix socket, instead of host and port. */
  readonly path?: string
  readonly tls?: MemcachedTls
}

const toBuffer = (given: string | Uint8Array): string | Buffer =>
  typeof given === 'string' ? given : Buffer.from(given)

/**
 * A socket that is connected, in time.
 *
 * @internal
 */
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
    const timer = timeout === Infinity ? undefined : setTimeout(() => end(timedOut()), timeout)
    const end = (cause: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(cause)
    }
    socket.setNoDelay(true)
    socket.on('error', end)
    socket.once('close', () => end(failure('ECLOSED', 'the connection was closed')))
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer)
      resolve(socket)
    })
  })

// -------------------------------------------------------------------------------------
// a connection
// -------------------------------------------------------------------------------------

/** @internal */
export interface Connection {
  /** The answers, in the order of the requests. `due` is when they are late. */
  readonly ask: (
    requests: ReadonlyArray<MemcachedRequest>,
    due: number
  ) => Promise<ReadonlyArray<MemcachedReply>>
  readonly isOpen: () => boolean
  /** Whether it ever answered. */
  readonly isProven: () => boolean
  /** How many requests wait for an answer. */
  readonly pending: () => number
  /** Ends it when everything is answered, or after so many milliseconds; resolves when it is gone. */
  readonly close: (within: number) => Promise<void>
}

/** @internal */
export interface Limits {
  readonly maxPending: number
  readonly maxPendingBytes: number
  readonly maxValueBytes: number
}

/** What was not sent yet is not sent later, when whoever asked for it has been told that it failed. */
const reset = (socket: Socket): void => {
  try {
    socket.resetAndDestroy()
  } catch {
    // not one of TCP alone
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
  /** Nobody waits for it any more; its answers are still to come. */
  isLate: boolean
}

interface Waiting {
  readonly opaque: number
  readonly command: MemcachedRequest['command']
  readonly batch: Batch
  readonly place: number
  next: Waiting | undefined
}

/**
 * A connection over a socket that is connected.
 *
 * @internal
 */
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
  let timer: NodeJS.Timeout | undefined

  const end = (cause: Error): void => {
    if (closed !== undefined) return
    closed = cause
    clearTimeout(timer)
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
    // a refused write is the one answer that has no opaque; the next one shows whether it was this one's
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
  /** There may be no memory: what is thrown here would end the process. */
  const read = (chunk: Buffer): void => {
    try {
      if (!reader(chunk)) end(foreign())
    } catch (cause) {
      end(foreign(cause))
    }
  }

  // -- deadlines ----------------------------------------------------------------------

  /**
   * Those who have waited long enough are told. A connection that said nothing all the while is given up, and so is one
   * that owes an answer which is late already, and has said nothing for as long again, or has not come to it by then.
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
      if (heard < batch.asked || (batch.isLate && patience <= 0)) return end(timedOut())
      next = Math.min(next, Math.max(patience, 1))
      if (batch.isLate) continue
      // an answer that comes late is known by its opaque, and dropped
      batch.isLate = true
      batch.reject(timedOut())
    }
    if (next !== Infinity) watch(next)
  }
  const watch = (ms: number): void => {
    // what already waits in the socket is read first: a blocked event loop is no slow server
    timer = setTimeout(() => setImmediate(expire), Math.min(ms + 1, 2 ** 31 - 1)).unref()
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

  /** The opaque of the request that is so many after the next one. */
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
      if (due <= asked) return reject(timedOut())
      // a throw is the promise's rejection, and nothing of it is written
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
    // an idle connection keeps no process alive
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
      const late = within === Infinity ? undefined : startTimer(milliseconds(within), gone)()
      return isGone.then(late)
    }
  }
}
