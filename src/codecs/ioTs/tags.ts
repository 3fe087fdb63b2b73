/**
 * The tags of io-ts types: properties whose type is a literal. If the members of a union differ in a tag, io-ts decodes
 * with the one member that the tag selects. Mirrors io-ts' `getTags`.
 *
 * @internal
 */
import type * as t from 'io-ts'

import type { Anatomy } from './kinds'

/** The literals that each tag may have; `undefined` if there are no tags. */
type Tags = ReadonlyMap<string, ReadonlyArray<unknown>> | undefined

const shared = (a: ReadonlyArray<unknown>, b: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  a.filter((v) => b.includes(v))

/** The tags of a value of both types. */
const ofBoth = (a: Tags, b: Tags): Tags => {
  if (a === undefined || b === undefined) return a ?? b
  const both = new Map(a)
  for (const [name, values] of b) {
    const known = a.get(name)
    const left = known === undefined ? values : shared(known, values)
    if (left.length === 0) return undefined
    both.set(name, left)
  }
  return both
}

/** The tags of a value of one of the two types: those that distinguish the types. */
const ofEither = (a: Tags, b: Tags): Tags => {
  if (a === undefined || b === undefined) return undefined
  const either = new Map<string, ReadonlyArray<unknown>>()
  for (const [name, values] of a) {
    const others = b.get(name)
    if (others !== undefined && shared(values, others).length === 0) either.set(name, [...values, ...others])
  }
  return either.size === 0 ? undefined : either
}

const tagsOf = (mixed: t.Mixed, open: ReadonlyArray<t.Mixed>): Tags => {
  const type: Anatomy = mixed
  if (open.includes(mixed)) return undefined
  const inner = (): Tags => (type.type === undefined ? undefined : tagsOf(type.type, open))
  switch (type._tag) {
    case 'InterfaceType': {
      const literals = Object.entries(type.props ?? {}).flatMap(([name, one]: [string, Anatomy]) =>
        one._tag === 'LiteralType' ? [[name, [one.value]] as const] : []
      )
      return literals.length === 0 ? undefined : new Map(literals)
    }
    case 'ExactType':
    case 'RefinementType':
    case 'ReadonlyType':
      return inner()
    case 'RecursiveType':
      return type.type === undefined ? undefined : tagsOf(type.type, [...open, mixed])
    case 'IntersectionType':
      return (type.types ?? []).map((one) => tagsOf(one, open)).reduce(ofBoth, undefined)
    case 'UnionType': {
      const [first, ...rest] = (type.types ?? []).map((one) => tagsOf(one, open))
      return rest.reduce(ofEither, first)
    }
    default:
      return undefined
  }
}

/** The values that the property `tag` may have in a value of a type; `undefined` if the type does not restrict it. */
export const tagValues = (type: t.Mixed, tag: string): ReadonlyArray<unknown> | undefined =>
  tagsOf(type, [])?.get(tag)
