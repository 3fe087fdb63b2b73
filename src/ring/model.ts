/**
 * What a cached function is: its types, and the parts from which other rings are made.
 *
 * @since 0.1.0
 */
import type * as KeyFn from '../KeyFn'
import type { anatomy } from '../wiring/anatomy'
import type { Identity } from './identity'

type Arguments = KeyFn.Arguments

/**
 * The parts of a ring's type that its commands do not show. It never exists at run time.
 *
 * @category model
 * @since 0.1.0
 */
export interface Types<Args extends Arguments, E, A, R, B, X, Cmd, D extends PropertyKey> {
  readonly args: (...args: Args) => void
  readonly error: E
  readonly value: A
  readonly raw: R
  readonly backend: B
  readonly surfaced: X
  readonly commands: Cmd
  readonly called: D
}

/**
 * The parts of a ring that links and `drain` use.
 *
 * @category model
 * @since 0.1.0
 */
export interface Anatomy<out T = unknown> {
  /** The command that runs when the ring is called. */
  readonly called: string
  /** The names of the user's own commands. */
  readonly own: ReadonlyArray<string>
  readonly identity: Identity
  /** The rings whose entries expire when this ring's entries change. */
  readonly links: ReadonlyArray<Anatomy>
  readonly types?: T
}

/**
 * A value that is made from a ring. It appears in declarations that name a ring.
 *
 * @category model
 * @since 0.1.0
 */
export interface Dissectible<out T = unknown> {
  readonly [anatomy]: Anatomy<T>
}
