/**
 * A store of values over a store of raw values, by a codec.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { extend } from '../../base/extend'
import type { Codec } from '../../codecs/model'
import { guardedCodec } from '../../codecs/total'
import type { StoreError } from '../../RingError'
import { type Operation } from '../../RingError'
import { aCodec, must } from '../../wiring/check'
import { checkedStore } from '../kit/checks'
import { storeError } from '../kit/errors'
import type { Acquired, Capabilities, Entry, Leases, Operations, Store, Traits } from '../model'
import { onLeases } from './derived'
import { encodedCodec } from './encodedEntries'

/** The operations whose types depend on the values. */
type OfValues<A> = Pick<Operations<A>, 'get' | 'read' | 'getMany' | 'readMany' | 'set' | 'setMany'> &
  Pick<Traits<A>, 'encodes' | 'peek' | 'peekEntry' | 'leases'>

const refused =
  (operation: Operation) =>
  (cause: unknown): StoreError =>
    storeError(operation, 'codec', 'the codec refused', cause)

const withValue =
  <A>({ remaining }: Entry<unknown>) =>
  (value: A): Entry<A> => ({ value, remaining })

/** How a codec decodes and encodes for an operation. */
const inOperations = <A, R>(codec: Codec<A, R>) => ({
  decode: (operation: Operation) => (raw: R) => pipe(codec.decode(raw), E.mapLeft(refused(operation))),
  decodeEntry: (operation: Operation) => (entry: Entry<R>) =>
    pipe(codec.decode(entry.value), E.bimap(refused(operation), withValue<A>(entry))),
  encode: (operation: Operation) => (value: A) => pipe(codec.encode(value), E.mapLeft(refused(operation)))
})

type InOperations<A, R> = ReturnType<typeof inOperations<A, R>>

const operationsOf = <A, R>(
  { decode, decodeEntry, encode }: InOperations<A, R>,
  store: Operations<R>
): Omit<OfValues<A>, keyof Traits<A>> => {
  // created once: every hit uses it
  const decodeGot = TE.chainEitherK(O.traverse(E.Applicative)(decode('get')))
  const decodeRead = TE.chainEitherK(O.traverse(E.Applicative)(decodeEntry('read')))
  const decodeGotMany = TE.chainEitherK(E.traverseArray(O.traverse(E.Applicative)(decode('getMany'))))
  const decodeReadMany = TE.chainEitherK(E.traverseArray(O.traverse(E.Applicative)(decodeEntry('readMany'))))
  return {
    get: (key) => decodeGot(store.get(key)),
    read: (key) => decodeRead(store.read(key)),
    getMany: (keys) => decodeGotMany(store.getMany(keys)),
    readMany: (keys) => decodeReadMany(store.readMany(keys)),
    set: (key, value, ttl) =>
      pipe(
        TE.fromEither(encode('set')(value)),
        TE.chain((raw) => store.set(key, raw, ttl))
      ),
    setMany: (entries) =>
      pipe(
        entries,
        E.traverseArray(([key, value, ttl]) =>
          pipe(
            encode('setMany')(value),
            E.map((raw) => [key, raw, ttl] as const)
          )
        ),
        TE.fromEither,
        TE.chain(store.setMany)
      )
  }
}

/** An entry that cannot be decoded counts as a miss. */
const peeksOf = <A, R>(
  { decode }: Codec<A, R>,
  { peek, peekEntry }: Pick<Traits<R>, 'peek' | 'peekEntry'>
): Pick<Traits<A>, 'peek' | 'peekEntry'> => ({
  ...(peek === undefined
    ? {}
    : {
        peek: (key) => {
          const raw = peek(key)
          const value = raw === undefined ? undefined : decode(raw)
          return value === undefined || E.isLeft(value) ? undefined : value.right
        }
      }),
  ...(peekEntry === undefined
    ? {}
    : {
        peekEntry: (key) => {
          const entry = peekEntry(key)
          const value = entry === undefined ? undefined : decode(entry.value)
          return entry === undefined || value === undefined || E.isLeft(value)
            ? undefined
            : { value: value.right, remaining: entry.remaining }
        }
      })
})

const leasesOf =
  <A, R>({ decodeEntry, encode }: InOperations<A, R>) =>
  (leases: Leases<R>): Leases<A> => ({
    ...leases,
    acquire: (...args) =>
      pipe(
        leases.acquire(...args),
        TE.chainEitherK((acquired) =>
          acquired._tag === 'Found'
            ? pipe(
                decodeEntry('acquire')(acquired.entry),
                E.map((entry): Acquired<A> => ({ _tag: 'Found', entry }))
              )
            : E.right(acquired)
        )
      ),
    commit: (key, token, value, ttl) =>
      pipe(
        TE.fromEither(pipe(value, O.traverse(E.Applicative)(encode('commit')))),
        TE.chain((raw) => leases.commit(key, token, raw, ttl))
      ),
    override: (entries) =>
      pipe(
        entries,
        E.traverseArray(([key, value, ttl]) =>
          pipe(
            value,
            O.traverse(E.Applicative)(encode('override')),
            E.map((raw) => [key, raw, ttl] as const)
          )
        ),
        TE.fromEither,
        TE.chain(leases.override)
      )
  })

export const encodedStore = <A, R>(unchecked: Codec<A, R>) => {
  const given = must('the codec of Store.encoded', aCodec, unchecked)
  return <B, S extends Store<R, B>>(store: S & Store<R, B>): Store<A, B> & Capabilities<S, A> => {
    checkedStore('Store.encoded', store)
    const codec = encodedCodec(guardedCodec(given))
    const inOperation = inOperations(codec)
    const made: Store<A, B> = extend<Omit<Store<R, B>, keyof OfValues<A>>, OfValues<A>>(store, {
      encodes: true,
      ...operationsOf(inOperation, store),
      ...peeksOf(codec, store),
      ...onLeases(store, leasesOf(inOperation))
    })
    return made as Store<A, B> & Capabilities<S, A> // SAFETY: the store keeps its capabilities beside the algebra
  }
}
