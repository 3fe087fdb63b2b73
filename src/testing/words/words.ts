/**
 * Functions that the laws are written with.
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import { lazily } from '../../base/lazy'
import { uniqueText } from '../../base/unique'
import type { StoreError } from '../../RingError'
import type { Law } from '../law'

export const fail = (message: string): never => {
  throw new Error(message)
}

export const ensure = (holds: boolean, message: string | (() => string)): void => {
  if (!holds) fail(typeof message === 'string' ? message : message())
}

/** The result of an operation that must succeed. */
export const run = async <A>(what: string, te: TaskEither<StoreError, A>): Promise<A> => {
  const answer: Either<StoreError, A> = await te()
  return answer._tag === 'Right'
    ? answer.right
    : fail(`${what} is a left, ${answer.left.reason}: ${answer.left.message}`)
}

/** Requires that the store refuses an operation that it does not support. */
export const refuses = async (what: string, te: TaskEither<StoreError, unknown>): Promise<void> => {
  const answer = await te()
  if (answer._tag === 'Right') return fail(`${what} is a right, and not refused`)
  const { reason } = answer.left
  return ensure(reason === 'refused', () => `${what} is a left, ${reason}, and not refused`)
}

const thisRun = lazily(() => uniqueText().slice(0, 13))
let prefixes = 0

/** A prefix that is unique among all checks, in all processes. */
export const freshPrefix = (): string => `law-${thisRun()}-${String(prefixes++)}:`

/** A law; it is broken if its check throws or rejects. */
export const law = (name: string, check: () => void | Promise<void>): Law => ({
  name,
  run: async () => check()
})

/** Options of fast-check; the message includes the counterexample, as some runners hide the causes of errors. */
export interface Looking {
  readonly numRuns: number
  readonly seed?: number
  readonly includeErrorInReport: true
}

export const looking = (numRuns: number, seed: number | undefined): Looking => ({
  numRuns,
  includeErrorInReport: true,
  ...(seed === undefined ? {} : { seed })
})
