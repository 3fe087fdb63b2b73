/**
 * Cached functions of an environment: `ring` over `(...args) => ReaderTaskEither<Env, E, A>`.
 *
 * Laws: those of `Ring`, for each environment. Moreover:
 *
 * - two environments meet in one entry where `keyEnv` makes the same of them, or is not there; a load that is under way
 *   for one is then shared by the other.
 *
 * @since 0.1.0
 */
import type * as E from 'fp-ts/Either'
import type * as O from 'fp-ts/Option'
import type { Reader } from 'fp-ts/Reader'
import type * as RTE from 'fp-ts/ReaderTaskEither'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import type { Codec } from './Codec'
import type { Explanation } from './Command'
import { type Config, isCodec } from './internal/interpreter'
import { interpretReader, type ReaderConfig } from './internal/readers'
import type { Arguments, Key } from './KeyFn'
import type * as Ring from './Ring'
import type { DecodeError, EncodeError, RingError } from './RingError'
import type { Store } from './Store'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * The commands of a ring, each waiting for the environment.
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
  /** Whatever the environment: a tag is the store's. */
  readonly purge: (...tags: ReadonlyArray<string>) => RTE.ReaderTaskEither<unknown, RingError, void>
  /** The entries of all environments. */
  readonly clear: () => RTE.ReaderTaskEither<unknown, RingError, void>
}

/**
 * A cached function of an environment: called, it is `getOrUpdate`; `store` and `codec` are its parts.
 *
 * @category model
 * @since 0.1.0
 */
export type ReaderRing<Env, Args extends Arguments, E, A, R, B, X = never> = ((
  ...args: Args
) => RTE.ReaderTaskEither<Env, E | X, A>) &
  ReaderCommands<Env, Args, E, A, R, X> & { readonly store: Store<R, B>; readonly codec: Codec<A, R> }

/**
 * What such a ring can be told: as `Ring.Options`, and which part of the environment is in the key. What `keyEnv` gives has
 * to be keyable; without it the environment takes no part, so leave it out only where every environment means the
 * same data (a logger, a connection), never where it says whose they are (a tenant, a user). The functions of the policy
 * are given the environment before the other arguments.
 *
 * @category model
 * @since 0.1.0
 */
export type Options<Env, Args extends Arguments, Err, A, C, X> = Omit<
  Ring.Settings<C, X, A, readonly [env: Env, ...args: Args], 'getOrUpdate', Err>,
  'default'
> & {
  readonly keyEnv?: (env: Env) => unknown
  readonly batch?: (argsList: ReadonlyArray<Args>) => RTE.ReaderTaskEither<Env, Err, ReadonlyArray<A>>
  readonly batchEach?: (argsList: ReadonlyArray<Args>) => Reader<Env, T.Task<ReadonlyArray<E.Either<Err, A>>>>
  readonly tags?: (...args: Args) => ReadonlyArray<string>
} & Ring.KeyOption<Args>

// no ReaderTaskEither here: see `Ring`
type AnyFn = (...args: never) => (env: never) => () => Promise<unknown>
type EnvOf<F extends AnyFn> = Parameters<ReturnType<F>>['length'] extends 0
  ? unknown
  : Parameters<ReturnType<F>>[0]
type Answer<F extends AnyFn> = Awaited<ReturnType<ReturnType<ReturnType<F>>>>
type ErrorOf<F extends AnyFn> = Extract<Answer<F>, E.Left<unknown>>['left']
type ValueOf<F extends AnyFn> = Extract<Answer<F>, E.Right<unknown>>['right']

type RingOf<F extends AnyFn, R, B, X> = ReaderRing<EnvOf<F>, Parameters<F>, ErrorOf<F>, ValueOf<F>, R, B, X>
type OptionsOf<F extends AnyFn, C, X> = Options<EnvOf<F>, Parameters<F>, ErrorOf<F>, ValueOf<F>, C, X>

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/* eslint-disable @typescript-eslint/unified-signatures -- with a codec and without one */

/**
 * Caches a function of an environment. At once, `ringReader(fn, { store, codec, keyEnv, … })`, or as the last step of a
 * pipe, `pipe(fn, ringReader(store, codec, options))`. Every effect is a `ReaderTaskEither`; a load in the background
 * has the environment of who asked for it.
 *
 * Throws a `TypeError` for what is wired wrongly: no name and no key.
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
export function ringReader<F extends AnyFn, R, B, C = unknown, X = never>(
  fn: F,
  config: OptionsOf<F, C, X> & {
    readonly store: Store<R, B> & NoInfer<C>
    readonly codec: Codec<ValueOf<F>, R>
  }
): RingOf<F, R, B, X>
export function ringReader<F extends AnyFn, R, B, C = unknown, X = never>(
  fn: F,
  config: OptionsOf<F, C, X> & {
    readonly store: Store<R, B> & NoInfer<C> & Ring.Holding<R, ValueOf<F>>
    readonly codec?: never
  }
): RingOf<F, R, B, X>
export function ringReader<R, A, B, Env, Args extends Arguments, Err, C = unknown, X = never>(
  store: Store<R, B> & NoInfer<C>,
  codec: Codec<A, R>,
  ...options: Ring.KeyOption<Args> extends { readonly key: unknown }
    ? readonly [options: Options<Env, Args, Err, A, C, X>]
    : readonly [options?: Options<Env, Args, Err, A, C, X>]
): (fn: (...args: Args) => RTE.ReaderTaskEither<Env, Err, A>) => ReaderRing<Env, Args, Err, A, R, B, X>
/* eslint-enable @typescript-eslint/unified-signatures */
export function ringReader(...given: ReadonlyArray<unknown>): unknown {
  const [first, second, third] = given
  // the proof: the overloads say which of the forms these are, told apart by what no two of them share
  if (typeof first === 'function') return interpretReader(first as Unknown, second as ReaderConfig)
  const [codec, options] = isCodec(second) ? [second, third] : [undefined, second]
  return (fn: Unknown) =>
    interpretReader(fn, {
      ...(options as Partial<ReaderConfig> | undefined),
      store: first as Config['store'],
      ...(codec === undefined ? {} : { codec })
    })
}

type Unknown = (...args: Arguments) => (env: unknown) => TE.TaskEither<unknown, unknown>
