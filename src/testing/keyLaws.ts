/**
 * The laws of a key function, for any key function.
 *
 * Laws:
 *
 * - law 3, 4, 35 of `docs/laws.md`, as far as they are a key function's.
 *
 * @since 0.1.0
 */
import type * as fc from 'fast-check'
import type { Eq } from 'fp-ts/Eq'

import type { Arguments, KeyFn } from '../KeyFn'
import { begins, fits, hasNoOrder, isFunction, isInjective, type KeyCase, reads } from './internal/keyChecks'
import { sameInAnyOrder } from './internal/same'
import { law, looking } from './internal/words'
import type { Laws } from './law'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * What the laws have to know of a key function. All but `values` may be left out.
 *
 * @category model
 * @since 0.1.0
 */
export interface KeyLawsOptions<Args extends Arguments> {
  /** Arguments that have a key. The more alike they are, the more the laws find. */
  readonly values: fc.Arbitrary<Args>
  /** When two lists of arguments shall have one key (default: deep equality, whatever the order). */
  readonly eq?: Eq<Args>
  /** How many bytes of UTF-8 a key may have (default: any number). */
  readonly maxBytes?: number
  /** How many lists of arguments (default: 3,000, of which every two are compared). */
  readonly numRuns?: number
  /** For fast-check: repeats a run (default: by chance). */
  readonly seed?: number
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * The laws of a key function. The one of its prefix is there if it has one, the one of the length if `maxBytes` is told.
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
