/**
 * Turns io-ts types into functions that decode as io-ts does, and stop after the first errors.
 *
 * The law: these functions accept and refuse the same values as io-ts, and decode them to the same result. Their errors
 * are the first errors of io-ts, in the same order and with the same contexts; all of them if they are fewer than the
 * limit. An exception that io-ts would throw after that is not thrown.
 *
 * io-ts makes every error: one for each member of a union that refuses, and for each item of a list. So a value of 1
 * MiB with another shape takes seconds and gigabytes. Here the walk ends after the first errors.
 *
 * If a part has a compiled predicate, that is tried first, a few times at most on the path to an error. So a walk costs
 * little more than those few predicates, whatever the depth of the type. A type that is not what its tag says (with a
 * `validate` of the user's) decodes its part of the value itself, at its own cost.
 *
 * @internal
 */
import type * as t from 'io-ts'

import { lazily } from '../../base/lazy'
import { type Anatomy, finiteProps, keptBy, kindOf, need, refuse, tagOf } from './kinds'
import {
  exact,
  type Fields,
  hasOwn,
  intersection,
  list,
  literal,
  opaque,
  record,
  refinement,
  struct,
  tagged,
  tested,
  tests,
  tuple,
  union
} from './parts'
import type { Predicate } from './predicate'
import { tagValues } from './tags'
import type { Child, Part } from './walk'

/** Compiles a type to a predicate. If it is true of a value, the type decodes the value to itself. */
type Compiler = (type: t.Mixed) => Predicate | undefined

// -------------------------------------------------------------------------------------
// any type
// -------------------------------------------------------------------------------------

type ChildOf = (type: t.Mixed) => Child

const unionOf = (type: Anatomy, childOf: ChildOf): Part => {
  const types = need(type.types)
  const members = types.map(childOf)
  const tag = tagOf(type)
  return tag === undefined
    ? union(members)
    : tagged(
        tag,
        members,
        types.map((one) => need(tagValues(one, tag)))
      )
}

const fieldsOf = (props: Readonly<Record<string, t.Mixed>>, childOf: ChildOf): Fields =>
  Object.keys(props).map((name) => [name, childOf(need(props[name]))])

/** The decoder of a type of a known kind. Throws if the type lacks a property that its kind has. */
const partOf = (kind: string, type: Anatomy, childOf: ChildOf): Part => {
  switch (kind) {
    case 'LiteralType':
      return literal(type.value)
    case 'ArrayType':
    case 'ReadonlyArrayType':
      return list(childOf(need(type.type)))
    case 'InterfaceType':
    case 'PartialType':
      return struct(fieldsOf(need(type.props), childOf), kind === 'PartialType')
    case 'TupleType':
      return tuple(need(type.types).map(childOf))
    case 'DictionaryType':
      return record(childOf(need(type.domain)), childOf(need(type.codomain)))
    case 'FiniteRecord': {
      const props = finiteProps(type)
      return exact(struct(fieldsOf(props, childOf), false), new Set(Object.keys(props)))
    }
    case 'ExactType':
      return exact(childOf(need(type.type)).part, new Set(keptBy(need(type.type))))
    case 'UnionType':
      return unionOf(type, childOf)
    case 'IntersectionType':
      return intersection(need(type.types).map(childOf))
    case 'RefinementType': {
      const { predicate } = type
      if (typeof predicate !== 'function') return refuse()
      return refinement(childOf(need(type.type)).part, (v): unknown =>
        Reflect.apply(predicate, undefined, [v])
      )
    }
    case 'ReadonlyType':
      return childOf(need(type.type)).part
    case 'RecursiveType': {
      const inner = lazily(() => childOf(need(type.type)).part)
      return (v, walk) => inner()(v, walk)
    }
    default:
      return refuse()
  }
}

/** For types without parts: whether io-ts returns the value itself. */
const testOf = (kind: string, { keys, value }: Anatomy): Child['test'] => {
  if (kind === 'KeyofType') {
    const known = need(keys)
    return (v) => typeof v === 'string' && hasOwn(known, v)
  }
  if (kind === 'LiteralType') return value === 0 ? undefined : (v) => v === value
  return tests[kind]
}

const noPredicate = (): undefined => undefined

/** A predicate that throws counts as false: the type itself will then throw, or refuse with errors. */
const calmly =
  (predicate: Predicate): Predicate =>
  (v) => {
    try {
      return predicate(v)
    } catch {
      return false
    }
  }

/** Makes the decoders of types and of their parts. A type of unknown kind decodes itself. */
export const decoders = (compiler: Compiler): ChildOf => {
  const made = new Map<t.Mixed, Child>()
  const make = (type: t.Mixed): Child => {
    try {
      const kind = need(kindOf(type))
      const test = testOf(kind, type)
      if (test !== undefined) return { type, part: tested(test), test, quick: noPredicate }
      const quick = lazily(() => {
        const predicate = compiler(type)
        return predicate === undefined ? undefined : calmly(predicate)
      })
      return { type, part: partOf(kind, type, childOf), test, quick }
    } catch {
      return { type, part: opaque(type), test: undefined, quick: noPredicate }
    }
  }
  const childOf: ChildOf = (type) => {
    const known = made.get(type)
    if (known !== undefined) return known
    const child = make(type)
    made.set(type, child)
    return child
  }
  return childOf
}
