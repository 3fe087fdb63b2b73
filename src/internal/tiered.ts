/**
 * Two stores as one: reads ask the near one first, writes go to the far one first.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import { identity } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { system } from '../Clock'
import * as D from '../Duration'
import type { Change } from '../Invalidation'
import type { Key } from '../KeyFn'
import { StoreError } from '../RingError'
import type { Entry, Leases, Operation, Store, TieredOptions } from '../Store'
import { lastOf } from './answers'
import { attempt } from './attempt'
import { hasCode } from './coded'
import { defect } from './defect'
import { extend } from './extend'
import { attemptNear, type Fill, makeNearTier } from './nearTier'

type Answer<A> = Promise<E.Either<StoreError, A>>

/** What is known of a key after a write: an entry; nothing, which is known too; or that nobody knows. */
type Known<R> = O.Option<Entry<R>> | undefined

const written = <R>(value: R, ttl: D.Duration): O.Option<Entry<R>> =>
  ttl > 0 ? O.some({ value, remaining: ttl }) : O.none

type Write<A> = readonly [key: Key, value: A, ttl: D.Duration]

/** What is known when all of these entries were written: of those with one key the last one counts. */
const knownAfter = <A, R>(
  entries: ReadonlyArray<Write<A>>,
  entryOf: (value: A, ttl: D.Duration) => O.Option<Entry<R>>
): { readonly keys: ReadonlyArray<Key>; readonly known: (key: Key) => Known<R> } => {
  const last = lastOf(entries)
  return {
    keys: Array.from(last.keys()),
    known: (key) => {
      const entry = last.get(key)
      return entry === undefined ? undefined : entryOf(entry[1], entry[2])
    }
  }
}

/** The far tier has the change, and the others do not know of it. */
const untold = (operation: Operation, cause: unknown): StoreError =>
  hasCode(cause, 'ETIMEDOUT')
    ? new StoreError(operation, 'timeout', 'the others could not be told in time', cause)
    : new StoreError(operation, 'failed', 'the others could not be told', cause)

