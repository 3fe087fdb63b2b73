/**
 * The commands of a cached function, as programs over its engine. `Command` has their types and their laws.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as RA from 'fp-ts/ReadonlyArray'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'

import { ownList } from '../base/fixed'
import { lazily } from '../base/lazy'
import { andThen, asPromise, type Soon } from '../base/soon'
import type { Commands, Explanation, Unstored } from '../Command'
import type { Decision } from '../Decision'
import type { Duration } from '../Duration'
import { zero } from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import type { Operation, RingError } from '../RingError'
import { KeyError } from '../RingError'
import { type Engine, untended } from './engine'
import { isInvalid, tooLate } from './errors'
import { served, servedAs } from './find'
import { makeLookupAll } from './getOrUpdateMany'
import type { Seen } from './model'
import { policyError } from './policy'
import { answerOf } from './run'
import { areTags, tagKey } from './tags'

/** A program over one engine: a row of the table. The errors of the engine include those that the policy surfaces. */
type Program<K extends keyof Commands<never, unknown, unknown, unknown>> = <
  Args extends Arguments,
  Err,
  A,
  R,
  B
>(
  engine: Engine<Args, Err, A, R, B>
) => Commands<Args, Err, A, R, RingError>[K]

/**
 * Runs a program on the keys of some arguments. A failure is reported before it is returned (law 31). `operation` is
 * named in the failure if all steps together take too long; a program without one has no time limit.
 */
const onKeys =
  <Args extends Arguments, Err, A, R, B>(engine: Engine<Args, Err, A, R, B>, operation?: Operation) =>
  <W>(program: (keys: ReadonlyArray<Key>, since: number) => TE.TaskEither<RingError, W>) =>
  (argsList: ReadonlyArray<Args>): TE.TaskEither<RingError, W> =>
  async () => {
    const since = engine.now()
    const keys = E.traverseArray(engine.keyOf)(argsList)
    const answer = E.isLeft(keys)
      ? keys
      : operation === undefined
      ? await program(keys.right, since)()
      : await engine.inBudget(program(keys.right, since)(), () => E.left(tooLate(operation)))
    if (E.isRight(answer)) return answer
    const error = engine.failed(E.isLeft(keys) ? '' : keys.right[0] ?? '', since, answer.left)
    // one event, but the state of every one of these keys is unknown now
    if (E.isRight(keys)) keys.right.slice(1).forEach((key) => engine.unwritten.fail(key, error))
    return E.left(error)
  }

/** The same for one list of arguments. */
const onKey =
  <Args extends Arguments, Err, A, R, B>(engine: Engine<Args, Err, A, R, B>, operation?: Operation) =>
  <W>(
    args: Args,
    program: (key: Key, since: number) => Soon<E.Either<RingError, W>>
  ): Promise<E.Either<RingError, W>> => {
    const since = engine.now()
    const key = engine.keyOf(args)
    if (key._tag === 'Left') return Promise.resolve(E.left(engine.failed('', since, key.left)))
    const begun = program(key.right, since)
    const ended = operation === undefined ? begun : engine.inBudget(begun, () => E.left(tooLate(operation)))
    return asPromise(
      andThen(ended, (answer) =>
        answer._tag === 'Left' ? E.left(engine.failed(key.right, since, answer.left)) : answer
      )
    )
  }

const uniq = (keys: ReadonlyArray<Key>): ReadonlyArray<Key> => Array.from(new Set(keys))

type Lookup<Args extends Arguments, Err, A> = (args: Args) => Promise<E.Either<Err, A>>

/** The command that a ring is, by default: a new function for each use of a lookup. */
export const getOrUpdate =
  <Args extends Arguments, Err, A>(lookup: Lookup<Args, Err, A>) =>
  (...args: Args): TE.TaskEither<Err, A> =>
  () =>
    lookup(args)

const getOrUpdateMany: Program<'getOrUpdateMany'> = (engine) => {
  const lookupAll = lazily(() => makeLookupAll(engine))
  return (argsList) => () => lookupAll()(argsList)
}

/** The value that may be served, if any, of what was found. */
const servedOf = <Err, A>(got: E.Either<RingError, Seen<Err, A>>): E.Either<RingError, O.Option<A>> =>
  E.isLeft(got) ? got : { _tag: 'Right', right: served(got.right) }

