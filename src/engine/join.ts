/**
 * How a caller waits for a load: its own or that of another caller, for as long as the policy allows, with or without a
 * fallback.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import type { RingError } from '../RingError'
import type { Engine } from './engine'
import { isInvalid, tooLate } from './errors'
import type { Fallback } from './fallbacks'
import {
  answers,
  falls,
  type Flight,
  hasRun,
  isLoading,
  keepsStale,
  newFallback,
  newFlight,
  share,
  spentBy,
  watches
} from './flight'
import { blindly, type Loading, type Seen } from './model'
import { onJoined } from './next'

/** Another flight of a key that may be joined, and what it does. */
export interface Other<A> {
  readonly flight: Flight<A> | undefined
  readonly does: 'none' | 'reading' | 'loading'
}

const noOther: Other<never> = { flight: undefined, does: 'none' }

/**
 * The flight of a key that may be joined, other than a caller's own. A read under way may be older than an invalidation
 * by another process, so a ring with leases or tags does not join it.
 */
export const otherThan =
  <Args extends Arguments, Err, A, R, B>({ flights, others }: Engine<Args, Err, A, R, B>) =>
  (key: Key, own?: Flight<E.Either<Err, A>>): Other<E.Either<Err, A>> => {
    const flight = flights.current(key)
    if (flight === undefined || flight === own) return noOther
    if (isLoading(flight)) return { flight, does: 'loading' }
    return others ? noOther : { flight, does: 'reading' }
  }

/** A flight that another caller began, and the arguments of this call, which have the same key. */
export type Joining<Args extends Arguments, Err, A> = Pick<Loading<Args, Err, A>, 'key' | 'args' | 'flight'>

/** A caller, the time of its call, and how long it has waited for the store. */
interface Asked {
  readonly asked?: number
  readonly spent?: number
}

/** The result of a flight; `late` if the caller has waited as long as a call may wait for the store. */
type Arrival<Err, A> = E.Either<Err, A> | 'late'

/**
 * The answer of a flight that another caller began. A flight has its own limit for the store, so only a caller that has
 * waited for the store before must watch how long the flight waits for it; the time in which the function runs does not
 * count. A caller whose limit ends before the function runs makes it run at once. A caller whose limit ends after that
 * gets `late`.
 */
const arrival = <Args extends Arguments, Err, A, R, B>(
  { budget, clock, tended }: Engine<Args, Err, A, R, B>,
  flight: Flight<E.Either<Err, A>>,
  spent: number
): Promise<Arrival<Err, A>> => {
  if (spent === 0 || budget === D.forever) return flight.answer
  const before = spentBy(flight, clock.now())
  const left = (): number => budget - spent - (spentBy(flight, clock.now()) - before)
  return new Promise((resolve, reject) => {
    let cancel = (): void => undefined
    let waits = true
    const watch = (): void => {
      if (!waits) return
      const more = flight.waits === undefined ? undefined : left()
      if (more !== undefined && more > 0) cancel = tended.after(D.milliseconds(Math.ceil(more)), watch)()
      else if (more !== undefined && hasRun(flight)) resolve('late')
      else {
        if (more !== undefined) flight.hurry?.()
        watches(flight, watch)
      }
    }
    watch()
    void flight.answer.then(resolve, reject).finally(() => {
      waits = false
      cancel()
    })
  })
}

/** What a caller that asked when the last ticket was `asked` does with the answer of a flight. */
export const choiceOf = <Args extends Arguments, Err, A, R, B>(
  { others }: Engine<Args, Err, A, R, B>,
  flight: Flight<E.Either<Err, A>>,
  asked: number
): ReturnType<typeof onJoined> => {
  // a stale entry was read before the function began: in a ring with leases or tags, another process may have deleted or
  // purged it before this call, of which the flight does not learn
  const stale = flight.served === 'Stale' && others
  return onJoined(stale || flight.began <= asked, stale || flight.old, flight.spoiled)
}

/**
 * The answer of a flight that another caller began. It is not used if the arguments have changed, or if the result may
 * be older than the call: its lease was lost, and its function began to run before `asked`; or it is a stale entry.
 */
