/**
 * Which pages recently could not be stored: no request waits for their loads, as it could not use the result.
 *
 * @internal
 */
import { makeRecent } from '../../base/recently'
import type { Clock } from '../../Clock'
import { passKey, type Seek } from '../core/ask'

/** After an answer that was not stored, other requests do not wait for loads of that page for this time. */
const passes = 10_000

export interface Passing {
  readonly note: (seek: Seek, passes: boolean) => void
  readonly holds: (seek: Seek) => boolean
}

export const makePassing = (clock: Clock): Passing => {
  const known = makeRecent()
  return {
    note: (seek, is) => (is ? known.note(passKey(seek), clock.now() + passes) : known.forget(passKey(seek))),
    holds: (seek) => known.holds(passKey(seek), clock.now())
  }
}
