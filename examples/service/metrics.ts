/**
 * What the rings tell, seen from outside: counters of each, for whoever draws curves, and how a single request fared, for
 * whoever wonders about it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

import { RingEvent } from 'fp-ring'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'

type Read = Extract<RingEvent.RingEvent, { readonly _tag: 'Hit' | 'Stale' | 'Miss' }>

export interface Metrics {
  readonly observe: RingEvent.Observer
  readonly stats: IO<ReadonlyMap<string, RingEvent.Stats>>
  /** Runs what answers a request. */
  readonly during: <A>(answer: () => A) => A
  /** How the first read of a ring fared in this request: a value of `Cache-Status` (RFC 9211). */
  readonly fate: (ring: string) => O.Option<string>
}

const isRead = (event: RingEvent.RingEvent): event is Read =>
  event._tag === 'Hit' || event._tag === 'Stale' || event._tag === 'Miss'

const words = (event: Read): string => {
  switch (event._tag) {
    case 'Hit':
      return 'hit'
    case 'Stale':
      return 'hit; detail=stale'
    case 'Miss':
      return event.shared ? 'fwd=miss; collapsed' : 'fwd=miss'
  }
}

export const newMetrics = (): Metrics => {
  const stats = new Map<string, RingEvent.Stats>()
  // a ring tells of a read in the asynchronous context of its caller
  const request = new AsyncLocalStorage<Map<string, string>>()
  return {
    observe: (event) => () => {
      stats.set(event.ring, RingEvent.stats(stats.get(event.ring) ?? RingEvent.noStats, event))
      const fates = request.getStore()
      if (isRead(event) && fates?.has(event.ring) === false) fates.set(event.ring, words(event))
    },
    stats: () => stats,
    during: (answer) => request.run(new Map(), answer),
    fate: (ring) => O.map((said: string) => `${ring}; ${said}`)(O.fromNullable(request.getStore()?.get(ring)))
  }
}
