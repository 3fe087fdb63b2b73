/**
 * What a policy brings to the engine: a part of it that is only in programs that name the policy.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Soon } from '../base/soon'
import type { Start } from '../base/timer'
import type * as D from '../Duration'
import type { Key } from '../KeyFn'
import type { StoreError } from '../RingError'
import type { Entry, Leases, Operations } from '../stores/model'

/** An operation of a store that may answer at once. */
export type Soonly<F> = F extends (...args: infer P) => TE.TaskEither<StoreError, infer A>
  ? (...args: P) => Soon<E.Either<StoreError, A>>
  : never

/** The leases of a store that may answer at once. */
export type StockLeases<R> = { readonly [K in keyof Leases<R>]: Soonly<Leases<R>[K]> }

/** `wait` for a load that a caller waits for, `try` for one in the background, `seize` for an update. */
export type Mode = 'wait' | 'try' | 'seize'

/**
 * `Held`: run the function, and store under this token. `Served`: another process has stored the entry. `Left`: another
 * process is loading it, and no caller needs to wait here. `Unheld`: run the function, and store nothing; `fault` is
 * the failure, if there was one.
 */
export type Claim<S> =
  | { readonly _tag: 'Held'; readonly token: string; readonly waited: boolean }
  | { readonly _tag: 'Served'; readonly seen: S }
  | { readonly _tag: 'Left'; readonly remaining: D.Duration }
  | { readonly _tag: 'Unheld'; readonly fault?: StoreError }

/** A load without leases may store: there is nothing to hold. */
export const freely: Claim<never> = { _tag: 'Held', token: '', waited: false }

export interface Wanted<S> {
  readonly key: Key
  readonly mode: Mode
  /** Whether there is an entry to serve at once while another process loads. */
  readonly patient: boolean
  /**
   * An entry whose remaining lifetime is not longer than this is the one that was found before, so it is not an answer.
   */
  readonly beyond: D.Duration
  /**
   * How long to wait for the store, in milliseconds. The wait for another holder, which the policy limits, does not
   * count.
   */
  readonly limit: number
  /** Called when the wait for another holder begins, which does not count for `limit`. */
  readonly onWait: () => void
  /** Looks again, because another process may have stored an entry; `undefined` if that is not an answer. */
  readonly recheck: () => Soon<S | undefined>
}

/** A lease that is asked for, and what keeps it alive once it is held. */
export interface Asked<S> {
  readonly claimed: Soon<Claim<S>>
  /** Stops the renewal. */
  readonly stop: () => (() => void) | undefined
}

/** A write under a lease. */
export interface Commit<R> {
  readonly key: Key
  readonly token: string
  readonly entry: readonly [O.Option<R>, D.Duration]
  /** If the lease was lost, the entry is removed, unless it is certainly newer than `before`. */
  readonly removes: boolean
  /** The entry from before the function ran. */
  readonly before: Soon<O.Option<Entry<R>> | undefined>
  readonly onLost: () => void
}

/** The steps from which the others are made. */
export interface Claims {
  readonly claim: <S>(wanted: Wanted<S>) => Soon<Claim<S>>
  /** Keeps a lease alive; returns a function that stops it. */
  readonly keepAlive: (key: Key, token: string) => () => void
  readonly release: (key: Key, token: string) => Soon<unknown>
}

export interface Leasing<R> {
  /** Asks for a lease, and keeps it alive once it is held. */
  readonly ask: <S>(wanted: Wanted<S>) => Asked<S>
  /** Releases a lease that was acquired too late to be used. */
  readonly giveBack: <S>(key: Key, asked: Asked<S>) => void
  /** Whether another process is known to load a key. */
  readonly isBusy: (key: Key) => boolean
  /**
   * Commits one result; returns whether it was stored. The removal is part of this: an update that this one superseded
   * waits for both.
   */
  readonly commit: (commit: Commit<R>) => Soon<E.Either<StoreError, boolean>>
  /** The entry of a key; `undefined` if the store does not say. */
  readonly entryOf: (key: Key) => Soon<O.Option<Entry<R>> | undefined>
  /**
   * Writes a value if there is none, and returns the stored one: the same to all concurrent callers. A value that is
   * not `valid` counts as none.
   */
  readonly agree: (
    key: Key,
    value: R,
    life: D.Duration,
    valid: (there: R) => boolean
  ) => Soon<E.Either<StoreError, R>>
  /** Releases every lease that is held: what is still being loaded under one is not stored. */
  readonly releaseAll: () => Promise<void>
  readonly release: (key: Key, token: string) => Soon<unknown>
  /** Whether a lease is still held. */
  readonly holds: (key: Key, token: string) => Soon<E.Either<StoreError, boolean>>
}

/** What leases need of a ring. `after`: the timer of a caller that waits for a lease. `background`: the timer of renewals. */
export interface LeasingParts<R> {
  readonly stock: Pick<
    { readonly [K in keyof Operations<R>]: Soonly<Operations<R>[K]> },
    'get' | 'read' | 'set' | 'delete'
  >
  readonly leases: StockLeases<R>
  readonly lease: { readonly ttl: D.Duration; readonly wait: D.Duration }
  readonly now: () => number
  readonly after: Start<D.Duration>
  readonly background: Start<D.Duration>
  readonly random: () => number
  readonly longestLoad: D.Duration
  /** How long a refresh that another process does is not tried again. */
  readonly retryThrottle: D.Duration
  /** Reports a failed renewal, for which no caller waits. */
  readonly fault: (key: Key, error: StoreError) => void
}

/** Makes the leases of a ring. */
export type MakeLeasing = <R>(parts: LeasingParts<R>) => Leasing<R>

/** The field of a policy that makes its leases. ESM and CommonJS have one symbol, so that either takes policies of the other. */
export const leases: unique symbol = /*#__PURE__*/ Symbol.for('fp-ring/leases')
