/**
 * Cached functions: how they are made, and what can be made of them.
 *
 * Laws:
 *
 * - law 13: building a ring has no effect.
 * - law 14: `pipe(fn, ring(store, codec)) ≡ ring(fn, { store, codec }) ≡ ring(fn, { store: encoded(codec)(store) })`.
 * - law 20: per key and process one load at a time, shared by everybody who asks meanwhile.
 * - law 21: invalidation wins: no load that began before a `delete` or `set` ended, or before the `update` that was
 *   stored began, is stored after it.
 * - law 26, 27: a cache that fails is no failure of the function, unless the policy is `strict`.
 * - contravariance: `contramap(identity) ≡ identity`, `contramap(f) ∘ contramap(g) ≡ contramap(g ∘ f)`,
 *   `bind(self) ≡ contramap((...args) => [self, ...args])`.
 * - `map(identity)` changes no answer, `map(g) ∘ map(f) ≡ map(g ∘ f)`, and so with `imap`.
 *
 * @since 0.1.0
 */
import type * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as RR from 'fp-ts/ReadonlyRecord'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import type * as Clock from './Clock'
import type { Codec } from './Codec'
import type { Commands, Rope, SingleCommand } from './Command'
import { anatomy, type Dissectible, type Types } from './internal/anatomy'
import { type AnyRing, bound, contramapped } from './internal/bound'
import { defect } from './internal/defect'
import { type Config, interpret, isCodec } from './internal/interpreter'
import { linkedRing, type Linking, purgeAll } from './internal/linked'
import type { Answer, AnyFn, ErrorOf, Fn, Having, ValueOf } from './internal/signatures'
import { asPromises, imapped, mapped } from './internal/views'
import type * as KeyFn from './KeyFn'
import type * as Policy from './Policy'
import type { RingError } from './RingError'
import type { Observer } from './RingEvent'
import type * as Store from './Store'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

type Arguments = KeyFn.Arguments

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

/** Without a codec a store holds what the function brings: of its type, or of any. */
/** @internal */
export type Holding<R, A> = unknown extends R
  ? unknown
  : [R, A] extends [A, R]
  ? unknown
  : { readonly 'this store needs a codec': never }

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

/* eslint-disable @typescript-eslint/unified-signatures -- with a codec, without one, and once more with one: the compiler explains the last form only */

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
  R,
  B,
  C = unknown,
  X = never,
  Cmd = None,
  D extends SingleCommand | keyof Cmd = 'getOrUpdate'
>(
  fn: F & Returning<F>,
  config: Options<Parameters<F>, ErrorOf<F>, ValueOf<F>, R, B, C, X, Cmd, D> & {
    readonly store: Store.Store<R, B> & NoInfer<C> & Holding<R, ValueOf<F>>
    readonly codec?: never
  }
): Ring<Parameters<F>, ErrorOf<F>, ValueOf<F>, R, B, X, Cmd, D>
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
): <Args extends PArgs, E extends PE, A extends PA>(
  fn: Fn<Args, E, A> & Keyed<Args> & Holding<R, A>
) => Ring<Args, E, A, R, B, X, None, D>
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
): <E extends PE, A extends PA>(fn: Fn<Args, E, A> & Holding<R, A>) => Ring<Args, E, A, R, B, X, None, D>
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
/* eslint-enable @typescript-eslint/unified-signatures */
export function ring(...given: ReadonlyArray<unknown>): unknown {
  const [first, second, third] = given
  // the proof: the overloads say which of the five forms these are, told apart by what no two of them share
  if (typeof first === 'function') return interpret(first as Unknown, second as Config)
  const store = first as Config['store'] | undefined
  const [codec, options] = isCodec(second) ? [second, third] : [undefined, second]
  const config = isPolicy(options) ? { policy: options } : (options as Partial<Config> | undefined) ?? {}
  if (typeof store?.get !== 'function') return defect('a ring needs a function, or a store')
  return (fn: Unknown) => interpret(fn, { ...config, store, ...(codec === undefined ? {} : { codec }) })
}

type Unknown = Fn<Arguments, unknown, unknown>

/** What several rings share: where their entries are, and when they are served. */
type Common<R, B, C, X> = {
  readonly store: Store.Store<R, B> & NoInfer<C>
  readonly policy?: Policy.Policy<C, X>
  readonly version?: string | number
  readonly observe?: Observer
  readonly clock?: Clock.Clock
  readonly random?: () => number
}

