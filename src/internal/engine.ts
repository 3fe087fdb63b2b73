/**
 * What the commands are made of: key, lookup, load and write of one ring, with its flights, its leases and its events.
 * The programs over it are in `Command.ts`.
 *
 * It is written with promises by hand: a hit runs through it, and a pipe of `TaskEither` combinators costs 15
 * microtask ticks where this costs one.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import type { Clock } from '../Clock'
import type { Codec } from '../Codec'
import { decide, type Decision, type Verdict } from '../Decision'
import * as D from '../Duration'
import type { Arguments, Key, KeyFn } from '../KeyFn'
import type { DecodeError, KeyError, RingError, StoreError } from '../RingError'
import type { Observer } from '../RingEvent'
import type { Store } from '../Store'
import { attempt } from './attempt'
import { defect } from './defect'
import { makeEntries, type Prepared } from './entries'
import type { Holding } from './envelope'
import { asKeyError } from './errors'
import { type Failures, makeFailures } from './failures'
import type { Flights } from './flights'
import { makeFlights } from './flights'
import { lazily } from './lazy'
import { makeLeasing } from './leasing'
import { type Loads, makeLoads } from './loading'
import { makeReader, type Reader, type Seen } from './reader'
import type { Resolved } from './resolved'
import { makeStoring } from './storing'
import { epochOf, makeTags } from './tags'
import { makeTelling, type Telling } from './telling'
import { makeWriter } from './writer'

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
  readonly clock: Clock
  readonly random: () => number
}

export interface Engine<Args extends Arguments, Err, A, R, B>
  extends Parts<Args, Err, A, R, B>,
    Telling,
    Omit<Loads<Args, Err, A>, 'stampsFor'> {
  readonly flights: Flights<E.Either<Err, A>>
  readonly reader: Reader<Args, Err, A>
  readonly keyOf: (args: Args) => E.Either<KeyError, Key>
  /** For what was read from the backend by hand: out of its envelope, where entries have one. */
  readonly decode: (raw: R) => E.Either<DecodeError, A>
  /** Values as they are to be stored, with the generations that their tags have now. */
  readonly prepareAll: (
    entries: ReadonlyArray<readonly [args: Args, value: A]>
  ) => Promise<E.Either<RingError, ReadonlyArray<Prepared<R>>>>
  /** Writes, or removes, in one trip, and takes the leases away where the ring has leases. */
  readonly write: (writes: ReadonlyArray<readonly [Key, Prepared<R>]>) => Promise<E.Either<StoreError, void>>
  readonly tellWrite: (key: Key, since: number, written: Prepared<R>) => void
  /** What the store has for some keys, in one trip; the errors of arguments that have none stay in their places. */
  readonly lookEach: (
    keys: ReadonlyArray<E.Either<KeyError, Key>>,
    argsList: ReadonlyArray<Args>
  ) => Promise<ReadonlyArray<E.Either<RingError, Seen<Err, A>>>>
  /** Whether the policy serves a stale entry for an error. */
  readonly allows: Failures<Err, A>['allows']
  /** What `getOrUpdate` does with what was found. */
  readonly decide: (key: Key, verdict: Verdict) => Decision
  /** Hides every entry that has one of these tags and whose load has begun by now. */
  readonly purge: (tagKeys: ReadonlyArray<Key>) => Promise<E.Either<StoreError, void>>
}

/** How much the last load weighs in the average. */
const weight = 0.3

export const makeEngine = <Args extends Arguments, Err, A, R, B>(
  parts: Parts<Args, Err, A, R, B>
): Engine<Args, Err, A, R, B> => {
  const { batch, clock, codec, execute, holding, key: keyFn, name, observe, policy, random, store } = parts
  const leases = policy.lease === undefined ? undefined : store.leases
  const telling = makeTelling(name, clock, observe)
  const failures = makeFailures(policy, clock)
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
      : makeLeasing(store, leases, policy.lease, clock, random, policy.loadTimeout)
  if (store.lifetime === 'hidden' && policy.ages) {
    return defect('this store tells no ages: its rings have no stale windows, and no early refresh')
  }
  const longest = store.lifetime === 'none' ? D.forever : policy.constant?.() ?? D.zero
  // what is not kept is not hidden: there a generation that is gone says nothing
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
  const { stampsFor, ...loads } = makeLoads<Args, Err, A, R>({
    batch,
    clock,
    epoch: parts.tags === undefined ? () => 0 : () => epoch().count,
    execute,
    failures,
    flights,
    keyOf,
    leasing,
    policy,
    reader,
    storing,
    tags,
    telling,
    took: (time) => {
      loadTime = loadTime === 0 ? time : loadTime + weight * (time - loadTime)
    }
  })

  const lookEach: Engine<Args, Err, A, R, B>['lookEach'] = async (keys, argsList) => {
    const asked: Array<Key> = []
    for (const key of keys) if (E.isRight(key)) asked.push(key.right)
    if (asked.length === keys.length) return reader.lookAll(asked, argsList)
    const found = await reader.lookAll(
      asked,
      argsList.filter((_, i) => keys[i]?._tag === 'Right')
    )
    let next = 0
    // the proof: one answer for each that was asked for
    return keys.map((key) => (E.isLeft(key) ? key : (found[next++] as (typeof found)[number])))
  }

  const prepareAll: Engine<Args, Err, A, R, B>['prepareAll'] = async (entries) => {
    const all = await Promise.all(
      entries.map(async ([args, value]): Promise<E.Either<RingError, Prepared<R>>> => {
        const stamps = tags === undefined ? E.right([]) : await stampsFor(args, undefined)
        if (E.isLeft(stamps)) return stamps
        const prepared = prepare(E.right(value), args, stamps.right)
        // beside the write, which does not wait for it
        if (E.isRight(prepared) && O.isSome(prepared.right)) void tags?.settle(args, stamps.right)
        return prepared
      })
    )
    return E.sequenceArray(all)
  }

  const purge: Engine<Args, Err, A, R, B>['purge'] = async (tagKeys) => {
    // loads that began before it ended are joined by nobody who comes after; what they store is stamped, so hidden
    const shared = epoch()
    shared.count++
    const purged = await attempt('deleteMany', () => store.deleteMany(tagKeys)())
    shared.count++
    return purged
  }

  return {
    ...parts,
    ...telling,
    ...loads,
    flights,
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
    purge
  }
}
