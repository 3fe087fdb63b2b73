/**
 * What a cache of pages needs of a ring: a caller that has a function of its own, looks first, decides itself, and answers
 * its own client before the value is whole.
 *
 * - `look` reads the entry of some arguments, and says what `getOrUpdate` would do with it. In memory it answers at once,
 *   without a promise.
 * - `join` waits for a load that is under way.
 * - `lead` begins a load. Its caller runs the function, and brings the result in one of two ways: `concede` says early that
 *   there will be nothing to share, so that nobody waits longer; `store` brings the value.
 *
 * The choices, flights, leases, tags and events are those of every other load (laws 20 to 27).
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { andThen, isLater, type Soon } from '../base/soon'
import type { Arguments, Key } from '../KeyFn'
import type { KeyError, RingError } from '../RingError'
import type { Engine } from './engine'
import { isInvalid, tooLate } from './errors'
import { answers, doing, type Flight, hasRead, keepsStale, newFallback, newFlight, share } from './flight'
import { choiceOf, otherThan } from './join'
import { blindly, type How, type Seen } from './model'
import { failedRead, type Found, onArrival, onFound, type onJoined, type Read } from './next'

/** What was found for some arguments, and what `getOrUpdate` would do now. It is valid until other code has run. */
export interface Sight<Args extends Arguments, Err, A> {
  readonly key: Key
  readonly args: Args
  /** `unread`: a load is under way that may be joined, so the store was not asked. */
  readonly found: Read | 'unread'
  /** The entry, even if it is `expired`. */
  readonly answer: E.Either<Err, A> | undefined
  readonly choice: Found
  /** The failure of the store. */
  readonly fault: RingError | undefined
  readonly seen: Seen<Err, A> | undefined
  /** How long the caller has waited for the store, in milliseconds. */
  readonly spent: number
  /** When the caller asked, for events. */
  readonly since: number
}

/** What another caller's load has brought; `LookAgain` if it may be older than this call. */
export type Joined<Err, A> =
  | {
      readonly _tag: 'Brought'
      readonly answer: E.Either<Err, A>
      /** How an entry was served instead of the result of the load. */
      readonly served: 'Hit' | 'Stale' | undefined
    }
  | { readonly _tag: 'LookAgain'; readonly blind: boolean }

/** A load whose function its caller runs. The first of `concede`, `store` and `fail` counts. */
export interface Lead<Err, A> {
  readonly _tag: 'Lead'
  /** There is nothing to store and to share. `ok`: whether the function has succeeded nevertheless. */
  readonly concede: (why: Err, ok: boolean) => void
  readonly store: (value: A) => void
  /** The function has thrown. */
  readonly fail: (cause: unknown) => void
  /** The entry that may be served instead of a failure, or of an answer that takes too long, if there is one now. */
  readonly stale: () => E.Either<Err, A> | undefined
  /**
   * What callers that have joined receive, when the value has been written. After `seize`, it is the fault of a write that
   * has failed.
   */
  readonly brought: Promise<E.Either<RingError | Err, A>>
}

/** A load that need not run: another process has stored an entry, or is loading one. */
export interface Answered<Err, A> {
  readonly _tag: 'Answered'
  readonly answer: E.Either<Err, A>
}

/** `wait`: its caller waits for it. `try`: a refresh in the background. `seize`: an update, whatever is under way. */
export type Leading = 'wait' | 'try' | 'seize'

export interface Seam<Args extends Arguments, Err, A> {
  /**
   * The entry of some arguments. `decide` runs at the moment for which the choice holds. `joins`: whether the caller would
   * join a load that is under way without looking (default: yes).
   */
  readonly look: <W>(
    args: Args,
    decide: (sight: E.Either<KeyError, Sight<Args, Err, A>>) => Soon<W>,
    joins?: boolean
  ) => Soon<W>
  /** The load of a key that may be joined, if one is under way. */
  readonly join: (sight: Pick<Sight<Args, Err, A>, 'key' | 'seen'>) => Promise<Joined<Err, A>> | undefined
  readonly lead: (sight: Sight<Args, Err, A>, mode: Leading) => Promise<Lead<Err, A> | Answered<Err, A>>
  /** Whether a refresh would begin now: no load is under way here, and none is known to be elsewhere. */
  readonly mayRefresh: (key: Key) => boolean
  /** Reports that an entry was served. */
  readonly tellRead: (sight: Pick<Sight<Args, Err, A>, 'key' | 'since'>, served: 'Hit' | 'Stale') => void
  /** Reports that there was none; `shared`: the caller waits for a load of another one. */
  readonly tellMiss: (sight: Pick<Sight<Args, Err, A>, 'key' | 'since'>, shared: boolean) => void
}

