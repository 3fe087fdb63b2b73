/**
 * The codec of an encoded store. A ring without a codec writes envelopes as objects; this codec turns them into bytes.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { bare, fromBytes, isReference, toBytes } from '../../codecs/envelope'
import type { Codec } from '../../codecs/model'

export const encodedCodec = <A, R>({ decode, encode }: Codec<A, R>): Codec<A, R> => {
  // SAFETY, here and below: a ring without a codec writes values of A, or envelopes of them. This codec wrote the data
  // in the store, and decodes it to the same values
  const seal = toBytes((payload) => encode(payload as A))
  const open = fromBytes((payload) => decode(payload as R))
  return {
    encode: (value) => {
      if (isReference(value)) return seal(value) as ReturnType<Codec<A, R>['encode']>
      const raw = encode(value)
      return E.isLeft(raw) ? raw : (bare(raw.right, 'bytes') as ReturnType<Codec<A, R>['encode']>)
    },
    decode: (raw) => (open(raw) as ReturnType<Codec<A, R>['decode']> | undefined) ?? decode(raw)
  }
}
