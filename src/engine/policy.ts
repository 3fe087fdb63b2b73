/**
 * A policy, resolved once, when a ring is built: every optional part has its value.
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'

import { isBoolean, kindOf } from '../base/kinds'
import { inOwnWords } from '../base/ownWords'
import type { Codec } from '../codecs/model'
import { guardedCodec } from '../codecs/total'
import { grace as graceOf, type Sighting, type Verdict, verdict, type Windows } from '../Decision'
import * as D from '../Duration'
import type { Arguments } from '../KeyFn'
import * as Policy from '../Policy'
import { type DecodeError, EncodeError } from '../RingError'

/** How errors are stored. */
export interface ResolvedNegative<Err> {
  readonly when: (error: Err) => boolean
  readonly ttl: D.Duration
  readonly encode: (error: Err) => Either<EncodeError, unknown>
  readonly decode: (raw: unknown) => Either<DecodeError, Err>
}

export interface Resolved<Args extends Arguments, Err, A> {
  /** How long a value is kept: its lifetime, with jitter, plus the stale windows; zero if it is not to be stored. */
  readonly lifetime: (value: A, args: Args) => D.Duration
  /** The same, if it does not depend on the value. */
  readonly constant: (() => D.Duration) | undefined
  /** The lifetime as the policy states it, which `Decision` calculates with. */
  readonly whole: (value: A, args: Args) => D.Duration
  /** The longest time that any value is kept; unknown if the lifetime depends on the value. */
  readonly longest: D.Duration | undefined
  /** The shortest time that any value is fresh; unknown if the lifetime depends on the value. */
  readonly surely: D.Duration | undefined
  /** The widest stale windows of any value. */
  readonly windows: Windows
  readonly grace: D.Duration
  /** The stale windows of one value, if it has narrower ones. */
  readonly windowsOf: ((value: A, args: Args) => Windows) | undefined
  /** What an entry may be used for. */
  readonly judge: (seen: Sighting, own: Windows | undefined) => Verdict
  /** Whether the age of an entry matters. */
  readonly ages: boolean
  /**
   * How long before the end of its lifetime an entry is due for another load, if a load takes `loadTime` on average.
   */
  readonly dueWithin: (ttl: D.Duration, loadTime: number) => D.Duration
  /** The maximum of `dueWithin`. */
  readonly dueAtMost: D.Duration
  readonly staleWhen: (error: Err) => boolean
  readonly retryThrottle: D.Duration
  readonly lease: Policy.Lease | undefined
  readonly softTimeout: D.Duration | undefined
  readonly timeout: D.Duration | undefined
  /** Whether the time that callers wait is limited. */
  readonly limited: boolean
  readonly negative: ResolvedNegative<Err> | undefined
  readonly cacheWhen: (value: A, args: Args) => boolean
  readonly strict: boolean
  readonly loadTimeout: D.Duration
}

/** Checks what a user's function in a policy returns. */
const returning =
  <P extends ReadonlyArray<unknown>, W>(
    part: string,
    f: (...args: P) => W,
    is: (u: unknown) => boolean,
    type: string
  ) =>
  (...args: P): W => {
    const given = f(...args)
    if (is(given)) return given
    throw inOwnWords(new EncodeError(`${part} of the policy returned ${kindOf(given)}, not ${type}`))
  }

const isDuration = (u: unknown): boolean => typeof u === 'number' && !Number.isNaN(u)
const areBounds = (u: unknown): boolean =>
  typeof u === 'object' &&
  u !== null &&
  (['staleWhileRevalidate', 'staleIfError'] as const).every((bound) => {
    const value: unknown = (u as Policy.StaleBounds)[bound]
    return value === undefined || isDuration(value)
  })

/** The functions of a policy that decide about a value. */
type Functions<A, Args extends Arguments, Err> = Pick<
  Policy.Policy<unknown, unknown, A, Args, Err>,
  'ttl' | 'cacheWhen' | 'staleBy' | 'staleIfError'
>

/** A policy whose functions throw an error that names them if they return something that their types do not allow. */
export const checkedPolicy = <A, Args extends Arguments, Err, P extends Functions<A, Args, Err>>(
  policy: P & Functions<A, Args, Err>
): P => {
  const { cacheWhen, staleBy, staleIfError, ttl } = policy
  return {
    ...policy,
    ...(typeof ttl === 'function' ? { ttl: returning('ttl', ttl, isDuration, 'a Duration') } : {}),
    ...(cacheWhen === undefined
      ? {}
      : { cacheWhen: returning('cacheWhen', cacheWhen, isBoolean, 'a boolean') }),
    ...(staleBy === undefined
      ? {}
      : { staleBy: returning('staleBy', staleBy, areBounds, 'an object of Durations') }),
    ...(staleIfError === undefined
      ? {}
      : {
          staleIfError: {
            ...staleIfError,
            when: returning('staleIfError', staleIfError.when, isBoolean, 'a boolean')
          }
        })
  }
}

