/**
 * Policies: they decide when an entry may be served, loaded and kept. A policy is plain data, composed by `policy`. A
 * ring reads it once, when it is built.
 *
 * Laws:
 *
 * - law 14: policies are a monoid: `policy(a, policy(b, c)) ≡ policy(policy(a, b), c)`, `policy()` is its unit.
 *   If two parts set the same field, the later part counts; all conditions of `cacheWhen` must hold; `strict` cannot be
 *   unset.
 * - law 18: the default lifetime is `defaultTtl`; only `forever` makes entries without an expiry.
 * - law 19: `jitter`, `refreshAhead` and `earlyRefresh` only shorten a lifetime.
 *
 * @since 0.1.0
 */
import type { Either } from 'fp-ts/Either'
import type * as M from 'fp-ts/Monoid'
import type { Predicate } from 'fp-ts/Predicate'
import type { Refinement } from 'fp-ts/Refinement'

import { defect } from './base/defect'
import type { Codec } from './codecs/model'
import * as Duration from './Duration'
import type { Arguments } from './KeyFn'
import { makeLeasing } from './policies/lease'
import { leases, type MakeLeasing } from './policies/model'
import type { DecodeError, EncodeError, RingError, TimeoutError } from './RingError'
import type { Accepting, LeaseCapable } from './stores/model'
import { aCodec, aDuration, anObject, anything, aPolicy, checkOptions, must, variant } from './wiring/check'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

declare const needs: unique symbol
declare const surfaces: unique symbol

/**
 * A lifetime that depends on the value and on its arguments.
 *
 * @category model
 * @since 0.1.0
 */
export type Lifetime<in A, in Args extends Arguments> = (value: A, args: Args) => Duration.Duration

/**
 * How long after its lifetime one value may be served, if that is less than the policy's windows. Zero means never.
 *
 * @category model
 * @since 0.1.0
 */
export interface StaleBounds {
  readonly staleWhileRevalidate?: Duration.Duration
  readonly staleIfError?: Duration.Duration
}

/**
 * Which errors of the function are stored, for how long, and by which codec.
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
 * `ttl`: how long a lease lasts if its holder does not renew it. `wait`: how long a caller waits for a key that another
 * process has leased. Only `lease` makes one: it brings the code that takes leases.
 *
 * @category model
 * @since 0.1.0
 */
export interface Lease {
  readonly ttl: Duration.Duration
  readonly wait: Duration.Duration
  readonly [leases]: MakeLeasing
}

/**
 * A policy. `C` is the capability that the store must have beyond the algebra. `X` is added to the errors of the cached
 * function. `A`, `Args` and `E` are the values, arguments and errors that the policy's functions accept.
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
  /** The largest random reduction of the lifetime, as a fraction from 0 to 1. */
  readonly jitter?: number
  /** How long after its lifetime an entry is served while it is loaded again. */
  readonly staleWhileRevalidate?: Duration.Duration
  /** How long after its lifetime an entry is served when its load fails, and with which errors. */
  readonly staleIfError?: { readonly window: Duration.Duration; readonly when: (error: E) => boolean }
  /** How much of the two stale windows a single value allows. */
  readonly staleBy?: (value: A, args: Args) => StaleBounds
  /** How long after a failed load a stale entry is served before the next load is tried. */
  readonly retryThrottle?: Duration.Duration
  /** The share of the lifetime after which a read loads the entry again. */
  readonly refreshAhead?: number
  /** In the last `window` of the lifetime, a read may load the entry again, at random: earlier if loads take longer. */
  readonly earlyRefresh?: { readonly beta: number; readonly window: number }
  /** One load for all processes. */
  readonly lease?: Lease
  /** How long a caller waits for a load if there is a stale entry. */
  readonly softTimeout?: Duration.Duration
  /** How long a caller waits at most. */
  readonly timeout?: Duration.Duration
  /** Errors that are stored. */
  readonly negative?: Negative<E>
  /** Whether faults of the cache reach the caller of the cached function. */
  readonly strict?: boolean
  /** Whether a value is stored. */
  readonly cacheWhen?: (value: A, args: Args) => boolean
  /** The deadline of every call to the store. */
  readonly storeTimeout?: Duration.Duration
  /** How long a load may hold its key. A load that takes longer is no longer joined, and not stored. */
  readonly loadTimeout?: Duration.Duration
  readonly [needs]?: (store: C) => void
  readonly [surfaces]?: () => X
}

