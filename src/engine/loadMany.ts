/**
 * A load of several keys in one call of the function. Keys that another process is loading are waited for one by one, and
 * do not delay the others.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'

import { allSoon, type Soon } from '../base/soon'
import * as D from '../Duration'
import type { Arguments } from '../KeyFn'
import { inTime } from '../stores/kit/deadline'
import { type Claims, leftOf } from './claim'
import { fromStore, toStore } from './flight'
import {
  afterAnswers,
  type Going,
  goingOf,
  type Load,
  loadedOf,
  type LoadParts,
  readily,
  type Stages
} from './load'
import type { How, Loaded, Loading, Ready } from './model'
import { answerOf, type Ran, Thrown } from './run'

/** The answer of each key, in a promise of its own. */
export type LoadMany<Args extends Arguments, Err, A> = (
  loading: ReadonlyArray<Loading<Args, Err, A>>,
  how: How
) => ReadonlyArray<Promise<E.Either<Err, A>>>

/** A group of keys, and what was got before the function for each. */
interface Group<Args extends Arguments, Err, A, R> {
  readonly loading: ReadonlyArray<Loading<Args, Err, A>>
  readonly readies: ReadonlyArray<Ready<Err, A, R>>
}

/** What follows the run of a group, and how long its callers wait for it. */
const makeEnd = <Args extends Arguments, Err, A, R>(
  parts: LoadParts<Args, Err, A, R>,
  { chosen, unknown }: Stages<Args, Err, A>
) => {
  const { after, budget, clock, flights, lasting } = parts
  const { checkPurged, keepMany, letGo } = parts.storing
  const { emit } = parts.telling

  /** Stores what is worth keeping, gives back the leases of the rest, and frees the keys. */
  const conclude = async (
    group: ReadonlyArray<Going<Args, Err, A, R>>,
    rans: ReadonlyArray<Ran<Err, A>>,
    removes: boolean,
    since: number
  ): Promise<void> => {
    const kept: Array<Loaded<Args, Err, A, R>> = []
    const others: Array<Going<Args, Err, A, R>> = []
    group.forEach((one, i) => {
      const ran = rans[i] as Ran<Err, A> // SAFETY: each one has run
      const choice = ran instanceof Thrown ? 'LetGo' : chosen(one, ran)
      if (choice === 'Keep' && !(ran instanceof Thrown)) return void kept.push(loadedOf(one, ran))
      if (choice === 'Discard') emit(one.key, since, { _tag: 'Discard' })
      else flights.release(one.flight)
      others.push(one)
    })
    try {
      await allSoon([keepMany(kept, removes), ...others.map(letGo)])
      await allSoon(group.map(checkPurged))
    } finally {
      for (const { flight } of group) flights.release(flight)
    }
  }

  /** Waits for the store as long as the call may; a late operation continues. */
  const waitFor = async (
    group: ReadonlyArray<Going<Args, Err, A, R>>,
    promise: Promise<void>,
    late: () => void
  ): Promise<void> => {
    if (budget === D.forever) return promise
    const limit = group.reduce((least, { flight }) => Math.min(least, leftOf(flight, budget)), Infinity)
    for (const { flight } of group) toStore(flight, clock.now())
    await inTime(limit, after, promise, late)
    for (const { flight } of group) fromStore(flight, clock.now())
  }

  return async (
    group: ReadonlyArray<Going<Args, Err, A, R>>,
    rans: ReadonlyArray<Ran<Err, A>>,
    { removes, waits }: How,
    since: number
  ): Promise<void> => {
    const concluded = conclude(group, rans, removes, since)
    lasting?.(concluded)
    if (waits) await waitFor(group, concluded, () => group.forEach((one) => unknown(one, removes, since)))
  }
}