/** A caller that asks, and since when. */
interface Asking<Args extends Arguments> {
  readonly key: Key
  readonly args: Args
  readonly since: number
}

/** A read under way. */
interface Looking<Args extends Arguments, Err, A> extends Pick<Asking<Args>, 'args' | 'since'> {
  readonly flight: Flight<E.Either<Err, A>>
}

/** How often an entry is read again that was written or deleted while it was read. */
const mostLooks = 2

const hows: Readonly<Record<Leading, How>> = {
  wait: { waits: true, removes: false, mode: 'wait' },
  try: { waits: true, removes: false, mode: 'try' },
  seize: { waits: true, removes: true, mode: 'seize' }
}

const silent = (): void => undefined

const makeLooking = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): Seam<Args, Err, A>['look'] => {
  const { clock, fault, flights, inBudget, keyOf, now, others, policy, reader, tend, throttles } = engine
  const otherOf = otherThan(engine)
  type Flying = Flight<E.Either<Err, A>>

  const verdictOf = (got: E.Either<RingError, Seen<Err, A>>): Read =>
    E.isRight(got)
      ? got.right.answer === undefined
        ? 'missing'
        : got.right.verdict
      : failedRead(isInvalid(got.left), policy.strict)

  /** What a read has found, at its end: its flight holds the key until then. */
  const sightOf = (
    { args, flight, since }: Looking<Args, Err, A>,
    got: E.Either<RingError, Seen<Err, A>>
  ): Sight<Args, Err, A> => {
    const { key } = flight
    const found = verdictOf(got)
    const seen = E.isRight(got) ? got.right : undefined
    const isThrottled = seen !== undefined && found !== 'missing' && throttles(key, seen.verdict)
    const choice = onFound(found, otherOf(key, flight).does, isThrottled, flights.intact(flight))
    hasRead(flight, clock.now())
    flights.release(flight)
    const { spent } = flight
    const fault = E.isLeft(got) ? got.left : undefined
    return { key, args, found, answer: seen?.answer, choice, fault, seen, spent, since }
  }

  const read = (at: Asking<Args>, spent: number, looks: number): Soon<Sight<Args, Err, A>> => {
    const { args, key, since } = at
    const flight: Flying = newFlight(key, true, clock.now(), spent)
    flights.watch(flight)
    const late = (): E.Left<RingError> => ({ _tag: 'Left', left: tooLate('get') })
    return andThen(inBudget(reader.look(key, args), late, spent), (got) => {
      const sight = sightOf({ args, flight, since }, got)
      // afterwards: an observer may ask for the same key
      if (E.isLeft(got)) fault(key, since, got.left)
      return sight.choice !== 'LookAgain'
        ? sight
        : looks < mostLooks
        ? read(at, sight.spent, looks + 1)
        : // what has been overtaken twice is no fallback
          { ...sight, found: 'missing', answer: undefined, seen: undefined, choice: 'Load' }
    })
  }

  /** What is known without a read: a fresh entry in this process's memory, or a load that may be joined. */
  const known = (
    { args, key, since }: Asking<Args>,
    seen: Seen<Err, A> | undefined,
    joins: boolean
  ): Sight<Args, Err, A> | undefined => {
    const isFresh = seen?.verdict === 'fresh' && seen.answer !== undefined
    const isHere = isFresh || (seen !== undefined && seen.verdict !== 'expired')
    const isJoined = joins && !isHere && onArrival(doing(flights.current(key)), others) === 'Join'
    if (!isFresh && !isJoined) return undefined
    return {
      key,
      args,
      found: isFresh ? 'fresh' : 'unread',
      answer: seen?.answer,
      choice: isFresh ? 'Serve' : 'Join',
      fault: undefined,
      seen,
      spent: 0,
      since
    }
  }

  return (args, decide, joins = true) => {
    const since = now()
    const made = keyOf(args)
    if (E.isLeft(made)) return decide(made)
    const at = { args, key: made.right, since }
    const sight = known(at, reader.glance?.(at.key, args), joins)
    if (sight !== undefined) return decide(E.right(sight))
    const looked = andThen(read(at, 0, 1), (found) => decide(E.right(found)))
    return isLater(looked) ? tend(looked) : looked
  }
}

