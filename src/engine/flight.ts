/**
 * A flight: one lookup or load of one key. This is the only file that writes to a flight; for every other file its
 * fields are `readonly`.
 *
 *              claims            runs                 settles
 *   reading ──────────▶ claiming ──────▶ running ───────────────▶ settling
 *      │ served,           │ answered       │ threw, or too long     │ stored, discarded, faulted
 *      │ failed, joined    │                │                        │
 *      └───────────────────┴────────┬───────┴────────────────────────┘
 *                                   ▼
 *                                  over
 *
 * - `reading`: the store is asked for the entry. Over a store in memory a flight may begin in `claiming`.
 * - `claiming`: the load has the key in this process, and asks for its lease and its generations of tags.
 * - `running`: the function runs.
 * - `settling`: the function has answered, and the result is written or discarded.
 * - `over`: the flight holds no key. This may come at any time. What comes after it changes no phase, but for a read that
 *   took too long: it takes the key again.
 *
 * Beside the phase there are marks, which are only ever set: `shared` (another caller waits for the flight), `old` (a
 * caller that joined after the function began has to look again), `blind` (the store has failed, and is not asked
 * again), `spoiled` (the arguments changed before the function received them), and `fault`, the first fault.
 *
 * Whether a load may be *stored* is no mark: a read that becomes a load must be storable again. It is a pair of numbers,
 * the ticket of the flight and the fence of its key (`flights.ts`).
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'

import { defect } from '../base/defect'
import type { Soon } from '../base/soon'
import type { Key } from '../KeyFn'
import type { RingError, StoreError } from '../RingError'
import type { Doing } from './next'

export type Phase = 'reading' | 'claiming' | 'running' | 'settling' | 'over'

/** How a write or an invalidation ended. */
export type Outcome = Either<StoreError, unknown>

export interface Slot<A> {
  /** The flight that may be joined. */
  flight: Flight<A> | undefined
  /** How many flights hold the key. One of them may be joined; each may still be stored. */
  holders: number
  fence: number
  /** The last ticket at the time when a write, or `mutateAll`, ended. */
  settled: number
  /** What moved the fence last, and the last ticket at the time when that began. */
  mover: { readonly outcome: Soon<Outcome>; readonly since: number } | undefined
  writing: Promise<unknown> | undefined
  mutations: number
}

/** What may be served, and until when, if a load fails or takes too long. */
export interface Stale<A> {
  readonly answer: A
  readonly until: number
}

/** What may be served to a caller instead of the result of a load, and what was served in the end. */
interface FallbackState<A> {
  phase: Phase
  stale: Stale<A> | undefined
  served: 'Hit' | 'Stale' | undefined
}

interface State<A> extends FallbackState<A> {
  readonly key: Key
  /** The answer to every joined caller. */
  answer: Promise<A>
  /** When its limit of time began. */
  since: number
  /** Whether its first caller left before it was known what the store has. */
  left: boolean
  shared: boolean
  /** Its place in the order of all flights and fences of the ring; 0 while it holds no key. */
  ticket: number
  /** What is known of its key, while it holds the key. */
  slot: Slot<A> | undefined
  /** Whether it began as a read. Otherwise it is an update: a reader that has an entry does not wait for it. */
  readonly reads: boolean
  /** Whether the function has ended. */
  ended: boolean
  /** What it returned; `undefined` if it threw, and before it returned. */
  brought: A | undefined
  /** Its arguments stay what they are: numbers, strings and the like. */
  firm: boolean
  fault: RingError | undefined
  /** The number of purges at the time when it took its ticket. */
  epoch: number
  /** The last ticket at the time when its function began to run; 0 before that. */
  began: number
  /**
   * It had no lease, or lost its lease while it loaded, or its tags were purged: this or another process may have
   * deleted or written the entry.
   */
  old: boolean
  blind: boolean
  /** How long it has waited for the store, in milliseconds, except the wait that began at `waits`, if one is under way. */
  spent: number
  waits: number | undefined
  /** Callbacks of joined callers, called when it begins to wait for the store. */
  watchers: Array<() => void> | undefined
  /** Ends its wait for the store, so that the function runs: called when a joined caller may wait no longer. */
  hurry: (() => void) | undefined
  spoiled: boolean
  /** All flights of a ring that hold a key are in one row, the oldest first. */
  older: State<A> | undefined
  newer: State<A> | undefined
}

