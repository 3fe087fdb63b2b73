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
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import { byList } from '../base/byList'
import { defect } from '../base/defect'
import { lazily } from '../base/lazy'
import type { Soon } from '../base/soon'
import type { Clock } from '../Clock'
import type { Holding } from '../codecs/envelope'
import type { Codec } from '../codecs/model'
import { decide, type Decision, type Verdict } from '../Decision'
import * as D from '../Duration'
import type { Arguments, Key, KeyFn } from '../KeyFn'
import { leases, type Leasing } from '../policies/model'
import type { DecodeError, KeyError, StoreError } from '../RingError'
import type { Observer } from '../RingEvent'
import { inTime } from '../stores/kit/deadline'
import type { Prompt } from '../stores/kit/prompt'
import type { Store } from '../stores/model'
import { makeEntries } from './entry'
import { asKeyError } from './errors'
import { type Failures, makeFailures } from './failures'
import { type Fallbacks, makeFallbacks } from './fallbacks'
import { makeReader, type Reader } from './find'
import { type Flight, isLoading } from './flight'
import type { Flights } from './flights'
import { makeFlights } from './flights'
import { type Loads, makeLoads } from './loads'
import { makeMany, type Many } from './many'
import type { Prepared } from './model'
import type { Resolved } from './policy'
import { makeRunning, type Running } from './run'
import { makeStoring } from './settle'
import { type Stock, stockOf } from './stock'
import { epochOf, makeTags, purgeFrom, type Tags } from './tags'
import { makeTelling, type Telling } from './tell'
import type { Tended } from './timers'
import { makeUnwritten, type Unwritten } from './unwritten'
import type { Lasting, Work } from './work'
import { makeWriter, type Writer } from './write'

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
  /** Whether nobody changes the values, so that callers may share one. */
  readonly once?: boolean
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
  /** The operations of the store without promises, if it answers at once. */
  readonly atOnce?: Prompt<R> | undefined
}

export interface Engine<Args extends Arguments, Err, A, R, B>
  extends Parts<Args, Err, A, R, B>,
    Telling,
    Many<Args, Err, A, R>,
    Fallbacks<Err, A>,
    Omit<Loads<Args, Err, A, R>, 'stampsFor'> {
  readonly flights: Flights<E.Either<Err, A>>
  /** Whether another process may delete or purge an entry, and the ring has to notice: it has leases or tags. */
  readonly others: boolean
  readonly running: Running<Args, Err, A>
  readonly reader: Reader<Args, Err, A>
  readonly keyOf: (args: Args) => E.Either<KeyError, Key>
  /** The same; throws if the key function does. */
  readonly keyOfList: (args: Args) => Key
  /** For raw values that the user has read from the backend: unwraps the envelope, if there is one, and decodes. */
  readonly decode: (raw: R) => E.Either<DecodeError, A>
  /** Writes or removes in one round trip, and revokes the leases if the ring has leases. */
  readonly write: Writer<R>['write']
  /** The same for one. */
  readonly put: Writer<R>['put']
  readonly tellWrite: (key: Key, since: number, written: Prepared<R>) => void
  /** Whether an entry is served without another load, because one has failed lately. */
  readonly throttles: Failures<Err, A>['throttles']
  /** What `getOrUpdate` does with an entry of this verdict. */
  readonly decide: (key: Key, verdict: Verdict) => Decision
  /** Hides every entry that has one of these tags and whose load began before now. */
  readonly purge: (tagKeys: ReadonlyArray<Key>) => Promise<E.Either<StoreError, void>>
  readonly stock: Stock<R>
  /** Until the answer settles, a caller waits for it: timers on which it depends keep the process alive. */
  readonly tend: <W>(answer: Promise<W>) => Promise<W>
  /** The result of a command, or that of `late` if the command has waited for the store as long as it may. */
  readonly inBudget: <W>(command: Soon<W>, late: () => W, spent?: number) => Soon<W>
  /** Why values were not stored. */
  readonly unwritten: Unwritten
  /** Releases every lease that is held. */
  readonly releaseAll: () => Promise<void>
}

/** The weight of the last load in the average. */
const weight = 0.3

/** How long loads take, on average; zero before the first one. */
const makeAverage = (): { readonly note: (time: number) => void; readonly now: () => number } => {
  let average = 0
  return {
    note: (time) => {
      average = average === 0 ? time : average + weight * (time - average)
    },
    now: () => average
  }
}

/** Reports that an entry was written, or removed because the policy stores nothing. */
const tellingWrites =
  ({ emit, tellStore }: Telling, forgive: ((key: Key) => void) | undefined) =>
  (key: Key, since: number, written: Prepared<unknown>): void => {
    forgive?.(key)
    if (written._tag === 'Some') tellStore(key, since, written.value.ttl)
    else emit(key, since, { _tag: 'Skip' })
  }

/** An answer on which no timer depends. */
export const untended = <W>(answer: Promise<W>): Promise<W> => answer

const isLoadingAt = <A>(flight: Flight<A> | undefined): boolean => flight !== undefined && isLoading(flight)

const deciding =
  <Err, A>({ current }: Flights<E.Either<Err, A>>, { throttles }: Failures<Err, A>) =>
  (key: Key, found: Verdict): Decision =>
    decide(found, { loading: isLoadingAt(current(key)), throttled: throttles(key, found) })