export const joined = async <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  one: Joining<Args, Err, A>,
  { asked = engine.flights.ticks(), spent = 0 }: Asked = {}
): Promise<E.Either<Err, A>> => {
  const { args, flight } = one
  share(flight)
  const before = flight.spent
  const chosen = (): ReturnType<typeof onJoined> => choiceOf(engine, flight, asked)
  let answer: Arrival<Err, A> | undefined
  try {
    answer = await arrival(engine, flight, spent)
  } catch (cause) {
    if (chosen() !== 'LookAgain') throw cause
  }
  const choice = chosen()
  if (choice === 'RunOwn') return engine.running.one(args)
  if (answer === 'late') return instead(engine, one, { asked, spent: engine.budget })
  return answer === undefined || choice === 'LookAgain'
    ? lookAgain(engine, one, { asked, blind: flight.blind, spent: spent + flight.spent - before })
    : answer
}

/** Looks again for a joined caller. An entry that is `expired` by now is served to it if its load fails. */
const lookAgain = async <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  { args, key }: Joining<Args, Err, A>,
  by: Asked & { readonly blind: boolean }
): Promise<E.Either<Err, A>> => {
  const { rescued, staleOf } = engine
  const own: Fallback<Err, A> = newFallback()
  const onSeen = (seen: Seen<Err, A> | undefined): void =>
    falls(own, seen === undefined ? undefined : staleOf(seen))
  return rescued(own, await again(engine, key, args, { ...by, onSeen }))
}

/**
 * For a joined caller whose limit for the store has ended: the result of the flight's function, or of another run.
 */
const instead = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  { args, flight, key }: Joining<Args, Err, A>,
  by: Required<Asked>
): E.Either<Err, A> | Promise<E.Either<Err, A>> => {
  const isSurelyNew = flight.began > by.asked || !engine.others
  if (flight.brought !== undefined && isSurelyNew) return flight.brought
  const under = engine.flights.current(key)
  return under !== undefined && isLoading(under) && under !== flight
    ? joined(engine, { key, args, flight: under }, by)
    : loadBlind(engine, key, args)
}

const loadBlind = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  key: Key,
  args: Args
): Promise<E.Either<Err, A>> => {
  const flight = newFlight<E.Either<Err, A>>(key, true, engine.clock.now())
  return answers(flight, engine.load({ key, args, flight, seen: undefined }, blindly))
}

/**
 * Looks again, and loads a missing entry; the call has been reported already. `blind`: the store has just failed, and
 * is not asked again. `spent`: how long the caller has waited for it.
 */
export const again = async <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  key: Key,
  args: Args,
  options: Asked & {
    readonly blind?: boolean
    readonly onSeen?: (seen: Seen<Err, A> | undefined) => void
  } = {}
): Promise<E.Either<Err, A>> => {
  const { clock, flights, reader } = engine
  const { asked = flights.ticks(), blind = false, onSeen, spent = 0 } = options
  const { rescued, staleOf } = engine
  const began = clock.now()
  const late = (): E.Left<RingError> => ({ _tag: 'Left', left: tooLate('get') })
  const watch = newFlight<E.Either<Err, A>>(key, true, began)
  flights.watch(watch)
  const got = blind ? undefined : await engine.inBudget(reader.look(key, args), late, spent)
  const intact = flights.intact(watch)
  flights.release(watch)
  const seen = got !== undefined && E.isRight(got) ? got.right : undefined
  onSeen?.(seen)
  if (got !== undefined && E.isLeft(got)) {
    engine.fault(key, began, got.left)
    // SAFETY: `strict` has RingError in Err (the policy's type says so)
    if (engine.policy.strict && !isInvalid(got.left)) return E.left(got.left as Err)
  }
  if (seen?.answer !== undefined && engine.decide(key, seen.verdict).serve === 'entry') return seen.answer
  const by = spent + clock.now() - began
  const under = flights.current(key)
  if (under !== undefined && isLoading(under))
    return joined(engine, { key, args, flight: under }, { asked, spent: by })
  const isInvalidEntry = got !== undefined && E.isLeft(got) && isInvalid(got.left)
  if (seen === undefined && !isInvalidEntry) return loadBlind(engine, key, args)
  const flight = newFlight<E.Either<Err, A>>(key, true, clock.now(), by)
  // an entry that was deleted or written while it was read cannot be a fallback for joined callers
  if (intact && seen !== undefined) keepsStale(flight, staleOf(seen))
  const loaded = engine.load({ key, args, flight, seen }, { waits: true, removes: false, mode: 'wait' })
  return answers(
    flight,
    loaded.then((answer) => rescued(flight, answer))
  )
}
