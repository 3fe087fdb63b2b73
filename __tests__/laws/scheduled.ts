/** A store whose every operation arrives, and is answered, when fast-check's scheduler says so. */
import type * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Clock, Store } from '../../src'
import { Duration } from '../../src'

export const scheduledStore = <R>(s: fc.Scheduler): Store.Store<R, Map<string, R>> & Store.Leasing<R> => {
  const map = new Map<string, R>()
  const leases = new Map<string, string>()
  const op =
    <A>(label: string, effect: () => A): TaskEither<never, A> =>
    async () => {
      await s.schedule(Promise.resolve(), `${label} arrives`)
      const answer = effect()
      await s.schedule(Promise.resolve(), `${label} is answered`)
      return E.right(answer)
    }
  const get = (key: string): O.Option<R> => (map.has(key) ? O.some(map.get(key) as R) : O.none)
  const set = (key: string, value: R, ttl: Duration.Duration): void => {
    if (ttl > 0) map.set(key, value)
    else map.delete(key)
  }
  const touch = (key: string): boolean => map.has(key)
  const entry = (key: string) => O.map((value: R) => ({ value, remaining: Duration.forever }))(get(key))
  return {
    backend: map,
    get: (key) => op('get', () => get(key)),
    read: (key) => op('read', () => entry(key)),
    set: (key, value, ttl) => op('set', () => set(key, value, ttl)),
    delete: (key) => op('delete', () => void map.delete(key)),
    has: (key) => op('has', () => map.has(key)),
    touch: (key) => op('touch', () => touch(key)),
    getMany: (keys) => op('getMany', () => keys.map(get)),
    readMany: (keys) => op('readMany', () => keys.map(entry)),
    setMany: (entries) => op('setMany', () => entries.forEach(([key, value, ttl]) => set(key, value, ttl))),
    deleteMany: (keys) => op('deleteMany', () => keys.forEach((key) => map.delete(key))),
    hasMany: (keys) => op('hasMany', () => keys.map((key) => map.has(key))),
    touchMany: (entries) => op('touchMany', () => entries.map(([key]) => touch(key))),
    clear: (prefix) =>
      op('clear', () => {
        for (const key of map.keys()) if (key.startsWith(prefix)) map.delete(key)
      }),
    leases: {
      acquire: (key, token, _, beyond) =>
        op('acquire', (): Store.Acquired<R> => {
          const found = entry(key)
          if (O.isSome(found) && found.value.remaining > beyond) return { _tag: 'Found', entry: found.value }
          if (leases.has(key)) return { _tag: 'Busy', remaining: Duration.seconds(1) }
          leases.set(key, token)
          return { _tag: 'Won' }
        }),
      seize: (key, token) => op('seize', () => void leases.set(key, token)),
      renew: (key, token) => op('renew', () => leases.get(key) === token),
      release: (key, token) =>
        op('release', () => {
          if (leases.get(key) === token) leases.delete(key)
        }),
      commit: (key, token, value, ttl) =>
        op('commit', () => {
          if (leases.get(key) !== token) return false
          leases.delete(key)
          if (O.isSome(value)) set(key, value.value, ttl)
          else map.delete(key)
          return true
        }),
      override: (entries) =>
        op('override', () => {
          for (const [key, value, ttl] of entries) {
            leases.delete(key)
            if (O.isSome(value)) set(key, value.value, ttl)
            else map.delete(key)
          }
        })
    },
    // time passes when the scheduler says so: no deadline could be kept
    deadline: Duration.forever
  }
}

/** A clock whose timers go off when fast-check's scheduler says so, and on which time passes by their going off. */
export const scheduledClock = (s: fc.Scheduler): Clock.Clock => {
  let time = 0
  return {
    now: () => time,
    after: (d, run) => () => {
      let on = true
      void s.schedule(Promise.resolve(), 'a timer goes off').then(() => {
        if (!on) return
        time += d
        run()
      })
      return () => {
        on = false
      }
    }
  }
}
