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

/** How the arguments are made that a ring takes: a property of each function. */
const through = /*#__PURE__*/ Symbol('through')
/** Of which ring, and in which way: properties of what they share. */
const root = /*#__PURE__*/ Symbol('root')
const way = /*#__PURE__*/ Symbol('way')

type To = (args: Arguments) => Arguments

interface Made {
  readonly [through]: To
  readonly [root]: AnyRing
  /** How the commands of a ring's author take the arguments. */
  readonly [way]: Shape
}

/** A ring, as it is to whoever does not know its type. */
export type AnyRing = AnyFunction & {
  readonly [anatomy]: Anatomy
  readonly name: string
} & Readonly<Record<string, unknown>>

/** `key` keeps its prefix, by which `clear` knows what to clear. */
const memberOver = (name: string, shape: Shape, member: unknown, to: To): unknown =>
  typeof member !== 'function'
    ? member
    : name === 'key' && shape === 'arguments'
    ? contramap((...args: Arguments) => to(args))(member as KeyFn<Arguments>) // the proof: a ring's key is one
    : taking(shape, member as AnyFunction, to) // the proof: it is a function

const namesIn = (ring: AnyRing): ReadonlyArray<string> =>
  // the proof: every function has a prototype
  Array.from(new Set([...Object.keys(ring), ...Object.keys(Object.getPrototypeOf(ring) as object)]))

const asOwn = (value: unknown): PropertyDescriptor => ({
  value,
  enumerable: true,
  configurable: true,
  writable: true
})

/** Made when it is asked for, and kept where it can be: not by an object that is frozen, nor by the prototype itself. */
const lazy = (name: string, shape: Shape, member: unknown): PropertyDescriptor => ({
  enumerable: true,
  configurable: true,
  get(this: Partial<Made>) {
    const to = this[through]
    if (to === undefined) return undefined
    const value = memberOver(name, shape, member, to)
    if (Object.isExtensible(this)) Object.defineProperty(this, name, asOwn(value))
    return value
  },
  set(this: object, value: unknown) {
    Object.defineProperty(this, name, asOwn(value))
  }
})

const isCommand = (name: string): name is CommandName => Object.hasOwn(shapes, name)

const prototypeOf = (ring: AnyRing, own: Shape): object => {
  const descriptors: PropertyDescriptorMap = {
    [anatomy]: { value: ring[anatomy] },
    [root]: { value: ring },
    [way]: { value: own }
  }
  for (const name of namesIn(ring)) {
    const shape = ring[anatomy].own.includes(name) ? own : isCommand(name) ? shapes[name] : 'none'
    descriptors[name] = lazy(name, shape, ring[name])
  }
  return Object.create(Function.prototype, descriptors) as object // the proof: it is made of an object
}

/** Members that every function has of its own: they would hide those of a ring. */
const ofFunctions = ['name', 'length'] as const

const dressed = (f: AnyFunction, prototype: object, to: To): object => {
  for (const member of ofFunctions) if (Object.hasOwn(prototype, member)) Reflect.deleteProperty(f, member)
  // the proof: `setPrototypeOf` gives what it is given
  const made = Object.setPrototypeOf(f, prototype) as { [through]?: To }
  // assigned, as to define a property costs three times as much as all the rest
  made[through] = to
  return made
}

const isMade = (own: Shape, ring: object): ring is Made => way in ring && ring[way] === own

const over = (own: Shape): ((ring: AnyRing, to: To) => object) => {
  const prototypes = new WeakMap<object, object>()
  const prototypeFor = (ring: AnyRing): object => {
    const known = prototypes.get(ring)
    if (known !== undefined) return known
    const made = prototypeOf(ring, own)
    prototypes.set(ring, made)
    return made
  }
  return (given, to) => {
    // what was made so already is not made of what was made, but of the ring itself
    const ring = isMade(own, given) ? given[root] : given
    const both: To = isMade(own, given) ? (args) => given[through](to(args)) : to
    const { called, own: names } = ring[anatomy]
    const isOwn = own === 'none' && names.includes(called)
    // without a name, which would be that of each receiver's ring: a ring over such rings needs a name of its own
    return dressed(
      isOwn ? (...args) => ring(...args) : (...args) => ring(...both(args)),
      prototypeFor(ring),
      both
    )
  }
}

/** The commands of a ring's author stay as they are. */
export const contramapped = /*#__PURE__*/ over('none')

const overReceiver = /*#__PURE__*/ over('arguments')

/** The first argument is the receiver, of the commands of a ring's author as well. */
export const bound = (self: unknown, ring: AnyRing): object => overReceiver(ring, (args) => [self, ...args])

/** The members of a ring, whatever it was made of. */
export const membersOf = (ring: AnyRing): Readonly<Record<string, unknown>> =>
  Object.fromEntries(namesIn(ring).map((name) => [name, ring[name]]))