/** What is left to be told of a ring whose store and policy are known. */
type Rest<F extends AnyFn, R, B, X, Cmd, D> = Omit<
  Options<Parameters<F>, ErrorOf<F>, ValueOf<F>, R, B, unknown, X, Cmd, D>,
  'policy' | 'key'
> &
  KeyOption<Parameters<F>>

type Own<F extends AnyFn, R, B, X, Cmd, D> =
  | (Rest<F, R, B, X, Cmd, D> & { readonly codec: Codec<ValueOf<F>, R> })
  | (Rest<F, R, B, X, Cmd, D> & {
      readonly codec?: never
      readonly store?: Holding<R, ValueOf<F>> & undefined
    })

/** It may be left out where nothing has to be told: no key, no codec. */
type Optional<F extends AnyFn, R, T> = [
  unknown extends R ? true : R extends ValueOf<F> ? true : false,
  KeyFn.AreKeyable<Parameters<F>>
] extends [true, true]
  ? readonly [options?: T]
  : readonly [options: T]

/**
 * `ring` with a store and a policy of its own (the original's shortcuts by partial application): what it gives makes rings,
 * each with what it is told besides.
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
export const using =
  <R, B, C = unknown, X = never>(common: Common<R, B, C, X>) =>
  <F extends AnyFn, Cmd = None, D extends SingleCommand | keyof Cmd = 'getOrUpdate'>(
    fn: F & Returning<F>,
    ...[own]: Optional<F, R, Own<F, R, B, X, Cmd, D>>
  ): Ring<Parameters<F>, ErrorOf<F>, ValueOf<F>, R, B, X, Cmd, D> =>
    // the proof: both together are what `ring` is told
    interpret(fn as unknown as Unknown, { ...common, ...own } as unknown as Config) as never

/**
 * A record of rings by one config: each is called as it is in the record, whatever the name of its function.
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
export const record =
  <R, B, C = unknown, X = never>(common: Common<R, B, C, X>) =>
  <Fs extends Readonly<Record<string, AnyFn>>>(
    fns: Fs & {
      readonly [K in keyof Fs]: Returning<Fs[K]> & Keyed<Parameters<Fs[K]>> & Holding<R, ValueOf<Fs[K]>>
    }
  ): {
    readonly [K in keyof Fs]: Ring<Parameters<Fs[K]>, ErrorOf<Fs[K]>, ValueOf<Fs[K]>, R, B, X>
  } =>
    // the proof: as in `using`, each by its name
    pipe(
      fns as unknown as Readonly<Record<string, Unknown>>,
      RR.mapWithIndex((name, fn) => interpret(fn, { ...common, name } as unknown as Config))
    ) as never

const isPolicy = (u: unknown): u is Policy.Policy =>
  typeof u === 'object' && u !== null && '_tag' in u && u._tag === 'Policy'

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

/** The commands of an author's own that take the receiver first, without it. */
type Received<Cmd, S> = {
  readonly [K in keyof Cmd]: [Cmd[K]] extends [never]
    ? never
    : Cmd[K] extends (self: S, ...rest: infer Rest) => infer W
    ? (...rest: Rest) => W
    : Cmd[K] extends (...args: never) => unknown
    ? never
    : Cmd[K]
}

/** All arguments but the first. */
type WithoutFirst<Args extends Arguments> = Args extends readonly []
  ? never
  : Args extends readonly [unknown, ...infer Rest]
  ? Rest
  : Args extends readonly [unknown?, ...infer Rest]
  ? Rest
  : never
type First<Args extends Arguments> = Args extends readonly [(infer S)?, ...ReadonlyArray<unknown>] ? S : never

/** A ring whose first argument may be such a receiver. */
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
 * What `bind` makes of a ring. (It is computed from the ring alone: so the getter of a class may have it for its type, whose
 * `this` is the receiver.)
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

/** Of a ring with such arguments, whatever else it is. */
type TypesOf<Args extends Arguments> = Types<
  Args,
  unknown,
  unknown,
  unknown,
  unknown,
  unknown,
  unknown,
  PropertyKey
>
type AnyTypes = TypesOf<never>
/** Of a ring that is not known yet: any, which no link is for. */
type ArgumentsOf<F> = F extends Dissectible<infer T extends AnyTypes>
  ? [Parameters<T['args']>] extends [never]
    ? Arguments
    : Parameters<T['args']>
  : never

