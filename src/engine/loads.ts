/**
 * Who loads, and when: a lookup that found nothing, a refresh in the background, an update; one key, or many.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Arguments, Key } from '../KeyFn'
import type { RingError } from '../RingError'
import { type Claims, makeClaims } from './claim'
import { answers as sets, claims as takes, newFlight } from './flight'
import { type LoadParts, makeLoad } from './load'
import type { How, Loading, Ready } from './model'
import { allOf, answerOf, type Ran } from './run'

export interface Loads<Args extends Arguments, Err, A, R> extends Pick<Claims<Args, Err, A, R>, 'stampsFor'> {
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
}

const silent = (): void => undefined

export const makeLoads = <Args extends Arguments, Err, A, R>(
  parts: LoadParts<Args, Err, A, R>
): Loads<Args, Err, A, R> => {
  const { batches, clock, flights, leasing } = parts
  const claims = makeClaims(parts)
  const { isBusy: isLoadedElsewhere, ready, stampsFor } = claims
  const load = makeLoad(parts, claims)

  const loadOne = async (one: Loading<Args, Err, A>, how: How): Promise<Ran<Err, A>> => {
    const [answer] = await load.each([one], how)
    return answer as Ran<Err, A> // SAFETY: one question has one answer
  }

  /**
   * Loads several keys. Keys that another process is loading are waited for one by one, and do not delay the others.
   */
  const loadMany = async (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    how: How
  ): Promise<ReadonlyArray<Ran<Err, A> | Promise<Ran<Err, A>>>> => {
    if (leasing === undefined || ready === undefined || loading.length < 2 || how.mode !== 'wait')
      return load.each(loading, how)
    const since = parts.telling.now()
    const prepared = await Promise.all(loading.map((one) => ready(one, 'try', since)))
    const isBusy = (i: number): boolean =>
      prepared[i]?.claim._tag === 'Left' && loading[i]?.seen?.answer === undefined
    const places = Array.from(loading.keys()).filter((i) => !isBusy(i))
    const placeOf = new Map(places.map((i, place) => [i, place]))
    // SAFETY, here and below: positions in the list
    const free = places.map((i) => loading[i] as Loading<Args, Err, A>)
    const loaded = load.each(
      free,
      how,
      places.map((i) => prepared[i] as Ready<Err, A, R>)
    )
    return loading.map((one, i) =>
      isBusy(i) ? loadOne(one, how) : loaded.then((answers) => answers[placeOf.get(i) ?? 0] as Ran<Err, A>)
    )
  }

  const take = ({ flight }: Loading<Args, Err, A>): void => {
    takes(flight)
    flights.hold(flight)
  }

  /** Without `batch`, every key is loaded and stored separately, so that a slow one does not delay the others. */
  const begin: Loads<Args, Err, A, R>['begin'] = (loading, how) => {
    loading.forEach(take)
    const groups = !batches ? loading.map((one) => [one]) : loading.length === 0 ? [] : [loading]
    for (const group of groups) {
      // a tick later: a function that calls the ring for another of these keys must find an answer to wait for
      const answers = Promise.resolve().then(() => loadMany(group, how))
      group.forEach(({ flight }, i) => {
        // SAFETY: `loadMany` returns an answer for each
        const answer = answers.then(async (all) =>
          answerOf(await (all[i] as Ran<Err, A> | Promise<Ran<Err, A>>))
        )
        sets(flight, answer).catch(silent) // joined callers get the rejection; there may be none
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
        .filter(({ key }) => flights.current(key) === undefined && !isLoadedElsewhere(key))
        .map((one) => ({ ...one, flight: newFlight<E.Either<Err, A>>(one.key, false, clock.now()) }))
      begin(loading, { waits: true, removes: false, mode: 'try' })
    },
    update: async (keys, argsList) => {
      const loading = new Map<Key, Loading<Args, Err, A>>()
      argsList.forEach((args, i) => {
        const key = keys[i]
        if (key === undefined || loading.has(key)) return
        loading.set(key, { key, args, flight: newFlight(key, false, clock.now()), seen: undefined })
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
