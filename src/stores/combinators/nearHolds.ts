/**
 * Which keys a near tier neither serves nor keeps, because they are being written or removed.
 *
 * @internal
 */
import type { Key } from '../../KeyFn'

/** Which keys are held: neither served from the near tier nor kept there. */
export interface Holds {
  readonly serves: (key: Key) => boolean
  readonly hold: (keys: Iterable<Key>) => void
  readonly letGo: (keys: Iterable<Key>) => void
  /** Holds all keys. */
  readonly shut: () => void
  readonly reopen: () => void
  /** A removed entry may still be in the near tier, so no key is served until the tier is emptied. */
  readonly spoil: () => void
  readonly restore: () => void
  /** Whether the near tier should be emptied: it is spoiled, and is not being emptied already. */
  readonly isToEmpty: () => boolean
}

export const makeHolds = (): Holds => {
  /** How many writes and removals of each key are under way. */
  const held = new Map<Key, number>()
  /** How many removals of all keys are under way, or reasons why all may be stale. */
  let closed = 0
  /** A removed entry may still be in the near tier. */
  let dirty = false
  return {
    serves: (key) => closed === 0 && !dirty && (held.size === 0 || !held.has(key)),
    hold: (keys) => {
      for (const key of keys) held.set(key, (held.get(key) ?? 0) + 1)
    },
    letGo: (keys) => {
      for (const key of keys) {
        const left = (held.get(key) ?? 1) - 1
        if (left === 0) held.delete(key)
        else held.set(key, left)
      }
    },
    shut: () => {
      closed++
    },
    reopen: () => {
      closed--
    },
    spoil: () => {
      dirty = true
    },
    restore: () => {
      dirty = false
    },
    isToEmpty: () => dirty && closed === 0
  }
}
