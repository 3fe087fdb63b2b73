/**
 * What was learned of keys lately, until some time: a map with a bound. When it is full the older half is forgotten,
 * which is always allowed: it holds what saves work and nothing that must be known.
 *
 * @internal
 */
import type { Key } from '../KeyFn'

export interface Recent {
  readonly note: (key: Key, until: number) => void
  readonly forget: (key: Key) => void
  readonly holds: (key: Key, now: number) => boolean
}

const half = 4_096

export const makeRecent = (): Recent => {
  let young = new Map<Key, number>()
  let old = new Map<Key, number>()
  return {
    note: (key, until) => {
      if (young.size >= half) {
        old = young
        young = new Map()
      }
      young.set(key, until)
    },
    forget: (key) => {
      young.delete(key)
      old.delete(key)
    },
    holds: (key, now) => {
      const until = young.get(key) ?? old.get(key)
      return until !== undefined && now < until
    }
  }
}
