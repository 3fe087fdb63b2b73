/**
 * Cached functions: how they are made, and what can be made from them.
 *
 * Laws:
 *
 * - law 6: with `isolate`, no two callers share a value that its codec accepts, and none gets the cached one.
 * - law 13: building a ring has no effect.
 * - law 14: `pipe(fn, ring(store, codec)) ≡ ring(fn, { store, codec }) ≡ ring(fn, { store: encoded(codec)(store) })`.
 * - law 20: one load at a time per key and process, shared by all callers that call meanwhile.
 * - law 21: invalidation wins: no load that began before a `delete` or `set` ended, or before the `update` that was
 *   stored began, is stored after it.
 * - law 26, 27: a failure of the cache is not a failure of the function, unless the policy is `strict`.
 * - contravariance: `contramap(identity) ≡ identity`, `contramap(f) ∘ contramap(g) ≡ contramap(g ∘ f)`,
 *   `bind(self) ≡ contramap((...args) => [self, ...args])`.
 * - `map(identity)` changes no answer, `map(g) ∘ map(f) ≡ map(g ∘ f)`, and the same for `imap`.
 *
 * @since 0.1.0
 */
import type * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as RR from 'fp-ts/ReadonlyRecord'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import type * as Clock from './Clock'
import type { Codec } from './codecs/model'
import type { Commands, Rope, SingleCommand } from './Command'
import * as Duration from './Duration'
import type * as KeyFn from './KeyFn'
import type * as Policy from './Policy'
import { interpret } from './ring/build'
import { checkedCommon, checkedConfig, type Config, configOf, isDataFirst, noMore } from './ring/config'
import { drained } from './ring/drain'
import type {
  FirstOf,
  NotARing,
  NotShared,
  OwnInRecord,
  OwnInUsing,
  SecondOf,
  ThirdOf,
  Unaccepted,
  Unheld,
  Unkeyed,
  Unmet
} from './ring/mistakes'
import type { Dissectible, Types } from './ring/model'
import { type AnyRing, bound, contramapped } from './ring/over'
import type {
  AnyFn,
  AnyTypes,
  ArgumentsIn,
  Bringing,
  ErrorIn,
  ErrorOf,
  Fit,
  FitOf,
  Fn,
  ValueIn,
  ValueOf
} from './ring/signatures'
import { imapped, isolated, mapped } from './ring/views'
import type { Observer } from './RingEvent'
import type * as Store from './stores/model'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

type Arguments = KeyFn.Arguments

export * from './ring/links'
export * from './ring/model'
export * from './ring/promises'

/** No user commands. */
type None = Record<never, never>

/**
 * A cached function. A call runs the command that `default` names; without it, `getOrUpdate`, which has the type of the
 * function. Its properties are the commands, its store and its codec.
 *
 * @category model
 * @since 0.1.0
 */
export type Ring<
  Args extends Arguments,
  E,
  A,
  R,
  B,
  X = never,
  Cmd = None,
  D extends PropertyKey = 'getOrUpdate'
> = Called<Args, E, A, R, X, Cmd, D> & {
  readonly store: Store.Store<R, B>
  readonly codec: Codec<A, R>
} & Omit<Commands<Args, E, A, R, X>, keyof Cmd> &
  Cmd &
  Dissectible<Types<Args, E, A, R, B, X, Cmd, D>>

type Called<Args extends Arguments, E, A, R, X, Cmd, D extends PropertyKey> = D extends keyof Cmd
  ? Cmd[D]
  : D extends 'getOrUpdate'
  ? (...args: Args) => TE.TaskEither<E | X, A>
  : D extends SingleCommand
  ? Commands<Args, E, A, R, X>[D]
  : never

/**
 * The commands of every ring over `(...args: Args) => TaskEither<E, A>`, for any store and codec: the type for the
 * interface of a service. `X` is the errors that its policy may surface besides `E`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Service<Args extends Arguments, E, A, X = never>
  extends Omit<Commands<Args, E, A, never, X>, 'encode' | 'decode'>,
    Dissectible {
  (...args: Args): TE.TaskEither<E | X, A>
}

/**
 * A ring by the type of its function, for any store and codec: `Ring.Of<typeof fetchUser>`. `X` is the errors that its
 * policy may surface besides the function's own.
 *
 * @category model
 * @since 0.1.0
 */
export type Of<F extends AnyFn, X = never> = Service<ArgumentsIn<F>, ErrorOf<F>, ValueOf<F>, X>