/** The error for what a function of a policy threw: the one that names the function, or one that says that it threw. */
export const policyError = (cause: unknown): EncodeError =>
  cause instanceof EncodeError ? cause : inOwnWords(new EncodeError('the policy threw', cause))

const share = (fraction: number, ttl: D.Duration): number => (ttl === D.forever ? 0 : ttl * fraction)

const errorsOf = ({ codec, ttl, when }: Policy.Negative<unknown>): ResolvedNegative<unknown> => ({
  // SAFETY: the types allow a policy only for functions whose errors it knows, and for stores that take what its codec
  // makes
  ...(guardedCodec(codec as Codec<unknown, unknown>) as Pick<ResolvedNegative<unknown>, 'encode' | 'decode'>),
  ttl,
  when: returning('negative', when, isBoolean, 'a boolean')
})

/** A value may narrow the windows of the policy, never widen them. */
const narrowed = (widest: Windows, asked: Policy.StaleBounds): Windows => ({
  staleWhileRevalidate: D.milliseconds(
    Math.min(widest.staleWhileRevalidate, asked.staleWhileRevalidate ?? D.forever)
  ),
  staleIfError: D.milliseconds(Math.min(widest.staleIfError, asked.staleIfError ?? D.forever))
})

export const resolve = (
  given: Policy.Policy<unknown, unknown>,
  random: () => number
): Resolved<Arguments, unknown, unknown> => {
  const policy = checkedPolicy(given)
  const { earlyRefresh, jitter = 0, negative, refreshAhead, staleIfError } = policy
  const { staleBy, ttl = Policy.defaultTtl } = policy
  const windows: Windows = {
    staleWhileRevalidate: policy.staleWhileRevalidate ?? D.zero,
    staleIfError: staleIfError?.window ?? D.zero
  }
  const grace = graceOf(windows)
  const windowsOf =
    staleBy === undefined || grace === D.zero
      ? undefined
      : // SAFETY: the types allow a policy only for functions whose values and arguments it knows
        (value: unknown, args: Arguments): Windows => narrowed(windows, staleBy(value, args))
  const judge = verdict(windows)
  const kept = (d: D.Duration, beyond: D.Duration): D.Duration => {
    const fresh = jitter === 0 ? d : D.shortened(1 - jitter * random())(d)
    return fresh > 0 ? D.sum(fresh, beyond) : D.zero
  }
  const graceFor = (value: unknown, args: Arguments): D.Duration =>
    windowsOf === undefined ? grace : graceOf(windowsOf(value, args))
  const ahead = 1 - (refreshAhead ?? 1)
  const constant = typeof ttl === 'function' ? undefined : ttl
  const longestDue = Math.max(ahead, earlyRefresh?.window ?? 0)
  return {
    lifetime:
      typeof ttl === 'function'
        ? (value, args) => kept(ttl(value, args), graceFor(value, args))
        : (value, args) => kept(ttl, graceFor(value, args)),
    constant: constant === undefined || windowsOf !== undefined ? undefined : () => kept(constant, grace),
    whole: typeof ttl === 'function' ? ttl : () => ttl,
    longest: constant === undefined || windowsOf !== undefined ? undefined : D.sum(constant, grace),
    surely: constant === undefined ? undefined : D.shortened(1 - jitter)(constant),
    windows,
    grace,
    windowsOf,
    judge: (seen, own) => (own === undefined ? judge(seen) : verdict(own)(seen)),
    ages: grace > 0 || longestDue > 0,
    dueWithin: (whole, loadTime) => {
      const chance =
        earlyRefresh === undefined
          ? 0
          : // the random number is above 0, for the logarithm
            Math.min(
              share(earlyRefresh.window, whole),
              -Math.log(Math.max(Number.MIN_VALUE, 1 - random())) * loadTime * earlyRefresh.beta
            )
      return D.milliseconds(Math.max(share(ahead, whole), chance))
    },
    dueAtMost: constant === undefined ? D.zero : D.milliseconds(share(longestDue, constant)),
    staleWhen: staleIfError?.when ?? (() => false),
    retryThrottle: policy.retryThrottle ?? Policy.defaultRetryThrottle,
    lease: policy.lease,
    softTimeout: policy.softTimeout,
    timeout: policy.timeout,
    limited: policy.softTimeout !== undefined || policy.timeout !== undefined,
    negative: negative === undefined ? undefined : errorsOf(negative),
    cacheWhen: policy.cacheWhen ?? (() => true),
    strict: policy.strict === true,
    loadTimeout: policy.loadTimeout ?? Policy.defaultLoadTimeout
  }
}
