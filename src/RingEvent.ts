/**
 * Events: a ring emits one for each thing that it does. They contain the key, but no values and no arguments.
 *
 * Laws:
 *
 * - law 30: an observer that throws changes nothing.
 * - law 31: a fault is emitted before fail-open hides it.
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
import type { DecodeError, Operation, RingError } from './RingError'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** The fields of every event: the ring's name, the key, and the duration in milliseconds. */
interface About {
  readonly ring: string
  readonly key: Key
  readonly duration: number
}

/**
 * - `Hit`: a read was served from the store; `Stale`: it was served from an entry that is no longer fresh.
 * - `Miss`: a read found nothing that it could serve. It is `shared` if the caller waits for a load that another caller
 *   began.
 * - `Load`: the function has answered (`ok`: with a value, not with an error of its own or an exception). `size` is the
 *   number of keys that the same call of `batch` loaded, and 1 for a call of the function itself.
 * - `Store`: a value was written, for `ttl`. `Skip`: it was not, because the policy does not store it. `Discard`: it
 *   was not, because the key was deleted or written while the function ran, its lease was lost or could not be taken,
 *   the load took too long, or its arguments have changed.
 * - `Delete`: an entry was deleted; `Touch`: its lifetime was renewed; `Clear`: the namespace was cleared;
 *   `Purge`: a tag was purged (`key` is that of its generation).
 * - `Invalid`: the store held something that is not a value of the codec's type.
 * - `Fault`: the store, the key or the codec failed. `operation` is what failed: a function of the store, `key` or
 *   `encode`.
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
 * A function that a ring calls with each event: `console.log`, for example, or `Console.log` of fp-ts. It may do its
 * work immediately, or return an `IO`, which the ring runs, or a promise, which the ring does not wait for. The caller
 * of the ring waits for the observer, so it should be quick. If it throws or its promise rejects, the ring only emits
 * the warning `FP_RING_OBSERVER`.
 *
 * @category model
 * @since 0.1.0
 */
export type Observer = (event: RingEvent) => unknown

/**
 * Counters of events.
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
  /** Milliseconds spent in the function. Those of a batch count once. */
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
  readonly observe: (event: RingEvent) => IO<void>
  /** Returns the current counters. */
  readonly stats: IO<Stats>
}

/**
 * Makes a new counter: `observe` is an observer that counts, and `stats` returns the counts.
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
 * Counts one more event; use it as the step of a fold.
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
 * The number of reads that were counted.
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
 * The share of reads that ran the function, from 0 to 1; 0 before the first read. Callers that shared a load are all
 * misses, but the function ran only once for them. Updates run the function too, without a read.
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
 * Adds up the counters of several rings.
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
