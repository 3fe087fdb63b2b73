/**
 * Functions that change data of which caches hold copies.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as IOE from 'fp-ts/IOEither'
import type * as RTE from 'fp-ts/ReaderTaskEither'
import * as RA from 'fp-ts/ReadonlyArray'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'

import { named } from './base/named'
import type { Arguments } from './KeyFn'
import { effectsIn, failuresOf } from './ring/effects'
import type {
  AnyReader,
  ArgumentsIn,
  ErrorOf,
  Fn,
  Having,
  Kept,
  ReaderEnv,
  ReaderFailure,
  ReaderValue,
  TaskFn,
  ValueOf
} from './ring/signatures'
import { InvalidationError } from './RingError'
import { aFunction, must } from './wiring/check'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** One effect; each of several may have its own type of error. */
type Effect = () => Promise<E.Either<unknown, unknown>>
type FailureOf<Fx extends Effect> = Extract<Awaited<ReturnType<Fx>>, E.Left<unknown>>['left']

/** An effect that takes an environment, or one that takes none. */
type ReaderEffect = (env: never) => Effect | ReturnType<Effect>
type FailureIn<Fx extends ReaderEffect> = Extract<
  Awaited<ReturnType<Fx> extends Effect ? ReturnType<ReturnType<Fx>> : ReturnType<Fx>>,
  E.Left<unknown>
>['left']
/** The environment that all effects of a union need together. */
type EnvOf<Fx extends ReaderEffect> = [Fx] extends [(env: infer Env) => unknown] ? Env : never

/** If the type of the function is not known, the effects state their parameter types: see the second form. */
type Known<F extends TaskFn> = TaskFn extends F ? never : unknown
type KnownReader<F extends AnyReader> = AnyReader extends F ? never : unknown

/**
 * `invalidates(effects)` outside of a pipe: the effects state their parameter types, a value and the first arguments.
 * `X` is their error.
 *
 * @category model
 * @since 0.1.0
 */
export interface Invalidates<Args extends Arguments, A, X> {
  <F extends (...args: never) => TE.TaskEither<unknown, A>>(
    fn: F & Kept<F> & Having<ArgumentsIn<F>, Args, 'the effects ask for more arguments than the function has'>
  ): (...args: ArgumentsIn<F>) => TE.TaskEither<ErrorOf<F> | InvalidationError<A, X>, ValueOf<F>>
}

/**
 * `invalidatesReader(effects)` outside of a pipe: as `Invalidates` for `invalidates`. `Env` is what the effects need.
 *
 * @category model
 * @since 0.1.0
 */
export interface InvalidatesReader<Args extends Arguments, A, X, Env> {
  <F extends (...args: never) => (env: never) => TE.TaskEither<unknown, A>>(
    fn: F & Kept<F> & Having<ArgumentsIn<F>, Args, 'the effects ask for more arguments than the function has'>
  ): (
    ...args: ArgumentsIn<F>
  ) => RTE.ReaderTaskEither<ReaderEnv<F> & Env, ReaderFailure<F> | InvalidationError<A, X>, ReaderValue<F>>
}

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

