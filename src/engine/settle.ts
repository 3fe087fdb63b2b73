/**
 * Stores what was loaded, under its lease, if its flight may still store. If the result of an acknowledged update is
 * not stored, nothing older may remain in the store.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { sameBytes } from '../base/bytes'
import type { Clock } from '../Clock'
import { sameStamps } from '../codecs/envelope'
import type { Arguments, Key } from '../KeyFn'
import type { RingError, StoreError } from '../RingError'
import type { Entry, Store } from '../stores/model'
import type { Entries } from './entry'
import { asRingError } from './errors'
import type { Flights } from './flights'
import type { Leasing } from './lease'
import type { Loaded, Prepared } from './model'
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

export interface Storing<Args extends Arguments, Err, A, R> {
  /**
   * Stores what was loaded, in one round trip. `removes`: the entry is deleted if the result is not to be stored.
   * Faults are recorded in the flights.
   */
  readonly keep: (loaded: ReadonlyArray<Loaded<Args, Err, A, R>>, removes: boolean) => Promise<void>
  /** Releases the lease of an answer that is not stored. Joined callers must know whether it was still held. */
  readonly letGo: (one: Pick<Loaded<Args, Err, A, R>, 'key' | 'flight' | 'claim'>) => Promise<void>
  /**
   * A purge by another process revokes no lease: callers that joined meanwhile have to look again. A store that has
   * just failed is not asked again.
   */
  readonly checkPurged: (one: Pick<Loaded<Args, Err, A, R>, 'args' | 'flight' | 'stamps'>) => Promise<void>
  /** The entry of a key; `undefined` if the store does not say. */
  readonly entryOf: (key: Key) => Promise<O.Option<Entry<R>> | undefined>
}

const sameRaw = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b))

/**
 * Whether an entry was written after an earlier read of its key: only writes and touches make the remaining lifetime
 * longer.
 */
const isNewer = <R>(is: O.Option<Entry<R>> | undefined, was: O.Option<Entry<R>> | undefined): boolean =>
  is !== undefined &&
  was !== undefined &&
  O.isSome(is) &&
  (O.isNone(was) || (is.value.remaining > was.value.remaining && !sameRaw(is.value.value, was.value.value)))

