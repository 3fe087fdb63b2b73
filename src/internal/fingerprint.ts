/**
 * A short digest of the structure of an io-ts type: kinds, property names, literals; opaque types by name.
 * Where the type changes, so does the digest; where only its name or the order of its properties does, it stays.
 *
 * @internal
 */
import { createHash } from 'node:crypto'

import type * as t from 'io-ts'

/** 96 bits of SHA-256, as 16 characters of base64url. */
export const digest = (s: string): string => createHash('sha256').update(s).digest('base64url').slice(0, 16)

/** What the io-ts constructors leave on a type. All of it may be absent. */
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

/** Long texts are digested as they arise, so that a type that shares its parts costs what it holds, not what it spells. */
const short = (s: string): string => (s.length > 64 ? digest(s) : s)

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Types without parts whose kind is all there is to know. */
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
  /** Recursive types, numbered as they are met: later meetings are written as the number. */
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
      .map((k) => `${JSON.stringify(k)}:${text(walk, props[k] as t.Mixed)}`) // the proof: k is one of its keys
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
  // what defines a number says more than what only uses it, so it is not what a second meeting should say
  if (walk.numbered.size === before) walk.done.set(type, own)
  return own
}

/** The digest of a type's structure. */
export const fingerprintOf = (type: t.Mixed): string =>
  digest(text({ done: new Map(), numbered: new Map() }, type))
