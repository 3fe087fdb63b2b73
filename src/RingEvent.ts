/**
 * What a ring does, told as it happens: one type, no values and no arguments in it but the key.
 *
 * Laws:
 *
 * - law 30: an observer that throws changes nothing.
 * - law 31: a fault is told before fail-open hides it.
 * - law 38: every read ends in one `Hit`, `Stale` or `Miss`: hits + stales + misses = reads.
 *
 * @since 0.1.0
 */
import { pipe } from 'fp-ts/function'
import type { IO } from 'fp-ts/IO'
import { map } from 'fp-ts/IO'
import { newIORef } from 'fp-ts/IORef'
import type * as M from 'fp-ts/Monoid'
import { struct } from 'fp-ts/Monoid'
import * as N from 'fp-ts/number'

import type { Duration } from './Duration'
import type { Key } from './KeyFn'
import type { DecodeError, RingError } from './RingError'
import type { Operation } from './Store'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** What every event carries: the ring's name, the key, and how long it took in milliseconds. */
interface About {
  readonly ring: string
  readonly key: Key
  readonly duration: number
}

/**
 * - `Hit`: a read was served from the store; `Stale`: from an entry past its freshness.
 * - `Miss`: a read found nothing that it could serve. It is `shared` when it waits for a load that another caller
 *   began.
 * - `Load`: the function has answered (`ok`: with a value, not with an error of its own or an exception); `size` says
 *   how many keys the same call of `batch` loaded, 1 where it was the function itself.
 * - `Store`: a value was written, for `ttl`; `Skip`: it was not, because the policy does not want it stored; `Discard`: it
 *   was not, because the key was deleted or written while the function ran, its lease was lost or not to be had, the load
 *   took too long, or its arguments have changed.
 * - `Delete`: an entry was deleted; `Touch`: its lifetime was renewed; `Clear`: the namespace was cleared;
 *   `Purge`: a tag was purged (`key` is that of its generation).
 * - `Invalid`: the store held bytes that are no value of the codec's type.
 * - `Fault`: the store, the key or the codec failed. `operation` says at what: a function of the store, `key` or `encode`.
 *
 * @category model
 * @since 0.1.0
 */
export type RingEvent =
  | (About & { readonly _tag: 'Hit' })
  | (About & { readonly _tag: 'Stale' })
  | (About & { readonly _tag: 'Miss'; readonly shared: boolean })
  | (About & { readonly _tag: 'Load'; readonly ok: boolean; readonly size: number })
  | (About & { readonly _tag: 'Store'; readonly ttl: Duration })
  | (About & { readonly _tag: 'Discard' })
  | (About & { readonly _tag: 'Skip' })
  | (About & { readonly _tag: 'Delete' })
  | (About & { readonly _tag: 'Touch' })
  | (About & { readonly _tag: 'Clear' })
  | (About & { readonly _tag: 'Purge' })
  | (About & { readonly _tag: 'Invalid'; readonly error: DecodeError })
  | (About & {
      readonly _tag: 'Fault'
      readonly operation: Operation | 'key' | 'encode'
      readonly error: RingError
    })

/**
 * Looks at events: `Console.log` of fp-ts is one. It runs in the caller's time, so it should be quick; what it
 * throws is dropped.
 *
 * @category model
 * @since 0.1.0
 */
export type Observer = (event: RingEvent) => IO<void>

/**
 * Counters over events.
 *
 * @category model
 * @since 0.1.0
 */
