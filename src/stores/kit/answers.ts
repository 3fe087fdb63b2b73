/**
 * How the stores on a network handle answers, whatever the protocol, and the answers that need no server.
 *
 * @internal
 */
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Duration } from '../../Duration'
import type { StoreError } from '../../RingError'
import { type Operation } from '../../RingError'
import { storeError } from './errors'

export const none: O.None = { _tag: 'None' }

export const nothing = (): void => undefined

export const done: TE.TaskEither<never, void> = () => Promise.resolve({ _tag: 'Right', right: undefined })

export const noneAsked: TE.TaskEither<never, ReadonlyArray<never>> = () =>
  Promise.resolve({ _tag: 'Right', right: [] })

export const refused =
  (operation: Operation, message: string): TE.TaskEither<StoreError, never> =>
  () =>
    Promise.resolve({ _tag: 'Left', left: storeError(operation, 'refused', message) })

export const lone = 'a key with a lone surrogate is not UTF-8'

/** The last entry for each key. */
export const lastOf = <E extends readonly [key: string, ...rest: ReadonlyArray<unknown>]>(
  entries: ReadonlyArray<E>
): ReadonlyMap<string, E> => new Map(entries.map((entry) => [entry[0], entry]))

/**
 * Reduces touches that run one after another to one per key: the last one of each, unless one removed the entry, which
 * the later ones then do not find. `dealTouched` turns the answers for `last` into one answer for every touch, in
 * order.
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

/** The distinct keys, and for every requested key its index among them (`undefined` if all keys are distinct). */
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

/** Assigns the answers for distinct keys to all requested keys, in their order. */
export const deal = <A>(answers: ReadonlyArray<A>, places?: ReadonlyArray<number>): ReadonlyArray<A> =>
  places === undefined ? answers : places.map((place) => answers[place] as A) // SAFETY: `distinct` made the places

/**
 * Requests each key once. `ask` receives the distinct keys, and a function that assigns their answers to all keys.
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
