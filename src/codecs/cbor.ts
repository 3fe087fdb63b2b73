/**
 * A codec for CBOR (RFC 8949), by `cbor-x`: its bytes are smaller than JSON, and carry more types. Dates, bigints,
 * `Map`, `Set`, `Uint8Array`, `undefined`, `NaN`, infinities and `-0` come back as they were.
 *
 * Laws:
 *
 * - law 1: `decode(encode(a)) ≡ right(a)`, or `encode` is a `left` (functions, symbols, holes, instances of classes,
 *   views other than `Uint8Array`, half surrogate pairs, bigints of more than 64 bytes, properties named `__proto__`).
 *   A `Buffer` is written as its bytes, and comes back as a `Uint8Array`.
 * - law 5: whatever the bytes, `decode` is a `left` or a value of the type. A scan checks the bytes before `cbor-x`
 *   reads them. It refuses data that is too deep, too large, truncated, trailing or of indefinite length, and all tags
 *   except those for the types above.
 * - law 6: no other code holds the bytes that are written, and a decoded value shares nothing with its bytes.
 *
 * The output is plain CBOR with definite lengths: text keys, byte strings, tag 1 for dates, 2 and 3 for bigints, 258
 * for sets, 259 for maps; no records, no shared structures, no state between entries. Integers of 8 bytes are read as
 * `bigint`. The tags of `cbor-x` are global to the process: if another module calls its `addExtension` for one of them,
 * that also changes how this codec reads it.
 *
 * @since 0.1.0
 */
import { Decoder, Encoder, type Options } from 'cbor-x'
import type * as t from 'io-ts'

import { scanCbor } from './cborScan'
import { cborWith } from './cborValue'
import { checkedType, defaultBytes, limit } from './fromType'
import { defaultDepth } from './json'
import type { Codec } from './model'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * Limits for both directions. `maxDepth`: how deep arrays, records, maps and sets may be nested (default: 64).
 * `maxItems`: how many items an entry may have; a property counts as two (default: 1,000,000). `maxBytes`: how many
 * bytes (default: 16 MiB).
 *
 * @category model
 * @since 0.1.0
 */
export interface CborOptions {
  readonly maxDepth?: number
  readonly maxItems?: number
  readonly maxBytes?: number
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const plain = {
  useRecords: false,
  structuredClone: false,
  mapsAsObjects: true,
  variableMapSize: true,
  tagUint8Array: false
}

const encoderWith = (more: Options): Encoder => new Encoder({ ...plain, ...more })
const encoder = /*#__PURE__*/ encoderWith({})
const exactEncoder = /*#__PURE__*/ encoderWith({ alwaysUseFloat: true })
const decoder = /*#__PURE__*/ new Decoder({ useRecords: false, mapsAsObjects: true, copyBuffers: true })

const codecOf = /*#__PURE__*/ cborWith({
  encode: (u) => encoder.encode(u),
  encodeExact: (u) => exactEncoder.encode(u),
  decode: (bytes): unknown => decoder.decode(bytes),
  copy: (lent) => new Uint8Array(lent),
  scan: scanCbor
})

/**
 * The output of an io-ts type as CBOR. Throws a `TypeError` for a limit that is not a whole number above zero.
 *
 * @example
 * import { cbor } from 'fp-ring/cbor'
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as t from 'io-ts'
 *
 * const date = new t.Type<Date>(
 *   'Date',
 *   (u): u is Date => u instanceof Date,
 *   (u, c) => (u instanceof Date ? t.success(u) : t.failure(u, c)),
 *   t.identity
 * )
 * const codec = cbor(t.type({ id: t.bigint, at: date }))
 * const value = { id: 42n, at: new Date(0) }
 * assert.deepStrictEqual(pipe(codec.encode(value), E.chainW(codec.decode)), E.right(value))
 *
 * @category constructors
 * @since 0.1.0
 */
export const cbor = <A, O>(type: t.Type<A, O>, options: CborOptions = {}): Codec<A, Uint8Array> => {
  checkedType('cbor', type, options, ['maxDepth', 'maxItems', 'maxBytes'])
  return codecOf(type, {
    maxDepth: limit('maxDepth', options.maxDepth, defaultDepth),
    maxItems: limit('maxItems', options.maxItems, 1_000_000),
    maxBytes: limit('maxBytes', options.maxBytes, defaultBytes)
  })
}
