/**
 * The words that laws are written in.
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { StoreError } from '../../RingError'
import type { Law } from '../law'

export const fail = (message: string): never => {
  throw new Error(message)
}

export const ensure = (holds: boolean, message: string | (() => string)): void => {
  if (!holds) fail(typeof message === 'string' ? message : message())
}

/** The answer of what has to succeed. */
export const run = async <A>(what: string, te: TaskEither<StoreError, A>): Promise<A> => {
  const answer: Either<StoreError, A> = await te()
  return answer._tag === 'Right'
    ? answer.right
    : fail(`${what} is a left, ${answer.left.reason}: ${answer.left.message}`)
}

/** What the store cannot do it has to say. */
export const refuses = async (what: string, te: TaskEither<StoreError, unknown>): Promise<void> => {
  const answer = await te()
  if (answer._tag === 'Right') return fail(`${what} is a right, and not refused`)
  const { reason } = answer.left
  return ensure(reason === 'refused', () => `${what} is a left, ${reason}, and not refused`)
}

const [started, process] = [Date.now().toString(36), globalThis.process.pid.toString(36)]
let prefixes = 0

/** A prefix that no other check has, in this process or in another. */
export const freshPrefix = (): string => `law-${process}-${started}-${String(prefixes++)}:`

/** A law whose check throws, or rejects, where it is broken. */
export const law = (name: string, check: () => void | Promise<void>): Law => ({
  name,
  run: async () => check()
})

/** How fast-check is to look; what it has found stands in its message, whatever the runner shows of causes. */
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
