/**
 * The canonical text of a list of arguments. It is injective, independent of the order of properties, and readable for
 * plain arguments. It consists of printable ASCII without spaces or braces.
 *
 * ```
 * 42  -0  NaN  42n  true  null  undefined      numbers, bigints and the four words
 * 'ada'  'a%20b'  '%u00E9'                      strings, quoted; a code unit that is not plain becomes %XX or %uXXXX
 * @1767225600000  @NaN                          dates
 * [1,2]  [_,1]                                  arrays; _ is a hole
 * (a=1,b=2)                                     records, by code unit of the property name
 * Map(1=>2)  Set(1,2)                           members sorted by their text
 * Uint8Array(AQI)                               bytes and typed arrays, as base64url
 * <page%3A7>                                    the text that an argument's [ringKey]() returns
 * ```
 *
 * Two different arguments cannot have the same text, for three reasons. Each form can be recognized from its text
 * alone. User text that is not quoted has its separators escaped; quoted text has its quotes escaped. Every list has an
 * end mark.
 *
 * @internal
 */
import { base64url } from '../base/bytes'
import { isBuffer } from '../base/host'
import { isPlainProto } from '../base/isRecord'
import { isArrayBuffer, isDate, isMap, isSet, kindOfView } from '../base/slots'
import { KeyError } from '../RingError'

/** The method that returns an argument's text in a key. All copies of the library share this symbol. */
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

// in quotes: printable ASCII except the quote, the escape, and braces (in Redis Cluster, braces choose the slot of a
// key)
const unquotable = /[^!-$&(-z|~]+/g
const plainString = /^[!-$&(-z|~]*$/
// unquoted: names of rings and properties, and texts of [ringKey]s, without any separator
const unbare = /[^\w$.\-/@+]+/g

/** A name as it stands unquoted in a key: every character that could be a separator is escaped. */
export const bare = (s: string): string => s.replace(unbare, escapeUnits)

const quoted = (s: string): string =>
  plainString.test(s) ? `'${s}'` : `'${s.replace(unquotable, escapeUnits)}'`

/** Why an argument has no text. It shows no value. */
interface Refusal {
  readonly refused: string
}

/** The refusals made here. A getter of an argument cannot forge one. */
const refusals = /*#__PURE__*/ new WeakSet<Error & Refusal>()

const refuse = (what: string): never => {
  const refusal = Object.assign(new Error(what), { refused: what })
  refusals.add(refusal)
  throw refusal
}

// SAFETY: only `refuse` adds to the set, and it adds refusals
const isRefusal = (cause: unknown): cause is Error & Refusal =>
  typeof cause === 'object' && cause !== null && refusals.has(cause as Error & Refusal)

const numeral = (n: number): string => (n === 0 && 1 / n < 0 ? '-0' : String(n))

const bytesOf = (view: ArrayBufferView, budget: Budget): string => {
  affords(budget, view.byteLength)
  return base64url(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
}

/** Limits the text: without a limit, an argument that shares its parts could make a key of exponential length. */
interface Budget {
  left: number
  /** The place of the failure, from the inside out. */
  readonly where: Array<string>
}

/** Notes the place in an argument where something threw. */
const within = (budget: Budget, place: string, cause: unknown): unknown => {
  budget.where.push(place)
  return cause
}

/** Checks the budget before any work is done for `size` characters, members or bytes. */
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
  let i = 0
  try {
    for (; i < a.length; i++) {
      if (i > 0) out += ','
      out += i in a ? text(a[i], path, budget) : spend(budget, '_')
    }
  } catch (cause) {
    throw within(budget, `[${String(i)}]`, cause)
  }
  return out
}

const isIndex = (name: string): boolean => /^\d+$/.test(name)

const recordText = (o: object, path: ReadonlyArray<object>, budget: Budget): string => {
  if (Object.getOwnPropertySymbols(o).length > 0) return refuse('an object with symbols for properties')
  const names = Object.keys(o)
  affords(budget, names.length)
  names.sort()
  let out = ''
  let i = 0
  try {
    for (; i < names.length; i++) {
      const name = names[i] as string // SAFETY: i < names.length
      const value: unknown = (o as Record<string, unknown>)[name] // SAFETY: an own property
      out += `${i > 0 ? ',' : ''}${spend(budget, bare(name))}=${text(value, path, budget)}`
    }
  } catch (cause) {
    throw within(budget, `.${shortened(bare(names[i] ?? ''), longestName)}`, cause)
  }
  return out
}

/** A name in a message, cut to a length. */
const shortened = (name: string, length: number): string =>
  name.length > length ? `${name.slice(0, length)}…` : name

const longestName = 40
const longestPlace = 200

/** The texts of the members of a collection, sorted, so that the order of the members does not matter. */
const memberTexts = <A>(members: Iterable<A>, budget: Budget, textOf: (member: A) => string): string => {
  const out: Array<string> = []
  try {
    for (const member of members) out.push(textOf(member))
  } catch (cause) {
    throw within(budget, `{${String(out.length)}}`, cause)
  }
  return out.sort().join(',')
}

/** The text of an argument's `[ringKey]()`, if it has one. */
const ownText = (o: object, budget: Budget): string | undefined => {
  const own: unknown = (o as { readonly [ringKey]?: unknown })[ringKey] // SAFETY: any property of an object may be read
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
  if (isPlainProto(proto)) return `(${recordText(o, path, budget)})`
  // an instance of a subclass, or with properties of its own, holds more than the text of its kind shows
  const parent: unknown = Object.getPrototypeOf(proto)
  if (Array.isArray(o))
    return isPlainProto(parent) ? `[${arrayText(o, path, budget)}]` : refuse('an instance of a class')
  if (ArrayBuffer.isView(o)) return viewText(o, budget)
  if (!isPlainProto(parent) || Reflect.ownKeys(o).length > 0) return refuse('an instance of a class')
  if (isDate(o)) return spend(budget, `@${String(o.getTime())}`)
  if (isMap(o)) {
    affords(budget, o.size)
    return `Map(${memberTexts(o, budget, ([k, v]) => `${text(k, path, budget)}=>${text(v, path, budget)}`)})`
  }
  if (isSet(o)) {
    affords(budget, o.size)
    return `Set(${memberTexts(o, budget, (v) => text(v, path, budget))})`
  }
  return isArrayBuffer(o)
    ? spend(budget, `ArrayBuffer(${bytesOf(new Uint8Array(o), budget)})`)
    : refuse('an instance of a class')
}

/** The text of bytes and typed arrays. A `Buffer` has the text of its bytes. */
const viewText = (view: ArrayBufferView, budget: Budget): string => {
  const proto: unknown = Object.getPrototypeOf(view)
  const kind = kindOfView(view)
  const plain =
    isBuffer(view) ||
    (typeof proto === 'object' &&
      proto !== null &&
      Object.hasOwn(proto, 'constructor') &&
      proto.constructor.name === kind)
  const bytes = bytesOf(view, budget)
  // the elements are own properties too, so other properties are looked for after them
  return plain && typeof kind === 'string' && !hasMore(view)
    ? spend(budget, `${kind}(${bytes})`)
    : refuse('an instance of a class')
}

/**
 * Whether there are own properties besides the elements. They are listed last, so it is enough to look at the last one.
 */
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
      // a class may have a static [ringKey]()
      return ownText(u, budget) ?? refuse('a function')
    default:
      return refuse(`a ${typeof u}`)
  }
}

