/**
 * What the commands are made of: key, lookup, load and write of one ring, with its flights and its events. The
 * programs over it are in `Command.ts`.
 *
 * It is written with promises by hand: a hit runs through it, and a pipe of `TaskEither` combinators costs 15
 * microtask ticks where this costs one.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import type { Clock } from '../Clock'
import type { Codec } from '../Codec'
import type { Duration } from '../Duration'
import type { Arguments, Key, KeyFn } from '../KeyFn'
import type { DecodeError, RingError, StoreError } from '../RingError'
import { EncodeError, isRingError, KeyError, storeFailed } from '../RingError'
import type { Observer, RingEvent } from '../RingEvent'
import type { Operation, Store } from '../Store'
import { defect } from './defect'
import type { Flight, Flights } from './flights'
import { makeFlights, newFlight } from './flights'

/** A policy, resolved: nothing is optional any more. */
export interface Resolved<A, Args extends Arguments> {
  /** Constant, or a function of value and arguments; jitter is taken off already. */
  readonly lifetime: (value: A, args: Args) => Duration
  /** The lifetime, where it does not depend on the value. */
  readonly constant: (() => Duration) | undefined
  readonly cacheWhen: (value: A, args: Args) => boolean
  readonly strict: boolean
  readonly loadTimeout: Duration
}

export interface Parts<Args extends Arguments, Err, A, R, B> {
  readonly name: string
  readonly key: KeyFn<Args>
  readonly codec: Codec<A, R>
  readonly store: Store<R, B>
  readonly execute: (...args: Args) => TE.TaskEither<Err, A>
  readonly batch: ((argsList: ReadonlyArray<Args>) => T.Task<ReadonlyArray<E.Either<Err, A>>>) | undefined
  readonly policy: Resolved<A, Args>
  readonly observe: Observer | undefined
  readonly clock: Clock
}

/** One key that is being loaded: for whom, and by which flight. */
export interface Loading<Args extends Arguments, Err, A> {
  readonly key: Key
  readonly args: Args
  readonly flight: Flight<E.Either<Err, A>>
}

/** `waits`: whether the answer waits for the write. `removes`: whether what is not to be stored is to be deleted. */
export interface How {
  readonly waits: boolean
  readonly removes: boolean
}

/** What is to be done with a value: write it for so long, or nothing. */
export type Prepared<R> = O.Option<{ readonly raw: R; readonly ttl: Duration }>

type Details<T> = T extends unknown ? Omit<T, 'ring' | 'key' | 'duration'> : never

export interface Engine<Args extends Arguments, Err, A, R, B> extends Parts<Args, Err, A, R, B> {
  readonly flights: Flights<E.Either<Err, A>>
  readonly now: () => number
  readonly emit: (key: Key, since: number, details: Details<RingEvent>) => void
  readonly fault: (key: Key, since: number, error: RingError) => void
  /** Tells a failure of a command, and says what it is to its caller. */
  readonly failed: (key: Key, since: number, error: RingError) => RingError
  readonly keyOf: (args: Args) => E.Either<KeyError, Key>
  readonly prepare: (value: A, args: Args) => E.Either<EncodeError, Prepared<R>>
  /** Writes, or removes, in one trip. */
  readonly write: (writes: ReadonlyArray<readonly [Key, Prepared<R>]>) => Promise<E.Either<StoreError, void>>
  readonly tellWrite: (key: Key, since: number, written: Prepared<R>) => void
  /** What the store has for a key, decoded; nothing is told of it. */
  readonly read: (key: Key) => Promise<E.Either<RingError, O.Option<A>>>
  /** As `read`, for several keys in one trip. */
  readonly readAll: (keys: ReadonlyArray<Key>) => Promise<ReadonlyArray<E.Either<RingError, O.Option<A>>>>
  /** The same where some arguments have no key: their errors stay in their places. */
  readonly readEach: (
    keys: ReadonlyArray<E.Either<KeyError, Key>>
  ) => Promise<ReadonlyArray<E.Either<RingError, O.Option<A>>>>
  /** Takes the keys, runs the function, stores what it brings, lets go of the keys, and answers in their flights. */
  readonly begin: (loading: ReadonlyArray<Loading<Args, Err, A>>, how: How) => void
  /** Loads without looking, whatever is under way; a write that fails is a failure, and has been told. */
  readonly update: (
    keys: ReadonlyArray<Key>,
    argsList: ReadonlyArray<Args>
  ) => Promise<E.Either<RingError, ReadonlyArray<E.Either<Err, A>>>>
  /** `begin` for one key whose flight has an answer already. */
  readonly load: (loading: Loading<Args, Err, A>, how: How) => Promise<E.Either<Err, A>>
  /** Runs the function for a list of arguments: through `batch`, where there is one and they are more than one. */
  readonly run: (argsList: ReadonlyArray<Args>) => Promise<ReadonlyArray<E.Either<Err, A>>>
}

