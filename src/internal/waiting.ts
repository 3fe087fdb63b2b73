/**
 * How a caller waits for a load: his own or somebody else's, as long as the policy lets him, with something to fall back
 * on or without.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { usableFor as usableForIn } from '../Decision'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import { TimeoutError } from '../RingError'
import type { Engine } from './engine'
import { type Flight, newFlight } from './flights'
import type { Seen } from './reader'
import { startTimer } from './timer'

/**
 * Whether a flight may be joined. A read that is under way may be older than an invalidation by another process, which a
 * ring with leases respects.
 */
export const joinableFor =
  <Args extends Arguments, Err, A, R, B>({ policy }: Engine<Args, Err, A, R, B>) =>
  (flight: Flight<E.Either<Err, A>> | undefined): flight is Flight<E.Either<Err, A>> =>
    flight !== undefined && (flight.loading || policy.lease === undefined)

/**
 * The answer of a flight that somebody else began; unless it is for other arguments by now, or what it brings may be older
 * than the call: its lease was lost, and its function began to run before `asked`.
 */
export const joined = async <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  key: Key,
  flight: Flight<E.Either<Err, A>>,
  args: Args,
  asked: number = engine.flights.ticks()
): Promise<E.Either<Err, A>> => {
  flight.shared = true
  const isOld = (): boolean =>
    flight.began <= asked && (flight.lost || (flight.served === 'Stale' && engine.policy.lease !== undefined))
  const answer = await flight.answer.catch((cause: unknown) => {
    if (isOld()) return undefined
    throw cause
  })
  if (flight.spoiled) return engine.execute(...args)()
  return answer === undefined || isOld() ? again(engine, key, args, { asked, blind: flight.blind }) : answer
}

/**
 * Looks once more, and loads what is not there; who asked has been told of already. `blind`: the store has just failed, and
 * is not asked once more.
 */
export const again = async <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  key: Key,
  args: Args,
  options: {
    readonly asked?: number
    readonly blind?: boolean
    readonly onSeen?: (seen: Seen<Err, A> | undefined) => void
  } = {}
): Promise<E.Either<Err, A>> => {
  const { clock, flights, reader } = engine
  const { asked = flights.ticks(), blind = false, onSeen } = options
  const got = blind ? undefined : await reader.look(key, args)
  const seen = got !== undefined && E.isRight(got) ? got.right : undefined
  onSeen?.(seen)
  if (seen?.answer !== undefined && engine.decide(key, seen.verdict).serve === 'entry') return seen.answer
  const under = flights.current(key)
  if (under?.loading === true) return joined(engine, key, under, args, asked)
  const flight = newFlight<E.Either<Err, A>>(true, clock.now())
  const mode = seen === undefined ? 'none' : 'wait'
  flight.answer = engine.load({ key, args, flight, seen }, { waits: mode === 'wait', removes: false, mode })
  return flight.answer
}

/** What a caller may be served instead of what a load brings, and what it was served in the end. */
export type Fallback<Err, A> = Pick<Flight<E.Either<Err, A>>, 'stale' | 'served' | 'loading'>

export const noFallback = <Err, A>(): Fallback<Err, A> => ({
  stale: undefined,
  served: undefined,
  loading: true
})

/** A stale entry in the place of a load that fails. */
export const rescue = <Args extends Arguments, Err, A, R, B>({
  allows,
  clock,
  policy
}: Engine<Args, Err, A, R, B>) => {
  const usableFor = usableForIn(policy.windows)
  const usableOf = ({ remaining, windows }: Seen<Err, A>): D.Duration =>
    windows === undefined ? usableFor(remaining) : usableForIn(windows)(remaining)

  /** Until when an entry may be served that is `expired` now. */
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
    fallback.served = 'Stale'
    return stale
  }
  return { staleOf, usable, rescued }
}

/**
 * How long a caller waits for a flight: not longer than the policy says, less what it has waited. `told` is asked once,
 * with what was served, and with the error of a caller who has waited long enough.
 */
export const makeAttend = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): ((
  fallback: Fallback<Err, A>,
  answer: Promise<E.Either<Err, A>>,
  told: (served: 'Hit' | 'Stale' | undefined, timeout?: TimeoutError) => void,
  waited?: number
) => Promise<E.Either<Err, A>>) => {
  const { clock, policy } = engine
  const { softTimeout, timeout } = policy
  const { usable } = rescue(engine)
  const after = clock.after ?? startTimer
  return (fallback, answer, told, waited = 0) =>
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
          // while the store is asked nobody knows yet whether there is something
          if (waits && !fallback.loading) soften(d)
        }
        cancelSoft = after(left(d), late)()
      }
      if (softTimeout !== undefined) soften(softTimeout)
      if (timeout !== undefined) {
        const late = (): void => {
          serveStale()
          const error = new TimeoutError()
          settle(E.left(error as Err), undefined, error) // the proof: `timeout` has TimeoutError in Err
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
}
