/**
 * A short digest of the structure of an io-ts type: of its kinds, property names and literals, and of the names of
 * types without parts. When the type changes, the digest changes, but not if only its name or the order of its properties
 * changes.
 *
 * @internal
 */
import type * as t from 'io-ts'

import { textHash } from '../base/textHash'

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
const short = (s: string): string => (s.length > 64 ? textHash(s) : s)

interface Walk {
  readonly done: Map<t.Mixed, string>
  /** Recursive types, numbered in the order of the walk. A type that was numbered is written as its number. */
  readonly numbered: Map<t.Mixed, number>
}

const structure = (walk: Walk, type: t.Mixed): string => {
  const {
    _tag: tag = 'opaque',
    codomain,
    domain,
    keys,
    name,
    props,
    type: inner,
    types,
    value
  }: Anatomy = type
  if (tag === 'LiteralType') return `literal:${typeof value}:${String(value)}`
  if (tag === 'KeyofType') return `keyof:${JSON.stringify(Object.keys(keys ?? {}).sort())}`
  if (tag === 'ReadonlyType' && inner !== undefined) return text(walk, inner)
  if (tag === 'RefinementType' && inner !== undefined)
    return `refinement(${text(walk, inner)}):${JSON.stringify(name)}`
  if (props !== undefined) {
    const fields = Object.keys(props)
      .sort()
      .map((k) => `${JSON.stringify(k)}:${text(walk, props[k] as t.Mixed)}`) // SAFETY: k is one of its keys
    return `${tag}{${fields.join(',')}}`
  }
  const parts = types ?? [domain, codomain, inner].filter((one) => one !== undefined)
  // a type without parts is known by its name, and so is one of no kind
  return tag === 'opaque' || (types === undefined && parts.length === 0)
    ? `${tag}:${JSON.stringify(name)}`
    : `${tag}(${parts.map((one) => text(walk, one)).join(',')})`
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
  textHash(text({ done: new Map(), numbered: new Map() }, type))
