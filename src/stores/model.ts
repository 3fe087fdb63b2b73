/**
 * The model of a store: its operations, its optional traits, and the types of the combinators of stores. `Store`
 * exports all of it.
 *
 * @since 0.1.0
 */
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import type { Invalidation } from '../Invalidation'
import type { Key } from '../KeyFn'
import type { StoreError } from '../RingError'

/**
 * A raw value with its remaining lifetime, by the store's own clock (`Duration.forever` if it never expires).
 *
 * @category model
 * @since 0.1.0
 */
export interface Entry<R> {
  readonly value: R
  readonly remaining: Duration
}

/**
 * The operations of every store. Making a task does nothing; running it twice does it twice.
 *
 * @category model
 * @since 0.1.0
 */
export interface Operations<R> {
  readonly get: (key: Key) => TE.TaskEither<StoreError, O.Option<R>>
  /** Like `get`, with the remaining lifetime. */
  readonly read: (key: Key) => TE.TaskEither<StoreError, O.Option<Entry<R>>>
  readonly set: (key: Key, value: R, ttl: Duration) => TE.TaskEither<StoreError, void>
  readonly delete: (key: Key) => TE.TaskEither<StoreError, void>
  readonly has: (key: Key) => TE.TaskEither<StoreError, boolean>
  /** Renews the lifetime of an entry; returns whether there was one. */
  readonly touch: (key: Key, ttl: Duration) => TE.TaskEither<StoreError, boolean>
  readonly getMany: (keys: ReadonlyArray<Key>) => TE.TaskEither<StoreError, ReadonlyArray<O.Option<R>>>
  readonly readMany: (
    keys: ReadonlyArray<Key>
  ) => TE.TaskEither<StoreError, ReadonlyArray<O.Option<Entry<R>>>>
  /** If two entries have the same key, the later one wins. */
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
 * The optional traits of a store: each of them may be left out.
 *
 * @category model
 * @since 0.1.0
 */
export interface Traits<R> {
  /**
   * A read without a promise, for stores in this process's memory. `undefined` means a miss, or a value that cannot be
   * distinguished from one: call `get`.
   */
  readonly peek?: (key: Key) => R | undefined
  /**
   * Like `peek`, with the remaining lifetime. Present if `peek` is, and the store knows lifetimes without a promise.
   */
  readonly peekEntry?: (key: Key) => Entry<R> | undefined
  /** If present, the store decides which process may load a key: see `Leases`. */
  readonly leases?: Leases<R>
  /**
   * If present, every round trip answers within this time, and so does every operation except `clear`, which may take
   * several. A ring adds a deadline to a store that has none.
   */
  readonly deadline?: Duration
  /** If present, the store encodes values itself (`encoded`), and accepts no stored errors. */
  readonly encodes?: true
  /**
   * `none`: the store keeps no lifetimes. It refuses every finite lifetime, and a ring over it needs `Policy.forever`.
   * `hidden`: the store keeps lifetimes, but cannot return the remaining one. `read` fails if there is an entry, and a
   * ring over it accepts no policy that depends on the age of an entry.
   */
  readonly lifetime?: 'none' | 'hidden'
  /** If present, the store knows its keys in the backend: see `RawKeyed`. */
  readonly rawKey?: (key: Key) => string
  readonly rawPrefix?: (prefix: string) => string
  /** If present, the store keeps nothing: every read is a miss. */
  readonly keeps?: 'nothing'
  /**
   * `process`: the entries are in this process's memory, and no other program sees them. If absent, as it may be in a
   * third-party store, other programs are assumed to see them: a ring over it needs a name that a minifier does not
   * change. (If that is wrong, it costs a `name`. The opposite mistake would serve one function the entries of
   * another.)
   */
  readonly reach?: 'process'
  /**
   * Where the entries are whose keys begin with `prefix`. If absent: in the backend, or in the store itself. The call
   * reads nothing from the store.
   */
  readonly placeOf?: (prefix: string) => Place
}

/**
 * Where entries are: two stores with equal places have the same entries. `backend` is the client, the map or the
 * database itself, or a text that identifies it. The keys there begin with `prefix`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Place {
  readonly backend: object | string
  readonly prefix: string
}

/**
 * A store of raw values `R` over a backend `B`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Store<R, B = unknown> extends Operations<R>, Traits<R> {
  /** What the user passed: the client, the map, the cache. Read it from the store each time, because it may change. */
  readonly backend: B
}

/**
 * The result of an attempt to take a lease. `Won`: the caller has it. `Busy`: another process has it, for the remaining
 * time. `Found`: there is an entry, so nothing needs to be loaded.
 *
 * @category model
 * @since 0.1.0
 */
