/**
 * The laws of a codec, as checks.
 *
 * @internal
 */
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { identity, pipe } from 'fp-ts/function'

import { isUint8Array } from '../../base/slots'
import type { Codec } from '../../Codec'
import type { RingError } from '../../RingError'
import { same } from '../words/same'
import { ensure, type Looking } from '../words/words'
import { vandalize } from './vandalize'

/** A codec under test, with its properties. */
export interface CodecCase<A, R> {
  readonly codec: Codec<A, R>
  readonly values: fc.Arbitrary<A>
  readonly equals: (x: A, y: A) => boolean
  readonly check: Looking
}

const said = (error: RingError): string => `${error._tag}: ${error.message}`

const isOf = (tag: RingError['_tag'], error: unknown): boolean =>
  typeof error === 'object' && error !== null && '_tag' in error && error._tag === tag

export const comesBack = <A, R>({ check, codec, equals, values }: CodecCase<A, R>): void => {
  let kept = 0
  fc.assert(
    fc.property(values, (a) => {
      const raw = codec.encode(a)
      if (E.isLeft(raw)) {
        ensure(isOf('EncodeError', raw.left), 'the left of encode is no EncodeError')
        return
      }
      const back = codec.decode(raw.right)
      ensure(E.isRight(back) && equals(back.right, a), () =>
        E.isLeft(back) ? `decode refuses it: ${said(back.left)}` : 'decode gives another value'
      )
      kept++
    }),
    check
  )
  // a codec that refuses everything obeys the law, but is useless
  ensure(kept > check.numRuns / 10, 'encode refuses nearly everything')
}

export const isFunction = <A, R>({ check, codec, values }: CodecCase<A, R>): void =>
  fc.assert(
    fc.property(values, (a) => {
      const [once, twice] = [codec.encode(a), codec.encode(a)]
      const isSame =
        E.isRight(once) && E.isRight(twice)
          ? same(once.right, twice.right)
          : E.isLeft(once) && E.isLeft(twice) && once.left.message === twice.left.message
      ensure(isSame, 'encode gives something else the second time')
    }),
    check
  )

/** Changes of the original, and of a decoded value, must not change the next decoded value. */
export const isolates = <A, R>({ check, codec, equals, values }: CodecCase<A, R>): void =>
  fc.assert(
    fc.property(fc.clone(values, 2), ([a, like]) => {
      const raw = codec.encode(a)
      if (E.isLeft(raw)) return
      const isLike = (): boolean =>
        pipe(
          codec.decode(raw.right),
          E.exists((back) => equals(back, like))
        )
      vandalize(a)
      ensure(isLike(), 'the raw value changes with the value')
      pipe(codec.decode(raw.right), E.map(vandalize))
      ensure(isLike(), 'the raw value changes with what was read from it')
    }),
    check
  )

// -------------------------------------------------------------------------------------
// bytes
// -------------------------------------------------------------------------------------

/** Whether a codec encodes to bytes, judged by some of its values. */
export const makesBytes = <A, R>({ codec, values }: CodecCase<A, R>): boolean =>
  fc.sample(values, { numRuns: 20, seed: 1 }).some((a) => {
    const raw = E.tryCatch(() => codec.encode(a), identity)
    return E.isRight(raw) && E.isRight(raw.right) && isUint8Array(raw.right.right)
  })

/** Encoded values with changed bytes, and some of them cut: many variants of a few hundred values. */
const mutated = <A>({ codec, values }: CodecCase<A, Uint8Array>): fc.Arbitrary<Uint8Array> => {
  const entries = fc.sample(values, { numRuns: 400, seed: 1 }).map(codec.encode)
  return fc
    .tuple(
      fc.constantFrom(...entries),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat())
    )
    .map(([raw, changes, cut]) => {
      const bytes = E.isRight(raw) ? Uint8Array.from(raw.right) : new Uint8Array(1)
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      return cut === null ? bytes : bytes.subarray(0, cut % bytes.length)
    })
}

const decoded = <A>({ codec }: CodecCase<A, Uint8Array>, bytes: Uint8Array): void => {
  const before = Reflect.ownKeys(Object.prototype).length
  const answer = codec.decode(bytes)
  ensure(E.isRight(answer) || isOf('DecodeError', answer.left), 'the left of decode is no DecodeError')
  ensure(
    Reflect.ownKeys(Object.prototype).length === before,
    'decode has changed the prototype of all objects'
  )
}

export const survives = <A>(c: CodecCase<A, Uint8Array>): void =>
  fc.assert(
    fc.property(fc.oneof({ weight: 5, arbitrary: mutated(c) }, fc.uint8Array({ maxLength: 64 })), (bytes) =>
      decoded(c, bytes)
    ),
    { ...c.check, numRuns: c.check.numRuns * 7 }
  )

export const isFramed = <A>({ check, codec, values }: CodecCase<A, Uint8Array>): void =>
  fc.assert(
    fc.property(values.map(codec.encode), (raw) => {
      if (E.isLeft(raw)) return
      for (let end = 0; end < Math.min(raw.right.length, 300); end++) {
        const cut = codec.decode(raw.right.subarray(0, end))
        // a number may be cut and still be a number
        ensure(
          E.isLeft(cut) || typeof cut.right === 'number',
          () => `${String(end)} of its bytes are a value too`
        )
      }
    }),
    { ...check, numRuns: Math.min(check.numRuns, 50) }
  )
