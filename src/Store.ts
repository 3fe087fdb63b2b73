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
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as O from 'fp-ts/Option'
import { min as minOf } from 'fp-ts/Ord'
import * as TE from 'fp-ts/TaskEither'

import type { Clock } from './Clock'
import type { Codec } from './Codec'
import type { Duration } from './Duration'
import { forever, Ord as DurationOrd } from './Duration'
import { aroundStore } from './internal/around'
import { batchReads } from './internal/batch'
import { withDeadline } from './internal/deadline'
import { encodedStore } from './internal/encodedStore'
import { mapKeyStore } from './internal/mapKey'
import { isRead } from './internal/reads'
import { replaced } from './internal/replaced'
import { tieredStore } from './internal/tiered'
import type { Invalidation } from './Invalidation'
import type { Key } from './KeyFn'
import { isRingError, StoreError } from './RingError'

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
 * What every store does. To make a task does nothing, and to run it twice does it twice.
 *
 * @category model
 * @since 0.1.0
 */
export interface Operations<R> {
  readonly get: (key: Key) => TE.TaskEither<StoreError, O.Option<R>>
  /** As `get`, with the remaining lifetime. */
  readonly read: (key: Key) => TE.TaskEither<StoreError, O.Option<Entry<R>>>
  readonly set: (key: Key, value: R, ttl: Duration) => TE.TaskEither<StoreError, void>
  readonly delete: (key: Key) => TE.TaskEither<StoreError, void>
  readonly has: (key: Key) => TE.TaskEither<StoreError, boolean>
  /** Renews a lifetime; says whether the entry was there. */
  readonly touch: (key: Key, ttl: Duration) => TE.TaskEither<StoreError, boolean>
  readonly getMany: (keys: ReadonlyArray<Key>) => TE.TaskEither<StoreError, ReadonlyArray<O.Option<R>>>
  readonly readMany: (
    keys: ReadonlyArray<Key>
  ) => TE.TaskEither<StoreError, ReadonlyArray<O.Option<Entry<R>>>>
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
}

/**
 * What a store may be, or can do besides: each of these may be left out.
 *
 * @category model
 * @since 0.1.0
 */
export interface Traits<R> {
  /**
   * Present where the values lie in this process's memory: a read with no promise. `undefined` says "not here,
   * or not to be told from a miss": ask `get`.
   */
  readonly peek?: (key: Key) => R | undefined
  /** As `peek`, with the remaining lifetime. Present where `peek` is and the store knows it without a promise. */
  readonly peekEntry?: (key: Key) => Entry<R> | undefined
  /** Where it is there, the store can say who may load a key: see `Leasing`. */
  readonly leases?: Leases<R>
  /**
   * Where it is there: every round trip answers within this time, so every operation but `clear`, which may take
   * several. A ring puts a deadline before stores that have none.
   */
  readonly deadline?: Duration
  /** Where it is there, values are encoded on their way in (`encoded`): the store takes no stored errors. */
  readonly encodes?: true
  /**
   * `none`: the store keeps no lifetimes. It refuses every one that ends, and a ring needs `Policy.forever`. `hidden`: it
   * keeps them, and does not tell what is left. It refuses to `read` what is there, and a ring takes no policy that goes by
   * the age of an entry.
   */
  readonly lifetime?: 'none' | 'hidden'
  /** Where they are there, the store knows what its keys are in the backend: see `RawKeyed`. */
  readonly rawKey?: (key: Key) => string
  readonly rawPrefix?: (prefix: string) => string
  /** Where it is there, the store keeps nothing: every read is a miss. */
  readonly keeps?: 'nothing'
}

/**
 * A store of raw values `R` over a backend `B`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Store<R, B = unknown> extends Operations<R>, Traits<R> {
  /** What the user passed: the client, the map, the cache. Read it through the store, it may be looked up anew. */
  readonly backend: B
}

