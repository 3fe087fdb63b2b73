/**
 * Decides what `getOrUpdate` does, as a pure function of the entry that it finds. The engine carries the decision out,
 * and `explain` shows it.
 *
 * An entry is written for its lifetime and the longer of the two stale windows:
 *
 *     written         ttl                              ttl + longer window
 *        │───── fresh ──┊─ due ─│─── stale ───│── expired ──│ missing
 *                        early    served while    served if
 *                        refresh  revalidated     its load fails
 *
 * Laws:
 *
 * - law 15: an entry is fresh for its lifetime. For `staleWhileRevalidate` after that it is stale, and for
 *   `staleIfError` after that it can be served if its load fails; both windows begin at the end of the lifetime.
 * - law 16: the only time that counts is an entry's remaining lifetime, as the store returns it.
 *
 * @since 0.1.0
 */
import { max } from 'fp-ts/Ord'

import * as Duration from './Duration'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * The stale windows of a policy; zero where it has none.
 *
 * @category model
 * @since 0.1.0
 */
export interface Windows {
  readonly staleWhileRevalidate: Duration.Duration
  readonly staleIfError: Duration.Duration
}

/**
 * How an entry may be used. `fresh`: it is served. `due`: it is served, and it is time to load it again. `stale`: it is
 * served while it is loaded again. `expired`: it is served if its load fails. `missing`: there is no entry to serve.
 *
 * @category model
 * @since 0.1.0
 */
export type Verdict = 'fresh' | 'due' | 'stale' | 'expired' | 'missing'

/**
 * The times of an entry that was found. `remaining`: how long the store will still keep it. `ttl`: its lifetime by the
 * policy, without the stale windows. `dueWithin`: it is due when less than this is left of its lifetime.
 *
 * @category model
 * @since 0.1.0
 */
export interface Sighting {
  readonly remaining: Duration.Duration
  readonly ttl: Duration.Duration
  readonly dueWithin: Duration.Duration
}

/**
 * The state of the key in this ring: whether a load is under way, and whether a load has failed so recently that no new
 * one is tried.
 *
 * @category model
 * @since 0.1.0
 */
export interface Circumstances {
  readonly loading: boolean
  readonly throttled: boolean
}

/**
 * `serve`: what the caller gets. `entry`: the entry, immediately; `load`: the value of the load; `either`: that value,
 * or the entry if the load fails. `load`: what is loaded. `none`: nothing; `join`: the load that is under way;
 * `foreground`: a new load that the caller waits for; `background`: a new load that the caller does not wait for.
 *
 * @category model
 * @since 0.1.0
 */
export interface Decision {
  readonly serve: 'entry' | 'load' | 'either'
  readonly load: 'none' | 'join' | 'foreground' | 'background'
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const longer = /*#__PURE__*/ max(Duration.Ord)

/**
 * How long an entry is kept after its lifetime.
 *
 * @example
 * import { Decision, Duration } from 'fp-ring'
 *
 * const windows = { staleWhileRevalidate: Duration.seconds(30), staleIfError: Duration.minutes(10) }
 * assert.strictEqual(Decision.grace(windows), 600_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const grace = ({ staleIfError, staleWhileRevalidate }: Windows): Duration.Duration =>
  longer(Duration.zero, longer(staleIfError, staleWhileRevalidate))

/**
 * The verdict on an entry. If an entry has more time left than this policy gives, a writer with another policy wrote
 * it, and its age is not known: it counts as at the end of its lifetime (as `due`, if the policy serves no stale
 * entries).
 *
 * @example
 * import { Decision, Duration } from 'fp-ring'
 *
 * const windows = { staleWhileRevalidate: Duration.seconds(30), staleIfError: Duration.seconds(60) }
 * const at = (seconds: number) =>
 *   Decision.verdict(windows)({
 *     remaining: Duration.seconds(seconds),
 *     ttl: Duration.seconds(100),
 *     dueWithin: Duration.seconds(20)
 *   })
 * assert.deepStrictEqual([160, 80, 60, 30, 0].map(at), ['fresh', 'due', 'stale', 'expired', 'missing'])
 * assert.strictEqual(at(161), 'stale')
 *
 * @category constructors
 * @since 0.1.0
 */
export const verdict = (windows: Windows): ((seen: Sighting) => Verdict) => {
  const kept = grace(windows)
  return ({ dueWithin, remaining, ttl }) => {
    // both are numbers of milliseconds; `forever` is Infinity
    const foreign = remaining > ttl + kept
    const fresh = foreign ? 0 : remaining === Duration.forever ? remaining : remaining - kept
    if (remaining <= 0) return 'missing'
    if (foreign && kept === Duration.zero) return 'due'
    if (fresh > 0) return fresh > dueWithin ? 'fresh' : 'due'
    if (-fresh < windows.staleWhileRevalidate) return 'stale'
    return -fresh < windows.staleIfError ? 'expired' : 'missing'
  }
}

/**
 * How long an `expired` entry may still be served if its load fails. If a writer with another policy wrote the entry,
 * its age is not known: it counts as at the end of its lifetime.
 *
 * @example
 * import { Decision, Duration } from 'fp-ring'
 *
 * const windows = { staleWhileRevalidate: Duration.seconds(30), staleIfError: Duration.seconds(60) }
 * assert.strictEqual(Decision.usableFor(windows)(Duration.seconds(20)), 20_000)
 * assert.strictEqual(Decision.usableFor(windows)(Duration.seconds(90)), 60_000)
 *
 * @category constructors
 * @since 0.1.0
 */
export const usableFor = (windows: Windows): ((remaining: Duration.Duration) => Duration.Duration) => {
  const kept = grace(windows)
  return (remaining) => {
    const left = Math.min(windows.staleIfError, remaining - kept + windows.staleIfError)
    // SAFETY: a difference of milliseconds
    return Math.max(0, left) as Duration.Duration
  }
}

/**
 * The decision of `getOrUpdate`.
 *
 * @example
 * import { Decision } from 'fp-ring'
 *
 * const calm = { loading: false, throttled: false }
 * assert.deepStrictEqual(Decision.decide('stale', calm), { serve: 'entry', load: 'background' })
 * assert.deepStrictEqual(Decision.decide('stale', { ...calm, loading: true }), { serve: 'entry', load: 'none' })
 *
 * @category constructors
 * @since 0.1.0
 */
export const decide = (found: Verdict, { loading, throttled }: Circumstances): Decision => {
  switch (found) {
    case 'fresh':
      return { serve: 'entry', load: 'none' }
    case 'due':
    case 'stale':
      return { serve: 'entry', load: loading || throttled ? 'none' : 'background' }
    case 'expired':
      return loading
        ? { serve: 'either', load: 'join' }
        : throttled
        ? { serve: 'entry', load: 'none' }
        : { serve: 'either', load: 'foreground' }
    case 'missing':
      return { serve: 'load', load: loading ? 'join' : 'foreground' }
  }
}
