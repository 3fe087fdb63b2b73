/**
 * The canonical text of a list of arguments: injective, printable ASCII without spaces or braces, independent
 * of the order of properties, and readable where the arguments are plain.
 *
 * ```
 * 42  -0  NaN  42n  true  null  undefined      numbers, bigints and the four words
 * 'ada'  'a%20b'  '%u00E9'                      strings, quoted; what is not plain is %XX or %uXXXX per code unit
 * @1767225600000  @NaN                          dates
 * [1,2]  [_,1]                                  arrays; _ is a hole
 * (a=1,b=2)                                     records, by code unit of the property name
 * Map(1=>2)  Set(1,2)                           by the text of their members
 * Uint8Array(AQI)                               bytes and typed arrays, as base64url
 * <page%3A7>                                    what an argument says of itself by [ringKey]()
 * ```
 *
 * A form is told from every other by its text alone, separators are escaped wherever text of the user's stands
 * unquoted, quotes wherever it stands quoted, and every list is closed: that is why two different arguments
 * cannot meet in one text.
 *
 * @internal
 */
import { types } from 'node:util'

import { KeyError } from '../RingError'

/** The method by which an argument says what it is in a key. Shared between copies of the library. */
export const ringKey: unique symbol = /*#__PURE__*/ Symbol.for('fp-ring/ringKey')

const maxDepth = 64
const maxLength = 1 << 20

const hex = (n: number): string => {
  const digits = n.toString(16).toUpperCase()
  return n < 0x100 ? `%${digits.padStart(2, '0')}` : `%u${digits.padStart(4, '0')}`
}

const escapeUnits = (s: string): string => {
  let out = ''
  for (let i = 0; i < s.length; i++) out += hex(s.charCodeAt(i))
  return out
}