export const tieredStore = <R, K, N, F>({
  clock = system,
  far,
  invalidation,
  near: own,
  ttl = D.forever
}: TieredOptions<Store<K, N>, Store<R, F>>): Store<R, { readonly near: N; readonly far: F }> => {
  if (own.lifetime === 'hidden' || far.lifetime === 'hidden')
    return defect('a tier tells what is left of a lifetime')
  if (!(ttl > 0)) return defect('the ttl of a near tier is a Duration above zero')
  // the proof: the tier's own, so what lies there was read from the far store, or written to it
  const near = own as Store<unknown, N> as Store<R, N>
  const backend = {
    get near() {
      return near.backend
    },
    get far() {
      return far.backend
    }
  }
  // laws: a store that keeps nothing changes nothing
  const unchanged = <X extends Store<R>>(store: X): X & { readonly backend: typeof backend } =>
    extend<X, { readonly backend: typeof backend }>(store, { backend })
  if (invalidation === undefined && near.keeps === 'nothing') return unchanged(far)
  if (
    invalidation === undefined &&
    far.keeps === 'nothing' &&
    (far.leases === undefined || near.leases !== undefined)
  )
    return unchanged(near)
  const tier = makeNearTier(near, ttl, invalidation, clock)
  const nearby = attemptNear(near)

  // -----------------------------------------------------------------------------------
  // reads
  // -----------------------------------------------------------------------------------

  const nearly = async (key: Key): Promise<O.Option<Entry<R>>> => {
    const got = await nearby('read', () => near.read(key)())
    const by = tier.beyond(key)
    return E.isLeft(got) || O.isNone(got.right) || by === undefined ? O.none : aged(got.right.value, by)
  }
  // the proof: a life, and how much longer the entry lives
  const aged = ({ remaining, value }: Entry<R>, by: number): O.Option<Entry<R>> =>
    O.some({ value, remaining: Math.floor(remaining + by) as D.Duration })

  const fromFar = async (key: Key): Answer<O.Option<Entry<R>>> => {
    const fill = tier.open(key)
    const got = await attempt('read', () => far.read(key)())
    if (fill.alive && got._tag === 'Right' && got.right._tag === 'Some')
      void tier.keep([[key, fill, got.right.value]])
    else tier.close(key, fill)
    return got
  }

  const get =
    (key: Key): TE.TaskEither<StoreError, O.Option<R>> =>
    async () => {
      tier.start()
      if (tier.serves(key)) {
        const got = await nearby('get', () => near.get(key)())
        if (got._tag === 'Right' && got.right._tag === 'Some') return got
      }
      return valueOf(await fromFar(key))
    }
  const valueOf = E.map(O.map(({ value }: Entry<R>): R => value))

  const read =
    (key: Key): TE.TaskEither<StoreError, O.Option<Entry<R>>> =>
    async () => {
      tier.start()
      const found = tier.serves(key) ? await nearly(key) : O.none
      return O.isSome(found) ? E.right(found) : fromFar(key)
    }

  /** Asks the near tier for what it serves, and the far one for what is missing then. */
  const many = async <A>(
    keys: ReadonlyArray<Key>,
    askNear: (keys: ReadonlyArray<Key>) => Promise<ReadonlyArray<O.Option<A>>>,
    askFar: (keys: ReadonlyArray<Key>) => Answer<ReadonlyArray<O.Option<A>>>
  ): Answer<ReadonlyArray<O.Option<A>>> => {
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

  const manyFromFar = async (keys: ReadonlyArray<Key>): Answer<ReadonlyArray<O.Option<Entry<R>>>> => {
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

  const nearMany = async <A>(
    operation: Operation,
    task: TE.TaskEither<StoreError, ReadonlyArray<O.Option<A>>>
  ): Promise<ReadonlyArray<O.Option<A>>> => {
    const got = await nearby(operation, task)
    return E.isLeft(got) ? [] : got.right
  }

  const getMany =
    (keys: ReadonlyArray<Key>): TE.TaskEither<StoreError, ReadonlyArray<O.Option<R>>> =>
    () =>
      many(
        keys,
        (asked) => nearMany('getMany', () => near.getMany(asked)()),
        (asked) => manyFromFar(asked).then(E.map((all) => all.map(O.map(({ value }) => value))))
      )

  const readMany =
    (keys: ReadonlyArray<Key>): TE.TaskEither<StoreError, ReadonlyArray<O.Option<Entry<R>>>> =>
    () =>
      many(
        keys,
        async (asked) => {
          const all = await nearMany('readMany', () => near.readMany(asked)())
          return all.map((one, i) => {
            const by = tier.beyond(asked[i] ?? '')
            return O.isNone(one) || by === undefined ? O.none : aged(one.value, by)
          })
        },
        manyFromFar
      )

  const hasMany =
    (keys: ReadonlyArray<Key>): TE.TaskEither<StoreError, ReadonlyArray<boolean>> =>
    async () => {
      const found = await many<true>(
        keys,
        async (asked) => {
          const got = await nearby('hasMany', () => near.hasMany(asked)())
          return E.isLeft(got) ? [] : got.right.map(present)
        },
        (asked) => attempt('hasMany', () => far.hasMany(asked)()).then(E.map((all) => all.map(present)))
      )
      return E.map((all: ReadonlyArray<O.Option<true>>) => all.map(O.isSome))(found)
    }
  const present = (is: boolean): O.Option<true> => (is ? O.some(true) : O.none)

  const has =
    (key: Key): TE.TaskEither<StoreError, boolean> =>
    async () => {
      tier.start()
      if (tier.serves(key)) {
        const got = await nearby('has', () => near.has(key)())
        if (E.isRight(got) && got.right) return got
      }
      return attempt('has', () => far.has(key)())
    }

  // -----------------------------------------------------------------------------------
  // writes
  // -----------------------------------------------------------------------------------

  /** A write that failed may have been done, so the others are told of it as well. */
  const tell = async <A>(
    operation: Operation,
    change: Change,
    answer: E.Either<StoreError, A>
  ): Answer<A> => {
    if (invalidation === undefined) return answer
    // a feed of somebody else's may throw
    const told = await TE.tryCatch(() => invalidation.tell(change)(), identity)().then(E.flatten)
    return E.isRight(answer) && E.isLeft(told) ? E.left(untold(operation, told.left)) : answer
  }

  /** The far tier, then the near one, then the others. `known`: what the far tier has now, of each key. */
  const write =
    <A>(
      operation: Operation,
      keys: ReadonlyArray<Key>,
      task: () => Answer<A>,
      known: (answer: A) => (key: Key) => Known<R>,
      changes: (answer: A) => boolean = () => true
    ): TE.TaskEither<StoreError, A> =>
    async () => {
      tier.start()
      if (keys.length === 0) return attempt(operation, task)
      const answer = await tier.during(
        keys,
        () => attempt(operation, task),
        (done, fillOf) => {
          const kept: Array<readonly [Key, Fill, Entry<R>]> = []
          const dropped: Array<Key> = []
          const knownOf = known(done)
          for (const key of keys) {
            const entry = knownOf(key)
            const fill = fillOf(key)
            if (entry !== undefined && O.isSome(entry) && fill?.alive === true)
              kept.push([key, fill, entry.value])
            else dropped.push(key)
          }
          return Promise.all([tier.keep(kept), tier.drop(dropped)])
        }
      )
      return E.isRight(answer) && !changes(answer.right)
        ? answer
        : tell(operation, { _tag: 'Keys', keys }, answer)
    }

  /** Where a lifetime was renewed nobody here knows of which value. */
  const unknown = (): undefined => undefined
  const nothing = (): O.Option<never> => O.none

  const leasesOf = (leases: Leases<R>): Leases<R> => ({
    ...leases,
    commit: (key, token, value, life) =>
      write(
        'commit',
        [key],
        () => leases.commit(key, token, value, life)(),
        (stored) => () => stored ? O.chain((v: R) => written(v, life))(value) : undefined,
        (stored) => stored
      ),
    override: (entries) => {
      const { keys, known } = knownAfter(entries, (value, life) => O.chain((v: R) => written(v, life))(value))
      return write(
        'override',
        keys,
        () => leases.override(entries)(),
        () => known
      )
    }
  })

  const { peek, peekEntry } = near
  const { leases, rawKey, rawPrefix } = far
  const deadlines = [
    far.deadline,
    near.deadline ?? (peek === undefined ? undefined : D.zero),
    invalidation === undefined ? D.zero : invalidation.deadline
  ]
  return {
    backend,
    get,
    read,
    has,
    getMany,
    readMany,
    hasMany,
    set: (key, value, life) =>
      write(
        'set',
        [key],
        () => far.set(key, value, life)(),
        () => () => written(value, life)
      ),
    setMany: (entries) => {
      const { keys, known } = knownAfter(entries, written)
      return write(
        'setMany',
        keys,
        () => far.setMany(entries)(),
        () => known
      )
    },
    delete: (key) =>
      write(
        'delete',
        [key],
        () => far.delete(key)(),
        () => nothing
      ),
    deleteMany: (keys) =>
      write(
        'deleteMany',
        Array.from(new Set(keys)),
        () => far.deleteMany(keys)(),
        () => nothing
      ),
    touch: (key, life) =>
      write(
        'touch',
        [key],
        () => far.touch(key, life)(),
        () => unknown,
        (was) => was
      ),
    touchMany: (entries) =>
      write(
        'touchMany',
        Array.from(new Set(entries.map(([key]) => key))),
        () => far.touchMany(entries)(),
        () => unknown
      ),
    clear: (prefix) => async () => {
      tier.start()
      const answer = await tier.duringClear(prefix, () => attempt('clear', () => far.clear(prefix)()))
      return tell('clear', { _tag: 'Prefix', prefix }, answer)
    },
    ...(peek === undefined
      ? {}
      : {
          peek: (key) => {
            tier.start()
            return tier.serves(key) ? peek(key) : undefined
          }
        }),
    ...(peekEntry === undefined
      ? {}
      : {
          peekEntry: (key) => {
            tier.start()
            const entry = tier.serves(key) ? peekEntry(key) : undefined
            const by = tier.beyond(key)
            return entry === undefined || by === undefined
              ? undefined
              : // the proof: as in `aged`
                { value: entry.value, remaining: Math.floor(entry.remaining + by) as D.Duration }
          }
        }),
    ...(rawKey === undefined ? {} : { rawKey }),
    ...(rawPrefix === undefined ? {} : { rawPrefix }),
    ...(leases === undefined ? {} : { leases: leasesOf(leases) }),
    ...(deadlines.some((d) => d === undefined)
      ? {}
      : { deadline: deadlines.reduce<D.Duration>((sum, d) => D.sum(sum, d ?? D.zero), D.zero) }),
    ...(far.encodes === true || near.encodes === true ? { encodes: true } : {}),
    ...(far.lifetime === 'none' || near.lifetime === 'none' ? { lifetime: 'none' } : {})
  }
}
