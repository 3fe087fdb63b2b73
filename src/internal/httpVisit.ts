/**
 * One request on its way through a cache: the handler runs for it once at most, and what it answers is given to the client,
 * or to nobody.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'

import type { Copy } from './httpBody'
import type { Fields } from './httpFields'
import type { Head, Wanted } from './httpRules'
import type { Target } from './httpTarget'

/** What a handler has answered; its body is still to come. */
export interface Reply extends Head {
  /** The fields that are the page's, where others have set some before. */
  readonly own?: Fields
  /** Reads the body for the cache beside the client. */
  readonly copy: (max: number) => Copy
  /** Nobody wants it: the client has been given something else. A copy under way goes on. */
  readonly discard: () => void
}

/** A request as its adapter sees it. */
export interface Arrival extends Wanted {
  readonly target: E.Either<unknown, Target>
  readonly run: () => Promise<Reply>
  /** Whether the handler can run for nobody, after the client has been answered. */
  readonly refreshes: boolean
  /** Whether the client has left: what went wrong then says nothing of the page. */
  readonly isGone: () => boolean
}

/** What tells the caller that the answer of his own handler is his. */
export type Released = 'released'

/** @internal */
export interface Visit extends Wanted {
  readonly path: string
  readonly isGone: () => boolean
  readonly run: () => Promise<Reply>
  readonly copy: (reply: Reply, max: number) => Copy
  /** Whether the handler has been asked. */
  readonly ran: () => boolean
  /** Whether what it answers is to be stored, as far as its head can say. */
  readonly storing: () => boolean
  readonly released: Promise<Released>
  readonly release: (storing: boolean) => void
  /** Whoever ran the handler has what the cache wants of the answer. */
  readonly decide: () => void
  /** The client has been answered from the store. */
  readonly close: () => void
}

/** @internal */
export const makeVisit = (arrival: Omit<Arrival, 'target'>, path: string): Visit => {
  const { header, isGone, method, refreshes, run } = arrival
  let running: Promise<Reply> | undefined
  let copy: Copy | undefined
  let storing = false
  let decided = false
  let closed = false
  let free: (released: Released) => void
  const released = new Promise<Released>((resolve) => (free = resolve))
  /** A body that nobody reads is let go of, but not before the cache has begun its copy. */
  const discard = (): void => {
    if (decided && closed) running?.then((reply) => reply.discard()).catch(() => undefined)
  }
  /** A tick of the event loop later it is known whether the client has been answered. */
  const unanswered = (): Promise<Reply> =>
    new Promise((resolve, reject) => {
      setImmediate(() => {
        if (closed) reject(new Error('the client has been answered'))
        else run().then(resolve, reject)
      })
    })
  return {
    method,
    header,
    path,
    isGone,
    run: () => (running ??= refreshes ? Promise.resolve().then(run) : unanswered()),
    copy: (reply, max) => (copy ??= reply.copy(max)),
    ran: () => running !== undefined,
    storing: () => storing,
    released,
    release: (stores) => {
      storing ||= stores
      free('released')
    },
    decide: () => {
      decided = true
      discard()
    },
    close: () => {
      closed = true
      discard()
    }
  }
}
