/**
 * A short digest of the structure of an io-ts type: of its kinds, property names and literals, and of the names of
 * opaque types. When the type changes, the digest changes, but not if only its name or the order of its properties
 * changes.
 *
 * @internal
 */
import type * as t from 'io-ts'

import { sha256 } from '../base/sha256'

/** 96 bits of SHA-256, as 16 characters of base64url. */
export const digest = (s: string): string => sha256(s).slice(0, 16)

/** The properties that io-ts' constructors give to a type. Each may be absent. */
interface Anatomy {
  readonly _tag?: string
  readonly name: string
  readonly type?: t.Mixed
  readonly types?: ReadonlyArray<t.Mixed>
  readonly props?: Readonly<Record<string, t.Mixed>>
  readonly domain?: t.Mixed
  readonly codomain?: t.Mixed
  readonly keys?: object
  readonly value?: unknown
}

/**
 * Long texts are digested at once, so that the cost for a type that shares parts does not grow with its written form.
 */
const short = (s: string): string => (s.length > 64 ? digest(s) : s)

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Types without parts, which their kind describes completely. */
const plain: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'StringType',
  'NumberType',
  'BooleanType',
  'BigIntType',
  'NullType',
  'UndefinedType',
  'VoidType',
  'UnknownType',
  'AnyType',
  'NeverType',
  'FunctionType',
  'ObjectType',
  'AnyArrayType',
  'AnyDictionaryType'
])

interface Walk {
  readonly done: Map<t.Mixed, string>
  /** Recursive types, numbered in the order of the walk. A type that was numbered is written as its number. */
  readonly numbered: Map<t.Mixed, number>
}

const many = (walk: Walk, types: ReadonlyArray<t.Mixed>): string =>
  types.map((one) => text(walk, one)).join(',')

const structure = (walk: Walk, type: t.Mixed): string => {
  const it: Anatomy = type
  const tag = it._tag
  if (tag === undefined) return `opaque:${JSON.stringify(it.name)}`
  if (plain.has(tag)) return tag
  if (tag === 'LiteralType') return `literal:${typeof it.value}:${String(it.value)}`
  if (tag === 'KeyofType') return `keyof:${JSON.stringify(Object.keys(it.keys ?? {}).sort(byCodeUnit))}`
  if (tag === 'ReadonlyType' && it.type !== undefined) return text(walk, it.type)
  if (tag === 'RefinementType' && it.type !== undefined)
    return `refinement(${text(walk, it.type)}):${JSON.stringify(it.name)}`
  if (it.props !== undefined) {
    const props = it.props
    const fields = Object.keys(props)
      .sort(byCodeUnit)
      .map((k) => `${JSON.stringify(k)}:${text(walk, props[k] as t.Mixed)}`) // SAFETY: k is one of its keys
    return `${tag}{${fields.join(',')}}`
  }
  if (it.domain !== undefined && it.codomain !== undefined)
    return `${tag}<${text(walk, it.domain)},${text(walk, it.codomain)}>`
  if (it.types !== undefined) return `${tag}(${many(walk, it.types)})`
  if (it.type !== undefined) return `${tag}(${text(walk, it.type)})`
  return `opaque:${JSON.stringify(it.name)}`
}

const text = (walk: Walk, type: t.Mixed): string => {
  const known = walk.done.get(type)
  if (known !== undefined) return known
  const number = walk.numbered.get(type)
  if (number !== undefined) return `#${String(number)}`
  const before = walk.numbered.size
  if ((type as Anatomy)._tag === 'RecursiveType') {
    walk.numbered.set(type, before)
    return short(`rec${String(before)}:${structure(walk, type)}`)
  }
  const own = short(structure(walk, type))
  // a text that numbers a recursive type is not kept: the next occurrence of this type must use the number instead
  if (walk.numbered.size === before) walk.done.set(type, own)
  return own
}

/** The digest of a type's structure. */
export const fingerprintOf = (type: t.Mixed): string =>
  digest(text({ done: new Map(), numbered: new Map() }, type))
