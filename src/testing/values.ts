/**
 * Values for the laws of stores: spread them into the options.
 *
 * @since 0.1.0
 */
import * as fc from 'fast-check'

import type { StoreLawsOptions } from './storeLaws'

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * For a store of bytes: short random ones, and as extremes no bytes, bytes that confuse protocols, and a megabyte.
 * (`Buffer` and `Uint8Array` are equal if their bytes are.)
 *
 * @example
 * import { dict } from 'fp-ring'
 * import { bytes, storeLaws, testClock } from 'fp-ring/testing'
 *
 * const clock = testClock()
 * const laws = storeLaws(() => dict<Uint8Array>({ clock }), { ...bytes, clock, leases: true })
 * assert.ok(laws.length > 20)
 *
 * @category constructors
 * @since 0.1.0
 */
export const bytes: Required<Pick<StoreLawsOptions<Uint8Array>, 'values' | 'extremes'>> = {
  values: /*#__PURE__*/ fc.uint8Array({ maxLength: 64 }).map((array) => new Uint8Array(array)),
  extremes: [
    new Uint8Array(0),
    /*#__PURE__*/ Uint8Array.of(0),
    /*#__PURE__*/ Uint8Array.of(0xff),
    /*#__PURE__*/ Uint8Array.of(0x0d, 0x0a),
    /*#__PURE__*/ new Uint8Array(70_000).map((_, i) => i % 251),
    /*#__PURE__*/ new Uint8Array(1_048_576).map((_, i) => (i * 7) % 256)
  ]
}

/**
 * For a store of strings: short random ones of any characters, and as extremes the empty string, strings that confuse
 * protocols and encodings, and a million letters. None has a lone surrogate, because UTF-8 cannot encode it.
 *
 * @example
 * import { dict } from 'fp-ring'
 * import { storeLaws, testClock, texts } from 'fp-ring/testing'
 *
 * const clock = testClock()
 * const laws = storeLaws(() => dict<string>({ clock }), { ...texts, clock, leases: true })
 * assert.ok(laws.length > 20)
 *
 * @category constructors
 * @since 0.1.0
 */
export const texts: Required<Pick<StoreLawsOptions<string>, 'values' | 'extremes'>> = {
  values: /*#__PURE__*/ fc.string({ maxLength: 64, unit: 'binary' }),
  extremes: [
    '',
    ' ',
    '\0',
    '\r\n',
    'null',
    '\ufeff',
    'e\u0301', // not the one letter that it looks like
    '👩‍🚀',
    /*#__PURE__*/ 'é'.repeat(70_000),
    /*#__PURE__*/ 'x'.repeat(1_048_576)
  ]
}

/**
 * For a store that holds references: any values, `undefined` and `null` included.
 *
 * @example
 * import { dict } from 'fp-ring'
 * import { anything, storeLaws, testClock } from 'fp-ring/testing'
 *
 * const clock = testClock()
 * const laws = storeLaws(() => dict({ clock }), { ...anything, clock, leases: true })
 * assert.ok(laws.every((law) => law.name.startsWith('law')))
 *
 * @category constructors
 * @since 0.1.0
 */
export const anything: Required<Pick<StoreLawsOptions<unknown>, 'values' | 'extremes'>> = {
  values: /*#__PURE__*/ fc.anything(),
  extremes: [undefined, null]
}
