import type * as E from 'fp-ts/Either'

import type { DecodeError, EncodeError } from './RingError'

export interface Codec<A, R> {
  readonly encode: (a: A) => E.Either<EncodeError, R>
  readonly decode: (r: R) => E.Either<DecodeError, A>
  /** Changes when the schema does. Absent where nothing is known of it. */
  readonly fingerprint?: string
}
