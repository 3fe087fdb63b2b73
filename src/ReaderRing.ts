/**
 * Cached functions of an environment: `ring` over `(...args) => ReaderTaskEither<Env, E, A>`.
 *
 * Laws: those of `Ring`, for each environment. Moreover:
 *
 * - two environments share an entry if `keyEnv` returns the same for both, or is `'none'`; a load under way for one
 *   is then shared by the other.
 *
 * @since 0.1.0
 */
import type * as E from 'fp-ts/Either'
import type * as O from 'fp-ts/Option'
import type { Reader } from 'fp-ts/Reader'
import type * as RTE from 'fp-ts/ReaderTaskEither'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import type { Codec } from './codecs/model'
import type { Explanation } from './Command'
import type { Arguments, IsKeyable, Key } from './KeyFn'
import type * as Ring from './Ring'
import { configOf, isDataFirst, noMore } from './ring/config'
import type { Unheld, Unmet } from './ring/mistakes'
import type { Dissectible } from './ring/model'
import { checkedReader, interpretReader, type ReaderConfig } from './ring/readers'
import type {
  AnyFn,
  AnyReader,
  ArgumentsIn,
  ErrorIn,
  FitReader,
  KeptReader,
  NotAnyReader,
  ReaderFailure,
  ReaderValue,
  ValueIn
} from './ring/signatures'
import type { DecodeError, EncodeError, RingError } from './RingError'
import type { Store } from './stores/model'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * The commands of a ring; each takes the environment last.
 *
 * @category model
 * @since 0.1.0
 */
export interface ReaderCommands<Env, Args extends Arguments, E, A, R, X = never> {
  readonly getOrUpdate: (...args: Args) => RTE.ReaderTaskEither<Env, E | X, A>
  readonly get: (...args: Args) => RTE.ReaderTaskEither<Env, RingError, O.Option<A>>
  readonly execute: (...args: Args) => RTE.ReaderTaskEither<Env, E, A>
  readonly update: (...args: Args) => RTE.ReaderTaskEither<Env, E | RingError, A>
  readonly set: (value: A) => (...args: Args) => RTE.ReaderTaskEither<Env, RingError, void>
  readonly delete: (...args: Args) => RTE.ReaderTaskEither<Env, RingError, void>
  readonly has: (...args: Args) => RTE.ReaderTaskEither<Env, RingError, boolean>
  readonly touch: (...args: Args) => RTE.ReaderTaskEither<Env, RingError, boolean>
  readonly explain: (...args: Args) => RTE.ReaderTaskEither<Env, RingError, Explanation>
  readonly key: (...args: Args) => Reader<Env, Key>
  readonly encode: (value: A) => E.Either<EncodeError, R>
  readonly decode: (raw: R) => E.Either<DecodeError, A>
  readonly getMany: (
    argsList: ReadonlyArray<Args>
  ) => RTE.ReaderTaskEither<Env, RingError, ReadonlyArray<O.Option<A>>>
  readonly getOrUpdateMany: (
    argsList: ReadonlyArray<Args>
  ) => RTE.ReaderTaskEither<Env, X, ReadonlyArray<E.Either<E, A>>>
  readonly executeMany: (
    argsList: ReadonlyArray<Args>
  ) => RTE.ReaderTaskEither<Env, never, ReadonlyArray<E.Either<E, A>>>
  readonly updateMany: (
    argsList: ReadonlyArray<Args>
  ) => RTE.ReaderTaskEither<Env, RingError, ReadonlyArray<E.Either<E, A>>>
  readonly setMany: (
    entries: ReadonlyArray<readonly [args: Args, value: A]>
  ) => RTE.ReaderTaskEither<Env, RingError, void>
  readonly deleteMany: (argsList: ReadonlyArray<Args>) => RTE.ReaderTaskEither<Env, RingError, void>
  readonly hasMany: (
    argsList: ReadonlyArray<Args>
  ) => RTE.ReaderTaskEither<Env, RingError, ReadonlyArray<boolean>>
  readonly touchMany: (
    argsList: ReadonlyArray<Args>
  ) => RTE.ReaderTaskEither<Env, RingError, ReadonlyArray<boolean>>
  readonly keyMany: (argsList: ReadonlyArray<Args>) => Reader<Env, ReadonlyArray<Key>>
  /** The same for all environments: tags belong to the store. */
  readonly purge: (...tags: ReadonlyArray<string>) => RTE.ReaderTaskEither<unknown, RingError, void>
  /** Clears the entries of all environments. */
  readonly clear: () => RTE.ReaderTaskEither<unknown, RingError, void>
}

