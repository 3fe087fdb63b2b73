/**
 * The commands for pages that look for one, or load one whatever is stored.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Soon } from '../../base/soon'
import type { RingError } from '../../RingError'
import { type Seek, seekAt } from '../core/ask'
import type { Kept } from '../core/kept'
import type { RequestHead, Target } from '../core/model'
import { loadAlone, type Reuse, reuse, type Serve, serving } from '../core/reuse'
import { type Led, lost } from './lead'
import type { ServeParts } from './loading'
import type { Arrival, LoadError, PageSight, Served } from './model'
import { keptIn, readAs, stateOf, stopOf } from './sight'

/** A client without requirements. */
export const anybody: RequestHead = { method: 'GET', header: () => undefined }

/** What a page is renewed to: the page that was stored, or an answer that may not be stored. */
export type Made = Serve | Extract<Served, { readonly _tag: 'Reply' }>

export interface PageLoads {
  /** Runs the handler whatever is stored. The client has what was stored, when that is done. */
  readonly renew: (arrival: Arrival, target: Target) => Promise<E.Either<LoadError | RingError, Made>>
  /** The stored page that would be served, without a handler. */
  readonly find: (request: RequestHead, target: Target) => Promise<E.Either<RingError, Kept | undefined>>
}

export const makePageLoads = ({ now, seam, site }: ServeParts, led: Led): PageLoads => {
  /** Where the page of a request is, or would be stored, and what is there. */
  const place = <W>(
    request: RequestHead,
    path: string,
    seek: Seek,
    then: (seek: Seek, sight: PageSight, next: Exclude<Reuse, Seek>) => Soon<W>
  ): Soon<W> =>
    seam.look<W>(
      [stopOf(seek.place, request, path)],
      (looked) => {
        if (E.isLeft(looked)) return Promise.reject(looked.left)
        const sight = looked.right
        const next = reuse(seek, keptIn(sight), now(), stateOf(sight))
        return next._tag === 'Seek' ? place(request, path, next, then) : then(seek, sight, next)
      },
      false
    )

  const find: PageLoads['find'] = async (request, target) =>
    place<E.Either<RingError, Kept | undefined>>(
      request,
      target.path,
      seekAt(request, target, site),
      (_, sight, next) => {
        if (sight.fault !== undefined) return E.left(sight.fault)
        if (next._tag === 'Serve') seam.tellRead(sight, readAs(sight))
        else seam.tellMiss(sight, false)
        return E.right(next._tag === 'Serve' ? next.kept : undefined)
      }
    )

  const renew: PageLoads['renew'] = async (arrival, target) => {
    const { path } = target
    const begun = await place(arrival, path, seekAt(arrival, target, site), async (seek, sight) => {
      const lead = await seam.lead(sight, 'seize')
      const load = loadAlone(seek.place, { fwd: 'request' })
      return { lead, load, seek }
    })
    const { lead, load, seek } = begun
    // an update never waits for another process
    if (lead._tag === 'Answered') return E.left(lost)
    const served = await led({ arrival, seek, load, lead, path }).catch(() => undefined)
    const brought = await lead.brought
    if (E.isLeft(brought) && brought.left._tag === 'Unstorable' && served?._tag === 'Reply')
      return E.right({ ...served, fate: load.fate })
    if (served?._tag === 'Reply') served.reply.discard()
    return E.isLeft(brought)
      ? brought
      : E.right(serving(anybody, brought.right, { fwd: 'request', stored: true }, now()))
  }

  return { find, renew }
}
