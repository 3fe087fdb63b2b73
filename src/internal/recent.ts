/**
 * What was learned of keys lately, until some time.
 *
 * @internal
 */
import type { Key } from '../KeyFn'
import { makeAging } from './aging'

export interface Recent {
  readonly note: (key: Key, until: number) => void
  readonly forget: (key: Key) => void
  readonly holds: (key: Key, now: number) => boolean
}

const half = 4_096

export const makeRecent = (): Recent => {
  const known = makeAging<number>(half)
  return {
    note: known.set,
    forget: known.delete,
    holds: (key, now) => {
      const until = known.get(key)
      return until !== undefined && now < until
    }
  }
}
