/**
 * When an entry may be served, loaded and kept: plain data, put together by `policy`, read by the interpreter
 * once, when a ring is built.
 *
 * Laws:
 *
 * - law 14: policies are a monoid: `policy(a, policy(b, c)) ≡ policy(policy(a, b), c)`, `policy()` is its unit.
 *   Of two lifetimes, jitters and deadlines the later counts; conditions must all hold; `strict` stays.
 * - law 18: without a lifetime the policy's is `defaultTtl`; only `forever` makes entries without an expiry.
 * - law 19: `jitter` only shortens.
 *
 * @since 0.1.0
 */
import type * as M from 'fp-ts/Monoid'

import * as Duration from './Duration'
import { defect } from './internal/defect'
import type { Arguments } from './KeyFn'
import type { RingError } from './RingError'

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
 * A policy. `C` is what it needs of the store beside the algebra, `X` what it lets into the error channel of the
 * cached function, `A` and `Args` what it wants to know of values and arguments.
 *
 * @category model
 * @since 0.1.0
 */
export interface Policy<
  in C = unknown,
  out X = never,
  in A = unknown,
  in Args extends Arguments = Arguments
> {
  readonly _tag: 'Policy'
  /** A constant lifetime, or one that depends on the value. */
  readonly ttl?: Duration.Duration | Lifetime<A, Args>
  /** The largest share of the lifetime that chance may take away, from 0 to 1. */
  readonly jitter?: number
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
type Some = Policy<never, unknown, never, never>

type Needs<P extends ReadonlyArray<Some>> = P extends readonly [
  Policy<infer C, unknown, never, never>,
  ...infer Rest extends ReadonlyArray<Some>
]
  ? C & Needs<Rest>
  : unknown
type Surfaces<P extends ReadonlyArray<Some>> = {
  readonly [I in keyof P]: P[I] extends Policy<never, infer X, never, never> ? X : never
}[number]
type Values<P extends ReadonlyArray<Some>> = P extends readonly [
  Policy<never, unknown, infer A, never>,
  ...infer Rest extends ReadonlyArray<Some>
]
  ? A & Values<Rest>
  : unknown
type ArgumentsOf<P extends ReadonlyArray<Some>> = P extends readonly [
  Policy<never, unknown, never, infer Args>,
  ...infer Rest extends ReadonlyArray<Some>
]
  ? Arguments extends Args
    ? ArgumentsOf<Rest>
    : Args & ArgumentsOf<Rest>
  : Arguments

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
): Policy<Needs<P>, Surfaces<P>, Values<P>, ArgumentsOf<P>> => parts.reduce(concat, empty) as never // the proof: the fields of the parts, and the type says what they ask

const empty: Policy = { _tag: 'Policy' }

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
export const ttl = (d: Duration.Duration): Policy => {
  if (typeof d !== 'number' || Number.isNaN(d)) return defect('a lifetime is a Duration')
  return { _tag: 'Policy', ttl: d }
}

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
): Policy<unknown, never, A, Args> => ({ _tag: 'Policy', ttl: f })

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
  fraction >= 0 && fraction <= 1
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
): Policy<unknown, never, A, Args> => ({ _tag: 'Policy', cacheWhen: f })

const deadline =
  (what: string) =>
  (d: Duration.Duration): Duration.Duration =>
    d > 0 ? d : defect(`${what} needs a positive duration`)

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
  storeTimeout: deadline('storeTimeout')(d)
})

/**
 * The longest that a load may hold its key. Who waits for it goes on waiting, as for the function itself; who
 * comes later begins a new load, and what the old one brings is not stored.
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
  loadTimeout: deadline('loadTimeout')(d)
})

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
  Args extends Arguments = Arguments
>(): M.Monoid<Policy<C, X, A, Args>> => ({
  empty,
  concat: (x, y) => concat(x, y) as Policy<C, X, A, Args> // the proof: both parts have this type, and concat only merges
})
