/**
 * The ways in which a request without a page gets one: its own load, that of another request, or a refresh after it was
 * answered.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import type { Soon } from '../../base/soon'
import type { Duration } from '../../Duration'
import type { Leading as Mode } from '../../engine/seam'
import type { RingError } from '../../RingError'
import type { Seek } from '../core/ask'
import { staleIfError } from '../core/instead'
import { type Kept, leftAt } from '../core/kept'
import type { Fate, Site } from '../core/model'
import { type Load, loadAlone, reuse, serving } from '../core/reuse'
import { type LeadParts, type Led, lost } from './lead'
import type { Arrival, PageSight, PagesSeam, Served } from './model'

export interface ServeParts extends Pick<LeadParts, 'after' | 'now' | 'passing' | 'storage'> {
  /** Whether an observer is told of every load. */
  readonly observed: boolean
  readonly seam: PagesSeam
  readonly site: Site
  /** How long a client waits for its handler if an old page can be served. */
  readonly softTimeout: Duration | undefined
  /** Hides the pages at these paths. */
  readonly hide: (paths: ReadonlyArray<string>) => TE.TaskEither<RingError, void>
}

/** A request, where its page is looked for, and how often it has joined a load in vain. */
export interface Visit {
  readonly arrival: Arrival
  readonly path: string
  readonly seek: Seek
  readonly turn: number
}

export interface Loading {
  /** Begins a load, and runs the handler for it. */
  readonly begin: (visit: Visit, sight: PageSight, load: Load, mode: Mode) => Promise<Served>
  /** Waits for the load of another request. */
  readonly join: (visit: Visit, sight: PageSight, load: Load) => Promise<Served>
  /** Loads a page whose client has been answered. */
  readonly refresh: (visit: Visit, sight: PageSight) => Promise<void>
}

/** After how many aborted loads a request no longer waits, and runs its own handler. */
const mostTurns = 3

/** The answer of a request's own handler, which is not stored. */
export const own = async (arrival: Arrival, fate: Fate): Promise<Served> => ({
  _tag: 'Reply',
  reply: await arrival.run(() => ({ fate })),
  fate
})

/** What a handler answers; or, after some time, an old page, while the handler goes on. */
const orStale = (
  running: Promise<Served>,
  stale: () => Served | undefined,
  wait: (late: () => void) => () => void
): Promise<Served> =>
  new Promise((resolve, reject) => {
    let isServed = false
    const cancel = wait(() => {
      const old = stale()
      if (old === undefined) return
      isServed = true
      resolve(old)
    })
    running.then(
      (served) => {
        cancel()
        if (isServed && served._tag === 'Reply') served.reply.discard()
        resolve(served)
      },
      (cause: unknown) => {
        cancel()
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the handler threw, as it was
        reject(cause)
      }
    )
  })

/** `look`: looks for the page of a request again, or elsewhere. */
export const makeLoading = (
  { after, now, seam, softTimeout }: ServeParts,
  led: Led,
  look: (visit: Visit) => Soon<Served>
): Loading => {
  /** A page that another load has brought, or another process. */
  const onBrought = (visit: Visit, kept: Kept, fate: Fate): Soon<Served> => {
    const { arrival, seek } = visit
    const next = reuse(seek, kept, now(), 'fresh')
    return next._tag === 'Serve'
      ? { ...next, fate }
      : next._tag === 'Seek'
      ? look({ ...visit, seek: next })
      : next._tag === 'Load'
      ? own(arrival, next.fate)
      : next
  }

  const begin: Loading['begin'] = async (visit, sight, load, mode) => {
    const { arrival, path, seek } = visit
    if (arrival.isGone()) return own(arrival, load.fate)
    const begun = await seam.lead(sight, mode)
    if (begun._tag === 'Answered')
      return E.isRight(begun.answer)
        ? onBrought(visit, begun.answer.right, { hit: true })
        : own(arrival, load.fate)
    const running = led({ arrival, seek, load, lead: begun, path })
    if (softTimeout === undefined || !arrival.refreshes) return running
    const stale = (): Served | undefined => {
      const old = begun.stale()
      return old?._tag === 'Right' ? serving(arrival, old.right, staleIfError, now()) : undefined
    }
    return orStale(running, stale, (late) => after(softTimeout, late)())
  }

  /** Loads a page whose client has been answered. */
  const refresh: Loading['refresh'] = async ({ arrival, path, seek }, sight) => {
    if (!arrival.refreshes || !seam.mayRefresh(sight.key)) return
    const begun = await seam.lead(sight, 'try')
    if (begun._tag === 'Answered') return
    const load = loadAlone(seek.place, { fwd: 'stale' })
    const served = await led({ arrival: { ...arrival, isGone: () => false }, seek, load, lead: begun, path })
    if (served._tag === 'Reply') served.reply.discard()
  }

  const join: Loading['join'] = async (visit, sight, load) => {
    const { arrival, turn } = visit
    const joined = await seam.join(sight)
    if (joined === undefined || joined._tag === 'LookAgain') return look({ ...visit, turn: turn + 1 })
    const { answer, served } = joined
    if (E.isRight(answer))
      return onBrought(
        visit,
        answer.right,
        served === undefined
          ? { ...load.fate, collapsed: true, stored: true }
          : leftAt(answer.right.page, now()) <= 0
          ? staleIfError
          : { hit: true }
      )
    if (arrival.isGone()) return own(arrival, load.fate)
    // the client of the load has disconnected: one of the joined callers loads now
    if (answer.left === lost && turn < mostTurns) return look({ ...visit, turn: turn + 1 })
    return begin(visit, sight, { ...load, fate: { ...load.fate, collapsed: false } }, 'seize')
  }

  return { begin, join, refresh }
}
