/**
 * One request in a cache. Its handler runs at most once, and the handler's answer goes to the client of this request,
 * or to none.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'

import { nextTurn } from '../../base/timer'
import type { Fields } from '../core/fields'
import type { Fate } from '../core/model'
import type { Head, Wanted } from '../core/rules'
import type { Target } from '../core/target'
import type { Page } from '../model'
import type { Copy } from './body'

export type { Fate } from '../core/model'

/** What is done with an answer, as decided by its head. */
export interface Judged {
  readonly fate: Fate
  /** The largest body that is copied for the store; absent if the answer is not stored. */
  readonly max?: number
  /** The old page that is sent to the client instead. */
  readonly old?: Page
  /** Whether the answer waits until the pages that the request has changed are hidden. */
  readonly waits?: boolean
}

/** Decides synchronously, when the handler's head is there: an adapter cannot take back a head that it has sent. */
export type Judge = (head: Head) => Judged

/** The answer of a handler; its body may still be incomplete. */
export interface Reply extends Head {
  /** The fields of the page, if others were set before. */
  readonly own?: Fields
  /** The names of fields that were set before, and that the answer does not have. */
  readonly removed?: ReadonlyArray<string>
  /** Copies the body for the cache, while the client reads it. */
  readonly copy: (max: number) => Copy
  /** The client has received something else. A copy in progress continues. */
  readonly discard: () => void
}

/** A request, as its adapter passes it. */
export interface Arrival extends Wanted {
  readonly target: E.Either<unknown, Target>
  /** Runs the handler. An adapter that can defer its answer may ignore the judge. */
  readonly run: (judge: Judge) => Promise<Reply>
  /** Whether the handler can run after the client has been answered. */
  readonly refreshes: boolean
  /** Whether the client has disconnected: failures after that do not concern the page. */
  readonly isGone: () => boolean
}

/** Signals the caller that it may take the answer of its own handler. */
export type Released = 'released'

export interface Visit extends Wanted {
  readonly path: string
  readonly isGone: () => boolean
  /** Runs the handler, once; the first caller's judge decides. */
  readonly run: (judge?: Judge) => Promise<Reply>
  /** The value of `Cache-Status` if the handler answers now. */
  readonly fate: () => Fate
  /** Sets that value, before the handler may run. `mayFallBack`: whether an old page may replace a failure. */
  readonly expect: (fate: Fate, mayFallBack?: boolean) => void
  /** The ring has read a page at a place. */
  readonly saw: (place: string, page: Page) => void
  /** The page that was last read there, if it may replace a failure. */
  readonly old: (place: string) => Page | undefined
  readonly copy: (reply: Reply, max: number) => Copy
  /** Whether the handler has been called. */
  readonly ran: () => boolean
  /** Whether its answer will be stored, as decided by its head. */
  readonly storing: () => boolean
  readonly released: Promise<Released>
  readonly release: (storing: boolean) => void
  /** The cache has begun its copy of the answer, or needs none. */
  readonly decide: () => void
  /** The client has been answered from the store. */
  readonly close: () => void
}

export const makeVisit = (arrival: Omit<Arrival, 'target'>, path: string): Visit => {
  const { header, isGone, method, refreshes, run } = arrival
  let fate: Fate = {}
  let mayFallBack = false
  let seen: { readonly place: string; readonly page: Page } | undefined
  let running: Promise<Reply> | undefined
  let copy: Copy | undefined
  let storing = false
  let decided = false
  let closed = false
  let free: (released: Released) => void
  const released = new Promise<Released>((resolve) => (free = resolve))
  /** Releases a body without a reader, but not before the cache has begun its copy. */
  const discard = (): void => {
    if (decided && closed) running?.then((reply) => reply.discard()).catch(() => undefined)
  }
  /** One turn of the event loop later it is known whether the client has been answered. */
  const unanswered = (judge: Judge): Promise<Reply> =>
    new Promise((resolve, reject) => {
      nextTurn(() => {
        if (closed) reject(new Error('the client has been answered'))
        else run(judge).then(resolve, reject)
      })
    })
  return {
    method,
    header,
    path,
    isGone,
    run: (judge = () => ({ fate })) =>
      (running ??= refreshes ? Promise.resolve(judge).then(run) : unanswered(judge)),
    fate: () => fate,
    expect: (expected, falls = false) => {
      fate = expected
      mayFallBack = falls
      seen = undefined
    },
    saw: (place, page) => {
      seen = { place, page }
    },
    old: (place) => (mayFallBack && seen?.place === place ? seen.page : undefined),
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
