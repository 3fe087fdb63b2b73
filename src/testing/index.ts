/**
 * The tools that test the stores, codecs and key functions of this package, for your own: laws as data, for any test
 * runner; a clock that a test moves; random numbers that can be repeated; faults on demand.
 *
 * @since 0.1.0
 */
export { anything, bytes, texts } from './values'
export type { TestClock } from './clock'
export { testClock } from './clock'
export type { CodecLawsOptions } from './codecLaws'
export { codecLaws } from './codecLaws'
export { deepEq } from './eq'
export type { Fate, Odds, Plan } from './faults'
export { byChance, fails, faulty, hangs, inTurn, lost, works } from './faults'
export type { KeyLawsOptions } from './keyLaws'
export { keyLaws } from './keyLaws'
export type { Law, Laws } from './law'
export type { Random } from './random'
export { seeded } from './random'
export type { StoreLawsOptions } from './storeLaws'
export { storeLaws } from './storeLaws'
