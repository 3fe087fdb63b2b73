/**
 * Functions of other shapes as functions that can be cached. They keep their names, which begin the keys.
 *
 * @since 0.1.0
 */
import { flow } from 'fp-ts/function'
import type { IOEither } from 'fp-ts/IOEither'
import type { Task } from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'

import { named } from './internal/named'
import type { Arguments } from './KeyFn'

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * A function that gives a promise. A rejection, or a throw, is a `left` of what `onRejected` makes of it.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { dict, fromPromiseFunction, ring } from 'fp-ring'
 *
 * const fetchName = async (id: number) => (id > 0 ? `user ${id}` : Promise.reject(new Error('no such user')))
 * const name = pipe(fromPromiseFunction(fetchName, E.toError), ring(dict()))
 *
 * assert.strictEqual(name.key(1), 'fetchName:1')
 * const test = async () => {
 *   assert.deepStrictEqual(await name(1)(), E.right('user 1'))
 *   assert.deepStrictEqual(await name(-1)(), E.left(new Error('no such user')))
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromPromiseFunction = <Args extends Arguments, E, A>(
  f: (...args: Args) => Promise<A>,
  onRejected: (cause: unknown) => E
): ((...args: Args) => TE.TaskEither<E, A>) => named(f, TE.tryCatchK(f, onRejected))

/**
 * A function that gives a `Task`: one that does not fail.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as T from 'fp-ts/Task'
 * import { dict, fromTaskFunction, ring } from 'fp-ring'
 *
 * const square = (n: number): T.Task<number> => T.of(n * n)
 * const cached = pipe(fromTaskFunction(square), ring(dict()))
 * const test = async () => assert.deepStrictEqual(await cached(3)(), E.right(9))
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromTaskFunction = <Args extends Arguments, A>(
  f: (...args: Args) => Task<A>
): ((...args: Args) => TE.TaskEither<never, A>) =>
  named(
    f,
    flow(f, (task) => TE.rightTask(task))
  )

/**
 * A function that gives an `IOEither`: one that waits for nothing.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as IOE from 'fp-ts/IOEither'
 * import { dict, fromIOEitherFunction, ring } from 'fp-ring'
 *
 * const parse = (text: string): IOE.IOEither<Error, unknown> => IOE.tryCatch(() => JSON.parse(text), E.toError)
 * const cached = pipe(fromIOEitherFunction(parse), ring(dict()))
 * const test = async () => assert.deepStrictEqual(await cached('[1]')(), E.right([1]))
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromIOEitherFunction = <Args extends Arguments, E, A>(
  f: (...args: Args) => IOEither<E, A>
): ((...args: Args) => TE.TaskEither<E, A>) =>
  named(
    f,
    flow(f, (io) => TE.fromIOEither(io))
  )
