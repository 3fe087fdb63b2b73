/**
 * The types that the modules of tiered stores share.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'

import type { Invalidation } from '../../Invalidation'
import type { Key } from '../../KeyFn'
import type { Operation, StoreError } from '../../RingError'
import type { Entry, HiddenLifetime, Store } from '../model'

export type Outcome<A> = Promise<E.Either<StoreError, A>>

/** Runs an operation of a store, which may throw. */
export type Attempt = <A>(operation: Operation, task: () => Outcome<A>) => Outcome<A>

/** A read or a write of the far tier. Its outcome is kept near if this is still alive. */
export interface Fill {
  alive: boolean
  /** When the far tier's operation began. */
  readonly since: number
  /** The write to the near tier, while it runs. */
  keeping: Promise<unknown> | undefined
}

export interface NearTier<R> {
  /** Begins to listen, at the first call. */
  readonly start: () => void
  readonly serves: (key: Key) => boolean
  /** The entry of a copy from the near tier; `undefined` if its remaining lifetime is not known any more. */
  readonly entryOf: (key: Key, copy: Entry<R>) => Entry<R> | undefined
  /** By how much the far tier's remaining lifetime may exceed that of `entryOf`, in whole milliseconds. */
  readonly doubt: (key: Key) => number
  /** Opens a fill before a read of the far tier. The caller must keep or close it. */
  readonly open: (key: Key) => Fill
  readonly close: (key: Key, fill: Fill) => void
  /** Keeps entries whose fills are alive, no longer than they live in the far tier, and closes the fills. */
  readonly keep: (entries: ReadonlyArray<readonly [key: Key, fill: Fill, entry: Entry<R>]>) => Promise<void>
  readonly drop: (keys: ReadonlyArray<Key>) => Promise<void>
  /**
   * Runs a write of the far tier, which does not throw, and then updates the near tier. After a failed write, the entry
   * in the far tier is unknown.
   */
  readonly during: <A>(
    keys: ReadonlyArray<Key>,
    far: () => Outcome<A>,
    then: (answer: A, fillOf: (key: Key) => Fill | undefined) => Promise<unknown>
  ) => Outcome<A>
  /** The same for all keys that begin with a prefix. */
  readonly duringClear: (prefix: string, far: () => Outcome<void>) => Outcome<void>
}

/** The parts of a tiered store, which its reads and its writes share. */
export interface Tiers<R> {
  readonly near: Store<R>
  readonly far: Store<R>
  readonly invalidation: Invalidation | undefined
  /** What the near tier may serve and keep. */
  readonly tier: NearTier<R>
  /** Runs a read of the near tier with a time limit. */
  readonly nearby: Attempt
}

/** The requirement for the store of a tier: it does not hide lifetimes. */
export type Telling<S> = S extends HiddenLifetime
  ? { readonly 'a tier needs a store that tells what is left of a lifetime': never }
  : unknown

/** The near store holds the values of the far one, or any values. */
export type Keeping<Near, R> = unknown extends Near
  ? unknown
  : [Near, R] extends [R, Near]
  ? unknown
  : { readonly 'the near store is for other values than the far one': never }
