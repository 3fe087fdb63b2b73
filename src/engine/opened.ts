/**
 * The entries that a ring has opened lately: their envelopes and their values. Only a ring whose values nobody changes (pages)
 * remembers them, and only while they lie in this process's memory: its callers share one value.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'

import { makeAging } from '../base/bounded'
import { type Envelope, type Holding, unseal } from '../codecs/envelope'
import type { Codec } from '../codecs/model'
import type { Key } from '../KeyFn'
import type { DecodeError } from '../RingError'

/** An opened entry. */
export interface Opened<A> {
  readonly envelope: E.Either<DecodeError, Envelope>
  /** Decodes the payload of an envelope that holds a value. */
  readonly value: (payload: unknown) => E.Either<DecodeError, A>
}

/** An entry that was opened before, or is remembered from now on; `undefined` if it is too large. */
export type Remembered<R, A> = (key: Key, raw: R) => Opened<A> | undefined

/** At least so many entries are remembered; twice as many at most. */
const half = 256
/** The size of the largest entry that is remembered, in bytes: it is kept alive after its deletion for a while. */
const largest = 64 * 1024

interface Known<A> extends Opened<A> {
  readonly raw: unknown
}

const makeKnown = <R, A>(raw: unknown, holding: Holding, codec: Codec<A, R>): Known<A> => {
  let decoded: E.Either<DecodeError, A> | undefined
  return {
    raw,
    envelope: unseal(raw, holding),
    // SAFETY: a store of R holds it, or it was sealed from a value of R
    value: (payload) => (decoded ??= codec.decode(payload as R))
  }
}

export const makeRemembered = <R, A>(codec: Codec<A, R>, holding: Holding): Remembered<R, A> => {
  const known = makeAging<Known<A>>(half)
  return (key, raw) => {
    const there = known.get(key)
    if (there !== undefined && there.raw === raw) return there
    if (!(raw instanceof Uint8Array) || raw.length > largest) return undefined
    const made = makeKnown(raw, holding, codec)
    known.set(key, made)
    return made
  }
}