/** Any policy, for the types below, which infer the parameters of policies. */
type Some = Policy<never, unknown, never, never, never>

// in a list of unknown length, any of the policies may be present
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
 * The default lifetime of entries: 60 seconds.
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
 * The default of `loadTimeout`: 60 seconds.
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
 * The default of `storeTimeout`, for a store that has no deadline of its own: one second.
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
 * The default of `retryThrottle`: one second.
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
 * Combines policies, from left to right.
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
): Policy<Needs<P>, Surfaces<P>, Values<P>, ArgumentsOf<P>, Errors<P>> =>
  parts.map((part) => must('each argument of Policy.policy', aPolicy, part)).reduce(concat, empty) as never // SAFETY: the result has the fields of the parts, and the type collects their parameters

const empty: Policy = { _tag: 'Policy' }

const anOptionsObject = /*#__PURE__*/ variant(anObject, { hint: 'write { codec, ttl, when }' })

/** Checks at run time, because a program without types, or its configuration, may pass anything. */
const duration = (what: string, d: Duration.Duration): Duration.Duration =>
  Number.isInteger(d) || d === Duration.forever ? d : defect(`${what} takes a Duration`)
const positive = (what: string, d: Duration.Duration): Duration.Duration =>
  duration(what, d) > 0 ? d : defect(`${what} takes a Duration above zero`)
