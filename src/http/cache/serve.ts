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
import { ask } from '../core/ask'
import { changedPaths, isChange } from '../core/change'
import type { Fate } from '../core/model'
import { type Load, reuse, type Serve } from '../core/reuse'
import type { Led } from './lead'
import { makeLoading, own, type ServeParts, type Visit } from './loading'
import type { Arrival, Judged, PageSight, Served } from './model'
import { keptIn, readAs, stateOf, stopOf } from './sight'

const bypass: Fate = { fwd: 'bypass' }

const silent = (): void => undefined

export const makeServe = (parts: ServeParts, led: Led): ((arrival: Arrival) => Soon<Served>) => {
  const { hide, now, passing, seam, site } = parts
  const { begin, join, refresh } = makeLoading(parts, led, (visit) => look(visit))

  const joins = ({ seek }: Visit): boolean => seek.otherwise === 'join' && !passing.holds(seek)

  const onLoad = (visit: Visit, sight: PageSight, load: Load): Promise<Served> => {
    if (load.how === 'pass') return own(visit.arrival, load.fate)
    const isShared = load.how === 'join' && joins(visit)
    const isJoined = isShared && sight.choice === 'Join'
    seam.tellMiss(sight, isJoined)
    return isJoined ? join(visit, sight, load) : begin(visit, sight, load, isShared ? 'wait' : 'seize')
  }

  const onServe = (visit: Visit, sight: PageSight, serve: Serve): Serve => {
    seam.tellRead(sight, readAs(sight))
    if (sight.choice === 'ServeAndRefresh') refresh(visit, sight).catch(silent)
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
  const pass = async (arrival: Arrival, fate: Fate, changes: boolean): Promise<Served> => {
    const { target } = arrival
    if (!changes || target === undefined) return own(arrival, fate)
    const reply = await arrival.run((answer): Judged => ({ fate, waits: isChange(arrival, answer) }))
    if (isChange(arrival, reply)) await hide(changedPaths(target, reply.fields))().catch(silent)
    return { _tag: 'Reply', reply, fate }
  }

  return (arrival) => {
    const first = ask(arrival, site)
    return first._tag === 'Pass'
      ? pass(arrival, first.fate, first.changes)
      : look({ arrival, path: arrival.target?.path ?? '', seek: first, turn: 1 })
  }
}