export const makeLoadMany = <Args extends Arguments, Err, A, R>(
  parts: LoadParts<Args, Err, A, R>,
  { answered, ready }: Claims<Args, Err, A, R>,
  stages: Stages<Args, Err, A>,
  load: Load<Args, Err, A>
): LoadMany<Args, Err, A> => {
  const { clock, flights, lasting, leasing, running, work } = parts
  const { now, tellLoad } = parts.telling
  const { begins, ended, finished } = stages
  const end = makeEnd(parts, stages)

  const readied = (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    mode: How['mode']
  ): Soon<ReadonlyArray<Ready<Err, A, R>>> => {
    if (ready === undefined) return loading.map(() => readily)
    const since = now()
    return allSoon(loading.map((one) => ready(one, mode, since)))
  }

  const together = async (
    { loading, readies }: Group<Args, Err, A, R>,
    how: How
  ): Promise<ReadonlyArray<Ran<Err, A>>> => {
    const since = now()
    const answers: Array<Ran<Err, A> | undefined> = loading.map(
      (one, i) => answered(one, (readies[i] as Ready<Err, A, R>).claim) // SAFETY, here and below: positions in the lists
    )
    const places = Array.from(loading.keys()).filter((i) => answers[i] === undefined)
    const group = places.map((i) =>
      goingOf(loading[i] as Loading<Args, Err, A>, readies[i] as Ready<Err, A, R>)
    )
    if (group.length > 0) {
      const began = clock.now()
      for (const one of group) begins(one, began)
      const rans = await running.all(group.map(({ args }) => args))
      group.forEach((one, i) => {
        one.stop?.()
        tellLoad(one.key, since, ended(one, rans[i] as Ran<Err, A>), group.length)
      })
      await end(group, rans, how, since)
      places.forEach((place, i) => {
        const ran = rans[i] as Ran<Err, A>
        answers[place] = ran instanceof Thrown ? ran : finished(group[i] as Going<Args, Err, A, R>, ran)
      })
    }
    return answers as ReadonlyArray<Ran<Err, A>>
  }

  const tried = async (group: Group<Args, Err, A, R>, how: How): Promise<ReadonlyArray<Ran<Err, A>>> => {
    work.begin()
    try {
      const loaded = together(group, how)
      lasting?.(loaded)
      return await loaded
    } catch (cause) {
      for (const { flight } of group.loading) flights.release(flight)
      throw cause
    } finally {
      work.end()
    }
  }

  /** The keys that this process may load are loaded together, the others each for itself. */
  const begin = async (
    loading: ReadonlyArray<Loading<Args, Err, A>>,
    how: How
  ): Promise<ReadonlyArray<Ran<Err, A> | Promise<E.Either<Err, A>>>> => {
    const tries = leasing !== undefined && how.mode === 'wait'
    const readies = await readied(loading, tries ? 'try' : how.mode)
    const isBusy = (i: number): boolean =>
      tries && readies[i]?.claim._tag === 'Left' && loading[i]?.seen?.answer === undefined
    const places = Array.from(loading.keys()).filter((i) => !isBusy(i))
    const placeOf = new Map(places.map((i, place) => [i, place]))
    const group = {
      loading: places.map((i) => loading[i] as Loading<Args, Err, A>),
      readies: places.map((i) => readies[i] as Ready<Err, A, R>)
    }
    const loaded = tried(group, how)
    return loading.map((one, i) => {
      const place = placeOf.get(i)
      return place === undefined
        ? load(one, how)
        : loaded.then((answers) => answerOf(answers[place] as Ran<Err, A>))
    })
  }

  return (loading, how) => {
    // a tick later: a function that calls the ring for another of these keys must find an answer to wait for
    // (of a refresh: when the callers have their stale entries)
    const turn = how.mode === 'try' ? afterAnswers() : Promise.resolve()
    const begun = turn.then(() => begin(loading, how))
    return loading.map(async (_, i) => {
      const answer = await ((await begun)[i] as Ran<Err, A> | Promise<E.Either<Err, A>>)
      return answerOf(answer)
    })
  }
}