/**
 * A cached function of an environment. A call runs `getOrUpdate`; `store` and `codec` are its parts.
 *
 * @category model
 * @since 0.1.0
 */
export type ReaderRing<Env, Args extends Arguments, E, A, R, B, X = never> = ((
  ...args: Args
) => RTE.ReaderTaskEither<Env, E | X, A>) &
  ReaderCommands<Env, Args, E, A, R, X> & {
    readonly store: Store<R, B>
    readonly codec: Codec<A, R>
  } & Dissectible

/**
 * The commands of every ring over `(...args: Args) => ReaderTaskEither<Env, E, A>`, for any store and codec. `X` is the
 * errors that its policy may surface besides `E`.
 *
 * @category model
 * @since 0.1.0
 */
export interface ReaderService<Env, Args extends Arguments, E, A, X = never>
  extends Omit<ReaderCommands<Env, Args, E, A, never, X>, 'encode' | 'decode'>,
    Dissectible {
  (...args: Args): RTE.ReaderTaskEither<Env, E | X, A>
}

/**
 * A ring of a function of an environment, by the type of the function, for any store and codec:
 * `ReaderRing.Of<typeof fetchUser>`. `X` is the errors that its policy may surface besides the function's own.
 *
 * @category model
 * @since 0.1.0
 */
export type Of<F extends AnyFn, X = never> = ReaderService<
  EnvIn<ReturnType<F>>,
  ArgumentsIn<F>,
  ErrorIn<Within<ReturnType<F>>>,
  ValueIn<Within<ReturnType<F>>>,
  X
>

/**
 * The options of such a ring: those of `Ring.Options`, and `keyEnv`, the part of the environment that is in the key.
 * `keyEnv` is required. It is a function that returns something keyable that identifies the owner of the data (a
 * tenant, a user), or `'none'` if the data do not depend on the environment (a logger, a connection). The functions of
 * the policy, and `tags`, get the environment before the other arguments.
 *
 * @category model
 * @since 0.1.0
 */
export type Options<Env, Args extends Arguments, Err, A, C, X, K> = Omit<
  Ring.Settings<C, X, A, readonly [env: Env, ...args: Args], 'getOrUpdate', Err>,
  'default'
> & {
  readonly keyEnv: KeyEnv<Env, K>
  readonly batch?: (argsList: ReadonlyArray<Args>) => RTE.ReaderTaskEither<Env, Err, ReadonlyArray<A>>
  readonly batchEach?: (argsList: ReadonlyArray<Args>) => Reader<Env, T.Task<ReadonlyArray<E.Either<Err, A>>>>
  readonly tags?: (env: Env, ...args: Args) => ReadonlyArray<string>
} & Ring.KeyOption<Args>

/** The part of an environment that is in the key; it must be keyable. */
type KeyEnv<Env, K> = 'none' | ((env: Env) => K & Keyable<K>)
type Keyable<K> = IsKeyable<K> extends false
  ? { readonly 'this part of the environment has no key of its own': never }
  : unknown

/** The environment that a reader takes; any, if it takes none. */
type EnvIn<T> = Parameters<Extract<T, (env: never) => unknown>>['length'] extends 0
  ? unknown
  : Parameters<Extract<T, (env: never) => unknown>>[0]
/** What a reader returns for its environment. */
type Within<T> = ReturnType<Extract<T, (env: never) => unknown>>

/** If the type of the function is not known, see the forms outside of a pipe. */
type Known<F extends AnyReader> = AnyReader extends F ? never : unknown

/**
 * `ringReader(store, codec, options)` outside of a pipe: the options state the types of the function.
 *
 * @category model
 * @since 0.1.0
 */
export interface ReaderStrategy<Env, Args extends Arguments, Err, A, R, B, X = never> {
  <F extends (...args: Args) => RTE.ReaderTaskEither<Env, Err, A>>(
    fn: F & KeptReader<F, Unheld<R, A>>
  ): ReaderRing<Env, Args, Err, A, R, B, X>
}

type OptionsOf<Args extends Arguments, T, C, X, K> = Options<
  EnvIn<T>,
  Args,
  ErrorIn<Within<T>>,
  ValueIn<Within<T>>,
  C,
  X,
  K
>

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/* eslint-disable @typescript-eslint/unified-signatures -- with a codec and without one */