/**
 * What an attempt to take a lease comes to: `Won`; `Busy`, somebody else has it for so much longer; `Found`, there is an
 * entry, so nothing is to be loaded.
 *
 * @category model
 * @since 0.1.0
 */
export type Acquired<R> =
  | { readonly _tag: 'Won' }
  | { readonly _tag: 'Busy'; readonly remaining: Duration }
  | { readonly _tag: 'Found'; readonly entry: Entry<R> }

/**
 * Leases: of all who want to load a key, in whatever process, one has the word (Nishtala et al., *Scaling Memcache at
 * Facebook*, NSDI 2013). A lease is a token that ends by itself. What its holder loads is stored only while it still has
 * it; whoever deletes or writes the entry by `override` takes it away.
 *
 * @category model
 * @since 0.1.0
 */
export interface Leases<R> {
  /** Takes the lease, unless somebody has it, or there is an entry with more than `beyond` left to live. */
  readonly acquire: (
    key: Key,
    token: string,
    ttl: Duration,
    beyond: Duration
  ) => TE.TaskEither<StoreError, Acquired<R>>
  /** Takes the lease, whoever has it: the last one wins. */
  readonly seize: (key: Key, token: string, ttl: Duration) => TE.TaskEither<StoreError, void>
  /** Makes one's lease last for `ttl` from now; says whether it was still there. */
  readonly renew: (key: Key, token: string, ttl: Duration) => TE.TaskEither<StoreError, boolean>
  /** Gives one's lease back; nobody else's. */
  readonly release: (key: Key, token: string) => TE.TaskEither<StoreError, void>
  /**
   * Writes an entry (removes it, for `none` or a `ttl` of zero or less) and gives the lease back, in one step, if it is
   * still there; says whether it was.
   */
  readonly commit: (
    key: Key,
    token: string,
    value: O.Option<R>,
    ttl: Duration
  ) => TE.TaskEither<StoreError, boolean>
  /** Writes entries (removes those of `none` or a `ttl` of zero or less) and takes the leases of their keys away. */
  readonly override: (
    entries: ReadonlyArray<readonly [key: Key, value: O.Option<R>, ttl: Duration]>
  ) => TE.TaskEither<StoreError, void>
}

/**
 * A store that has leases. `Policy.lease` needs one.
 *
 * @category model
 * @since 0.1.0
 */
export interface Leasing<in out R> {
  readonly leases: Leases<R>
}

/**
 * What `Policy.lease` needs of a store, whatever its values.
 *
 * @category model
 * @since 0.1.0
 */
export interface LeaseCapable {
  readonly leases: object
}

/**
 * A store that knows what its keys are in the backend, as a feed of changes tells of those.
 *
 * @category model
 * @since 0.1.0
 */
export interface RawKeyed {
  /** A key as the backend has it. */
  readonly rawKey: (key: Key) => string
  /** What all keys that begin so begin with there; of the empty prefix, what all keys do. */
  readonly rawPrefix: (prefix: string) => string
}

/**
 * A store that keeps lifetimes, and does not tell what is left of them: it is no tier, and a ring over it takes no policy
 * that goes by the age of an entry.
 *
 * @category model
 * @since 0.1.0
 */
export interface HiddenLifetime {
  readonly lifetime: 'hidden'
}

/**
 * What `Policy.negative` needs of a store: that it takes what a codec makes.
 *
 * @category model
 * @since 0.1.0
 */
export type Accepting<R> = Pick<Operations<R>, 'set'>

/**
 * The name of a store's function, as it stands in a `StoreError`.
 *
 * @category model
 * @since 0.1.0
 */
export type Operation = keyof Operations<unknown> | keyof Leases<unknown>

/**
 * What a store can do beside the algebra, for values of another type.
 *
 * @category model
 * @since 0.1.0
 */
export type Capabilities<S, R> = S extends LeaseCapable ? Leasing<R> & Others<S> : Others<S>

type Others<S> = (S extends RawKeyed ? RawKeyed : unknown) &
  (S extends HiddenLifetime ? HiddenLifetime : unknown)

