/**
 * Which keys' loads have failed lately: while a stale entry can be served, they are not tried again at once.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Clock } from '../Clock'
import type { Verdict } from '../Decision'
import type { Arguments, Key } from '../KeyFn'
import { makeRecent } from './recent'
import type { Resolved } from './resolved'

export interface Failures<Err, A> {
  /** Whether the policy serves a stale entry for an error. A predicate of the user's that throws allows nothing. */
  readonly allows: (error: Err) => boolean
  /** Whether a stale entry is served for an answer. */
  readonly excuses: (answer: E.Either<Err, A>) => boolean
  /** Learns from a load that has ended at some time; one that threw has no answer. */
  readonly note: (key: Key, ended: number, answer: E.Either<Err, A> | undefined) => void
  readonly forgive: (key: Key) => void
  /** Whether an entry is to be served without another load. */
  readonly throttles: (key: Key, found: Verdict) => boolean
}

export const makeFailures = <Args extends Arguments, Err, A>(
  { ages, retryThrottle, staleWhen, windows }: Resolved<Args, Err, A>,
  clock: Clock
): Failures<Err, A> => {
  /** Of loads that have failed: any, and those whose error the policy serves an expired entry for. */
  const any = makeRecent()
  const excused = makeRecent()
  const forgive = (key: Key): void => {
    any.forget(key)
    excused.forget(key)
  }
  const allows = (error: Err): boolean => {
    try {
      return staleWhen(error)
    } catch {
      return false
    }
  }
  const excuses = (answer: E.Either<Err, A>): boolean =>
    E.isLeft(answer) && windows.staleIfError > 0 && allows(answer.left)
  return {
    allows,
    excuses,
    note: (key, ended, answer) => {
      if (!ages) return
      if (answer !== undefined && E.isRight(answer)) {
        forgive(key)
        return
      }
      any.note(key, ended + retryThrottle)
      if (answer !== undefined && excuses(answer)) excused.note(key, ended + retryThrottle)
    },
    forgive,
    throttles: (key, found) => (found === 'expired' ? excused : any).holds(key, clock.now())
  }
}