const silent = (): void => undefined

const isThenable = (u: unknown): u is PromiseLike<unknown> =>
  typeof u === 'object' && u !== null && 'then' in u && typeof u.then === 'function'

/** An encoded store's codec error is the ring's own (law 14). */
export const asRingError = (error: StoreError): RingError =>
  error.reason === 'codec' && isRingError(error.cause) ? error.cause : error

export const asKeyError = (cause: unknown): KeyError =>
  isRingError(cause) && cause._tag === 'KeyError' ? cause : new KeyError('the key function threw', cause)

/** At what it failed: the error knows. */
const failedAt = (error: Exclude<RingError, DecodeError>): Operation | 'key' | 'encode' =>
  error._tag === 'StoreError' ? error.operation : error._tag === 'KeyError' ? 'key' : 'encode'

export const isInvalid = (error: RingError): error is DecodeError => error._tag === 'DecodeError'

export const makeEngine = <Args extends Arguments, Err, A, R, B>(
  parts: Parts<Args, Err, A, R, B>
): Engine<Args, Err, A, R, B> => {
  const { batch, clock, codec, execute, key: keyFn, name, observe, policy, store } = parts
  const flights = makeFlights<E.Either<Err, A>>(clock, policy.loadTimeout)
  const now = observe === undefined ? () => 0 : clock.now

  const emit: Engine<Args, Err, A, R, B>['emit'] =
    observe === undefined
      ? silent
      : (key, since, details) => {
          try {
            // the proof: `details` is one of the events without what is added here
            const done: unknown = observe({ ...details, ring: name, key, duration: clock.now() - since })()
            // an `async` observer passes for one, and may reject
            if (isThenable(done)) done.then(silent, silent)
          } catch {
            // law 30: an observer changes nothing
          }
        }
  const fault = (key: Key, since: number, error: RingError): void => {
    emit(
      key,
      since,
      isInvalid(error) ? { _tag: 'Invalid', error } : { _tag: 'Fault', operation: failedAt(error), error }
    )
  }

  const failed = (key: Key, since: number, cause: RingError): RingError => {
    const error = cause._tag === 'StoreError' ? asRingError(cause) : cause
    fault(key, since, error)
    return error
  }
  const tellWrite = (key: Key, since: number, written: Prepared<R>): void => {
    emit(key, since, O.isSome(written) ? { _tag: 'Store', ttl: written.value.ttl } : { _tag: 'Skip' })
  }

  const keyOf = (args: Args): E.Either<KeyError, Key> => {
    try {
      return { _tag: 'Right', right: keyFn(...args) }
    } catch (cause) {
      return E.left(asKeyError(cause))
    }
  }

  const prepare = (value: A, args: Args): E.Either<EncodeError, Prepared<R>> => {
    try {
      const ttl = policy.cacheWhen(value, args) ? policy.lifetime(value, args) : 0
      if (!(ttl > 0)) return E.right(O.none)
      const raw = codec.encode(value)
      return E.isLeft(raw) ? raw : E.right(O.some({ raw: raw.right, ttl: ttl as Duration })) // the proof: a lifetime's
    } catch (cause) {
      return E.left(new EncodeError('the policy threw', cause))
    }
  }

  // Literals, not `E.right(O.some(…))`: the engine takes the objects of a constructor that the whole program shares for
  // long-lived ones as soon as many of them are, and then every hit is garbage of the old generation.
  const decodedOption = (raw: O.Option<R>): E.Either<RingError, O.Option<A>> => {
    if (O.isNone(raw)) return { _tag: 'Right', right: raw }
    const value = codec.decode(raw.value)
    return E.isLeft(value) ? value : { _tag: 'Right', right: { _tag: 'Some', value: value.right } }
  }
  const decoded = (got: E.Either<StoreError, O.Option<R>>): E.Either<RingError, O.Option<A>> =>
    E.isLeft(got) ? E.left(asRingError(got.left)) : decodedOption(got.right)
  const read = async (key: Key): Promise<E.Either<RingError, O.Option<A>>> => {
    try {
      return decoded(await store.get(key)())
    } catch (cause) {
      return E.left(storeFailed('get')(cause)) // a store of somebody else's that throws
    }
  }
  const readAll = async (
    keys: ReadonlyArray<Key>
  ): Promise<ReadonlyArray<E.Either<RingError, O.Option<A>>>> => {
    if (keys.length === 0) return []
    const got = await store.getMany(keys)()
    if (E.isRight(got)) return got.right.map(decodedOption)
    // of an encoded store one bad entry fails the whole read: ask one by one which it is
    if (got.left.reason === 'codec') return Promise.all(keys.map(read))
    return keys.map(() => got)
  }

  const readEach: Engine<Args, Err, A, R, B>['readEach'] = async (keys) => {
    const asked: Array<Key> = []
    for (const key of keys) if (E.isRight(key)) asked.push(key.right)
    const read = await readAll(asked)
    if (asked.length === keys.length) return read
    let next = 0
    // the proof: one answer for each that was asked for
    return keys.map((key) => (E.isLeft(key) ? key : (read[next++] as (typeof read)[number])))
  }

  const run = async (argsList: ReadonlyArray<Args>): Promise<ReadonlyArray<E.Either<Err, A>>> => {
    if (batch === undefined || argsList.length < 2) {
      return Promise.all(argsList.map((args) => execute(...args)()))
    }
    const answers = await batch(argsList)()
    // nobody can say which answer belongs to which arguments: a defect, like a function that throws
    return answers.length === argsList.length
      ? answers
      : defect(
          `batch was given ${String(argsList.length)} lists of arguments and gave ${String(
            answers.length
          )} answers`
        )
  }

  const write: Engine<Args, Err, A, R, B>['write'] = async (writes) => {
    const gone = writes.flatMap(([key, prepared]) => (O.isNone(prepared) ? [key] : []))
    const kept = writes.flatMap(([key, prepared]) =>
      O.isSome(prepared) ? [[key, prepared.value.raw, prepared.value.ttl] as const] : []
    )
    const [goes] = gone
    const [stays] = kept
    try {
      const [removed, set] = await Promise.all([
        goes === undefined
          ? E.right(undefined)
          : gone.length === 1
          ? store.delete(goes)()
          : store.deleteMany(gone)(),
        stays === undefined
          ? E.right(undefined)
          : kept.length === 1
          ? store.set(...stays)()
          : store.setMany(kept)()
      ])
      return E.isLeft(removed) ? removed : set
    } catch (cause) {
      return E.left(storeFailed('set')(cause)) // a store of somebody else's that throws
    }
  }

  /** Stores what was loaded, in one trip, where its flight may still store. Faults end in the flights. */
  const keep = async (
    loaded: ReadonlyArray<Loading<Args, Err, A> & { readonly value: A }>,
    removes: boolean
  ): Promise<void> => {
    const since = now()
    const writes = new Map<Key, readonly [Loading<Args, Err, A>, Prepared<R>]>()
    for (const loading of loaded) {
      const prepared = prepare(loading.value, loading.args)
      if (E.isLeft(prepared)) {
        loading.flight.fault = prepared.left
        fault(loading.key, since, prepared.left)
      } else if (O.isSome(prepared.right) || removes) {
        writes.set(loading.key, [loading, prepared.right])
      } else {
        emit(loading.key, since, { _tag: 'Skip' })
      }
    }
    if (writes.size === 0) return
    let stored: ReadonlySet<Key> = new Set()
    const answer = await flights.commit(
      Array.from(writes, ([key, [{ flight }]]) => [key, flight] as const),
      (keys) => {
        stored = keys
        return write(Array.from(keys, (key) => [key, writes.get(key)?.[1] ?? O.none] as const))
      }
    )
    for (const [key, [{ flight }, prepared]] of writes) {
      if (answer === undefined || !stored.has(key)) {
        emit(key, since, { _tag: 'Discard' })
        const instead = removes ? await flights.superseded(key) : undefined
        if (instead !== undefined && E.isLeft(instead)) flight.fault = asRingError(instead.left)
      } else if (E.isLeft(answer)) {
        flight.fault = failed(key, since, answer.left)
      } else {
        tellWrite(key, since, prepared)
      }
    }
  }

  /** Whether arguments still have their key: who holds an object among them may change it while a ring waits. */
  const unchanged = ({ args, key }: Loading<Args, Err, A>): boolean => {
    const now = keyOf(args)
    return E.isRight(now) && now.right === key
  }

  /** Runs the function for these flights, stores what it brings, and lets go of their keys. */
  const load = async (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    { removes, waits }: How
  ): Promise<ReadonlyArray<E.Either<Err, A>>> => {
    const since = now()
    for (const one of loading) one.flight.spoiled = !unchanged(one)
    let answers: ReadonlyArray<E.Either<Err, A>> = []
    try {
      answers = await run(loading.map(({ args }) => args))
    } finally {
      loading.forEach(({ flight, key }, i) => {
        const answer = answers[i]
        const ok = answer !== undefined && E.isRight(answer)
        emit(key, since, { _tag: 'Load', ok, size: loading.length })
        if (!ok) flights.release(key, flight)
      })
    }
    const kept = keep(
      loading.flatMap((one, i) => {
        const answer = answers[i]
        if (answer === undefined || E.isLeft(answer)) return []
        if (!one.flight.spoiled && unchanged(one)) return [{ ...one, value: answer.right }]
        emit(one.key, since, { _tag: 'Discard' }) // nobody can say whose value it is
        return []
      }),
      removes
    ).finally(() => {
      for (const { key, flight } of loading) flights.release(key, flight)
    })
    if (waits) await kept
    else void kept
    return policy.strict
      ? answers.map((answer, i) => {
          const failed = loading[i]?.flight.fault
          // the proof: `strict` has RingError in Err (the policy's type says so)
          return E.isRight(answer) && failed !== undefined ? E.left(failed as Err) : answer
        })
      : answers
  }

  /** Without `batch` every key is loaded and stored by itself, so that a slow one holds up nobody. */
  const begin = (loading: ReadonlyArray<Loading<Args, Err, A>>, how: How): void => {
    for (const { flight, key } of loading) {
      flight.loading = true
      flights.hold(key, flight)
    }
    const groups = batch === undefined ? loading.map((one) => [one]) : loading.length === 0 ? [] : [loading]
    for (const group of groups) {
      // a tick later: a function that asks the ring for another of these keys must find an answer to wait for
      const answers = Promise.resolve().then(() => load(group, how))
      group.forEach(({ flight }, i) => {
        // the proof: `load` answers as many as it was given
        flight.answer = answers.then((all) => all[i] as E.Either<Err, A>)
        flight.answer.catch(silent) // whoever joined hears of it; perhaps nobody did
      })
    }
  }

  const update: Engine<Args, Err, A, R, B>['update'] = async (keys, argsList) => {
    const loading = new Map<Key, Loading<Args, Err, A>>()
    argsList.forEach((args, i) => {
      const key = keys[i]
      if (key === undefined || loading.has(key)) return
      loading.set(key, { key, args, flight: newFlight(false, clock.now()) })
    })
    begin(Array.from(loading.values()), { waits: true, removes: true })
    // the proof: every key has a flight
    const flights = keys.map((key) => (loading.get(key) as Loading<Args, Err, A>).flight)
    const answers = await Promise.all(flights.map(({ answer }) => answer))
    const failed = flights.find((flight) => flight.fault !== undefined)?.fault
    return failed === undefined ? E.right(answers) : E.left(failed)
  }

  return {
    ...parts,
    flights,
    now,
    emit,
    fault,
    failed,
    keyOf,
    prepare,
    write,
    tellWrite,
    read,
    readAll,
    readEach,
    begin,
    update,
    load: (loading, how) => {
      loading.flight.loading = true
      flights.hold(loading.key, loading.flight)
      // the proof: one is asked, one is answered
      return load([loading], how).then(([answer]) => answer as E.Either<Err, A>)
    },
    run
  }
}
