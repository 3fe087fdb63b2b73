/**
 * Runs the user's function: for one list of arguments, or through `batch` for several. It may come from untyped code,
 * so its result is checked. If it throws, or does not answer with an `Either`, the promise rejects with an error that
 * says what was wrong, only for the keys concerned.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import { calling } from '../base/byList'
import { defect } from '../base/defect'
import { isEither, kindOf } from '../base/kinds'
import type { Arguments } from '../KeyFn'

/** What was thrown for one key: every caller that waits for that key is rejected with it. */
export class Thrown {
  constructor(readonly cause: unknown) {}
}

export type Ran<Err, A> = E.Either<Err, A> | Thrown

/** The answer for a waiting caller; throws what was thrown. */
export const answerOf = <Err, A>(ran: Ran<Err, A>): E.Either<Err, A> => {
  if (ran instanceof Thrown) throw ran.cause
  return ran
}

/** When all have settled: all answers, or the first rejection. So a failure for one key does not stop the others. */
export const allOf = async <A>(promises: ReadonlyArray<Promise<A>>): Promise<ReadonlyArray<A>> => {
  const all = await Promise.allSettled(promises)
  return all.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
}

export interface Running<Args extends Arguments, Err, A> {
  /** Begins to run the function; returns its promise, unchecked. Throws if the function throws at once. */
  readonly start: (args: Args) => unknown
  /** What the function has answered with, if it is an `Either`; else throws an error that says so. */
  readonly checked: (answer: unknown) => E.Either<Err, A>
  /** Runs the function. Rejects if the function throws. */
  readonly one: (args: Args) => Promise<E.Either<Err, A>>
  /**
   * Runs it for several lists of arguments: through `batch`, if there is one and the lists are two or more. Never
   * rejects.
   */
  readonly all: (argsList: ReadonlyArray<Args>) => Promise<ReadonlyArray<Ran<Err, A>>>
}

interface Parts<Args extends Arguments, Err, A> {
  readonly name: string
  readonly execute: (...args: Args) => TE.TaskEither<Err, A>
  readonly batch: ((argsList: ReadonlyArray<Args>) => T.Task<ReadonlyArray<E.Either<Err, A>>>) | undefined
}

const task = (part: string, given: unknown, type: string): (() => unknown) =>
  typeof given === 'function'
    ? (given as () => unknown)
    : defect(
        `${part} returned ${kindOf(given)}, not a ${type}${
          kindOf(given) === 'a Promise' ? ': see fromPromiseFunction for functions that return promises' : ''
        }`
      )

/** A getter may throw. */
const isSafely = (given: unknown): boolean => {
  try {
    return isEither(given)
  } catch {
    return false
  }
}

const either = <Err, A>(part: string, given: unknown): E.Either<Err, A> =>
  isSafely(given)
    ? (given as E.Either<Err, A>) // SAFETY: it is an Either, and its types are those of the function
    : defect(`${part} answered with ${kindOf(given)}, not an Either`)

/** Converts `batch` of a ring's options to `batchEach`: a failure is a failure for all. */
export const eachOf =
  <Args, Err, A>(batch: (argsList: ReadonlyArray<Args>) => TE.TaskEither<Err, ReadonlyArray<A>>) =>
  (argsList: ReadonlyArray<Args>): T.Task<ReadonlyArray<E.Either<Err, A>>> =>
  async () => {
    const answer = either<Err, ReadonlyArray<A>>(
      'batch',
      await task('batch', batch(argsList), 'TaskEither')()
    )
    if (E.isLeft(answer)) return argsList.map(() => answer)
    const values: unknown = answer.right
    return Array.isArray(values)
      ? values.map((value: A) => E.right(value))
      : defect(`batch answered with ${kindOf(values)}, not a list`)
  }

export const makeRunning = <Args extends Arguments, Err, A>({
  batch,
  execute,
  name
}: Parts<Args, Err, A>): Running<Args, Err, A> => {
  const call = calling(execute)
  const part = name === '' ? 'the function' : `the function '${name}'`
  const start: Running<Args, Err, A>['start'] = (args) => task(part, call(args), 'TaskEither')()
  const checked = (answer: unknown): E.Either<Err, A> => either(part, answer)
  const one: Running<Args, Err, A>['one'] = async (args) => checked(await start(args))

  const alone = (args: Args): Promise<Ran<Err, A>> => one(args).catch((cause: unknown) => new Thrown(cause))

  const together = async (
    many: NonNullable<typeof batch>,
    argsList: ReadonlyArray<Args>
  ): Promise<ReadonlyArray<Ran<Err, A>>> => {
    const answers: unknown = await task('batchEach', many(argsList), 'Task')()
    if (!Array.isArray(answers)) return defect(`batchEach answered with ${kindOf(answers)}, not a list`)
    // it is not known which answer belongs to which arguments
    if (answers.length !== argsList.length)
      return defect(
        `batch was given ${String(argsList.length)} lists of arguments and gave ${String(
          answers.length
        )} answers`
      )
    return Array.from(answers, (answer: unknown) => {
      try {
        return either<Err, A>('batchEach', answer)
      } catch (cause) {
        return new Thrown(cause)
      }
    })
  }
  return {
    start,
    checked,
    one,
    all: async (argsList) => {
      if (batch === undefined || argsList.length < 2) return Promise.all(argsList.map(alone))
      try {
        return await together(batch, argsList)
      } catch (cause) {
        const thrown = new Thrown(cause)
        return argsList.map(() => thrown)
      }
    }
  }
}