/**
 * The options of a ring that do not depend on the arguments of its function. The default key begins with `name` (or
 * else with the function's own name) and ends with `version`. `default` names the command that runs when the ring is
 * called.
 *
 * @category model
 * @since 0.1.0
 */
export interface Settings<C, X, A, PArgs extends Arguments, D, PE = unknown> {
  readonly name?: string
  readonly version?: string | number
  readonly policy?: Policy.Policy<C, X, A, PArgs, PE>
  readonly default?: D
  readonly observe?: Observer
  readonly clock?: Clock.Clock
  /**
   * Returns a number from 0 to 1 (1 excluded), for jitter, early refresh, and the pauses of a caller that waits for a
   * lease.
   */
  readonly random?: () => number
  /**
   * Called with the promise of each load, and of each write for which no caller waits. Pass the `waitUntil` of a
   * platform that ends all work with the request, as Cloudflare Workers do: otherwise a load in the background never
   * ends. The promise does not reject.
   */
  readonly waitUntil?: (work: Promise<unknown>) => void
  /**
   * Declares that other functions share the entries of this name on purpose, such as the same field of each instance of
   * a class. Without it, a second function with the same prefix in one store causes a warning: `FP_RING_SHARED_NAME`.
   */
  readonly sharesEntries?: boolean
  /** Whether faults that no observer receives become process warnings, `FP_RING_FAULT` (default: yes). */
  readonly warnings?: boolean
}

/**
 * The options of a ring. `key` is needed if the default key cannot distinguish the arguments. `batch` loads the misses
 * of a bulk command, if there are two or more, in one call, and answers in their order; a failure is a failure for all
 * of them. `batchEach` does the same with an answer for each. `commands` adds your own commands to the table, or
 * replaces commands of the same name. `tags` returns the groups of an entry, which `purge` hides at once. It depends on
 * the arguments alone, and needs a codec that makes bytes, or none.
 *
 * @category model
 * @since 0.1.0
 */
export type Options<Args extends Arguments, Err, A, R, B, C, X, Cmd, D, PE = Err> = Settings<
  C,
  X,
  A,
  Args,
  D,
  PE
> & {
  readonly commands?: (rope: Rope<Args, Err, A, R, B>, base: Commands<Args, Err, A, R, X>) => Cmd
  readonly batch?: (argsList: ReadonlyArray<Args>) => TE.TaskEither<Err, ReadonlyArray<A>>
  readonly batchEach?: (argsList: ReadonlyArray<Args>) => T.Task<ReadonlyArray<E.Either<Err, A>>>
  readonly tags?: (...args: Args) => ReadonlyArray<string>
} & KeyOption<Args>

/**
 * `key` may be left out if the arguments are keyable.
 *
 * @category model
 * @since 0.1.0
 */
export type KeyOption<Args extends Arguments> = KeyFn.AreKeyable<Args> extends true
  ? { readonly key?: KeyFn.KeyFn<Args> }
  : { readonly key: KeyFn.KeyFn<Args> }

/** Without a codec, a store holds the function's values: it must hold their type, or any. */
/** @internal */
export type Holding<R, A> = unknown extends R
  ? unknown
  : [R, A] extends [A, R]
  ? unknown
  : { readonly 'this store needs a codec': never }

/** Settings of a ring that has no function yet. */
type Partly<C, X, A, PArgs extends Arguments, D, PE> =
  | Policy.Policy<C, X, A, PArgs, PE>
  | (Settings<C, X, A, PArgs, D, PE> & {
      readonly key?: never
      readonly commands?: never
      readonly batch?: never
      readonly batchEach?: never
      readonly tags?: never
      // excludes a codec, or an io-ts type
      readonly encode?: never
    })

/**
 * `ring(store, codec, policy)`: takes the function, which returns values `A`, and makes the ring. `PArgs` and `PE` are
 * the arguments and errors that the policy is for.
 *
 * @category model
 * @since 0.1.0
 */
export interface Strategy<
  A,
  R,
  B,
  X = never,
  D extends SingleCommand = 'getOrUpdate',
  PArgs extends Arguments = Arguments,
  PE = unknown
> {
  <F extends AnyFn, Args extends Arguments, T extends Bringing<A>>(
    fn: Fit<F, Args, T, Unkeyed<Args> | Unmet<Args, T, PArgs, PE, A>>
  ): Ring<Args, ErrorIn<T>, A, R, B, X, None, D>
}

