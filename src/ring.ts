/**
 * The interpreter: ties a function, a key, a codec, a store and a policy into a cached function that carries its
 * commands. This is the one place where everything meets.
 *
 * Laws:
 *
 * - law 13: building a ring has no effect.
 * - law 14: `pipe(fn, ring(store, codec)) ≡ ring(fn, { store, codec }) ≡ ring(fn, { store: encoded(codec)(store) })`.
 * - law 20: per key and process one load at a time, shared by everybody who asks meanwhile.
 * - law 21: invalidation wins: no load that began before a `delete` or `set` ended, or before the `update` that was
 *   stored began, is stored after it.
 * - law 26, 27: a cache that fails is no failure of the function, unless the policy is `strict`.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as Random from 'fp-ts/Random'
import * as RA from 'fp-ts/ReadonlyArray'
import * as RR from 'fp-ts/ReadonlyRecord'
import type * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'

import * as Clock from './Clock'
import type { Codec } from './Codec'
import type { Commands, Rope, SingleCommand } from './Command'
import { getOrUpdate, table } from './Command'
import * as Duration from './Duration'
import { defect } from './internal/defect'
import type { Parts } from './internal/engine'
import { makeEngine } from './internal/engine'
import { guardedCodec } from './internal/guarded'
import { unreserved } from './internal/reserved'
import { resolve } from './internal/resolved'
import * as KeyFn from './KeyFn'
import * as Policy from './Policy'
import type { Observer } from './RingEvent'
import * as Store from './Store'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

type Arguments = KeyFn.Arguments
type Fn<Args extends Arguments, E, A> = (...args: Args) => TE.TaskEither<E, A>
// no TaskEither here: as the context of a lambda it would make `unknown` of an error that is left to inference
type AnyFn = (...args: never) => () => Promise<unknown>
type Answer<F extends AnyFn> = Awaited<ReturnType<ReturnType<F>>>
// by `Extract`, as `infer` makes `unknown` of a function that never fails
type ErrorOf<F extends AnyFn> = Extract<Answer<F>, E.Left<unknown>>['left']
type ValueOf<F extends AnyFn> = Extract<Answer<F>, E.Right<unknown>>['right']

/** What a function must return to be cached. */
type Returning<F extends AnyFn> = Answer<F> extends E.Either<unknown, unknown>
  ? unknown
  : { readonly 'a cached function returns a TaskEither': never }

/** No command of one's own. */
type None = Record<never, never>

/**
 * A cached function: called, it is the command that `default` names (`getOrUpdate`, whose type is that of the
 * function); its properties are the other commands, and the parts that it is made of.
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
  Cmd

type Called<Args extends Arguments, E, A, R, X, Cmd, D extends PropertyKey> = D extends keyof Cmd
  ? Cmd[D]
  : D extends 'getOrUpdate'
  ? (...args: Args) => TE.TaskEither<E | X, A>
  : D extends SingleCommand
  ? Commands<Args, E, A, R, X>[D]
  : never

/**
 * What a ring can be told that does not depend on the arguments of its function. `name` begins the default key
 * (else the function's own name does); `version` ends it; `default` names the command that the ring is when it is called.
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
  /** A number from 0 to 1 (1 excluded), for jitter, for early refresh, and for the pauses of rings that wait for a lease. */
  readonly random?: () => number
}

/**
 * What a ring can be told. `key` is needed where the default key cannot tell the arguments apart. `batch` loads the
 * misses of a bulk command, two or more of them, in one call, and answers in their order; where it fails it fails for
 * all of them. `batchEach` does the same with an answer for each. `commands` adds commands of one's own to the
 * table, or replaces what it has by name. `tags` names the groups that an entry belongs to, which `purge` hides at once: it
 * is a function of the arguments alone, and needs a codec that makes bytes, or none.
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
 * `key` may be left out where the arguments are keyable.
 *
 * @category model
 * @since 0.1.0
 */
export type KeyOption<Args extends Arguments> = KeyFn.AreKeyable<Args> extends true
  ? { readonly key?: KeyFn.KeyFn<Args> }
  : { readonly key: KeyFn.KeyFn<Args> }

/** What a function must be to be cached without a key of one's own. */
type Keyed<Args extends Arguments> = KeyFn.AreKeyable<Args> extends true
  ? unknown
  : { readonly 'these arguments need a key': never }

/** Settings of a ring that is still without its function. */
type Partly<C, X, A, PArgs extends Arguments, D, PE> =
  | Policy.Policy<C, X, A, PArgs, PE>
  | (Settings<C, X, A, PArgs, D, PE> & {
      readonly key?: never
      readonly commands?: never
      readonly batch?: never
      readonly batchEach?: never
      readonly tags?: never
    })

