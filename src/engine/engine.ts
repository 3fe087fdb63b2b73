/**
 * The building blocks of the commands: key, lookup, load and write of one ring, with its flights, leases and events.
 * The programs over them are in `commands.ts`.
 *
 * Hot path: every hit runs through this file, so it uses promises directly. A pipe of `TaskEither` combinators would
 * cost 15 microtask ticks instead of one.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import { defect } from '../base/defect'
import { lazily } from '../base/lazy'
import { startIdleTimer } from '../base/timer'
import type { Clock } from '../Clock'
import type { Holding } from '../codecs/envelope'
import type { Codec } from '../codecs/model'
import { decide, type Decision, type Verdict } from '../Decision'
import * as D from '../Duration'
import type { Arguments, Key, KeyFn } from '../KeyFn'
import type { DecodeError, KeyError, RingError, StoreError } from '../RingError'
import type { Observer } from '../RingEvent'
import { inTime } from '../stores/kit/deadline'
import type { Store } from '../stores/model'
import { makeEntries } from './entry'
import { asKeyError, tooLate } from './errors'
import { type Failures, makeFailures } from './failures'
import { makeReader, type Reader } from './find'
import type { Flights } from './flights'
import { makeFlights } from './flights'
import { makeLeasing } from './lease'
import { type Loads, makeLoads } from './load'
import type { Prepared, Seen } from './model'
import type { Resolved } from './policy'
import { makeRunning, type Running } from './run'
import { makeStoring } from './settle'
import { epochOf, makeTags } from './tags'
import { makeTelling, type Telling } from './tell'
import type { Tended } from './timers'
import { makeUnwritten, type Unwritten } from './unwritten'
import type { Lasting, Work } from './work'
import { makeWriter } from './write'

export interface Parts<Args extends Arguments, Err, A, R, B> {
  readonly name: string
  readonly key: KeyFn<Args>
  readonly codec: Codec<A, R>
  readonly store: Store<R, B>
  readonly execute: (...args: Args) => TE.TaskEither<Err, A>
  readonly batch: ((argsList: ReadonlyArray<Args>) => T.Task<ReadonlyArray<E.Either<Err, A>>>) | undefined
  readonly policy: Resolved<Args, Err, A>
  readonly tags: ((...args: Args) => ReadonlyArray<string>) | undefined
  readonly holding: Holding
  readonly observe: Observer | undefined
  /** Whether faults that no observer receives become warnings (default: yes). */
  readonly warnings?: boolean
  readonly clock: Clock
  readonly random: () => number
  /** How long a call may wait for the store in total. */
  readonly budget: D.Duration
  readonly tended: Tended
  readonly work: Work
  /** Registers work that may outlive the request that began it. */
  readonly lasting: Lasting | undefined
}

export interface Engine<Args extends Arguments, Err, A, R, B>
  extends Parts<Args, Err, A, R, B>,
    Telling,
    Omit<Loads<Args, Err, A>, 'stampsFor'> {
  readonly flights: Flights<E.Either<Err, A>>
  readonly running: Running<Args, Err, A>
  readonly reader: Reader<Args, Err, A>
  readonly keyOf: (args: Args) => E.Either<KeyError, Key>
  /** For raw values that the user has read from the backend: unwraps the envelope, if there is one, and decodes. */
  readonly decode: (raw: R) => E.Either<DecodeError, A>
  /** Values in the form in which they are stored, with the current generations of their tags. */
  readonly prepareAll: (
    entries: ReadonlyArray<readonly [args: Args, value: A]>
  ) => Promise<E.Either<RingError, ReadonlyArray<Prepared<R>>>>
  /** Writes or removes in one round trip, and revokes the leases if the ring has leases. */
  readonly write: (writes: ReadonlyArray<readonly [Key, Prepared<R>]>) => Promise<E.Either<StoreError, void>>
  readonly tellWrite: (key: Key, since: number, written: Prepared<R>) => void
  /**
   * What the store has for some keys, in one round trip. For arguments without a key, the error stays in its position.
   */
  readonly lookEach: (
    keys: ReadonlyArray<E.Either<KeyError, Key>>,
    argsList: ReadonlyArray<Args>
  ) => Promise<ReadonlyArray<E.Either<RingError, Seen<Err, A>>>>
  /** Whether the policy serves a stale entry instead of an error. */
  readonly allows: Failures<Err, A>['allows']
  /** What `getOrUpdate` does with an entry of this verdict. */
  readonly decide: (key: Key, verdict: Verdict) => Decision
  /** Hides every entry that has one of these tags and whose load began before now. */
  readonly purge: (tagKeys: ReadonlyArray<Key>) => Promise<E.Either<StoreError, void>>
  /** The result of a command, or that of `late` if the command has waited for the store as long as it may. */
  readonly inBudget: <W>(command: Promise<W>, late: () => W, spent?: number) => Promise<W>
  /** Why values were not stored. */
  readonly unwritten: Unwritten
  /** Releases every lease that is held. */
  readonly releaseAll: () => Promise<void>
}

/** The weight of the last load in the average. */
const weight = 0.3

