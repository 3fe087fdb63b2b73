/**
 * Who loads, and when: a lookup that found nothing, a refresh in the background, an update; one key, or many.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { ignore } from '../base/ignore'
import type { Arguments, Key } from '../KeyFn'
import type { RingError } from '../RingError'
import { type Claims, makeClaims } from './claim'
import { answers as sets, claims as takes, hasAnswer, newFlight } from './flight'
import { type Led, type LoadParts, makeLoad, makeStages } from './load'
import { makeLoadMany } from './loadMany'
import { makeLoadPlain } from './loadPlain'
import type { How, Loading } from './model'
import { allOf } from './run'

export interface Loads<Args extends Arguments, Err, A, R> extends Pick<Claims<Args, Err, A, R>, 'stampsFor'> {
  /**
   * Takes the keys, runs the function, stores its results, frees the keys, and sets the answers of their flights. The
   * caller waits for all of them, also where one rejects.
   */
  readonly begin: (loading: ReadonlyArray<Loading<Args, Err, A>>, how: How) => void
  /** `begin` for one key whose flight already has an answer. */
  readonly load: (loading: Loading<Args, Err, A>, how: How, led?: Led) => Promise<E.Either<Err, A>>
  /** Whether another process is known to load a key. */
  readonly isLoadedElsewhere: (key: Key) => boolean
  /** Loads in the background the keys that are not being loaded yet. */
  readonly refresh: (wanted: ReadonlyArray<Omit<Loading<Args, Err, A>, 'flight'>>) => void
  /** Loads without looking, whatever is under way. A write that fails is a failure, and has been reported. */
  readonly updateOne: (key: Key, args: Args) => Promise<E.Either<RingError | Err, A>>
  /** The same for many. */
  readonly update: (
    keys: ReadonlyArray<Key>,
    argsList: ReadonlyArray<Args>
  ) => Promise<E.Either<RingError, ReadonlyArray<E.Either<Err, A>>>>
}

export const makeLoads = <Args extends Arguments, Err, A, R>(
  parts: LoadParts<Args, Err, A, R>
): Loads<Args, Err, A, R> => {
  const { atOnce, batches, clock, flights, lasting, leasing, tags } = parts
  const claims = makeClaims(parts)
  const { isBusy: isLoadedElsewhere, stampsFor } = claims
  const stages = makeStages(parts)
  const one =
    atOnce && leasing === undefined && tags === undefined
      ? makeLoadPlain(parts, stages)
      : makeLoad(parts, claims, stages)
  const many = makeLoadMany(parts, claims, stages, one)

  const take = ({ flight }: Loading<Args, Err, A>): void => {
    takes(flight)
    flights.hold(flight)
  }
  const load: Loads<Args, Err, A, R>['load'] = (loading, how, led) => {
    take(loading)
    const loaded = one(loading, how, led)
    if (lasting !== undefined) {
      // it may ask for the same key, and then waits for this load
      if (!hasAnswer(loading.flight)) void sets(loading.flight, loaded)
      lasting(loaded)
    }
    return loaded
  }
  /** Without `batch`, every key is loaded and stored separately, so that a slow one does not delay the others. */
  const begin: Loads<Args, Err, A, R>['begin'] = (loading, how) => {
    if (batches && loading.length > 1) {
      loading.forEach(take)
      many(loading, how).forEach((answer, i) => {
        void sets((loading[i] as Loading<Args, Err, A>).flight, answer) // SAFETY: one answer for each
      })
      return
    }
    for (const single of loading) void sets(single.flight, load(single, how))
  }

  return {
    begin,
    load,
    isLoadedElsewhere,
    refresh: (wanted) => {
      const loading = wanted
        .filter(({ key }) => flights.current(key) === undefined && !isLoadedElsewhere(key))
        .map((one) => ({ ...one, flight: newFlight<E.Either<Err, A>>(one.key, false, clock.now()) }))
      begin(loading, { waits: true, removes: false, mode: 'try' })
      // a joined caller gets a rejection; there may be none
      for (const { flight } of loading) flight.answer.catch(ignore)
    },
    updateOne: async (key, args) => {
      const flight = newFlight<E.Either<Err, A>>(key, false, clock.now())
      const how: How = { waits: true, removes: true, mode: 'seize' }
      const answer = await sets(flight, load({ key, args, flight, seen: undefined }, how))
      return flight.fault === undefined ? answer : E.left(flight.fault)
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
