/** A store whose every operation arrives, and is answered, when fast-check's scheduler says so. */
import type * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Store } from '../../src'
import { Duration } from '../../src'

export const scheduledStore = <R>(s: fc.Scheduler): Store.Store<R, Map<string, R>> => {
  const map = new Map<string, R>()
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
    deadline: Duration.seconds(1)
  }
}