export type Flight<A> = Readonly<Omit<State<A>, 'older' | 'newer'>>

export type Fallback<A> = Readonly<FallbackState<A>>

const open = <A>(flight: Flight<A>): State<A> => flight as State<A> // SAFETY: this file makes every flight

/** `reads`: whether it begins as a read. `spent`: how long its caller has waited for the store. */
export const newFlight = <A>(key: Key, reads: boolean, since: number, spent = 0): Flight<A> => {
  // one shape for every flight
  const flight: State<A> = {
    key,
    phase: 'reading',
    answer: undefined as never, // SAFETY: set by the creator of a flight before any other code sees it
    since,
    left: false,
    shared: false,
    ticket: 0,
    slot: undefined,
    reads,
    ended: false,
    brought: undefined,
    served: undefined,
    firm: false,
    fault: undefined,
    stale: undefined,
    epoch: 0,
    began: 0,
    old: false,
    blind: false,
    spent,
    waits: undefined,
    watchers: undefined,
    hurry: undefined,
    spoiled: false,
    older: undefined,
    newer: undefined
  }
  return flight
}

// -------------------------------------------------------------------------------------
// phases
// -------------------------------------------------------------------------------------

const to = <A>(flight: State<A>, from: Phase, phase: Phase): void => {
  if (flight.phase === from) flight.phase = phase
  else if (flight.phase !== 'over') defect(`a flight that is ${flight.phase} is not ${from}`)
}

/** The load has the key in this process. A read that took too long has lost its key, and takes it again. */
export const claims = <A>(flight: Flight<A>): void => {
  const f = open(flight)
  if (f.phase === 'over' && f.began === 0) f.phase = 'claiming'
  else if (f.phase !== 'claiming') to(f, 'reading', 'claiming')
}

/** The function begins to run. `spoiled`: the arguments no longer have the key. */
export const runs = <A>(flight: Flight<A>, ticket: number, now: number, spoiled: boolean): void => {
  const f = open(flight)
  to(f, 'claiming', 'running')
  f.began = ticket
  f.since = now
  f.spoiled = spoiled
}

/** The function has ended; `brought` is its answer, if it did not throw. */
export const settles = <A>(flight: Flight<A>, brought: A | undefined): void => {
  const f = open(flight)
  to(f, 'running', 'settling')
  f.ended = true
  f.brought = brought
}

/** Whether it is past its read: the function runs, or has run. */
export const isLoading = <A>({ phase }: Fallback<A>): boolean => phase !== 'reading'

/** What a flight does, for a caller that may join it. */
export const doing = <A>(flight: Flight<A> | undefined): Doing =>
  flight === undefined
    ? 'none'
    : !flight.reads
    ? 'updating'
    : flight.phase === 'reading'
    ? 'reading'
    : 'loading'

/** Whether the function has ended, so that only the write remains. */
export const hasRun = <A>({ ended }: Flight<A>): boolean => ended

// -------------------------------------------------------------------------------------
// what it brings, and its marks
// -------------------------------------------------------------------------------------

export const answers = <A>(flight: Flight<A>, answer: Promise<A>): Promise<A> =>
  (open(flight).answer = answer)

export const serves = <A>(flight: Fallback<A>, served: 'Hit' | 'Stale'): void => {
  ;(flight as FallbackState<A>).served = served // SAFETY: as in `open`
}

/** Whether it is known what its callers wait for. */
export const hasAnswer = <A>({ answer }: Flight<A>): boolean => (answer as unknown) !== undefined

/** What may be served if its load fails. */
export const keepsStale = <A>(flight: Flight<A>, stale: Stale<A> | undefined): void => {
  open(flight).stale = stale
}

export const share = <A>(flight: Flight<A>): void => {
  open(flight).shared = true
}

/** Its arguments stay what they are. */
export const firms = <A>(flight: Flight<A>): void => {
  open(flight).firm = true
}

/** A caller that joined after the function began has to look again. */
export const ages = <A>(flight: Flight<A>): void => {
  open(flight).old = true
}

/** The store has failed. */
export const blinds = <A>(flight: Flight<A>): void => {
  open(flight).blind = true
}

