/**
 * A handler that runs for the store: what its head decides, what of its answer is stored, and what others receive who wait for
 * it.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Start } from '../../base/timer'
import type { Duration } from '../../Duration'
import type { Lead } from '../../engine/seam'
import type { Seek } from '../core/ask'
import { hasField } from '../core/fields'
import { type Answering, instead, type Old, staleIfError } from '../core/instead'
import { type Kept, keptFrom } from '../core/kept'
import type { Fields, Plan, Storage } from '../core/model'
import { type Load, serving } from '../core/reuse'
import { revalidate } from '../core/revalidate'
import { aged, isCalledOff, isFailure, isWhole, type Refusal, storing } from '../core/storing'
import { type Arrival, type Judge, type LoadError, type Reply, requestOf, type Served } from './model'
import type { Passing } from './passing'
import { allowsBy, keptBy, type PagePolicy } from './policy'

export interface LeadParts {
  readonly policy: PagePolicy
  readonly storage: Storage
  /** Whether pages without an `ETag` get one. */
  readonly tags: boolean
  /** The time limit of the body of an answer that is stored. */
  readonly bodyTimeout: Duration
  readonly after: Start<Duration>
  readonly now: () => number
  readonly passing: Passing
}

/** A request whose handler runs for the store. */
export interface Asking {
  readonly arrival: Arrival
  readonly seek: Seek
  readonly load: Load
  readonly lead: Lead<LoadError, Kept>
  readonly path: string
}

interface Leading extends Asking {
  /** What the handler is asked about the page that is there. */
  readonly conditions: Fields
}

/** The load was aborted, for a reason that does not concern the page. */
export const lost: LoadError = { _tag: 'Unstorable', reason: 'broken' }

/** How an answer is stored, or why it is not. */
const planFor = (
  arrival: Arrival,
  answer: Answering,
  storage: Storage,
  now: number
): E.Either<Refusal, Plan> =>
  answer.mixed === true ? E.left('response') : storing(arrival, answer, storage, now)

export type Led = (asking: Asking) => Promise<Served>

const never = (): number => 0

/** What becomes of an answer that may be stored, by its head. */
const makeStoring = ({ after, bodyTimeout, now, passing, policy, storage, tags }: LeadParts) => {
  const unstorable = ({ lead, seek }: Leading, reason: string, byHead = false): void => {
    // what the request says is no property of the page
    if (reason !== 'request' && reason !== 'method') passing.note(seek, byHead)
    lead.concede({ _tag: 'Unstorable', reason }, true)
  }

  /** Stores the page when its body is whole. */
  const store = async (leading: Leading, reply: Reply, plan: Plan): Promise<void> => {
    const { arrival, lead, path, seek } = leading
    const came = now()
    const copy = reply.copy(storage.maxBytes)
    const callOff = after(bodyTimeout, () => copy.stop('slow'))()
    const body = await copy.whole
    callOff()
    // the next load need not fail in the same way
    if (E.isLeft(body) && body.left === 'broken') return lead.concede(lost, true)
    if (E.isLeft(body)) return unstorable(leading, body.left)
    // a handler that notices that its client has gone may end what it has not finished
    if (arrival.refreshes && arrival.isGone() && !hasField(reply.fields, 'content-length'))
      return lead.concede(lost, true)
    if (!isWhole(reply, body.right.length)) return unstorable(leading, 'length')
    const time = now()
    const lasts = aged(plan, time - came)
    const made = keptFrom(arrival, reply, { body: body.right, plan: lasts, tags, time })
    const kept = keptBy(policy, made, lasts.lifetime, requestOf(arrival, path))
    if (E.isLeft(kept)) return unstorable(leading, kept.left)
    passing.forget(seek)
    lead.store(kept.right)
  }
  return { store, unstorable }
}

