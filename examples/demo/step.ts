/**
 * A step of the demo: something to run, and what should be seen of it. What is printed is what was seen.
 */
import { RingEvent } from 'fp-ring'
import { pipe } from 'fp-ts/function'
import type { IO } from 'fp-ts/IO'
import * as T from 'fp-ts/Task'

import * as show from './table'

export interface Step extends show.Row {
  readonly run: T.Task<string>
}

export const step = (
  call: string,
  ring: string,
  http: number,
  answer: string,
  run: T.Task<string>
): Step => ({
  call,
  ring,
  http,
  answer,
  run
})

/** Steps, or figures, under a title. */
export interface Section<A> {
  readonly title: string
  readonly lines: ReadonlyArray<A>
}

// -------------------------------------------------------------------------------------
// what is seen
// -------------------------------------------------------------------------------------

export interface Watch {
  readonly observe: RingEvent.Observer
  /** What all rings told so far. */
  readonly events: IO<ReadonlyArray<RingEvent.RingEvent>>
  /** How many requests the API was sent so far. */
  readonly requests: IO<number>
}

export const newWatch = (requests: IO<number>): Watch => {
  const log: Array<RingEvent.RingEvent> = []
  return { observe: (event) => () => void log.push(event), events: () => log, requests }
}

export const statsOf = (events: ReadonlyArray<RingEvent.RingEvent>): RingEvent.Stats =>
  events.reduce(RingEvent.stats, RingEvent.noStats)

interface Seen<A> {
  readonly answer: A
  readonly ms: number
  readonly events: ReadonlyArray<RingEvent.RingEvent>
  readonly http: number
}

/** Runs a task, and says what was seen meanwhile. */
export const watched =
  ({ events, requests }: Watch) =>
  <A>(task: T.Task<A>): T.Task<Seen<A>> =>
  async () => {
    const [told, sent, since] = [events().length, requests(), performance.now()]
    const answer = await task()
    return { answer, ms: performance.now() - since, events: events().slice(told), http: requests() - sent }
  }

// -------------------------------------------------------------------------------------
// what is printed
// -------------------------------------------------------------------------------------

/** Prints the sections of a program, one after the other. `true` for every line that is as it should be. */
export const printing =
  <A>(print: (line: A) => T.Task<boolean>) =>
  ({ lines, title }: Section<A>): T.Task<ReadonlyArray<boolean>> =>
    pipe(
      T.fromIO(() => console.log(show.title(title))),
      T.chain(() => pipe(lines, T.traverseSeqArray(print)))
    )

/** Runs a step. */
export const runStep =
  (watch: Watch) =>
  ({ run, ...expected }: Step): T.Task<boolean> =>
    pipe(
      watched(watch)(run),
      T.map(({ answer, events, http, ms }) => {
        const ring = show.told(events)
        const ok = ring === expected.ring && http === expected.http && answer === expected.answer
        console.log(show.row(ok, { call: expected.call, ring, http, answer }, ms))
        if (!ok) console.log(show.row(ok, { ...expected, call: '  should have been' }, ms))
        return ok
      })
    )

export const printFigure = (figure: show.Figure): T.Task<boolean> =>
  T.fromIO(() => {
    console.log(show.figure(figure))
    return figure.ok
  })