/** Reports every read, as a hit or a miss (law 38). */
const tellRead = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  key: Key,
  since: number,
  got: E.Either<RingError, Seen<Err, A>>
): void => {
  if (E.isLeft(got)) engine.fault(key, since, got.left)
  if (engine.observe === undefined) return
  engine.emit(
    key,
    since,
    E.isLeft(got) || O.isNone(served(got.right))
      ? { _tag: 'Miss', shared: false }
      : { _tag: servedAs(got.right.verdict) }
  )
}

const get: Program<'get'> =
  (engine) =>
  (...args) =>
  () => {
    const since = engine.now()
    const key = engine.keyOf(args)
    const got = key._tag === 'Left' ? key : engine.reader.look(key.right, args)
    return asPromise(
      andThen(got, (found) => {
        tellRead(engine, key._tag === 'Left' ? '' : key.right, since, found)
        return servedOf(found)
      })
    )
  }

const getMany: Program<'getMany'> = (engine) => (argsList) => async () => {
  const since = engine.now()
  const keys = argsList.map(engine.keyOf)
  const all = await engine.lookEach(keys, argsList)
  all.forEach((got, i) => {
    const key = keys[i]
    tellRead(engine, key === undefined || E.isLeft(key) ? '' : key.right, since, got)
  })
  return all.find(E.isLeft) ?? E.right(RA.rights(all).map(served))
}

const executeMany: Program<'executeMany'> =
  ({ running }) =>
  (argsList) =>
  () =>
    running.all(argsList).then((all) => E.right(all.map(answerOf)))

const updateMany: Program<'updateMany'> = (engine) => (given) => async () => {
  const since = engine.now()
  const argsList = given.map(ownList)
  const keys = E.traverseArray(engine.keyOf)(argsList)
  return E.isLeft(keys) ? E.left(engine.failed('', since, keys.left)) : engine.update(keys.right, argsList)
}

const update: Program<'update'> =
  (engine) =>
  (...args) =>
  () => {
    const key = engine.keyOf(args)
    // SAFETY: the errors of the engine include those of the cache
    return key._tag === 'Left'
      ? Promise.resolve(E.left(engine.failed('', engine.now(), key.left)))
      : engine.updateOne(key.right, args)
  }

/**
 * Writes values for as long as the policy says. Where the policy stores nothing, the old entry is removed: it is out of
 * date.
 */
const setMany: Program<'setMany'> = (engine) => (entries) =>
  onKeys(
    engine,
    'set'
  )(
    (keys, since) => async () =>
      // without a tick where the store answers at once: what begins later ends later
      andThen(engine.prepareAll(entries), (prepared): Soon<E.Either<RingError, void>> => {
        if (prepared._tag === 'Left') return prepared
        const writes = new Map(RA.zip(keys, prepared.right))
        const mutated = engine.flights.mutate(keys, () => engine.write(Array.from(writes)))
        return andThen(mutated, (done) => {
          if (done._tag === 'Right') writes.forEach((written, key) => engine.tellWrite(key, since, written))
          return done
        })
      })
  )(entries.map(([args]) => args))

const set: Program<'set'> =
  (engine) =>
  (value) =>
  (...args) =>
  () =>
    onKey(engine, 'set')(args, (key, since) =>
      andThen(engine.prepareOne(args, value), (prepared): Soon<E.Either<RingError, void>> => {
        if (prepared._tag === 'Left') return prepared
        const mutated = engine.flights.mutate([key], () => engine.put(key, prepared.right))
        return andThen(mutated, (done) => {
          if (done._tag === 'Right') engine.tellWrite(key, since, prepared.right)
          return done
        })
      })
    )

const deleteMany: Program<'deleteMany'> = (engine) =>
  onKeys(
    engine,
    'delete'
  )((keys, since) => {
    const writes = uniq(keys).map((key) => [key, O.none] as const)
    return async () => {
      const removed = await engine.flights.mutate(keys, () => engine.write(writes))
      if (E.isRight(removed)) writes.forEach(([key]) => engine.emit(key, since, { _tag: 'Delete' }))
      return removed
    }
  })

const remove: Program<'delete'> =
  (engine) =>
  (...args) =>
  () =>
    onKey(engine, 'delete')(args, (key, since) =>
      andThen(
        engine.flights.mutate([key], () => engine.put(key, O.none)),
        (done) => {
          if (done._tag === 'Right') engine.emit(key, since, { _tag: 'Delete' })
          return done
        }
      )
    )