export const makeEngine = <Args extends Arguments, Err, A, R, B>(
  parts: Parts<Args, Err, A, R, B>
): Engine<Args, Err, A, R, B> => {
  const { batch, budget, clock, codec, execute, holding, key: keyFn } = parts
  const { name, observe, policy, random, store, tended, work } = parts
  const leases = policy.lease === undefined ? undefined : store.leases
  const unwritten = makeUnwritten(clock)
  const telling = makeTelling({
    name,
    prefix: keyFn.prefix,
    clock,
    observe,
    warnings: parts.warnings !== false,
    unwritten
  })
  const failures = makeFailures(policy, clock, (error) => telling.fault('', telling.now(), error))
  const epoch = lazily(() => epochOf(store))
  const flights = makeFlights<E.Either<Err, A>>(
    clock,
    policy.loadTimeout,
    parts.tags === undefined ? undefined : () => epoch().count,
    policy.lease !== undefined
  )
  const leasing =
    policy.lease === undefined || leases === undefined
      ? undefined
      : makeLeasing<R>({
          store,
          leases,
          lease: policy.lease,
          now: clock.now,
          after: tended.after,
          background: clock.background ?? clock.after ?? startIdleTimer,
          random,
          longestLoad: policy.loadTimeout,
          fault: (key, error) => telling.fault(key, telling.now(), error)
        })
  if (store.lifetime === 'hidden' && policy.ages) {
    return defect('this store tells no ages: its rings have no stale windows, and no early refresh')
  }
  const longest = store.lifetime === 'none' ? D.forever : policy.longest ?? D.zero
  // a store that keeps nothing has nothing to hide: there a missing generation means nothing
  const tags =
    parts.tags === undefined || store.keeps === 'nothing'
      ? undefined
      : makeTags(parts.tags, store, longest, leasing?.agree, holding)
  let loadTime = 0
  const reader = makeReader<Args, Err, A, R>({
    clock,
    codec,
    policy,
    dueWithin: (ttl) => policy.dueWithin(ttl, loadTime),
    holding,
    store,
    tags
  })
  const { decode, prepare } = makeEntries({ codec, policy, holding, tagged: tags !== undefined })
  const writer = makeWriter(store, leases)

  const tellWrite = (key: Key, since: number, written: Prepared<R>): void => {
    failures.forgive(key)
    telling.emit(
      key,
      since,
      written._tag === 'Some' ? { _tag: 'Store', ttl: written.value.ttl } : { _tag: 'Skip' }
    )
  }

  const keyOf = (args: Args): E.Either<KeyError, Key> => {
    try {
      return { _tag: 'Right', right: keyFn(...args) }
    } catch (cause) {
      return E.left(asKeyError(cause))
    }
  }

  const storing = makeStoring<Args, Err, A, R>({
    clock,
    flights,
    leasing,
    prepare,
    store,
    tags,
    telling,
    writer,
    wrote: (key, began, since, written) => {
      reader.wrote(key, began)
      tellWrite(key, since, written)
    }
  })
  const running = makeRunning({ name, execute, batch })
  const { stampsFor, ...loads } = makeLoads<Args, Err, A, R>({
    after: tended.after,
    batches: batch !== undefined,
    budget,
    clock,
    epoch: parts.tags === undefined ? () => 0 : () => epoch().count,
    failures,
    flights,
    keyOf,
    lasting: parts.lasting,
    leasing,
    policy,
    reader,
    running,
    storing,
    tags,
    telling,
    took: (time) => {
      loadTime = loadTime === 0 ? time : loadTime + weight * (time - loadTime)
    },
    work
  })

  const inBudget: Engine<Args, Err, A, R, B>['inBudget'] = (command, late, spent = 0) =>
    inTime(budget - spent, tended.after, command, late)

  /** If an encoding store cannot decode one entry, the others are read one by one: a second round trip. */
  const lookEach: Engine<Args, Err, A, R, B>['lookEach'] = (keys, argsList) =>
    store.encodes === true
      ? inBudget(lookThem(keys, argsList), () => keys.map(() => E.left(tooLate('getMany'))))
      : lookThem(keys, argsList)

  const lookThem: Engine<Args, Err, A, R, B>['lookEach'] = async (keys, argsList) => {
    const asked: Array<Key> = []
    for (const key of keys) if (E.isRight(key)) asked.push(key.right)
    if (asked.length === keys.length) return reader.lookAll(asked, argsList)
    const found = await reader.lookAll(
      asked,
      argsList.filter((_, i) => keys[i]?._tag === 'Right')
    )
    let next = 0
    // SAFETY: one answer for each key that was read
    return keys.map((key) => (E.isLeft(key) ? key : (found[next++] as (typeof found)[number])))
  }

  const prepareAll: Engine<Args, Err, A, R, B>['prepareAll'] = async (entries) => {
    const all = await Promise.all(
      entries.map(async ([args, value]): Promise<E.Either<RingError, Prepared<R>>> => {
        const stamps = tags === undefined ? E.right([]) : await stampsFor(args, undefined)
        if (E.isLeft(stamps)) return stamps
        const prepared = prepare(E.right(value), args, stamps.right)
        // at the same time as the write, which does not wait for it
        if (E.isRight(prepared) && O.isSome(prepared.right)) void tags?.settle(args, stamps.right)
        return prepared
      })
    )
    return E.sequenceArray(all)
  }

  const purge: Engine<Args, Err, A, R, B>['purge'] = async (tagKeys) => {
    // a later caller does not join a load that began before the purge ended; what such a load stores is stamped, so it
    // is hidden
    const shared = epoch()
    shared.count++
    const purged = await store.deleteMany(tagKeys)()
    shared.count++
    return purged
  }

  return {
    ...parts,
    ...telling,
    ...loads,
    flights,
    running,
    reader,
    keyOf,
    decode,
    prepareAll,
    write: writer.write,
    tellWrite,
    lookEach,
    allows: failures.allows,
    decide: (key, found) =>
      decide(found, {
        loading: flights.current(key)?.loading === true,
        throttled: failures.throttles(key, found)
      }),
    purge,
    inBudget,
    unwritten,
    releaseAll: leasing?.releaseAll ?? (() => Promise.resolve())
  }
}