/**
 * A ring over other arguments: all its commands take those, and make of them the ones that the function takes. It is the
 * same ring, with the same entries, loads under way and events. `f` is pure, and does not throw.
 *
 * Commands of your own stay as they are. A ring that is made of this one needs a `name` or a `key`.
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
    // the proof: what is dissectible is a ring, and each of its commands takes what `f` makes
    contramapped(ring as unknown as AnyRing, (args) => f(...(args as unknown as To))) as never

/**
 * Fixes the first argument, the receiver: a ring over `(self, ...args)` becomes the method of one object, with all its
 * commands. Instance methods, static methods and getters (where no argument is left) are made so. The key says which
 * object it is: give it, or its class, a `[ringKey]()`.
 *
 * It costs one small object for each call, and what it gives keeps `self` alive only as long as it lives itself. Commands of
 * your own are bound like methods: their first parameter is the receiver.
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
    // the proof: what is dissectible is a ring, and each of its commands takes the receiver first
    bound(self, ring as unknown as AnyRing) as never

/** Commands that take values: of a view there is no way back. */
interface Unwritable {
  readonly set: never
  readonly setMany: never
  readonly encode: never
}

/**
 * What `map` makes of a ring: one that reads, loads and expires.
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
 * Sees what a ring reads and loads through a function, which is run at each read: nothing else is stored than was. The
 * commands that take a value (`set`, `setMany`, `encode`) are those of the ring itself; where there is a way back, see
 * `imap`. `f` is pure, and does not throw. Commands of your own stay as they are. A ring that is made of this one needs a
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
    mapped(ring as unknown as AnyRing, f) as never // the proof: what is dissectible is a ring of A

/**
 * A ring of other values, with a way there and back: what is read goes through `f`, what is stored through `g`. `f ∘ g` and
 * `g ∘ f` are identities; both are pure, and do not throw. Otherwise as `map`.
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
    imapped(ring as unknown as AnyRing, f, g) as never // the proof: what is dissectible is a ring of A

/**
 * What expires in another ring when entries of one change: see `linked`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Link<in Args extends Arguments> extends Linking {
  /** What it says of the arguments. It is not there at run time. */
  readonly args?: (...args: Args) => void
}

/**
 * A link to entries that are known: `f` makes the arguments of each of them.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const store = dict()
 * const user = ring((id: number) => TE.right({ id }), { store, name: 'user' })
 * export const asset = pipe(
 *   ring((userId: number, id: number) => TE.right({ userId, id }), { store, name: 'asset' }),
 *   Ring.linked(Ring.expires(user, (userId: number, _id: number) => [[userId]]))
 * )
 *
 * @category constructors
 * @since 0.1.0
 */
export const expires = <Args extends Arguments, To extends Arguments>(
  ring: Dissectible & {
    readonly deleteMany: (argsList: ReadonlyArray<To>) => TE.TaskEither<RingError, void>
  },
  f: (...args: Args) => ReadonlyArray<readonly [...To]>
): Link<Args> => ({
  to: ring[anatomy],
  expire: (argsList) =>
    // the proof: it is asked with the arguments of the ring that it is linked to, and `f` makes those of `ring`
    ring.deleteMany(
      argsList.flatMap((args) => f(...(args as unknown as Args))) as unknown as ReadonlyArray<To>
    )
})

/**
 * A link to all entries that have some tags: the way to those of which only a part is known.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const store = dict()
 * const asset = ring((userId: number, id: number) => TE.right({ userId, id }), {
 *   store,
 *   name: 'asset',
 *   tags: (userId) => [`user:${userId}`]
 * })
 * export const user = pipe(
 *   ring((id: number) => TE.right({ id }), { store, name: 'user' }),
 *   Ring.linked(Ring.purges(asset, (id: number) => [`user:${id}`]))
 * )
 *
 * @category constructors
 * @since 0.1.0
 */
export const purges = <Args extends Arguments>(
  ring: Dissectible & {
    readonly purge: (...tags: ReadonlyArray<string>) => TE.TaskEither<RingError, void>
  },
  f: (...args: Args) => ReadonlyArray<string>
): Link<Args> => ({
  to: ring[anatomy],
  // the proof: as in `expires`
  expire: (argsList) =>
    purgeAll(
      ring.purge,
      argsList.flatMap((args) => f(...(args as unknown as Args)))
    )
})

