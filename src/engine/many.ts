/**
 * Several keys at once: what the store has for them, and the values to write for them.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { allSoon, andThen, type Soon } from '../base/soon'
import type { Arguments, Key } from '../KeyFn'
import type { KeyError, RingError } from '../RingError'
import type { Entries } from './entry'
import { tooLate } from './errors'
import type { Reader } from './find'
import type { Loads } from './loads'
import type { Prepared, Seen } from './model'
import type { Tags } from './tags'

export interface Many<Args extends Arguments, Err, A, R> {
  /** Values in the form in which they are stored, with the current generations of their tags. */
  readonly prepareOne: (args: Args, value: A) => Soon<E.Either<RingError, Prepared<R>>>
  readonly prepareAll: (
    entries: ReadonlyArray<readonly [args: Args, value: A]>
  ) => Soon<E.Either<RingError, ReadonlyArray<Prepared<R>>>>
  /**
   * What the store has for some keys, in one round trip. For arguments without a key, the error stays in its position.
   */
  readonly lookEach: (
    keys: ReadonlyArray<E.Either<KeyError, Key>>,
    argsList: ReadonlyArray<Args>
  ) => Soon<ReadonlyArray<E.Either<RingError, Seen<Err, A>>>>
}

interface Parts<Args extends Arguments, Err, A, R> {
  readonly reader: Reader<Args, Err, A>
  readonly prepare: Entries<Args, Err, A, R>['prepare']
  readonly tags: Tags<Args> | undefined
  readonly stampsFor: Loads<Args, Err, A, R>['stampsFor']
  /** For a store that encodes: its bulk read may be followed by a second round trip. Limits the time of both. */
  readonly inBudget: (<W>(command: Soon<W>, late: () => W) => Soon<W>) | undefined
}

export const makeMany = <Args extends Arguments, Err, A, R>({
  inBudget,
  prepare,
  reader,
  stampsFor,
  tags
}: Parts<Args, Err, A, R>): Many<Args, Err, A, R> => {
  type LookEach = Many<Args, Err, A, R>['lookEach']

  const lookThem: LookEach = (keys, argsList) => {
    const asked: Array<Key> = []
    for (const key of keys) if (E.isRight(key)) asked.push(key.right)
    if (asked.length === keys.length) return reader.lookAll(asked, argsList)
    const askedArgs = argsList.filter((_, i) => keys[i]?._tag === 'Right')
    return andThen(reader.lookAll(asked, askedArgs), (found) => {
      let next = 0
      // SAFETY: one answer for each key that was read
      return keys.map((key) => (E.isLeft(key) ? key : (found[next++] as (typeof found)[number])))
    })
  }

  const prepareOne: Many<Args, Err, A, R>['prepareOne'] = (args, value) =>
    andThen(stampsFor(args, undefined), (stamps): E.Either<RingError, Prepared<R>> => {
      if (E.isLeft(stamps)) return stamps
      const prepared = prepare(E.right(value), args, stamps.right)
      // at the same time as the write, which does not wait for it
      if (E.isRight(prepared) && O.isSome(prepared.right)) void tags?.settle(args, stamps.right)
      return prepared
    })

  return {
    /** If an encoding store cannot decode one entry, the others are read one by one: a second round trip. */
    lookEach:
      inBudget === undefined
        ? lookThem
        : (keys, argsList) =>
            inBudget(lookThem(keys, argsList), () => keys.map(() => E.left(tooLate('getMany')))),
    prepareOne,
    prepareAll: (entries) =>
      andThen(allSoon(entries.map(([args, value]) => prepareOne(args, value))), E.sequenceArray)
  }
}