/**
 * A store from a store of the same values, with what that can do beside the algebra.
 *
 * @category model
 * @since 0.1.0
 */
export type Combinator = <R, B, S extends Store<R, B>>(
  store: S & Store<R, B>
) => Store<R, B> & Capabilities<S, R>

/**
 * What a breaker must do: run a function, or refuse to. The policies of `cockatiel` are breakers.
 *
 * @category model
 * @since 0.1.0
 */
export interface Breaker {
  readonly execute: <A>(f: () => Promise<A>) => Promise<A>
}

/**
 * What `tiered` is made of.
 *
 * @category model
 * @since 0.1.0
 */
export interface TieredOptions<Near, Far> {
  /**
   * The fast one: `lru`, `dict`; `noop()` turns it off. It is the tier's own, so it may be a store of any values, as
   * `lru({ max: 10_000 })` is.
   */
  readonly near: Near
  /** The one that is shared, and has the last word. */
  readonly far: Far
  /** The longest life of a copy (default: that of the entry). */
  readonly ttl?: Duration
  /** Tells what others change (default: nobody does). */
  readonly invalidation?: Invalidation
  /** By which copies age (default: the system's). For tests, as those of the stores are. */
  readonly clock?: Clock
}

/** What a store must be to be a tier. */
type Telling<S> = S extends HiddenLifetime
  ? { readonly 'a tier needs a store that tells what is left of a lifetime': never }
  : unknown

/** The near store holds what the far one does: its values, or any. */
type Keeping<Near, R> = unknown extends Near
  ? unknown
  : [Near, R] extends [R, Near]
  ? unknown
  : { readonly 'the near store is for other values than the far one': never }

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

const min = /*#__PURE__*/ minOf(DurationOrd)

/** For combinators that do not wait: the store answers as soon as the one below. */
const keepsDeadline =
  (combinator: Combinator): Combinator =>
  (store) => {
    const made = combinator(store)
    return store.deadline === undefined ? made : Object.assign(made, { deadline: store.deadline })
  }

/**
 * Runs every operation through a function that may time, trace, refuse or retry it. What it must not change is
 * the meaning of a `right`. `peek`, which runs nothing, is passed on; `deadline` is not, as the function may wait.
 *
 * @example
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Duration, Store } from 'fp-ring'
 *
 * const calls: Array<string> = []
 * const traced = Store.around((operation, task) => () => {
 *   calls.push(operation)
 *   return task()
 * })(dict<string>())
 * const test = async () => {
 *   await traced.set('k', 'v', Duration.minutes(1))()
 *   await traced.getMany(['k', 'l'])()
 *   assert.deepStrictEqual(calls, ['set', 'getMany'])
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const around: (
  run: <A>(operation: Operation, task: TE.TaskEither<StoreError, A>) => TE.TaskEither<StoreError, A>
) => Combinator = aroundStore

/**
 * Gives every operation a deadline: what has not answered by then is `left(StoreError)` with reason `timeout`.
 * What was asked may still happen. The timer does not keep the process alive.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { dict, Duration, Store } from 'fp-ring'
 *
 * const hung = { ...dict<string>(), get: () => () => new Promise<never>(() => {}) }
 * const store = pipe(hung, Store.timed(Duration.milliseconds(10)))
 * const test = async () => {
 *   const got = await store.get('k')()
 *   assert.ok(E.isLeft(got) && got.left.reason === 'timeout')
 * }
 * const alive = setInterval(() => {}, 5)
 * test().then(() => clearInterval(alive))
 *
 * @category combinators
 * @since 0.1.0
 */
export const timed =
  (deadline: Duration): Combinator =>
  (store) =>
    Object.assign(
      around((operation, task) => () => {
        // a store with deadlines of its own clears page by page
        const ms = operation === 'clear' && store.deadline !== undefined ? forever : deadline
        return withDeadline(operation, ms, task).then(E.flatten)
      })(store),
      { deadline: min(deadline, store.deadline ?? deadline) }
    )

