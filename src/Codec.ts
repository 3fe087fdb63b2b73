/**
 * How a value becomes what a store holds, and back. Both ways may fail; neither ever throws.
 *
 * Laws:
 *
 * - law 1: `decode(encode(a)) ≡ right(a)`, or `encode` is a `left`: no codec of this library writes what it would
 *   read as something else. JSON refuses `NaN`, infinities, `undefined`, dates, maps and instances that the type
 *   does not encode; it carries `-0`; it takes a property that is `undefined` for one that is absent.
 * - law 5: whatever the raw value, `decode` is a `left` or a value of the type. Nothing deep, no property named
 *   `__proto__`, no invalid UTF-8 gets as far as the type.
 * - law 6: what `json` and `clone` return shares nothing with what they were given.
 * - `compose` is associative, and `identity` is its unit.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { flow, pipe } from 'fp-ts/function'
import type * as t from 'io-ts'

import { cloneOf } from './internal/clone'
import { digest, fingerprintOf } from './internal/fingerprint'
import { fingerprinted, limit, output } from './internal/guards'
import { bytesOfJson, decodeJson, defaultDepth, guardValue, writeJson } from './internal/json'
import { closedValidator, validator } from './internal/validator'
import { DecodeError, EncodeError } from './RingError'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A value `A` as raw `R`, and back.
 *
 * @category model
 * @since 0.1.0
 */
export interface Codec<A, R> {
  readonly encode: (a: A) => E.Either<EncodeError, R>
  readonly decode: (r: R) => E.Either<DecodeError, A>
  /** Changes when the schema does. Absent where nothing is known of it. */
  readonly fingerprint?: string
}

/**
 * What a codec lets through. `maxDepth` is how deep arrays and records may be nested, 64 where nothing is said;
 * it holds for both ways.
 *
 * @category model
 * @since 0.1.0
 */
