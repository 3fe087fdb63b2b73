/** What the tests of the stores make of answers, and every operation that has one. */
import type { Either } from 'fp-ts/Either'
import { none, some } from 'fp-ts/Option'

import * as D from '../../src/Duration'
import type { StoreError } from '../../src/RingError'
import type { Leasing, Operation, Store } from '../../src/Store'

export const right = <A>(answer: Either<StoreError, A>): A => {
  if (answer._tag === 'Left') throw answer.left
  return answer.right
}

export const left = (answer: Either<StoreError, unknown>): StoreError => {
  if (answer._tag === 'Right') throw new Error('a right')
  return answer.left
}

/** Every operation of a store of bytes, by its name. */
export const operationsOf = (
  store: Store<Uint8Array> & Leasing<Uint8Array>
): Readonly<Record<Operation, () => Promise<Either<StoreError, unknown>>>> => {
  const value = new Uint8Array(Buffer.from('late'))
  const entry = ['k', value, D.minutes(1)] as const
  return {
    get: store.get('k'),
    read: store.read('k'),
    set: store.set(...entry),
    delete: store.delete('other'),
    has: store.has('k'),
    touch: store.touch('k', D.minutes(1)),
    getMany: store.getMany(['k', 'l']),
    readMany: store.readMany(['k', 'l']),
    setMany: store.setMany([entry]),
    deleteMany: store.deleteMany(['other']),
    hasMany: store.hasMany(['k', 'l']),
    touchMany: store.touchMany([['k', D.minutes(1)]]),
    clear: store.clear('other'),
    acquire: store.leases.acquire('k', 'me', D.minutes(1), D.forever),
    seize: store.leases.seize('k', 'me', D.minutes(1)),
    renew: store.leases.renew('k', 'me', D.minutes(1)),
    release: store.leases.release('k', 'me'),
    commit: store.leases.commit('k', 'me', some(value), D.minutes(1)),
    override: store.leases.override([['other', none, D.minutes(1)]])
  }
}
