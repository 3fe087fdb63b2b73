/**
 * The reads of a tiered store: the near tier first, then the far one for the missing keys.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Key } from '../../KeyFn'
import type { Operation, StoreError } from '../../RingError'
import { attempt } from '../kit/attempt'
import type { Entry, Store } from '../model'
import type { Fill, Outcome, Tiers } from './model'

/** Reads of the far tier, which keep the entries they find in the near one. */
interface FarReads<R> {
  readonly fromFar: (key: Key) => Outcome<O.Option<Entry<R>>>
  readonly manyFromFar: (keys: ReadonlyArray<Key>) => Outcome<ReadonlyArray<O.Option<Entry<R>>>>
}

const farReads = <R>({ far, tier }: Tiers<R>): FarReads<R> => ({
  fromFar: async (key) => {
    const fill = tier.open(key)
    const got = await attempt('read', () => far.read(key)())
    if (fill.alive && got._tag === 'Right' && got.right._tag === 'Some')
      void tier.keep([[key, fill, got.right.value]])
    else tier.close(key, fill)
    return got
  },
  manyFromFar: async (keys) => {
    const fills = keys.map(tier.open)
    const got = await attempt('readMany', () => far.readMany(keys)())
    const kept: Array<readonly [Key, Fill, Entry<R>]> = []
    keys.forEach((key, i) => {
      const fill = fills[i]
      const entry = E.isRight(got) ? got.right[i] ?? O.none : O.none
      if (fill === undefined) return
      if (fill.alive && O.isSome(entry)) kept.push([key, fill, entry.value])
      else tier.close(key, fill)
    })
    if (kept.length > 0) void tier.keep(kept)
    return got
  }
})

/** Reads of one key. */
export const readsOfOne = <R>(tiers: Tiers<R>): Pick<Store<R>, 'get' | 'read' | 'has'> => {
  const { far, near, nearby, tier } = tiers
  const { fromFar } = farReads(tiers)
  const valueOf = E.map(O.map(({ value }: Entry<R>): R => value))

  const fromNear = async (key: Key): Promise<O.Option<Entry<R>>> => {
    const got = await nearby('read', () => near.read(key)())
    return E.isLeft(got) || O.isNone(got.right) ? O.none : O.fromNullable(tier.entryOf(key, got.right.value))
  }

  return {
    get: (key) => async () => {
      tier.start()
      if (tier.serves(key)) {
        const got = await nearby('get', () => near.get(key)())
        if (got._tag === 'Right' && got.right._tag === 'Some') return got
      }
      return valueOf(await fromFar(key))
    },
    read: (key) => async () => {
      tier.start()
      const found = tier.serves(key) ? await fromNear(key) : O.none
      return O.isSome(found) ? E.right(found) : fromFar(key)
    },
    has: (key) => async () => {
      tier.start()
      if (tier.serves(key)) {
        const got = await nearby('has', () => near.has(key)())
        if (E.isRight(got) && got.right) return got
      }
      return attempt('has', () => far.has(key)())
    }
  }
}

/** How both tiers answer some of the keys of a bulk read. */
interface BulkRead<A> {
  readonly askNear: (keys: ReadonlyArray<Key>) => Promise<ReadonlyArray<O.Option<A>>>
  readonly askFar: (keys: ReadonlyArray<Key>) => Outcome<ReadonlyArray<O.Option<A>>>
}

/** Reads what the near tier serves, and then the missing keys from the far one. */
const readBulk = async <R, A>(
  { tier }: Tiers<R>,
  keys: ReadonlyArray<Key>,
  { askFar, askNear }: BulkRead<A>
): Outcome<ReadonlyArray<O.Option<A>>> => {
  if (keys.length === 0) return E.right([])
  tier.start()
  const served = keys.filter(tier.serves)
  const found = new Map<Key, O.Option<A>>()
  const here = served.length === 0 ? [] : await askNear(served)
  served.forEach((key, i) => {
    const one = here[i]
    if (one !== undefined && O.isSome(one)) found.set(key, one)
  })
  const missing = Array.from(new Set(keys.filter((key) => !found.has(key))))
  if (missing.length > 0) {
    const there = await askFar(missing)
    if (E.isLeft(there)) return there
    missing.forEach((key, i) => found.set(key, there.right[i] ?? O.none))
  }
  return E.right(keys.map((key) => found.get(key) ?? O.none))
}

const present = (is: boolean): O.Option<true> => (is ? O.some(true) : O.none)

/** Reads of many keys. */
export const readsOfMany = <R>(tiers: Tiers<R>): Pick<Store<R>, 'getMany' | 'readMany' | 'hasMany'> => {
  const { far, near, nearby, tier } = tiers
  const { manyFromFar } = farReads(tiers)

  /** A near tier that fails counts as empty. */
  const manyFromNear = async <A>(
    operation: Operation,
    task: TE.TaskEither<StoreError, ReadonlyArray<A>>
  ): Promise<ReadonlyArray<A>> => {
    const got = await nearby(operation, task)
    return E.isLeft(got) ? [] : got.right
  }

  const values: BulkRead<R> = {
    askNear: (keys) => manyFromNear('getMany', () => near.getMany(keys)()),
    askFar: (keys) => manyFromFar(keys).then(E.map((all) => all.map(O.map(({ value }) => value))))
  }
  const entries: BulkRead<Entry<R>> = {
    askNear: async (keys) => {
      const all = await manyFromNear('readMany', () => near.readMany(keys)())
      return all.map((one, i) =>
        O.isNone(one) ? O.none : O.fromNullable(tier.entryOf(keys[i] ?? '', one.value))
      )
    },
    askFar: manyFromFar
  }
  const presences: BulkRead<true> = {
    askNear: async (keys) => {
      const all = await manyFromNear('hasMany', () => near.hasMany(keys)())
      return all.map(present)
    },
    askFar: (keys) => attempt('hasMany', () => far.hasMany(keys)()).then(E.map((all) => all.map(present)))
  }

  return {
    getMany: (keys) => () => readBulk(tiers, keys, values),
    readMany: (keys) => () => readBulk(tiers, keys, entries),
    hasMany: (keys) => async () => {
      const found = await readBulk(tiers, keys, presences)
      return E.map((all: ReadonlyArray<O.Option<true>>) => all.map(O.isSome))(found)
    }
  }
}
