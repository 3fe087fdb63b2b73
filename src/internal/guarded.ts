/**
 * A codec of somebody else's may throw; in a ring it is a `left` (law 5). By hand, as every hit goes through it.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Codec } from '../Codec'
import { DecodeError, EncodeError } from '../RingError'
import { extend } from './extend'

export const guardedCodec = <A, R>(codec: Codec<A, R>): Codec<A, R> =>
  // not a spread: a fingerprint is made when it is asked for
  extend<Codec<A, R>, Pick<Codec<A, R>, 'encode' | 'decode'>>(codec, {
    encode: (a) => {
      try {
        return codec.encode(a)
      } catch (cause) {
        return E.left(new EncodeError('the codec threw', cause))
      }
    },
    decode: (r) => {
      try {
        return codec.decode(r)
      } catch (cause) {
        return E.left(new DecodeError('the codec threw', { cause }))
      }
    }
  })
