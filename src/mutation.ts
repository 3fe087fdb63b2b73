/**
 * Functions that change what caches hold copies of.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as IOE from 'fp-ts/IOEither'
import * as RA from 'fp-ts/ReadonlyArray'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'

import { named } from './internal/named'
import type { AnyFn, ErrorOf, Fn, Having, ValueOf } from './internal/signatures'
import type { Arguments } from './KeyFn'
import { InvalidationError } from './RingError'

/** Each of several may fail with something else. */
type Effect = () => Promise<E.Either<unknown, unknown>>
type FailureOf<Fx extends Effect> = Extract<Awaited<ReturnType<Fx>>, E.Left<unknown>>['left']

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

/** All at once, each to its end, whatever comes of another; the failures. */
const settleAll = <X>(effects: ReadonlyArray<TE.TaskEither<X, unknown>>): T.Task<ReadonlyArray<X>> =>
  pipe(effects, T.traverseArray(caught), T.map(RA.lefts)) as T.Task<ReadonlyArray<X>> // the proof: see `caught`

/** A task of somebody else's may reject, which it must not: that is a failure as well, of an unknown type. */
const caught = <X>(effect: TE.TaskEither<X, unknown>): TE.TaskEither<unknown, unknown> =>
  pipe(
    TE.tryCatch(effect, (cause): unknown => cause),
    TE.chainW(TE.fromEither)
  )

/**
 * A function that, when it succeeds, runs effects on caches before it answers: `delete` and `purge` of what is out of
 * date now, or `set` and `update` to write through. They are made of its value and its arguments, start in the order
 * in which they are given, and run at the same time; each is run to its end, whatever comes of the others. What has to
 * be in sequence is one effect: `TE.chain`.
 *
 * When the function fails, none is run: nothing is known to have changed. (If yours may have done its work and failed all
 * the same, by a timeout say, run the effects there, too: `TE.orElse`.) When an effect fails, the answer is a `left` of an
 * `InvalidationError`, as a copy may be out of date from now on; it keeps the value, so that nothing is lost.
 *
 * Effects come after the function, not before: what was deleted before it would be loaded anew by whoever asks meanwhile.
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
export function invalidates<F extends AnyFn, Fx extends Effect>(
  effects: (value: ValueOf<F>, ...args: Parameters<F>) => ReadonlyArray<Fx>
): (
  fn: F
) => (
  ...args: Parameters<F>
) => TE.TaskEither<ErrorOf<F> | InvalidationError<ValueOf<F>, FailureOf<Fx>>, ValueOf<F>>
// outside of a pipe the effects say what they are made of: the value, and the first arguments
export function invalidates<Args extends Arguments, A, Fx extends Effect>(
  effects: (value: A, ...args: Args) => ReadonlyArray<Fx>
): <F extends (...args: never) => TE.TaskEither<unknown, A>>(
  fn: F & Having<Parameters<F>, Args, 'the effects ask for more arguments than the function has'>
) => (...args: Parameters<F>) => TE.TaskEither<ErrorOf<F> | InvalidationError<A, FailureOf<Fx>>, ValueOf<F>>
export function invalidates<Args extends Arguments, A>(
  effects: (value: A, ...args: Args) => ReadonlyArray<TE.TaskEither<unknown, unknown>>
) {
  return <E>(fn: Fn<Args, E, A>): Fn<Args, E | InvalidationError<A, unknown>, A> =>
    named(fn, (...args) =>
      pipe(
        fn(...args),
        TE.chainW((value) => following(value, () => effects(value, ...args)))
      )
    )
}

const following = <A, X>(
  value: A,
  effects: () => ReadonlyArray<TE.TaskEither<X, unknown>>
): TE.TaskEither<InvalidationError<A, X>, A> =>
  pipe(
    IOE.tryCatch(effects, (cause) => new InvalidationError<A, X>(value, [], cause)),
    TE.fromIOEither,
    TE.chain((all) =>
      pipe(
        settleAll(all),
        T.map((errors) =>
          RA.isNonEmpty(errors) ? E.left(new InvalidationError<A, X>(value, errors)) : E.right(value)
        )
      )
    )
  )