/**
 * `ring(store, policy)`: takes the function, whose values the store holds as they are, and makes the ring. `PA` is the
 * values that the policy is for.
 *
 * @category model
 * @since 0.1.0
 */
export interface StrategyByReference<
  R,
  B,
  X = never,
  D extends SingleCommand = 'getOrUpdate',
  PArgs extends Arguments = Arguments,
  PE = unknown,
  PA = unknown
> {
  <F extends AnyFn, Args extends Arguments, T>(
    fn: Fit<F, Args, T, Unkeyed<Args> | Unheld<R, ValueIn<T>> | Unmet<Args, T, PArgs, PE, PA>>
  ): Ring<Args, ErrorIn<T>, ValueIn<T>, R, B, X, None, D>
}

/**
 * `ring(store, { key, … })`: as `StrategyByReference`, with the arguments that its key is for.
 *
 * @category model
 * @since 0.1.0
 */
export interface StrategyByKey<
  Args extends Arguments,
  R,
  B,
  X = never,
  D extends SingleCommand = 'getOrUpdate',
  PE = unknown,
  PA = unknown
> {
  <F extends AnyFn, Own extends Arguments, T>(
    fn: Fit<F, Own, T, Unaccepted<Args, Own> | Unheld<R, ValueIn<T>> | Unmet<Args, T, Arguments, PE, PA>>
  ): Ring<Args, ErrorIn<T>, ValueIn<T>, R, B, X, None, D>
}

/**
 * `ring(store, codec, { key, commands, batch, tags, … })`: takes the function, and makes the ring. The errors of the
 * function are those of `batch`, if there is one.
 *
 * @category model
 * @since 0.1.0
 */
export type StrategyByOptions<
  Args extends Arguments,
  E,
  A,
  R,
  B,
  X,
  Cmd,
  D extends PropertyKey
> = unknown extends E
  ? StrategyForAnyErrors<Args, A, R, B, X, Cmd, D>
  : (fn: TaskEitherFunction<Args, E, A>) => Ring<Args, E, A, R, B, X, Cmd, D>

/**
 * `StrategyByOptions` for a function with any errors.
 *
 * @category model
 * @since 0.1.0
 */
export interface StrategyForAnyErrors<Args extends Arguments, A, R, B, X, Cmd, D extends PropertyKey> {
  <E>(fn: TaskEitherFunction<Args, E, A>): Ring<Args, E, A, R, B, X, Cmd, D>
}

/**
 * A function that returns a `TaskEither`. A function that declares a `this` is not accepted: a ring could not pass it
 * on.
 *
 * @category model
 * @since 0.1.0
 */
export interface TaskEitherFunction<in Args extends Arguments, out E, out A> {
  (this: void, ...args: Args): TE.TaskEither<E, A>
}

/**
 * `using(common)`: `ring` with a fixed store and policy.
 *
 * @category model
 * @since 0.1.0
 */
export interface Using<R, B, X = never> {
  <
    F extends AnyFn,
    Args extends Arguments,
    T,
    Cmd = None,
    D extends SingleCommand | keyof Cmd = 'getOrUpdate'
  >(
    fn: Fit<F, Args, T>,
    ...[own]: Optional<F, R, Own<F, R, B, X, Cmd, D>>
  ): Ring<Args, ErrorIn<T>, ValueIn<T>, R, B, X, Cmd, D>
}

/**
 * `record(common)`: rings of a record of functions.
 *
 * @category model
 * @since 0.1.0
 */
