/**
 * A call that answers in time, or is reported as late. The timeouts of clients are not enough: that of node-redis ends
 * when the command is written to the socket, so a frozen server blocks its caller forever.
 *
 * @internal
 */
import { type Either, left, right, toError } from 'fp-ts/Either'

import { timedOut } from '../../base/errorCode'
import { ignore } from '../../base/ignore'
import { isLater, type Soon } from '../../base/soon'
import { nextTurn, type Start, startTimer } from '../../base/timer'
import type { Duration } from '../../Duration'
import type { StoreError } from '../../RingError'
import { type Operation, storeFailed } from '../../RingError'
import { storeError } from './errors'

/** The parts of `settleWithin`: `decode` maps an answer, `late` a timeout, `failed` an error. */
export interface Course<X, Answer> {
  readonly start: () => Promise<X>
  readonly decode: (x: X) => Answer
  readonly late: () => Answer
  readonly failed: (cause: unknown) => Answer
  /** The timer (default: a timer of the process, which keeps it alive). */
  readonly after?: Start<Duration>
}

/**
 * Runs `start` and settles within `ms` milliseconds. `failed` maps an exception, a rejection and an exception of
 * `decode`. A late answer is still decoded, since it shows that the server works; then it is dropped, and never becomes
 * an unhandled rejection.
 *
 * Hot path: it uses one timer and one promise, as every command runs through it. A caller waits for it, so the timer
 * keeps the process alive. When it fires, answers that are already in the sockets are read first (`nextTurn`), so that
 * a blocked event loop is not mistaken for a slow server.
 */
export const settleWithin = <X, Answer>(
  ms: Duration,
  { after = startTimer, decode, failed, late, start }: Course<X, Answer>
): Promise<Answer> =>
  new Promise((resolve) => {
    let waits = true
    const cancel =
      ms === Infinity
        ? ignore
        : after(ms, () =>
            nextTurn(() => {
              if (!waits) return
              waits = false
              resolve(late())
            })
          )()
    const settle = (answer: Answer): void => {
      if (!waits) return
      waits = false
      cancel()
      resolve(answer)
    }
    const fail = (cause: unknown): void => settle(failed(cause))
    const succeed = (x: X): void => {
      let answer: Answer
      try {
        answer = decode(x)
      } catch (cause) {
        return fail(cause)
      }
      settle(answer)
    }
    try {
      start().then(succeed, fail)
    } catch (cause) {
      fail(cause)
    }
  })

/**
 * The value of a promise, or the result of `late` if it does not settle within `ms` milliseconds. Nothing is cancelled:
 * the work behind the promise continues.
 */
export function inTime<A>(ms: number, after: Start<Duration>, promise: Promise<A>, late: () => A): Promise<A>
export function inTime<A>(ms: number, after: Start<Duration>, soon: Soon<A>, late: () => A): Soon<A>
export function inTime<A>(ms: number, after: Start<Duration>, soon: Soon<A>, late: () => A): Soon<A> {
  return isLater(soon) ? settled(ms, after, soon, late) : soon
}

const settled = <A>(ms: number, after: Start<Duration>, promise: Promise<A>, late: () => A): Promise<A> =>
  ms === Infinity
    ? promise
    : new Promise((resolve, reject) => {
        let waits = true
        const expire = (): void => {
          if (waits) settle(() => resolve(late()))
        }
        const cancel = after(Math.max(0, ms) as Duration, () => nextTurn(expire))()
        const settle = (end: () => void): void => {
          waits = false
          cancel()
          end()
        }
        promise.then(
          (a) => {
            if (waits) settle(() => resolve(a))
          },
          (cause: unknown) => {
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the original reason
            if (waits) settle(() => reject(cause))
          }
        )
      })

/** The parts of `withDeadlineMap`: `decode` maps the answer of `start`. */
export interface Timed<X, A> {
  readonly start: () => Promise<X>
  readonly decode: (x: X) => A
  /** Called when the answer is late. */
  readonly onLate?: () => void
  /** Maps a failure to an error (default: `storeFailed`). */
  readonly failed?: (cause: unknown) => StoreError
  /** The timer (default: a timer of the process, which keeps it alive). */
  readonly after?: Start<Duration> | undefined
}

/** An operation of a store with a deadline. Its errors are `StoreError`s; a late one has the reason `timeout`. */
export const withDeadlineMap = <X, A>(
  operation: Operation,
  ms: Duration,
  { after = startTimer, decode, failed = storeFailed(operation), onLate = ignore, start }: Timed<X, A>
): Promise<Either<StoreError, A>> =>
  settleWithin<X, Either<StoreError, A>>(ms, {
    start,
    after,
    decode: (x) => ({ _tag: 'Right', right: decode(x) }),
    late: () => {
      onLate()
      return left(storeError(operation, 'timeout', 'the backend did not answer in time'))
    },
    failed: (cause) => left(failed(cause))
  })

const identity = <A>(a: A): A => a

/** `withDeadlineMap` of a result that needs no decoding. `after` is the timer (default: that of the process). */
export const withDeadline = <A>(
  operation: Operation,
  ms: Duration,
  start: () => Promise<A>,
  after?: Start<Duration>
): Promise<Either<StoreError, A>> => withDeadlineMap(operation, ms, { start, decode: identity, after })

/**
 * A deadline for a call that is not an operation of a store: a `left` of its failure, or of an error whose code is
 * `ETIMEDOUT`.
 */
export const settledIn = <A>(
  ms: Duration,
  start: () => Promise<A>,
  after: Start<Duration> = startTimer
): Promise<Either<Error, A>> =>
  settleWithin<A, Either<Error, A>>(ms, {
    start,
    after,
    decode: right,
    late: () => left(timedOut('the server')),
    failed: (cause) => left(toError(cause))
  })
