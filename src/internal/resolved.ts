/**
 * A policy, resolved once, when a ring is built: nothing is optional any more.
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'

import type { Codec } from '../Codec'
import { grace as graceOf, type Sighting, type Verdict, verdict, type Windows } from '../Decision'
import * as D from '../Duration'
import type { Arguments } from '../KeyFn'
import * as Policy from '../Policy'
import type { DecodeError, EncodeError } from '../RingError'
import { guardedCodec } from './guarded'

/** How errors are stored. */
export interface ResolvedNegative<Err> {
  readonly when: (error: Err) => boolean
  readonly ttl: D.Duration
  readonly encode: (error: Err) => Either<EncodeError, unknown>
  readonly decode: (raw: unknown) => Either<DecodeError, Err>
}

export interface Resolved<Args extends Arguments, Err, A> {
  /** How long a value is kept: its lifetime, with jitter, and the stale windows; zero where it is not to be stored. */
  readonly lifetime: (value: A, args: Args) => D.Duration
  /** The same, where it does not depend on the value. */
  readonly constant: (() => D.Duration) | undefined
  /** The lifetime as the policy says it, which `Decision` reckons with. */
  readonly whole: (value: A, args: Args) => D.Duration
  /** Every value is fresh for so long at least; unknown where the lifetime depends on the value. */
  readonly surely: D.Duration | undefined
  /** The widest that any value has. */
  readonly windows: Windows
  readonly grace: D.Duration
  /** Those of one value, where it has narrower ones. */
  readonly windowsOf: ((value: A, args: Args) => Windows) | undefined
  /** What an entry is good for. */
  readonly judge: (seen: Sighting, own: Windows | undefined) => Verdict
  /** Whether the age of an entry matters. */
  readonly ages: boolean
  /** In how much of the end of a lifetime an entry is due to be loaded anew, where a load takes `loadTime` on average. */
  readonly dueWithin: (ttl: D.Duration, loadTime: number) => D.Duration
  /** The most that this can be. */
  readonly dueAtMost: D.Duration
  readonly staleWhen: (error: Err) => boolean
  readonly retryThrottle: D.Duration
  readonly lease: Policy.Lease | undefined
  readonly softTimeout: D.Duration | undefined
  readonly timeout: D.Duration | undefined
  /** Whether callers wait for so long and no longer. */
  readonly limited: boolean
  readonly negative: ResolvedNegative<Err> | undefined
  readonly cacheWhen: (value: A, args: Args) => boolean
  readonly strict: boolean
  readonly loadTimeout: D.Duration
}

const share = (fraction: number, ttl: D.Duration): number => (ttl === D.forever ? 0 : ttl * fraction)

const errorsOf = ({ codec, ttl, when }: Policy.Negative<unknown>): ResolvedNegative<unknown> => ({
  // the proof: a policy is given to a function whose errors it knows, and a store that takes what its codec makes
  ...(guardedCodec(codec as Codec<unknown, unknown>) as Pick<ResolvedNegative<unknown>, 'encode' | 'decode'>),
  ttl,
  when
})

/** A value may ask for less than the policy allows, never for more. */
const narrowed = (widest: Windows, asked: Policy.StaleBounds): Windows => ({
  staleWhileRevalidate: D.milliseconds(
    Math.min(widest.staleWhileRevalidate, asked.staleWhileRevalidate ?? D.forever)
  ),
  staleIfError: D.milliseconds(Math.min(widest.staleIfError, asked.staleIfError ?? D.forever))
})

export const resolve = (
  policy: Policy.Policy<unknown, unknown>,
  random: () => number
): Resolved<Arguments, unknown, unknown> => {
  const { earlyRefresh, jitter = 0, negative, refreshAhead, staleIfError, ttl = Policy.defaultTtl } = policy
  const windows: Windows = {
    staleWhileRevalidate: policy.staleWhileRevalidate ?? D.zero,
    staleIfError: staleIfError?.window ?? D.zero
  }
  const grace = graceOf(windows)
  const { staleBy } = policy
  const windowsOf =
    staleBy === undefined || grace === D.zero
      ? undefined
      : // the proof: a policy is given to a function whose values and arguments it knows
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
          : // the draw is above 0, for the logarithm
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
