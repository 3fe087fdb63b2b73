/**
 * A store that maps its keys to other keys of the store below.
 *
 * @internal
 */
import * as TE from 'fp-ts/TaskEither'

import type { Key } from '../../KeyFn'
import { aFunction, must } from '../../wiring/check'
import { checkedStore } from '../kit/checks'
import { storeError } from '../kit/errors'
import { placeThrough } from '../kit/place'
import type { Combinator, Store, Traits } from '../model'
import { type Functions, onLeases, replaced } from './derived'

type MapPrefix = ((prefix: string) => string) | undefined

const functionsOf = <R>(f: (key: Key) => Key, mapPrefix: MapPrefix, store: Store<R>): Functions<R> => ({
  get: (key) => store.get(f(key)),
  read: (key) => store.read(f(key)),
  set: (key, value, ttl) => store.set(f(key), value, ttl),
  delete: (key) => store.delete(f(key)),
  has: (key) => store.has(f(key)),
  touch: (key, ttl) => store.touch(f(key), ttl),
  getMany: (keys) => store.getMany(keys.map(f)),
  readMany: (keys) => store.readMany(keys.map(f)),
  setMany: (entries) => store.setMany(entries.map(([key, value, ttl]) => [f(key), value, ttl])),
  deleteMany: (keys) => store.deleteMany(keys.map(f)),
  hasMany: (keys) => store.hasMany(keys.map(f)),
  touchMany: (entries) => store.touchMany(entries.map(([key, ttl]) => [f(key), ttl])),
  clear: (prefix) =>
    mapPrefix === undefined
      ? TE.left(storeError('clear', 'refused', 'the keys are mapped, so a prefix has no meaning'))
      : store.clear(mapPrefix(prefix)),
  ...onLeases(store, (leases) => ({
    acquire: (key, ...rest) => leases.acquire(f(key), ...rest),
    seize: (key, ...rest) => leases.seize(f(key), ...rest),
    renew: (key, ...rest) => leases.renew(f(key), ...rest),
    release: (key, token) => leases.release(f(key), token),
    commit: (key, ...rest) => leases.commit(f(key), ...rest),
    override: (entries) => leases.override(entries.map(([key, ...rest]) => [f(key), ...rest]))
  }))
})

const traitsOf = <R>(
  f: (key: Key) => Key,
  mapPrefix: MapPrefix,
  { peek, peekEntry, rawKey, rawPrefix }: Traits<R>
): Traits<R> => ({
  ...(rawKey === undefined ? {} : { rawKey: (key) => rawKey(f(key)) }),
  // of an arbitrary function only this is known: its results are keys of the store below
  ...(rawPrefix === undefined ? {} : { rawPrefix: (prefix) => rawPrefix(mapPrefix?.(prefix) ?? '') }),
  ...(peek === undefined ? {} : { peek: (key) => peek(f(key)) }),
  ...(peekEntry === undefined ? {} : { peekEntry: (key) => peekEntry(f(key)) })
})

export const mapKeyStore = (f: (key: Key) => Key, mapPrefix?: (prefix: string) => string): Combinator => {
  must('the argument of Store.mapKey', aFunction('a function of a key'), f)
  if (mapPrefix !== undefined)
    must('the second argument of Store.mapKey', aFunction('a function of a prefix'), mapPrefix)
  return (given) => {
    const store = checkedStore('Store.mapKey', given)
    return replaced(store, {
      ...functionsOf(f, mapPrefix, store),
      ...traitsOf(f, mapPrefix, store),
      placeOf: placeThrough(store, mapPrefix ?? f)
    })
  }
}
