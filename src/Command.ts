/**
 * What can be done with a cached function: a table of programs over key, codec, store and function.
 *
 * Laws (one caller, no faults):
 *
 * - law 7: `update(x)` or `set(v)(x)`, then `get(x)`, is `some` of that value; the last write wins.
 * - law 8: `get` never runs the function, `execute` never touches the store, `has(x) ⇔ isSome(get(x))`.
 * - law 9: `getOrUpdate` runs the function once on a miss and never on a fresh hit.
 * - law 10, 11: after `delete`, `get` is none; `touch` renews the lifetime, never the value.
 * - law 12: `fMany([x, …])` is `f(x)` pointwise, in order, duplicates included, in one trip; `[]` touches nothing.
 * - law 13: nothing happens until a task is run, and a task that is run twice happens twice.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as RA from 'fp-ts/ReadonlyArray'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'

import type { Codec } from './Codec'
import type { Decision, Verdict } from './Decision'
import type { Duration } from './Duration'
import { zero } from './Duration'
import type { Engine } from './internal/engine'
import { isInvalid } from './internal/errors'
import { makeLookup } from './internal/lookup'
import { makeLookupAll } from './internal/lookupMany'
import { type Seen, served, servedAs } from './internal/reader'
import { areTags, tagKey } from './internal/tags'
import type { Arguments, Key, KeyFn } from './KeyFn'
import type { DecodeError, RingError } from './RingError'
import { EncodeError, KeyError } from './RingError'
import type { Store } from './Store'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * What a command of one's own is made of: the parts of a ring, as they are (the name is the original's).
 *
 * @category model
 * @since 0.1.0
 */
export interface Rope<Args extends Arguments, E, A, R, B> {
  readonly name: string
  readonly key: KeyFn<Args>
  readonly codec: Codec<A, R>
  readonly store: Store<R, B>
  readonly execute: (...args: Args) => TE.TaskEither<E, A>
}

/**
 * The command table of a ring over a function `(...args: Args) => TaskEither<E, A>`. `R` is what lies in the store,
 * `X` what the policy lets into the error channel of the cached function (`never`, unless it says so).
 *
 * @category model
 * @since 0.1.0
 */
export interface Commands<Args extends Arguments, E, A, R, X = never> {
  /** A fresh hit, or the function, its value stored for the next one. Faults of the cache are not the caller's. */
  readonly getOrUpdate: (...args: Args) => TE.TaskEither<E | X, A>
  /** What is cached. */
  readonly get: (...args: Args) => TE.TaskEither<RingError, O.Option<A>>
  /** The function, as if there were no cache. */
  readonly execute: (...args: Args) => TE.TaskEither<E, A>
  /** Runs the function and stores its value; a write that fails is a failure. */
  readonly update: (...args: Args) => TE.TaskEither<E | RingError, A>
  /** Stores a value that you have. */
  readonly set: (value: A) => (...args: Args) => TE.TaskEither<RingError, void>
  /** Deletes the entry, and voids the loads of it that are under way. */
  readonly delete: (...args: Args) => TE.TaskEither<RingError, void>
  /** Whether there is an entry. */
  readonly has: (...args: Args) => TE.TaskEither<RingError, boolean>
  /** Renews the lifetime of an entry; says whether there was one. */
  readonly touch: (...args: Args) => TE.TaskEither<RingError, boolean>
  /** The key. It is the ring's key function itself: for arguments without a key it throws a `KeyError`. */
  readonly key: KeyFn<Args>
  readonly encode: (value: A) => E.Either<EncodeError, R>
  /** For bytes that were read from the backend by hand. */
  readonly decode: (raw: R) => E.Either<DecodeError, A>
  readonly getMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<RingError, ReadonlyArray<O.Option<A>>>
  /** One trip for the hits, one call of `batch` (where there is one) for the misses. */
  readonly getOrUpdateMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<X, ReadonlyArray<E.Either<E, A>>>
  readonly executeMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<never, ReadonlyArray<E.Either<E, A>>>
  readonly updateMany: (
    argsList: ReadonlyArray<Args>
  ) => TE.TaskEither<RingError, ReadonlyArray<E.Either<E, A>>>
  /** Of two entries with one key the later wins. */
  readonly setMany: (
    entries: ReadonlyArray<readonly [args: Args, value: A]>
  ) => TE.TaskEither<RingError, void>
  readonly deleteMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<RingError, void>
  readonly hasMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<RingError, ReadonlyArray<boolean>>
  readonly touchMany: (argsList: ReadonlyArray<Args>) => TE.TaskEither<RingError, ReadonlyArray<boolean>>
  readonly keyMany: (argsList: ReadonlyArray<Args>) => ReadonlyArray<Key>
  /**
   * What `getOrUpdate` would do now, without the function being run: what was found, and what would be served and
   * loaded.
   */
  readonly explain: (...args: Args) => TE.TaskEither<RingError, Explanation>
  /**
   * Hides every entry that has one of these tags and whose load has begun by now, whatever ring of the store made it.
   * One command, whatever the number of entries.
   */
  readonly purge: (...tags: ReadonlyArray<string>) => TE.TaskEither<RingError, void>
  /** Deletes every entry of the ring's namespace: the keys that begin with its key function's `prefix`. */
  readonly clear: () => TE.TaskEither<RingError, void>
}

