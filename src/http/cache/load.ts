/**
 * The function of the ring: it runs the handler, and returns the part of its answer that may be stored.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { makeRecent } from '../../base/recently'
import { startTimer } from '../../base/timer'
import type { Clock } from '../../Clock'
import type { Commands } from '../../Command'
import type { Duration } from '../../Duration'
import { valueOf } from '../core/fields'
import { aged, type Head, isFailure, type Plan, planOf, suits } from '../core/rules'
import type { Page, PageError } from '../model'
import type { Fate, Judge, Reply, Visit } from './visit'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** Why a load returns no page. Even if the answer may not be stored, the caller of the handler receives it. */
export type LoadError = PageError | { readonly _tag: 'Unstorable'; readonly reason: string }

/** A visit at one of the places where its page may be stored. */
export interface Stop {
  readonly visit: Visit
  readonly place: string
}

/** The ring of pages. */
export type Pages = Pick<
  Commands<[Stop], LoadError, Page, Uint8Array>,
  'getOrUpdate' | 'get' | 'update' | 'purge'
>

/** How pages are made. */
export interface Loads {
  readonly maxBytes: number
  /** The time limit of the body of an answer that is stored. */
  readonly bodyTimeout: Duration
  readonly clock: Clock
  readonly now: () => number
  /** The page to store for an answer. */
  readonly made: (reply: Reply, body: Uint8Array, plan: Plan, stop: Stop) => E.Either<string, Page>
  /** Whether an old page may be served now instead of a failure. */
  readonly stands: (page: Page, error: PageError, visit: Visit) => boolean
}

/** After an answer that was not stored, other requests do not wait for loads of that page for this time. */
const passes = 10_000

// -------------------------------------------------------------------------------------
// pages that are not stored
// -------------------------------------------------------------------------------------

/** Which pages recently could not be stored: no request waits for their loads, as it could not use the result. */
export interface Passing {
  readonly note: (stop: Stop, passes: boolean) => void
  readonly holds: (stop: Stop) => boolean
}

export const makePassing = (clock: Clock): Passing => {
  const known = makeRecent()
  // requests with `Authorization` often get private answers, which tell nothing about the others
  const keyOf = ({ place, visit }: Stop): string =>
    (visit.header('authorization') === undefined ? '-' : '+') + place
  return {
    note: (stop, is) => (is ? known.note(keyOf(stop), clock.now() + passes) : known.forget(keyOf(stop))),
    holds: (stop) => known.holds(keyOf(stop), clock.now())
  }
}

/** The load was aborted, for a reason that does not concern the page. */
export const lost: LoadError = { _tag: 'Unstorable', reason: 'broken' }

/** The plan for an answer by its head, or the reason why it is not stored. */
const planFor = (visit: Visit, head: Head, maxBytes: number, now: number): E.Either<string, Plan> => {
  const plan = planOf(visit, head, now)
  return E.isRight(plan) && Number(valueOf(head.fields, 'content-length')) > maxBytes ? E.left('large') : plan
}

/** An aborted handler may answer that there is no page: that answer is not shared. */
const isCalledOff = (visit: Visit, { status }: Head): boolean =>
  visit.isGone() && (status < 200 || status >= 300)

/** The old page that replaces a failure of the handler. */
const standIn = (
  { stands }: Pick<Loads, 'stands'>,
  { place, visit }: Stop,
  { status }: Head
): Page | undefined => {
  const old = visit.old(place)
  return old !== undefined && suits(old, visit) === 'yes' && stands(old, { _tag: 'Failed', status }, visit)
    ? old
    : undefined
}

const staleIfError: Fate = { fwd: 'stale', detail: 'stale-if-error' }

/** Decides by the head alone, with the same rules as `makeLoad` later. */
const judgeFor =
  (loads: Loads, stop: Stop): Judge =>
  (head) => {
    const { visit } = stop
    if (isFailure(head.status)) {
      const old = standIn(loads, stop, head)
      return old === undefined ? { fate: visit.fate() } : { fate: staleIfError, old }
    }
    const { maxBytes, now } = loads
    return isCalledOff(visit, head) || E.isLeft(planFor(visit, head, maxBytes, now()))
      ? { fate: visit.fate() }
      : { fate: { ...visit.fate(), stored: true }, max: maxBytes }
  }

/** Runs the handler, and returns the part of its answer that may be stored. */
export const makeLoad = (loads: Loads, passing: Passing) => {
  const { bodyTimeout, clock, made, maxBytes, now } = loads
  const start = clock.after?.bind(clock) ?? startTimer
  return (stop: Stop) => async (): Promise<E.Either<LoadError, Page>> => {
    const { visit } = stop
    let reply: Reply
    try {
      reply = await visit.run(judgeFor(loads, stop))
    } catch (cause) {
      return E.left(visit.isGone() ? lost : { _tag: 'Thrown', cause })
    }
    const released = (error: LoadError): E.Either<LoadError, never> => {
      visit.release(false)
      visit.decide()
      return E.left(error)
    }
    const unstorable = (reason: string): E.Either<LoadError, never> => {
      passing.note(stop, true)
      return released({ _tag: 'Unstorable', reason })
    }
    if (isFailure(reply.status)) {
      // not released: an old page may be served instead
      visit.decide()
      return E.left({ _tag: 'Failed', status: reply.status })
    }
    if (isCalledOff(visit, reply)) return released(lost)
    const came = now()
    const plan = planFor(visit, reply, maxBytes, came)
    if (E.isLeft(plan)) return unstorable(plan.left)
    const copy = visit.copy(reply, maxBytes)
    visit.release(true)
    visit.decide()
    const callOff = start(bodyTimeout, () => copy.stop('slow'))()
    const body = await copy.whole
    callOff()
    // the next load need not fail in the same way
    if (E.isLeft(body) && body.left === 'broken') return E.left(lost)
    if (E.isLeft(body)) return unstorable(body.left)
    const length = Number(valueOf(reply.fields, 'content-length'))
    if (!Number.isNaN(length) && length !== body.right.length) return unstorable('length')
    const page = made(reply, body.right, aged(plan.right, now() - came), stop)
    if (E.isLeft(page)) return unstorable(page.left)
    passing.note(stop, false)
    return E.right(page.right)
  }
}
