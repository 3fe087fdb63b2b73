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
import { storeFailed } from '../RingError'
import type { Observer, RingEvent } from '../RingEvent'
import type { Entry, Store } from '../Store'
import { defect } from './defect'
import { makeEntries, type Prepared } from './entries'
import { type Holding, sameBytes, sameStamps, type Stamp } from './envelope'
import { asKeyError, asRingError, failedAt, isInvalid, thrownBy } from './errors'
import type { Flight, Flights } from './flights'
import { makeFlights, newFlight } from './flights'
import { lazily } from './lazy'
import { type Claim, makeLeasing, type Mode } from './leasing'
import { isServable, makeReader, type Reader, type Seen, servedAs } from './reader'
import { makeRecent } from './recent'
import type { Resolved } from './resolved'
import { epochOf, makeTags, type Stamps } from './tags'
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

/** One key that is being loaded: for whom, by which flight, and what was found of it before. */
export interface Loading<Args extends Arguments, Err, A> {
  readonly key: Key
  readonly args: Args
  readonly flight: Flight<E.Either<Err, A>>
  readonly seen: Seen<Err, A> | undefined
}

/**
 * `waits`: whether the answer waits for the write. `removes`: whether what is not to be stored is to be deleted. `mode`: how
 * a lease is asked for; `none` where the store has just failed, and who asked has waited for it already.
 */
export interface How {
  readonly waits: boolean
  readonly removes: boolean
  readonly mode: Mode | 'none'
}

/** Who may load, what its entry is stamped with, and, of an update, what was there when it began. */
interface Ready<Err, A, R> {
  readonly claim: Claim<Seen<Err, A>>
  readonly stamps: ReadonlyArray<Stamp> | undefined
  readonly before?: Promise<O.Option<Entry<R>> | undefined>
}

type Loaded<Args extends Arguments, Err, A, R> = Loading<Args, Err, A> &
  Ready<Err, A, R> & { readonly answer: E.Either<Err, A> }

type Details<T> = T extends unknown ? Omit<T, 'ring' | 'key' | 'duration'> : never

export interface Engine<Args extends Arguments, Err, A, R, B> extends Parts<Args, Err, A, R, B> {
  readonly flights: Flights<E.Either<Err, A>>
  readonly reader: Reader<Args, Err, A>
  readonly now: () => number
  readonly emit: (key: Key, since: number, details: Details<RingEvent>) => void
  readonly fault: (key: Key, since: number, error: RingError) => void
  /** Tells a failure of a command, and says what it is to its caller. */
  readonly failed: (key: Key, since: number, error: RingError) => RingError
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
  /** What `getOrUpdate` does with what was found. */
  readonly decide: (key: Key, verdict: Verdict) => Decision
  /** Takes the keys, runs the function, stores what it brings, lets go of the keys, and answers in their flights. */
  readonly begin: (loading: ReadonlyArray<Loading<Args, Err, A>>, how: How) => void
  /** Loads in the background what nobody loads yet. */
  readonly refresh: (wanted: ReadonlyArray<Omit<Loading<Args, Err, A>, 'flight'>>) => void
  /** Loads without looking, whatever is under way; a write that fails is a failure, and has been told. */
  readonly update: (
    keys: ReadonlyArray<Key>,
    argsList: ReadonlyArray<Args>
  ) => Promise<E.Either<RingError, ReadonlyArray<E.Either<Err, A>>>>
  /** `begin` for one key whose flight has an answer already. */
  readonly load: (loading: Loading<Args, Err, A>, how: How) => Promise<E.Either<Err, A>>
  /** Runs the function for a list of arguments: through `batch`, where there is one and they are more than one. */
  readonly run: (argsList: ReadonlyArray<Args>) => Promise<ReadonlyArray<E.Either<Err, A>>>
  /** Hides every entry that has one of these tags and whose load has begun by now. */
  readonly purge: (tagKeys: ReadonlyArray<Key>) => Promise<E.Either<StoreError, void>>
}

const silent = (): void => undefined

const isThenable = (u: unknown): u is PromiseLike<unknown> =>
  typeof u === 'object' && u !== null && 'then' in u && typeof u.then === 'function'

