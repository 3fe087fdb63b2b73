/**
 * The store as the stages of the engine call it. A store in memory answers at once; any other returns a promise. Neither
 * ever throws or rejects: see `total.ts`.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { lazily } from '../base/lazy'
import type { Soon } from '../base/soon'
import { tableOf } from '../base/tableOf'
import type { Key } from '../KeyFn'
import type { Soonly, StockLeases } from '../policies/model'
import { type StoreError, storeFailed } from '../RingError'
import { isStoreError } from '../stores/kit/errors'
import { leaseOperations, storeOperations } from '../stores/kit/operations'
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

/** An operation whose types are known by its name alone. */
type AnyOperation = (...args: ReadonlyArray<unknown>) => unknown

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
    // SAFETY: each is the operation of its name
    ...(tableOf(storeOperations, (name) =>
      safely(own, name, now[name] as AnyOperation)
    ) as unknown as Stock<R>),
    get: safelyOne(own, 'get', now.get),
    read: safelyOne(own, 'read', now.read),
    set: safelySet(own, now.set),
    delete: safelyOne(own, 'delete', now.delete),
    atOnce: true,
    leases: undefined
  }
}

const leasesNow = <R>({ isOwn, now: { leases } }: Prompt<R>, later: () => StockLeases<R>): StockLeases<R> =>
  // SAFETY: each is the operation of its name
  tableOf(leaseOperations, (name) =>
    safely({ isOwn, later }, name, leases[name] as AnyOperation)
  ) as unknown as StockLeases<R>

/** The operations of a store or of its leases, each with its task started. */
const startedOf = <N extends string>(
  names: ReadonlyArray<N>,
  of: Readonly<Record<N, unknown>>
): Readonly<Record<N, unknown>> => {
  const all = of as Readonly<Record<N, (...args: ReadonlyArray<unknown>) => () => unknown>> // SAFETY: they are operations
  return tableOf(
    names,
    (name) =>
      (...args: ReadonlyArray<unknown>) =>
        all[name](...args)()
  )
}

const leasesLater = <R>(leases: Leases<R>): StockLeases<R> =>
  startedOf(leaseOperations, leases) as StockLeases<R> // SAFETY: each is the operation of its name

const stockLater = <R>(store: Store<R>): Stock<R> => ({
  ...(startedOf(storeOperations, store) as Stock<R>), // SAFETY: each is the operation of its name
  // hot path: without a list of arguments
  get: (key) => store.get(key)(),
  read: (key) => store.read(key)(),
  atOnce: false,
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
