/**
 * What becomes of what was loaded: it is stored under its lease while its flight may still store, or it is not, and then
 * nothing older may stay behind an update that is acknowledged.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import type { Clock } from '../Clock'
import type { Arguments, Key } from '../KeyFn'
import type { RingError, StoreError } from '../RingError'
import type { Entry, Store } from '../Store'
import { attempt } from './attempt'
import type { Entries, Prepared } from './entries'
import { sameBytes, sameStamps } from './envelope'
import { asRingError } from './errors'
import type { Flights } from './flights'
import type { Leasing } from './leasing'
import type { Loaded } from './loading'
import type { Tags } from './tags'
import type { Telling } from './telling'
import type { Writer } from './writer'

interface Parts<Args extends Arguments, Err, A, R> {
  readonly clock: Clock
  readonly flights: Flights<E.Either<Err, A>>
  readonly leasing: Leasing<R> | undefined
  readonly prepare: Entries<Args, Err, A, R>['prepare']
  readonly store: Store<R>
  readonly tags: Tags<Args> | undefined
  readonly telling: Telling
  readonly writer: Writer<R>
  /** An entry was written, or removed, at some time. */
  readonly wrote: (key: Key, began: number, since: number, written: Prepared<R>) => void
}

export interface Storing<Args extends Arguments, Err, A, R> {
  /**
   * Stores what was loaded, in one trip. `removes`: what is not to be stored is to be deleted. Faults end in the flights.
   */
  readonly keep: (loaded: ReadonlyArray<Loaded<Args, Err, A, R>>, removes: boolean) => Promise<void>
  /** Gives the lease back of an answer that is not stored. Who joined it must know whether it was still held. */
  readonly letGo: (one: Pick<Loaded<Args, Err, A, R>, 'key' | 'flight' | 'claim'>) => Promise<void>
  /**
   * A purge by another process takes no lease away: where it came while others joined, they have to look again. A store
   * that has just failed is not asked again.
   */
  readonly checkPurged: (one: Pick<Loaded<Args, Err, A, R>, 'args' | 'flight' | 'stamps'>) => Promise<void>
  /** The entry of a key, as far as the store tells. */
  readonly entryOf: (key: Key) => Promise<O.Option<Entry<R>> | undefined>
}

const sameRaw = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b))

/** Whether an entry was written after another look at its key: lives only become shorter, but for writes and touches. */
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
    const read = await attempt('read', () => store.read(key)())
    return E.isRight(read) ? read.right : undefined
  }

  /**
   * An update that is acknowledged and not stored, as its lease was taken: by a write, a deletion, or an update that began
   * later and may yet fail. Its caller must not read what was there before, so that goes, unless it was surely written
   * after the update began.
   */
  const removeOlder = async ({ before, key }: One): Promise<E.Either<StoreError, void>> =>
    isNewer(await entryOf(key), await before) ? E.right(undefined) : writer.remove(key)

  /** Whether it was stored. The removal is a part of it: an update that this one took the place of waits for both. */
  const commitOne = async (
    one: One,
    token: string,
    prepared: Prepared<R>,
    removes: boolean
  ): Promise<Outcome> => {
    const committed = await writer.commit(one.key, token, prepared)
    if (E.isLeft(committed) || committed.right) return committed
    one.flight.lost = true
    const removed = removes ? await removeOlder(one) : committed
    return E.isLeft(removed) ? removed : committed
  }

  /** What is to be written for one; nothing where it is not to be stored, which has been told. */
  const toWrite = (one: One, removes: boolean, since: number): Prepared<R> | undefined => {
    const { answer, args, claim, flight, key, stamps } = one
    if (claim._tag !== 'Held' || stamps === undefined) {
      emit(key, since, { _tag: 'Discard' }) // a store that does not order writes, or cannot say what is purged
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

  /** The fault of an update that may not be stored, in this process: what was there before it must be gone, or be replaced. */
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

  /** In the tick of the writes, so that a store that batches makes one trip of both. */
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
