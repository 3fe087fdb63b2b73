/**
 * How a request is answered: from the store, from a load in progress, or by its own handler. The rules are in `core`.
 *
 * Two rules make this safe. **A joined caller gets the result of a load only if that may be stored and suits its
 * request.** Any other answer belongs to another request: the caller then runs its own handler, by itself. **The caller
 * whose handler runs gets the handler's answer**, as a stream, and not the stored copy.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Soon } from '../../base/soon'
import { ask, saidBy } from '../core/ask'
import { changedPaths, isChange } from '../core/change'
import type { Fate, RequestHead, Target } from '../core/model'
import { type Load, reuse, type Serve } from '../core/reuse'
import { storing } from '../core/storing'
import type { Led } from './lead'
import { makeLoading, own, type ServeParts, type Visit } from './loading'
import type { Arrival, Judged, PageSight, Passed, Served } from './model'
import { keptIn, readAs, stateOf, stopOf } from './sight'

const bypass: Fate = { fwd: 'bypass' }

const silent = (): void => undefined

/** Whether the answer to a request may be stored, as far as the request says. */
const mayBeStored = (request: RequestHead): boolean =>
  request.method === 'GET' && !saidBy(request).has('no-store')

export const makeServe = (parts: ServeParts, led: Led): ((arrival: Arrival) => Soon<Served>) => {
  const { hide, now, observed, passing, seam, site, storage } = parts
  const { begin, join, refresh } = makeLoading(parts, led, (visit) => look(visit))

  const joins = ({ seek }: Visit): boolean => seek.otherwise === 'join' && !passing.holds(seek)

  /** A page that recently could not be stored: only its head is looked at, which may say otherwise by now. */
  const passed = ({ arrival, seek }: Visit, fate: Fate): Passed => ({
    _tag: 'Pass',
    fate,
    seen: (head) => {
      if (E.isRight(storing(arrival, head, storage, now()))) passing.forget(seek)
    }
  })

  const onLoad = (visit: Visit, sight: PageSight, load: Load): Soon<Served> => {
    if (load.how === 'pass') return { _tag: 'Pass', fate: load.fate }
    const isShared = load.how === 'join' && joins(visit)
    const isJoined = isShared && sight.choice === 'Join'
    seam.tellMiss(sight, isJoined)
    // an observer is told of every load, so each of them has to be one
    if (load.how === 'join' && !isShared && !observed && passing.isByHead(visit.seek))
      return passed(visit, load.fate)
    return isJoined ? join(visit, sight, load) : begin(visit, sight, load, isShared ? 'wait' : 'seize')
  }

  const onServe = (visit: Visit, sight: PageSight, serve: Serve): Serve => {
    seam.tellRead(sight, readAs(sight))
    if (sight.choice === 'ServeAndRefresh' && mayBeStored(visit.arrival)) refresh(visit, sight).catch(silent)
    return serve
  }

  const onSight = (visit: Visit, sight: PageSight): Soon<Served> => {
    const next = reuse(visit.seek, keptIn(sight), now(), stateOf(sight))
    switch (next._tag) {
      case 'Serve':
        return onServe(visit, sight, next)
      case 'Seek':
        return look({ ...visit, seek: next })
      case 'Load':
        return onLoad(visit, sight, next)
      case 'Nothing':
        return next
    }
  }

  const look = (visit: Visit): Soon<Served> => {
    const { arrival, path, seek } = visit
    return seam.look<Served>(
      [stopOf(seek.place, arrival, path)],
      (sight) => (E.isLeft(sight) ? own(arrival, bypass) : onSight(visit, sight.right)),
      joins(visit)
    )
  }

  /**
   * A request that may change something. Its handler runs, and the pages that it has changed are hidden before the client
   * is answered: the stored ones are out of date (RFC 9111, section 4.4).
   */
  const change = async (arrival: Arrival, target: Target, fate: Fate): Promise<Served> => {
    const reply = await arrival.run((answer): Judged => ({ fate, waits: isChange(arrival, answer) }))
    if (isChange(arrival, reply)) await hide(changedPaths(target, reply.fields))().catch(silent)
    return { _tag: 'Reply', reply, fate }
  }

  return (arrival) => {
    const { target } = arrival
    const first = ask(arrival, site)
    return first._tag === 'Seek'
      ? look({ arrival, path: target?.path ?? '', seek: first, turn: 1 })
      : first.changes && target !== undefined
      ? change(arrival, target, first.fate)
      : { _tag: 'Pass', fate: first.fate }
  }
}
