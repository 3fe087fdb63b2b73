/**
 * What is stored for a value or an error: the form that its codec makes, in an envelope if it needs one, for as long as
 * the policy says.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { bare, type Holding, seal, type Stamp, unseal } from '../codecs/envelope'
import type { Codec } from '../codecs/model'
import * as D from '../Duration'
import type { Arguments } from '../KeyFn'
import { DecodeError, EncodeError } from '../RingError'
import type { Prepared } from './model'
import { policyError, type Resolved } from './policy'

export interface Entries<Args extends Arguments, Err, A, R> {
  readonly decode: (raw: R) => E.Either<DecodeError, A>
  readonly prepare: (
    answer: E.Either<Err, A>,
    args: Args,
    stamps: ReadonlyArray<Stamp>
  ) => E.Either<EncodeError, Prepared<R>>
}

interface Parts<Args extends Arguments, Err, A, R> {
  readonly codec: Codec<A, R>
  readonly policy: Resolved<Args, Err, A>
  readonly holding: Holding
  readonly tagged: boolean
}

export const makeEntries = <Args extends Arguments, Err, A, R>({
  codec,
  holding,
  policy,
  tagged
}: Parts<Args, Err, A, R>): Entries<Args, Err, A, R> => {
  const sealed = tagged || policy.negative !== undefined

  /** The raw form of a value or of an error, in an envelope if it needs one. */
  const encode = (answer: E.Either<Err, A>, stamps: ReadonlyArray<Stamp>): E.Either<EncodeError, unknown> => {
    if (E.isLeft(answer)) {
      const error = policy.negative?.encode(answer.left) ?? E.left(new EncodeError('no errors are stored'))
      return E.isLeft(error) ? error : seal({ kind: 'error', stamps, payload: error.right }, holding)
    }
    const value = codec.encode(answer.right)
    if (E.isLeft(value) || !sealed) return value
    return !tagged
      ? bare(value.right, holding)
      : seal({ kind: 'value', stamps, payload: value.right }, holding)
  }

  const decode: Entries<Args, Err, A, R>['decode'] = !sealed
    ? codec.decode
    : (raw) => {
        const envelope = unseal(raw, holding)
        if (E.isLeft(envelope)) return envelope
        return envelope.right.kind !== 'value'
          ? E.left(new DecodeError('an error is stored, or a generation, and no value'))
          : codec.decode(envelope.right.payload as R) // SAFETY: only values of R are sealed
      }

  const prepare = (
    answer: E.Either<Err, A>,
    args: Args,
    stamps: ReadonlyArray<Stamp>
  ): E.Either<EncodeError, Prepared<R>> => {
    try {
      const ttl = E.isLeft(answer)
        ? policy.negative?.when(answer.left) === true
          ? policy.negative.ttl
          : D.zero
        : policy.cacheWhen(answer.right, args)
        ? policy.lifetime(answer.right, args)
        : D.zero
      if (!(ttl > 0)) return E.right(O.none)
      const raw = encode(answer, stamps)
      // SAFETY: made by a codec to R, or an envelope of it in a store that takes envelopes
      return E.isLeft(raw) ? raw : E.right(O.some({ raw: raw.right as R, ttl }))
    } catch (cause) {
      return E.left(policyError(cause))
    }
  }

  return { decode, prepare }
}