/** An answer that waits for nothing, where there is neither a lease nor a tag. */
const freely: Ready<never, never, never> = { claim: { _tag: 'Held', token: '', waited: false }, stamps: [] }
const unheld: Claim<never> = { _tag: 'Unheld' }

const sameRaw = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b))

/** How much the last load weighs in the average. */
const weight = 0.3

export const makeEngine = <Args extends Arguments, Err, A, R, B>(
  parts: Parts<Args, Err, A, R, B>
): Engine<Args, Err, A, R, B> => {
  const { batch, clock, codec, execute, key: keyFn, name, observe, policy, random, holding, store } = parts
  const { leases } = store
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
  const longest = store.lifetime === 'none' ? D.forever : policy.constant?.() ?? D.zero
  const tags = parts.tags === undefined ? undefined : makeTags(parts.tags, store, longest, leasing?.agree)
  /** Of loads that have failed: any, and those whose error the policy serves a stale entry for. */
  const throttle = makeRecent()
  const excused = makeRecent()
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
  const { decode, encode, prepare } = makeEntries({ codec, policy, holding, tagged: tags !== undefined })
  const { commitAll, write } = makeWriter(store, leasing === undefined ? undefined : leases, encode)
  const now = observe === undefined ? () => 0 : clock.now

  const emit: Engine<Args, Err, A, R, B>['emit'] =
    observe === undefined
      ? silent
      : (key, since, details) => {
          try {
            // the proof: `details` is one of the events without what is added here
            const done: unknown = observe({ ...details, ring: name, key, duration: clock.now() - since })()
            // an `async` observer passes for one, and may reject
            if (isThenable(done)) done.then(silent, silent)
          } catch {
            // law 30: an observer changes nothing
          }
        }
  const fault = (key: Key, since: number, error: RingError): void => {
    emit(
      key,
      since,
      isInvalid(error) ? { _tag: 'Invalid', error } : { _tag: 'Fault', operation: failedAt(error), error }
    )
  }

  const failed = (key: Key, since: number, cause: RingError): RingError => {
    const error = cause._tag === 'StoreError' ? asRingError(cause) : cause
    fault(key, since, error)
    return error
  }
  const forgive = (key: Key): void => {
    throttle.forget(key)
    excused.forget(key)
  }
  const tellWrite = (key: Key, since: number, written: Prepared<R>): void => {
    forgive(key)
    emit(key, since, O.isSome(written) ? { _tag: 'Store', ttl: written.value.ttl } : { _tag: 'Skip' })
  }

  const keyOf = (args: Args): E.Either<KeyError, Key> => {
    try {
      return { _tag: 'Right', right: keyFn(...args) }
    } catch (cause) {
      return E.left(asKeyError(cause))
    }
  }

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

  const run = async (argsList: ReadonlyArray<Args>): Promise<ReadonlyArray<E.Either<Err, A>>> => {
    if (batch === undefined || argsList.length < 2) {
      return Promise.all(argsList.map((args) => execute(...args)()))
    }
    const answers = await batch(argsList)()
    // nobody can say which answer belongs to which arguments: a defect, like a function that throws
    return answers.length === argsList.length
      ? answers
      : defect(
          `batch was given ${String(argsList.length)} lists of arguments and gave ${String(
            answers.length
          )} answers`
        )
  }

  /** An answer that needs no lease any more, and is not stored. Who joined it must know whether it was still held. */
  const letGo = async (key: Key, flight: Flight<E.Either<Err, A>>, claim: Claim<unknown>): Promise<void> => {
    if (claim._tag !== 'Held' || leasing === undefined) return
    if (flight.shared && !(await leasing.holds(key, claim.token))) flight.lost = true
    void leasing.release(key, claim.token)
  }

  /** A purge by another process takes no lease away: where it came while others joined, they have to look again. */
  const checkPurged = async ({ args, flight, stamps }: Loaded<Args, Err, A, R>): Promise<void> => {
    if (tags === undefined || leasing === undefined || !flight.shared) return
    try {
      const found = await tags.read(tags.keysOf(args))
      if (E.isLeft(found) || !sameStamps(stamps ?? [], found.right)) flight.lost = true
    } catch {
      flight.lost = true
    }
  }

  /** Stores what was loaded, in one trip, where its flight may still store. Faults end in the flights. */
  const keep = async (loaded: ReadonlyArray<Loaded<Args, Err, A, R>>, removes: boolean): Promise<void> => {
    await writeAll(loaded, removes)
    if (leasing !== undefined) await Promise.all(loaded.map(checkPurged))
  }

  const writeAll = async (
    loaded: ReadonlyArray<Loaded<Args, Err, A, R>>,
    removes: boolean
  ): Promise<void> => {
    const since = now()
    const began = clock.now()
    const writes = new Map<Key, readonly [Loaded<Args, Err, A, R>, Prepared<R>]>()
    for (const one of loaded) {
      const { args, claim, flight, key, stamps } = one
      if (claim._tag !== 'Held' || stamps === undefined) {
        await letGo(key, flight, claim)
        emit(key, since, { _tag: 'Discard' }) // a store that does not order writes, or cannot say what is purged
        continue
      }
      const prepared = prepare(one.answer, args, stamps)
      if (E.isLeft(prepared)) {
        await letGo(key, flight, claim)
        flight.fault = prepared.left
        fault(key, since, prepared.left)
      } else if (O.isSome(prepared.right) || removes) {
        writes.set(key, [one, prepared.right])
      } else {
        await letGo(key, flight, claim)
        emit(key, since, { _tag: 'Skip' })
      }
    }
    if (writes.size === 0) return
    let stored: ReadonlySet<Key> = new Set()
    let lost: ReadonlySet<Key> = new Set()
    const answer = await flights.commit(
      Array.from(writes, ([key, [{ flight }]]) => [key, flight] as const),
      async (keys) => {
        stored = keys
        if (leasing === undefined)
          return write(Array.from(keys, (key) => [key, writes.get(key)?.[1] ?? O.none] as const))
        const committed = await commitAll(
          Array.from(keys).flatMap((key) => {
            const found = writes.get(key)
            if (found === undefined) return []
            const [{ answer, claim, stamps = [] }, prepared] = found
            return claim._tag === 'Held' ? [{ key, token: claim.token, answer, stamps, prepared }] : []
          })
        )
        if (E.isRight(committed)) lost = committed.right
        // as a part of the write, for an update that this one took the place of waits for it
        const taken = removes ? Array.from(lost).flatMap((key) => writes.get(key)?.[0] ?? []) : []
        await Promise.all(taken.map(removeOlder))
        return committed
      }
    )
    for (const [key, [one, prepared]] of writes) {
      const { claim, flight } = one
      if (answer === undefined || !stored.has(key)) {
        await letGo(key, flight, claim)
        emit(key, since, { _tag: 'Discard' })
        const late = removes && flights.overdue(flight)
        if (late) await flights.mutate([key], () => removeOlder(one).then(() => E.right(undefined)))
        const instead = removes && !late ? await flights.superseded(key) : undefined
        if (instead !== undefined && E.isLeft(instead)) flight.fault = asRingError(instead.left)
      } else if (E.isLeft(answer)) {
        flight.fault = failed(key, since, answer.left)
      } else if (lost.has(key)) {
        flight.lost = true
        emit(key, since, { _tag: 'Discard' })
      } else {
        reader.wrote(key, began)
        tellWrite(key, since, prepared)
      }
    }
  }

  /** The entry of a key, as far as the store tells. */
  const entryOf = async (key: Key): Promise<O.Option<Entry<R>> | undefined> => {
    try {
      const read = await store.read(key)()
      return E.isRight(read) ? read.right : undefined
    } catch {
      return undefined
    }
  }

  /** Whether an entry was written after another look at its key: lives only become shorter, but for writes and touches. */
  const isNewer = (is: O.Option<Entry<R>> | undefined, was: O.Option<Entry<R>> | undefined): boolean =>
    is !== undefined &&
    was !== undefined &&
    O.isSome(is) &&
    (O.isNone(was) || (is.value.remaining > was.value.remaining && !sameRaw(is.value.value, was.value.value)))

  /**
   * An update that was acknowledged and is not stored: its lease was taken, by a write, a deletion, or an update that
   * began later and may yet fail; or it took too long. Its caller must not read what was there before, so that goes,
   * unless it was surely written after the update began.
   */
  const removeOlder = async ({ before, flight, key }: Loaded<Args, Err, A, R>): Promise<void> => {
    if (leasing !== undefined && isNewer(await entryOf(key), await before)) return
    try {
      const removed = await store.delete(key)()
      if (E.isLeft(removed)) flight.fault = failed(key, now(), removed.left)
    } catch (cause) {
      flight.fault = failed(key, now(), storeFailed('delete')(cause))
    }
  }

  /** Whether arguments still have their key: who holds an object among them may change it while a ring waits. */
  const unchanged = ({ args, key }: Loading<Args, Err, A>): boolean => {
    const now = keyOf(args)
    return E.isRight(now) && now.right === key
  }

  /** The generations of the tags of some arguments, drawn where there are none. */
  const stampsFor = async (
    args: Args,
    found: Stamps | undefined
  ): Promise<E.Either<RingError, ReadonlyArray<Stamp>>> => {
    if (tags === undefined) return E.right([])
    try {
      const keys = tags.keysOf(args)
      const stamps = found !== undefined ? E.right(found) : await tags.read(keys)
      return E.isLeft(stamps) ? stamps : await tags.complete(keys, stamps.right)
    } catch (cause) {
      return E.left(thrownBy('get')(cause))
    }
  }

  const claimOf = (one: Loading<Args, Err, A>, mode: Mode): Promise<Claim<Seen<Err, A>>> | Claim<never> => {
    if (leasing === undefined) return freely.claim as Claim<never>
    return leasing.claim<Seen<Err, A>>({
      key: one.key,
      mode,
      patient: one.seen?.answer !== undefined,
      beyond: one.seen?.remaining ?? D.zero,
      recheck: async () => {
        const again = await reader.look(one.key, one.args)
        return E.isRight(again) && isServable(again.right) ? again.right : undefined
      }
    })
  }

  /** What must be there before the function runs: a lease, and the generations of the tags. */
  const ready = async (
    one: Loading<Args, Err, A>,
    mode: How['mode'],
    since: number
  ): Promise<Ready<Err, A, R>> => {
    if (mode === 'none') return { claim: unheld, stamps: undefined }
    const { args, flight, key, seen } = one
    const purges = tags === undefined ? 0 : epoch().count
    const before = seen?.stamps !== undefined && flight.epoch === purges ? seen.stamps : undefined
    const [claim, early] = await Promise.all([claimOf(one, mode), stampsFor(args, before)])
    if (claim._tag === 'Unheld' && claim.fault !== undefined) flight.fault = failed(key, since, claim.fault)
    const late = claim._tag === 'Held' && claim.waited && tags !== undefined
    const stamps = late ? await stampsFor(args, undefined) : early
    if (E.isLeft(stamps)) {
      fault(key, since, stamps.left)
      flight.fault = stamps.left
    }
    return {
      claim,
      stamps: E.isLeft(stamps) ? undefined : stamps.right,
      ...(mode === 'seize' ? { before: entryOf(key) } : {})
    }
  }

  /** What a flight answers that need not load: somebody else has, or does. */
  const answered = (
    { flight, key, seen }: Loading<Args, Err, A>,
    claim: Claim<Seen<Err, A>>
  ): E.Either<Err, A> | undefined => {
    const found = claim._tag === 'Served' ? claim.seen : claim._tag === 'Left' ? seen : undefined
    if (found?.answer === undefined) return undefined
    flight.served = servedAs(found.verdict)
    // it was read before now: who joined may have asked after it was deleted elsewhere, and looks for himself
    flight.lost = flight.shared
    flights.release(key, flight)
    return found.answer
  }

  /**
   * Loads several keys, of which others may be loading some: those are waited for one by one, and hold up nobody.
   */
  const loadMany = async (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    how: How
  ): Promise<ReadonlyArray<E.Either<Err, A> | Promise<E.Either<Err, A>>>> => {
    if (leasing === undefined || loading.length < 2 || how.mode !== 'wait') return load(loading, how)
    const since = now()
    const prepared = await Promise.all(loading.map((one) => ready(one, 'try', since)))
    const isBusy = (i: number): boolean =>
      prepared[i]?.claim._tag === 'Left' && loading[i]?.seen?.answer === undefined
    const places = Array.from(loading.keys()).filter((i) => !isBusy(i))
    // the proof, here and below: places of the list
    const free = places.map((i) => loading[i] as Loading<Args, Err, A>)
    const loaded = load(
      free,
      how,
      places.map((i) => prepared[i] as Ready<Err, A, R>)
    )
    return loading.map((one, i) =>
      isBusy(i)
        ? load([one], how).then(([answer]) => answer as E.Either<Err, A>)
        : loaded.then((answers) => answers[places.indexOf(i)] as E.Either<Err, A>)
    )
  }

  /** Runs the function for these flights, stores what it brings, and lets go of their keys. */
  const load = async (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    { mode, removes, waits }: How,
    given?: ReadonlyArray<Ready<Err, A, R>>
  ): Promise<ReadonlyArray<E.Either<Err, A>>> => {
    const since = now()
    const prepared =
      given ??
      (leasing === undefined && tags === undefined
        ? undefined
        : await Promise.all(loading.map((one) => ready(one, mode, since))))
    const answers = loading.map((one, i) =>
      prepared === undefined ? undefined : answered(one, prepared[i]?.claim ?? unheld)
    )
    const rest = loading.flatMap((one, i) =>
      answers[i] === undefined ? [{ ...one, ...(prepared?.[i] ?? freely) }] : []
    )
    const loaded = rest.length === 0 ? [] : await loadAll(rest, since)
    const kept = keep(
      rest.flatMap((one, i): ReadonlyArray<Loaded<Args, Err, A, R>> => {
        const answer = loaded[i]
        if (answer === undefined || !worthKeeping(one, answer)) {
          void letGo(one.key, one.flight, one.claim)
          return []
        }
        if (!one.flight.spoiled && unchanged(one)) return [{ ...one, answer }]
        void letGo(one.key, one.flight, one.claim)
        emit(one.key, since, { _tag: 'Discard' }) // nobody can say whose value it is
        return []
      }),
      removes
    ).finally(() => {
      for (const { key, flight } of rest) flights.release(key, flight)
    })
    if (waits) await kept
    else void kept
    let next = 0
    // the proof: what was not answered was loaded
    const all = answers.map((answer) => answer ?? (loaded[next++] as E.Either<Err, A>))
    return policy.strict
      ? all.map((answer, i) => {
          const failed = loading[i]?.flight.fault
          // the proof: `strict` has RingError in Err (the policy's type says so)
          return E.isRight(answer) && failed !== undefined ? E.left(failed as Err) : answer
        })
      : all
  }

  /** Runs the function, while leases are kept alive, and learns from how it went. */
  const loadAll = async (
    loading: ReadonlyArray<Loading<Args, Err, A> & Ready<Err, A, R>>,
    since: number
  ): Promise<ReadonlyArray<E.Either<Err, A>>> => {
    for (const one of loading) one.flight.spoiled = !unchanged(one)
    const began = clock.now()
    const stop =
      leasing === undefined
        ? []
        : loading.flatMap(({ claim, key }) =>
            claim._tag === 'Held' ? [leasing.keepAlive(key, claim.token)] : []
          )
    let answers: ReadonlyArray<E.Either<Err, A>> = []
    try {
      answers = await run(loading.map(({ args }) => args))
      return answers
    } finally {
      const ended = clock.now()
      loadTime = loadTime === 0 ? ended - began : loadTime + weight * (ended - began - loadTime)
      stop.forEach((end) => end())
      loading.forEach((one, i) => {
        const { claim, flight, key } = one
        const answer = answers[i]
        flight.loaded = true
        const ok = answer !== undefined && E.isRight(answer)
        emit(key, since, { _tag: 'Load', ok, size: loading.length })
        if (policy.ages && ok) {
          forgive(key)
        } else if (policy.ages) {
          throttle.note(key, ended + policy.retryThrottle)
          if (answer !== undefined && excuses(answer)) excused.note(key, ended + policy.retryThrottle)
        }
        if (answer === undefined) void letGo(key, flight, claim) // it threw
        if (answer === undefined || !worthKeeping(one, answer)) flights.release(key, flight)
      })
    }
  }

  /** Whether a stale entry is served for an error. A predicate of the user's that throws excuses nothing. */
  const excuses = (answer: E.Either<Err, A>): boolean => {
    try {
      return E.isLeft(answer) && policy.windows.staleIfError > 0 && policy.staleWhen(answer.left)
    } catch {
      return false
    }
  }

  /** An error is stored where the policy chooses it, and there is no entry to serve instead, as far as anybody looked. */
  const worthKeeping = ({ seen }: Loading<Args, Err, A>, answer: E.Either<Err, A>): boolean => {
    if (E.isRight(answer)) return true
    const nothingThere = seen !== undefined && seen.answer === undefined
    try {
      return policy.negative?.when(answer.left) === true && (nothingThere || !excuses(answer))
    } catch {
      return false
    }
  }

  /** Without `batch` every key is loaded and stored by itself, so that a slow one holds up nobody. */
  const begin = (loading: ReadonlyArray<Loading<Args, Err, A>>, how: How): void => {
    for (const { flight, key } of loading) {
      flight.loading = true
      flights.hold(key, flight)
    }
    const groups = batch === undefined ? loading.map((one) => [one]) : loading.length === 0 ? [] : [loading]
    for (const group of groups) {
      // a tick later: a function that asks the ring for another of these keys must find an answer to wait for
      const answers = Promise.resolve().then(() => loadMany(group, how))
      group.forEach(({ flight }, i) => {
        // the proof: `load` answers as many as it was given
        flight.answer = answers.then((all) => all[i] as E.Either<Err, A>)
        flight.answer.catch(silent) // whoever joined hears of it; perhaps nobody did
      })
    }
  }

  const refresh: Engine<Args, Err, A, R, B>['refresh'] = (wanted) => {
    const loading = wanted
      .filter(({ key }) => flights.current(key) === undefined)
      .map((one) => ({ ...one, flight: newFlight<E.Either<Err, A>>(false, clock.now()) }))
    begin(loading, { waits: true, removes: false, mode: 'try' })
  }

  const update: Engine<Args, Err, A, R, B>['update'] = async (keys, argsList) => {
    const loading = new Map<Key, Loading<Args, Err, A>>()
    argsList.forEach((args, i) => {
      const key = keys[i]
      if (key === undefined || loading.has(key)) return
      loading.set(key, { key, args, flight: newFlight(false, clock.now()), seen: undefined })
    })
    begin(Array.from(loading.values()), { waits: true, removes: true, mode: 'seize' })
    // the proof: every key has a flight
    const flights = keys.map((key) => (loading.get(key) as Loading<Args, Err, A>).flight)
    const answers = await Promise.all(flights.map(({ answer }) => answer))
    const failed = flights.find((flight) => flight.fault !== undefined)?.fault
    return failed === undefined ? E.right(answers) : E.left(failed)
  }

  const prepareAll: Engine<Args, Err, A, R, B>['prepareAll'] = async (entries) => {
    const all = await Promise.all(
      entries.map(async ([args, value]): Promise<E.Either<RingError, Prepared<R>>> => {
        const stamps = tags === undefined ? E.right([]) : await stampsFor(args, undefined)
        return E.isLeft(stamps) ? stamps : prepare(E.right(value), args, stamps.right)
      })
    )
    return E.sequenceArray(all)
  }

  const purge: Engine<Args, Err, A, R, B>['purge'] = async (tagKeys) => {
    // loads that began before it ended are joined by nobody who comes after; what they store is stamped, so hidden
    const shared = epoch()
    shared.count++
    try {
      return await store.deleteMany(tagKeys)()
    } catch (cause) {
      return E.left(storeFailed('deleteMany')(cause))
    } finally {
      shared.count++
    }
  }

  return {
    ...parts,
    flights,
    reader,
    now,
    emit,
    fault,
    failed,
    keyOf,
    decode,
    prepareAll,
    write,
    tellWrite,
    lookEach,
    decide: (key, found) =>
      decide(found, {
        loading: flights.current(key)?.loading === true,
        throttled: (found === 'expired' ? excused : throttle).holds(key, clock.now())
      }),
    begin,
    refresh,
    update,
    load: (loading, how) => {
      loading.flight.loading = true
      flights.hold(loading.key, loading.flight)
      // the proof: one is asked, one is answered
      return load([loading], how).then(([answer]) => answer as E.Either<Err, A>)
    },
    run,
    purge
  }
}
