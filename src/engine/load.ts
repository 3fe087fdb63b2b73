/**
 * Loads: the claim to run the function, its run, and the answers of the flights that wait for it.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { makeRecent } from '../base/recently'
import type { Start } from '../base/timer'
import type { Clock } from '../Clock'
import type { Stamp } from '../codecs/envelope'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import type { KeyError, RingError } from '../RingError'
import { inTime } from '../stores/kit/deadline'
import { thrownBy, tooLate } from './errors'
import type { Failures } from './failures'
import { isServable, type Reader, servedAs } from './find'
import type { Flights } from './flights'
import { fromStore, newFlight, toStore } from './flights'
import type { Leasing } from './lease'
import type { Claim, Flight, How, Loaded, Loading, Mode, Ready, Seen, Stamps } from './model'
import { policyError, type Resolved } from './policy'
import { allOf, answerOf, type Ran, type Running, Thrown } from './run'
import type { Storing } from './settle'
import type { Tags } from './tags'
import type { Telling } from './tell'
import type { Lasting, Work } from './work'

/** The same, or what was thrown, which is not stored. */
type Ended<Args extends Arguments, Err, A, R> = Loaded<Args, Err, A, R> | Thrown

interface Parts<Args extends Arguments, Err, A, R> {
  /** How long a call may wait for the store in total. */
  readonly budget: D.Duration
  readonly after: Start<D.Duration>
  readonly work: Work
  /** Whether several keys are loaded in one call. */
  readonly batches: boolean
  readonly clock: Clock
  /** The number of purges that this process has made. */
  readonly epoch: () => number
  readonly failures: Failures<Err, A>
  readonly flights: Flights<E.Either<Err, A>>
  readonly keyOf: (args: Args) => E.Either<KeyError, Key>
  readonly lasting: Lasting | undefined
  readonly leasing: Leasing<R> | undefined
  readonly policy: Resolved<Args, Err, A>
  readonly reader: Reader<Args, Err, A>
  readonly running: Running<Args, Err, A>
  readonly storing: Storing<Args, Err, A, R>
  readonly tags: Tags<Args> | undefined
  readonly telling: Telling
  /** Records how long a load took. */
  readonly took: (time: number) => void
}

export interface Loads<Args extends Arguments, Err, A> {
  /** Takes the keys, runs the function, stores its results, frees the keys, and sets the answers of their flights. */
  readonly begin: (loading: ReadonlyArray<Loading<Args, Err, A>>, how: How) => void
  /** `begin` for one key whose flight already has an answer. */
  readonly load: (loading: Loading<Args, Err, A>, how: How) => Promise<E.Either<Err, A>>
  /** Loads in the background the keys that are not being loaded yet. */
  readonly refresh: (wanted: ReadonlyArray<Omit<Loading<Args, Err, A>, 'flight'>>) => void
  /** Loads without looking, whatever is under way. A write that fails is a failure, and has been reported. */
  readonly update: (
    keys: ReadonlyArray<Key>,
    argsList: ReadonlyArray<Args>
  ) => Promise<E.Either<RingError, ReadonlyArray<E.Either<Err, A>>>>
  /** The generations of the tags of some arguments; missing ones are drawn. */
  readonly stampsFor: (
    args: Args,
    found: Stamps | undefined
  ) => Promise<E.Either<RingError, ReadonlyArray<Stamp>>>
}

const silent = (): void => undefined
const noStamps: Promise<E.Either<never, ReadonlyArray<never>>> = /*#__PURE__*/ Promise.resolve(E.right([]))

const unheld: Claim<never> = { _tag: 'Unheld' }
const freely: Claim<never> = { _tag: 'Held', token: '', waited: false }
/** With neither a lease nor a tag, there is nothing to wait for. */
const readily: Ready<never, never, never> = { claim: freely, stamps: [] }

/**
 * Whether an entry that another process has stored makes a load unnecessary. A caller that found nothing takes any
 * entry that may be served. A caller that found an entry that is due, stale or expired takes a fresh one only: any
 * other may be the same entry, read again.
 */
const isAnswer = <Err, A>(before: Seen<Err, A> | undefined, now: Seen<Err, A>): boolean =>
  before?.answer === undefined ? isServable(now) : now.answer !== undefined && now.verdict === 'fresh'

