/**
 * The model of a codec, and its limits. `Codec` exports all of it.
 *
 * @since 0.1.0
 */
import type * as E from 'fp-ts/Either'

import type { DecodeError, EncodeError } from '../RingError'

/**
 * Turns a value `A` into a raw value `R`, and back.
 *
 * @category model
 * @since 0.1.0
 */
export interface Codec<A, R> {
  readonly encode: (a: A) => E.Either<EncodeError, R>
  readonly decode: (r: R) => E.Either<DecodeError, A>
  /** A text that changes when the schema does. Absent if the schema is not known. */
  readonly fingerprint?: string
}

/**
 * The limits of a codec, for both directions. `maxDepth`: how deep arrays and records may be nested (default: 64).
 *
 * @category model
 * @since 0.1.0
 */
export interface Limits {
  readonly maxDepth?: number
}

/**
 * The limits of `json`, for both directions: those of `Limits`, and `maxBytes`, how many bytes an entry may have
 * (default: 16 MiB).
 *
 * @category model
 * @since 0.1.0
 */
export interface JsonLimits extends Limits {
  readonly maxBytes?: number
}