const looked =
  <Args extends Arguments, Err, A, R, B>({ reader }: Engine<Args, Err, A, R, B>) =>
  (
    keys: ReadonlyArray<Key>,
    argsList: ReadonlyArray<Args>
  ): T.Task<ReadonlyArray<E.Either<RingError, Seen<Err, A>>>> =>
  async () =>
    reader.lookAll(keys, argsList)

/** Whether there is an entry. If it may be too old, purged or an error, the entry itself must be read. */
const hasMany: Program<'hasMany'> = (engine) => (argsList) =>
  onKeys(engine)((keys) =>
    keys.length === 0
      ? TE.right([])
      : looksInside(engine)
      ? pipe(looked(engine)(keys, argsList), T.map(E.traverseArray(there)))
      : keys.length === 1
      ? pipe(engine.store.has(keys[0] as Key), TE.map(RA.of)) // SAFETY: there is one
      : engine.store.hasMany(keys)
  )(argsList)

const looksInside = <Args extends Arguments, Err, A, R, B>({
  policy,
  tags
}: Engine<Args, Err, A, R, B>): boolean => policy.ages || policy.negative !== undefined || tags !== undefined

const there = <Err, A>(got: E.Either<RingError, Seen<Err, A>>): E.Either<RingError, boolean> =>
  E.isLeft(got) ? (isInvalid(got.left) ? E.right(true) : got) : E.right(O.isSome(served(got.right)))

const has: Program<'has'> =
  (engine) =>
  (...args) =>
    pipe(
      hasMany(engine)([args]),
      TE.map(([is]) => is === true)
    )

/** New lifetimes of entries, by position; none for an entry that is known to be missing. */
const lifetimes = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  keys: ReadonlyArray<Key>,
  argsList: ReadonlyArray<Args>
): TE.TaskEither<RingError, ReadonlyArray<O.Option<readonly [Key, Duration]>>> => {
  const { policy } = engine
  const { constant } = policy
  if (constant !== undefined && !looksInside(engine))
    return TE.right(keys.map((key) => O.some([key, constant()] as const)))
  return pipe(
    looked(engine)(keys, argsList),
    T.map(E.sequenceArray),
    TE.chainEitherKW((all) =>
      E.tryCatch(
        () =>
          RA.zip(keys, all).map(([key, seen], i) =>
            pipe(
              served(seen),
              // SAFETY: one entry was read for each list of arguments
              O.map((value) => [key, policy.lifetime(value, argsList[i] as Args)] as const)
            )
          ),
        policyError
      )
    )
  )
}

const touchMany: Program<'touchMany'> = (engine) => (argsList) =>
  onKeys(
    engine,
    'touch'
  )((keys, since) =>
    pipe(
      lifetimes(engine, keys, argsList),
      TE.chainW((places) => {
        const entries = RA.compact(places)
        const [only] = entries
        const touched: TE.TaskEither<RingError, ReadonlyArray<boolean>> = only === undefined
          ? TE.right([])
          : entries.length === 1
          ? pipe(engine.store.touch(...only), TE.map(RA.of))
          : engine.store.touchMany(entries)
        return pipe(
          touched,
          TE.map((done) => {
            const answers = RA.zip(entries, done).values()
            return places.map((place) => O.isSome(place) && answers.next().value?.[1] === true)
          })
        )
      }),
      TE.chainFirstIOK((all) => () => {
        all.forEach((was, i) => {
          if (was) engine.emit(keys[i] ?? '', since, { _tag: 'Touch' })
        })
      })
    )
  )(argsList)

const touch: Program<'touch'> =
  (engine) =>
  (...args) =>
    pipe(
      touchMany(engine)([args]),
      TE.map(([was]) => was === true)
    )

const purge: Program<'purge'> =
  (engine) =>
  (...tags) =>
  async () => {
    const since = engine.now()
    if (!areTags(tags)) return E.left(engine.failed('', since, new KeyError('tags are strings')))
    const keys = uniq(tags.map(tagKey))
    const [first] = keys
    if (first === undefined) return E.right(undefined)
    const purged = await engine.purge(keys)
    if (E.isLeft(purged)) return E.left(engine.failed(first, since, purged.left))
    keys.forEach((key) => engine.emit(key, since, { _tag: 'Purge' }))
    return purged
  }

