/**
 * The store as the stages of the engine call it. A store in memory answers at once; any other returns a promise. Neither
 * ever throws or rejects: see `total.ts`.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import type { Soon } from '../base/soon'
import { type Operation, type StoreError, storeFailed } from '../RingError'
import { isStoreError } from '../stores/kit/errors'
import type { AtOnce } from '../stores/kit/prompt'
import type { Leases, Operations, Store } from '../stores/model'

type Soonly<F> = F extends (...args: infer P) => TE.TaskEither<StoreError, infer A>
  ? (...args: P) => Soon<E.Either<StoreError, A>>
  : never

export type StockLeases<R> = { readonly [K in keyof Leases<R>]: Soonly<Leases<R>[K]> }

export type Stock<R> = { readonly [K in keyof Operations<R>]: Soonly<Operations<R>[K]> } & {
  /** Whether every operation answers at once. */
  readonly atOnce: boolean
  readonly leases: StockLeases<R> | undefined
}

/** An operation that returns its answer at once, or throws. */
const safely =
  <P extends ReadonlyArray<unknown>, A>(operation: Operation, f: (...args: P) => A) =>
  (...args: P): E.Either<StoreError, A> => {
    try {
      return { _tag: 'Right', right: f(...args) }
    } catch (cause) {
      return E.left(isStoreError(cause) ? cause : storeFailed(operation)(cause))
    }
  }

const stockNow = <R>(now: AtOnce<R>): Stock<R> => ({
  atOnce: true,
  get: safely('get', now.get),
  read: safely('read', now.read),
  set: safely('set', now.set),
  delete: safely('delete', now.delete),
  has: safely('has', now.has),
  touch: safely('touch', now.touch),
  getMany: safely('getMany', now.getMany),
  readMany: safely('readMany', now.readMany),
  setMany: safely('setMany', now.setMany),
  deleteMany: safely('deleteMany', now.deleteMany),
  hasMany: safely('hasMany', now.hasMany),
  touchMany: safely('touchMany', now.touchMany),
  clear: safely('clear', now.clear),
  leases: {
    acquire: safely('acquire', now.leases.acquire),
    seize: safely('seize', now.leases.seize),
    renew: safely('renew', now.leases.renew),
    release: safely('release', now.leases.release),
    commit: safely('commit', now.leases.commit),
    override: safely('override', now.leases.override)
  }
})

const leasesLater = <R>(leases: Leases<R>): StockLeases<R> => ({
  acquire: (...args) => leases.acquire(...args)(),
  seize: (...args) => leases.seize(...args)(),
  renew: (...args) => leases.renew(...args)(),
  release: (...args) => leases.release(...args)(),
  commit: (...args) => leases.commit(...args)(),
  override: (entries) => leases.override(entries)()
})

const stockLater = <R>(store: Store<R>): Stock<R> => ({
  atOnce: false,
  get: (key) => store.get(key)(),
  read: (key) => store.read(key)(),
  set: (key, value, ttl) => store.set(key, value, ttl)(),
  delete: (key) => store.delete(key)(),
  has: (key) => store.has(key)(),
  touch: (key, ttl) => store.touch(key, ttl)(),
  getMany: (keys) => store.getMany(keys)(),
  readMany: (keys) => store.readMany(keys)(),
  setMany: (entries) => store.setMany(entries)(),
  deleteMany: (keys) => store.deleteMany(keys)(),
  hasMany: (keys) => store.hasMany(keys)(),
  touchMany: (entries) => store.touchMany(entries)(),
  clear: (prefix) => store.clear(prefix)(),
  leases: store.leases === undefined ? undefined : leasesLater(store.leases)
})

/** `store`: a total store. `now`: its operations without promises, if it has them. */
export const stockOf = <R>(store: Store<R>, now: AtOnce<R> | undefined): Stock<R> =>
  now === undefined ? stockLater(store) : stockNow(now)
