/**
 * Stores what was loaded, under its lease, if its flight may still store. If the result of an acknowledged update is
 * not stored, nothing older may remain in the store.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { allSoon, andThen, isLater, type Soon } from '../base/soon'
import type { Clock } from '../Clock'
import type { Arguments, Key } from '../KeyFn'
import { freely, type Leasing } from '../policies/model'
import type { StoreError } from '../RingError'
import type { Entries } from './entry'
import { ages, blinds, fails } from './flight'
import type { Flights } from './flights'
import { type Lost, makeLost } from './lost'
import { type Loaded, type Loading, type Prepared } from './model'
import { onPrepared, onWritten } from './next'
import { makeSupersede } from './supersede'
import type { Tags } from './tags'
import type { Telling } from './tell'
import { type Writer, written } from './write'

interface Parts<Args extends Arguments, Err, A, R> {
  readonly clock: Clock
  readonly flights: Flights<E.Either<Err, A>>
  readonly leasing: Leasing<R> | undefined
  readonly prepare: Entries<Args, Err, A, R>['prepare']
  readonly tags: Tags<Args> | undefined
  readonly telling: Telling
  readonly writer: Writer<R>
  /** Whether the time of a write is asked for. */
  readonly dates: boolean
  /** Records that an entry was written or removed. */
  readonly wrote: (key: Key, began: number, since: number, written: Prepared<R>) => void
}

export interface Storing<Args extends Arguments, Err, A, R> extends Lost<Args, Err, A, R> {
  /**
   * Stores what was loaded. `removes`: the entry is deleted if the result is not to be stored. Faults are recorded in
   * the flight.
   */
  readonly keep: (one: Loaded<Args, Err, A, R>, removes: boolean) => Soon<void>
  /** The same for a ring in memory, without leases and tags. */
  readonly keepNow: (loading: Loading<Args, Err, A>, answer: E.Either<Err, A>, removes: boolean) => Soon<void>
  /** The same for many, in one round trip. */
  readonly keepMany: (loaded: ReadonlyArray<Loaded<Args, Err, A, R>>, removes: boolean) => Soon<unknown>
}

/** A result that is to be stored, and how. */
interface Write<One, R> {
  readonly one: One
  readonly prepared: Prepared<R>
  readonly removes: boolean
  /** The time before the write. */
  readonly began: number
  /** The same for events. */
  readonly since: number
}

type Outcome = E.Either<StoreError, boolean>

const stored: E.Either<never, boolean> = /*#__PURE__*/ E.right(true)
const refused: E.Either<never, boolean> = /*#__PURE__*/ E.right(false)

const noStamps: ReadonlyArray<never> = []
const nothingPrepared: E.Either<never, O.None> = /*#__PURE__*/ E.right(O.none as O.None)

/** A load in memory, whose write was refused. */
const overtaken = <Args extends Arguments, Err, A, R>(
  { args, flight, key, seen }: Loading<Args, Err, A>,
  answer: E.Either<Err, A>,
  removes: boolean,
  since: number
): Write<Loaded<Args, Err, A, R>, R> => ({
  one: {
    key,
    args,
    flight,
    seen,
    claim: freely,
    stamps: noStamps,
    answer
  },
  prepared: O.none,
  removes,
  began: 0,
  since
})

const asStored = (written: E.Either<StoreError, void>): Outcome => (E.isLeft(written) ? written : stored)

/** Writes under a lease; without one the write is refused. */
const committing =
  <Args extends Arguments, Err, A, R>(leasing: Leasing<R> | undefined) =>
  ({
    one: { before, claim, flight, key },
    prepared,
    removes
  }: Write<Loaded<Args, Err, A, R>, R>): Soon<Outcome> =>
    leasing === undefined || claim._tag !== 'Held'
      ? refused
      : leasing.commit({
          key,
          token: claim.token,
          entry: written(prepared),
          removes: onWritten('lost', removes, false) === 'RemoveOlder',
          before,
          onLost: () => ages(flight)
        })

