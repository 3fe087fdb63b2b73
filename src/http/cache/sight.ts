/**
 * What the ring of pages has found, in the terms of the rules.
 *
 * @internal
 */
import type { Kept, State } from '../core/kept'
import type { RequestHead } from '../core/model'
import { type PageSight, requestOf, type Stop } from './model'

/** How a page may be used, by what the ring has found. `undefined`: not at all. */
export const stateOf = ({ choice, found }: PageSight): State | undefined =>
  choice === 'Serve' || found === 'fresh' || found === 'due'
    ? 'fresh'
    : found === 'stale' || found === 'expired'
    ? found
    : undefined

export const keptIn = ({ answer }: PageSight): Kept | undefined =>
  answer?._tag === 'Right' ? answer.right : undefined

/** How the ring reports a page that was served. */
export const readAs = ({ found }: PageSight): 'Hit' | 'Stale' =>
  found === 'stale' || found === 'expired' ? 'Stale' : 'Hit'

export const stopOf = (place: string, request: RequestHead, path: string): Stop => ({
  place,
  request: requestOf(request, path)
})