/**
 * What `getOrUpdate` would do: the verdict on what lies in the store, whether that is a value or an error that was stored,
 * what is left of its life there, by the store's clock (none where there is nothing), and the decision.
 *
 * @category model
 * @since 0.1.0
 */
export interface Explanation extends Decision {
  readonly key: Key
  readonly verdict: Verdict
  readonly holds: 'value' | 'error' | 'nothing'
  readonly remaining: O.Option<Duration>
}

/**
 * The commands that take the arguments of the function and can stand for the ring itself.
 *
 * @category model
 * @since 0.1.0
 */
export type SingleCommand =
  | 'getOrUpdate'
  | 'get'
  | 'execute'
  | 'update'
  | 'delete'
  | 'has'
  | 'touch'
  | 'key'
  | 'explain'

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** A program over one engine: a row of the table. What a policy surfaces is among the engine's errors. */
type Program<K extends keyof Commands<never, unknown, unknown, unknown>> = <
  Args extends Arguments,
  Err,
  A,
  R,
  B
>(
  engine: Engine<Args, Err, A, R, B>
) => Commands<Args, Err, A, R, RingError>[K]

/** Runs a program on the keys of some arguments. A failure is told before it is returned (law 31). */
const onKeys =
  <Args extends Arguments, Err, A, R, B>(engine: Engine<Args, Err, A, R, B>) =>
  <W>(program: (keys: ReadonlyArray<Key>, since: number) => TE.TaskEither<RingError, W>) =>
  (argsList: ReadonlyArray<Args>): TE.TaskEither<RingError, W> =>
  async () => {
    const since = engine.now()
    const keys = E.traverseArray(engine.keyOf)(argsList)
    const answer = E.isLeft(keys) ? keys : await program(keys.right, since)()
    if (E.isRight(answer)) return answer
    return E.left(engine.failed(E.isLeft(keys) ? '' : keys.right[0] ?? '', since, answer.left))
  }

/** The same for one list of arguments. */
const onKey =
  <Args extends Arguments, Err, A, R, B>(engine: Engine<Args, Err, A, R, B>) =>
  <W>(program: (key: Key, since: number) => TE.TaskEither<RingError, W>) =>
  (args: Args): TE.TaskEither<RingError, W> =>
    onKeys(engine)(([key], since) => program(key as Key, since))([args]) // the proof: one key for one list of arguments

const uniq = (keys: ReadonlyArray<Key>): ReadonlyArray<Key> => Array.from(new Set(keys))

/**
 * The command that a ring is, by default.
 *
 * @internal
 */
export const getOrUpdate: Program<'getOrUpdate'> = (engine) => {
  const lookup = makeLookup(engine)
  return (...args) =>
    () =>
      lookup(args)
}

const getOrUpdateMany: Program<'getOrUpdateMany'> = (engine) => {
  const lookupAll = makeLookupAll(engine)
  return (argsList) => () => lookupAll(argsList)
}

/** What may be served of what was found. */
const servedOf = <Err, A>(got: E.Either<RingError, Seen<Err, A>>): E.Either<RingError, O.Option<A>> =>
  E.isLeft(got) ? got : { _tag: 'Right', right: served(got.right) }