/**
 * A ring whose changes expire what other rings hold (the original's cascades): after `delete`, `set` and `update`, and the
 * bulk ones of them, its links are followed, and theirs in turn, before it answers. First this ring changes, then the
 * others, all at once, so nobody who reads its store makes them anew of what is out of date. A link that fails is a failure of the command; the
 * others are followed all the same. Of a change that failed nobody knows whether it was made, so links are followed then,
 * too.
 *
 * A load is no change: it brings what is there. Neither are `touch`, `purge` and `clear` followed, nor commands of your own.
 *
 * Throws a `TypeError` for links that lead back to the ring, and for a ring that has a `delete`, `set` or `update` of its
 * author's.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const store = dict()
 * const user = ring((id: number) => TE.right({ id }), { store, name: 'user' })
 * const asset = pipe(
 *   ring((userId: number, id: number) => TE.right({ userId, id }), { store, name: 'asset' }),
 *   Ring.linked(Ring.expires(user, (userId: number, _id: number) => [[userId]]))
 * )
 * const test = async () => {
 *   await user(1)()
 *   assert.deepStrictEqual(await asset.delete(1, 7)(), E.right(undefined))
 *   assert.deepStrictEqual(await user.has(1)(), E.right(false))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export function linked<F extends Dissectible<AnyTypes>>(
  ...links: ReadonlyArray<Link<ArgumentsOf<F>>>
): (ring: F) => F
// outside of a pipe the links say what they are made of: the first arguments
export function linked<Args extends Arguments>(
  ...links: ReadonlyArray<Link<Args>>
): <F extends Dissectible<TypesOf<readonly [...Args, ...ReadonlyArray<never>]>>>(
  ring: F & Having<ArgumentsOf<F>, Args, 'the links ask for more arguments than the ring has'>
) => F
export function linked(...links: ReadonlyArray<Linking>): unknown {
  return (ring: unknown) => linkedRing(ring as AnyRing, links) // the proof: what is dissectible is a ring
}

// -------------------------------------------------------------------------------------
// destructors
// -------------------------------------------------------------------------------------

/** What a task brings, as a promise; other functions by what they give. */
type Promised<C> = C extends TE.TaskEither<unknown, infer W>
  ? Promise<W>
  : C extends (...args: infer P) => infer W
  ? (...args: P) => Promised<W>
  : C

type Pure = 'key' | 'keyMany' | 'encode' | 'decode'

/**
 * What `toPromiseFunction` makes of a ring.
 *
 * @category model
 * @since 0.1.0
 */
export type PromiseFunction<Args extends Arguments, E, A, R, B, X, Cmd, D> = (D extends keyof Cmd
  ? Cmd[D]
  : D extends Pure
  ? Commands<Args, E, A, R, X>[D]
  : D extends SingleCommand
  ? Promised<Commands<Args, E, A, R, X>[D]>
  : never) & {
  readonly store: Store.Store<R, B>
  readonly codec: Codec<A, R>
} & {
  readonly [K in Exclude<keyof Commands<Args, E, A, R, X>, keyof Cmd>]: K extends Pure
    ? Commands<Args, E, A, R, X>[K]
    : Promised<Commands<Args, E, A, R, X>[K]>
} & Cmd

/**
 * A ring for callers without fp-ts: every command is run when it is called, and gives a promise, which is rejected with
 * what would be a `Left`. Commands of your own stay as they are.
 *
 * @example
 * import * as O from 'fp-ts/Option'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const user = Ring.toPromiseFunction(ring((id: number) => TE.right({ id }), { store: dict(), name: 'user' }))
 * const test = async () => {
 *   assert.deepStrictEqual(await user(1), { id: 1 })
 *   await user.delete(1)
 *   assert.deepStrictEqual(await user.get(1), O.none)
 * }
 * test()
 *
 * @category destructors
 * @since 0.1.0
 */
export const toPromiseFunction = <Args extends Arguments, E, A, R, B, X, Cmd, D extends PropertyKey>(
  ring: Dissectible<Types<Args, E, A, R, B, X, Cmd, D>>
): PromiseFunction<Args, E, A, R, B, X, Cmd, D> => asPromises(ring as unknown as AnyRing) as never // the proof: what is dissectible is a ring