export const makeStoring = <Args extends Arguments, Err, A, R>({
  clock,
  flights,
  leasing,
  prepare,
  store,
  tags,
  telling: { emit, failed, fault, now },
  writer,
  wrote
}: Parts<Args, Err, A, R>): Storing<Args, Err, A, R> => {
  type One = Loaded<Args, Err, A, R>
  type Outcome = E.Either<StoreError, boolean>

  const letGo: Storing<Args, Err, A, R>['letGo'] = async ({ claim, flight, key }) => {
    if (leasing === undefined) return
    if (claim._tag !== 'Held') {
      flight.lost = true
      return
    }
    const holds = flight.shared ? await leasing.holds(key, claim.token) : E.right(true)
    if (E.isLeft(holds)) flight.blind = true
    if (E.isLeft(holds) || !holds.right) flight.lost = true
    void leasing.release(key, claim.token)
  }

  const entryOf = async (key: Key): Promise<O.Option<Entry<R>> | undefined> => {
    const read = await store.read(key)()
    return E.isRight(read) ? read.right : undefined
  }

  /**
   * For an update that is acknowledged but not stored, because its lease was taken: by a write, a deletion, or a later
   * update that may still fail. Its caller must not read the old entry. So the entry is removed, unless it was
   * certainly written after the update began.
   */
  const removeOlder = async ({ before, key }: One): Promise<E.Either<StoreError, void>> =>
    isNewer(await entryOf(key), await before) ? E.right(undefined) : writer.remove(key)

  /**
   * Commits one result; returns whether it was stored. The removal is part of this: an update that this one superseded
   * waits for both.
   */
  const commitOne = async (
    one: One,
    token: string,
    prepared: Prepared<R>,
    removes: boolean
  ): Promise<Outcome> => {
    const committed = await writer.commit(one.key, token, prepared)
    // if the commit of a lease failed, release it, so that no process waits for it
    if (E.isLeft(committed)) void leasing?.release(one.key, token)
    if (E.isLeft(committed) || committed.right) return committed
    one.flight.lost = true
    const removed = removes ? await removeOlder(one) : committed
    return E.isLeft(removed) ? removed : committed
  }

  /** What to write for one result; `undefined` if it is not to be stored, which has been reported. */
  const toWrite = (one: One, removes: boolean, since: number): Prepared<R> | undefined => {
    const { answer, args, claim, flight, key, stamps } = one
    if (claim._tag !== 'Held' || stamps === undefined) {
      emit(key, since, { _tag: 'Discard' }) // the store does not order writes, or cannot say what is purged
      return undefined
    }
    const prepared = prepare(answer, args, stamps)
    if (E.isLeft(prepared)) {
      flight.fault = prepared.left
      fault(key, since, prepared.left)
      return undefined
    }
    if (O.isSome(prepared.right) || removes) return prepared.right
    emit(key, since, { _tag: 'Skip' })
    return undefined
  }

  /** The fault of an update that this process may not store: the entry from before it must be removed or replaced. */
  const supersededBy = async ({ flight, key }: One, since: number): Promise<RingError | undefined> => {
    const instead = flights.overdue(flight) ? undefined : flights.superseded(key, flight)
    if (instead === undefined) {
      const removed = await flights.mutate([key], () => writer.remove(key))
      return E.isLeft(removed) ? failed(key, since, removed.left) : undefined
    }
    const ended = await instead
    return E.isLeft(ended) ? asRingError(ended.left) : undefined
  }

  const conclude = async (
    one: One,
    prepared: Prepared<R>,
    removes: boolean,
    outcome: Promise<Outcome> | undefined,
    began: number,
    since: number
  ): Promise<void> => {
    const { flight, key } = one
    if (outcome === undefined) {
      await letGo(one)
      emit(key, since, { _tag: 'Discard' })
      const superseded = removes ? await supersededBy(one, since) : undefined
      if (superseded !== undefined) flight.fault = superseded
      return
    }
    const done = await outcome
    if (E.isLeft(done)) {
      flight.fault = failed(key, since, done.left)
      flight.blind = true
      if (leasing !== undefined) flight.lost = true
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
    const writes = new Map<Key, readonly [One, Prepared<R>]>()
    const preparedOf = (key: Key): Prepared<R> => writes.get(key)?.[1] ?? O.none
    for (const one of loaded) {
      const prepared = toWrite(one, removes, since)
      if (prepared === undefined) await letGo(one)
      else writes.set(one.key, [one, prepared])
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
        const one = writes.get(key)?.[0]
        return one?.claim._tag === 'Held'
          ? commitOne(one, one.claim.token, preparedOf(key), removes)
          : Promise.resolve(E.right(false))
      }
    }
    const outcomes = await flights.commit(
      Array.from(writes, ([key, [{ flight }]]) => [key, flight] as const),
      start
    )
    await Promise.all([
      settled,
      ...Array.from(writes, ([key, [one, prepared]]) =>
        conclude(one, prepared, removes, outcomes.get(key), began, since)
      )
    ])
  }

  const checkPurged: Storing<Args, Err, A, R>['checkPurged'] = async ({ args, flight, stamps }) => {
    if (tags === undefined || stamps === undefined || !flight.shared || flight.blind || flight.lost) return
    try {
      const found = await tags.read(tags.keysOf(args))
      if (E.isLeft(found)) flight.blind = true
      if (E.isLeft(found) || !sameStamps(stamps, found.right)) flight.lost = true
    } catch {
      flight.lost = true
    }
  }

  return { keep, letGo, checkPurged, entryOf }
}
