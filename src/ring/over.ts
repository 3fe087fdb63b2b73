/**
 * Rings over other arguments. They are made often (a getter of a method makes one for each use), so each costs one
 * function only. Commands are made on demand, by getters on a prototype that all views of one ring share.
 *
 * @internal
 */
import type { Arguments, KeyFn } from '../KeyFn'
import { contramap } from '../KeyFn'
import { anatomy } from '../wiring/anatomy'
import { checkedRing } from './checked'
import type { Anatomy } from './model'
import { type AnyFunction, type CommandName, type Shape, shapes, taking } from './shapes'

/** The function that makes the arguments of the inner ring: a property of each view. */
const through = /*#__PURE__*/ Symbol('through')
/** The inner ring, and how the user's own commands take the arguments: properties of the shared prototype. */
const root = /*#__PURE__*/ Symbol('root')
const way = /*#__PURE__*/ Symbol('way')

type To = (args: Arguments) => Arguments

interface Made {
  readonly [through]: To
  readonly [root]: AnyRing
  /** How the user's own commands take the arguments. */
  readonly [way]: Shape
}

/** A ring of unknown type. */
export type AnyRing = AnyFunction & {
  readonly [anatomy]: Anatomy
  readonly name: string
} & Readonly<Record<string, unknown>>

/** `key` keeps its prefix, from which `clear` knows what to clear. */
const memberOver = (name: string, shape: Shape, member: unknown, to: To): unknown =>
  typeof member !== 'function'
    ? member
    : name === 'key' && shape === 'arguments'
    ? contramap((...args: Arguments) => to(args))(member as KeyFn<Arguments>) // SAFETY: a key function
    : taking(shape, member as AnyFunction, to) // SAFETY: it is a function

const namesIn = (ring: AnyRing): ReadonlyArray<string> =>
  // SAFETY: every function has a prototype
  Array.from(new Set([...Object.keys(ring), ...Object.keys(Object.getPrototypeOf(ring) as object)]))

const asOwn = (value: unknown): PropertyDescriptor => ({
  value,
  enumerable: true,
  configurable: true,
  writable: true
})

/** Made on demand, and kept if possible: not by a frozen object, nor by the prototype itself. */
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
  return Object.create(Function.prototype, descriptors) as object // SAFETY: it is made of an object
}

/** Own members of every function: they would hide those of a ring. */
const ofFunctions = ['name', 'length'] as const

const dressed = (f: AnyFunction, prototype: object, to: To): object => {
  for (const member of ofFunctions) if (Object.hasOwn(prototype, member)) Reflect.deleteProperty(f, member)
  // SAFETY: `setPrototypeOf` returns its first argument
  const made = Object.setPrototypeOf(f, prototype) as { [through]?: To }
  // assigned, because defining a property would cost three times as much as everything else
  made[through] = to
  return made
}

const isMade = (own: Shape, ring: unknown): ring is Made => isRing(ring) && way in ring && ring[way] === own
/** A cheap check: a receiver is bound at each use of a getter. */
const isRing = (u: unknown): u is AnyRing => typeof u === 'function' && anatomy in u

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
    // a view of a view is made directly from the inner ring
    const ring = isMade(own, given) ? given[root] : given
    const both: To = isMade(own, given) ? (args) => given[through](to(args)) : to
    if (!isRing(ring)) return checkedRing('Ring.contramap or Ring.bind', ring)
    const { called, own: names } = ring[anatomy]
    const isOwn = own === 'none' && names.includes(called)
    // without a name, because all receivers would share it: a ring over such rings needs its own name
    return dressed(
      isOwn ? (...args) => ring(...args) : (...args) => ring(...both(args)),
      prototypeFor(ring),
      both
    )
  }
}

/** The user's own commands stay as they are. */
export const contramapped = /*#__PURE__*/ over('none')

const overReceiver = /*#__PURE__*/ over('arguments')

/** The first argument is the receiver, also for the user's own commands. */
export const bound = (self: unknown, ring: AnyRing): object => overReceiver(ring, (args) => [self, ...args])

/** The members of any ring, including a view. */
export const membersOf = (ring: AnyRing): Readonly<Record<string, unknown>> =>
  Object.fromEntries(namesIn(ring).map((name) => [name, ring[name]]))
