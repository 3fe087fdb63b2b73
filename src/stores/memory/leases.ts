/**
 * Leases in this process's memory, for the rings of one process that share a store.
 *
 * @internal
 */
import * as O from 'fp-ts/Option'

import type { Clock } from '../../Clock'
import type { Duration } from '../../Duration'
import type { Key } from '../../KeyFn'
import type { AtOnce } from '../kit/prompt'
import type { Acquired, Entry } from '../model'
import { leftAt } from './remaining'

interface Held {
  readonly token: string
  readonly ends: number
}

interface Entries<R> {
  readonly read: (key: Key) => O.Option<Entry<R>>
  readonly set: (key: Key, value: R, ttl: Duration) => void
  readonly delete: (key: Key) => void
}

export const memoryLeases = <R>(entries: Entries<R>, clock: Clock): AtOnce<R>['leases'] => {
  const leases = new Map<Key, Held>()
  /** Leases that were never released must not accumulate: each call removes the oldest one, if it has expired. */
  const sweep = (): void => {
    for (const [key, { ends }] of leases) {
      if (ends <= clock.now()) leases.delete(key)
      return
    }
  }
  const holder = (key: Key): Held | undefined => {
    const held = leases.get(key)
    return held === undefined || held.ends <= clock.now() ? undefined : held
  }
  const take = (key: Key, token: string, ttl: Duration): void => {
    sweep()
    leases.delete(key) // so that the new lease is the last of the map, and the oldest is the first
    leases.set(key, { token, ends: clock.now() + ttl })
  }
  const owns = (key: Key, token: string): boolean => holder(key)?.token === token
  const acquire = (key: Key, token: string, ttl: Duration, beyond: Duration): Acquired<R> => {
    const entry = entries.read(key)
    if (O.isSome(entry) && entry.value.remaining > beyond) return { _tag: 'Found', entry: entry.value }
    const remaining = leftAt(clock.now(), leases.get(key)?.ends ?? -Infinity)
    if (remaining > 0) return { _tag: 'Busy', remaining }
    take(key, token, ttl)
    return { _tag: 'Won' }
  }
  /** A write takes the lease away. */
  const put = (key: Key, value: O.Option<R>, ttl: Duration): void => {
    leases.delete(key)
    if (O.isSome(value)) entries.set(key, value.value, ttl)
    else entries.delete(key)
  }
  return {
    acquire,
    seize: take,
    renew: (key, token, ttl) => {
      const owned = owns(key, token)
      if (owned) take(key, token, ttl)
      return owned
    },
    release: (key, token) => {
      if (owns(key, token)) leases.delete(key)
    },
    commit: (key, token, value, ttl) => {
      if (!owns(key, token)) return false
      put(key, value, ttl)
      return true
    },
    override: (writes) => {
      for (const write of writes) put(...write)
    }
  }
}
