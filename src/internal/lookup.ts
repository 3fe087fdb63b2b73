/**
 * `getOrUpdate`, for one key and for many: look, and load what is not there.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import type { Arguments, Key } from '../KeyFn'
import type { KeyError, RingError, StoreError } from '../RingError'
import { storeFailed } from '../RingError'
import type { Engine, Loading } from './engine'
import { asKeyError, asRingError, isInvalid } from './engine'
import type { Flight } from './flights'
import { newFlight } from './flights'

/** A value that is in this process's memory, decoded, with no promise; `undefined` where `get` must say more. */
const peekOf = <Args extends Arguments, Err, A, R, B>({
  codec,
  store: { peek }
}: Engine<Args, Err, A, R, B>): ((key: Key) => E.Right<A> | undefined) =>
  peek === undefined
    ? () => undefined
    : (key) => {
        try {
          const raw = peek(key)
          if (raw === undefined) return undefined
          const value = codec.decode(raw)
          return value._tag === 'Right' ? value : undefined
        } catch {
          return undefined
        }
      }

/** The answer of a flight that somebody else began, unless it is for other arguments by now. */
const joined = <Args extends Arguments, Err, A, R, B>(
  { execute }: Engine<Args, Err, A, R, B>,
  flight: Flight<E.Either<Err, A>>,
  args: Args
): Promise<E.Either<Err, A>> => flight.answer.then((answer) => (flight.spoiled ? execute(...args)() : answer))

/**
 * The cached function itself. A fresh hit in memory is key, `peek`, decode and one resolved promise; a hit in
 * another store is one promise more. The read is part of the flight, so callers of one key share it too.
 */
export const makeLookup = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): ((args: Args) => Promise<E.Either<Err, A>>) => {
  const { clock, emit, execute, fault, flights, key: keyFn, now, observe, policy, store } = engine
  const peeked = peekOf(engine)

  const missed = (
    loading: Loading<Args, Err, A>,
    since: number,
    waits: boolean
  ): Promise<E.Either<Err, A>> => {
    const { flight, key } = loading
    // the read may have been detached, or have run beside an update: whoever loads this key now is joined
    const other = flights.current(key)
    const joins = other !== undefined && other !== flight
    emit(key, since, { _tag: 'Miss', shared: joins })
    if (joins) {
      flights.release(key, flight)
      return joined(engine, other, loading.args)
    }
    flight.since = clock.now()
    return engine.load(loading, { waits, removes: false })
  }

  const found = (
    loading: Loading<Args, Err, A>,
    since: number,
    got: E.Either<StoreError, O.Option<R>>
  ): E.Either<Err, A> | Promise<E.Either<Err, A>> => {
    const { flight, key } = loading
    if (E.isLeft(got)) {
      const error = asRingError(got.left)
      fault(key, since, error)
      if (isInvalid(error)) return missed(loading, since, true)
      // a write is not waited for where the read has just failed: the caller waits for one timeout at most (law 26)
      if (!policy.strict) return missed(loading, since, false)
      flights.release(key, flight)
      flight.fault = error
      emit(key, since, { _tag: 'Miss', shared: false })
      return E.left(error as Err) // the proof: `strict` has RingError in Err (the policy's type says so)
    }
    if (O.isNone(got.right)) return missed(loading, since, true)
    const value = engine.codec.decode(got.right.value)
    if (E.isLeft(value)) {
      fault(key, since, value.left)
      return missed(loading, since, true)
    }
    flights.release(key, flight)
    flight.hit = true
    if (observe !== undefined) emit(key, since, { _tag: 'Hit' })
    return value
  }

  const join = (
    key: Key,
    args: Args,
    flight: Flight<E.Either<Err, A>>,
    since: number
  ): Promise<E.Either<Err, A>> => {
    if (observe !== undefined) {
      const tell = (): void => emit(key, since, flight.hit ? { _tag: 'Hit' } : { _tag: 'Miss', shared: true })
      void flight.answer.then(tell, tell)
    }
    return joined(engine, flight, args)
  }

  const uncached = async (args: Args, error: KeyError, since: number): Promise<E.Either<Err, A>> => {
    fault('', since, error)
    emit('', since, { _tag: 'Miss', shared: false })
    return policy.strict ? E.left(error as Err) : execute(...args)() // the proof: as in `found`
  }

  /** A store of somebody else's may throw where it should answer. */
  const got = (key: Key): Promise<E.Either<StoreError, O.Option<R>>> => {
    try {
      return store.get(key)()
    } catch (cause) {
      return Promise.resolve(E.left(storeFailed('get')(cause)))
    }
  }

  return (args) => {
    const since = now()
    let key: Key
    try {
      key = keyFn(...args)
    } catch (cause) {
      return uncached(args, asKeyError(cause), since)
    }
    const here = peeked(key)
    if (here !== undefined) {
      if (observe !== undefined) emit(key, since, { _tag: 'Hit' })
      return Promise.resolve(here)
    }
    const under = flights.current(key)
    if (under?.reads === true) return join(key, args, under, since)
    const flight = newFlight<E.Either<Err, A>>(true, clock.now())
    // while an update holds the key this one only reads: an entry that is there need not wait for it
    if (under === undefined) flights.hold(key, flight)
    const loading = { key, args, flight }
    flight.answer = got(key).then(
      (entry) => found(loading, since, entry),
      (cause: unknown) => found(loading, since, E.left(storeFailed('get')(cause)))
    )
    return flight.answer
  }
}

