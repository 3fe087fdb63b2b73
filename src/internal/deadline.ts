/**
 * A call that answers in time, or is reported as late. Clients' own timeouts do not do: node-redis' end where the
 * command is written to the socket, so that a frozen server hangs its caller for ever.
 *
 * @internal
 */
import { type Either, toError } from 'fp-ts/Either'

import type { Duration } from '../Duration'
import { StoreError, storeFailed } from '../RingError'
import type { Operation } from '../Store'
import { timedOut } from './coded'
import { longestTimer } from './timer'

const ignore = (): void => undefined

/**
 * Runs `start` and settles within `ms` milliseconds, with what `decode` makes of its result. A throw, a rejection
 * and a throwing `decode` are `left`s, of what `failed` makes of them; what arrives late is dropped (it never becomes an
 * unhandled rejection), and the answer is `left(late())`.
 *
 * One timer, one promise: this is on the way of every command. The timer does not keep the process alive.
 * When it fires, the answers that already wait in the sockets are read first (`setImmediate`), so that a blocked
 * event loop is not taken for a slow server. (That one is not `unref`ed: the loop would not wake up for it.)
 */
const settleWithin = <X, A, Err>(
  ms: Duration,
  start: () => Promise<X>,
  decode: (x: X) => A,
  late: () => Err,
  failed: (cause: unknown) => Err
): Promise<Either<Err, A>> =>
  new Promise((resolve) => {
    let waits = true
    const expire = (): void => {
      if (waits) resolve({ _tag: 'Left', left: late() })
    }
    const timer =
      ms === Infinity
        ? undefined
        : setTimeout(() => void setImmediate(expire), Math.min(Math.max(ms, 0), longestTimer)).unref()
    const fail = (cause: unknown): void => {
      waits = false
      clearTimeout(timer)
      resolve({ _tag: 'Left', left: failed(cause) })
    }
    const succeed = (x: X): void => {
      waits = false
      clearTimeout(timer)
      try {
        resolve({ _tag: 'Right', right: decode(x) })
      } catch (cause) {
        fail(cause)
      }
    }
    try {
      start().then(succeed, fail)
    } catch (cause) {
      fail(cause)
    }
  })

/**
 * An operation of a store with a deadline: `StoreError`s, of which those that are late have the reason `timeout`.
 * `onLate` hears of an answer that did not come in time; `failed` says which error a failure is.
 *
 * @internal
 */
export const withDeadlineMap = <X, A>(
  operation: Operation,
  ms: Duration,
  start: () => Promise<X>,
  decode: (x: X) => A,
  onLate: () => void = ignore,
  failed: (cause: unknown) => StoreError = storeFailed(operation)
): Promise<Either<StoreError, A>> =>
  settleWithin(
    ms,
    start,
    decode,
    () => {
      onLate()
      return new StoreError(operation, 'timeout', 'the backend did not answer in time')
    },
    failed
  )

const identity = <A>(a: A): A => a

/**
 * `withDeadlineMap` of a result that needs no decoding.
 *
 * @internal
 */
export const withDeadline = <A>(
  operation: Operation,
  ms: Duration,
  start: () => Promise<A>
): Promise<Either<StoreError, A>> => withDeadlineMap(operation, ms, start, identity)

/**
 * What is no operation of a store, with a deadline: `left` of what it failed with, or of an error whose code is
 * `ETIMEDOUT`.
 *
 * @internal
 */
export const settledIn = <A>(ms: Duration, start: () => Promise<A>): Promise<Either<Error, A>> =>
  settleWithin(ms, start, identity, () => timedOut('the server'), toError)