/**
 * Caches a function of an environment. Either directly, `ringReader(fn, { store, codec, keyEnv, … })`, or as the last
 * step of a pipe, `pipe(fn, ringReader(store, codec, options))`. Every effect is a `ReaderTaskEither`; a load in the
 * background has the environment of the caller that caused it.
 *
 * Throws a `TypeError` for wrong wiring: for example, neither a name nor a key, or no `keyEnv`.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as O from 'fp-ts/Option'
 * import * as RTE from 'fp-ts/ReaderTaskEither'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, ringReader } from 'fp-ring'
 *
 * interface Env { readonly tenant: string; readonly query: (id: number) => TE.TaskEither<Error, string> }
 * const fetchName = (id: number): RTE.ReaderTaskEither<Env, Error, string> => ({ query }) => query(id)
 *
 * const name = ringReader(fetchName, { store: dict(), keyEnv: ({ tenant }) => tenant })
 * const env: Env = { tenant: 'acme', query: (id) => TE.right(`user ${id}`) }
 *
 * assert.strictEqual(name.key(1)(env), "fetchName:1~'acme'")
 * const test = async () => {
 *   assert.deepStrictEqual(await name(1)(env)(), E.right('user 1'))
 *   assert.deepStrictEqual(await name.get(1)(env)(), E.right(O.some('user 1')))
 *   assert.deepStrictEqual(await name.get(1)({ ...env, tenant: 'other' })(), E.right(O.none))
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export function ringReader<F extends AnyFn, Args extends Arguments, T, R, B, K, C = unknown, X = never>(
  fn: FitReader<F, Args, T>,
  config: NotAnyReader<F> &
    OptionsOf<ArgumentsIn<F>, T, C, X, K> & {
      readonly store: Store<R, B> & NoInfer<C>
      readonly codec: Codec<ValueIn<Within<T>>, R>
    }
): ReaderRing<EnvIn<T>, Args, ErrorIn<Within<T>>, ValueIn<Within<T>>, R, B, NoInfer<X>>
// in a pipe, the function is known
export function ringReader<F extends AnyReader, R, A, B, K, C = unknown, X = never>(
  store: Store<R, B> & NoInfer<C>,
  codec: Codec<A, R>,
  options: OptionsOf<ArgumentsIn<F>, ReturnType<F>, C, X, K> & Known<F>
): (
  fn: F & KeptReader<F, Unmet<Arguments, Within<ReturnType<F>>, Arguments, unknown, A>>
) => ReaderRing<EnvIn<ReturnType<F>>, ArgumentsIn<F>, ReaderFailure<F>, ReaderValue<F>, R, B, X>
export function ringReader<F extends AnyReader, R, B, K, C = unknown, X = never>(
  store: Store<R, B> & NoInfer<C>,
  options: OptionsOf<ArgumentsIn<F>, ReturnType<F>, C, X, K> & Known<F>
): (
  fn: F & KeptReader<F, Unheld<R, ReaderValue<F>>>
) => ReaderRing<EnvIn<ReturnType<F>>, ArgumentsIn<F>, ReaderFailure<F>, ReaderValue<F>, R, B, X>
// outside of a pipe, the options state the types of the function
export function ringReader<R, A, B, Env, Args extends Arguments, Err, K, C = unknown, X = never>(
  store: Store<R, B> & NoInfer<C>,
  codec: Codec<A, R>,
  options: Options<Env, Args, Err, A, C, X, K>
): ReaderStrategy<Env, Args, Err, A, R, B, X>
export function ringReader<R, A, B, Env, Args extends Arguments, Err, K, C = unknown, X = never>(
  store: Store<R, B> & NoInfer<C>,
  options: Options<Env, Args, Err, A, C, X, K>
): ReaderStrategy<Env, Args, Err, A, R, B, X>
// the compiler explains the last overload
export function ringReader<F extends AnyFn, Args extends Arguments, T, R, B, K, C = unknown, X = never>(
  fn: FitReader<F, Args, T>,
  config: NotAnyReader<F> &
    OptionsOf<ArgumentsIn<F>, T, C, X, K> & {
      readonly store: Store<R, B> & NoInfer<C> & Ring.Holding<R, ValueIn<Within<T>>>
      readonly codec?: never
    }
): ReaderRing<EnvIn<T>, Args, ErrorIn<Within<T>>, ValueIn<Within<T>>, R, B, NoInfer<X>>
/* eslint-enable @typescript-eslint/unified-signatures */
export function ringReader(...given: ReadonlyArray<unknown>): unknown {
  const [first, second, third] = given
  // SAFETY: the arguments are those of one of the overloads, which are distinguished by what no two of them share
  if (isDataFirst(first)) {
    noMore('ringReader', third)
    return interpretReader(first as Unknown, second as ReaderConfig)
  }
  const config = configOf('ringReader', given)
  checkedReader(config)
  return (fn: Unknown) => interpretReader(fn, config as unknown as ReaderConfig)
}

type Unknown = (...args: Arguments) => (env: unknown) => TE.TaskEither<unknown, unknown>