/**
 * Turns what was thrown into a `KeyError` that names the place. An error of a getter, of a trap of a proxy or of a
 * `[ringKey]()` becomes its cause. The message does not repeat that of the cause, which may contain a value.
 */
const keyErrorOf = (cause: unknown, { where }: Budget): KeyError => {
  const [first, ...inner] = where.slice().reverse()
  const which = first === undefined ? 'the arguments' : `argument ${String(Number(first.slice(1, -1)) + 1)}`
  const place = inner.length === 0 ? which : `${which}, at ${shortened(inner.join(''), longestPlace)}`
  const advice = 'give the argument a [ringKey]() or the ring a key'
  return isRefusal(cause)
    ? new KeyError(`${place}: ${cause.refused} has no canonical text; ${advice}`)
    : new KeyError(`${place}: to read it throws, so it has no canonical text; ${advice}`, cause)
}

/** The text of a list of arguments. Throws a `KeyError` if an argument has none. */
export const argumentsText = (args: ReadonlyArray<unknown>): string => {
  if (args.length === 1) {
    // the common cases, without a budget: one number, one plain string
    const only = args[0]
    if (typeof only === 'number') return numeral(only)
    if (typeof only === 'string' && only.length < 64) return quoted(only)
  }
  const budget: Budget = { left: maxLength, where: [] }
  try {
    return arrayText(args, [], budget)
  } catch (cause) {
    throw keyErrorOf(cause, budget)
  }
}
