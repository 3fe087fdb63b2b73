/**
 * A store whose every operation goes through a function.
 *
 * @internal
 */
import type * as TE from 'fp-ts/TaskEither'

import type { StoreError } from '../RingError'
import type { Combinator, Operation, Store } from '../Store'
import { type Functions, onLeases, replaced } from './replaced'

type Run = <A>(operation: Operation, task: TE.TaskEither<StoreError, A>) => TE.TaskEither<StoreError, A>

// a store of somebody else's may throw where it builds its task: that too belongs to the operation
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

/**
 * It may wait, so that nobody knows its deadline any more.
 *
 * @internal
 */
export const aroundStore =
  (run: Run): Combinator =>
  (store) =>
    replaced(store, functionsAround(run, store), ['deadline'])