/**
 * A function that, when it succeeds, runs effects on caches before it returns: `delete` and `purge` for entries that
 * are out of date now, or `set` and `update` to write through. The effects are made from its value and its arguments.
 * They start in the given order and run at the same time; each runs to its end, even if others fail. Steps that must
 * run in sequence are one effect: `TE.chain`.
 *
 * When the function fails, no effect runs: nothing is known to have changed. (If your function may fail after it has
 * done its work, for example by a timeout, run the effects in that case, too: `TE.orElse`.) When an effect fails, the
 * result is a `left` of an `InvalidationError`, because a copy may be out of date from now on. The error holds the
 * value, so that it is not lost.
 *
 * Effects run after the function, not before: an entry that was deleted before it could be loaded again by another
 * caller meanwhile.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as O from 'fp-ts/Option'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, invalidates, ring } from 'fp-ring'
 *
 * interface User { readonly id: number; readonly name: string }
 * const table = new Map([[1, { id: 1, name: 'Ada' }]])
 * const fetchUser = (id: number): TE.TaskEither<string, User> =>
 *   () => Promise.resolve(E.fromNullable('no such user')(table.get(id)))
 * const saveUser = (id: number, name: string): TE.TaskEither<string, User> =>
 *   TE.fromIO(() => { table.set(id, { id, name }); return { id, name } })
 *
 * const user = ring(fetchUser, { store: dict() })
 * const save = pipe(saveUser, invalidates((saved) => [user.delete(saved.id)]))
 * const writeThrough = pipe(saveUser, invalidates((saved, id) => [user.set(saved)(id)]))
 *
 * const test = async () => {
 *   await user(1)()
 *   await save(1, 'Grace')()
 *   assert.deepStrictEqual(await user.get(1)(), E.right(O.none))
 *   await writeThrough(1, 'Mary')()
 *   assert.deepStrictEqual(await user.get(1)(), E.right(O.some({ id: 1, name: 'Mary' })))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export function invalidates<F extends TaskFn, Fx extends Effect>(
  effects: ((value: ValueOf<F>, ...args: ArgumentsIn<F>) => ReadonlyArray<Fx>) & Known<F>
): (
  fn: F & Kept<F>
) => (
  ...args: ArgumentsIn<F>
) => TE.TaskEither<ErrorOf<F> | InvalidationError<ValueOf<F>, FailureOf<Fx>>, ValueOf<F>>
// outside of a pipe, the effects state their parameter types: the value, and the first arguments
export function invalidates<Args extends Arguments, A, Fx extends Effect>(
  effects: (value: A, ...args: Args) => ReadonlyArray<Fx>
): Invalidates<Args, A, FailureOf<Fx>>
export function invalidates(effects: Effects): unknown {
  must('the argument of invalidates', aFunction('a function of a value and arguments'), effects)
  return (fn: Plain): Plain =>
    named(must('what invalidates is applied to', aFunction(), fn), (...args) =>
      pipe(
        fn(...args),
        TE.chainW((value) => following('invalidates', value, () => effects(value, ...args), []))
      )
    )
}

/**
 * `invalidates` for functions of an environment. The effects are commands of readers (`ringReader`), and run in the
 * environment of the call. Commands of rings, which need no environment, may be among them. Otherwise as `invalidates`.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as RTE from 'fp-ts/ReaderTaskEither'
 * import { dict, invalidatesReader, ringReader } from 'fp-ring'
 *
 * interface Env { readonly tenant: string; readonly table: Map<number, string> }
 * const fetchName = (id: number): RTE.ReaderTaskEither<Env, string, string> =>
 *   ({ table }) => async () => E.fromNullable('no such user')(table.get(id))
 * const saveName = (id: number, name: string): RTE.ReaderTaskEither<Env, never, void> =>
 *   ({ table }) => async () => E.right(void table.set(id, name))
 *
 * const name = ringReader(fetchName, { store: dict(), keyEnv: ({ tenant }) => tenant })
 * const save = pipe(saveName, invalidatesReader((_, id) => [name.delete(id)]))
 *
 * const env: Env = { tenant: 'acme', table: new Map([[1, 'Ada']]) }
 * const test = async () => {
 *   assert.deepStrictEqual(await name(1)(env)(), E.right('Ada'))
 *   await save(1, 'Grace')(env)()
 *   assert.deepStrictEqual(await name(1)(env)(), E.right('Grace'))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export function invalidatesReader<F extends AnyReader, Fx extends ReaderEffect>(
  effects: ((value: ReaderValue<F>, ...args: ArgumentsIn<F>) => ReadonlyArray<Fx>) & KnownReader<F>
): (
  fn: F & Kept<F>
) => (
  ...args: ArgumentsIn<F>
) => RTE.ReaderTaskEither<
  ReaderEnv<F> & EnvOf<Fx>,
  ReaderFailure<F> | InvalidationError<ReaderValue<F>, FailureIn<Fx>>,
  ReaderValue<F>
>
// outside of a pipe, the effects state their parameter types: the value, and the first arguments
export function invalidatesReader<Args extends Arguments, A, Fx extends ReaderEffect>(
  effects: (value: A, ...args: Args) => ReadonlyArray<Fx>
): InvalidatesReader<Args, A, FailureIn<Fx>, EnvOf<Fx>>
export function invalidatesReader(effects: Effects): unknown {
  must('the argument of invalidatesReader', aFunction('a function of a value and arguments'), effects)
  return (fn: Reading): Reading =>
    named(
      must('what invalidatesReader is applied to', aFunction(), fn),
      (...args) =>
        (env) =>
          pipe(
            fn(...args)(env),
            TE.chainW((value) => following('invalidatesReader', value, () => effects(value, ...args), [env]))
          )
    )
}

type Effects = (value: unknown, ...args: Arguments) => ReadonlyArray<unknown>
type Plain = Fn<Arguments, unknown, unknown>
type Reading = (...args: Arguments) => (env: unknown) => TE.TaskEither<unknown, unknown>

const following = (
  whose: string,
  value: unknown,
  effects: () => ReadonlyArray<unknown>,
  env: ReadonlyArray<unknown>
): TE.TaskEither<InvalidationError<unknown, unknown>, unknown> =>
  pipe(
    IOE.tryCatch(
      () => effectsIn(whose, effects()),
      (cause) => new InvalidationError<unknown, unknown>(value, [], cause)
    ),
    TE.fromIOEither,
    TE.chain((all) =>
      pipe(
        () => failuresOf(whose, all, env),
        T.map((errors) =>
          RA.isNonEmpty(errors)
            ? E.left(new InvalidationError<unknown, unknown>(value, errors))
            : E.right(value)
        )
      )
    )
  )