/** The flight that will bring what a bulk lookup did not find, and whether somebody else began it. */
interface Sought<Err, A> {
  readonly flight: Flight<E.Either<Err, A>>
  readonly joined: boolean
}

/** One bulk read, and the loads of what it lacks, joined with those that are under way. */
export const makeLookupAll = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>
): ((argsList: ReadonlyArray<Args>) => Promise<E.Either<RingError, ReadonlyArray<E.Either<Err, A>>>>) => {
  const { clock, emit, execute, fault, flights, keyOf, now, observe, policy } = engine

  const seek = (missed: ReadonlyMap<Key, Args>, waits: boolean): ReadonlyMap<Key, Sought<Err, A>> => {
    const fresh: Array<Loading<Args, Err, A>> = []
    const sought = new Map<Key, Sought<Err, A>>()
    for (const [key, args] of missed) {
      const under = flights.current(key)
      const flight = under ?? newFlight<E.Either<Err, A>>(true, clock.now())
      if (under === undefined) fresh.push({ key, args, flight })
      sought.set(key, { flight, joined: under !== undefined })
    }
    engine.begin(fresh, { waits, removes: false })
    return sought
  }

  /** Without a key there is no cache. A function that throws rejects. */
  const alone = async (args: Args): Promise<E.Either<Err, A>> => execute(...args)()

  return async (argsList) => {
    const since = now()
    const keys = argsList.map(keyOf)
    const read = await engine.readEach(keys)

    const answers: Array<E.Either<Err, A>> = []
    const missed = new Map<Key, Args>()
    let failed: RingError | undefined
    let keyless: RingError | undefined
    argsList.forEach((args, i) => {
      const key = keys[i]
      const got = read[i]
      if (key === undefined || got === undefined) return
      if (E.isRight(got) && O.isSome(got.right)) {
        answers[i] = { _tag: 'Right', right: got.right.value }
      } else if (E.isLeft(key)) {
        fault('', since, key.left)
        keyless = key.left
      } else if (!missed.has(key.right)) {
        missed.set(key.right, args)
        if (E.isRight(got)) return
        fault(key.right, since, got.left)
        if (!isInvalid(got.left)) failed = got.left
      }
    })
    const refused = failed ?? keyless
    if (policy.strict && refused !== undefined) {
      for (const key of keys) emit(E.isLeft(key) ? '' : key.right, since, { _tag: 'Miss', shared: false })
      return E.left(refused)
    }

    const sought = seek(missed, failed === undefined)
    const told = new Set<Key>()
    const waits: Array<Promise<void>> = []
    const answer = async (i: number, later: Promise<E.Either<Err, A>>): Promise<void> => {
      answers[i] = await later
    }
    if (missed.size > 0 || keyless !== undefined || observe !== undefined) {
      argsList.forEach((args, i) => {
        const key = keys[i]
        const one = key !== undefined && E.isRight(key) ? sought.get(key.right) : undefined
        if (key === undefined || E.isLeft(key)) {
          emit('', since, { _tag: 'Miss', shared: false })
          waits.push(answer(i, alone(args)))
        } else if (one === undefined) {
          emit(key.right, since, { _tag: 'Hit' })
        } else {
          emit(key.right, since, { _tag: 'Miss', shared: one.joined || told.has(key.right) })
          told.add(key.right)
          waits.push(answer(i, one.joined ? joined(engine, one.flight, args) : one.flight.answer))
        }
      })
      await Promise.all(waits)
    }
    for (const { flight } of sought.values()) {
      if (policy.strict && flight.fault !== undefined) return E.left(flight.fault)
    }
    return E.right(answers)
  }
}
