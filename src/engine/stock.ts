/**
 * The store as the stages of the engine call it. A store in memory answers at once; any other returns a promise. Neither
 * ever throws or rejects: see `total.ts`.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Soon } from '../base/soon'
import type { Soonly, StockLeases } from '../policies/model'
import { type StoreError, storeFailed } from '../RingError'
import { isStoreError } from '../stores/kit/errors'
import type { IsOwn, Prompt } from '../stores/kit/prompt'
import type { Leases, Operations, Store } from '../stores/model'

export type Stock<R> = { readonly [K in keyof Operations<R>]: Soonly<Operations<R>[K]> } & {
  /** Whether every operation answers at once. */
  readonly atOnce: boolean
  readonly leases: StockLeases<R> | undefined
}

/**
 * An operation that returns its answer at once. Where the method of the store was replaced (by a test, to make it fail),
 * that is asked instead.
 */
const safely =
  <P extends ReadonlyArray<unknown>, A>(
    operation: Parameters<IsOwn>[0],
    isOwn: IsOwn,
    f: (...args: P) => A,
    otherwise: (...args: P) => Soon<E.Either<StoreError, A>>
  ) =>
  (...args: P): Soon<E.Either<StoreError, A>> => {
    if (!isOwn(operation)) return otherwise(...args)
    try {
      return { _tag: 'Right', right: f(...args) }
    } catch (cause) {
      return E.left(isStoreError(cause) ? cause : storeFailed(operation)(cause))
    }
  }

const stockNow = <R>({ isOwn, now }: Prompt<R>, later: Stock<R>, leases: StockLeases<R>): Stock<R> => ({
  atOnce: true,
  get: safely('get', isOwn, now.get, later.get),
  read: safely('read', isOwn, now.read, later.read),
  set: safely('set', isOwn, now.set, later.set),
  delete: safely('delete', isOwn, now.delete, later.delete),
  has: safely('has', isOwn, now.has, later.has),
  touch: safely('touch', isOwn, now.touch, later.touch),
  getMany: safely('getMany', isOwn, now.getMany, later.getMany),
  readMany: safely('readMany', isOwn, now.readMany, later.readMany),
  setMany: safely('setMany', isOwn, now.setMany, later.setMany),
  deleteMany: safely('deleteMany', isOwn, now.deleteMany, later.deleteMany),
  hasMany: safely('hasMany', isOwn, now.hasMany, later.hasMany),
  touchMany: safely('touchMany', isOwn, now.touchMany, later.touchMany),
  clear: safely('clear', isOwn, now.clear, later.clear),
  leases: {
    acquire: safely('acquire', isOwn, now.leases.acquire, leases.acquire),
    seize: safely('seize', isOwn, now.leases.seize, leases.seize),
    renew: safely('renew', isOwn, now.leases.renew, leases.renew),
    release: safely('release', isOwn, now.leases.release, leases.release),
    commit: safely('commit', isOwn, now.leases.commit, leases.commit),
    override: safely('override', isOwn, now.leases.override, leases.override)
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

/** `store`: a total store. `prompt`: its operations without promises, if it has them. */
export const stockOf = <R>(store: Store<R>, prompt: Prompt<R> | undefined): Stock<R> => {
  const later = stockLater(store)
  return prompt === undefined || later.leases === undefined ? later : stockNow(prompt, later, later.leases)
}
