/**
 * How a near tier hears what others do to the far one: see `Store.tiered`.
 *
 * @since 0.1.0
 */
import type { IO } from 'fp-ts/IO'
import type * as TE from 'fp-ts/TaskEither'

import type { Duration } from './Duration'
import { makeLocalFeed } from './internal/localFeed'
import type { Key } from './KeyFn'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * What has changed: some keys, or all that begin with a prefix.
 *
 * @category model
 * @since 0.1.0
 */
export type Change =
  | { readonly _tag: 'Keys'; readonly keys: ReadonlyArray<Key> }
  | { readonly _tag: 'Prefix'; readonly prefix: string }

/**
 * Who is told. `changed`: whatever lies near of these keys goes. `lost`: a change may have been missed, so all that lies near
 * goes before anything is served from there. It is told at once, before anything else can run, and may be told too often.
 *
 * @category model
 * @since 0.1.0
 */
export interface Listener {
  readonly changed: (change: Change) => void
  readonly lost: () => void
}

/**
 * A feed of changes. What it does not cover is not kept near. Of several tiers that share a feed nobody knows which one tells,
 * so each of them has to hear it.
 *
 * @category model
 * @since 0.1.0
 */
export interface Invalidation {
  /** Begins to listen, once for each tier; gives what ends it. */
  readonly listen: (listener: Listener) => IO<() => void>
  /**
   * Whether each change of this key, by whomever, is heard from now on, or `lost` is. It is asked when the far store is, and
   * not when a copy is served: so where it becomes `false`, `lost` is told in the same turn.
   */
  readonly covers: (key: Key) => boolean
  /**
   * Where it is there, it is called before anything is served from near, at every hit. It calls `lost` where nothing could
   * be heard for too long, as when the process stood still.
   */
  readonly check?: IO<void>
  /**
   * Tells the others of a change that is in the far tier already. Nothing, where the far tier does. It fails with whatever
   * was in the way; an error whose `code` is `ETIMEDOUT` says that there was no answer in time. The tier makes the
   * `StoreError` of it, as it knows what was to be done.
   */
  readonly tell: (change: Change) => TE.TaskEither<unknown, void>
  /** Whether one hears one's own changes, too: then what one writes is not kept near. */
  readonly echoes: boolean
  /** Where it is there: `tell` answers within this time. */
  readonly deadline?: Duration
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * A feed for the tiers of one process: whoever has one of the feeds that it gives hears of all changes but its own.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as O from 'fp-ts/Option'
 * import { dict, Duration, Invalidation, Store } from 'fp-ring'
 *
 * const far = dict<string>()
 * const join = Invalidation.local()
 * const one = Store.tiered({ near: dict<string>(), far, invalidation: join() })
 * const two = Store.tiered({ near: dict<string>(), far, invalidation: join() })
 * const test = async () => {
 *   await one.set('k', 'old', Duration.minutes(1))()
 *   await two.get('k')() // from now on it lies near
 *   await one.set('k', 'new', Duration.minutes(1))()
 *   assert.deepStrictEqual(await two.get('k')(), E.right(O.some('new')))
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const local: () => () => Invalidation = makeLocalFeed
