/**
 * A store that runs every operation through a function.
 *
 * @internal
 */
import type * as TE from 'fp-ts/TaskEither'

import type { Operation, StoreError } from '../../RingError'
import { aFunction, must } from '../../wiring/check'
import { checkedStore } from '../kit/checks'
import type { Combinator, Store } from '../model'
import { type Functions, onLeases, replaced } from './derived'

type Run = <A>(operation: Operation, task: TE.TaskEither<StoreError, A>) => TE.TaskEither<StoreError, A>

// a third-party store may throw when it builds its task: that counts as part of the operation
const functionsAround = <R>(run: Run, store: Store<R>): Functions<R> => ({
  get: (key) => run('get', () => store.get(key)()),
  read: (key) => run('read', () => store.read(key)()),
  set: (key, value, ttl) => run('set', () => store.set(key, value, ttl)()),
  delete: (key) => run('delete', () => store.delete(key)()),
  has: (key) => run('has', () => store.has(key)()),
  touch: (key, ttl) => run('touch', () => store.touch(key, ttl)()),
  getMany: (keys) => run('getMany', () => store.getMany(keys)()),
  readMany: (keys) => run('readMany', () => store.readMany(keys)()),
  setMany: (entries) => run('setMany', () => store.setMany(entries)()),
  deleteMany: (keys) => run('deleteMany', () => store.deleteMany(keys)()),
  hasMany: (keys) => run('hasMany', () => store.hasMany(keys)()),
  touchMany: (entries) => run('touchMany', () => store.touchMany(entries)()),
  clear: (prefix) => run('clear', () => store.clear(prefix)()),
  ...onLeases(store, (leases) => ({
    acquire: (...args) => run('acquire', () => leases.acquire(...args)()),
    seize: (...args) => run('seize', () => leases.seize(...args)()),
    renew: (...args) => run('renew', () => leases.renew(...args)()),
    release: (...args) => run('release', () => leases.release(...args)()),
    commit: (...args) => run('commit', () => leases.commit(...args)()),
    override: (entries) => run('override', () => leases.override(entries)())
  }))
})

/** `run` may wait, so the new store has no known deadline. */
export const aroundStore = (run: Run): Combinator => {
  must('the argument of Store.around', aFunction('a function of an operation and its task'), run)
  return (store) =>
    replaced(checkedStore('a combinator of stores', store), functionsAround(run, store), ['deadline'])
}
