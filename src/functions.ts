/**
 * Turns functions of other shapes into functions that can be cached. They keep their names, with which the keys begin.
 *
 * @since 0.1.0
 */
import { flow } from 'fp-ts/function'
import type { IOEither } from 'fp-ts/IOEither'
import type { Task } from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'

import { named } from './base/named'
import type { Arguments } from './KeyFn'
import { aFunction, must } from './wiring/check'

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * Converts a function that returns a promise. If it rejects or throws, the result is a `left` of what `onRejected`
 * returns.
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
  f: (this: void, ...args: Args) => Promise<A>,
  onRejected: (cause: unknown) => E
): ((...args: Args) => TE.TaskEither<E, A>) =>
  named(
    must('the first argument of fromPromiseFunction', aFunction(), f),
    TE.tryCatchK(
      f,
      must(
        'the second argument of fromPromiseFunction',
        aFunction('a function of what was thrown', 'write E.toError, for example'),
        onRejected
      )
    )
  )

/**
 * Converts a function that returns a `Task`, which cannot fail.
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
  f: (this: void, ...args: Args) => Task<A>
): ((...args: Args) => TE.TaskEither<never, A>) =>
  named(
    must('the argument of fromTaskFunction', aFunction(), f),
    flow(f, (task) => TE.rightTask(task))
  )

/**
 * Converts a function that returns an `IOEither`, which is synchronous.
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
  f: (this: void, ...args: Args) => IOEither<E, A>
): ((...args: Args) => TE.TaskEither<E, A>) =>
  named(
    must('the argument of fromIOEitherFunction', aFunction(), f),
    flow(f, (io) => TE.fromIOEither(io))
  )