/** The rest of `ring`, where `batch` has said what the function fails with, or nothing has. */
type Applied<Args extends Arguments, E, A, R, B, X, Cmd, D extends PropertyKey> = unknown extends E
  ? <E2>(fn: Fn<Args, E2, A>) => Ring<Args, E2, A, R, B, X, Cmd, D>
  : (fn: Fn<Args, E, A>) => Ring<Args, E, A, R, B, X, Cmd, D>

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * Caches a function. Either at once, `ring(fn, { store, codec, … })`, or as the last step of a pipe,
 * `pipe(fn, ring(store, codec, policy | options))`; a store in this process's memory needs no codec. Without its
 * function, `ring(store, codec, policy)` is a strategy that any function can be given.
 *
 * Throws a `TypeError` for what is wired wrongly: no name and no key.
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
  R,
  B,
  C = unknown,
  X = never,
  Cmd = None,
  D extends SingleCommand | keyof Cmd = 'getOrUpdate'
>(
  fn: F & Returning<F>,
  config: Options<Parameters<F>, ErrorOf<F>, ValueOf<F>, R, B, C, X, Cmd, D> & {
    readonly store: Store.Store<R, B> & NoInfer<C>
    readonly codec: Codec<ValueOf<F>, R>
  }
): Ring<Parameters<F>, ErrorOf<F>, ValueOf<F>, R, B, X, Cmd, D>
export function ring<
  F extends AnyFn,
  B,
  C = unknown,
  X = never,
  Cmd = None,
  D extends SingleCommand | keyof Cmd = 'getOrUpdate'
>(
  fn: F & Returning<F>,
  config: Options<Parameters<F>, ErrorOf<F>, ValueOf<F>, unknown, B, C, X, Cmd, D> & {
    readonly store: Store.Store<unknown, B> & NoInfer<C>
    readonly codec?: never
  }
): Ring<Parameters<F>, ErrorOf<F>, ValueOf<F>, unknown, B, X, Cmd, D>
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
): <Args extends PArgs, E extends PE>(fn: Fn<Args, E, A> & Keyed<Args>) => Ring<Args, E, A, R, B, X, None, D>
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
): Applied<Args, E, A, R, B, X, Cmd, D>
export function ring<
  B,
  C = unknown,
  X = never,
  PA = unknown,
  PArgs extends Arguments = Arguments,
  D extends SingleCommand = 'getOrUpdate',
  PE = unknown
>(
  store: Store.Store<unknown, B> & NoInfer<C>,
  options?: Partly<C, X, PA, PArgs, D, PE>
): <Args extends PArgs, E extends PE, A extends PA>(
  fn: Fn<Args, E, A> & Keyed<Args>
) => Ring<Args, E, A, unknown, B, X, None, D>
export function ring<
  B,
  Args extends Arguments,
  C = unknown,
  X = never,
  PA = unknown,
  D extends SingleCommand = 'getOrUpdate',
  PE = unknown
>(
  store: Store.Store<unknown, B> & NoInfer<C>,
  options: Settings<C, X, PA, Args, D, PE> & { readonly key: KeyFn.KeyFn<Args> }
): <E extends PE, A extends PA>(fn: Fn<Args, E, A>) => Ring<Args, E, A, unknown, B, X, None, D>
// eslint-disable-next-line @typescript-eslint/unified-signatures -- once more: the compiler explains the last form only
export function ring<
  F extends AnyFn,
  R,
  B,
  C = unknown,
  X = never,
  Cmd = None,
  D extends SingleCommand | keyof Cmd = 'getOrUpdate'
>(
  fn: F & Returning<F>,
  config: Options<Parameters<F>, ErrorOf<F>, ValueOf<F>, R, B, C, X, Cmd, D> & {
    readonly store: Store.Store<R, B> & NoInfer<C>
    readonly codec: Codec<ValueOf<F>, R>
  }
): Ring<Parameters<F>, ErrorOf<F>, ValueOf<F>, R, B, X, Cmd, D>
export function ring(...given: ReadonlyArray<unknown>): unknown {
  const [first, second, third] = given
  // the proof: the overloads say which of the five forms these are, told apart by what no two of them share
  if (typeof first === 'function') return make(first as Unknown, second as Config)
  const store = first as Config['store'] | undefined
  const [codec, options] = isCodec(second) ? [second, third] : [undefined, second]
  const config = isPolicy(options) ? { policy: options } : (options as Partial<Config> | undefined) ?? {}
  if (typeof store?.get !== 'function') return defect('a ring needs a function, or a store')
  return (fn: Unknown) => make(fn, { ...config, store, ...(codec === undefined ? {} : { codec }) })
}

type Unknown = Fn<Arguments, unknown, unknown>
type Config = Options<Arguments, unknown, unknown, unknown, unknown, unknown, unknown, None, string> & {
  readonly store: Store.Store<unknown>
  readonly codec?: Codec<unknown, unknown>
}

