/**
 * Loads: who may run the function, the function itself, and the answers of the flights that wait for it.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as O from 'fp-ts/Option'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import type { Clock } from '../Clock'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import type { KeyError, RingError } from '../RingError'
import type { Entry } from '../Store'
import { defect } from './defect'
import type { Stamp } from './envelope'
import { thrownBy } from './errors'
import type { Failures } from './failures'
import type { Flight, Flights } from './flights'
import { newFlight } from './flights'
import type { Claim, Leasing, Mode } from './leasing'
import { isServable, type Reader, type Seen, servedAs } from './reader'
import { makeRecent } from './recent'
import type { Resolved } from './resolved'
import type { Storing } from './storing'
import type { Stamps, Tags } from './tags'
import type { Telling } from './telling'

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
export interface Ready<Err, A, R> {
  readonly claim: Claim<Seen<Err, A>>
  readonly stamps: ReadonlyArray<Stamp> | undefined
  /** Ends the renewal of the lease. */
  readonly stop?: (() => void) | undefined
  readonly before?: Promise<O.Option<Entry<R>> | undefined>
}

/** What a load brought, and whether it is to be stored. */
export type Loaded<Args extends Arguments, Err, A, R> = Loading<Args, Err, A> &
  Ready<Err, A, R> & { readonly answer: E.Either<Err, A>; readonly keeps: boolean }

interface Parts<Args extends Arguments, Err, A, R> {
  readonly batch: ((argsList: ReadonlyArray<Args>) => T.Task<ReadonlyArray<E.Either<Err, A>>>) | undefined
  readonly clock: Clock
  /** How many purges this process has made. */
  readonly epoch: () => number
  readonly execute: (...args: Args) => TE.TaskEither<Err, A>
  readonly failures: Failures<Err, A>
  readonly flights: Flights<E.Either<Err, A>>
  readonly keyOf: (args: Args) => E.Either<KeyError, Key>
  readonly leasing: Leasing<R> | undefined
  readonly policy: Resolved<Args, Err, A>
  readonly reader: Reader<Args, Err, A>
  readonly storing: Storing<Args, Err, A, R>
  readonly tags: Tags<Args> | undefined
  readonly telling: Telling
  /** How long a load took. */
  readonly took: (time: number) => void
}

export interface Loads<Args extends Arguments, Err, A> {
  /** Takes the keys, runs the function, stores what it brings, lets go of the keys, and answers in their flights. */
  readonly begin: (loading: ReadonlyArray<Loading<Args, Err, A>>, how: How) => void
  /** `begin` for one key whose flight has an answer already. */
  readonly load: (loading: Loading<Args, Err, A>, how: How) => Promise<E.Either<Err, A>>
  /** Loads in the background what nobody loads yet. */
  readonly refresh: (wanted: ReadonlyArray<Omit<Loading<Args, Err, A>, 'flight'>>) => void
  /** Loads without looking, whatever is under way; a write that fails is a failure, and has been told. */
  readonly update: (
    keys: ReadonlyArray<Key>,
    argsList: ReadonlyArray<Args>
  ) => Promise<E.Either<RingError, ReadonlyArray<E.Either<Err, A>>>>
  /** Runs the function for a list of arguments: through `batch`, where there is one and they are more than one. */
  readonly run: (argsList: ReadonlyArray<Args>) => Promise<ReadonlyArray<E.Either<Err, A>>>
  /** The generations of the tags of some arguments, drawn where there are none. */
  readonly stampsFor: (
    args: Args,
    found: Stamps | undefined
  ) => Promise<E.Either<RingError, ReadonlyArray<Stamp>>>
}

const silent = (): void => undefined

const unheld: Claim<never> = { _tag: 'Unheld' }
const freely: Claim<never> = { _tag: 'Held', token: '', waited: false }
/** What waits for nothing, where there is neither a lease nor a tag. */
const readily: Ready<never, never, never> = { claim: freely, stamps: [] }

