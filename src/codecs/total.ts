/**
 * Makes a third-party codec total: if it throws, the result is a `left` (law 5). Hot path: written without combinators.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { extend } from '../base/extend'
import { isEither, kindOf } from '../base/kinds'
import { inOwnWords } from '../base/ownWords'
import { DecodeError, EncodeError, isRingError, type RingError } from '../RingError'
import type { Codec } from './model'

/** Looks at the tag, because the error may come from another copy of the library. */
const isA = (tag: RingError['_tag'], u: unknown): boolean => isRingError(u) && u._tag === tag

const wrong = (part: 'encode' | 'decode', given: unknown): string =>
  isEither(given)
    ? `${part} of the codec refused with ${kindOf(E.isLeft(given) ? given.left : given)}`
    : `${part} of the codec returned ${kindOf(given)}, not an Either`

export const guardedCodec = <A, R>(codec: Codec<A, R>): Codec<A, R> =>
  // not a spread, which would compute the fingerprint now
  extend<Codec<A, R>, Pick<Codec<A, R>, 'encode' | 'decode'>>(codec, {
    encode: (a) => {
      try {
        const encoded: unknown = codec.encode(a)
        return isEither(encoded) && (encoded._tag === 'Right' || isA('EncodeError', encoded.left))
          ? (encoded as E.Either<EncodeError, R>) // SAFETY: the type of the codec says so
          : E.left(inOwnWords(new EncodeError(wrong('encode', encoded), encoded)))
      } catch (cause) {
        return E.left(inOwnWords(new EncodeError('the codec threw', cause)))
      }
    },
    decode: (r) => {
      try {
        const decoded: unknown = codec.decode(r)
        return isEither(decoded) && (decoded._tag === 'Right' || isA('DecodeError', decoded.left))
          ? (decoded as E.Either<DecodeError, A>) // SAFETY: the type of the codec says so
          : E.left(inOwnWords(new DecodeError(wrong('decode', decoded), { cause: decoded })))
      } catch (cause) {
        return E.left(inOwnWords(new DecodeError('the codec threw', { cause })))
      }
    }
  })