/** Every read is told, and is a hit or a miss (law 38). */
const tellRead = <Args extends Arguments, Err, A, R, B>(
  engine: Engine<Args, Err, A, R, B>,
  key: Key,
  since: number,
  got: E.Either<RingError, Seen<Err, A>>
): void => {
  if (engine.observe === undefined) return
  if (E.isLeft(got)) engine.fault(key, since, got.left)
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
  async () => {
    const since = engine.now()
    const key = engine.keyOf(args)
    const got = E.isLeft(key) ? key : await engine.reader.look(key.right, args)
    tellRead(engine, E.isLeft(key) ? '' : key.right, since, got)
    return servedOf(got)
  }

const getMany: Program<'getMany'> = (engine) => (argsList) => async () => {
  const since = engine.now()
  const keys = argsList.map(engine.keyOf)
  const all = await engine.lookEach(keys, argsList)
  if (engine.observe !== undefined) {
    all.forEach((got, i) => {
      const key = keys[i]
      tellRead(engine, key === undefined || E.isLeft(key) ? '' : key.right, since, got)
    })
  }
  return all.find(E.isLeft) ?? E.right(RA.rights(all).map(served))
}

const executeMany: Program<'executeMany'> =
  ({ run }) =>
  (argsList) =>
  () =>
    run(argsList).then(E.right)

const updateMany: Program<'updateMany'> = (engine) => (argsList) => async () => {
  const since = engine.now()
  const keys = E.traverseArray(engine.keyOf)(argsList)
  return E.isLeft(keys) ? E.left(engine.failed('', since, keys.left)) : engine.update(keys.right, argsList)
}

const update: Program<'update'> =
  (engine) =>
  (...args) =>
    pipe(
      updateMany(engine)([args]),
      // the proof: one is asked, one is answered
      TE.chainW(([answer]) => TE.fromEither(answer as NonNullable<typeof answer>))
    )

/** Writes what the policy makes of these values. What it does not want stored is removed: it is out of date. */
const setMany: Program<'setMany'> = (engine) => (entries) =>
  onKeys(engine)((keys, since) =>
    pipe(
      () => engine.prepareAll(entries),
      TE.map((prepared) => new Map(RA.zip(keys, prepared))),
      TE.chainFirstW((writes) => () => engine.flights.mutate(keys, () => engine.write(Array.from(writes)))),
      TE.map((writes) => {
        writes.forEach((written, key) => engine.tellWrite(key, since, written))
      })
    )
  )(entries.map(([args]) => args))

const set: Program<'set'> =
  (engine) =>
  (value) =>
  (...args) =>
    setMany(engine)([[args, value]])

const deleteMany: Program<'deleteMany'> = (engine) =>
  onKeys(engine)((keys, since) => {
    const writes = uniq(keys).map((key) => [key, O.none] as const)
    return pipe(
      () => engine.flights.mutate(keys, () => engine.write(writes)),
      TE.map(() => {
        writes.forEach(([key]) => engine.emit(key, since, { _tag: 'Delete' }))
      })
    )
  })

const remove: Program<'delete'> =
  (engine) =>
  (...args) =>
    deleteMany(engine)([args])

const looked =
  <Args extends Arguments, Err, A, R, B>({ reader }: Engine<Args, Err, A, R, B>) =>
  (
    keys: ReadonlyArray<Key>,
    argsList: ReadonlyArray<Args>
  ): T.Task<ReadonlyArray<E.Either<RingError, Seen<Err, A>>>> =>
  () =>
    reader.lookAll(keys, argsList)

/** Whether there is an entry. Where it may be too old, purged or an error, it has to be looked at. */
const hasMany: Program<'hasMany'> = (engine) => (argsList) =>
  onKeys(engine)((keys) =>
    keys.length === 0
      ? TE.right([])
      : looksInside(engine)
      ? pipe(looked(engine)(keys, argsList), T.map(E.traverseArray(there)))
      : keys.length === 1
      ? pipe(engine.store.has(keys[0] as Key), TE.map(RA.of)) // the proof: there is one
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

/** New lifetimes for entries, by place; none for one that is not there, where that is known. */
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
              // the proof: one was looked at for each list of arguments
              O.map((value) => [key, policy.lifetime(value, argsList[i] as Args)] as const)
            )
          ),
        (cause) => new EncodeError('the policy threw', cause)
      )
    )
  )
}

const touchMany: Program<'touchMany'> = (engine) => (argsList) =>
  onKeys(engine)((keys, since) =>
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
    onKey(engine)((key) =>
      pipe(
        () => engine.reader.inspect(key, args),
        TE.map((seen) => explained(key, seen, engine.decide(key, seen.verdict))),
        // what cannot be decoded is loaded anew, as if it were not there
        TE.orElse((error) =>
          isInvalid(error)
            ? TE.right(explained(key, undefined, engine.decide(key, 'missing')))
            : TE.left(error)
        )
      )
    )(args)

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
    return prefix === undefined || prefix === ''
      ? TE.left(new KeyError('clear needs a key function with a prefix: see KeyFn.of and KeyFn.prefixed'))
      : pipe(
          () => engine.flights.mutateAll(engine.store.clear(prefix)),
          TE.chainFirstIOK(() => () => engine.emit(prefix, since, { _tag: 'Clear' }))
        )
  })([])

/**
 * The command table over one engine.
 *
 * @internal
 */
export const table = <Args extends Arguments, E, X, A, R, B>(
  engine: Engine<Args, E | X, A, R, B>,
  execute: (...args: Args) => TE.TaskEither<E, A>
): Commands<Args, E, A, R, X> => {
  const all: Commands<Args, E | X, A, R, RingError> = {
    getOrUpdate: getOrUpdate(engine),
    get: get(engine),
    execute,
    update: update(engine),
    set: set(engine),
    delete: remove(engine),
    has: has(engine),
    touch: touch(engine),
    key: engine.key,
    encode: engine.codec.encode,
    decode: engine.decode,
    getMany: getMany(engine),
    getOrUpdateMany: getOrUpdateMany(engine),
    executeMany: executeMany(engine),
    updateMany: updateMany(engine),
    setMany: setMany(engine),
    deleteMany: deleteMany(engine),
    hasMany: hasMany(engine),
    touchMany: touchMany(engine),
    keyMany: (argsList) => argsList.map((args) => engine.key(...args)),
    clear: clear(engine),
    explain: explain(engine),
    purge: purge(engine)
  }
  // the proof: the engine is asked for E | X because what a policy surfaces comes the way the function's errors
  // come. It puts a RingError there only where the policy is strict, and then RingError is in X; a bulk answer
  // holds the function's own errors, those of the cache fail the whole
  return all as unknown as Commands<Args, E, A, R, X>
}
