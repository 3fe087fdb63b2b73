/**
 * When an entry may be served, loaded and kept: plain data, put together by `policy`, read by the interpreter
 * once, when a ring is built.
 *
 * Laws:
 *
 * - law 14: policies are a monoid: `policy(a, policy(b, c)) ≡ policy(policy(a, b), c)`, `policy()` is its unit.
 *   Of two parts that say the same thing differently the later counts; conditions of `cacheWhen` must all hold;
 *   `strict` stays.
 * - law 18: without a lifetime the policy's is `defaultTtl`; only `forever` makes entries without an expiry.
 * - law 19: `jitter`, `refreshAhead` and `earlyRefresh` only shorten.
 *
 * @since 0.1.0
 */
import type { Either } from 'fp-ts/Either'
import type * as M from 'fp-ts/Monoid'
import type { Predicate } from 'fp-ts/Predicate'
import type { Refinement } from 'fp-ts/Refinement'

import type { Codec } from './Codec'
import * as Duration from './Duration'
import { defect } from './internal/defect'
import type { Arguments } from './KeyFn'
import type { DecodeError, EncodeError, RingError, TimeoutError } from './RingError'
import type { Accepting, LeaseCapable } from './Store'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

declare const needs: unique symbol
declare const surfaces: unique symbol

/**
 * How long a value is kept. It may look at the value and at the arguments that it belongs to.
 *
 * @category model
 * @since 0.1.0
 */
export type Lifetime<in A, in Args extends Arguments> = (value: A, args: Args) => Duration.Duration

/**
 * How long after its lifetime one value may be served, where that is less than the policy's windows; zero for never.
 *
 * @category model
 * @since 0.1.0
 */
export interface StaleBounds {
  readonly staleWhileRevalidate?: Duration.Duration
  readonly staleIfError?: Duration.Duration
}

/**
 * How errors of the function are stored: which, for how long, and as what.
 *
 * @category model
 * @since 0.1.0
 */
export interface Negative<in E> {
  readonly codec: {
    readonly encode: (error: never) => Either<EncodeError, unknown>
    readonly decode: (raw: never) => Either<DecodeError, unknown>
  }
  readonly ttl: Duration.Duration
  readonly when: (error: E) => boolean
}

/**
 * How long a lease lasts that nobody renews, and how long one who finds a key leased waits.
 *
 * @category model
 * @since 0.1.0
 */
export interface Lease {
  readonly ttl: Duration.Duration
  readonly wait: Duration.Duration
}

/**
 * A policy. `C` is what it needs of the store beside the algebra, `X` what it lets into the error channel of the
 * cached function, `A`, `Args` and `E` what it wants to know of values, arguments and errors.
 *
 * @category model
 * @since 0.1.0
 */
export interface Policy<
  in C = unknown,
  out X = never,
  in A = unknown,
  in Args extends Arguments = Arguments,
  in E = unknown
> {
  readonly _tag: 'Policy'
  /** A constant lifetime, or one that depends on the value. */
  readonly ttl?: Duration.Duration | Lifetime<A, Args>
  /** The largest share of the lifetime that chance may take away, from 0 to 1. */
  readonly jitter?: number
  /** How long after its lifetime an entry is served while it is loaded anew. */
  readonly staleWhileRevalidate?: Duration.Duration
  /** How long after its lifetime an entry is served when its load fails, and with which errors. */
  readonly staleIfError?: { readonly window: Duration.Duration; readonly when: (error: E) => boolean }
  /** What a single value allows of the two stale windows. */
  readonly staleBy?: (value: A, args: Args) => StaleBounds
  /** How long a stale entry is served after a failed load before the next one. */
  readonly retryThrottle?: Duration.Duration
  /** The share of the lifetime after which a read loads the entry anew. */
  readonly refreshAhead?: number
  /** Chance loads the entry anew, the sooner the longer a load takes, in the last `window` of its lifetime. */
  readonly earlyRefresh?: { readonly beta: number; readonly window: number }
  /** One load for all processes. */
  readonly lease?: Lease
  /** How long a caller waits for a load where there is a stale entry. */
  readonly softTimeout?: Duration.Duration
  /** How long a caller waits. */
  readonly timeout?: Duration.Duration
  /** Errors that are stored. */
  readonly negative?: Negative<E>
  /** Whether faults of the cache reach the caller of the cached function. */
  readonly strict?: boolean
  /** Whether a value is stored. */
  readonly cacheWhen?: (value: A, args: Args) => boolean
  /** The deadline of every call of the store. */
  readonly storeTimeout?: Duration.Duration
  /** How long a load may hold its key: one that takes longer is not joined any more, nor stored. */
  readonly loadTimeout?: Duration.Duration
  readonly [needs]?: (store: C) => void
  readonly [surfaces]?: () => X
}

