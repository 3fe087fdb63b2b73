/**
 * A map with a bound, for what saves work and need not be known: when it is full its older half is forgotten.
 *
 * @internal
 */
import type { Key } from '../KeyFn'

export interface Aging<A> {
  readonly get: (key: Key) => A | undefined
  readonly set: (key: Key, a: A) => void
  readonly delete: (key: Key) => void
}

/** It holds twice as many at most. */
export const makeAging = <A>(half: number): Aging<A> => {
  let young = new Map<Key, A>()
  let old = new Map<Key, A>()
  return {
    get: (key) => young.get(key) ?? old.get(key),
    set: (key, a) => {
      if (young.size >= half && !young.has(key)) {
        old = young
        young = new Map()
      }
      young.set(key, a)
    },
    delete: (key) => {
      young.delete(key)
      old.delete(key)
    }
  }
}
