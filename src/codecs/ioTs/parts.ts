/**
 * The decoders of io-ts' combinators, written again so that each stops after enough errors. `decode.ts` states their
 * law.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as t from 'io-ts'

import { keysOf } from '../largeRecords'
import { mostValues } from '../smallErrors'
import type { Anatomy } from './kinds'
import {
  attempt,
  attemptQuietly,
  buildsIn,
  type Child,
  contextOf,
  descend,
  descendSlowly,
  fail,
  isFull,
  type Part,
  quickOf,
  refused
} from './walk'

const isObject = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v)

export const hasOwn = (o: object, name: string): boolean => Object.prototype.hasOwnProperty.call(o, name)

// -------------------------------------------------------------------------------------
// types without parts
// -------------------------------------------------------------------------------------

export const tests: Readonly<Record<string, (v: unknown) => boolean>> = {
  StringType: (v) => typeof v === 'string',
  NumberType: (v) => typeof v === 'number',
  BooleanType: (v) => typeof v === 'boolean',
  BigIntType: (v) => typeof v === 'bigint',
  NullType: (v) => v === null,
  UndefinedType: (v) => v === undefined,
  VoidType: (v) => v === undefined,
  FunctionType: (v) => typeof v === 'function',
  AnyArrayType: Array.isArray,
  AnyDictionaryType: isObject,
  UnknownType: () => true,
  AnyType: () => true
}

export const tested =
  (test: (v: unknown) => boolean): Part =>
  (v, walk) =>
    test(v) ? v : fail(v, walk)

/** io-ts returns its own value, which may be the other zero. */
export const literal =
  (value: unknown): Part =>
  (v, walk) =>
    v === value ? value : fail(v, walk)

/** A type that decodes itself. Its first errors are kept. */
export const opaque =
  (type: t.Mixed): Part =>
  (v, walk) => {
    const decoded: t.Validation<unknown> = type.validate(v, contextOf(walk))
    if (E.isRight(decoded)) return decoded.right
    for (const error of decoded.left) {
      if (isFull(walk)) break
      walk.errors.push(error)
    }
    return refused
  }

// -------------------------------------------------------------------------------------
// lists and records
// -------------------------------------------------------------------------------------

export const list =
  (item: Child): Part =>
  (v, walk) => {
    if (!Array.isArray(v)) return fail(v, walk)
    const given: ReadonlyArray<unknown> = v
    const before = walk.errors.length
    const quick = quickOf(walk, item)
    let copy: Array<unknown> | undefined
    for (let i = 0, n = given.length; i < n; i++) {
      const one = given[i]
      // to io-ts, NaN is not equal to itself, so it counts as a change
      if (quick?.(one) === true && one === one) continue
      const decoded = quick === undefined ? descend(walk, i, item, one) : descendSlowly(walk, i, item, one)
      if (decoded === refused) {
        if (isFull(walk)) return refused
      } else if (decoded !== one && walk.errors.length === before) {
        // the part around this list must see another list, even if the contents are not needed
        copy ??= buildsIn(walk) ? given.slice() : []
        if (buildsIn(walk)) copy[i] = decoded
      }
    }
    return walk.errors.length > before ? refused : copy ?? given
  }

export const tuple =
  (items: ReadonlyArray<Child>): Part =>
  (v, walk) => {
    if (!Array.isArray(v)) return fail(v, walk)
    const given: ReadonlyArray<unknown> = v
    const before = walk.errors.length
    let copy = given.length > items.length ? given.slice(0, items.length) : undefined
    for (let i = 0; i < items.length; i++) {
      const one = given[i]
      const decoded = descend(walk, i, items[i] as Child, one) // SAFETY: i < items.length
      if (decoded === refused) {
        if (isFull(walk)) return refused
      } else if (decoded !== one) {
        copy ??= given.slice()
        copy[i] = decoded
      }
    }
    return walk.errors.length > before ? refused : copy ?? given
  }

export type Fields = ReadonlyArray<readonly [name: string, child: Child]>

/** After io-ts has changed a property, it reads the next ones from its copy, which has no inherited properties. */
export const struct =
  (fields: Fields, optional: boolean): Part =>
  (v, walk) => {
    if (!isObject(v)) return fail(v, walk)
    const before = walk.errors.length
    let of: Readonly<Record<string, unknown>> = v
    let copy: Record<string, unknown> | undefined
    for (const [name, child] of fields) {
      const one = of[name]
      const missing = optional && one === undefined
      // a type without parts refuses `undefined` or returns it, so a missing property changes nothing
      if (missing && child.test !== undefined) continue
      const decoded = missing ? attemptQuietly(walk, name, child, one) : descend(walk, name, child, one)
      if (decoded === refused) {
        if (isFull(walk)) return refused
      } else if (decoded !== one || (!optional && decoded === undefined && !hasOwn(of, name))) {
        of = copy ??= Object.assign({}, v)
        copy[name] = decoded
      }
    }
    return walk.errors.length > before ? refused : of
  }

