/**
 * Remembers a fact about a key until a given time.
 *
 * @internal
 */
import { type Aging, makeAging } from './bounded'

export interface Recent {
  readonly note: (key: string, until: number) => void
  readonly forget: (key: string) => void
  readonly holds: (key: string, now: number) => boolean
}

const half = 4_096

export const makeRecent = (): Recent => {
  let known: Aging<number> | undefined
  return {
    note: (key, until) => (known ??= makeAging<number>(half)).set(key, until),
    forget: (key) => known?.delete(key),
    holds: (key, now) => {
      const until = known?.get(key)
      return until !== undefined && now < until
    }
  }
}

/** Remembers nothing. */
export const noRecent: Recent = { note: () => undefined, forget: () => undefined, holds: () => false }