/** Any policy, for the types that take policies apart. */
type Some = Policy<never, unknown, never, never, never>

// of a list whose length is not known each may be there
type Needs<P extends ReadonlyArray<Some>> = P extends readonly []
  ? unknown
  : P extends readonly [
      Policy<infer C, unknown, never, never, never>,
      ...infer Rest extends ReadonlyArray<Some>
    ]
  ? C & Needs<Rest>
  : P extends ReadonlyArray<Policy<infer C, unknown, never, never, never>>
  ? C
  : never
type Surfaces<P extends ReadonlyArray<Some>> = {
  readonly [I in keyof P]: P[I] extends Policy<never, infer X, never, never, never> ? X : never
}[number]
type Values<P extends ReadonlyArray<Some>> = P extends readonly []
  ? unknown
  : P extends readonly [
      Policy<never, unknown, infer A, never, never>,
      ...infer Rest extends ReadonlyArray<Some>
    ]
  ? A & Values<Rest>
  : P extends ReadonlyArray<Policy<never, unknown, infer A, never, never>>
  ? A
  : never
type ArgumentsOf<P extends ReadonlyArray<Some>> = P extends readonly []
  ? Arguments
  : P extends readonly [
      Policy<never, unknown, never, infer Args, never>,
      ...infer Rest extends ReadonlyArray<Some>
    ]
  ? Both<Args, ArgumentsOf<Rest>>
  : P extends ReadonlyArray<Policy<never, unknown, never, infer Args, never>>
  ? Args
  : never
type Both<X extends Arguments, Y extends Arguments> = Arguments extends X
  ? Y
  : Arguments extends Y
  ? X
  : X & Y