export const makeLed = (parts: LeadParts): Led => {
  const { now, passing, policy, storage } = parts

  /** The page that is there, if it suits the request. */
  const oldOf = ({ arrival, conditions, load, path }: Leading): Old | undefined =>
    load.old === undefined
      ? undefined
      : {
          kept: load.old,
          asked: conditions.length > 0,
          allows: load.fallsBack ? allowsBy(policy, load.old, requestOf(arrival, path)) : never
        }

  /** Decides by the head alone, with the same rules as `onReply` later. */
  const judgeFor = (leading: Leading): Judge => {
    const old = oldOf(leading)
    const { arrival, load } = leading
    return (answer) => {
      const at = now()
      const other = instead(arrival, answer, old, { now: at, storage })
      if (other._tag === 'Old') return { fate: other.fate, old: serving(arrival, other.kept, other.fate, at) }
      if (other._tag === 'Renewed')
        return { fate: other.fate, old: serving(arrival, other.kept, other.fate, at), cookies: other.cookies }
      const isStored =
        !isFailure(answer.status) &&
        !(arrival.isGone() && isCalledOff(answer)) &&
        E.isRight(planFor(arrival, answer, storage, at))
      return isStored ? { fate: { ...load.fate, stored: true }, max: storage.maxBytes } : { fate: load.fate }
    }
  }

  const { store, unstorable } = makeStoring(parts)

  /** What the client receives if its handler has failed: an old page, if there is one that may be served. */
  const rescued = async ({ arrival, lead }: Leading): Promise<Served | undefined> => {
    const brought = await lead.brought
    return E.isRight(brought) ? serving(arrival, brought.right, staleIfError, now()) : undefined
  }

  /** The handler has confirmed the page that is there: it is renewed, for the store as well (RFC 9111, section 4.3.4). */
  const onConfirmed = (leading: Leading, reply: Reply): Served | undefined => {
    const { arrival, lead, path, seek } = leading
    const at = now()
    const other = instead(arrival, reply, oldOf(leading), { now: at, storage })
    if (other._tag !== 'Renewed' && other._tag !== 'Old') return undefined
    const served = serving(arrival, other.kept, other.fate, at)
    if (other._tag === 'Old') {
      // the 304 was about another page
      lead.concede(lost, true)
      return served
    }
    const { cookies, kept, plan } = other
    const lasts = E.isLeft(plan) ? plan : keptBy(policy, kept, plan.right.lifetime, requestOf(arrival, path))
    if (E.isLeft(lasts)) unstorable(leading, lasts.left)
    else {
      passing.forget(seek)
      lead.store(lasts.right)
    }
    return { ...served, cookies }
  }

  const onReply = async (leading: Leading, reply: Reply): Promise<Served> => {
    const { arrival, lead, load } = leading
    const own: Served = { _tag: 'Reply', reply, fate: load.fate }
    const confirmed = reply.status === 304 ? onConfirmed(leading, reply) : undefined
    if (confirmed !== undefined) return confirmed
    if (isFailure(reply.status)) {
      lead.concede({ _tag: 'Failed', status: reply.status }, false)
      return (await rescued(leading)) ?? own
    }
    if (arrival.isGone() && isCalledOff(reply)) {
      lead.concede(lost, true)
      return own
    }
    const plan = planFor(arrival, reply, storage, now())
    if (E.isLeft(plan)) {
      unstorable(leading, plan.left, true)
      return own
    }
    store(leading, reply, plan.right).catch(() => lead.concede(lost, true))
    return { ...own, fate: { ...load.fate, stored: true } }
  }

  /** Runs the handler; returns what its client receives. Rejects if the handler does, and there is no page. */
  return async (asking) => {
    const { old } = asking.load
    const conditions = old === undefined ? [] : revalidate(old)
    const leading: Leading = { ...asking, conditions }
    const { arrival, lead } = leading
    let reply: Reply
    try {
      reply = await arrival.run(judgeFor(leading), conditions)
    } catch (cause) {
      lead.concede(arrival.isGone() ? lost : { _tag: 'Thrown', cause }, false)
      const old = arrival.isGone() ? undefined : await rescued(leading)
      if (old === undefined) throw cause
      return old
    }
    const served = await onReply(leading, reply)
    if (served._tag !== 'Reply') reply.discard()
    return served
  }
}
