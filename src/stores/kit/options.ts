/**
 * Checks and defaults of options of stores.
 *
 * @internal
 */
import { defect } from '../../base/defect'
import type { Clock } from '../../Clock'
import { type Duration, milliseconds } from '../../Duration'

/** The deadline of each round trip (default: 1 second). */
export const checkedTimeout = (whose: string, timeout = milliseconds(1_000)): Duration =>
  timeout > 0 ? timeout : defect(`${whose} needs a timeout that is longer than nothing`)

/** The clock of the machine, which all its processes share. */
export const timeOfDay: Pick<Clock, 'now'> = { now: () => Date.now() }
