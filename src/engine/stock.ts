/**
 * The store as the stages of the engine call it. A store in memory answers at once; any other returns a promise. Neither
 * ever throws or rejects: see `total.ts`.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { lazily } from '../base/lazy'
import type { Soon } from '../base/soon'
import type { Key } from '../KeyFn'
import type { Soonly, StockLeases } from '../policies/model'
import { type StoreError, storeFailed } from '../RingError'
import { isStoreError } from '../stores/kit/errors'
import type { IsOwn, Prompt } from '../stores/kit/prompt'
import type { Leases, Operations, Store } from '../stores/model'

export type Stock<R> = { readonly [K in keyof Operations<R>]: Soonly<Operations<R>[K]> } & {
  /** Whether every operation answers at once. */
  readonly atOnce: boolean
  /** The leases, if they are used. */
  readonly leases: StockLeases<R> | undefined
}

const done: E.Either<never, void> = /*#__PURE__*/ E.right(undefined)

const failed = (operation: Parameters<IsOwn>[0], cause: unknown): E.Either<StoreError, never> =>
  E.left(isStoreError(cause) ? cause : storeFailed(operation)(cause))

/** A store that answers at once, and how to ask it as any other store is asked. */
interface Own<S> {
  readonly isOwn: IsOwn
  readonly later: () => S
}

/**
 * An operation that returns its answer at once. Where the method of the store was replaced (by a test, to make it fail),
 * that is asked instead.
 */
const safely = <S, K extends keyof S & Parameters<IsOwn>[0], P extends ReadonlyArray<unknown>, A>(
  { isOwn, later }: Own<S>,
  operation: K,
  f: (...args: P) => A
): ((...args: P) => Soon<E.Either<StoreError, A>>) => {
  type Operation = (...args: P) => Soon<E.Either<StoreError, A>>
  return (...args) => {
    if (!isOwn(operation)) return (later()[operation] as Operation)(...args) // SAFETY: the same operation as `f`
    try {
      return { _tag: 'Right', right: f(...args) }
    } catch (cause) {
      return failed(operation, cause)
    }
  }
}

/** The same for an operation on one key. Hot path: without a list of arguments. */
const safelyOne = <R, K extends 'get' | 'read' | 'delete', A>(
  { isOwn, later }: Own<Stock<R>>,
  operation: K,
  f: (key: Key) => A
): ((key: Key) => Soon<E.Either<StoreError, A>>) => {
  type Operation = (key: Key) => Soon<E.Either<StoreError, A>>
  return (key) => {
    if (!isOwn(operation)) return (later()[operation] as Operation)(key) // SAFETY: the same operation as `f`
    try {
      return { _tag: 'Right', right: f(key) }
    } catch (cause) {
      return failed(operation, cause)
    }
  }
}

const safelySet =
  <R>({ isOwn, later }: Own<Stock<R>>, set: Prompt<R>['now']['set']): Stock<R>['set'] =>
  (key, value, ttl) => {
    if (!isOwn('set')) return later().set(key, value, ttl)
    try {
      set(key, value, ttl)
      return done
    } catch (cause) {
      return failed('set', cause)
    }
  }

const stockNow = <R>({ isOwn, now }: Prompt<R>, later: () => Stock<R>): Stock<R> => {
  const own = { isOwn, later }
  return {
    atOnce: true,
    get: safelyOne(own, 'get', now.get),
    read: safelyOne(own, 'read', now.read),
    set: safelySet(own, now.set),
    delete: safelyOne(own, 'delete', now.delete),
    has: safely(own, 'has', now.has),
    touch: safely(own, 'touch', now.touch),
    getMany: safely(own, 'getMany', now.getMany),
    readMany: safely(own, 'readMany', now.readMany),
    setMany: safely(own, 'setMany', now.setMany),
    deleteMany: safely(own, 'deleteMany', now.deleteMany),
    hasMany: safely(own, 'hasMany', now.hasMany),
    touchMany: safely(own, 'touchMany', now.touchMany),
    clear: safely(own, 'clear', now.clear),
    leases: undefined
  }
}

const leasesNow = <R>({ isOwn, now: { leases } }: Prompt<R>, later: () => StockLeases<R>): StockLeases<R> => {
  const own = { isOwn, later }
  return {
    acquire: safely(own, 'acquire', leases.acquire),
    seize: safely(own, 'seize', leases.seize),
    renew: safely(own, 'renew', leases.renew),
    release: safely(own, 'release', leases.release),
    commit: safely(own, 'commit', leases.commit),
    override: safely(own, 'override', leases.override)
  }
}

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
  leases: undefined
})

/**
 * `store`: a total store. `prompt`: its operations without promises, if it has them. `leased`: whether its leases are
 * used.
 */
export const stockOf = <R>(store: Store<R>, prompt: Prompt<R> | undefined, leased: boolean): Stock<R> => {
  const leases = leased ? store.leases : undefined
  const later = lazily(() => stockLater(store))
  const stock = prompt === undefined ? later() : stockNow(prompt, later)
  if (leases === undefined) return stock
  const leasedLater = lazily(() => leasesLater(leases))
  return { ...stock, leases: prompt === undefined ? leasedLater() : leasesNow(prompt, leasedLater) }
}
