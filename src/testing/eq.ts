/**
 * When two values are the same.
 *
 * @since 0.1.0
 */
import type { Eq } from 'fp-ts/Eq'

import { same } from './internal/same'

// -------------------------------------------------------------------------------------
// instances
// -------------------------------------------------------------------------------------

/**
 * Deep equality, bit for bit, which the laws take where they are given no other: `-0` is not `0`, an absent property is not
 * an undefined one, a hole is not an element; the entries of maps and sets have an order. A `Buffer` is its bytes, and a
 * record without a prototype is a record.
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