const isCodec = (u: unknown): u is Codec<unknown, unknown> =>
  typeof u === 'object' && u !== null && 'encode' in u && 'decode' in u

const isPolicy = (u: unknown): u is Policy.Policy =>
  typeof u === 'object' && u !== null && '_tag' in u && u._tag === 'Policy'

/** What the types say, for those who have none: found when the ring is built (decision: wrong wiring throws). */
const checked = (fn: unknown, config: Partial<Config> | undefined): void => {
  const { batch, batchEach, codec, policy, store, tags }: Partial<Config> = config ?? {}
  if (typeof fn !== 'function') defect('a ring is made of a function')
  if (typeof store?.get !== 'function') defect('a ring needs a store')
  if (codec !== undefined && !isCodec(codec)) defect('a codec has encode and decode')
  if (policy?.lease !== undefined && store?.leases === undefined)
    defect('a policy with a lease needs a store with leases')
  if (store?.encodes === true && (tags !== undefined || policy?.negative !== undefined))
    defect('tags and stored errors need the codec in the ring, not in the store')
  if (batch !== undefined && batchEach !== undefined) defect('a ring has batch or batchEach, not both')
}

const make = (fn: Unknown, config: Config): unknown => {
  checked(fn, config)
  const name = config.name ?? fn.name
  const random = config.random ?? Random.random
  const parts: Parts<Arguments, unknown, unknown, unknown, unknown> = {
    name,
    key: keyOf(name, config),
    codec: config.codec === undefined ? byReference : guardedCodec(config.codec),
    store: total(withLifetime(config.store, config.policy), config.policy),
    execute: fn,
    batch: config.batchEach ?? (config.batch === undefined ? undefined : eachOf(config.batch)),
    policy: resolve(config.policy ?? Policy.policy(), random),
    tags: config.tags,
    holding: config.codec === undefined ? 'references' : config.store.peek === undefined ? 'bytes' : 'memory',
    observe: config.observe,
    clock: config.clock ?? Clock.system,
    random
  }
  const engine = makeEngine(parts)
  const base = table(engine, fn)
  const commands: Record<string, unknown> = { ...base, ...config.commands?.(parts, base) }
  const called = commands[config.default ?? 'getOrUpdate']
  if (typeof called !== 'function')
    return defect(`there is no command '${config.default ?? ''}' to be the default`)
  // a function of its own, to carry the commands; on the hot path not one that calls another
  const cached =
    called === base.getOrUpdate
      ? getOrUpdate(engine)
      : (...args: Arguments): unknown => Reflect.apply(called, undefined, args)
  const members = { ...commands, store: parts.store, codec: parts.codec }
  // defined, not assigned: a command may be called `name` or `length`, which a function has already
  return Object.defineProperties(cached, {
    name: { value: name },
    ...RR.map((value: unknown) => ({ value, enumerable: true }))(members)
  })
}

/** A batch that fails fails everyone in it. */
const eachOf =
  <Args, Err, A>(batch: (argsList: ReadonlyArray<Args>) => TE.TaskEither<Err, ReadonlyArray<A>>) =>
  (argsList: ReadonlyArray<Args>): T.Task<ReadonlyArray<E.Either<Err, A>>> =>
    pipe(
      batch(argsList),
      TE.matchW((e) => argsList.map(() => E.left(e)), RA.map(E.right))
    )

const keyOf = (name: string, { key, version }: Config): KeyFn.KeyFn<Arguments> =>
  KeyFn.versioned(version ?? '')(
    (key === undefined ? undefined : unreserved(key)) ??
      (name === ''
        ? defect('a ring needs a name for its keys: name the function, or give `name` or `key`')
        : KeyFn.structural(name))
  )

const byReference: Codec<unknown, unknown> = { encode: E.right, decode: E.right }

/** A store that keeps no lifetimes would refuse every write of a ring that has one. */
const withLifetime = (store: Store.Store<unknown>, policy: Config['policy']): Store.Store<unknown> =>
  store.lifetime === 'none' &&
  ((policy?.ttl !== Duration.forever && typeof policy?.ttl !== 'function') || policy.negative !== undefined)
    ? defect('this store keeps no lifetimes: its rings need Policy.forever, and store no errors')
    : store

/**
 * Every call of a store ends, by its own deadline or by the ring's (law 26), and with a value: a store of somebody
 * else's may throw. `get` is on the path of every hit; the engine sees to it.
 */
const total = (store: Store.Store<unknown>, policy: Config['policy']): Store.Store<unknown> => {
  const asked =
    policy?.storeTimeout ?? (store.deadline === undefined ? Policy.defaultStoreTimeout : Duration.forever)
  return asked < (store.deadline ?? Duration.forever)
    ? Store.timed(asked)(store)
    : Object.assign(Store.timed(Duration.forever)(store), { get: store.get })
}
