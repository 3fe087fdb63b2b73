/**
 * Makes any store reliable: every operation of a user's store ends within a deadline, never throws, never rejects, and
 * answers in the shape of its type. A wrong answer becomes a `StoreError` that names the operation and what it answered
 * with.
 *
 * A bulk answer whose length differs from that of the question is refused as a whole: it is not known which value
 * belongs to which key. An answer with a hole is passed on: the reader reports the hole as a fault, and the other keys
 * keep their values.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import { extend } from '../base/extend'
import { hushed, isBoolean, isEither, isEntry, isOption, isSpan, isThenable, kindOf } from '../base/kinds'
import { tableOf } from '../base/tableOf'
import type { Start } from '../base/timer'
import type { Duration } from '../Duration'
import type { Key } from '../KeyFn'
import type { StoreError } from '../RingError'
import { type Operation } from '../RingError'
import { settleWithin } from '../stores/kit/deadline'
import { isStoreError, storeError } from '../stores/kit/errors'
import { isRead, leaseOperations, storeOperations } from '../stores/kit/operations'
import type { Leases, Operations, Store } from '../stores/model'
import type { Lasting, Work } from './work'

type Answer<A> = E.Either<StoreError, A>

/** What is wrong with an answer; `undefined` if nothing is. */
type Problem = (answer: unknown) => string | undefined

const wrong = (operation: Operation, what: string, cause?: unknown): StoreError =>
  storeError(operation, 'failed', `the store ${what}`, cause)

const anything: Problem = (answer) => {
  hushed(answer)
  return undefined
}

const must =
  (is: (u: unknown) => boolean, what: string): Problem =>
  (answer) =>
    is(answer) ? undefined : `answered with ${kindOf(answer)}, not with ${what}`

const option = /*#__PURE__*/ must(isOption, 'an Option')
const entry = /*#__PURE__*/ must(
  (u) => isOption(u) && (u._tag === 'None' || isEntry(u.value)),
  'an Option of a value and its remaining lifetime'
)
const bool = /*#__PURE__*/ must(isBoolean, 'a boolean')
const acquired = /*#__PURE__*/ must(
  (u) =>
    typeof u === 'object' &&
    u !== null &&
    '_tag' in u &&
    (u._tag === 'Won' ||
      (u._tag === 'Busy' && 'remaining' in u && isSpan(u.remaining)) ||
      (u._tag === 'Found' && 'entry' in u && isEntry(u.entry))),
  'Won, Busy or Found'
)

const listOf =
  (size: number, each: Problem = anything): Problem =>
  (answer) => {
    if (!Array.isArray(answer)) return `answered with ${kindOf(answer)}, not with a list`
    if (answer.length !== size)
      return `answered with ${String(answer.length)} values for ${String(size)} keys`
    for (const one of answer as ReadonlyArray<unknown>) {
      const problem = each(one)
      if (problem !== undefined) return problem
    }
    return undefined
  }

/** What must be in the answer of an operation; nothing where it is not named. */
const shapes: Readonly<Partial<Record<Operation, Problem>>> = {
  get: option,
  read: entry,
  has: bool,
  touch: bool,
  hasMany: bool,
  touchMany: bool,
  acquire: acquired,
  renew: bool,
  commit: bool
}

/** The operations whose answer is a list, a value for each key. */
const lists: ReadonlySet<Operation> = /*#__PURE__*/ new Set<Operation>([
  'getMany',
  'readMany',
  'hasMany',
  'touchMany'
])

const problemOf = (operation: Operation, first: unknown): Problem => {
  const shape = shapes[operation] ?? anything
  // SAFETY: the first argument of these operations is the list of keys, or of entries
  return lists.has(operation) ? listOf((first as ReadonlyArray<unknown>).length, shape) : shape
}

/** The error for one position of a bulk answer that was passed on with its holes. */
export const holeIn = (
  operation: 'getMany' | 'readMany',
  withAge: boolean,
  one: unknown
): StoreError | undefined => {
  try {
    const problem = (withAge ? entry : option)(one)
    return problem === undefined ? undefined : wrong(operation, problem)
  } catch (cause) {
    return wrong(operation, 'answered with what throws', cause)
  }
}

/** An answer in the shape that callers rely on: a `StoreError` on the left, or what the type says on the right. */
const checked = (operation: Operation, problemOf: Problem, answer: unknown): Answer<unknown> => {
  try {
    return inspected(operation, problemOf, answer)
  } catch (cause) {
    return E.left(wrong(operation, 'answered with what throws', cause)) // a getter, or a proxy
  }
}

