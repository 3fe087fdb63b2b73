/**
 * What a ring is made of, for those who make another one of it: a property of every ring, under a symbol.
 *
 * @internal
 */
import type { Arguments } from '../KeyFn'

/** Shared between copies of the library. */
export const anatomy: unique symbol = /*#__PURE__*/ Symbol.for('fp-ring/anatomy')

/** A ring, whatever was made of it: it is what links lead to. */
export interface Identity {
  readonly name: string
}

/** What is left of a ring's type where its commands do not tell: it is never there at run time. */
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

export interface Anatomy<out T = unknown> {
  /** The command that the ring is when it is called. */
  readonly called: string
  /** The names of the commands of its author's. */
  readonly own: ReadonlyArray<string>
  readonly identity: Identity
  /** The rings whose entries go when this one's change. */
  readonly links: ReadonlyArray<Anatomy>
  readonly types?: T
}

/** What has one. */
export interface Dissectible<out T = unknown> {
  readonly [anatomy]: Anatomy<T>
}

/**
 * Gives a function the members of a ring. They are defined, not assigned: a command may be called `name` or `length`,
 * which a function has already. Tests may replace them, as those of any object (`jest.spyOn`).
 */
export const withMembers = (
  f: (...args: Arguments) => unknown,
  name: string,
  members: Readonly<Record<string, unknown>>,
  parts: Anatomy
): object => {
  const descriptors: PropertyDescriptorMap = {
    name: { value: name, configurable: true },
    [anatomy]: { value: parts }
  }
  for (const [member, value] of Object.entries(members))
    descriptors[member] = { value, enumerable: true, configurable: true, writable: true }
  return Object.defineProperties(f, descriptors)
}