type Errors<P extends ReadonlyArray<Some>> = P extends readonly []
  ? unknown
  : P extends readonly [
      Policy<never, unknown, never, never, infer E>,
      ...infer Rest extends ReadonlyArray<Some>
    ]
  ? E & Errors<Rest>
  : P extends ReadonlyArray<Policy<never, unknown, never, never, infer E>>
  ? E
  : never

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * How long entries live where the policy does not say: 60 seconds.
 *
 * @example
 * import { Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.defaultTtl, 60_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultTtl: Duration.Duration = /*#__PURE__*/ Duration.seconds(60)

/**
 * How long a load may hold its key where the policy does not say: 60 seconds.
 *
 * @example
 * import { Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.defaultLoadTimeout, 60_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultLoadTimeout: Duration.Duration = /*#__PURE__*/ Duration.seconds(60)

/**
 * The deadline of the calls of a store that has none of its own, where the policy does not say: one second.
 *
 * @example
 * import { Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.defaultStoreTimeout, 1_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultStoreTimeout: Duration.Duration = /*#__PURE__*/ Duration.seconds(1)

/**
 * How long a stale entry is served after a failed load before the next one is tried, where the policy does not say: one
 * second.
 *
 * @example
 * import { Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.defaultRetryThrottle, 1_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultRetryThrottle: Duration.Duration = /*#__PURE__*/ Duration.seconds(1)

/**
 * Puts policies together, from left to right.
 *
 * @example
 * import { Duration, Policy } from 'fp-ring'
 *
 * const p = Policy.policy(Policy.ttl(Duration.minutes(5)), Policy.jitter(0.1))
 * assert.strictEqual(p.ttl, 300_000)
 * assert.strictEqual(p.jitter, 0.1)
 *
 * @category constructors
 * @since 0.1.0
 */
export const policy = <P extends ReadonlyArray<Some>>(
  ...parts: P
): Policy<Needs<P>, Surfaces<P>, Values<P>, ArgumentsOf<P>, Errors<P>> => parts.reduce(concat, empty) as never // the proof: the fields of the parts, and the type says what they ask

const empty: Policy = { _tag: 'Policy' }

/** What comes from a program without types, or from its configuration, may be anything. */
const duration = (what: string, d: Duration.Duration): Duration.Duration =>
  Number.isInteger(d) || d === Duration.forever ? d : defect(`${what} takes a Duration`)
const positive = (what: string, d: Duration.Duration): Duration.Duration =>
  duration(what, d) > 0 ? d : defect(`${what} takes a Duration above zero`)
/** What is stale follows from the end of an entry, so it must have one. */
const finite = (what: string, d: Duration.Duration): Duration.Duration =>
  duration(what, d) === Duration.forever ? defect(`${what} takes a Duration with an end`) : d
const fraction = (what: string, n: number): number =>
  typeof n === 'number' && n > 0 && n <= 1 ? n : defect(`${what} takes a fraction above 0, up to 1`)
const callable = <F>(what: string, f: F): F =>
  typeof f === 'function' ? f : defect(`${what} takes a function`)

type Condition = (value: never, args: never) => boolean

const both = (f: Condition | undefined, g: Condition | undefined): { readonly cacheWhen?: Condition } => {
  const all: Condition | undefined =
    f === undefined ? g : g === undefined ? f : (value, args) => f(value, args) && g(value, args)
  return all === undefined ? {} : { cacheWhen: all }
}

const concat = (x: Some, y: Some): Some => ({ ...x, ...y, ...both(x.cacheWhen, y.cacheWhen) })

/**
 * Entries live this long. Zero and negative durations mean 'do not store'.
 *
 * @example
 * import { Duration, Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.ttl(Duration.minutes(1)).ttl, 60_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const ttl = (d: Duration.Duration): Policy => ({ _tag: 'Policy', ttl: duration('ttl', d) })

/**
 * Entries live as long as a function of the value and the arguments says. `update` and `set` of a value that is
 * given no time remove what was there.
 *
 * @example
 * import { Duration, Policy } from 'fp-ring'
 *
 * const p = Policy.ttlBy((token: { readonly expiresIn: number }) => Duration.seconds(token.expiresIn))
 * assert.strictEqual(typeof p.ttl, 'function')
 *
 * @category constructors
 * @since 0.1.0
 */
export const ttlBy = <A, Args extends Arguments = Arguments>(
  f: Lifetime<A, Args>
): Policy<unknown, never, A, Args> => ({ _tag: 'Policy', ttl: callable('ttlBy', f) })

/**
 * Entries live until they are deleted. It must be asked for.
 *
 * @example
 * import { Duration, Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.forever.ttl, Duration.forever)
 *
 * @category constructors
 * @since 0.1.0
 */
export const forever: Policy = { _tag: 'Policy', ttl: Duration.forever }

/**
 * Takes a random share, at most `fraction` (from 0 to 1), off every lifetime, so that entries that were written
 * together do not expire together.
 *
 * @example
 * import { Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.jitter(0.2).jitter, 0.2)
 * assert.throws(() => Policy.jitter(2))
 *
 * @category constructors
 * @since 0.1.0
 */
export const jitter = (fraction: number): Policy =>
  typeof fraction === 'number' && fraction >= 0 && fraction <= 1
    ? { _tag: 'Policy', jitter: fraction }
    : defect('jitter takes a fraction from 0 to 1')

/**
 * Lets the faults of the cache into the error channel of the cached function: a store that fails, arguments
 * without a key, a value that cannot be encoded. Entries that cannot be decoded stay misses.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Policy, ring, RingError } from 'fp-ring'
 *
 * const down = { ...dict(), peek: () => undefined, get: () => TE.left(RingError.storeFailed('get')('down')) }
 * const one = (id: number): TE.TaskEither<'not found', number> => TE.right(id)
 * const open = ring(one, { store: down })
 * const strict = ring(one, { store: down, policy: Policy.strict })
 * const test = async () => {
 *   assert.deepStrictEqual(await open(1)(), E.right(1))
 *   assert.ok(E.isLeft(await strict(1)()))
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const strict: Policy<unknown, RingError> = { _tag: 'Policy', strict: true }

/**
 * Stores only values of which this is true. `update` and `set` of another value remove what was there.
 *
 * @example
 * import { Policy } from 'fp-ring'
 *
 * const p = Policy.cacheWhen((found: ReadonlyArray<string>) => found.length > 0)
 * assert.strictEqual(p.cacheWhen?.([], []), false)
 *
 * @category constructors
 * @since 0.1.0
 */
export const cacheWhen = <A, Args extends Arguments = Arguments>(
  f: (value: A, args: Args) => boolean
): Policy<unknown, never, A, Args> => ({ _tag: 'Policy', cacheWhen: callable('cacheWhen', f) })

/**
 * The longest that a call of the store may take; later it is a fault (`StoreError`, reason `timeout`). A store on
 * a network has a deadline of its own as well; the shorter counts.
 *
 * @example
 * import { Duration, Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.storeTimeout(Duration.milliseconds(50)).storeTimeout, 50)
 *
 * @category constructors
 * @since 0.1.0
 */
export const storeTimeout = (d: Duration.Duration): Policy => ({
  _tag: 'Policy',
  storeTimeout: positive('storeTimeout', d)
})

/**
 * The longest that a load may hold its key. Callers that wait for it go on waiting, as they would for the function
 * itself. A later caller begins a new load, and what the old one brings is not stored.
 *
 * @example
 * import { Duration, Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.loadTimeout(Duration.seconds(5)).loadTimeout, 5000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const loadTimeout = (d: Duration.Duration): Policy => ({
  _tag: 'Policy',
  loadTimeout: positive('loadTimeout', d)
})

/**
 * After its lifetime an entry is served for so much longer, while it is loaded anew, once, in the background (RFC 5861,
 * section 3). Nobody waits for a load who finds an entry of that age.
 *
 * The store keeps entries for their lifetime and the longer of the two stale windows. What is stale follows from the
 * time that the store says is left, so hosts whose clocks differ agree. A ring that has seen an entry to be fresh for so
 * much longer does not ask for its age in that time, which it measures by its own clock.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Duration, Policy, ring } from 'fp-ring'
 *
 * let time = 0
 * const clock = { now: () => time }
 * let runs = 0
 * const count = (_: string): TE.TaskEither<never, number> => TE.fromIO(() => ++runs)
 * const cached = ring(count, {
 *   store: dict({ clock }),
 *   clock,
 *   policy: Policy.policy(Policy.ttl(Duration.seconds(60)), Policy.staleWhileRevalidate(Duration.seconds(30)))
 * })
 * const test = async () => {
 *   assert.deepStrictEqual(await cached('a')(), E.right(1))
 *   time = 70_000
 *   assert.deepStrictEqual(await cached('a')(), E.right(1)) // stale, at once
 *   await new Promise((resolve) => setTimeout(resolve, 5))
 *   assert.deepStrictEqual(await cached('a')(), E.right(2)) // loaded meanwhile
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const staleWhileRevalidate = (d: Duration.Duration): Policy => ({
  _tag: 'Policy',
  staleWhileRevalidate: finite('staleWhileRevalidate', d)
})

/**
 * After its lifetime an entry is kept for so much longer, and served when its load fails (RFC 5861, section 4), with an
 * error of which `when` is true (default: any). For `retryThrottle` after that it is served without another try. What
 * the function throws is no error of its type and is passed on.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Duration, Policy, ring } from 'fp-ring'
 *
 * type Failure = 'unreachable' | 'forbidden'
 * let time = 0
 * const clock = { now: () => time }
 * let failure: Failure | undefined
 * const price = (_: string): TE.TaskEither<Failure, number> => async () =>
 *   failure === undefined ? E.right(42) : E.left(failure)
 * const cached = ring(price, {
 *   store: dict({ clock }),
 *   clock,
 *   policy: Policy.policy(
 *     Policy.ttl(Duration.seconds(60)),
 *     Policy.staleIfError(Duration.hours(1), (e: Failure) => e === 'unreachable')
 *   )
 * })
 * const test = async () => {
 *   await cached('tea')()
 *   time = 90_000
 *   failure = 'forbidden'
 *   assert.deepStrictEqual(await cached('tea')(), E.left('forbidden'))
 *   failure = 'unreachable'
 *   assert.deepStrictEqual(await cached('tea')(), E.right(42))
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const staleIfError = <E = unknown>(
  d: Duration.Duration,
  when: (error: E) => boolean = () => true
): Policy<unknown, never, unknown, Arguments, E> => ({
  _tag: 'Policy',
  staleIfError: { window: finite('staleIfError', d), when: callable('staleIfError', when) }
})

/**
 * Narrows the stale windows for single values, which may say themselves that they are not to be served late, or less late
 * than others. It never widens them, and says nothing where the policy has none. It is asked when an entry is written and
 * when it is read, so it must say the same both times.
 *
 * @example
 * import { Duration, Policy } from 'fp-ring'
 *
 * const p = Policy.policy(
 *   Policy.staleIfError(Duration.hours(1)),
 *   Policy.staleBy((price: { readonly binding: boolean }) => (price.binding ? { staleIfError: Duration.zero } : {}))
 * )
 * assert.deepStrictEqual(p.staleBy?.({ binding: true }, []), { staleIfError: 0 })
 *
 * @category constructors
 * @since 0.1.0
 */
export const staleBy = <A, Args extends Arguments = Arguments>(
  f: (value: A, args: Args) => StaleBounds
): Policy<unknown, never, A, Args> => ({ _tag: 'Policy', staleBy: callable('staleBy', f) })

/**
 * How long after a failed load a stale entry is served without another try, so that a function that fails is not
 * called by every read. Default: one second; `Duration.milliseconds(0)` tries at every read. It says nothing where
 * nothing stale may be served.
 *
 * @example
 * import { Duration, Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.retryThrottle(Duration.seconds(5)).retryThrottle, 5_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const retryThrottle = (d: Duration.Duration): Policy => ({
  _tag: 'Policy',
  retryThrottle: duration('retryThrottle', d)
})

/**
 * A read that finds an entry of which more than this share of its lifetime is over serves it, and loads it anew in the
 * background: what is read often never expires. With `jitter` an entry may have been written with less than its whole
 * lifetime; the share is that of the whole one.
 *
 * @example
 * import { Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.refreshAhead(0.8).refreshAhead, 0.8)
 * assert.throws(() => Policy.refreshAhead(0))
 *
 * @category constructors
 * @since 0.1.0
 */
export const refreshAhead = (share: number): Policy => ({
  _tag: 'Policy',
  refreshAhead: fraction('refreshAhead', share)
})

/**
 * A read loads the entry anew in the background by chance, the likelier the nearer its end is and the longer a load
 * takes: with `Δ` milliseconds for a load (the ring's running average) it does where
 * `Δ · beta · −ln(random) ≥ what is left of its life`, in the last `window` of the lifetime (a fraction, default 0.2).
 * So processes that know nothing of each other seldom load at the same time. A `beta` above 1 (the default) loads
 * sooner. From: Vattani, Chierichetti, Lowenstein, *Optimal Probabilistic Cache Stampede Prevention*, PVLDB 8(8), 2015.
 *
 * @example
 * import { Policy } from 'fp-ring'
 *
 * assert.deepStrictEqual(Policy.earlyRefresh({ beta: 2 }).earlyRefresh, { beta: 2, window: 0.2 })
 *
 * @category constructors
 * @since 0.1.0
 */
export const earlyRefresh = ({
  beta = 1,
  window: last = 0.2
}: { readonly beta?: number; readonly window?: number } = {}): Policy =>
  beta > 0 && Number.isFinite(beta)
    ? { _tag: 'Policy', earlyRefresh: { beta, window: fraction('the window of earlyRefresh', last) } }
    : defect('earlyRefresh needs a beta above 0')

/**
 * One load of a key at a time in all processes, and one order of its writes. A ring that misses takes a lease in the
 * store, and stores what it has loaded only while it still has that lease. `delete`, `set` and `update` take the lease
 * away: no load that began before them is stored after them, in any process.
 *
 * A ring that finds the lease taken waits until the entry is there. It asks again at growing intervals, for `wait` at
 * most (default 10 seconds); then it runs the function, and stores nothing. A ring that has a stale entry to serve does
 * not wait.
 *
 * `ttl` (default 5 seconds, at least 10 milliseconds) is how long a lease outlives a holder that has died: while the
 * function runs its lease is renewed. The store must have leases (`Store.Leasing`), and every ring that writes these
 * keys must have this policy.
 *
 * @example
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Duration, Policy, ring } from 'fp-ring'
 *
 * const one = (id: number): TE.TaskEither<Error, number> => TE.right(id)
 * const cached = ring(one, { store: dict(), policy: Policy.lease({ ttl: Duration.seconds(2) }) })
 * assert.strictEqual(typeof cached, 'function')
 *
 * @category constructors
 * @since 0.1.0
 */
export const lease = (options: Partial<Lease> = {}): Policy<LeaseCapable> => {
  const { ttl: lasts = Duration.seconds(5), wait = Duration.seconds(10) } = options
  return finite('the ttl of lease', lasts) < 10
    ? defect('the ttl of lease is 10 milliseconds or more')
    : { _tag: 'Policy', lease: { ttl: lasts, wait: duration('the wait of lease', wait) } }
}

/**
 * Where there is an entry that may be served if its load fails (`staleIfError`), a caller waits no longer than this for
 * the load, and is served that entry. The load goes on, and is stored.
 *
 * @example
 * import { Duration, Policy } from 'fp-ring'
 *
 * assert.strictEqual(Policy.softTimeout(Duration.milliseconds(100)).softTimeout, 100)
 *
 * @category constructors
 * @since 0.1.0
 */
export const softTimeout = (d: Duration.Duration): Policy => ({
  _tag: 'Policy',
  softTimeout: positive('softTimeout', d)
})

/**
 * A caller of the cached function waits no longer than this: then a stale entry is served, where one may be
 * (`staleIfError`), or the answer is a `TimeoutError`, which is in the type. The load goes on, and is stored.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import type * as TE from 'fp-ts/TaskEither'
 * import { dict, Duration, Policy, ring, RingError } from 'fp-ring'
 *
 * const slow = (_: number): TE.TaskEither<Error, number> => () => new Promise(() => {})
 * const cached = ring(slow, { store: dict(), policy: Policy.timeout(Duration.milliseconds(5)) })
 * const alive = setInterval(() => {}, 5)
 * const test = async () => {
 *   const answer: E.Either<Error | RingError.TimeoutError, number> = await cached(1)()
 *   assert.ok(E.isLeft(answer) && '_tag' in answer.left && answer.left._tag === 'TimeoutError')
 * }
 * test().finally(() => clearInterval(alive))
 *
 * @category constructors
 * @since 0.1.0
 */
export const timeout = (d: Duration.Duration): Policy<unknown, TimeoutError> => ({
  _tag: 'Policy',
  timeout: positive('timeout', d)
})

/**
 * Stores chosen errors of the function, for `ttl`, and answers with them as with values: `left`, without running the
 * function. `get` finds nothing where an error is stored. Errors of which `when` is false are not stored. A stored error
 * takes the place of the entry, unless that is served instead (`staleIfError`).
 *
 * The bytes of values stay as they are; those of errors lie in an envelope (see the wire format in the docs).
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as TE from 'fp-ts/TaskEither'
 * import * as t from 'io-ts'
 * import { Codec, dict, Duration, Policy, ring } from 'fp-ring'
 *
 * type Failure = 'not found' | 'unreachable'
 * let runs = 0
 * const user = (_: number): TE.TaskEither<Failure, string> => async () => {
 *   runs++
 *   return E.left('not found')
 * }
 * const cached = ring(user, {
 *   store: dict<Uint8Array>(),
 *   codec: Codec.json(t.string),
 *   policy: Policy.negative({
 *     codec: Codec.json(t.literal('not found')),
 *     ttl: Duration.seconds(5),
 *     when: (e: Failure): e is 'not found' => e === 'not found'
 *   })
 * })
 * const test = async () => {
 *   assert.deepStrictEqual(await cached(1)(), E.left('not found'))
 *   assert.deepStrictEqual(await cached(1)(), E.left('not found'))
 *   assert.strictEqual(runs, 1)
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export function negative<E, N extends E, R>(options: {
  readonly codec: Codec<N, R>
  readonly ttl: Duration.Duration
  readonly when: Refinement<E, N>
}): Policy<Accepting<R>, never, unknown, Arguments, E>
export function negative<E, R>(options: {
  readonly codec: Codec<E, R>
  readonly ttl: Duration.Duration
  readonly when?: Predicate<E>
}): Policy<Accepting<R>, never, unknown, Arguments, E>
export function negative<E, R>({
  codec,
  ttl: lasts,
  when = () => true
}: {
  readonly codec: Codec<E, R>
  readonly ttl: Duration.Duration
  readonly when?: Predicate<E>
}): Policy<Accepting<R>, never, unknown, Arguments, E> {
  callable('the codec of negative', (codec as Partial<Codec<E, R>> | undefined)?.decode)
  return {
    _tag: 'Policy',
    negative: { codec, ttl: duration('the ttl of negative', lasts), when: callable('negative', when) }
  }
}

// -------------------------------------------------------------------------------------
// instances
// -------------------------------------------------------------------------------------

/**
 * The monoid of policies with the same needs.
 *
 * @example
 * import { concatAll } from 'fp-ts/Monoid'
 * import { Duration, Policy } from 'fp-ring'
 *
 * const p = concatAll(Policy.getMonoid())([Policy.forever, Policy.ttl(Duration.seconds(1))])
 * assert.strictEqual(p.ttl, 1000)
 *
 * @category instances
 * @since 0.1.0
 */
export const getMonoid = <
  C = unknown,
  X = never,
  A = unknown,
  Args extends Arguments = Arguments,
  E = unknown
>(): M.Monoid<Policy<C, X, A, Args, E>> => ({
  empty,
  concat: (x, y) => concat(x, y) as Policy<C, X, A, Args, E> // the proof: both parts have this type, and concat only merges
})
