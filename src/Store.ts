/**
 * A place for entries: key → raw value, with a lifetime.
 *
 * Laws (each executed over every store):
 *
 * - law 2: a miss is `none`; every value that was stored, `undefined` included, comes back as `some`.
 * - law 10, 11: `delete` succeeds on an absent key; `touch` renews the lifetime, never the value.
 * - law 12: the bulk operations are the single ones pointwise, in order, duplicates included; `[]` touches nothing.
 * - law 17, 18: a lifetime is what the writer said, measured by the store; zero or less stores nothing and
 *   removes what was there; `forever` alone stores without an expiry.
 * - law 31: nothing pretends: what failed is a `left`.
 * - law 35: `clear(prefix)` removes exactly the keys that begin with `prefix`.
 *
 * @since 0.1.0
 */
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Duration } from './Duration'
import type { Key } from './KeyFn'
import type { StoreError } from './RingError'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A raw value with what is left of its life, by the store's own clock (`Duration.forever` where it has no end).
 *
 * @category model
 * @since 0.1.0
 */
export interface Entry<R> {
  readonly value: R
  readonly remaining: Duration
}

/**
 * A store of raw values `R` over a backend `B`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Store<R, B = unknown> {
  /** What the user passed: the client, the map, the cache. Read it through the store, it may be looked up anew. */
  readonly backend: B
  readonly get: (key: Key) => TE.TaskEither<StoreError, O.Option<R>>
  /** As `get`, with the remaining lifetime. */
  readonly read: (key: Key) => TE.TaskEither<StoreError, O.Option<Entry<R>>>
  readonly set: (key: Key, value: R, ttl: Duration) => TE.TaskEither<StoreError, void>
  readonly delete: (key: Key) => TE.TaskEither<StoreError, void>
  readonly has: (key: Key) => TE.TaskEither<StoreError, boolean>
  /** Renews a lifetime; says whether the entry was there. */
  readonly touch: (key: Key, ttl: Duration) => TE.TaskEither<StoreError, boolean>
  readonly getMany: (keys: ReadonlyArray<Key>) => TE.TaskEither<StoreError, ReadonlyArray<O.Option<R>>>
  readonly readMany: (keys: ReadonlyArray<Key>) => TE.TaskEither<StoreError, ReadonlyArray<O.Option<Entry<R>>>>
  /** Of two entries with one key the later wins. */
  readonly setMany: (
    entries: ReadonlyArray<readonly [key: Key, value: R, ttl: Duration]>
  ) => TE.TaskEither<StoreError, void>
  readonly deleteMany: (keys: ReadonlyArray<Key>) => TE.TaskEither<StoreError, void>
  readonly hasMany: (keys: ReadonlyArray<Key>) => TE.TaskEither<StoreError, ReadonlyArray<boolean>>
  readonly touchMany: (
    entries: ReadonlyArray<readonly [key: Key, ttl: Duration]>
  ) => TE.TaskEither<StoreError, ReadonlyArray<boolean>>
  /** Removes exactly the keys that begin with `prefix`. */
  readonly clear: (prefix: string) => TE.TaskEither<StoreError, void>
  /**
   * Present where the values lie in this process's memory: a read with no promise. `undefined` says "not here,
   * or not to be told from a miss": ask `get`.
   */
  readonly peek?: (key: Key) => R | undefined
}
