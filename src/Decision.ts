/**
 * What `getOrUpdate` does with what it finds, as a pure function of what it finds: the interpreter does what this module
 * says, and `explain` shows it.
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
 * - law 15: an entry is fresh for its lifetime, stale for `staleWhileRevalidate` after that, and of use for a failed load
 *   for `staleIfError` after that; both windows begin where the lifetime ends.
 * - law 16: the only time in it is what the store says is left of an entry's life.
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
 * What an entry is good for: `fresh`, to be served; `due`, to be served, and it is time to load it anew; `stale`, to be
 * served while it is loaded anew; `expired`, to be served if its load fails; `missing`, nothing.
 *
 * @category model
 * @since 0.1.0
 */
export type Verdict = 'fresh' | 'due' | 'stale' | 'expired' | 'missing'

/**
 * An entry as it was found: what is left of its life in the store, its lifetime by the policy (without the stale
 * windows), and in how much of the end of that lifetime it is due to be loaded anew.
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
 * What else there is to know: whether a load of the key is under way in this ring, and whether one has failed so
 * recently that it is not tried again.
 *
 * @category model
 * @since 0.1.0
 */
export interface Circumstances {
  readonly loading: boolean
  readonly throttled: boolean
}

/**
 * What is served (`entry`, at once; `load`, what the load brings; `either`, that, or the entry if it fails) and what is
 * loaded (`none`; `join`, the load that is under way; `foreground`, a new one that the caller waits for; `background`,
 * one that it does not wait for).
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
 * How long an entry is kept beyond its lifetime.
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
 * What an entry is good for. One that has more life left than this policy could have given it was written by somebody
 * else, and nobody knows when: it counts as at the end of its lifetime (as due, where nothing stale is served).
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
 * For how long an `expired` entry may still be served when its load fails. The life of an entry that somebody else wrote
 * says nothing of its age: it counts as at the end of its lifetime.
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
    // the proof: a difference of milliseconds
    return Math.max(0, left) as Duration.Duration
  }
}

/**
 * What `getOrUpdate` does.
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
