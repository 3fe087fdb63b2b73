/**
 * How the callers of `getOrUpdate` wait: for the flight that they began, or for one that they join; and what they report.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { andThen } from '../base/soon'
import * as D from '../Duration'
import type { Arguments } from '../KeyFn'
import type { Engine } from './engine'
import type { Fallback } from './fallbacks'
import { falls, leaves, newFallback, share } from './flight'
import type { Call } from './found'
import { joined } from './join'
import type { Seen } from './model'

export interface Waits<Args extends Arguments, Err, A> {
  /** Waits for a flight of another caller. `glanced`: what this process's memory had. */
  readonly join: (call: Call<Args, Err, A>, glanced: Seen<Err, A> | undefined) => Promise<E.Either<Err, A>>
  /** The end of a flight, as its first caller sees it. */
  readonly concluded: (call: Call<Args, Err, A>) => Promise<E.Either<Err, A>>
}

export const makeWaits = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): Waits<Args, Err, A> => {
  const { emit, observe, policy, reader } = engine
  const { rescued, staleOf } = engine
  const { attend } = engine
  const { limited } = policy

  /** Whether nothing can make a flight too old for a caller that joins it: then all callers have one promise. */
  const isShared = !engine.others

  const tellJoined = ({ key, since }: Call<Args, Err, A>, served: 'Hit' | 'Stale' | undefined): void =>
    emit(key, since, served === undefined ? { _tag: 'Miss', shared: true } : { _tag: served })

  /** Another process may have deleted, before this call, what the flight found: a ring with leases looks again. */
  const fallbackOf = (
    { args, flight, key }: Call<Args, Err, A>,
    glanced: Seen<Err, A> | undefined
  ): Fallback<Err, A> => {
    if (glanced !== undefined) return newFallback(staleOf(glanced))
    if (!engine.others || policy.grace === D.zero || !limited) return flight
    const own: Fallback<Err, A> = newFallback(undefined, 'reading')
    void andThen(reader.look(key, args), (got) => {
      // another process may have stored a new entry meanwhile
      const found = E.isLeft(got) || got.right.answer === undefined ? undefined : got.right
      falls(
        own,
        found?.answer === undefined ? undefined : staleOf(found) ?? { answer: found.answer, until: Infinity }
      )
    })
    return own
  }

  return {
    join: (call, glanced) => {
      const { flight } = call
      const answer = isShared && flight.firm ? (share(flight), flight.answer) : joined(engine, call)
      if (policy.grace > 0 || limited) {
        const fallback = fallbackOf(call, glanced)
        const own = fallback === flight ? answer : answer.then((loaded) => rescued(fallback, loaded))
        return attend(fallback, own, (served) => tellJoined(call, served ?? flight.served))
      }
      if (observe !== undefined) {
        const tell = (): void => tellJoined(call, flight.served)
        void flight.answer.then(tell, tell)
      }
      return answer
    },
    concluded: ({ flight, key, since }) => {
      const tell = (served: 'Hit' | 'Stale' | undefined): void => {
        // for all others this is reported when they are found
        if (flight.stale === undefined) leaves(flight)
        else emit(key, since, served === 'Stale' ? { _tag: 'Stale' } : { _tag: 'Miss', shared: false })
      }
      if (limited) return attend(flight, flight.answer, tell)
      const told = (): void => tell(flight.served)
      void flight.answer.then(told, told)
      return flight.answer
    }
  }
}