const explain: Program<'explain'> =
  (engine) =>
  (...args) =>
  () =>
    onKey(engine)(args, (key) =>
      andThen(engine.reader.inspect(key, args), (got): E.Either<RingError, Explanation> => {
        if (got._tag === 'Right') {
          const seen = got.right
          return E.right({
            ...explained(key, seen, engine.decide(key, seen.verdict)),
            ...(seen.verdict === 'missing' ? unstored(engine.unwritten.of(key)) : {})
          })
        }
        // an entry that cannot be decoded is loaded again, as if it were missing
        return isInvalid(got.left)
          ? E.right({
              ...explained(key, undefined, engine.decide(key, 'missing')),
              ...unstored({ at: 'decode', message: got.left.message, ago: zero })
            })
          : got
      })
    )

const unstored = (why: Unstored | undefined): Pick<Explanation, 'unstored'> =>
  why === undefined ? {} : { unstored: why }

const explained = <Err, A>(key: Key, seen: Seen<Err, A> | undefined, decision: Decision): Explanation => ({
  ...decision,
  key,
  verdict: seen?.verdict ?? 'missing',
  holds: seen?.answer === undefined ? 'nothing' : E.isLeft(seen.answer) ? 'error' : 'value',
  remaining: seen === undefined || seen.remaining === zero ? O.none : O.some(seen.remaining)
})

const clear: Program<'clear'> = (engine) => () =>
  onKeys(engine)((_, since) => {
    const { prefix } = engine.key
    if (prefix === undefined || prefix === '')
      return TE.left(
        new KeyError('clear needs a key function with a prefix: see KeyFn.of and KeyFn.prefixed')
      )
    // not by combinators of tasks, which begin a tick later: what was called later would end earlier
    return async () => {
      const cleared = await engine.flights.mutateAll(engine.store.clear(prefix))
      if (E.isRight(cleared)) engine.emit(prefix, since, { _tag: 'Clear' })
      return cleared
    }
  })([])

/** While a caller waits for a command, the process stays alive as long as its answer depends on a timer. */
const tending =
  <Args extends Arguments, Err, A, R, B>({ tend }: Engine<Args, Err, A, R, B>) =>
  <P extends ReadonlyArray<unknown>, W>(command: (...args: P) => T.Task<W>): ((...args: P) => T.Task<W>) =>
    tend === untended
      ? command
      : (...args) => {
          const task = command(...args)
          return () => tend(task())
        }

/** The command table over one engine. */
export const table = <Args extends Arguments, E, X, A, R, B>(
  engine: Engine<Args, E | X, A, R, B>,
  execute: (...args: Args) => TE.TaskEither<E, A>,
  lookup: Lookup<Args, E | X, A>
): Commands<Args, E, A, R, X> => {
  const tend = tending(engine)
  const all: Commands<Args, E | X, A, R, RingError> = {
    getOrUpdate: getOrUpdate(lookup),
    get: tend(get(engine)),
    execute,
    update: tend(update(engine)),
    set: (value) => tend(set(engine)(value)),
    delete: tend(remove(engine)),
    has: tend(has(engine)),
    touch: tend(touch(engine)),
    key: engine.key,
    encode: engine.codec.encode,
    decode: engine.decode,
    getMany: tend(getMany(engine)),
    getOrUpdateMany: tend(getOrUpdateMany(engine)),
    executeMany: executeMany(engine),
    updateMany: tend(updateMany(engine)),
    setMany: tend(setMany(engine)),
    deleteMany: tend(deleteMany(engine)),
    hasMany: tend(hasMany(engine)),
    touchMany: tend(touchMany(engine)),
    keyMany: (argsList) => argsList.map((args) => engine.keyOfList(args)),
    clear: tend(clear(engine)),
    explain: tend(explain(engine)),
    purge: tend(purge(engine))
  }
  // SAFETY: the engine's errors are E | X, because surfaced errors take the same path as the function's errors. It
  // returns a RingError there only if the policy is strict, and then RingError is in X. A bulk answer holds the
  // function's own errors only; an error of the cache fails the whole command
  return all as unknown as Commands<Args, E, A, R, X>
}