export interface Stats {
  readonly hits: number
  readonly stales: number
  readonly misses: number
  /** Misses that waited for another caller's load. */
  readonly shared: number
  readonly loads: number
  readonly loadFailures: number
  readonly stores: number
  readonly discards: number
  readonly skips: number
  readonly deletes: number
  readonly touches: number
  readonly clears: number
  readonly purges: number
  readonly invalids: number
  readonly faults: number
  /** Milliseconds spent in the function; those of a batch count once. */
  readonly loadTime: number
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * Counters at zero.
 *
 * @example
 * import { RingEvent } from 'fp-ring'
 *
 * assert.strictEqual(RingEvent.reads(RingEvent.noStats), 0)
 *
 * @category constructors
 * @since 0.1.0
 */
export const noStats: Stats = {
  hits: 0,
  stales: 0,
  misses: 0,
  shared: 0,
  loads: 0,
  loadFailures: 0,
  stores: 0,
  discards: 0,
  skips: 0,
  deletes: 0,
  touches: 0,
  clears: 0,
  purges: 0,
  invalids: 0,
  faults: 0,
  loadTime: 0
}

/**
 * Counts the events of any number of rings.
 *
 * @category model
 * @since 0.1.0
 */
export interface Counter {
  readonly observe: Observer
  /** The counters as they are now. */
  readonly stats: IO<Stats>
}

/**
 * A new counter: its `observe` is an observer, its `stats` are what it has counted.
 *
 * @example
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, ring, RingEvent } from 'fp-ring'
 *
 * const one = (id: number): TE.TaskEither<never, number> => TE.right(id)
 * const { observe, stats } = RingEvent.counter()
 * const cached = ring(one, { store: dict(), observe })
 * const test = async () => {
 *   await cached(1)()
 *   await cached(1)()
 *   assert.strictEqual(stats().hits, 1)
 *   assert.strictEqual(stats().misses, 1)
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const counter: IO<Counter> = /*#__PURE__*/ pipe(
  /*#__PURE__*/ newIORef(noStats),
  /*#__PURE__*/ map((ref) => ({ observe: (event) => ref.modify((s) => stats(s, event)), stats: ref.read }))
)

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

/**
 * Counts one more event: a step of a fold.
 *
 * @example
 * import { RingEvent } from 'fp-ring'
 *
 * const events: ReadonlyArray<RingEvent.RingEvent> = [
 *   { _tag: 'Miss', ring: 'user', key: 'user:1', duration: 1, shared: false },
 *   { _tag: 'Hit', ring: 'user', key: 'user:1', duration: 0 }
 * ]
 * const stats = events.reduce(RingEvent.stats, RingEvent.noStats)
 * assert.strictEqual(stats.hits, 1)
 * assert.strictEqual(stats.misses, 1)
 * assert.strictEqual(RingEvent.reads(stats), 2)
 *
 * @category combinators
 * @since 0.1.0
 */
export const stats = (s: Stats, event: RingEvent): Stats => {
  switch (event._tag) {
    case 'Hit':
      return { ...s, hits: s.hits + 1 }
    case 'Stale':
      return { ...s, stales: s.stales + 1 }
    case 'Miss':
      return { ...s, misses: s.misses + 1, shared: s.shared + (event.shared ? 1 : 0) }
    case 'Load':
      return {
        ...s,
        loads: s.loads + 1,
        loadFailures: s.loadFailures + (event.ok ? 0 : 1),
        loadTime: s.loadTime + event.duration / event.size
      }
    case 'Store':
      return { ...s, stores: s.stores + 1 }
    case 'Discard':
      return { ...s, discards: s.discards + 1 }
    case 'Skip':
      return { ...s, skips: s.skips + 1 }
    case 'Delete':
      return { ...s, deletes: s.deletes + 1 }
    case 'Touch':
      return { ...s, touches: s.touches + 1 }
    case 'Clear':
      return { ...s, clears: s.clears + 1 }
    case 'Purge':
      return { ...s, purges: s.purges + 1 }
    case 'Invalid':
      return { ...s, invalids: s.invalids + 1 }
    case 'Fault':
      return { ...s, faults: s.faults + 1 }
  }
}

// -------------------------------------------------------------------------------------
// destructors
// -------------------------------------------------------------------------------------

/**
 * How many reads the counters saw.
 *
 * @example
 * import { RingEvent } from 'fp-ring'
 *
 * assert.strictEqual(RingEvent.reads({ ...RingEvent.noStats, hits: 3, stales: 1, misses: 2 }), 6)
 *
 * @category destructors
 * @since 0.1.0
 */
export const reads = (s: Stats): number => s.hits + s.stales + s.misses

/**
 * The share of reads that the store served, from 0 to 1; 0 before the first read.
 *
 * @example
 * import { RingEvent } from 'fp-ring'
 *
 * assert.strictEqual(RingEvent.hitRate({ ...RingEvent.noStats, hits: 3, misses: 1 }), 0.75)
 * assert.strictEqual(RingEvent.hitRate(RingEvent.noStats), 0)
 *
 * @category destructors
 * @since 0.1.0
 */
export const hitRate = (s: Stats): number => (reads(s) === 0 ? 0 : (s.hits + s.stales) / reads(s))

/**
 * The share of reads that cost a run of the function, from 0 to 1; 0 before the first read. Callers who shared a
 * load are misses, but only one of them cost anything. Updates run the function too, without a read.
 *
 * @example
 * import { RingEvent } from 'fp-ring'
 *
 * assert.strictEqual(RingEvent.loadRate({ ...RingEvent.noStats, misses: 1_000, shared: 999, loads: 1 }), 0.001)
 *
 * @category destructors
 * @since 0.1.0
 */
export const loadRate = (s: Stats): number => (reads(s) === 0 ? 0 : Math.min(1, s.loads / reads(s)))

// -------------------------------------------------------------------------------------
// instances
// -------------------------------------------------------------------------------------

/**
 * Counters of several rings, added up.
 *
 * @example
 * import { concatAll } from 'fp-ts/Monoid'
 * import { RingEvent } from 'fp-ring'
 *
 * const users = { ...RingEvent.noStats, hits: 3 }
 * const pages = { ...RingEvent.noStats, hits: 4 }
 * assert.strictEqual(concatAll(RingEvent.Monoid)([users, pages]).hits, 7)
 *
 * @category instances
 * @since 0.1.0
 */
export const Monoid: M.Monoid<Stats> = /*#__PURE__*/ struct({
  hits: N.MonoidSum,
  stales: N.MonoidSum,
  misses: N.MonoidSum,
  shared: N.MonoidSum,
  loads: N.MonoidSum,
  loadFailures: N.MonoidSum,
  stores: N.MonoidSum,
  discards: N.MonoidSum,
  skips: N.MonoidSum,
  deletes: N.MonoidSum,
  touches: N.MonoidSum,
  clears: N.MonoidSum,
  purges: N.MonoidSum,
  invalids: N.MonoidSum,
  faults: N.MonoidSum,
  loadTime: N.MonoidSum
})
