/**
 * The parts of a ring, for code that makes another ring from it: a property of every ring, under a symbol.
 *
 * @internal
 */
import type { Arguments } from '../KeyFn'
import { anatomy } from '../wiring/anatomy'
import type { Anatomy } from './model'

/**
 * Adds the members of a ring to a function. They are defined, not assigned: a command may be called `name` or `length`,
 * which every function already has. Tests may replace them, like those of any object (`jest.spyOn`).
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
