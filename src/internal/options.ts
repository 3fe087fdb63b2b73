/**
 * What the stores make of their options.
 *
 * @internal
 */
import type { Clock } from '../Clock'
import { type Duration, milliseconds } from '../Duration'
import { defect } from './defect'

/**
 * The deadline of each round trip (default: 1 second).
 *
 * @internal
 */
export const checkedTimeout = (whose: string, timeout = milliseconds(1_000)): Duration =>
  timeout > 0 ? timeout : defect(`${whose} needs a timeout that is longer than nothing`)

/**
 * What was given, or what the function that was given gives: it is asked at every use.
 *
 * @internal
 */
export const lookupOf = <A extends object>(given: A | (() => A)): (() => A) =>
  typeof given === 'function' ? given : () => given

/**
 * The clock of the machine, which its processes share.
 *
 * @internal
 */
export const timeOfDay: Pick<Clock, 'now'> = { now: () => Date.now() }
