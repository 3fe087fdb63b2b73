/**
 * Writes of a ring: in one trip, or under the leases of their keys.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import * as D from '../Duration'
import type { Key } from '../KeyFn'
import { type StoreError, storeFailed } from '../RingError'
import type { Leases, Store } from '../Store'
import type { Entries, Prepared } from './entries'
import type { Stamp } from './envelope'

/** What was loaded for a key under a lease. */
export interface Commit<Err, A, R> {
  readonly key: Key
  readonly token: string
  readonly answer: E.Either<Err, A>
  readonly stamps: ReadonlyArray<Stamp>
  readonly prepared: Prepared<R>
}

export interface Writer<Err, A, R> {
  /** Writes, or removes, in one trip, and takes the leases away where the ring has leases. */
  readonly write: (writes: ReadonlyArray<readonly [Key, Prepared<R>]>) => Promise<E.Either<StoreError, void>>
  /** Writes under leases, each by itself; gives the keys whose lease was lost. */
  readonly commitAll: (
    writes: ReadonlyArray<Commit<Err, A, R>>
  ) => Promise<E.Either<StoreError, ReadonlySet<Key>>>
}

/** `leases`: those of the store, where the policy asks for them. */
export const makeWriter = <Err, A, R>(
  store: Store<R>,
  leases: Leases<R> | undefined,
  encode: Entries<never, Err, A, R>['encode']
): Writer<Err, A, R> => {
  const write: Writer<Err, A, R>['write'] = async (writes) => {
    if (writes.length === 0) return E.right(undefined)
    try {
      if (leases !== undefined) {
        const entries = writes.map(
          ([key, prepared]) =>
            [
              key,
              O.map(({ raw }: { readonly raw: R }) => raw)(prepared),
              O.isSome(prepared) ? prepared.value.ttl : D.zero
            ] as const
        )
        return await leases.override(entries)()
      }
      const gone = writes.flatMap(([key, prepared]) => (O.isNone(prepared) ? [key] : []))
      const kept = writes.flatMap(([key, prepared]) =>
        O.isSome(prepared) ? [[key, prepared.value.raw, prepared.value.ttl] as const] : []
      )
      const [goes] = gone
      const [stays] = kept
      const [removed, set] = await Promise.all([
        goes === undefined
          ? E.right(undefined)
          : gone.length === 1
          ? store.delete(goes)()
          : store.deleteMany(gone)(),
        stays === undefined
          ? E.right(undefined)
          : kept.length === 1
          ? store.set(...stays)()
          : store.setMany(kept)()
      ])
      return E.isLeft(removed) ? removed : set
    } catch (cause) {
      return E.left(storeFailed('set')(cause)) // a store of somebody else's that throws
    }
  }

  const commitAll: Writer<Err, A, R>['commitAll'] = async (writes) => {
    const lost = new Set<Key>()
    const commitOne = async ({ answer, key, prepared, stamps, token }: Commit<Err, A, R>) => {
      if (leases === undefined) return E.right(undefined)
      // what is to be removed is sent all the same: a lease is given back with a value
      const raw = O.isSome(prepared) ? E.right(prepared.value.raw) : encode(answer, stamps)
      const ttl = O.isSome(prepared) ? prepared.value.ttl : D.zero
      const done = E.isLeft(raw)
        ? E.left(storeFailed('commit')(raw.left))
        : await leases.commit(key, token, raw.right as R, ttl)() // the proof: as in `prepare`
      if (E.isRight(done) && !done.right) lost.add(key)
      return done
    }
    try {
      const all = await Promise.all(writes.map(commitOne))
      return all.find(E.isLeft) ?? E.right(lost)
    } catch (cause) {
      return E.left(storeFailed('commit')(cause))
    }
  }

  return { write, commitAll }
}
