/**
 * The keys whose loads have failed lately. While a stale entry can be served, such a load is not tried again at once.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { makeRecent, noRecent } from '../base/recently'
import type { Clock } from '../Clock'
import type { Verdict } from '../Decision'
import type { Arguments, Key } from '../KeyFn'
import type { EncodeError } from '../RingError'
import { policyError, type Resolved } from './policy'

export interface Failures<Err, A> {
  /** Whether the policy serves a stale entry instead of an error. If the user's predicate throws, it does not. */
  readonly allows: (error: Err) => boolean
  /** Whether a stale entry is served instead of an answer. */
  readonly excuses: (answer: E.Either<Err, A>) => boolean
  /** Records a load that ended at a given time; a load that threw has no answer. */
  readonly note: (key: Key, ended: number, answer: E.Either<Err, A> | undefined) => void
  readonly forgive: (key: Key) => void
  /** Whether an entry is served without another load. */
  readonly throttles: (key: Key, found: Verdict) => boolean
}

export const makeFailures = <Args extends Arguments, Err, A>(
  { ages, retryThrottle, staleWhen, windows }: Resolved<Args, Err, A>,
  clock: Clock,
  tell: (error: EncodeError) => void
): Failures<Err, A> => {
  /** Two memories of failed loads: of all, and of those for whose error the policy serves an expired entry. */
  const any = ages ? makeRecent() : noRecent
  const excused = ages ? makeRecent() : noRecent
  const forgive = (key: Key): void => {
    any.forget(key)
    excused.forget(key)
  }
  const allows = (error: Err): boolean => {
    try {
      return staleWhen(error)
    } catch (cause) {
      tell(policyError(cause))
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