const makeJoining = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): Seam<Args, Err, A>['join'] => {
  const { attend, flights, others, policy, rescued, staleOf, tend } = engine

  return ({ key, seen }) => {
    const flight = flights.current(key)
    if (flight === undefined) return undefined
    const asked = flights.ticks()
    share(flight)
    const choose = (): ReturnType<typeof onJoined> => choiceOf(engine, flight, asked)
    const brought = async (): Promise<Joined<Err, A>> => {
      let served: 'Hit' | 'Stale' | undefined
      const tell = (how: typeof served): void => {
        served = how
      }
      // another process may have deleted what the flight would fall back on
      const own =
        seen !== undefined ? newFallback(staleOf(seen)) : others ? newFallback<E.Either<Err, A>>() : flight
      try {
        const loaded = own === flight ? flight.answer : flight.answer.then((brought) => rescued(own, brought))
        const answer = await (policy.limited ? attend(own, loaded, tell) : loaded)
        if (choose() === 'Take')
          return { _tag: 'Brought', answer, served: served ?? own.served ?? flight.served }
      } catch (cause) {
        if (choose() === 'Take') throw cause
      }
      return { _tag: 'LookAgain', blind: flight.blind }
    }
    return tend(brought())
  }
}

const makeLeading = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): Seam<Args, Err, A>['lead'] => {
  const { clock, load, rescued, staleOf, tend, usable } = engine
  type Brought = E.Either<Err, A>

  const led: Seam<Args, Err, A>['lead'] = ({ args, choice, key, seen, spent }, mode) =>
    new Promise((resolve, reject) => {
      const flight = newFlight<Brought>(key, mode === 'wait', clock.now(), spent)
      if (mode === 'wait' && seen !== undefined) keepsStale(flight, staleOf(seen))
      let isOk: boolean | undefined
      let bring: (answer: Brought | Promise<never>) => void = silent
      const ran = new Promise<Brought>((set) => {
        bring = set
      })
      /** The first that is brought counts. */
      const end = (ok: boolean, answer: () => Brought | Promise<never>): void => {
        if (isOk !== undefined) return
        isOk = ok
        bring(answer())
      }
      const lead: Lead<Err, A> = {
        _tag: 'Lead',
        concede: (why, ok) => end(ok, () => E.left(why)),
        store: (value) => end(true, () => E.right(value)),
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the function threw, as it was
        fail: (cause) => end(false, () => Promise.reject(cause)),
        stale: () => usable(flight),
        get brought() {
          return whole
        }
      }
      const how = choice === 'LoadBlind' && mode === 'wait' ? blindly : hows[mode]
      const own = {
        start: () => {
          resolve(lead)
          return ran
        },
        isOk: () => isOk === true
      }
      const loaded = load({ key, args, flight, seen: mode === 'seize' ? undefined : seen }, how, own)
      const answer = answers(
        flight,
        mode === 'wait' ? loaded.then((brought) => rescued(flight, brought)) : loaded
      )
      const whole =
        mode === 'seize'
          ? answer.then((brought) => (flight.fault === undefined ? brought : E.left(flight.fault)))
          : answer
      // after a lead began, its caller knows what it has brought
      answer.then((brought) => resolve({ _tag: 'Answered', answer: brought }), reject)
      whole.catch(silent)
    })
  // nobody waits for a refresh
  return (sight, mode) => (mode === 'try' ? led(sight, mode) : tend(led(sight, mode)))
}

export const makeSeam = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): Seam<Args, Err, A> => ({
  look: makeLooking(engine),
  join: makeJoining(engine),
  lead: makeLeading(engine),
  mayRefresh: (key) => engine.flights.current(key) === undefined && !engine.isLoadedElsewhere(key),
  tellRead: ({ key, since }, served) => engine.tellRead(served, key, since),
  tellMiss: ({ key, since }, shared) => engine.tellMiss(key, since, shared)
})
