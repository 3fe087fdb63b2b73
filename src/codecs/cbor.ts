/**
 * Values as CBOR (RFC 8949), by `cbor-x`: smaller and richer than JSON. Dates, bigints, `Map`, `Set`, `Uint8Array`,
 * `undefined`, `NaN`, infinities and `-0` come back as they were.
 *
 * Laws:
 *
 * - law 1: `decode(encode(a)) ≡ right(a)`, or `encode` is a `left` (functions, symbols, holes, instances of classes,
 *   views other than `Uint8Array`, half surrogate pairs, bigints of more than 64 bytes, properties named `__proto__`).
 *   A `Buffer` is its bytes, and comes back as a `Uint8Array`.
 * - law 5: whatever the bytes, `decode` is a `left` or a value of the type. They are scanned before `cbor-x` sees
 *   them: nothing deep, large, truncated, trailing or indefinite, no tag but those for the kinds above.
 * - law 6: the bytes are nobody else's, and what was read shares nothing with them.
 *
 * What is written is plain CBOR with definite lengths: text keys, byte strings, tag 1 for dates, 2 and 3 for bigints,
 * 258 for sets, 259 for maps; no records, no shared structures, no state between entries. Integers of 8 bytes are
 * read as `bigint`. The tags of `cbor-x` are global to the process: a module that calls its `addExtension` for one of
 * them changes what is read here too.
 *
 * @since 0.1.0
 */
import { Decoder, Encoder } from 'cbor-x'
import type * as t from 'io-ts'

import type { Codec } from '../Codec'
import { cborWith } from '../internal/cbor'
import { scanCbor } from '../internal/cborScan'
import { limit } from '../internal/guards'
import { defaultDepth } from '../internal/json'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * What the codec lets through, both ways: how deep arrays, records, maps and sets may be nested (64), how many items
 * an entry may have (1,000,000; a property is two), how many bytes (16 MiB).
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

const encoder = /*#__PURE__*/ new Encoder(plain)
const exactEncoder = /*#__PURE__*/ new Encoder({ ...plain, alwaysUseFloat: true })
const decoder = /*#__PURE__*/ new Decoder({ useRecords: false, mapsAsObjects: true, copyBuffers: true })

const codecOf = /*#__PURE__*/ cborWith({
  encode: (u) => encoder.encode(u),
  encodeExact: (u) => exactEncoder.encode(u),
  decode: (bytes): unknown => decoder.decode(bytes),
  copy: (lent) => new Uint8Array(lent),
  scan: scanCbor
})

/**
 * CBOR of what an io-ts type encodes to. Throws a `TypeError` for a limit that is no whole number above zero.
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
export const cbor = <A, O>(type: t.Type<A, O>, options: CborOptions = {}): Codec<A, Uint8Array> =>
  codecOf(type, {
    maxDepth: limit('maxDepth', options.maxDepth, defaultDepth),
    maxItems: limit('maxItems', options.maxItems, 1_000_000),
    maxBytes: limit('maxBytes', options.maxBytes, 16 * 1024 * 1024)
  })
