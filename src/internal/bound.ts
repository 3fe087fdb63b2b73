/**
 * Rings over other arguments. They are made often (a getter of a method makes one for each use), so they cost one
 * function each: the commands are made when they are asked for, by getters on an object that all of one ring share.
 *
 * @internal
 */
import type { Arguments, KeyFn } from '../KeyFn'
import { contramap } from '../KeyFn'
import { type Anatomy, anatomy } from './anatomy'
import { type AnyFunction, type CommandName, type Shape, shapes, taking } from './shapes'

/** How the arguments are made that the ring takes: a property of each function. */
const through = /*#__PURE__*/ Symbol('through')

interface Bound {
  readonly [through]: (args: Arguments) => Arguments
}

/** A ring, as it is to whoever does not know its type. */
export type AnyRing = AnyFunction & { readonly [anatomy]: Anatomy } & Readonly<Record<string, unknown>>

/** `key` keeps its prefix, by which `clear` knows what to clear. */
const made = (name: string, shape: Shape, member: unknown, to: (args: Arguments) => Arguments): unknown =>
  typeof member !== 'function'
    ? member
    : name === 'key'
    ? contramap((...args: Arguments) => to(args))(member as KeyFn<Arguments>) // the proof: a ring's key is one
    : taking(shape, member as AnyFunction, to) // the proof: it is a function

const namesIn = (ring: AnyRing): ReadonlyArray<string> =>
  // the proof: every function has a prototype
  Array.from(new Set([...Object.keys(ring), ...Object.keys(Object.getPrototypeOf(ring) as object)]))

const prototypeOf = (ring: AnyRing, shapeOf: (name: string) => Shape): object => {
  const descriptors: PropertyDescriptorMap = { [anatomy]: { value: ring[anatomy] } }
  for (const name of namesIn(ring)) {
    descriptors[name] = {
      enumerable: true,
      get(this: Bound) {
        const value = made(name, shapeOf(name), ring[name], this[through])
        Object.defineProperty(this, name, { value, enumerable: true })
        return value
      }
    }
  }
  return Object.create(Function.prototype, descriptors) as object // the proof: it is made of an object
}

const isCommand = (name: string): name is CommandName => Object.hasOwn(shapes, name)

/** What is no command of the library's takes what its author says. */
const shapeIn =
  (ring: AnyRing, own: Shape) =>
  (name: string): Shape =>
    isCommand(name) ? shapes[name] : ring[anatomy].own.includes(name) ? own : 'none'

const memoized = (own: Shape): ((ring: AnyRing) => object) => {
  const prototypes = new WeakMap<object, object>()
  return (ring) => {
    const known = prototypes.get(ring)
    if (known !== undefined) return known
    const prototype = prototypeOf(ring, shapeIn(ring, own))
    prototypes.set(ring, prototype)
    return prototype
  }
}

/** Members that every function has of its own: they would hide those of a ring. */
const ofFunctions = ['name', 'length'] as const

const over =
  (prototypeFor: (ring: AnyRing) => object) =>
  (ring: AnyRing, to: (args: Arguments) => Arguments): object =>
    // without a name, which would be that of each receiver's ring: a ring over such rings needs a name of its own
    dressed((...args) => ring(...to(args)), prototypeFor(ring), to)

const dressed = (f: AnyFunction, prototype: object, to: (args: Arguments) => Arguments): object => {
  for (const member of ofFunctions) if (Object.hasOwn(prototype, member)) Reflect.deleteProperty(f, member)
  return Object.assign(Object.setPrototypeOf(f, prototype) as object, { [through]: to }) // the proof: it gives what it is given
}

/** The commands of a ring's author stay as they are. */
export const contramapped = /*#__PURE__*/ over(/*#__PURE__*/ memoized('none'))

const overReceiver = /*#__PURE__*/ over(/*#__PURE__*/ memoized('arguments'))

/** The first argument is the receiver, of the commands of a ring's author as well. */
export const bound = (self: unknown, ring: AnyRing): object => overReceiver(ring, (args) => [self, ...args])

/** The members of a ring, whatever it was made of. */
export const membersOf = (ring: AnyRing): Readonly<Record<string, unknown>> =>
  Object.fromEntries(namesIn(ring).map((name) => [name, ring[name]]))