/** Staleness is computed from the end of an entry's life, so a window must be finite. */
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
 * Sets the lifetime of entries. Zero and negative durations mean 'do not store'.
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
 * Computes the lifetime of an entry from the value and the arguments. If the result is zero or less, `update` and `set`
 * remove the entry that was there.
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
 * Entries live until they are deleted. No policy does this by default.
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
 * Shortens every lifetime by a random share of at most `fraction` (from 0 to 1), so that entries that were written
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
 * Makes the cached function return the faults of the cache as errors: a store that fails, arguments without a key, a
 * value that cannot be encoded. Entries that cannot be decoded are still misses.
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
 * Stores only values for which `f` returns true. For any other value, `update` and `set` remove the entry that was
 * there.
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
 * Sets the deadline of every call to the store; a call that takes longer is a fault (`StoreError`, reason `timeout`). A
 * store on a network also has its own deadline; the shorter one counts.
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
 * Sets how long a load may hold its key. After that, the callers that already wait for the load still wait, as they
 * would for the function itself. The next caller begins a new load, and the value of the old load is not stored.
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
 * For this long after its lifetime, an entry is still served, while one load in the background renews it (RFC 5861,
 * section 3). A caller that finds such an entry does not wait for the load.
 *
 * The store keeps entries for their lifetime and the longer of the two stale windows. Staleness is computed from the
 * remaining time that the store returns, so hosts whose clocks differ agree. Once a ring has seen how long an entry
 * stays fresh, it does not ask for its age during that time, which it measures by its own clock.
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
 * For this long after its lifetime, an entry is kept, and served if its load fails (RFC 5861, section 4) with an error
 * for which `when` returns true (default: any error). For `retryThrottle` after that, it is served without a new
 * attempt. An exception of the function is not an error of its type, and is passed on.
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
 * Narrows the stale windows for single values: some values may not be served late, or not as late as others. It never
 * widens a window, and has no effect if the policy has none. It is called when an entry is written and when it is read,
 * and must return the same both times.
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
 * Sets how long after a failed load a stale entry is served without a new attempt, so that not every read calls a
 * function that fails. Default: one second; with `Duration.milliseconds(0)` every read tries. It has no effect if no
 * stale entry may be served.
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
 * If more than this share of an entry's lifetime has passed, a read serves the entry and loads it again in the
 * background, so that an entry that is read often never expires. With `jitter` an entry may have a shorter lifetime;
 * the share is still that of the full lifetime.
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
 * A read loads the entry again in the background with some probability, which grows as the end of the lifetime comes
 * nearer and with the time that a load takes. Let `Δ` be the milliseconds of a load (the ring's running average): in
 * the last `window` of the lifetime (a fraction, default 0.2), a read loads if `Δ · beta · −ln(random) ≥ the remaining
 * lifetime`. So processes that do not communicate seldom load at the same time. A `beta` above the default, 1, loads
 * earlier. From: Vattani, Chierichetti, Lowenstein, *Optimal Probabilistic Cache Stampede Prevention*, PVLDB 8(8),
 * 2015.
 *
 * @example
 * import { Policy } from 'fp-ring'
 *
 * assert.deepStrictEqual(Policy.earlyRefresh({ beta: 2 }).earlyRefresh, { beta: 2, window: 0.2 })
 *
 * @category constructors
 * @since 0.1.0
 */
export const earlyRefresh = (options: { readonly beta?: number; readonly window?: number } = {}): Policy => {
  checkOptions('Policy.earlyRefresh', options, { beta: anything, window: anything })
  const { beta = 1, window: last = 0.2 } = options
  return beta > 0 && Number.isFinite(beta)
    ? { _tag: 'Policy', earlyRefresh: { beta, window: fraction('the window of earlyRefresh', last) } }
    : defect('earlyRefresh needs a beta above 0')
}

/**
 * Allows one load of a key at a time among all processes, and puts its writes in one order. On a miss, a ring takes a
 * lease in the store, and stores the loaded value only while it still has that lease. `delete`, `set` and `update` take
 * the lease away: no load that began before them is stored after them, in any process.
 *
 * If another process has the lease, a ring waits until the entry is there. It asks again at growing intervals, for at
 * most `wait` (default 10 seconds); then it runs the function, and stores nothing. A ring that can serve a stale entry
 * does not wait.
 *
 * `ttl` (default 5 seconds, at least 10 milliseconds) is how long a lease lasts after its holder has died; while the
 * function runs, the ring renews the lease. The store must have leases (`Store.Leasing`), and every ring that writes
 * these keys must have this policy.
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
export const lease = (options: Partial<Pick<Lease, 'ttl' | 'wait'>> = {}): Policy<LeaseCapable> => {
  checkOptions('Policy.lease', options, { ttl: aDuration, wait: aDuration })
  const { ttl: lasts = Duration.seconds(5), wait = Duration.seconds(10) } = options
  return finite('the ttl of lease', lasts) < 10
    ? defect('the ttl of lease is 10 milliseconds or more')
    : {
        _tag: 'Policy',
        lease: { ttl: lasts, wait: duration('the wait of lease', wait), [leases]: makeLeasing }
      }
}

/**
 * If there is an entry that may be served when its load fails (`staleIfError`), a caller waits at most this long for
 * the load, and then gets that entry. The load continues, and its value is stored.
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
 * A caller of the cached function waits at most this long. Then it gets a stale entry, if one may be served
 * (`staleIfError`), or a `TimeoutError`, which is part of the type. The load continues, and its value is stored.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import type * as TE from 'fp-ts/TaskEither'
 * import { dict, Duration, Policy, ring, RingError } from 'fp-ring'
 *
 * const slow = (_: number): TE.TaskEither<Error, number> => () => new Promise(() => {})
 * const cached = ring(slow, { store: dict(), policy: Policy.timeout(Duration.milliseconds(5)) })
 * const test = async () => {
 *   const answer: E.Either<Error | RingError.TimeoutError, number> = await cached(1)()
 *   assert.ok(E.isLeft(answer) && '_tag' in answer.left && answer.left._tag === 'TimeoutError')
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const timeout = (d: Duration.Duration): Policy<unknown, TimeoutError> => ({
  _tag: 'Policy',
  timeout: positive('timeout', d)
})

/**
 * Stores selected errors of the function for `ttl`. While an error is stored, the cached function returns it as a
 * `left`, without running the function, and `get` finds nothing. Errors for which `when` returns false are not stored.
 * A stored error replaces the entry, unless the entry is served instead (`staleIfError`).
 *
 * The bytes of values do not change; those of errors are stored in an envelope (see the wire format in the docs).
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
export function negative<E, R>(options: {
  readonly codec: Codec<E, R>
  readonly ttl: Duration.Duration
  readonly when?: Predicate<E>
}): Policy<Accepting<R>, never, unknown, Arguments, E> {
  checkOptions('Policy.negative', options, { codec: anything, ttl: anything, when: anything })
  const {
    codec,
    ttl: lasts,
    when = () => true
  }: typeof options = must('what Policy.negative takes', anOptionsObject, options)
  must('the codec of negative', aCodec, codec)
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
  concat: (x, y) => concat(x, y) as Policy<C, X, A, Args, E> // SAFETY: both parts have this type, and concat only merges
})
