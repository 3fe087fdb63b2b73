/**
 * What the stores on a network make of answers, whatever the protocol, and the answers that need no server.
 *
 * @internal
 */
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Duration } from '../Duration'
import { StoreError } from '../RingError'
import type { Operation, Store } from '../Store'
import { batchReads, type Split } from './batch'
import { isWellFormed } from './bytes'
import { extend } from './extend'

/** @internal */
export const none: O.None = { _tag: 'None' }

/** @internal */
export const nothing = (): void => undefined

/** @internal */
export const done: TE.TaskEither<never, void> = () => Promise.resolve({ _tag: 'Right', right: undefined })

/** @internal */
export const noneAsked: TE.TaskEither<never, ReadonlyArray<never>> = () =>
  Promise.resolve({ _tag: 'Right', right: [] })

/** @internal */
export const refused =
  (operation: Operation, message: string): TE.TaskEither<StoreError, never> =>
  () =>
    Promise.resolve({ _tag: 'Left', left: new StoreError(operation, 'refused', message) })

/** @internal */
export const lone = 'a key with a lone surrogate is not UTF-8'

/**
 * The store with its single reads batched, where that was asked for. A key that would be refused stays out of the
 * batch: it must not fail the others in it.
 *
 * @internal
 */
export const batchedAs = <S extends Store<Uint8Array>>(
  store: S & Store<Uint8Array>,
  batch: boolean | { readonly max: number },
  split?: Split
): S => {
  if (batch === false) return store
  const batched = batchReads<Uint8Array, S>(store, {
    ...(batch === true ? {} : batch),
    ...(split === undefined ? {} : { split })
  })
  return extend<S, Pick<Store<Uint8Array>, 'get' | 'read'>>(batched, {
    get: (key) => (isWellFormed(key) ? batched.get(key) : store.get(key)),
    read: (key) => (isWellFormed(key) ? batched.read(key) : store.read(key))
  })
}

/**
 * Of the entries with one key the last one.
 *
 * @internal
 */
export const lastOf = <E extends readonly [key: string, ...rest: ReadonlyArray<unknown>]>(
  entries: ReadonlyArray<E>
): ReadonlyMap<string, E> => new Map(entries.map((entry) => [entry[0], entry]))

/**
 * Touches one after the other, as one touch per key: the last one of each, unless one removed the entry, which then is not
 * there for the later ones. `dealTouched` makes an answer for every touch of those for `last`, in its order.
 *
 * @internal
 */
export const foldTouches = (
  entries: ReadonlyArray<readonly [key: string, ttl: Duration]>
): {
  readonly last: ReadonlyMap<string, Duration>
  readonly dealTouched: (touched: ReadonlyArray<boolean>) => ReadonlyArray<boolean>
} => {
  const last = new Map<string, Duration>()
  const live = entries.map(([key, ttl]) => {
    const before = last.get(key)
    if (before !== undefined && !(before > 0)) return false
    last.set(key, ttl)
    return true
  })
  return {
    last,
    dealTouched: (touched) => {
      const there = new Map(Array.from(last.keys(), (key, i) => [key, touched[i] === true]))
      return entries.map(([key], i) => live[i] === true && there.get(key) === true)
    }
  }
}

/**
 * The keys without repetition, and for every one that was asked for its place among them (`undefined` where there
 * was no repetition).
 *
 * @internal
 */
export const distinct = (
  keys: ReadonlyArray<string>
): { readonly keys: ReadonlyArray<string>; readonly places?: ReadonlyArray<number> } => {
  const seen = new Map<string, number>()
  const places = keys.map((key) => {
    const place = seen.get(key)
    if (place !== undefined) return place
    seen.set(key, seen.size)
    return seen.size - 1
  })
  return seen.size === keys.length ? { keys } : { keys: Array.from(seen.keys()), places }
}

/**
 * One answer per distinct key, dealt out to every key that was asked for, in their order.
 *
 * @internal
 */
export const deal = <A>(answers: ReadonlyArray<A>, places?: ReadonlyArray<number>): ReadonlyArray<A> =>
  places === undefined ? answers : places.map((place) => answers[place] as A) // the proof: `distinct` made the places

/**
 * Asks for each key once. `ask` is given the keys without repetition, and what deals their answers out.
 *
 * @internal
 */
export const askOnce = <Err, A>(
  keys: ReadonlyArray<string>,
  ask: (
    keys: ReadonlyArray<string>,
    dealt: (answers: ReadonlyArray<A>) => ReadonlyArray<A>
  ) => TE.TaskEither<Err, ReadonlyArray<A>>
): TE.TaskEither<Err, ReadonlyArray<A>> => {
  if (keys.length === 0) return noneAsked
  const asked: ReturnType<typeof distinct> = distinct(keys)
  return ask(asked.keys, (answers) => deal(answers, asked.places))
}