export interface Limits {
  readonly maxDepth?: number
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * Nothing changes, nothing fails, and nothing is isolated: the store holds the value itself.
 *
 * @example
 * import { Codec } from 'fp-ring'
 * import * as E from 'fp-ts/Either'
 *
 * assert.deepStrictEqual(Codec.identity<number>().encode(1), E.right(1))
 *
 * @category constructors
 * @since 0.1.0
 */
export const identity = <A>(): Codec<A, A> => ({ encode: E.right, decode: E.right })

/**
 * The codec of an io-ts type: the store holds what the type encodes to. A type without transforms isolates nothing.
 * Arrays and records deeper than `maxDepth`, cyclic ones, and own properties named `__proto__` are refused both ways.
 *
 * @example
 * import { Codec } from 'fp-ring'
 * import * as E from 'fp-ts/Either'
 * import * as t from 'io-ts'
 *
 * const codec = Codec.fromType(t.type({ id: t.number }))
 * assert.deepStrictEqual(codec.decode({ id: 1 }), E.right({ id: 1 }))
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromType = <A, O>(type: t.Type<A, O>, limits: Limits = {}): Codec<A, O> => {
  const depth = limit('maxDepth', limits.maxDepth, defaultDepth)
  const guarded = guardValue(depth)
  const codec: Codec<A, O> = {
    encode: flow(output(type), E.chain(guarded.encode)),
    decode: flow(guarded.decode, E.chain(validator(type)))
  }
  return pipe(
    codec,
    fingerprinted(() => `type.${fingerprintOf(type)}`)
  )
}

/**
 * UTF-8 JSON text of what an io-ts type encodes to.
 *
 * `encode` refuses what JSON would turn into something else: `NaN`, infinities, `undefined` (but as a property,
 * which is left out and comes back absent, or as `undefined` where `t.type` names it), dates, maps, bigints,
 * functions, symbols and instances of classes. Give the type an encoding for them, or use `fp-ring/cbor`.
 * `decode` refuses what is not UTF-8, not JSON, too deep, not of the type, or holds a property named `__proto__`.
 *
 * @example
 * import { Codec } from 'fp-ring'
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as t from 'io-ts'
 *
 * const codec = Codec.json(t.type({ id: t.number, name: t.string }))
 * const ada = { id: 1, name: 'Ada' }
 * assert.deepStrictEqual(pipe(codec.encode(ada), E.chainW(codec.decode)), E.right(ada))
 * assert.strictEqual(E.isLeft(codec.encode({ id: NaN, name: 'Ada' })), true)
 * assert.strictEqual(E.isLeft(codec.decode(new TextEncoder().encode('{"id":"1"}'))), true)
 *
 * @category constructors
 * @since 0.1.0
 */
export const json = <A, O>(type: t.Type<A, O>, limits: Limits = {}): Codec<A, Uint8Array> => {
  const depth = limit('maxDepth', limits.maxDepth, defaultDepth)
  const codec: Codec<A, Uint8Array> = {
    encode: flow(output(type), E.chain(writeJson(depth)), E.map(bytesOfJson)),
    decode: decodeJson(depth, closedValidator(type, depth), validator(type))
  }
  return pipe(
    codec,
    fingerprinted(() => `json.${fingerprintOf(type)}`)
  )
}

/**
 * A structured clone on the way in and on the way out, for stores that hold references: nobody can change what is
 * cached. Dates, maps, sets, bigints, bytes, cycles and `-0` survive (a `Buffer` comes back as the `Uint8Array` of
 * its bytes); functions, symbols and instances of classes are refused. What it reads is trusted, not validated.
 *
 * @example
 * import { Codec } from 'fp-ring'
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 *
 * const codec = Codec.clone<{ readonly at: Date }>()
 * const value = { at: new Date(0) }
 * const back = pipe(codec.encode(value), E.chainW(codec.decode))
 * assert.deepStrictEqual(back, E.right(value))
 * assert.strictEqual(E.isRight(back) && back.right !== value, true)
 *
 * @category constructors
 * @since 0.1.0
 */
export const clone = <A extends R, R = unknown>(): Codec<A, R> => ({
  encode: cloneOf.encode,
  // the proof: what lies in the store is what `encode` put there, an A
  decode: (r) => cloneOf.decode(r as A)
})

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

/**
 * One codec after the other: `pipe(ab, compose(bc))` encodes with `ab`, then with `bc`.
 *
 * @example
 * import { Codec } from 'fp-ring'
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as t from 'io-ts'
 *
 * const base64 = pipe(
 *   Codec.identity<string>(),
 *   Codec.imap(
 *     (s): Uint8Array => Buffer.from(s, 'base64'),
 *     (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
 *   )
 * )
 * const codec = pipe(Codec.json(t.string), Codec.compose(base64))
 * assert.deepStrictEqual(codec.encode('Ada'), E.right('IkFkYSI='))
 * assert.deepStrictEqual(codec.decode('IkFkYSI='), E.right('Ada'))
 *
 * @category combinators
 * @since 0.1.0
 */
export const compose =
  <B, C>(bc: Codec<B, C>) =>
  <A>(ab: Codec<A, B>): Codec<A, C> => {
    const codec: Codec<A, C> = {
      encode: flow(ab.encode, E.chain(bc.encode)),
      decode: flow(bc.decode, E.chain(ab.decode))
    }
    return 'fingerprint' in ab || 'fingerprint' in bc
      ? pipe(
          codec,
          fingerprinted(() => both(fingerprint(ab), fingerprint(bc)))
        )
      : codec
  }

/** The known half stays as it is, so that `identity` is a unit here too. */
const both = (first: string, second: string): string =>
  first === '' ? second : second === '' ? first : `of.${digest(`${first}\n${second}`)}`

/**
 * The codec of another form of the same value. `f` and `g` must undo each other (one that throws is a `left`); they
 * are not part of the fingerprint.
 *
 * @example
 * import { Codec } from 'fp-ring'
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as t from 'io-ts'
 *
 * const names = pipe(
 *   Codec.fromType(t.array(t.string)),
 *   Codec.imap(
 *     (list) => new Set(list),
 *     (set: ReadonlySet<string>) => [...set]
 *   )
 * )
 * assert.deepStrictEqual(names.encode(new Set(['Ada'])), E.right(['Ada']))
 *
 * @category combinators
 * @since 0.1.0
 */
export const imap =
  <A, B>(f: (a: A) => B, g: (b: B) => A) =>
  <R>(codec: Codec<A, R>): Codec<B, R> => {
    const mapped: Codec<B, R> = {
      encode: flow(
        E.tryCatchK(g, (cause) => new EncodeError('the function of an imap threw', cause)),
        E.chain(codec.encode)
      ),
      decode: flow(
        codec.decode,
        E.chain(E.tryCatchK(f, (cause) => new DecodeError('the function of an imap threw', { cause })))
      )
    }
    return 'fingerprint' in codec
      ? pipe(
          mapped,
          fingerprinted(() => fingerprint(codec))
        )
      : mapped
  }

// -------------------------------------------------------------------------------------
// destructors
// -------------------------------------------------------------------------------------

/**
 * What is known of a codec's schema: a short text that changes when property names, kinds or literals of the io-ts
 * type do, `''` where nothing is known. Put it in a key or a version, and a new schema does not meet old entries.
 * It does not see inside of predicates and transforms; those are known by the name of their type.
 *
 * @example
 * import { Codec } from 'fp-ring'
 * import * as t from 'io-ts'
 *
 * const v1 = Codec.json(t.type({ id: t.number }))
 * const v2 = Codec.json(t.type({ id: t.string }))
 * assert.notStrictEqual(Codec.fingerprint(v1), Codec.fingerprint(v2))
 * assert.strictEqual(Codec.fingerprint(Codec.identity<number>()), '')
 *
 * @category destructors
 * @since 0.1.0
 */
export const fingerprint = <A, R>(codec: Codec<A, R>): string => pipe(codec, (it) => it.fingerprint ?? '')
