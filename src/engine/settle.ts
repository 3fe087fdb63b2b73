/**
 * Stores what was loaded, under its lease, if its flight may still store. If the result of an acknowledged update is
 * not stored, nothing older may remain in the store.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import type { Clock } from '../Clock'
import type { Arguments, Key } from '../KeyFn'
import type { StoreError } from '../RingError'
import type { Store } from '../stores/model'
import type { Entries } from './entry'
import { ages, blinds, fails } from './flight'
import type { Flights } from './flights'
import type { Leasing } from './lease'
import { type Lost, makeLost } from './lost'
import type { Loaded, Prepared } from './model'
import { makeSupersede, type Supersede } from './supersede'
import type { Tags } from './tags'
import type { Telling } from './tell'
import type { Writer } from './write'

interface Parts<Args extends Arguments, Err, A, R> {
  readonly clock: Clock
  readonly flights: Flights<E.Either<Err, A>>
  readonly leasing: Leasing<R> | undefined
  readonly prepare: Entries<Args, Err, A, R>['prepare']
  readonly store: Store<R>
  readonly tags: Tags<Args> | undefined
  readonly telling: Telling
  readonly writer: Writer<R>
  /** Records that an entry was written or removed. */
  readonly wrote: (key: Key, began: number, since: number, written: Prepared<R>) => void
}

export interface Storing<Args extends Arguments, Err, A, R>
  extends Lost<Args, Err, A, R>,
    Pick<Supersede<Args, Err, A, R>, 'entryOf'> {
  /**
   * Stores what was loaded, in one round trip. `removes`: the entry is deleted if the result is not to be stored.
   * Faults are recorded in the flights.
   */
  readonly keep: (loaded: ReadonlyArray<Loaded<Args, Err, A, R>>, removes: boolean) => Promise<void>
}

/** A result that is to be stored, and how. */
interface Write<One, R> {
  readonly one: One
  readonly prepared: Prepared<R>
  /** The time before the write. */
  readonly began: number
  /** The same for events. */
  readonly since: number
}

export const makeStoring = <Args extends Arguments, Err, A, R>({
  clock,
  flights,
  leasing,
  prepare,
  store,
  tags,
  telling,
  writer,
  wrote
}: Parts<Args, Err, A, R>): Storing<Args, Err, A, R> => {
  type One = Loaded<Args, Err, A, R>
  type Outcome = E.Either<StoreError, boolean>
  const { emit, failed, fault, now } = telling
  const { checkPurged, letGo } = makeLost<Args, Err, A, R>(leasing, tags)
  const { commit, entryOf, supersededBy } = makeSupersede<Args, Err, A, R>({
    flights,
    leasing,
    store,
    telling,
    writer
  })

  /** What to write for one result; `undefined` if it is not to be stored, which has been reported. */
  const toWrite = (one: One, removes: boolean, since: number): Prepared<R> | undefined => {
    const { answer, args, claim, flight, key, stamps } = one
    if (claim._tag !== 'Held' || stamps === undefined) {
      emit(key, since, { _tag: 'Discard' }) // the store does not order writes, or cannot say what is purged
      return undefined
    }
    const prepared = prepare(answer, args, stamps)
    if (E.isLeft(prepared)) {
      fails(flight, prepared.left)
      fault(key, since, prepared.left)
      return undefined
    }
    if (O.isSome(prepared.right) || removes) return prepared.right
    emit(key, since, { _tag: 'Skip' })
    return undefined
  }

  const conclude = async (
    { began, one, prepared, since }: Write<One, R>,
    outcome: Promise<Outcome> | undefined,
    removes: boolean
  ): Promise<void> => {
    const { flight, key } = one
    if (outcome === undefined) {
      await letGo(one)
      emit(key, since, { _tag: 'Discard' })
      const superseded = removes ? await supersededBy(one, since) : undefined
      if (superseded !== undefined) fails(flight, superseded)
      return
    }
    const done = await outcome
    if (E.isLeft(done)) {
      fails(flight, failed(key, since, done.left))
      blinds(flight)
      if (leasing !== undefined) ages(flight)
    } else if (done.right) wrote(key, began, since, prepared)
    else emit(key, since, { _tag: 'Discard' })
  }

  /** In the tick of the writes, so that a store that batches sends both in one round trip. */
  const settle = (written: ReadonlyArray<One>): Promise<unknown> | undefined =>
    tags === undefined
      ? undefined
      : Promise.all(written.map(({ args, stamps }) => tags.settle(args, stamps ?? [])))

  const keep: Storing<Args, Err, A, R>['keep'] = async (loaded, removes) => {
    const since = now()
    const began = clock.now()
    const writes = new Map<Key, Write<One, R>>()
    const preparedOf = (key: Key): Prepared<R> => writes.get(key)?.prepared ?? O.none
    for (const one of loaded) {
      const prepared = toWrite(one, removes, since)
      if (prepared === undefined) await letGo(one)
      else writes.set(one.key, { one, prepared, began, since })
    }
    if (writes.size === 0) return
    const settled = settle(loaded.filter(({ key }) => O.isSome(preparedOf(key))))
    const start = (keys: ReadonlySet<Key>): ((key: Key) => Promise<Outcome>) => {
      if (leasing === undefined) {
        const written = writer
          .write(Array.from(keys, (key) => [key, preparedOf(key)] as const))
          .then(E.map(() => true))
        return () => written
      }
      return (key) => {
        const one = writes.get(key)?.one
        return one?.claim._tag === 'Held'
          ? commit(one, one.claim.token, preparedOf(key), removes)
          : Promise.resolve(E.right(false))
      }
    }
    const outcomes = await flights.commit(
      Array.from(writes.values(), ({ one }) => one.flight),
      start
    )
    await Promise.all([
      settled,
      ...Array.from(writes, ([key, write]) => conclude(write, outcomes.get(key), removes))
    ])
  }

  return { keep, letGo, checkPurged, entryOf }
}
