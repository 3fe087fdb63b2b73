/**
 * The errors of a cache, as values that are also real `Error`s: with a `_tag`, a stack and a `cause`.
 *
 * No message contains a value, a raw argument, a key or a URL. `cause` and `errors` may, so they are not enumerable,
 * and `console.log` and `util.inspect` do not show them; `errors` is an `IO`, which loggers do not run. A logger that
 * follows `cause` will print the messages of the backend's client.
 *
 * @since 0.1.0
 */
import type { IO } from 'fp-ts/IO'
import type * as t from 'io-ts'

import { isDefect } from './base/defect'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** The method by which an object tells Node how to print it. */
const inspect = /*#__PURE__*/ Symbol.for('nodejs.util.inspect.custom')

/** Adds properties that are not enumerable, and that are not shown when the error is printed. */
const conceal = (
  error: Error,
  properties: { readonly cause?: unknown; readonly errors?: IO<unknown>; readonly value?: IO<unknown> }
): void => {
  const shown = (): string => error.stack ?? `${error.name}: ${error.message}`
  const all = { ...properties, [inspect]: shown }
  Reflect.ownKeys(all).forEach((name) => {
    const value: unknown = Reflect.get(all, name)
    if (value !== undefined) Object.defineProperty(error, name, { value, configurable: true, writable: true })
  })
}

/**
 * The arguments have no key: the key function threw, or found an argument without a canonical text.
 *
 * @category model
 * @since 0.1.0
 */
export class KeyError extends Error {
  readonly _tag = 'KeyError' as const
  override readonly name = 'KeyError' as const
  constructor(message: string, cause?: unknown) {
    super(message)
    conceal(this, { cause })
  }
}

/**
 * A value could not be encoded.
 *
 * @category model
 * @since 0.1.0
 */
export class EncodeError extends Error {
  readonly _tag = 'EncodeError' as const
  override readonly name = 'EncodeError' as const
  constructor(message: string, cause?: unknown) {
    super(message)
    conceal(this, { cause })
  }
}

/**
 * The store holds something that is not a value of the codec's type. If io-ts refused it, `errors()` returns the first
 * 16 errors of io-ts. They contain the refused values; a value that is not small is replaced by a text in parentheses.
 *
 * @category model
 * @since 0.1.0
 */
export class DecodeError extends Error {
  readonly _tag = 'DecodeError' as const
  override readonly name = 'DecodeError' as const
  declare readonly errors: IO<t.Errors>
  constructor(message: string, options: { readonly cause?: unknown; readonly errors?: t.Errors } = {}) {
    super(message)
    const errors = options.errors ?? []
    conceal(this, { cause: options.cause, errors: () => errors })
  }
}

/**
 * The name of a store's function, as in a `StoreError`.
 *
 * @category model
 * @since 0.1.0
 */
export type Operation =
  | 'get'
  | 'read'
  | 'set'
  | 'delete'
  | 'has'
  | 'touch'
  | 'getMany'
  | 'readMany'
  | 'setMany'
  | 'deleteMany'
  | 'hasMany'
  | 'touchMany'
  | 'clear'
  | 'acquire'
  | 'seize'
  | 'renew'
  | 'release'
  | 'commit'
  | 'override'

/**
 * Why a store failed. `failed`: the backend answered with an error or could not be reached. `timeout`: it did not
 * answer in time (the effect may still happen). `open`: a breaker is open. `refused`: the store does not do this (it is
 * read-only, the value is too large). `codec`: the codec of an encoded store refused the value (`cause` is its
 * `EncodeError` or `DecodeError`).
 *
 * @category model
 * @since 0.1.0
 */
export type StoreErrorReason = 'failed' | 'timeout' | 'open' | 'refused' | 'codec'

/**
 * An operation of the store failed. `operation` is the name of the function that was called.
 *
 * @category model
 * @since 0.1.0
 */
export class StoreError extends Error {
  readonly _tag = 'StoreError' as const
  override readonly name = 'StoreError' as const
  readonly operation: Operation
  readonly reason: StoreErrorReason
  constructor(operation: Operation, reason: StoreErrorReason, message: string, cause?: unknown) {
    super(`${operation}: ${message}`)
    this.operation = operation
    this.reason = reason
    conceal(this, { cause })
  }
}

/**
 * The caller has waited for as long as `Policy.timeout` allows. The load continues.
 *
 * @category model
 * @since 0.1.0
 */
export class TimeoutError extends Error {
  readonly _tag = 'TimeoutError' as const
  override readonly name = 'TimeoutError' as const
  constructor() {
    super('the cached function did not answer in time')
    conceal(this, {})
  }
}

/**
 * The function of `invalidates` succeeded, but some or all of its effects on caches failed: caches may hold values that
 * are out of date. `value()` returns the function's value. `errors()` returns the errors of the effects; if the effects
 * could not be made, it returns none, and `cause` says why. It is not a `RingError`, because no command of a ring
 * returns it.
 *
 * @category model
 * @since 0.1.0
 */
export class InvalidationError<out A, out X> extends Error {
  readonly _tag = 'InvalidationError' as const
  override readonly name = 'InvalidationError' as const
  declare readonly value: IO<A>
  declare readonly errors: IO<ReadonlyArray<X>>
  constructor(value: A, errors: ReadonlyArray<X>, cause?: unknown) {
    // a message of the library itself shows no value
    const why = isDefect(cause) ? `: ${cause.message}` : ''
    super(`the function succeeded, but not all of its effects on the cache did${why}`)
    conceal(this, { cause, errors: () => errors, value: () => value })
  }
}

/**
 * All errors of a ring's commands, besides the function's own.
 *
 * @category model
 * @since 0.1.0
 */
export type RingError = KeyError | EncodeError | DecodeError | StoreError

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * Makes a `StoreError` with reason `failed` from what the backend threw.
 *
 * @example
 * import { RingError } from 'fp-ring'
 *
 * const error = RingError.storeFailed('get')(new Error('redis://user:secret@host is down'))
 * assert.strictEqual(error.message, 'get: the backend failed')
 * assert.strictEqual(error.reason, 'failed')
 *
 * @category constructors
 * @since 0.1.0
 */
export const storeFailed =
  (operation: Operation) =>
  (cause: unknown): StoreError =>
    new StoreError(operation, 'failed', 'the backend failed', cause)

// -------------------------------------------------------------------------------------
// destructors
// -------------------------------------------------------------------------------------

const tags: ReadonlySet<unknown> = /*#__PURE__*/ new Set([
  'KeyError',
  'EncodeError',
  'DecodeError',
  'StoreError'
])

/**
 * Distinguishes a `RingError` from a function's own error. It looks at the `_tag`, so it also recognizes errors of
 * another copy of the library.
 *
 * @example
 * import { RingError } from 'fp-ring'
 *
 * assert.strictEqual(RingError.isRingError(new RingError.KeyError('no key')), true)
 * assert.strictEqual(RingError.isRingError(new Error('no key')), false)
 *
 * @category destructors
 * @since 0.1.0
 */
export const isRingError = (u: unknown): u is RingError =>
  typeof u === 'object' &&
  u !== null &&
  tags.has((u as { readonly _tag?: unknown })._tag) &&
  u instanceof Error