/**
 * Puts a breaker before a store: while it is open, operations are `left(StoreError)` with reason `open`, at
 * once. It counts what failed or timed out, and not what the store refused or its codec could not read.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { circuitBreaker, ConsecutiveBreaker, handleAll } from 'cockatiel'
 * import { dict, RingError, Store } from 'fp-ring'
 *
 * const down = { ...dict<string>(), get: () => async () => E.left(RingError.storeFailed('get')('down')) }
 * const breaker = circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(1) })
 * const store = pipe(down, Store.guarded(breaker))
 * const test = async () => {
 *   const first = await store.get('k')()
 *   const second = await store.get('k')()
 *   assert.ok(E.isLeft(first) && first.left.reason === 'failed')
 *   assert.ok(E.isLeft(second) && second.left.reason === 'open')
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const guarded = (breaker: Breaker): Combinator =>
  keepsDeadline(
    around(
      <A>(operation: Operation, task: TE.TaskEither<StoreError, A>): TE.TaskEither<StoreError, A> =>
        pipe(
          TE.tryCatch(
            // a failure must reject for the breaker to see it; anything else is an answer
            () => breaker.execute(() => task().then((e) => (counts(e) ? Promise.reject(e.left) : e))),
            (cause) =>
              isStoreError(cause) ? cause : new StoreError(operation, 'open', 'the breaker refused', cause)
          ),
          TE.chainEitherK((answer: E.Either<StoreError, A>) => answer)
        )
    )
  )

const isStoreError = (u: unknown): u is StoreError => isRingError(u) && u._tag === 'StoreError'

const counts = (e: E.Either<StoreError, unknown>): e is E.Left<StoreError> =>
  E.isLeft(e) && (e.left.reason === 'failed' || e.left.reason === 'timeout')

/**
 * Changes every key on its way in. The function must be injective. `clear` cannot be carried through a function
 * that is not known, so it is refused unless `mapPrefix` says what a prefix becomes.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { dict, Duration, Store } from 'fp-ring'
 *
 * const store = pipe(dict<string>(), Store.mapKey((key) => key.toUpperCase()))
 * const test = async () => {
 *   await store.set('k', 'v', Duration.minutes(1))()
 *   assert.deepStrictEqual(await store.has('k')(), E.right(true))
 *   assert.ok(store.backend.has('K'))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const mapKey: (f: (key: Key) => Key, mapPrefix?: (prefix: string) => string) => Combinator =
  mapKeyStore

/**
 * Puts a prefix before every key: a namespace. `clear('')` clears the namespace and nothing else.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { dict, Duration, Store } from 'fp-ring'
 *
 * const shared = dict<string>()
 * const store = pipe(shared, Store.prefixed('app/'))
 * const test = async () => {
 *   await store.set('k', 'v', Duration.minutes(1))()
 *   assert.deepStrictEqual(await shared.has('app/k')(), E.right(true))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const prefixed = (prefix: string): Combinator =>
  mapKey(
    (key) => prefix + key,
    (inner) => prefix + inner
  )

/**
 * A store of values from a store of raw values. What the codec refuses is `left(StoreError)` with reason `codec`;
 * a ring looks into it and treats it as it would its own codec's error (law 14).
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as O from 'fp-ts/Option'
 * import * as t from 'io-ts'
 * import { Codec, dict, Duration, Store } from 'fp-ring'
 *
 * const store = pipe(dict<Uint8Array>(), Store.encoded(Codec.json(t.array(t.number))))
 * const test = async () => {
 *   await store.set('k', [1, 2], Duration.minutes(1))()
 *   assert.deepStrictEqual(await store.get('k')(), E.right(O.some([1, 2])))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const encoded: <A, R>(
  codec: Codec<A, R>
) => <B, S extends Store<R, B>>(store: S & Store<R, B>) => Store<A, B> & Capabilities<S, A> = encodedStore

/**
 * Gathers the single reads of one tick into one bulk read (the idea of DataLoader). Reads of one key share a
 * slot; a lone read stays a single one. On by default for stores on a network.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as O from 'fp-ts/Option'
 * import { dict, Store } from 'fp-ring'
 *
 * const calls: Array<string> = []
 * const traced = Store.around((operation, task) => () => {
 *   calls.push(operation)
 *   return task()
 * })(dict<string>())
 * const store = pipe(traced, Store.batched())
 * const test = async () => {
 *   const got = await Promise.all([store.get('a')(), store.get('b')(), store.get('a')()])
 *   assert.deepStrictEqual(got, [E.right(O.none), E.right(O.none), E.right(O.none)])
 *   assert.deepStrictEqual(calls, ['getMany'])
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const batched =
  (options: { readonly max?: number } = {}): Combinator =>
  (store) =>
    replaced(store, batchReads(store, options))

/**
 * Two stores as one: a near one that is fast, and a far one that is shared and has the last word. A read asks the near
 * one; what that has not, it asks the far one for, and keeps a copy near, for what is left of its life (law 17). A write
 * goes to the far one, then to the near one, then to those who are told by `invalidation` (law 32); where the far one
 * fails the copy goes as well. A near one that fails is passed over. Leases are those of the far one.
 *
 * Without `invalidation` a copy may be older than what others have written since, for as long as it lives: `ttl` bounds
 * that (default: the life of the entry). With it nothing is served near that somebody else has changed (law 33), and `ttl`
 * bounds what a message that is lost may cost. The near store is the tier's own: it is emptied when messages may have been
 * missed, so with `invalidation` it must be one that `clear('')` empties.
 *
 * Tiers are associative, and `noop` changes nothing: `tiered` of three is `tiered` of two, twice. To keep decoded values
 * near, let the far one decode: `Store.encoded`.
 *
 * `left` as the far store says, and where the others could not be told.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as O from 'fp-ts/Option'
 * import { pipe } from 'fp-ts/function'
 * import * as t from 'io-ts'
 * import { Codec, dict, Duration, Store } from 'fp-ring'
 *
 * const far = dict<Uint8Array>()
 * const store = Store.tiered({
 *   near: dict<number>(),
 *   far: pipe(far, Store.encoded(Codec.json(t.number))),
 *   ttl: Duration.seconds(30)
 * })
 * const test = async () => {
 *   await store.set('k', 42, Duration.minutes(1))()
 *   assert.deepStrictEqual(store.backend.near.get('k')?.value, 42)
 *   assert.deepStrictEqual(store.backend.far.get('k')?.value, new Uint8Array([52, 50]))
 *   assert.deepStrictEqual(await store.get('k')(), E.right(O.some(42)))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const tiered = <R, K, N, F, Near extends Store<K, N>, Far extends Store<R, F>>(
  options: TieredOptions<Near & Store<K, N> & Telling<Near> & Keeping<K, R>, Far & Store<R, F> & Telling<Far>>
): Store<R, { readonly near: N; readonly far: F }> & Capabilities<Far, R> =>
  // the proof: it can do what the far one can, beside the algebra
  tieredStore<R, K, N, F>(options) as Store<R, { readonly near: N; readonly far: F }> & Capabilities<Far, R>

/**
 * Lets nothing be written: what is no read is `left(StoreError)` with reason `refused`, all that leases do among it.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { dict, Duration, Store } from 'fp-ring'
 *
 * const store = pipe(dict<string>(), Store.readOnly)
 * const test = async () => {
 *   const wrote = await store.set('k', 'v', Duration.minutes(1))()
 *   assert.ok(E.isLeft(wrote) && wrote.left.reason === 'refused')
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const readOnly: Combinator = /*#__PURE__*/ keepsDeadline(
  /*#__PURE__*/ around((operation, task) =>
    isRead(operation) ? task : TE.left(new StoreError(operation, 'refused', 'the store is read-only'))
  )
)
