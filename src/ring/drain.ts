/**
 * Waits for the work of rings to end.
 *
 * @internal
 */
import type * as T from 'fp-ts/Task'

import { startTimer } from '../base/timer'
import type { Duration } from '../Duration'
import { inTime } from '../stores/kit/deadline'
import { anatomy } from '../wiring/anatomy'
import { aDuration, must } from '../wiring/check'
import { checkedRing } from './checked'
import type { Draining } from './identity'
import type { Anatomy, Dissectible } from './model'

/** A ring that is made from another one shares its work; a ring that is linked to others makes work for them. */
const worksOf = (parts: Anatomy, known: Set<Draining>): Set<Draining> => {
  known.add(parts.identity.work)
  parts.links.forEach((link) => worksOf(link, known))
  return known
}

/** The work of one ring may make work for another, so all of them must be idle at the same time. */
const allIdle = async (works: ReadonlyArray<Draining>, isOver: () => boolean): Promise<boolean> => {
  do await Promise.all(works.map(({ idle }) => idle()))
  while (!isOver() && !works.every(({ isIdle }) => isIdle()))
  return !isOver()
}

export const drained = (within: Duration, rings: ReadonlyArray<Dissectible>): T.Task<boolean> => {
  must('the bound of Ring.drainWithin', aDuration, within)
  rings.forEach((ring) => checkedRing('Ring.drain', ring))
  return async () => {
    const known = new Set<Draining>()
    for (const ring of rings) worksOf(ring[anatomy], known)
    const works = Array.from(known)
    const after = works[0]?.clock.after ?? startTimer
    let isOver = false
    const isDone = await inTime(
      within,
      after,
      allIdle(works, () => isOver),
      () => false
    )
    isOver = true
    // so that no other process waits until a lease expires
    if (!isDone) await Promise.all(works.map(({ give }) => give()))
    return isDone
  }
}
