/**
 * Codecs: they turn a value into the form that a store holds, and back. Both directions may fail; neither throws.
 *
 * Laws:
 *
 * - law 1: `decode(encode(a)) ≡ right(a)`, or `encode` is a `left`: no codec of this library writes something that it
 *   would read as something else. JSON refuses `NaN`, infinities, `undefined`, dates, maps and instances that the type
 *   does not encode. It keeps `-0`. It treats a property that is `undefined` as absent.
 * - law 5: whatever the raw value, `decode` is a `left` or a value of the type. Data that has a property named
 *   `__proto__` or is not valid UTF-8 never reaches the type, and data that is nested too deep is never returned. To
 *   refuse a value costs at most about twice as much as to accept it: its error has only the first 16 errors of io-ts.
 * - law 6: the results of `json` and `clone` share nothing with their input. Callers that join one load or one read
 *   share one value; with `Ring.isolate` each of them gets its own.
 * - `compose` is associative, and `identity` is its unit.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { flow, pipe } from 'fp-ts/function'
import type * as t from 'io-ts'

import { textHash } from './base/textHash'
import { cloneOf } from './codecs/clone'
import { fingerprintOf } from './codecs/fingerprint'
import { checkedType, defaultBytes, fingerprinted, limit, output } from './codecs/fromType'
import { bytesOfJson, decodeJson, defaultDepth, guardValue, writeJson } from './codecs/json'
import type { Codec, JsonLimits, Limits } from './codecs/model'
import { closedValidator, validator } from './codecs/validator'
import { DecodeError, EncodeError } from './RingError'
import { aCodec, must } from './wiring/check'

export * from './codecs/model'

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * The codec that changes nothing: the store holds the value itself. It never fails, and isolates nothing.
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
 * The codec of an io-ts type: the store holds the output of the type. A type without transforms isolates nothing. Both
 * directions refuse arrays and records that are cyclic or nested deeper than `maxDepth`, and own properties named
 * `__proto__`.
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
  checkedType('Codec.fromType', type, limits, ['maxDepth'])
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
 * The output of an io-ts type as JSON text in UTF-8.
 *
 * `encode` refuses values that JSON would change: `NaN`, infinities, `undefined`, dates, maps, bigints, functions,
 * symbols and instances of classes. Give the type an encoding for them, or use `fp-ring/cbor`. A property that is
 * `undefined` is accepted: it is left out, and comes back absent, or as `undefined` if `t.type` names it. `decode`
 * refuses input that is not UTF-8, not JSON, nested too deep, not of the type, or has a property named `__proto__`.
 * Both refuse an entry of more than `maxBytes` bytes. Throws a `TypeError` for a limit that is not a whole number above
 * zero.
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
export const json = <A, O>(type: t.Type<A, O>, limits: JsonLimits = {}): Codec<A, Uint8Array> => {
  checkedType('Codec.json', type, limits, ['maxDepth', 'maxBytes'])
  const depth = limit('maxDepth', limits.maxDepth, defaultDepth)
  const most = limit('maxBytes', limits.maxBytes, defaultBytes)
  const codec: Codec<A, Uint8Array> = {
    encode: flow(output(type), E.chain(writeJson(depth)), E.chain(bytesOfJson(most))),
    decode: decodeJson({ depth, most }, closedValidator(type, depth), validator(type))
  }
  return pipe(
    codec,
    fingerprinted(() => `json.${fingerprintOf(type)}`)
  )
}

/**
 * Makes a structured clone in both directions, for stores that hold references: no caller can change what is cached.
 * Dates, maps, sets, bigints, bytes, cycles and `-0` are kept; a `Buffer` comes back as the `Uint8Array` of its bytes.
 * Functions, symbols and instances of classes are refused. `decode` trusts what it reads, and does not validate it.
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
  // SAFETY: the store holds what `encode` put there, an A
  decode: (r) => cloneOf.decode(r as A)
})

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

/**
 * Two codecs in sequence: `pipe(ab, compose(bc))` encodes with `ab`, then with `bc`.
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
    must('the argument of Codec.compose', aCodec, bc)
    must('what Codec.compose is applied to', aCodec, ab)
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

/** If only one half is known, it is the result, so that `identity` is a unit here too. */
const both = (first: string, second: string): string =>
  first === '' ? second : second === '' ? first : `of.${textHash(`${first}\n${second}`)}`

/**
 * A codec for another form of the same value. `f` and `g` must be inverses of each other. If one throws, the result is
 * a `left`. They are not part of the fingerprint.
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
    must('what Codec.imap is applied to', aCodec, codec)
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
 * The fingerprint of a codec's schema: a short text that changes when property names, kinds or literals of the io-ts
 * type change; `''` if the codec has none. Put it in a key or a version, so that a new schema never reads old entries.
 * It does not see inside predicates and transforms; it identifies them by the name of their type.
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
