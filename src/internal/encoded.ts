/**
 * The codec of a store that encodes: envelopes, which a ring without a codec writes as objects, become bytes.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Codec } from '../Codec'
import { bare, fromBytes, isReference, toBytes } from './envelope'

export const encodedCodec = <A, R>({ decode, encode }: Codec<A, R>): Codec<A, R> => {
  // the proof, here and below: what a ring writes that has no codec is a value of A, or an envelope of one; what lies in
  // the store is what this codec has made, and what comes out of it is what went in
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