/** Leaves out the keys that the domain refuses. */
export const record =
  (domain: Child, codomain: Child): Part =>
  (v, walk) => {
    if (!isObject(v)) {
      const passes = (codomain.type as Anatomy)._tag === 'AnyType' && Array.isArray(v)
      return passes ? v : fail(v, walk)
    }
    const before = walk.errors.length
    const names = keysOf(v)
    if (names.length > mostValues) walk.large.add(v)
    const quick = quickOf(walk, codomain)
    let copy: Record<string, unknown> | undefined
    /** Properties that were refused without an error: io-ts keeps them if it does not copy the record. */
    const silent = new Set<string>()
    const copied = (until: number): Record<string, unknown> => {
      const made: Record<string, unknown> = {}
      if (!buildsIn(walk)) return made
      for (const name of names.slice(0, until)) if (!silent.has(name)) made[name] = v[name]
      return made
    }
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string // SAFETY: i < names.length
      const one = v[name]
      const key = attemptQuietly(walk, name, domain, name)
      if (key === refused) {
        if (walk.errors.length === before) copy ??= copied(i)
        continue
      }
      // SAFETY, here and below: a domain decodes to strings
      const decoded =
        quick === undefined
          ? descend(walk, key as string, codomain, one)
          : quick(one)
          ? one
          : descendSlowly(walk, key as string, codomain, one)
      if (decoded === refused) {
        if (isFull(walk)) return refused
        silent.add(name)
      } else if (walk.errors.length === before && (copy !== undefined || key !== name || decoded !== one)) {
        copy ??= copied(i)
        if (buildsIn(walk)) copy[key as string] = decoded
      }
    }
    return walk.errors.length > before ? refused : copy ?? v
  }

/** Leaves out the properties that the type does not name. */
export const exact =
  (inner: Part, kept: ReadonlySet<string>): Part =>
  (v, walk) => {
    if (!isObject(v)) return fail(v, walk)
    const decoded = inner(v, walk)
    return decoded === refused ? refused : stripped(decoded as object, kept) // SAFETY: an object is decoded to an object
  }

const stripped = (o: object, kept: ReadonlySet<string>): object => {
  const names = Object.getOwnPropertyNames(o)
  if (names.every((name) => kept.has(name))) return o
  const rest: Record<string, unknown> = {}
  // SAFETY: own properties
  for (const name of names) if (kept.has(name)) rest[name] = (o as Readonly<Record<string, unknown>>)[name]
  return rest
}

// -------------------------------------------------------------------------------------
// unions, intersections, refinements
// -------------------------------------------------------------------------------------

export const union =
  (members: ReadonlyArray<Child>): Part =>
  (v, walk) => {
    const { errors, limit } = walk
    const before = errors.length
    for (let i = 0; i < members.length; i++) {
      const decoded = attempt(walk, i, members[i] as Child, v) // SAFETY: i < members.length
      if (decoded === refused) continue
      errors.length = before
      return decoded
    }
    if (errors.length > limit) errors.length = limit
    return refused
  }

export const tagged =
  (tag: string, members: ReadonlyArray<Child>, values: ReadonlyArray<ReadonlyArray<unknown>>): Part =>
  (v, walk) => {
    if (!isObject(v)) return fail(v, walk)
    const value = v[tag]
    const i = values.findIndex((some) => some.indexOf(value) !== -1)
    const member = members[i]
    return member === undefined ? fail(v, walk) : descend(walk, i, member, v)
  }

export const intersection =
  (members: ReadonlyArray<Child>): Part =>
  (v, walk) => {
    const before = walk.errors.length
    const all: Array<unknown> = []
    for (let i = 0; i < members.length; i++) {
      const decoded = descend(walk, i, members[i] as Child, v) // SAFETY: i < members.length
      if (decoded !== refused) all.push(decoded)
      else if (isFull(walk)) return refused
    }
    return walk.errors.length > before ? refused : merged(v, all)
  }

/** Merges the results of several members for one value. Mirrors io-ts' `mergeAll`. */
const merged = (base: unknown, all: ReadonlyArray<unknown>): unknown => {
  if (all.every((one) => one === base)) return base
  if (!all.some(isObject)) return all[all.length - 1]
  const made: Record<string, unknown> = {}
  for (const one of all) {
    for (const name in one as object) {
      // SAFETY, here and below: any value but null and undefined may be read, and those have no names
      const value = (one as Readonly<Record<string, unknown>>)[name]
      if (!hasOwn(made, name) || !isObject(base) || value !== base[name]) made[name] = value
    }
  }
  return made
}

/** The predicate reads the decoded value, so that must be built. */
export const refinement =
  (inner: Part, predicate: (v: unknown) => unknown): Part =>
  (v, walk) => {
    const { builds } = walk
    walk.builds = true
    const decoded = inner(v, walk)
    walk.builds = builds
    return decoded === refused || predicate(decoded) ? decoded : fail(decoded, walk)
  }
