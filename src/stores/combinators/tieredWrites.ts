/**
 * The writes of a tiered store: the far tier is written first, then the near one, then the other processes are
 * notified.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import { identity } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { hasCode } from '../../base/errorCode'
import * as D from '../../Duration'
import type { Change } from '../../Invalidation'
import type { Key } from '../../KeyFn'
import type { Operation, StoreError } from '../../RingError'
import { lastOf } from '../kit/answers'
import { attempt } from '../kit/attempt'
import { storeError } from '../kit/errors'
import type { Entry, Leases, Store } from '../model'
import type { Fill, Outcome, Tiers } from './model'

/** What the far tier has for a key after a write: an entry; no entry; `undefined` if this process cannot know it. */
type Known<R> = O.Option<Entry<R>> | undefined

const written = <R>(value: R, ttl: D.Duration): O.Option<Entry<R>> =>
  ttl > 0 ? O.some({ value, remaining: ttl }) : O.none

type WrittenEntry<A> = readonly [key: Key, value: A, ttl: D.Duration]

/** What is known after all of these entries were written. If a key is there more than once, its last entry counts. */
const knownAfter = <A, R>(
  entries: ReadonlyArray<WrittenEntry<A>>,
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

/** The far tier has the change, but the other processes were not notified. */
const untold = (operation: Operation, cause: unknown): StoreError =>
  hasCode(cause, 'ETIMEDOUT')
    ? storeError(
        operation,
        'timeout',
        'the other near tiers were not notified in time: they may serve the old value',
        cause
      )
    : storeError(
        operation,
        'failed',
        'the other near tiers could not be notified: they may serve the old value',
        cause
      )

/** Notifies the other processes of a change. A write that failed may have been done, so it is a change as well. */
const tell = async <R, A>(
  { invalidation }: Tiers<R>,
  operation: Operation,
  change: Change,
  answer: E.Either<StoreError, A>
): Outcome<A> => {
  if (invalidation === undefined) return answer
  // a third-party feed may throw
  const told = await TE.tryCatch(() => invalidation.tell(change)(), identity)().then(E.flatten)
  return E.isRight(answer) && E.isLeft(told) ? E.left(untold(operation, told.left)) : answer
}

interface TieredWrite<R, A> {
  readonly operation: Operation
  readonly keys: ReadonlyArray<Key>
  /** Writes to the far tier. */
  readonly task: () => Outcome<A>
  /** What the far tier has for each key after this answer. */
  readonly known: (answer: A) => (key: Key) => Known<R>
  /** Whether the answer says that an entry was changed (default: always). */
  readonly changes?: (answer: A) => boolean
}

const always = (): boolean => true

const write =
  <R, A>(
    tiers: Tiers<R>,
    { changes = always, keys, known, operation, task }: TieredWrite<R, A>
  ): TE.TaskEither<StoreError, A> =>
  async () => {
    const { tier } = tiers
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
      : tell(tiers, operation, { _tag: 'Keys', keys }, answer)
  }

/** After a renewed lifetime, this process does not know the value. */
const unknown = (): undefined => undefined
const nothing = (): O.Option<never> => O.none

type Writes = 'set' | 'setMany' | 'delete' | 'deleteMany' | 'touch' | 'touchMany' | 'clear'

/** The writes of a store, except those under a lease. */
export const tieredWrites = <R>(tiers: Tiers<R>): Pick<Store<R>, Writes> => {
  const { far, tier } = tiers
  return {
    set: (key, value, life) =>
      write(tiers, {
        operation: 'set',
        keys: [key],
        task: () => far.set(key, value, life)(),
        known: () => () => written(value, life)
      }),
    setMany: (entries) => {
      const { keys, known } = knownAfter(entries, written<R>)
      const task = (): Outcome<void> => far.setMany(entries)()
      return write(tiers, { operation: 'setMany', keys, task, known: () => known })
    },
    delete: (key) =>
      write(tiers, {
        operation: 'delete',
        keys: [key],
        task: () => far.delete(key)(),
        known: () => nothing
      }),
    deleteMany: (keys) =>
      write(tiers, {
        operation: 'deleteMany',
        keys: Array.from(new Set(keys)),
        task: () => far.deleteMany(keys)(),
        known: () => nothing
      }),
    touch: (key, life) =>
      write(tiers, {
        operation: 'touch',
        keys: [key],
        task: () => far.touch(key, life)(),
        known: () => unknown,
        changes: (was) => was
      }),
    touchMany: (entries) =>
      write(tiers, {
        operation: 'touchMany',
        keys: Array.from(new Set(entries.map(([key]) => key))),
        task: () => far.touchMany(entries)(),
        known: () => unknown
      }),
    clear: (prefix) => async () => {
      tier.start()
      const answer = await tier.duringClear(prefix, () => attempt('clear', () => far.clear(prefix)()))
      return tell(tiers, 'clear', { _tag: 'Prefix', prefix }, answer)
    }
  }
}

/** The leases of the far tier, whose writes go through both tiers. */
export const tieredLeases = <R>(tiers: Tiers<R>, leases: Leases<R>): Leases<R> => {
  const { tier } = tiers
  const entryOf = (value: O.Option<R>, life: D.Duration): O.Option<Entry<R>> =>
    O.chain((v: R) => written(v, life))(value)
  return {
    ...leases,
    // the entry found may be the one known here, with a slightly longer remaining lifetime in the far tier
    acquire: (key, token, life, beyond) => async () => {
      tier.start()
      const fill = tier.open(key)
      const most = beyond > 0 ? D.sum(beyond, D.milliseconds(tier.doubt(key))) : beyond
      const got = await attempt('acquire', () => leases.acquire(key, token, life, most)())
      if (fill.alive && E.isRight(got) && got.right._tag === 'Found')
        void tier.keep([[key, fill, got.right.entry]])
      else tier.close(key, fill)
      return got
    },
    commit: (key, token, value, life) =>
      write(tiers, {
        operation: 'commit',
        keys: [key],
        task: () => leases.commit(key, token, value, life)(),
        known: (stored) => () => stored ? entryOf(value, life) : undefined,
        changes: (stored) => stored
      }),
    override: (entries) => {
      const { keys, known } = knownAfter(entries, entryOf)
      const task = (): Outcome<void> => leases.override(entries)()
      return write(tiers, { operation: 'override', keys, task, known: () => known })
    }
  }
}
