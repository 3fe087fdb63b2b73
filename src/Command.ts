/**
 * The commands of a cached function: a table of programs over key, codec, store and function.
 *
 * Laws (one caller, no faults):
 *
 * - law 7: `update(x)` or `set(v)(x)`, then `get(x)`, is `some` of that value; the last write wins.
 * - law 8: `get` never runs the function, `execute` never touches the store, `has(x) ⇔ isSome(get(x))`.
 * - law 9: `getOrUpdate` runs the function once on a miss and never on a fresh hit.
 * - law 10, 11: after `delete`, `get` is none; `touch` renews the lifetime, never the value.
 * - law 12: `fMany([x, …])` does `f(x)` for each `x`, in order, duplicates included, in one round trip; `[]` does
 *   nothing.
 * - law 13: nothing happens until a task is run, and a task that is run twice happens twice.
 *
 * @since 0.1.0
 */
import type { Either } from 'fp-ts/Either'
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Codec } from './codecs/model'
import type { Decision, Verdict } from './Decision'
import type { Duration } from './Duration'
import type { Arguments, Key, KeyFn } from './KeyFn'
import type { DecodeError, EncodeError, Operation, RingError } from './RingError'
import type { Store } from './stores/model'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * The parts of a ring, for commands that you write yourself (the name is the original's).
 *
 * @category model
 * @since 0.1.0
 */
export interface Rope<Args extends Arguments, E, A, R, B> {
  readonly name: string
  readonly key: KeyFn<Args>
  readonly codec: Codec<A, R>
  readonly store: Store<R, B>
  readonly execute: (...args: Args) => TE.TaskEither<E, A>
}

/**
 * The command table of a ring over a function `(...args: Args) => TaskEither<E, A>`. `R` is the type of values in the
 * store. `X` is the type of the errors that the policy adds to the cached function (by default `never`).
 *
 * @category model
 * @since 0.1.0
 */
export interface Commands<Args extends Arguments, E, A, R, X = never> {
  /** Returns a fresh hit, or runs the function and stores its value. The caller sees no faults of the cache. */
  readonly getOrUpdate: (...args: Args) => TE.TaskEither<E | X, A>
  /** Returns the cached value, if there is one. */
  readonly get: (...args: Args) => TE.TaskEither<RingError, O.Option<A>>
  /** Runs the function, without the cache. */
  readonly execute: (...args: Args) => TE.TaskEither<E, A>
  /** Runs the function and stores its value; fails if the write fails. */
  readonly update: (...args: Args) => TE.TaskEither<E | RingError, A>
  /** Stores a value that you have. */
  readonly set: (value: A) => (...args: Args) => TE.TaskEither<RingError, void>
  /** Deletes the entry; the values of loads that are under way are not stored. */
  readonly delete: (...args: Args) => TE.TaskEither<RingError, void>
  /** Whether there is an entry. */
  readonly has: (...args: Args) => TE.TaskEither<RingError, boolean>
  /** Renews the lifetime of an entry; returns whether there was one. */
  readonly touch: (...args: Args) => TE.TaskEither<RingError, boolean>
  /** The ring's key function itself: for arguments without a key it throws a `KeyError`. */
  readonly key: KeyFn<Args>
  readonly encode: (value: A) => Either<EncodeError, R>
  /** Decodes a raw value, for example one that you read from the backend yourself. */
  readonly decode: (raw: R) => Either<DecodeError, A>
  readonly getMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<RingError, ReadonlyArray<O.Option<A>>>
  /** Makes one round trip for the hits, and one call of `batch` (if present) for the misses. */
  readonly getOrUpdateMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<X, ReadonlyArray<Either<E, A>>>
  readonly executeMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<never, ReadonlyArray<Either<E, A>>>
  readonly updateMany: (
    argsList: ReadonlyArray<Args>
  ) => TE.TaskEither<RingError, ReadonlyArray<Either<E, A>>>
  /** If two entries have the same key, the later one wins. */
  readonly setMany: (
    entries: ReadonlyArray<readonly [args: Args, value: A]>
  ) => TE.TaskEither<RingError, void>
  readonly deleteMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<RingError, void>
  readonly hasMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<RingError, ReadonlyArray<boolean>>
  readonly touchMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<RingError, ReadonlyArray<boolean>>
  readonly keyMany: (argsList: ReadonlyArray<Args>) => ReadonlyArray<Key>
  /**
   * Returns what `getOrUpdate` would do now: what it finds, and what it would serve and load. It does not run the
   * function.
   */
  readonly explain: (...args: Args) => TE.TaskEither<RingError, Explanation>
  /**
   * Hides every entry with one of these tags whose load began before now, whichever ring over the store made it. It is
   * one command, whatever the number of entries.
   */
  readonly purge: (...tags: ReadonlyArray<string>) => TE.TaskEither<RingError, void>
  /** Deletes every entry of the ring's namespace: the keys that begin with its key function's `prefix`. */
  readonly clear: () => TE.TaskEither<RingError, void>
}

/**
 * What `getOrUpdate` would do: the verdict on the entry in the store, whether it holds a value or a stored error, its
 * remaining lifetime by the store's clock (`none` if there is no entry), and the decision.
 *
 * @category model
 * @since 0.1.0
 */
export interface Explanation extends Decision {
  readonly key: Key
  readonly verdict: Verdict
  readonly holds: 'value' | 'error' | 'nothing'
  readonly remaining: O.Option<Duration>
  /** If nothing may be served: why the last loaded value is not in the store, if that is known. */
  readonly unstored?: Unstored
}

/**
 * Why a value that was loaded or set is not in the store. `at` is the function of the store or the codec (`encode`,
 * `decode`) that failed; or `policy`, if the policy does not store the value; or `discard`, as in the event of this
 * name. `message` is that of the error. A ring remembers this for at least the last thousand keys, for ten minutes, in
 * its own process.
 *
 * @category model
 * @since 0.1.0
 */
export interface Unstored {
  readonly at: Operation | 'encode' | 'decode' | 'policy' | 'discard'
  readonly message: string
  readonly ago: Duration
}

/**
 * The commands that take the arguments of the function, so that the ring itself can be one of them.
 *
 * @category model
 * @since 0.1.0
 */
export type SingleCommand =
  | 'getOrUpdate'
  | 'get'
  | 'execute'
  | 'update'
  | 'delete'
  | 'has'
  | 'touch'
  | 'key'
  | 'explain'
