/**
 * The parts that all codecs of io-ts types share.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as t from 'io-ts'

import { defect } from '../base/defect'
import { kindOf } from '../base/kinds'
import { lazily } from '../base/lazy'
import { EncodeError } from '../RingError'
import { anything, checkOptions, type Kind, must } from '../wiring/check'
import { isIoTsType } from '../wiring/recognize'
import type { Codec } from './model'

/** Encodes a value with its type. If the type throws (a union without a matching member, an invalid date): a `left`. */
export const output = <A, O>(type: t.Type<A, O>): ((a: A) => E.Either<EncodeError, O>) =>
  E.tryCatchK(type.encode, (cause) => new EncodeError('the type threw while it encoded', cause))

/** The default of the most bytes that an entry may have. */
export const defaultBytes = 16 * 1024 * 1024

/** A user's limit, checked when the codec is made. */
export const limit = (name: string, given: number | undefined, otherwise: number): number =>
  given === undefined
    ? otherwise
    : Number.isSafeInteger(given) && given > 0
    ? given
    : defect(
        `${name} must be a whole number above zero, not ${
          typeof given === 'number' ? 'another one' : kindOf(given)
        }`
      )

/** Checks the type, and the names of the limits, when a codec is made. `limit` checks their values. */
export const checkedType = (
  whose: string,
  type: unknown,
  limits: unknown,
  names: ReadonlyArray<string>
): void => {
  must(`the type of ${whose}`, aType, type)
  checkOptions(whose, limits, Object.fromEntries(names.map((name) => [name, anything])))
}
const aType: Kind = {
  what: 'an io-ts type',
  is: isIoTsType,
  hint: 'write t.type({ id: t.number }), for example'
}

/** Adds a fingerprint to a codec. It is computed at its first use. */
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
