/**
 * The requests of a connection that wait for an answer, in the order in which they were written.
 *
 * Each request carries an opaque, a number that its answer must repeat. Requests that were asked together are a batch:
 * their caller receives all answers at once.
 *
 * @internal
 */
import { failure } from '../../base/errorCode'
import type { MemcachedReply, MemcachedRequest } from './model'
import { owned, toReply } from './protocol'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** Who waits for a batch: when it was asked, and when its answers are due. */
export interface Caller {
  readonly resolve: (replies: ReadonlyArray<MemcachedReply>) => void
  readonly reject: (cause: Error) => void
  readonly asked: number
  readonly due: number
}

export interface Batch {
  readonly caller: Caller
  readonly replies: Array<MemcachedReply>
  missing: number
  /** The caller waits for it no longer, but its answers may still arrive. */
  isLate: boolean
}

export interface Waiting {
  readonly opaque: number
  readonly command: MemcachedRequest['command']
  readonly batch: Batch
  /** The index of the request in its batch. */
  readonly place: number
  next: Waiting | undefined
}

export interface Pending {
  readonly size: () => number
  /** The request that is answered next; the others follow it. */
  readonly first: () => Waiting | undefined
  /** The opaque that `add` will give to the request at this index. */
  readonly opaqueOf: (place: number) => number
  readonly add: (requests: ReadonlyArray<MemcachedRequest>, caller: Caller) => void
  /** Takes an answer for the first request. Returns `false` if it belongs to no request, or cannot be kept. */
  readonly answer: (line: string, value: Uint8Array | undefined) => boolean
  /** Whether a request was ever answered. */
  readonly isProven: () => boolean
  readonly rejectAll: (cause: Error) => void
}

export const foreign = (cause?: unknown): Error =>
  failure('EPROTO', 'memcached answered something else than it was asked, or more than is taken', cause)

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const replyTo = (
  { command, opaque }: Waiting,
  line: string,
  value: Uint8Array | undefined
): MemcachedReply | undefined =>
  // only the answer to a refused write has no opaque; the next answer shows whether it belonged to this request
  command === 'ms' && line.startsWith('SERVER_ERROR ')
    ? { status: 'SERVER_ERROR', flags: line.slice(13), value: undefined }
    : toReply(line, value, opaque)

/** Adds an answer to its batch; the last one settles it. Returns `false` if there is no memory for the answers. */
const deliver = ({ batch, place }: Waiting, reply: MemcachedReply): boolean => {
  const { caller, replies } = batch
  replies[place] = reply
  if (--batch.missing > 0) return true
  try {
    caller.resolve(owned(replies))
    return true
  } catch (cause) {
    caller.reject(foreign(cause))
    return false
  }
}

export const makePending = (): Pending => {
  let first: Waiting | undefined
  let last: Waiting | undefined
  let size = 0
  let opaque = Math.floor(Math.random() * 2 ** 31)
  let isProven = false
  const opaqueOf = (place: number): number => (opaque + place) % 2 ** 31
  return {
    size: () => size,
    first: () => first,
    opaqueOf,
    add: (requests, caller) => {
      const batch: Batch = {
        caller,
        replies: new Array<MemcachedReply>(requests.length),
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
      size += requests.length
    },
    answer: (line, value) => {
      const waiting = first
      if (waiting === undefined) return false
      const reply = replyTo(waiting, line, value)
      if (reply === undefined) return false
      isProven = true
      first = waiting.next
      if (first === undefined) last = undefined
      size--
      return deliver(waiting, reply)
    },
    isProven: () => isProven,
    rejectAll: (cause) => {
      for (let waiting = first; waiting !== undefined; waiting = waiting.next) {
        waiting.batch.caller.reject(cause)
      }
      first = last = undefined
      size = 0
    }
  }
}
