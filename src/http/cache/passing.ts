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
  /** `byHead`: the head alone has said that the answer is not stored. */
  readonly note: (seek: Seek, byHead: boolean) => void
  readonly forget: (seek: Seek) => void
  readonly holds: (seek: Seek) => boolean
  /** Whether the last answer was not stored because of its head. */
  readonly isByHead: (seek: Seek) => boolean
}

export const makePassing = (clock: Clock): Passing => {
  const known = makeRecent()
  const heads = makeRecent()
  return {
    note: (seek, byHead) => {
      const key = passKey(seek)
      known.note(key, clock.now() + passes)
      if (byHead) heads.note(key, clock.now() + passes)
      else heads.forget(key)
    },
    forget: (seek) => known.forget(passKey(seek)),
    holds: (seek) => known.holds(passKey(seek), clock.now()),
    isByHead: (seek) => heads.holds(passKey(seek), clock.now())
  }
}
