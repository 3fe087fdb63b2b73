/**
 * What may be served to a caller instead of the result of a load: an old entry if it fails, or takes too long; and how long
 * a caller waits at all.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Start } from '../base/timer'
import type { Clock } from '../Clock'
import { usableFor as usableForIn } from '../Decision'
import * as D from '../Duration'
import type { Arguments } from '../KeyFn'
import { TimeoutError } from '../RingError'
import type { Failures } from './failures'
import { type Fallback as FallbackOf, type Flight, isLoading, serves } from './flight'
import type { Seen } from './model'
import type { Resolved } from './policy'

/** What may be served to a caller instead of the result of a load, and what was served in the end. */
export type Fallback<Err, A> = FallbackOf<E.Either<Err, A>>

interface Parts<Args extends Arguments, Err, A> {
  readonly after: Start<D.Duration>
  readonly allows: Failures<Err, A>['allows']
  readonly clock: Clock
  readonly policy: Resolved<Args, Err, A>
}

type Answer<Err, A> = E.Either<Err, A>

export interface Fallbacks<Err, A> {
  /** Until when an entry that is `expired` now may be served; `undefined` if it may not. */
  readonly staleOf: (seen: Seen<Err, A>) => Flight<Answer<Err, A>>['stale']
  /** The old entry, if it may be served now. */
  readonly usable: (fallback: Fallback<Err, A>) => Answer<Err, A> | undefined
  /** A stale entry instead of the failure of a load. */
  readonly rescued: (fallback: Fallback<Err, A>, answer: Answer<Err, A>) => Answer<Err, A>
  /**
   * Limits how long a caller waits for a flight: as long as the policy says, minus the time that it has waited. `told` is
   * called once, with what was served, and with the error of a caller that has timed out.
   */
  readonly attend: (
    fallback: Fallback<Err, A>,
    answer: Promise<Answer<Err, A>>,
    told: (served: 'Hit' | 'Stale' | undefined, timeout?: TimeoutError) => void,
    waited?: number
  ) => Promise<Answer<Err, A>>
}

const makeRescue = <Args extends Arguments, Err, A>({
  allows,
  clock,
  policy
}: Parts<Args, Err, A>): Omit<Fallbacks<Err, A>, 'attend'> => {
  const usableFor = usableForIn(policy.windows)
  const usableOf = ({ remaining, windows }: Seen<Err, A>): D.Duration =>
    windows === undefined ? usableFor(remaining) : usableForIn(windows)(remaining)

  const staleOf = (seen: Seen<Err, A>): Flight<E.Either<Err, A>>['stale'] =>
    seen.verdict !== 'expired' || seen.answer === undefined
      ? undefined
      : { answer: seen.answer, until: clock.now() + usableOf(seen) }
  const usable = ({ stale }: Fallback<Err, A>): E.Either<Err, A> | undefined =>
    stale !== undefined && clock.now() < stale.until ? stale.answer : undefined

  const rescued = (fallback: Fallback<Err, A>, answer: E.Either<Err, A>): E.Either<Err, A> => {
    if (E.isRight(answer)) return answer
    const stale = usable(fallback)
    if (stale === undefined || !allows(answer.left)) return answer
    serves(fallback, 'Stale')
    return stale
  }
  return { staleOf, usable, rescued }
}

const makeAttend =
  <Args extends Arguments, Err, A>(
    { after, policy: { softTimeout, timeout } }: Parts<Args, Err, A>,
    usable: Fallbacks<Err, A>['usable']
  ): Fallbacks<Err, A>['attend'] =>
  (fallback, answer, told, waited = 0) =>
    new Promise((resolve, reject) => {
      const left = (d: D.Duration): D.Duration =>
        d === D.forever ? d : D.milliseconds(Math.max(0, d - waited))
      let waits = true
      let cancelSoft = (): void => undefined
      let cancel = (): void => undefined
      const end = (served: 'Hit' | 'Stale' | undefined, error?: TimeoutError): void => {
        waits = false
        cancelSoft()
        cancel()
        told(served, error)
      }
      const settle = (
        value: E.Either<Err, A>,
        served: 'Hit' | 'Stale' | undefined,
        error?: TimeoutError
      ): void => {
        if (!waits) return
        end(served, error)
        resolve(value)
      }
      const serveStale = (): void => {
        const stale = usable(fallback)
        if (stale !== undefined) settle(stale, 'Stale')
      }
      const soften = (d: D.Duration): void => {
        const late = (): void => {
          serveStale()
          // while the store is being read, it is not known whether there is an entry
          if (waits && !isLoading(fallback)) soften(d)
        }
        cancelSoft = after(left(d), late)()
      }
      if (softTimeout !== undefined) soften(softTimeout)
      if (timeout !== undefined) {
        const late = (): void => {
          serveStale()
          const error = new TimeoutError()
          settle(E.left(error as Err), undefined, error) // SAFETY: `timeout` has TimeoutError in Err
        }
        cancel = after(left(timeout), late)()
      }
      answer.then(
        (value) => settle(value, fallback.served),
        (cause: unknown) => {
          if (!waits) return
          end(undefined)
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the function threw, as it was
          reject(cause)
        }
      )
    })

export const makeFallbacks = <Args extends Arguments, Err, A>(
  parts: Parts<Args, Err, A>
): Fallbacks<Err, A> => {
  const rescue = makeRescue(parts)
  return { ...rescue, attend: makeAttend(parts, rescue.usable) }
}