export const makeStoring = <Args extends Arguments, Err, A, R>({
  clock,
  dates,
  flights,
  leasing,
  prepare,
  tags,
  telling,
  writer,
  wrote
}: Parts<Args, Err, A, R>): Storing<Args, Err, A, R> => {
  type One = Loaded<Args, Err, A, R>
  const { emit, failed, fault, now } = telling
  const { checkPurged, letGo } = makeLost<Args, Err, A, R>(leasing, tags)
  const supersededBy = makeSupersede<Args, Err, A, R>({ flights, telling, writer })

  /** What to write for one result; `undefined` if it is not to be stored, which has been reported. */
  const toWrite = (one: One, removes: boolean): Write<One, R> | undefined => {
    const { answer, args, claim, flight, key, stamps } = one
    const since = now()
    const able = claim._tag === 'Held' && stamps !== undefined
    const prepared = able ? prepare(answer, args, stamps) : nothingPrepared
    if (prepared._tag === 'Left') {
      fails(flight, prepared.left)
      fault(key, since, prepared.left)
      return undefined
    }
    const choice = onPrepared(able, prepared.right._tag === 'Some', removes)
    if (choice === 'Write' || choice === 'Remove')
      return { one, prepared: prepared.right, removes, began: dates ? clock.now() : 0, since }
    // `Discard`: the store does not order writes, or cannot say what is purged
    emit(key, since, { _tag: choice })
    return undefined
  }

  /** What follows a write, or its refusal: `undefined`. */
  const conclude = (
    { began, one, prepared, removes, since }: Write<One, R>,
    outcome: Outcome | undefined
  ): Soon<void> => {
    const { flight, key } = one
    if (outcome === undefined)
      return andThen(letGo(one), () => {
        emit(key, since, { _tag: 'Discard' })
        return removes
          ? andThen(supersededBy(one, since), (superseded) => {
              if (superseded !== undefined) fails(flight, superseded)
            })
          : undefined
      })
    const how = outcome._tag === 'Left' ? 'failed' : outcome.right ? 'done' : 'lost'
    switch (onWritten(how, false, false)) {
      case 'Stored':
        return wrote(key, began, since, prepared)
      case 'Faulted':
        if (outcome._tag === 'Left') fails(flight, failed(key, since, outcome.left))
        blinds(flight)
        if (leasing !== undefined) ages(flight)
        return
      default:
        return emit(key, since, { _tag: 'Discard' })
    }
  }

  /** In the tick of the write, so that a store that batches sends both in one round trip. */
  const settle = ({ one: { args, stamps }, prepared }: Write<One, R>): Soon<unknown> =>
    tags === undefined || prepared._tag === 'None' ? undefined : tags.settle(args, stamps ?? [])

  const underLease = committing<Args, Err, A, R>(leasing)

  const keep: Storing<Args, Err, A, R>['keep'] = (one, removes) => {
    const write = toWrite(one, removes)
    if (write === undefined) return letGo(one)
    const settled = settle(write)
    const begin =
      leasing === undefined
        ? () => andThen(writer.put(one.key, write.prepared), asStored)
        : () => underLease(write)
    const concluded = andThen(flights.commit(one.flight, begin), (outcome) => conclude(write, outcome))
    return isLater(settled) ? settled.then(() => concluded) : concluded
  }

  const keepNow: Storing<Args, Err, A, R>['keepNow'] = (loading, answer, removes) => {
    const { args, flight, key } = loading
    const since = now()
    const prepared = prepare(answer, args, noStamps)
    if (prepared._tag === 'Left') {
      fails(flight, prepared.left)
      fault(key, since, prepared.left)
      return
    }
    const what = prepared.right
    if (what._tag === 'None' && !removes) return emit(key, since, { _tag: 'Skip' })
    const outcome = flights.commit(flight, () => writer.put(key, what))
    return andThen(outcome, (done): Soon<void> => {
      if (done === undefined) return conclude(overtaken(loading, answer, removes, since), undefined)
      if (done._tag === 'Right') return wrote(key, 0, since, what)
      fails(flight, failed(key, since, done.left))
      blinds(flight)
    })
  }

  const ends = { conclude, letGo, settle, toWrite, underLease }
  return {
    keep,
    keepNow,
    keepMany: makeKeepMany({ flights, leasing, writer }, ends),
    letGo,
    checkPurged
  }
}

/** The stages of a write, for one key or for many. */
interface Ends<One, R> {
  readonly toWrite: (one: One, removes: boolean) => Write<One, R> | undefined
  readonly letGo: (one: One) => Soon<void>
  readonly settle: (write: Write<One, R>) => Soon<unknown>
  readonly underLease: (write: Write<One, R>) => Soon<Outcome>
  readonly conclude: (write: Write<One, R>, outcome: Outcome | undefined) => Soon<void>
}

const makeKeepMany = <Args extends Arguments, Err, A, R>(
  { flights, leasing, writer }: Pick<Parts<Args, Err, A, R>, 'flights' | 'leasing' | 'writer'>,
  { conclude, letGo, settle, toWrite, underLease }: Ends<Loaded<Args, Err, A, R>, R>
): Storing<Args, Err, A, R>['keepMany'] => {
  type One = Loaded<Args, Err, A, R>
  return (loaded, removes) => {
    const writes = new Map<Key, Write<One, R>>()
    const others: Array<Soon<unknown>> = []
    for (const one of loaded) {
      const write = toWrite(one, removes)
      if (write === undefined) others.push(letGo(one))
      else writes.set(one.key, write)
    }
    for (const write of writes.values()) others.push(settle(write))
    const start = (keys: ReadonlySet<Key>): ((key: Key) => Soon<Outcome>) => {
      if (leasing === undefined) {
        const pairs = Array.from(keys, (key) => [key, writes.get(key)?.prepared ?? O.none] as const)
        const written = andThen(writer.write(pairs), asStored)
        return () => written
      }
      return (key) => {
        const write = writes.get(key)
        return write === undefined ? refused : underLease(write)
      }
    }
    const flightsOf = Array.from(writes.values(), ({ one }) => one.flight)
    const concluded = andThen(flights.commitMany(flightsOf, start), (outcomes) =>
      allSoon(
        Array.from(writes, ([key, write]) =>
          andThen(outcomes.get(key) as Soon<Outcome | undefined>, (outcome) => conclude(write, outcome))
        )
      )
    )
    return allSoon([...others, concluded])
  }
}