export interface Recording<R, B, X = never> {
  <Fs extends Readonly<Record<string, AnyFn>>>(fns: {
    readonly [K in keyof Fs]: FitOf<Fs[K], Unkeyed<ArgumentsIn<Fs[K]>> | Unheld<R, ValueOf<Fs[K]>>>
  }): { readonly [K in keyof Fs]: Ring<ArgumentsIn<Fs[K]>, ErrorOf<Fs[K]>, ValueOf<Fs[K]>, R, B, X> }
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/* eslint-disable @typescript-eslint/unified-signatures -- the compiler explains the last form only, which is for that */

/**
 * Caches a function. Either directly, `ring(fn, { store, codec, … })`, or as the last step of a pipe,
 * `pipe(fn, ring(store, codec, policy | options))`. A store in this process's memory needs no codec. On its own,
 * `ring(store, codec, policy)` is a strategy that can be applied to any function.
 *
 * Throws a `TypeError` for wrong wiring: for example, neither a name nor a key.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as O from 'fp-ts/Option'
 * import * as TE from 'fp-ts/TaskEither'
 * import * as t from 'io-ts'
 * import { Codec, dict, Duration, Policy, ring } from 'fp-ring'
 *
 * const User = t.type({ id: t.number, name: t.string })
 * const fetchUser = (id: number): TE.TaskEither<Error, t.TypeOf<typeof User>> => TE.right({ id, name: 'Ada' })
 *
 * const store = dict<Uint8Array>()
 * const user = pipe(fetchUser, ring(store, Codec.json(User), Policy.ttl(Duration.minutes(5))))
 *
 * const test = async () => {
 *   assert.deepStrictEqual(await user.get(42)(), E.right(O.none))
 *   assert.deepStrictEqual(await user(42)(), E.right({ id: 42, name: 'Ada' }))
 *   assert.deepStrictEqual(await user.get(42)(), E.right(O.some({ id: 42, name: 'Ada' })))
 *   assert.strictEqual(user.key(42), 'fetchUser:42')
 *   assert.deepStrictEqual(await user.delete(42)(), E.right(undefined))
 *   assert.deepStrictEqual(await user.has(42)(), E.right(false))
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export function ring<
  F extends AnyFn,
  Args extends Arguments,
  T,
  R,
  B,
  C = unknown,
  X = never,
  Cmd = None,
  D extends SingleCommand | keyof Cmd = 'getOrUpdate'
>(
  fn: Fit<F, Args, T>,
  config: Options<ArgumentsIn<F>, ErrorIn<T>, ValueIn<T>, R, B, C, X, Cmd, D> & {
    readonly store: Store.Store<R, B> & NoInfer<C>
    readonly codec: Codec<ValueIn<T>, R>
  }
): Ring<Args, ErrorIn<T>, ValueIn<T>, R, B, X, Cmd, D>
export function ring<
  F extends AnyFn,
  Args extends Arguments,
  T,
  R,
  B,
  C = unknown,
  X = never,
  Cmd = None,
  D extends SingleCommand | keyof Cmd = 'getOrUpdate'
>(
  fn: Fit<F, Args, T>,
  config: Options<ArgumentsIn<F>, ErrorIn<T>, ValueIn<T>, R, B, C, X, Cmd, D> & {
    readonly store: Store.Store<R, B> & NoInfer<C> & Holding<R, ValueIn<T>>
    readonly codec?: never
  }
): Ring<Args, ErrorIn<T>, ValueIn<T>, R, B, X, Cmd, D>
// for generic functions, whose arguments are not known: they need a key
export function ring<
  F extends AnyFn,
  Args extends Arguments,
  T,
  R,
  B,
  C = unknown,
  X = never,
  Cmd = None,
  D extends SingleCommand | keyof Cmd = 'getOrUpdate'
>(
  fn: Fit<F, Args, T>,
  config: Options<Args, ErrorIn<T>, ValueIn<T>, R, B, C, X, Cmd, D> & {
    readonly key: KeyFn.KeyFn<Args>
    readonly store: Store.Store<R, B> & NoInfer<C>
  } & (
      | { readonly codec: Codec<ValueIn<T>, R> }
      | { readonly codec?: never; readonly store: Holding<R, ValueIn<T>> }
    )
): Ring<Args, ErrorIn<T>, ValueIn<T>, R, B, X, Cmd, D>
export function ring<
  R,
  A,
  B,
  C = unknown,
  X = never,
  PArgs extends Arguments = Arguments,
  D extends SingleCommand = 'getOrUpdate',
  PE = unknown
>(
  store: Store.Store<R, B> & NoInfer<C>,
  codec: Codec<A, R>,
  options?: Partly<C, X, A, PArgs, D, PE>
): Strategy<A, R, B, X, D, PArgs, PE>
export function ring<
  R,
  A,
  B,
  Args extends Arguments,
  PE = unknown,
  E extends PE = PE,
  C = unknown,
  X = never,
  Cmd = None,
  D extends SingleCommand | keyof Cmd = 'getOrUpdate'
>(
  store: Store.Store<R, B> & NoInfer<C>,
  codec: Codec<A, R>,
  options: Options<Args, E, A, R, B, C, X, Cmd, D, PE>
): StrategyByOptions<Args, E, A, R, B, X, Cmd, D>
export function ring<
  R,
  B,
  C = unknown,
  X = never,
  PA = unknown,
  PArgs extends Arguments = Arguments,
  D extends SingleCommand = 'getOrUpdate',
  PE = unknown
>(
  store: Store.Store<R, B> & NoInfer<C>,
  options?: Partly<C, X, PA, PArgs, D, PE>
): StrategyByReference<R, B, X, D, PArgs, PE, PA>
export function ring<
  R,
  B,
  Args extends Arguments,
  C = unknown,
  X = never,
  PA = unknown,
  D extends SingleCommand = 'getOrUpdate',
  PE = unknown
>(
  store: Store.Store<R, B> & NoInfer<C>,
  options: Settings<C, X, PA, Args, D, PE> & { readonly key: KeyFn.KeyFn<Args> }
): StrategyByKey<Args, R, B, X, D, PE, PA>
// the compiler explains the last overload: it says what is wrong, and only wrong arguments get here
export function ring<
  G,
  H,
  J,
  Args extends Arguments,
  T,
  R,
  B,
  C = unknown,
  X = never,
  Cmd = None,
  D extends SingleCommand | keyof Cmd = 'getOrUpdate'
>(
  first: FirstOf<G, Args, T>,
  second: SecondOf<
    G,
    H,
    J,
    Args,
    T,
    Options<ArgumentsIn<Extract<G, AnyFn>>, ErrorIn<T>, ValueIn<T>, R, B, C, X, Cmd, D> & {
      readonly store: Store.Store<R, B> & NoInfer<C>
      readonly codec?: Codec<ValueIn<T>, R>
    }
  >,
  third?: ThirdOf<H, J>
): NotARing
/* eslint-enable @typescript-eslint/unified-signatures */
export function ring(...given: ReadonlyArray<unknown>): unknown {
  const [first, second, third] = given
  // SAFETY: the arguments are those of one of the five overloads, which are distinguished by what no two of them share
  if (isDataFirst(first)) {
    noMore('ring', third)
    return interpret(first as Unknown, second as Config)
  }
  const config = configOf('ring', given)
  return (fn: Unknown) => interpret(fn, config as unknown as Config)
}

type Unknown = Fn<Arguments, unknown, unknown>

/** The options that several rings share: where their entries are stored, and when they are served. */
type Common<R, B, C, X> = {
  readonly store: Store.Store<R, B> & NoInfer<C>
  readonly policy?: Policy.Policy<C, X>
  readonly version?: string | number
  readonly observe?: Observer
  readonly clock?: Clock.Clock
  readonly random?: () => number
  readonly waitUntil?: (work: Promise<unknown>) => void
  readonly sharesEntries?: boolean
  readonly warnings?: boolean
}

/** The remaining options of a ring whose store and policy are known. */
type Rest<F extends AnyFn, R, B, X, Cmd, D> = Omit<
  Options<ArgumentsIn<F>, ErrorOf<F>, ValueOf<F>, R, B, unknown, X, Cmd, D>,
  'policy' | 'key'
> &
  KeyOption<ArgumentsIn<F>>

type Own<F extends AnyFn, R, B, X, Cmd, D> =
  | (Rest<F, R, B, X, Cmd, D> & { readonly codec: Codec<ValueOf<F>, R> })
  | (Rest<F, R, B, X, Cmd, D> & {
      readonly codec?: never
      readonly store?: Holding<R, ValueOf<F>> & undefined
    })

/** The options may be left out if none is required: neither a key nor a codec. */
type Optional<F extends AnyFn, R, T> = [
  unknown extends R ? true : R extends ValueOf<F> ? true : false,
  KeyFn.AreKeyable<ArgumentsIn<F>>
] extends [true, true]
  ? readonly [options?: T]
  : readonly [options: T]

/**
 * `ring` with a fixed store and policy (the original's shortcuts by partial application). Returns a function that makes
 * rings, each with its own further options.
 *
 * @example
 * import * as TE from 'fp-ts/TaskEither'
 * import * as t from 'io-ts'
 * import { Codec, dict, Duration, Policy, Ring } from 'fp-ring'
 *
 * const cached = Ring.using({ store: dict<Uint8Array>(), policy: Policy.ttl(Duration.minutes(5)) })
 *
 * const fetchName = (id: number): TE.TaskEither<Error, string> => TE.right(`user ${id}`)
 * const fetchAge = (id: number): TE.TaskEither<Error, number> => TE.right(id)
 * export const name = cached(fetchName, { codec: Codec.json(t.string) })
 * export const age = cached(fetchAge, { codec: Codec.json(t.number), tags: (id) => [`user:${id}`] })
 *
 * @category constructors
 * @since 0.1.0
 */
export const using = <R, B, C = unknown, X = never>(
  common: Common<R, B, C, X> & NotShared<OwnInUsing>
): Using<R, B, X> => {
  checkedCommon('Ring.using', common, 'give it after the function')
  return (fn: unknown, ...[own]: ReadonlyArray<object | undefined>) =>
    // SAFETY: together they are the options of `ring`
    interpret(fn as Unknown, { ...common, ...checkedConfig(own) } as unknown as Config) as never
}

/**
 * A record of rings with one config. The name of each ring is its name in the record, not that of its function.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as TE from 'fp-ts/TaskEither'
 * import { Duration, Policy, Ring } from 'fp-ring'
 * import { lru } from 'fp-ring/lru'
 *
 * const users = Ring.record({ store: lru({ max: 10_000 }), policy: Policy.ttl(Duration.minutes(5)) })({
 *   name: (id: number): TE.TaskEither<Error, string> => TE.right(`user ${id}`),
 *   age: (id: number): TE.TaskEither<Error, number> => TE.right(id)
 * })
 * assert.strictEqual(users.age.key(7), 'age:7')
 * const test = async () => assert.deepStrictEqual(await users.name(7)(), E.right('user 7'))
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const record = <R, B, C = unknown, X = never>(
  common: Common<R, B, C, X> & NotShared<OwnInRecord>
): Recording<R, B, X> => {
  checkedCommon(
    'Ring.record',
    common,
    'the name is that of its property; for the rest use ring or Ring.using'
  )
  return (fns: unknown) =>
    // SAFETY: as in `using`, each under its name
    pipe(
      fns as Readonly<Record<string, Unknown>>,
      RR.mapWithIndex((name, fn) => interpret(fn, { ...common, name } as unknown as Config))
    ) as never
}

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

/** The user's own commands that take the receiver first, without that parameter. */
type Received<Cmd, S> = {
  readonly [K in keyof Cmd]: [Cmd[K]] extends [never]
    ? never
    : Cmd[K] extends (self: S, ...rest: infer Rest) => infer W
    ? (...rest: Rest) => W
    : Cmd[K] extends (...args: never) => unknown
    ? never
    : Cmd[K]
}

/** All arguments except the first. */
type WithoutFirst<Args extends Arguments> = Args extends readonly []
  ? never
  : Args extends readonly [unknown, ...infer Rest]
  ? Rest
  : Args extends readonly [unknown?, ...infer Rest]
  ? Rest
  : never
type First<Args extends Arguments> = Args extends readonly [(infer S)?, ...ReadonlyArray<unknown>] ? S : never

/** A ring whose first argument may be this receiver. Written out: a declaration elsewhere has to name its parts. */
type Taking<S> = Dissectible<
  Types<
    readonly [S, ...ReadonlyArray<never>],
    unknown,
    unknown,
    unknown,
    unknown,
    unknown,
    unknown,
    PropertyKey
  >
>

/**
 * What `bind` makes from a ring. (It depends on the type of the ring alone, so it can be the type of a getter of a
 * class, whose `this` is the receiver.)
 *
 * @category model
 * @since 0.1.0
 */
export type Bound<F> = F extends Dissectible<infer T extends AnyTypes>
  ? [WithoutFirst<Parameters<T['args']>>] extends [never]
    ? { readonly 'a ring without arguments has no receiver': never }
    : Ring<
        WithoutFirst<Parameters<T['args']>>,
        T['error'],
        T['value'],
        T['raw'],
        T['backend'],
        T['surfaced'],
        Received<T['commands'], First<Parameters<T['args']>>>,
        T['called']
      >
  : never

/**
 * A ring over other arguments: all its commands take those, and `f` converts them to the arguments of the function. It
 * is the same ring, with the same entries, loads under way and events. `f` must be pure, and must not throw.
 *
 * Your own commands stay as they are. A ring that is made from this one needs a `name` or a `key`.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const greet = (name: string, language: string): TE.TaskEither<never, string> => TE.right(`${name}, ${language}`)
 * const greeting = ring(greet, { store: dict() })
 * const inEnglish = pipe(greeting, Ring.contramap((user: { readonly name: string }) => [user.name, 'en']))
 *
 * assert.strictEqual(inEnglish.key({ name: 'Ada' }), greeting.key('Ada', 'en'))
 * const test = async () => assert.deepStrictEqual(await inEnglish({ name: 'Ada' })(), E.right('Ada, en'))
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const contramap =
  <To extends Arguments, From extends Arguments>(f: (...args: To) => readonly [...From]) =>
  <E, A, R, B, X, Cmd, D extends PropertyKey>(
    ring: Dissectible<Types<From, E, A, R, B, X, Cmd, D>>
  ): Ring<To, E, A, R, B, X, Cmd, D> =>
    // SAFETY: only rings are dissectible, and each of its commands takes the results of `f`
    contramapped(ring as unknown as AnyRing, (args) => f(...(args as unknown as To))) as never

/**
 * Fixes the first argument, the receiver: a ring over `(self, ...args)` becomes the method of one object, with all its
 * commands. Use it for instance methods, static methods and getters (if no argument remains). The key must identify the
 * object: give it, or its class, a `[ringKey]()`.
 *
 * Each call creates one small object, which keeps `self` alive only as long as it lives itself. Your own commands are
 * bound like methods: their first parameter is the receiver.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring, ringKey } from 'fp-ring'
 *
 * const contents = ring(
 *   (page: Page, language: string): TE.TaskEither<never, string> => TE.right(`${page.url} in ${language}`),
 *   { store: dict(), name: 'Page.contents' }
 * )
 * class Page {
 *   constructor(readonly url: string) {}
 *   [ringKey]() {
 *     return this.url
 *   }
 *   get contents() {
 *     return pipe(contents, Ring.bind(this))
 *   }
 * }
 * const page = new Page('example.com')
 * assert.strictEqual(page.contents.key('en'), "Page.contents:<example.com>,'en'")
 * const test = async () => {
 *   assert.deepStrictEqual(await page.contents('en')(), E.right('example.com in en'))
 *   assert.deepStrictEqual(await page.contents.delete('en')(), E.right(undefined))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const bind =
  <S>(self: S) =>
  <F extends Taking<S>>(ring: F): Bound<F> =>
    // SAFETY: only rings are dissectible, and each of its commands takes the receiver first
    bound(self, ring as unknown as AnyRing) as never

/**
 * Commands that take values: a view has no way to convert them back.
 *
 * @category model
 * @since 0.1.0
 */
export interface Unwritable {
  readonly set: never
  readonly setMany: never
  readonly encode: never
}

/**
 * What `map` makes from a ring: a ring that reads, loads and expires.
 *
 * @category model
 * @since 0.1.0
 */
export type Mapped<Args extends Arguments, E, A, R, B, X, Cmd, D extends PropertyKey> = Ring<
  Args,
  E,
  A,
  R,
  B,
  X,
  Omit<Unwritable, keyof Cmd> & Cmd,
  D
>

/**
 * Converts the values that a ring reads and loads. `f` runs at each read; what is stored does not change. The commands
 * that take a value (`set`, `setMany`, `encode`) are those of the original ring; if `f` has an inverse, see `imap`. `f`
 * must be pure, and must not throw. Your own commands stay as they are. A ring that is made from this one needs a
 * `name` or a `key`.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as O from 'fp-ts/Option'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const fetchUser = (id: number): TE.TaskEither<never, { readonly name: string }> => TE.right({ name: `user ${id}` })
 * const user = ring(fetchUser, { store: dict() })
 * const nameOf = pipe(user, Ring.map(({ name }) => name))
 *
 * const test = async () => {
 *   assert.deepStrictEqual(await nameOf(1)(), E.right('user 1'))
 *   assert.deepStrictEqual(await user.get(1)(), E.right(O.some({ name: 'user 1' })))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const map =
  <A, A2>(f: (a: A) => A2) =>
  <Args extends Arguments, E, R, B, X, Cmd, D extends PropertyKey>(
    ring: Dissectible<Types<Args, E, A, R, B, X, Cmd, D>>
  ): Mapped<Args, E, A2, R, B, X, Cmd, D> =>
    mapped(ring as unknown as AnyRing, f) as never // SAFETY: only rings are dissectible; this one is of A

/**
 * A ring of other values, with conversions in both directions: `f` converts what is read, `g` what is stored. `f ∘ g`
 * and `g ∘ f` are identities; both must be pure, and must not throw. Otherwise as `map`.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as O from 'fp-ts/Option'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const cents = ring((id: number): TE.TaskEither<never, number> => TE.right(id * 100), { store: dict(), name: 'price' })
 * const euros = pipe(cents, Ring.imap((n) => n / 100, (n: number) => n * 100))
 *
 * const test = async () => {
 *   await euros.set(3)(7)()
 *   assert.deepStrictEqual(await cents.get(7)(), E.right(O.some(300)))
 *   assert.deepStrictEqual(await euros(7)(), E.right(3))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const imap =
  <A, A2>(f: (a: A) => A2, g: (b: A2) => A) =>
  <Args extends Arguments, E, R, B, X, Cmd, D extends PropertyKey>(
    ring: Dissectible<Types<Args, E, A, R, B, X, Cmd, D>>
  ): Ring<Args, E, A2, R, B, X, Cmd, D> =>
    imapped(ring as unknown as AnyRing, f, g) as never // SAFETY: only rings are dissectible; this one is of A

/**
 * A ring whose callers share no value: each caller gets its own copy, made by a codec, and a value that a caller sets
 * is copied before it is stored. Without this, callers that join one load or one read get the same object, whatever the
 * codec of the ring is; so do all callers of a store that holds references.
 *
 * A copy is `decode(encode(value))`, for each answer: `Codec.clone()` copies any value that it can clone, and the codec
 * of the ring any value that it can store. A value that the codec refuses is returned as it is. Errors are not copied,
 * nor is what `execute` returns. Your own commands stay as they are. Name, keys and entries are those of the original
 * ring.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as TE from 'fp-ts/TaskEither'
 * import { Codec, dict, Ring, ring } from 'fp-ring'
 *
 * const fetchTags = (id: number): TE.TaskEither<never, Array<string>> => TE.fromIO(() => [`tag ${id}`])
 * const tags = pipe(ring(fetchTags, { store: dict() }), Ring.isolate(Codec.clone()))
 *
 * const test = async () => {
 *   const [mine, yours] = await Promise.all([tags(1)(), tags(1)()]) // one load
 *   if (E.isRight(mine)) mine.right.push('mine')
 *   assert.deepStrictEqual(yours, E.right(['tag 1']))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const isolate =
  <A, Raw>(codec: Codec<A, Raw>) =>
  <Args extends Arguments, E, R, B, X, Cmd, D extends PropertyKey>(
    ring: Dissectible<Types<Args, E, A, R, B, X, Cmd, D>>
  ): Ring<Args, E, A, R, B, X, Cmd, D> =>
    // SAFETY: only rings are dissectible; this one is of A, and its codec receives nothing but values of A
    isolated(ring as unknown as AnyRing, codec as Codec<unknown, unknown>) as never

// -------------------------------------------------------------------------------------
// destructors
// -------------------------------------------------------------------------------------

/**
 * How long `drain` waits: 10 seconds.
 *
 * @example
 * import { Ring } from 'fp-ring'
 *
 * assert.strictEqual(Ring.defaultDrain, 10_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultDrain: Duration.Duration = /*#__PURE__*/ Duration.seconds(10)

/**
 * Waits until rings have nothing under way: loads (also those in the background), writes, and renewals of leases. It
 * returns `true` when all have ended, and `false` after 10 seconds (`defaultDrain`; `drainWithin` takes another limit).
 * In that case it releases the leases of the loads that still run, so that no other process waits for them. What is
 * loaded under a released lease is not stored.
 *
 * It does not stop new calls: first stop accepting requests, then drain, then close the clients of the stores.
 *
 * @example
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const user = ring((id: number) => TE.right({ id }), { store: dict(), name: 'user' })
 *
 * const test = async () => {
 *   void user(1)()
 *   assert.strictEqual(await Ring.drain(user)(), true)
 * }
 * test()
 *
 * @category destructors
 * @since 0.1.0
 */
export const drain = (...rings: ReadonlyArray<Dissectible>): T.Task<boolean> => drained(defaultDrain, rings)

/**
 * As `drain`, with your own limit.
 *
 * @example
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Duration, Ring, ring } from 'fp-ring'
 *
 * const never = (_: number): TE.TaskEither<never, number> => () => new Promise(() => undefined)
 * const stuck = ring(never, { store: dict(), name: 'stuck' })
 *
 * const test = async () => {
 *   void stuck(1)()
 *   assert.strictEqual(await Ring.drainWithin(Duration.milliseconds(5))(stuck)(), false)
 * }
 * test()
 *
 * @category destructors
 * @since 0.1.0
 */
export const drainWithin =
  (within: Duration.Duration) =>
  (...rings: ReadonlyArray<Dissectible>): T.Task<boolean> =>
    drained(within, rings)
