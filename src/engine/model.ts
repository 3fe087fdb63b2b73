/**
 * The types that the parts of the engine exchange: what was found, what is being loaded, and the result.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'
import type * as O from 'fp-ts/Option'

import type { Soon } from '../base/soon'
import type { Stamp } from '../codecs/envelope'
import type { Verdict, Windows } from '../Decision'
import type * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import type { Claim, Mode } from '../policies/model'
import type { Entry } from '../stores/model'
import type { Flight } from './flight'

export type Stamps = ReadonlyArray<Stamp | undefined>

/** What to do with a value: write it for a lifetime, or nothing. */
export type Prepared<R> = O.Option<{ readonly raw: R; readonly ttl: D.Duration }>

/**
 * What a read found. If it is `missing`, the store may still hold an entry that cannot be used; it lives for
 * `remaining`.
 */
export interface Seen<Err, A> {
  readonly verdict: Verdict
  /** A value, or a stored error; `undefined` if it is `missing`. */
  readonly answer: E.Either<Err, A> | undefined
  readonly remaining: D.Duration
  readonly stamps: Stamps | undefined
  /** The stale windows of this value, if they are narrower than those of the policy. */
  readonly windows?: Windows | undefined
}

/** One key that is being loaded: its arguments, its flight, and what was found before. */
export interface Loading<Args extends Arguments, Err, A> {
  readonly key: Key
  readonly args: Args
  readonly flight: Flight<E.Either<Err, A>>
  readonly seen: Seen<Err, A> | undefined
}

/**
 * `waits`: whether the answer waits for the write. `removes`: whether an entry is deleted if the new result is not
 * stored. `mode`: how a lease is requested; `none` if the store has just failed, and the caller has waited for it
 * already.
 */
export interface How {
  readonly waits: boolean
  readonly removes: boolean
  readonly mode: Mode | 'none'
}

/** If the read has just failed, the caller does not wait for the write: it waits for one timeout at most (law 26). */
export const blindly: How = { waits: false, removes: false, mode: 'none' }

/** The claim to load, the stamps of the new entry, and, for an update, the entry that was stored when it began. */
export interface Ready<Err, A, R> {
  readonly claim: Claim<Seen<Err, A>>
  readonly stamps: ReadonlyArray<Stamp> | undefined
  /** Stops the renewal of the lease. */
  readonly stop?: (() => void) | undefined
  readonly before?: Soon<O.Option<Entry<R>> | undefined> | undefined
}

/** The result of a load that is to be stored. */
export type Loaded<Args extends Arguments, Err, A, R> = Loading<Args, Err, A> &
  Ready<Err, A, R> & { readonly answer: E.Either<Err, A> }
