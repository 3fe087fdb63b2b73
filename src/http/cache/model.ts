/**
 * What the parts of a cache of pages exchange: a request as its shell passes it, what is decided about its handler's answer,
 * and what its client receives.
 *
 * @internal
 */
import type { Seam, Sight } from '../../engine/seam'
import type { Answering } from '../core/instead'
import type { Kept } from '../core/kept'
import type { Asked, Fate, Fields, Head, RequestHead } from '../core/model'
import type { Serve } from '../core/reuse'
import type { PageError, PageRequest } from '../model'
import type { Copy } from './body'

// -------------------------------------------------------------------------------------
// the ring of pages
// -------------------------------------------------------------------------------------

/** One of the places where the page of a request may be stored: the argument of the ring. */
export interface Stop {
  readonly place: string
  readonly request: PageRequest
}

/** Why a load brings no page. Even if the answer may not be stored, the client of its request receives it. */
export type LoadError = PageError | { readonly _tag: 'Unstorable'; readonly reason: string }

export type PagesSeam = Seam<[Stop], LoadError, Kept>
export type PageSight = Sight<[Stop], LoadError, Kept>

// -------------------------------------------------------------------------------------
// a request
// -------------------------------------------------------------------------------------

/** What is done with a handler's answer, as decided by its head. */
export interface Judged {
  readonly fate: Fate
  /** The largest body that is copied for the store; absent if the answer is not stored. */
  readonly max?: number
  /** The stored page that the client receives instead. */
  readonly old?: Serve
  /** Fields that this client receives with the stored page, and no other one. */
  readonly cookies?: Fields
  /** Whether the answer waits until the pages that the request has changed are hidden. */
  readonly waits?: boolean
}

/** Decides at once, when the handler's head is there: a shell cannot take back a head that it has sent. */
export type Judge = (answer: Answering) => Judged

/** The answer of a handler; its body may still be incomplete. */
export interface Reply extends Head {
  /** The fields of the page, if others were set before. */
  readonly own?: Fields
  /** Whether one of its fields has values from before beside its own. */
  readonly mixed?: boolean
  /** The names of fields that were set before, and that the answer does not have. */
  readonly removed?: ReadonlyArray<string>
  /** Copies the body for the cache, while the client reads it. */
  readonly copy: (max: number) => Copy
  /** The client has received something else. A copy in progress continues. */
  readonly discard: () => void
}

/** A request, as its shell passes it. */
export interface Arrival extends Asked {
  /**
   * Runs the handler, with these conditions in the place of the client's. A shell that can defer its answer may ignore the
   * judge.
   */
  readonly run: (judge: Judge, conditions?: Fields) => Promise<Reply>
  /** Whether the handler can run after the client has been answered. */
  readonly refreshes: boolean
  /** Whether the client has disconnected: failures after that do not concern the page. */
  readonly isGone: () => boolean
}

/** The shell runs the handler, and passes its answer on: it is neither stored nor replaced. */
export interface Passed {
  readonly _tag: 'Pass'
  readonly fate: Fate
  /** Receives the head of the answer. */
  readonly seen?: (head: Head) => void
}

/** A stored page, the handler's answer, a handler that has yet to run, or nothing (`only-if-cached`). */
export type Served =
  | (Serve & { readonly cookies?: Fields | undefined })
  | Passed
  | { readonly _tag: 'Reply'; readonly reply: Reply; readonly fate: Fate }
  | { readonly _tag: 'Nothing'; readonly fate: Fate }

/** The request of an arrival, for tags and policies. */
export const requestOf = ({ header, method }: RequestHead, path: string): PageRequest => ({
  path,
  method,
  header
})