/** Records a fault; the first one is kept. */
export const fails = <A>(flight: Flight<A>, fault: RingError): void => {
  open(flight).fault ??= fault
}

/** Its first caller has left. */
export const leaves = <A>(flight: Flight<A>): void => {
  open(flight).left = true
}

// -------------------------------------------------------------------------------------
// the time that it waits for the store
// -------------------------------------------------------------------------------------

/** It begins to wait for the store. `hurry` ends the wait. */
export const toStore = <A>(flight: Flight<A>, now: number): void => {
  const f = open(flight)
  f.waits = now
  const { watchers } = f
  f.watchers = undefined
  watchers?.forEach((watch) => watch())
}

/** It has the answer of the store, or no longer waits for it. */
export const fromStore = <A>(flight: Flight<A>, now: number): void => {
  const f = open(flight)
  f.spent = spentBy(f, now)
  f.waits = undefined
}

/** How long it has waited for the store up to now. */
export const spentBy = <A>({ spent, waits }: Flight<A>, now: number): number =>
  spent + (waits === undefined ? 0 : now - waits)

/** Its read has ended: the time since it began was spent on the store. */
export const hasRead = <A>(flight: Flight<A>, now: number): void => {
  const f = open(flight)
  f.spent += now - f.since
}

/** Its limit of time begins again. */
export const restarts = <A>(flight: Flight<A>, now: number): void => {
  open(flight).since = now
}

/** `watch` is called when it begins to wait for the store, once. */
export const watches = <A>(flight: Flight<A>, watch: () => void): void => {
  const f = open(flight)
  if (f.watchers === undefined) f.watchers = [watch]
  else f.watchers.push(watch)
}

/** Sets what ends its wait for the store; `undefined`: there is none. */
export const canHurry = <A>(flight: Flight<A>, hurry: (() => void) | undefined): void => {
  open(flight).hurry = hurry
}

// -------------------------------------------------------------------------------------
// its place among the flights of its ring (for `slots.ts`)
// -------------------------------------------------------------------------------------

/** The flights of a ring that hold a key, in the order in which their limits of time began. */
export interface Row<A> {
  oldest: State<A> | undefined
  newest: State<A> | undefined
}

/** It takes a ticket, and with it the last place in the row. */
export const enters = <A>(row: Row<A>, flight: Flight<A>, ticket: number, epoch: number): void => {
  const f = open(flight)
  f.ticket = ticket
  f.epoch = epoch
  f.older = row.newest
  if (row.newest === undefined) row.oldest = f
  else row.newest.newer = f
  row.newest = f
}

/** It holds its key. */
export const holds = <A>(flight: Flight<A>, slot: Slot<A>): void => {
  open(flight).slot = slot
}

/** Its limit of time has begun again: it is the youngest of the row. */
export const moves = <A>(row: Row<A>, flight: Flight<A>): void => {
  const { epoch, ticket } = flight
  if (ticket === 0 || row.newest === flight) return
  quits(row, flight)
  enters(row, flight, ticket, epoch)
}

/** It gives its ticket back. */
export const quits = <A>(row: Row<A>, flight: Flight<A>): void => {
  const f = open(flight)
  f.ticket = 0
  if (f.older === undefined) row.oldest = f.newer
  else f.older.newer = f.newer
  if (f.newer === undefined) row.newest = f.older
  else f.newer.older = f.older
  f.older = undefined
  f.newer = undefined
}

/** It holds no key any more. */
export const ends = <A>(flight: Flight<A>): void => {
  const f = open(flight)
  f.phase = 'over'
  f.slot = undefined
}

// -------------------------------------------------------------------------------------
// fallbacks of single callers
// -------------------------------------------------------------------------------------

/** A fallback of one caller. `phase`: whether it is known yet what the store has. */
export const newFallback = <A>(stale?: Stale<A>, phase: Phase = 'claiming'): Fallback<A> => {
  const fallback: FallbackState<A> = { phase, stale, served: undefined }
  return fallback
}

/** It is known what the store has. */
export const falls = <A>(fallback: Fallback<A>, stale: Stale<A> | undefined): void => {
  const f = fallback as FallbackState<A> // SAFETY: `newFallback` made it
  f.phase = 'claiming'
  f.stale = stale
}
