/**
 * Whether a client receives something else than the handler's answer. It is decided by the head of the answer, at the
 * moment when that is written.
 *
 * @internal
 */
import { isKnown, isOurs, unmodified } from './conditions'
import { fits, type Kept, leftAt, windowsFor } from './kept'
import type { Fate, Fields, Head, RequestHead, Storage } from './model'
import { type Confirmation, type Renewed, renewed } from './revalidate'
import { isFailure } from './storing'

/** A stored page that suits the request, and that was not served. */
export interface Old {
  readonly kept: Kept
  /** Whether the handler received the conditions of this page (`revalidate`). */
  readonly asked: boolean
  /**
   * For how long after its lifetime the policy lets it replace an answer with this status, in milliseconds; 0 if it does
   * not. It is called only for a failure.
   */
  readonly allows: (status: number) => number
}

export type Instead =
  /** The client receives the handler's answer. */
  | { readonly _tag: 'Pass' }
  /** The client already has what the handler answers: it receives a 304 with these fields. */
  | { readonly _tag: 'NotModified'; readonly fields: Fields }
  /** The client receives the stored page, which stays as it is. */
  | { readonly _tag: 'Old'; readonly kept: Kept; readonly fate: Fate }
  /** The handler has confirmed the stored page: the client receives it, and it is stored again if there is a plan. */
  | ({ readonly _tag: 'Renewed'; readonly fate: Fate } & Renewed)

const pass: Instead = { _tag: 'Pass' }
/** The fate of a request that receives an old page in the place of a failure. */
export const staleIfError: Fate = { fwd: 'stale', detail: 'stale-if-error' }
const confirmed: Fate = { fwd: 'stale', status: 304 }

/** Whether a page may replace a failure (RFC 5861, section 4; RFC 9111, section 4.2.4). */
const stands = ({ allows, kept }: Old, status: number, now: number): boolean => {
  const ifError = allows(status)
  return ifError > 0 && -leftAt(kept.page, now) < windowsFor(kept, { whileRevalidate: 0, ifError }).ifError
}

/** The answer to a condition of the cache: the client may have sent none (RFC 9111, section 4.3.3). */
const onUnmodified = (
  request: RequestHead,
  answer: Confirmation,
  { kept }: Old,
  at: { readonly now: number; readonly storage: Storage }
): Instead => {
  const made = renewed(request, kept, answer, at)
  return made === undefined
    ? // the handler has named another page by mistake; the condition was about this one
      { _tag: 'Old', kept, fate: confirmed }
    : { _tag: 'Renewed', fate: confirmed, ...made }
}

/** An answer of a handler, as it is written. */
export interface Answering extends Head {
  /** The fields of the page, if others were set before. */
  readonly own?: Fields | undefined
  /** Whether one of its fields has values from before beside its own. */
  readonly mixed?: boolean | undefined
}

export const instead = (
  request: RequestHead,
  answer: Answering,
  old: Old | undefined,
  at: { readonly now: number; readonly storage: Storage }
): Instead => {
  const { fields, status } = answer
  if (old !== undefined && fits(old.kept, request) === 'yes') {
    if (isFailure(status) && stands(old, status, at.now))
      return { _tag: 'Old', kept: old.kept, fate: staleIfError }
    if (status === 304 && old.asked) return onUnmodified(request, answer, old, at)
  }
  return isOurs(request) && isKnown(request, answer, at.now)
    ? { _tag: 'NotModified', fields: unmodified(fields) }
    : pass
}
