/**
 * The two ends that codecs of io-ts types share.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as t from 'io-ts'

import type { Codec } from '../Codec'
import { EncodeError } from '../RingError'
import { defect } from './defect'
import { lazily } from './lazy'

/** What a type makes of a value. A type that throws (a union without a member for it, an invalid date) is a `left`. */
export const output = <A, O>(type: t.Type<A, O>): ((a: A) => E.Either<EncodeError, O>) =>
  E.tryCatchK(type.encode, (cause) => new EncodeError('the type threw while it encoded', cause))

/** A limit of the user's, checked where it is given. */
export const limit = (name: string, given: number | undefined, otherwise: number): number =>
  given === undefined
    ? otherwise
    : Number.isSafeInteger(given) && given > 0
    ? given
    : defect(`${name} must be a whole number above zero, not ${String(given)}`)

/** A codec whose fingerprint is computed when it is first asked for. */
export const fingerprinted =
  (print: () => string) =>
  <A, R>(codec: Codec<A, R>): Codec<A, R> => {
    const once = lazily(print)
    return {
      encode: codec.encode,
      decode: codec.decode,
      get fingerprint() {
        return once()
      }
    }
  }
