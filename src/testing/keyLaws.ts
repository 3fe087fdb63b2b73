/**
 * The laws of a key function, for any key function.
 *
 * Laws:
 *
 * - law 3, 4, 35 of `docs/laws.md`, as far as they concern a key function.
 *
 * @since 0.1.0
 */
import type * as fc from 'fast-check'
import type { Eq } from 'fp-ts/Eq'

import type { Arguments, KeyFn } from '../KeyFn'
import { begins, fits, hasNoOrder, isFunction, isInjective, type KeyCase, reads } from './key/checks'
import type { Laws } from './law'
import { sameInAnyOrder } from './words/same'
import { law, looking } from './words/words'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * The properties of a key function that the laws need. All but `values` may be left out.
 *
 * @category model
 * @since 0.1.0
 */
export interface KeyLawsOptions<Args extends Arguments> {
  /** Arguments that have a key. The more alike they are, the more the laws find. */
  readonly values: fc.Arbitrary<Args>
  /**
   * Whether two lists of arguments must have the same key (default: deep equality, whatever the order of properties).
   */
  readonly eq?: Eq<Args>
  /** How many bytes of UTF-8 a key may have (default: any number). */
  readonly maxBytes?: number
  /** How many lists of arguments to try (default: 3,000); every two of them are compared. */
  readonly numRuns?: number
  /** The seed of fast-check, to repeat a run (default: random). */
  readonly seed?: number
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * The laws of a key function. The law of the prefix is included if it has one, that of the length if `maxBytes` is
 * given.
 *
 * @example
 * import * as fc from 'fast-check'
 * import { pipe } from 'fp-ts/function'
 * import { KeyFn } from 'fp-ring'
 * import { keyLaws } from 'fp-ring/testing'
 *
 * const byId = KeyFn.of((id: number, region: string) => `${id}@${region}`, 'users:')
 * const laws = keyLaws(byId, { values: fc.tuple(fc.integer(), fc.string()), numRuns: 100 })
 *
 * // under a runner of tests: for (const law of laws) test(law.name, law.run)
 * const test = async () => {
 *   for (const law of laws) await law.run()
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const keyLaws = <Args extends Arguments>(key: KeyFn<Args>, options: KeyLawsOptions<Args>): Laws => {
  const { eq, maxBytes, numRuns = 3_000, seed, values } = options
  const c: KeyCase<Args> = {
    key,
    values,
    equals: eq === undefined ? sameInAnyOrder : (x, y) => eq.equals(x, y),
    maxBytes: maxBytes ?? Infinity,
    check: looking(numRuns, seed)
  }
  const { prefix } = key
  return [
    law('law 3: different arguments have different keys', () => isInjective(c)),
    law('law 3: equal arguments have equal keys', () => isFunction(c)),
    law('law 3: the order of properties, members and entries makes no difference', () => hasNoOrder(c)),
    law('law 3: to make a key changes no argument', () => reads(c)),
    ...(maxBytes === undefined ? [] : [law('law 4: no key is longer than it may be', () => fits(c))]),
    ...(prefix === undefined
      ? []
      : [law('law 35: every key begins with the prefix', () => begins(c, prefix))])
  ]
}
