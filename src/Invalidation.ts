/**
 * Invalidation: how a near tier is notified when another process changes the far tier. See `Store.tiered`.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type * as TE from 'fp-ts/TaskEither'

import type { Duration } from './Duration'
import type { Key } from './KeyFn'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A change: of some keys, or of all keys that begin with a prefix.
 *
 * @category model
 * @since 0.1.0
 */
export type Change =
  | { readonly _tag: 'Keys'; readonly keys: ReadonlyArray<Key> }
  | { readonly _tag: 'Prefix'; readonly prefix: string }

/**
 * The listener of a tier. `changed`: the tier removes its copies of these keys. `lost`: a change may have been missed,
 * so the tier removes all copies before it serves any. The feed calls `lost` synchronously, before other code can run,
 * and may call it more often than necessary.
 *
 * @category model
 * @since 0.1.0
 */
export interface Listener {
  readonly changed: (change: Change) => void
  readonly lost: () => void
}

/**
 * A feed of changes. A tier keeps no copies of keys that the feed does not cover. If several tiers share a feed, the
 * feed cannot know which of them reports a change, so it must notify all of them.
 *
 * @category model
 * @since 0.1.0
 */
export interface Invalidation {
  /** Begins to listen; each tier calls it once. Returns a function that stops it. */
  readonly listen: (listener: Listener) => IO<() => void>
  /**
   * Whether, from now on, the listener is notified of each change of this key by any process, or else `lost` is called.
   * The tier asks when it reads the far store, not when it serves a copy. So if the answer becomes `false`, `lost` must
   * be called in the same turn of the event loop.
   */
  readonly covers: (key: Key) => boolean
  /**
   * If present, the tier calls it at every hit, before it serves a copy. It calls `lost` if the feed could not receive
   * for too long, for example because the process was suspended.
   */
  readonly check?: IO<void>
  /**
   * Notifies the others of a change that the far tier already has. If the far tier does that itself, it does nothing.
   * It may fail with any error; one whose `code` is `ETIMEDOUT` means that there was no answer in time. The tier turns
   * the error into a `StoreError`, because it knows the operation.
   */
  readonly tell: (change: Change) => TE.TaskEither<unknown, void>
  /** Whether a tier is notified of its own changes too: then it keeps no copy of what it writes. */
  readonly echoes: boolean
  /** If present, `tell` answers within this time. */
  readonly deadline?: Duration
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * Makes feeds for the tiers of one process. Each tier gets a feed of its own, and is notified of all changes by the
 * others.
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
export const local = (): (() => Invalidation) => {
  const feeds = new Set<ReadonlySet<{ readonly listener: Listener }>>()
  return () => {
    const own = new Set<{ readonly listener: Listener }>()
    return {
      listen: (listener) => () => {
        const one = { listener }
        own.add(one)
        feeds.add(own)
        return () => {
          own.delete(one)
          if (own.size === 0) feeds.delete(own)
        }
      },
      covers: () => own.size > 0,
      tell: (change) => () => {
        // if several tiers share a feed, it is not known which of them made the change: all of them are notified
        feeds.forEach((feed) => {
          if (feed !== own || own.size > 1) feed.forEach(({ listener }) => listener.changed(change))
        })
        return Promise.resolve(E.right(undefined))
      },
      echoes: false
    }
  }
}