// in quotes: printable ASCII but the quote, the escape, braces (they would choose a slot of a cluster)
const unquotable = /[^!-$&(-z|~]+/g
const plainString = /^[!-$&(-z|~]*$/
// bare: names of rings, properties and [ringKey]s; nothing that separates
const unbare = /[^\w$.\-/@+]+/g

/** A name as it stands unquoted in a key: whatever could separate is escaped. */
export const bare = (s: string): string => s.replace(unbare, escapeUnits)

const quoted = (s: string): string =>
  plainString.test(s) ? `'${s}'` : `'${s.replace(unquotable, escapeUnits)}'`

const refuse = (what: string): never => {
  throw new KeyError(`${what} has no canonical text; give the argument a [ringKey]() or the ring a key`)
}

const numeral = (n: number): string => (n === 0 && 1 / n < 0 ? '-0' : String(n))

const bytesOf = (view: ArrayBufferView, budget: Budget): string => {
  affords(budget, view.byteLength)
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64url')
}

/** What has been written so far is counted, so that shared structure cannot make a key without end. */
interface Budget {
  left: number
}

/** Before any work is done for so many characters, members or bytes. */
const affords = (budget: Budget, size: number): void => {
  if (size > budget.left) refuse('an argument this large')
}

const spend = (budget: Budget, text: string): string => {
  budget.left -= text.length + 1
  return budget.left < 0 ? refuse('an argument this large') : text
}

const arrayText = (a: ReadonlyArray<unknown>, path: ReadonlyArray<object>, budget: Budget): string => {
  affords(budget, a.length)
  if (Object.keys(a).some((name) => !isIndex(name))) return refuse('an array with properties of its own')
  let out = ''
  for (let i = 0; i < a.length; i++) {
    if (i > 0) out += ','
    out += i in a ? text(a[i], path, budget) : spend(budget, '_')
  }
  return out
}

const isIndex = (name: string): boolean => /^\d+$/.test(name)

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const recordText = (o: object, path: ReadonlyArray<object>, budget: Budget): string => {
  if (Object.getOwnPropertySymbols(o).length > 0) return refuse('an object with symbols for properties')
  const names = Object.keys(o)
  affords(budget, names.length)
  names.sort(byCodeUnit)
  let out = ''
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string // the proof: i < names.length
    const value: unknown = (o as Record<string, unknown>)[name] // the proof: its own property
    out += `${i > 0 ? ',' : ''}${spend(budget, bare(name))}=${text(value, path, budget)}`
  }
  return out
}

/** Nothing above it but Object.prototype, this realm's or another's (a worker's, a test runner's). */
const isRecord = (proto: unknown): boolean =>
  proto === null ||
  proto === Object.prototype ||
  (typeof proto === 'object' &&
    Object.getPrototypeOf(proto) === null &&
    Object.hasOwn(proto, 'isPrototypeOf'))

/** What an argument says of itself, if it does. */
const ownText = (o: object, budget: Budget): string | undefined => {
  const own: unknown = (o as { readonly [ringKey]?: unknown })[ringKey] // the proof: any property may be read
  if (typeof own !== 'function') return undefined
  const said: unknown = own.call(o)
  if (typeof said !== 'string') return refuse('a [ringKey]() that is no string')
  affords(budget, said.length)
  return `<${spend(budget, bare(said))}>`
}

const objectText = (o: object, ancestors: ReadonlyArray<object>, budget: Budget): string => {
  const own = ownText(o, budget)
  if (own !== undefined) return own
  if (ancestors.includes(o)) return refuse('a cycle')
  if (ancestors.length >= maxDepth) return refuse('an argument this deep')
  const path = [...ancestors, o]
  const proto: unknown = Object.getPrototypeOf(o)
  if (isRecord(proto)) return `(${recordText(o, path, budget)})`
  // a subclass, or an instance with properties of its own, holds more than its kind tells
  const parent: unknown = Object.getPrototypeOf(proto)
  if (Array.isArray(o))
    return isRecord(parent) ? `[${arrayText(o, path, budget)}]` : refuse('an instance of a class')
  if (ArrayBuffer.isView(o)) return viewText(o, budget)
  if (!isRecord(parent) || Reflect.ownKeys(o).length > 0) return refuse('an instance of a class')
  if (types.isDate(o)) return spend(budget, `@${String(o.getTime())}`)
  if (types.isMap(o)) {
    affords(budget, o.size)
    const members = Array.from(o, ([k, v]) => `${text(k, path, budget)}=>${text(v, path, budget)}`)
    return `Map(${members.sort(byCodeUnit).join(',')})`
  }
  if (types.isSet(o)) {
    affords(budget, o.size)
    const members = Array.from(o, (v) => text(v, path, budget))
    return `Set(${members.sort(byCodeUnit).join(',')})`
  }
  return types.isArrayBuffer(o)
    ? spend(budget, `ArrayBuffer(${bytesOf(new Uint8Array(o), budget)})`)
    : refuse('an instance of a class')
}

/** The kind that a typed array really has, whatever it says of itself. */
const kindOf = (view: ArrayBufferView): unknown =>
  types.isDataView(view)
    ? 'DataView'
    : Reflect.get(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag, view)

/** Bytes and typed arrays; a Buffer is its bytes. */
const viewText = (view: ArrayBufferView, budget: Budget): string => {
  const proto: unknown = Object.getPrototypeOf(view)
  const kind = kindOf(view)
  const plain =
    Buffer.isBuffer(view) ||
    (typeof proto === 'object' &&
      proto !== null &&
      Object.hasOwn(proto, 'constructor') &&
      proto.constructor.name === kind)
  const bytes = bytesOf(view, budget)
  // the elements are own properties too: anything beside them comes after
  return plain && typeof kind === 'string' && !hasMore(view)
    ? spend(budget, `${kind}(${bytes})`)
    : refuse('an instance of a class')
}

/** Own properties beside the elements. They are listed last, so one look at the end does. */
const hasMore = (view: ArrayBufferView): boolean => {
  const own = Reflect.ownKeys(view)
  const last = own[own.length - 1]
  return last !== undefined && (typeof last === 'symbol' || !isIndex(last))
}

const text = (u: unknown, ancestors: ReadonlyArray<object>, budget: Budget): string => {
  switch (typeof u) {
    case 'string':
      affords(budget, u.length)
      return spend(budget, quoted(u))
    case 'number':
      return spend(budget, numeral(u))
    case 'bigint':
      return spend(budget, `${String(u)}n`)
    case 'boolean':
    case 'undefined':
      return spend(budget, String(u))
    case 'object':
      return u === null ? spend(budget, 'null') : objectText(u, ancestors, budget)
    case 'function':
      // a class may have one
      return ownText(u, budget) ?? refuse('a function')
    default:
      return refuse(`a ${typeof u}`)
  }
}

/** The text of a list of arguments. Throws a `KeyError` for what has none. */
export const argumentsText = (args: ReadonlyArray<unknown>): string => {
  if (args.length === 1) {
    // the common cases, without a budget: one number, one plain string
    const only = args[0]
    if (typeof only === 'number') return numeral(only)
    if (typeof only === 'string' && only.length < 64) return quoted(only)
  }
  return arrayText(args, [], { left: maxLength })
}