const inspected = (operation: Operation, problemOf: Problem, answer: unknown): Answer<unknown> => {
  if (!isEither(answer))
    return E.left(wrong(operation, `answered with ${kindOf(answer)}, not with an Either`))
  if (answer._tag === 'Left') {
    const { left } = answer
    return isStoreError(left) ? E.left(left) : E.left(wrong(operation, 'failed', hushed(left)))
  }
  const problem = problemOf(answer.right)
  return problem === undefined ? answer : E.left(wrong(operation, problem))
}

/**
 * Starts an operation. If the result is not a task of a promise, throws an error that can be distinguished from those
 * of the store.
 */
const started = (operation: Operation, start: () => TE.TaskEither<StoreError, unknown>): Promise<unknown> => {
  const task: unknown = start()
  if (typeof task !== 'function') throw wrong(operation, `returned ${kindOf(task)}, not a Task`)
  const promise: unknown = (task as () => unknown)()
  if (!isThenable(promise)) throw wrong(operation, `answered with ${kindOf(promise)}, not with a Promise`)
  return promise instanceof Promise ? promise : Promise.resolve(promise)
}

const failure = (operation: Operation, cause: unknown): StoreError =>
  isStoreError(cause) ? cause : wrong(operation, 'threw', cause)

const late = (operation: Operation): Answer<never> =>
  E.left(storeError(operation, 'timeout', 'the store did not answer in time'))

/** An operation whose types are known by its name alone. */
type AnyOperation = (...args: ReadonlyArray<unknown>) => TE.TaskEither<StoreError, unknown>

interface Options {
  /** How long an operation may take. */
  readonly deadline: Duration
  /** How long `clear`, which may need several round trips, may take. */
  readonly clearing: Duration
  readonly after: Start<Duration>
  readonly work: Work
  /** If present, it is given each operation that changes something. */
  readonly lasting: Lasting | undefined
}

export const totalStore = <R, B>(
  store: Store<R, B>,
  { after, clearing, deadline, lasting, work }: Options
): Store<R, B> => {
  const run = <A>(
    operation: Operation,
    problemOf: Problem,
    start: () => TE.TaskEither<StoreError, unknown>
  ): Promise<Answer<A>> => {
    work.begin()
    let isUnder = true
    const ended = (answer: Answer<unknown>): Answer<A> => {
      if (isUnder) work.end() // after a timeout, this runs twice
      isUnder = false
      return answer as Answer<A> // SAFETY: `problemOf` knows an A
    }
    const failed = (cause: unknown): Answer<A> => ended(E.left(failure(operation, cause)))
    const course = {
      start: () => {
        const answer = started(operation, start)
        if (lasting !== undefined && !isRead(operation)) lasting(answer)
        return answer
      },
      decode: (given: unknown) => ended(checked(operation, problemOf, given)),
      failed,
      late: () => ended(late(operation)),
      after
    }
    const limit = operation === 'clear' ? clearing : deadline
    if (limit !== Infinity) return settleWithin(limit, course)
    // hot path of a store with its own deadline: written without combinators
    try {
      return course.start().then(course.decode, failed)
    } catch (cause) {
      return Promise.resolve(failed(cause))
    }
  }
  const totalOf = <N extends Operation>(
    names: ReadonlyArray<N>,
    of: Readonly<Record<N, unknown>>
  ): Readonly<Record<N, unknown>> => {
    const all = of as Readonly<Record<N, AnyOperation>> // SAFETY: they are operations
    return tableOf(
      names,
      (name) =>
        (...args: ReadonlyArray<unknown>) =>
        () =>
          run(name, problemOf(name, args[0]), () => all[name](...args))
    )
  }
  const { leases, peekEntry } = store
  return extend<Store<R, B>, Partial<Store<R>>>(store, {
    ...(totalOf(storeOperations, store) as Operations<R>), // SAFETY, here and below: each is the operation of its name
    // hot path: without a list of arguments
    get: (key) => () => run('get', option, () => store.get(key)),
    read: (key) => () => run('read', entry, () => store.read(key)),
    ...(leases === undefined ? {} : { leases: totalOf(leaseOperations, leases) as Leases<R> }),
    ...(peekEntry === undefined
      ? {}
      : {
          // a store that does not report the remaining lifetime is asked for its entry
          peekEntry: (key: Key) => {
            const there = peekEntry(key)
            return isEntry(there) ? there : undefined
          }
        })
  })
}