export type Acquired<R> =
  | { readonly _tag: 'Won' }
  | { readonly _tag: 'Busy'; readonly remaining: Duration }
  | { readonly _tag: 'Found'; readonly entry: Entry<R> }

/**
 * Leases: of all callers that want to load a key, in any process, one may (Nishtala et al., *Scaling Memcache at
 * Facebook*, NSDI 2013). A lease is a token that expires by itself. The value that its holder loads is stored only
 * while the holder still has the lease. `override`, which writes and deletes entries, takes the lease away.
 *
 * @category model
 * @since 0.1.0
 */
export interface Leases<R> {
  /**
   * Takes the lease, unless another caller has it, or there is an entry whose remaining lifetime is more than `beyond`.
   */
  readonly acquire: (
    key: Key,
    token: string,
    ttl: Duration,
    beyond: Duration
  ) => TE.TaskEither<StoreError, Acquired<R>>
  /** Takes the lease, even if another caller has it: the last call wins. */
  readonly seize: (key: Key, token: string, ttl: Duration) => TE.TaskEither<StoreError, void>
  /** Extends the lease of this token to `ttl` from now; returns whether the token still had it. */
  readonly renew: (key: Key, token: string, ttl: Duration) => TE.TaskEither<StoreError, boolean>
  /** Releases the lease if this token has it, and no other lease. */
  readonly release: (key: Key, token: string) => TE.TaskEither<StoreError, void>
  /**
   * If the token still has the lease: writes the entry (removes it, for `none` or a `ttl` of zero or less) and releases
   * the lease, in one step. Returns whether the token still had it.
   */
  readonly commit: (
    key: Key,
    token: string,
    value: O.Option<R>,
    ttl: Duration
  ) => TE.TaskEither<StoreError, boolean>
  /** Writes entries (removes those of `none` or a `ttl` of zero or less) and cancels the leases of their keys. */
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
 * What `Policy.lease` needs of a store, whatever the type of its values.
 *
 * @category model
 * @since 0.1.0
 */
export interface LeaseCapable {
  readonly leases: object
}

/**
 * A store that knows its keys in the backend. A feed of changes reports those keys.
 *
 * @category model
 * @since 0.1.0
 */
export interface RawKeyed {
  /** A key in the backend. */
  readonly rawKey: (key: Key) => string
  /** The prefix in the backend of all keys that begin with `prefix`. For the empty prefix: that of all keys. */
  readonly rawPrefix: (prefix: string) => string
}

/**
 * A store that keeps lifetimes, but cannot return the remaining one. It cannot be a tier, and a ring over it accepts no
 * policy that depends on the age of an entry.
 *
 * @category model
 * @since 0.1.0
 */
export interface HiddenLifetime {
  readonly lifetime: 'hidden'
}

/**
 * What `Policy.negative` needs of a store: it must accept the output of the codec.
 *
 * @category model
 * @since 0.1.0
 */
export type Accepting<R> = Pick<Operations<R>, 'set'>

/**
 * The capabilities of a store `S` beyond the algebra, for values of type `R`.
 *
 * @category model
 * @since 0.1.0
 */
export type Capabilities<S, R> = S extends LeaseCapable ? Leasing<R> & Others<S> : Others<S>

type Others<S> = (S extends RawKeyed ? RawKeyed : unknown) &
  (S extends HiddenLifetime ? HiddenLifetime : unknown)

/**
 * Makes a store of the same values from a store, and keeps its capabilities beyond the algebra.
 *
 * @category model
 * @since 0.1.0
 */
export type Combinator = <R, B, S extends Store<R, B>>(
  store: S & Store<R, B>
) => Store<R, B> & Capabilities<S, R>

/**
 * A circuit breaker: it runs a function, or refuses to. The policies of `cockatiel` are breakers.
 *
 * @category model
 * @since 0.1.0
 */
export interface Breaker {
  readonly execute: <A>(f: () => Promise<A>) => Promise<A>
}

/**
 * The options of `tiered`.
 *
 * @category model
 * @since 0.1.0
 */
export interface TieredOptions<Near, Far> {
  /**
   * The fast store: `lru` or `dict`; `noop()` turns the near tier off. Only the tier may use it, so it may be a store
   * of any values, as `lru({ max: 10_000 })` is.
   */
  readonly near: Near
  /** The shared store. It decides what is true. */
  readonly far: Far
  /** The longest lifetime of a copy (default: that of the entry). */
  readonly ttl?: Duration
  /** Reports what other processes change (default: no reports). */
  readonly invalidation?: Invalidation
  /** The clock by which copies age (default: the system's). For tests, like the clocks of the stores. */
  readonly clock?: Clock
}
