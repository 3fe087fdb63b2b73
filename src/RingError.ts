/**
 * What can go wrong in a cache, as values that are also real `Error`s: a `_tag`, a stack, a `cause`.
 *
 * No message holds a value, a raw argument, a key or a URL. `cause` and `errors` may, so they are neither
 * enumerable nor shown by `console.log` and `util.inspect`, and `errors` is an `IO`, which loggers do not run. A
 * logger that walks along `cause` will print what the backend's client said.
 *
 * @since 0.1.0
 */
import type { IO } from 'fp-ts/IO'
import type * as t from 'io-ts'

import type { Operation } from './Store'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** How an object says itself how Node is to print it. */
const inspect = /*#__PURE__*/ Symbol.for('nodejs.util.inspect.custom')

/** Puts properties where neither a walk over the error nor a print of it comes across them. */
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
 * The arguments have no key: the key function threw, or met something that it cannot tell apart.
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
 * A value could not be turned into what the store holds.
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
 * What the store holds is not a value of the codec's type. `errors()` are io-ts' own, where io-ts refused it;
 * they hold the refused value.
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
 * Why a store failed: `failed`, the backend answered with an error or could not be reached; `timeout`, it did
 * not answer in time (what was asked may still happen); `open`, a breaker let nothing through;
 * `refused`, the store does not do that (a read-only store, a value that is too large); `codec`, an encoded
 * store's codec refused the value (`cause` is its `EncodeError` or `DecodeError`).
 *
 * @category model
 * @since 0.1.0
 */
export type StoreErrorReason = 'failed' | 'timeout' | 'open' | 'refused' | 'codec'

/**
 * The store did not do what it was asked. `operation` is the store's function that was called.
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
 * `Policy.timeout`: the caller has waited long enough. The load goes on.
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
 * `invalidates`: the function succeeded, and what was to follow from it in caches did not, or not all of it. They may
 * hold what is out of date. `value()` is what the function brought, `errors()` what the effects failed with; none where
 * the effects could not be made (`cause`). It is no `RingError`, as no command of a ring fails with it.
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
    super('the function succeeded, but not what was to follow from it in the cache')
    conceal(this, { cause, errors: () => errors, value: () => value })
  }
}

/**
 * Everything that a ring's commands can fail with, besides the function's own errors.
 *
 * @category model
 * @since 0.1.0
 */
export type RingError = KeyError | EncodeError | DecodeError | StoreError

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * A `StoreError` of a backend that failed, from whatever it threw.
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
 * Tells a `RingError` from a function's own error, by its `_tag` (so across realms and copies of the library).
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