export const makeLoads = <Args extends Arguments, Err, A, R>({
  batch,
  clock,
  epoch,
  execute,
  failures,
  flights,
  keyOf,
  leasing,
  policy,
  reader,
  storing: { checkPurged, entryOf, keep, letGo },
  tags,
  telling: { emit, failed, fault, now },
  took
}: Parts<Args, Err, A, R>): Loads<Args, Err, A> => {
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

  /** Whether arguments still have their key: who holds an object among them may change it while a ring waits. */
  const unchanged = ({ args, key }: Loading<Args, Err, A>): boolean => {
    const now = keyOf(args)
    return E.isRight(now) && now.right === key
  }

  // -----------------------------------------------------------------------------------
  // before the function runs
  // -----------------------------------------------------------------------------------

  const stampsFor: Loads<Args, Err, A>['stampsFor'] = async (args, found) => {
    if (tags === undefined) return E.right([])
    try {
      const keys = tags.keysOf(args)
      const stamps = found !== undefined ? E.right(found) : await tags.read(keys)
      return E.isLeft(stamps) ? stamps : await tags.complete(keys, stamps.right)
    } catch (cause) {
      return E.left(thrownBy('get')(cause))
    }
  }

  /** Keys that another process was found to load: for a while nobody here tries to load them in the background. */
  const busy = makeRecent()
  const pauseOf = (remaining: D.Duration): number => Math.min(remaining, policy.retryThrottle)

  const claimOf = (one: Loading<Args, Err, A>, mode: Mode): Promise<Claim<Seen<Err, A>>> | Claim<never> =>
    leasing === undefined
      ? freely
      : leasing.claim<Seen<Err, A>>({
          key: one.key,
          mode,
          patient: one.seen?.answer !== undefined,
          beyond: one.seen?.remaining ?? D.zero,
          recheck: async () => {
            const again = await reader.look(one.key, one.args)
            return E.isRight(again) && isServable(again.right) ? again.right : undefined
          }
        })

  /** What must be there before the function runs: a lease, and the generations of the tags. */
  const ready = async (
    one: Loading<Args, Err, A>,
    mode: How['mode'],
    since: number
  ): Promise<Ready<Err, A, R>> => {
    const { args, flight, key, seen } = one
    if (mode === 'none') {
      flight.blind = true
      return { claim: unheld, stamps: undefined }
    }
    let stop: (() => void) | undefined
    const claiming = async (): Promise<Claim<Seen<Err, A>>> => {
      const claim = await claimOf(one, mode)
      if (claim._tag === 'Held') stop = leasing?.keepAlive(key, claim.token)
      if (claim._tag === 'Left' && mode === 'try') busy.note(key, clock.now() + pauseOf(claim.remaining))
      return claim
    }
    const before = seen?.stamps !== undefined && flight.epoch === epoch() ? seen.stamps : undefined
    const [claim, early] = await Promise.all([
      leasing === undefined ? freely : claiming(),
      stampsFor(args, before)
    ])
    if (claim._tag === 'Unheld' && claim.fault !== undefined) {
      flight.fault = failed(key, since, claim.fault)
      flight.blind = true
    }
    const late = claim._tag === 'Held' && claim.waited && tags !== undefined
    const stamps = late ? await stampsFor(args, undefined) : early
    if (E.isLeft(stamps)) {
      fault(key, since, stamps.left)
      flight.fault = stamps.left
      flight.blind = true
    }
    return {
      claim,
      stop,
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

  // -----------------------------------------------------------------------------------
  // the function, and after it
  // -----------------------------------------------------------------------------------

  /** An error is stored where the policy chooses it, and there is no entry to serve instead, as far as anybody looked. */
  const worthKeeping = ({ seen }: Loading<Args, Err, A>, answer: E.Either<Err, A>): boolean => {
    if (E.isRight(answer)) return true
    const nothingThere = seen !== undefined && seen.answer === undefined
    try {
      return policy.negative?.when(answer.left) === true && (nothingThere || !failures.excuses(answer))
    } catch {
      return false
    }
  }

  /** Runs the function, while leases are kept alive, and learns from how it went. */
  const loadAll = async (
    loading: ReadonlyArray<Loading<Args, Err, A> & Ready<Err, A, R>>,
    since: number
  ): Promise<ReadonlyArray<Loaded<Args, Err, A, R>>> => {
    for (const one of loading) {
      one.flight.spoiled = !unchanged(one)
      flights.began(one.flight)
    }
    const began = clock.now()
    let answers: ReadonlyArray<E.Either<Err, A>> = []
    try {
      answers = await run(loading.map(({ args }) => args))
    } finally {
      const ended = clock.now()
      for (const { stop } of loading) stop?.()
      if (answers.some(E.isRight)) took(ended - began)
      loading.forEach(({ flight, key }, i) => {
        const answer = answers[i]
        flight.loaded = true
        emit(key, since, { _tag: 'Load', ok: answer?._tag === 'Right', size: loading.length })
        failures.note(key, ended, answer)
      })
      if (answers.length === 0) {
        // it threw
        for (const { key, flight } of loading) flights.release(key, flight)
        await Promise.all(loading.map((one) => letGo(one).then(() => checkPurged(one))))
      }
    }
    return loading.map((one, i) => {
      const answer = answers[i] as E.Either<Err, A> // the proof: `run` answers as many as it was given
      const keeps = worthKeeping(one, answer)
      if (!keeps) flights.release(one.key, one.flight)
      return { ...one, answer, keeps }
    })
  }

  /** Stores what is worth it, and lets go of the rest. */
  const conclude = async (
    loaded: ReadonlyArray<Loaded<Args, Err, A, R>>,
    removes: boolean,
    since: number
  ): Promise<void> => {
    const isKept = (one: Loaded<Args, Err, A, R>): boolean =>
      one.keeps && !one.flight.spoiled && unchanged(one)
    const kept: Array<Loaded<Args, Err, A, R>> = []
    const others: Array<Loaded<Args, Err, A, R>> = []
    for (const one of loaded) (isKept(one) ? kept : others).push(one)
    for (const { keeps, key } of others) {
      if (keeps) emit(key, since, { _tag: 'Discard' }) // nobody can say whose value it is
    }
    try {
      await Promise.all([keep(kept, removes), ...others.map(letGo)])
      await Promise.all(loaded.map(checkPurged))
    } finally {
      for (const { key, flight } of loaded) flights.release(key, flight)
    }
  }

  /** Runs the function for these flights, stores what it brings, and lets go of their keys. */
  const loadEach = async (
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
      answers[i] === undefined ? [{ ...one, ...(prepared?.[i] ?? readily) }] : []
    )
    const loaded = rest.length === 0 ? [] : await loadAll(rest, since)
    const concluded = conclude(loaded, removes, since)
    if (waits) await concluded
    else void concluded
    let next = 0
    // the proof: what was not answered was loaded
    const all = answers.map((answer) => answer ?? (loaded[next++] as Loaded<Args, Err, A, R>).answer)
    return policy.strict
      ? all.map((answer, i) => {
          const failed = loading[i]?.flight.fault
          // the proof: `strict` has RingError in Err (the policy's type says so)
          return E.isRight(answer) && failed !== undefined ? E.left(failed as Err) : answer
        })
      : all
  }

  // the proof: one is asked, one is answered
  const loadOne = (one: Loading<Args, Err, A>, how: How): Promise<E.Either<Err, A>> =>
    loadEach([one], how).then(([answer]) => answer as E.Either<Err, A>)

  /** Loads several keys, of which others may be loading some: those are waited for one by one, and hold up nobody. */
  const loadMany = async (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    how: How
  ): Promise<ReadonlyArray<E.Either<Err, A> | Promise<E.Either<Err, A>>>> => {
    if (leasing === undefined || loading.length < 2 || how.mode !== 'wait') return loadEach(loading, how)
    const since = now()
    const prepared = await Promise.all(loading.map((one) => ready(one, 'try', since)))
    const isBusy = (i: number): boolean =>
      prepared[i]?.claim._tag === 'Left' && loading[i]?.seen?.answer === undefined
    const places = Array.from(loading.keys()).filter((i) => !isBusy(i))
    // the proof, here and below: places of the list
    const free = places.map((i) => loading[i] as Loading<Args, Err, A>)
    const loaded = loadEach(
      free,
      how,
      places.map((i) => prepared[i] as Ready<Err, A, R>)
    )
    return loading.map((one, i) =>
      isBusy(i) ? loadOne(one, how) : loaded.then((answers) => answers[places.indexOf(i)] as E.Either<Err, A>)
    )
  }

  const take = ({ flight, key }: Loading<Args, Err, A>): void => {
    flight.loading = true
    flights.hold(key, flight)
  }

  /** Without `batch` every key is loaded and stored by itself, so that a slow one holds up nobody. */
  const begin: Loads<Args, Err, A>['begin'] = (loading, how) => {
    loading.forEach(take)
    const groups = batch === undefined ? loading.map((one) => [one]) : loading.length === 0 ? [] : [loading]
    for (const group of groups) {
      // a tick later: a function that asks the ring for another of these keys must find an answer to wait for
      const answers = Promise.resolve().then(() => loadMany(group, how))
      group.forEach(({ flight }, i) => {
        // the proof: `loadMany` answers as many as it was given
        flight.answer = answers.then((all) => all[i] as E.Either<Err, A>)
        flight.answer.catch(silent) // whoever joined hears of it; perhaps nobody did
      })
    }
  }

  return {
    begin,
    load: (one, how) => {
      take(one)
      return loadOne(one, how)
    },
    refresh: (wanted) => {
      const loading = wanted
        .filter(({ key }) => flights.current(key) === undefined && !busy.holds(key, clock.now()))
        .map((one) => ({ ...one, flight: newFlight<E.Either<Err, A>>(false, clock.now()) }))
      begin(loading, { waits: true, removes: false, mode: 'try' })
    },
    update: async (keys, argsList) => {
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
    },
    run,
    stampsFor
  }
}