export const makeLoads = <Args extends Arguments, Err, A, R>({
  after,
  batches,
  budget,
  clock,
  epoch,
  failures,
  flights,
  keyOf,
  lasting,
  leasing,
  policy,
  reader,
  running,
  storing: { checkPurged, entryOf, keep, letGo },
  tags,
  telling: { emit, failed, fault, now },
  took,
  work
}: Parts<Args, Err, A, R>): Loads<Args, Err, A> => {
  /**
   * Whether the arguments still have the same key: the owner of an object among them may change it while a ring waits.
   */
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

  /**
   * Keys that another process is known to load: for a while, this process does not try to load them in the background.
   */
  const busy = makeRecent()
  const pauseOf = (remaining: D.Duration): number => Math.min(remaining, policy.retryThrottle)

  /** How long a flight may still wait for the store. */
  const leftOf = (flight: Flight<E.Either<Err, A>>): number => Math.max(0, budget - flight.spent)

  /** Waits for the store as long as the call may; a late operation continues. */
  const waitFor = async <W>(
    waiting: ReadonlyArray<Loading<Args, Err, A>>,
    limit: number,
    promise: Promise<W>,
    late: () => W
  ): Promise<W> => {
    if (budget === D.forever) return promise
    for (const { flight } of waiting) toStore(flight, clock.now())
    const done = await inTime(limit, after, promise, late)
    for (const { flight } of waiting) fromStore(flight, clock.now())
    return done
  }

  const claimOf = (one: Loading<Args, Err, A>, mode: Mode): Promise<Claim<Seen<Err, A>>> | Claim<never> =>
    leasing === undefined
      ? freely
      : leasing.claim<Seen<Err, A>>({
          key: one.key,
          mode,
          patient: one.seen?.answer !== undefined,
          beyond: one.seen?.remaining ?? D.zero,
          limit: leftOf(one.flight),
          onWait: () => fromStore(one.flight, clock.now()),
          recheck: async () => {
            const again = await reader.look(one.key, one.args)
            return E.isRight(again) && isAnswer(one.seen, again.right) ? again.right : undefined
          }
        })

  /** What is needed before the function runs: a lease, and the generations of the tags. */
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
    const timed = async <W>(of: typeof flight, waiting: Promise<W>): Promise<W> => {
      toStore(of, clock.now())
      const got = await waiting
      fromStore(of, clock.now())
      return got
    }
    /** Releases a lease that was acquired too late to be used. */
    const giveBack = (claim: Claim<unknown>): void => {
      if (claim._tag !== 'Held') return
      stop?.()
      void leasing?.release(key, claim.token)
    }
    const stamped = (found: Stamps | undefined): ReturnType<typeof stampsFor> =>
      tags === undefined
        ? noStamps
        : inTime(leftOf(flight), after, stampsFor(args, found), () => E.left(tooLate('get')))
    const before = seen?.stamps !== undefined && flight.epoch === epoch() ? seen.stamps : undefined
    const hurried = new Promise<undefined>((resolve) => {
      flight.hurry = () => resolve(undefined)
    })
    const claimed = leasing === undefined ? freely : claiming()
    const [had, drawn] = await timed(
      flight,
      Promise.all([Promise.race([claimed, hurried]), Promise.race([stamped(before), hurried])])
    )
    flight.hurry = undefined
    if (had === undefined) void Promise.resolve(claimed).then(giveBack)
    const claim = had ?? { _tag: 'Unheld', fault: tooLate(mode === 'seize' ? 'seize' : 'acquire') }
    const early = drawn ?? E.left(tooLate('get'))
    if (claim._tag === 'Unheld' && claim.fault !== undefined) {
      flight.fault = failed(key, since, claim.fault)
      flight.blind = true
    }
    const late = claim._tag === 'Held' && claim.waited && tags !== undefined
    const stamps = late ? await timed(flight, stamped(undefined)) : early
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

  /** The answer of a flight that need not load, because another process has loaded or is loading. */
  const answered = (
    { flight, key, seen }: Loading<Args, Err, A>,
    claim: Claim<Seen<Err, A>>
  ): E.Either<Err, A> | undefined => {
    const found = claim._tag === 'Served' ? claim.seen : claim._tag === 'Left' ? seen : undefined
    if (found?.answer === undefined) return undefined
    flight.served = servedAs(found.verdict)
    // it was read before now: a caller that joined may have called after another process deleted it, so it looks again
    flight.lost = flight.shared
    flights.release(key, flight)
    return found.answer
  }

  // -----------------------------------------------------------------------------------
  // the function, and after it
  // -----------------------------------------------------------------------------------

  /** An error is stored if the policy selects it and no entry was found that could be served instead. */
  const worthKeeping = ({ key, seen }: Loading<Args, Err, A>, answer: E.Either<Err, A>): boolean => {
    if (E.isRight(answer)) return true
    const nothingThere = seen !== undefined && seen.answer === undefined
    try {
      return policy.negative?.when(answer.left) === true && (nothingThere || !failures.excuses(answer))
    } catch (cause) {
      fault(key, now(), policyError(cause))
      return false
    }
  }

  /** Stores nothing: frees the key and releases the lease. */
  const abandon = async (one: Loading<Args, Err, A> & Ready<Err, A, R>): Promise<void> => {
    flights.release(one.key, one.flight)
    await letGo(one)
    await checkPurged(one)
  }

  /** Runs the function, keeps the leases alive meanwhile, and records the outcome. */
  const loadAll = async (
    loading: ReadonlyArray<Loading<Args, Err, A> & Ready<Err, A, R>>,
    since: number
  ): Promise<ReadonlyArray<Ended<Args, Err, A, R>>> => {
    for (const one of loading) {
      one.flight.spoiled = !unchanged(one)
      flights.began(one.flight)
    }
    const began = clock.now()
    const answers = await running.all(loading.map(({ args }) => args))
    const ended = clock.now()
    if (answers.some((answer) => !(answer instanceof Thrown) && E.isRight(answer))) took(ended - began)
    return loading.map((one, i) => {
      const { flight, key, stop } = one
      const ran = answers[i] as Ran<Err, A> // SAFETY: every list of arguments has an answer
      const answer = ran instanceof Thrown ? undefined : ran
      stop?.()
      flight.loaded = true
      flight.brought = answer
      emit(key, since, { _tag: 'Load', ok: answer?._tag === 'Right', size: loading.length })
      failures.note(key, ended, answer)
      if (ran instanceof Thrown) return ran
      const keeps = worthKeeping(one, ran)
      if (!keeps) flights.release(key, flight)
      return { ...one, answer: ran, keeps }
    })
  }

  /** Stores what is worth keeping, and abandons the rest. */
  const conclude = async (
    loading: ReadonlyArray<Loading<Args, Err, A> & Ready<Err, A, R>>,
    ended: ReadonlyArray<Ended<Args, Err, A, R>>,
    removes: boolean,
    since: number
  ): Promise<void> => {
    const isKept = (one: Loaded<Args, Err, A, R>): boolean =>
      one.keeps && !one.flight.spoiled && unchanged(one)
    const kept: Array<Loaded<Args, Err, A, R>> = []
    const others: Array<Loaded<Args, Err, A, R>> = []
    for (const one of ended) if (!(one instanceof Thrown)) (isKept(one) ? kept : others).push(one)
    for (const { keeps, key } of others) {
      if (keeps) emit(key, since, { _tag: 'Discard' }) // it is not known to which key the value belongs
    }
    try {
      await Promise.all([
        keep(kept, removes),
        ...others.map(letGo),
        ...loading.filter((_, i) => ended[i] instanceof Thrown).map(abandon)
      ])
      await Promise.all([...kept, ...others].map(checkPurged))
    } finally {
      for (const { key, flight } of loading) flights.release(key, flight)
    }
  }

  /** The callers have waited for the write as long as they may: its outcome is unknown to them. */
  const unknown = (loading: ReadonlyArray<Loading<Args, Err, A>>, removes: boolean, since: number): void => {
    for (const { flight, key } of loading) {
      if (removes || policy.strict) flight.fault ??= failed(key, since, tooLate('set'))
      if (leasing === undefined && tags === undefined) continue
      flight.lost = true
      flight.blind = true
      // a joined caller has to look again, and must not join this flight again
      flights.detach(key, flight)
    }
  }

  /** Runs the function for these flights, stores its results, and frees their keys, whatever goes wrong. */
  const loadEach = async (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    how: How,
    given?: ReadonlyArray<Ready<Err, A, R>>
  ): Promise<ReadonlyArray<Ran<Err, A>>> => {
    work.begin()
    try {
      const loaded = loadThem(loading, how, given)
      lasting?.(loaded)
      return await loaded
    } catch (cause) {
      for (const { flight, key } of loading) flights.release(key, flight)
      throw cause
    } finally {
      work.end()
    }
  }

  const loadThem = async (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    { mode, removes, waits }: How,
    given: ReadonlyArray<Ready<Err, A, R>> | undefined
  ): Promise<ReadonlyArray<Ran<Err, A>>> => {
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
    const ended = rest.length === 0 ? [] : await loadAll(rest, since)
    const concluded = conclude(rest, ended, removes, since)
    const limit = rest.reduce((least, { flight }) => Math.min(least, leftOf(flight)), Infinity)
    lasting?.(concluded)
    if (waits) await waitFor(rest, limit, concluded, () => unknown(rest, removes, since))
    let next = 0
    return loading.map(({ flight }, i) => {
      // SAFETY: each one without an answer was loaded
      const one = answers[i] ?? (ended[next++] as Ended<Args, Err, A, R>)
      if (one instanceof Thrown) return one
      const answer = 'answer' in one ? one.answer : one
      // SAFETY: `strict` has RingError in Err (the policy's type says so)
      return policy.strict && E.isRight(answer) && flight.fault !== undefined
        ? E.left(flight.fault as Err)
        : answer
    })
  }

  const loadOne = async (one: Loading<Args, Err, A>, how: How): Promise<Ran<Err, A>> => {
    const [answer] = await loadEach([one], how)
    return answer as Ran<Err, A> // SAFETY: one question has one answer
  }

  /**
   * Loads several keys. Keys that another process is loading are waited for one by one, and do not delay the others.
   */
  const loadMany = async (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    how: How
  ): Promise<ReadonlyArray<Ran<Err, A> | Promise<Ran<Err, A>>>> => {
    if (leasing === undefined || loading.length < 2 || how.mode !== 'wait') return loadEach(loading, how)
    const since = now()
    const prepared = await Promise.all(loading.map((one) => ready(one, 'try', since)))
    const isBusy = (i: number): boolean =>
      prepared[i]?.claim._tag === 'Left' && loading[i]?.seen?.answer === undefined
    const places = Array.from(loading.keys()).filter((i) => !isBusy(i))
    // SAFETY, here and below: positions in the list
    const free = places.map((i) => loading[i] as Loading<Args, Err, A>)
    const loaded = loadEach(
      free,
      how,
      places.map((i) => prepared[i] as Ready<Err, A, R>)
    )
    return loading.map((one, i) =>
      isBusy(i) ? loadOne(one, how) : loaded.then((answers) => answers[places.indexOf(i)] as Ran<Err, A>)
    )
  }

  const take = ({ flight, key }: Loading<Args, Err, A>): void => {
    flight.loading = true
    flights.hold(key, flight)
  }

  /** Without `batch`, every key is loaded and stored separately, so that a slow one does not delay the others. */
  const begin: Loads<Args, Err, A>['begin'] = (loading, how) => {
    loading.forEach(take)
    const groups = !batches ? loading.map((one) => [one]) : loading.length === 0 ? [] : [loading]
    for (const group of groups) {
      // a tick later: a function that calls the ring for another of these keys must find an answer to wait for
      const answers = Promise.resolve().then(() => loadMany(group, how))
      group.forEach(({ flight }, i) => {
        // SAFETY: `loadMany` returns an answer for each
        flight.answer = answers.then(async (all) =>
          answerOf(await (all[i] as Ran<Err, A> | Promise<Ran<Err, A>>))
        )
        flight.answer.catch(silent) // joined callers get the rejection; there may be none
      })
    }
  }

  return {
    begin,
    load: (one, how) => {
      take(one)
      return loadOne(one, how).then(answerOf)
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
      // SAFETY: every key has a flight
      const flights = keys.map((key) => (loading.get(key) as Loading<Args, Err, A>).flight)
      const answers = await allOf(flights.map(({ answer }) => answer))
      const failed = flights.find((flight) => flight.fault !== undefined)?.fault
      return failed === undefined ? E.right(answers) : E.left(failed)
    },
    stampsFor
  }
}
