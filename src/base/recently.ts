/**
 * Remembers a fact about a key until a given time.
 *
 * @internal
 */
import { makeAging } from './bounded'

export interface Recent {
  readonly note: (key: string, until: number) => void
  readonly forget: (key: string) => void
  readonly holds: (key: string, now: number) => boolean
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
