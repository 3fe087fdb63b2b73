/**
 * When two values are the same.
 *
 * @since 0.1.0
 */
import type { Eq } from 'fp-ts/Eq'

import { same } from './words/same'

// -------------------------------------------------------------------------------------
// instances
// -------------------------------------------------------------------------------------

/**
 * Deep equality, bit for bit; the laws use it by default. `-0` is not `0`, an absent property is not an undefined one,
 * and a hole is not an element. The order of the entries of maps and sets matters. A `Buffer` equals a `Uint8Array`
 * with the same bytes, and a record without a prototype equals the same record with one.
 *
 * @example
 * import { deepEq } from 'fp-ring/testing'
 *
 * assert.ok(deepEq.equals({ a: [1, NaN] }, { a: [1, NaN] }))
 * assert.ok(!deepEq.equals({ a: undefined }, {}))
 * assert.ok(!deepEq.equals(0, -0))
 *
 * @category instances
 * @since 0.1.0
 */
export const deepEq: Eq<unknown> = { equals: same }