/** The keys of lists of arguments. A key function may throw. */
const keysBy = <Args extends Arguments>(
  key: KeyFn<Args>
): Pick<Engine<Args, unknown, unknown, unknown, unknown>, 'keyOf' | 'keyOfList'> => {
  const keyOfList = byList(key)
  return {
    keyOfList,
    keyOf: (args) => {
      try {
        return { _tag: 'Right', right: keyOfList(args) }
      } catch (cause) {
        return E.left(asKeyError(cause))
      }
    }
  }
}

/** The leases of a ring whose policy asks for them. */
const leasingOf = <Args extends Arguments, Err, A, R, B>(
  { clock, policy, random, tended }: Parts<Args, Err, A, R, B>,
  stock: Stock<R>,
  { fault, now }: Telling
): Leasing<R> | undefined =>
  policy.lease === undefined || stock.leases === undefined
    ? undefined
    : policy.lease[leases]<R>({
        stock,
        leases: stock.leases,
        lease: policy.lease,
        now: clock.now,
        after: tended.after,
        background: tended.background,
        random,
        longestLoad: policy.loadTimeout,
        retryThrottle: policy.retryThrottle,
        fault: (key, error) => fault(key, now(), error)
      })

/** The generations of tags. A store that keeps nothing has nothing to hide: there a missing generation means nothing. */
const tagsIn = <Args extends Arguments, Err, A, R, B>(
  { holding, policy, store, tags }: Parts<Args, Err, A, R, B>,
  stock: Stock<R>,
  leasing: Leasing<R> | undefined
): Tags<Args> | undefined =>
  tags === undefined || store.keeps === 'nothing'
    ? undefined
    : makeTags({
        tagsOf: tags,
        store,
        stock,
        longest: store.lifetime === 'none' ? D.forever : policy.longest ?? D.zero,
        agree: leasing?.agree,
        holding
      })

export const makeEngine = <Args extends Arguments, Err, A, R, B>(
  parts: Parts<Args, Err, A, R, B>
): Engine<Args, Err, A, R, B> => {
  if (parts.store.lifetime === 'hidden' && parts.policy.ages)
    return defect('this store tells no ages: its rings have no stale windows, and no early refresh')
  const { batch, budget, clock, codec, execute, holding, key: keyFn } = parts
  const { name, observe, policy, store, tended, work } = parts
  const stock = stockOf(store, parts.atOnce, policy.lease !== undefined)
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
  const leasing = leasingOf(parts, stock, telling)
  const tags = tagsIn(parts, stock, leasing)
  const loadTime = makeAverage()
  const reader = makeReader<Args, Err, A, R>({
    clock,
    codec,
    policy,
    dueWithin: (ttl) => policy.dueWithin(ttl, loadTime.now()),
    holding,
    once: parts.once === true,
    store,
    stock,
    tags
  })
  const { decode, prepare } = makeEntries({ codec, policy, holding, tagged: tags !== undefined })
  const writer = makeWriter(stock, policy.lease === undefined ? undefined : stock.leases)

  const tellWrite = tellingWrites(telling, policy.ages ? failures.forgive : undefined)
  const keys = keysBy(keyFn)
  const storing = makeStoring<Args, Err, A, R>({
    clock,
    flights,
    leasing,
    prepare,
    tags,
    telling,
    writer,
    dates: reader.remembers,
    wrote: (key, began, since, written) => {
      if (reader.remembers) reader.wrote(key, began)
      tellWrite(key, since, written)
    }
  })
  const running = makeRunning({ name, execute, batch })
  const { stampsFor, ...loads } = makeLoads<Args, Err, A, R>({
    atOnce: stock.atOnce,
    after: tended.after,
    batches: batch !== undefined,
    budget,
    clock,
    epoch: parts.tags === undefined ? () => 0 : () => epoch().count,
    failures,
    flights,
    keyOf: keys.keyOf,
    lasting: parts.lasting,
    leasing,
    policy,
    reader,
    running,
    storing,
    tags,
    telling,
    took: loadTime.note,
    work
  })

  const inBudget: Engine<Args, Err, A, R, B>['inBudget'] = (command, late, spent = 0) =>
    inTime(budget - spent, tended.after, command, late)

  const many = makeMany<Args, Err, A, R>({
    inBudget: store.encodes === true ? inBudget : undefined,
    prepare,
    reader,
    stampsFor,
    tags
  })

  return {
    ...parts,
    ...telling,
    ...makeFallbacks({ after: tended.after, allows: failures.allows, clock, policy }),
    ...loads,
    ...many,
    flights,
    others: policy.lease !== undefined || tags !== undefined,
    running,
    reader,
    ...keys,
    decode,
    write: writer.write,
    put: writer.put,
    stock,
    tend: stock.atOnce && policy.lease === undefined && !policy.limited ? untended : tended.during,
    tellWrite,
    throttles: failures.throttles,
    decide: deciding(flights, failures),
    purge: purgeFrom(store, epoch),
    inBudget,
    unwritten,
    releaseAll: leasing?.releaseAll ?? (() => Promise.resolve())
  }
}
