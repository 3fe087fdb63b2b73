/**
 * Checks values before `JSON.stringify`, and the results of `JSON.parse` before a decoder.
 *
 * `JSON.stringify` silently loses what it cannot write: `NaN` becomes `null`, a `Map` becomes `{}`, a `Date` a string,
 * `-0` becomes `0`. So a value is walked before it is written, and refused if its text would be read as a different
 * value. `-0` is written as `-0`, which is JSON. A walk costs a sixth of `JSON.stringify`; a walk over a parsed value
 * costs 7% of `JSON.parse` (scanning the bytes for brackets would cost 40%). That is why both sides walk.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { textOf } from '../base/bytes'
import { isRecord } from '../base/isRecord'
import { DecodeError, EncodeError } from '../RingError'
import { knownKeysOf, listingOnce } from './largeRecords'

/** The default limit of nesting: a deeper JSON text is refused. */
export const defaultDepth = 64

const symbolsOf: (o: object) => ReadonlyArray<symbol> = Object.getOwnPropertySymbols

// -------------------------------------------------------------------------------------
// reading
// -------------------------------------------------------------------------------------

/**
 * Why a value is refused: it is not (0), too deep (1), an own property named `__proto__` (2), a getter that threw (3).
 */
type Hazard = 0 | 1 | 2 | 3

/** The hazards of a result of `JSON.parse`: it has arrays and records only, nothing inherited, no cycles. */
const parsedHazard = (u: unknown, depth: number): Hazard => {
  if (typeof u !== 'object' || u === null) return 0
  if (depth <= 0) return 1
  if (Array.isArray(u)) {
    for (let i = 0; i < u.length; i++) {
      const v: unknown = u[i]
      if (typeof v === 'object' && v !== null) {
        const hazard = parsedHazard(v, depth - 1)
        if (hazard !== 0) return hazard
      }
    }
    return 0
  }
  const known = knownKeysOf(u)
  if (known !== undefined) return largeHazard(u, known, depth)
  for (const name in u) {
    if (name === '__proto__') return 2
    const v = (u as Record<string, unknown>)[name] // SAFETY: its own property
    if (typeof v === 'object' && v !== null) {
      const hazard = parsedHazard(v, depth - 1)
      if (hazard !== 0) return hazard
    }
  }
  return 0
}

const largeHazard = (u: object, names: ReadonlyArray<string>, depth: number): Hazard => {
  for (const name of names) {
    if (name === '__proto__') return 2
    const hazard = parsedHazard((u as Record<string, unknown>)[name], depth - 1) // SAFETY: its own property
    if (hazard !== 0) return hazard
  }
  return 0
}

/** The hazards of any value. Only arrays and records are walked; a cycle counts as too deep. */
const valueHazard = (u: unknown, depth: number): Hazard => {
  if (typeof u !== 'object' || u === null) return 0
  const isArray = Array.isArray(u)
  if (!isArray && !isRecord(u)) return 0
  if (depth <= 0) return 1
  const members: ReadonlyArray<unknown> = isArray ? u : Object.values(u)
  if (!isArray && Object.hasOwn(u, '__proto__')) return 2
  for (const v of members) {
    const hazard = valueHazard(v, depth - 1)
    if (hazard !== 0) return hazard
  }
  return 0
}

const hazardOf = (u: unknown, depth: number, find: (u: unknown, depth: number) => Hazard): Hazard => {
  try {
    return find(u, depth)
  } catch {
    return 3
  }
}

const hazardText = (hazard: Hazard, depth: number): string =>
  hazard === 1
    ? `nested deeper than ${String(depth)}`
    : hazard === 2
    ? 'a property is named __proto__'
    : 'a property threw when it was read'

// -------------------------------------------------------------------------------------
// writing
// -------------------------------------------------------------------------------------

const negativeZero = 1
const reasons: Readonly<Record<number, string>> = {
  2: 'it is nested too deep, or cyclic',
  4: 'JSON has no undefined (but for a property, which is left out)',
  8: 'JSON has no NaN and no infinities',
  16: 'JSON has no dates, maps, bigints, functions, symbols or instances of classes; let the type encode them',
  32: 'a property is named __proto__'
}

/** 0: JSON can represent the value. 1: it can, but there is a -0 inside. Else the key of the reason why it cannot. */
const verdict = (u: unknown, depth: number): number => {
  if (typeof u === 'string' || typeof u === 'boolean' || u === null) return 0
  if (typeof u === 'number') return u - u === 0 ? (u === 0 && 1 / u < 0 ? negativeZero : 0) : 8
  if (u === undefined) return 4
  if (typeof u !== 'object') return 16
  if (depth <= 0) return 2
  const { toJSON } = u as { readonly toJSON?: unknown }
  // an own property that happens to be named `toJSON` is data, unless it is a function
  if (toJSON !== undefined && (typeof toJSON === 'function' || Array.isArray(u))) return 16
  return Array.isArray(u) ? arrayVerdict(u, depth) : recordVerdict(u, depth)
}

const arrayVerdict = (u: ReadonlyArray<unknown>, depth: number): number => {
  let all = 0
  for (let i = 0; i < u.length; i++) {
    const one = verdict(u[i], depth - 1)
    if (one > negativeZero) return one
    all |= one
  }
  return all
}

const recordVerdict = (u: object, depth: number): number => {
  if (!isRecord(u) || symbolsOf(u).length > 0) return 16
  let all = 0
  for (const name in u) {
    if (name === '__proto__') return 32
    const v = (u as Record<string, unknown>)[name] // SAFETY: any property may be read
    if (v !== undefined) {
      const one = verdict(v, depth - 1)
      if (one > negativeZero) return one
      all |= one
    }
  }
  return all
}

/** `JSON.stringify` for values with `-0` that passed `verdict`. They are rare, so it need not be fast. */
const write = (u: unknown): string => {
  if (typeof u !== 'object' || u === null) return Object.is(u, -0) ? '-0' : JSON.stringify(u)
  if (Array.isArray(u)) return `[${u.map(write).join(',')}]`
  const fields = Object.entries(u).filter(([, v]) => v !== undefined)
  return `{${fields.map(([name, v]) => `${JSON.stringify(name)}:${write(v)}`).join(',')}}`
}

/** The JSON text of a value, or why JSON cannot represent it. */
export const writeJson =
  (depth: number) =>
  (u: unknown): E.Either<EncodeError, string> => {
    try {
      const found = verdict(u, depth)
      return found > negativeZero
        ? E.left(new EncodeError(reasons[found] ?? 'JSON cannot carry it'))
        : E.right(found === negativeZero ? write(u) : JSON.stringify(u))
    } catch (cause) {
      return E.left(new EncodeError('the value threw while it was written', cause)) // a getter, a proxy
    }
  }

const utf8 = /*#__PURE__*/ new TextEncoder()

const tooLarge = (most: number): string => `more than ${String(most)} bytes`

/** `JSON.stringify` escapes lone surrogates, so its texts can always be encoded as UTF-8. */
export const bytesOfJson =
  (most: number) =>
  (text: string): E.Either<EncodeError, Uint8Array> => {
    const bytes = text.length > most ? undefined : utf8.encode(text)
    return bytes === undefined || bytes.length > most
      ? E.left(new EncodeError(tooLarge(most)))
      : E.right(bytes)
  }

/** Whether a property may be named `__proto__`: the text then contains the name, or escapes. */
const mayNameProto = (text: string): boolean => text.includes('__proto__') || text.includes('\\u')

const notJson = (): DecodeError => new DecodeError('not JSON in UTF-8')

/** The value itself, if it has no hazard. */
const harmless = <A>(
  a: A,
  depth: number,
  find: (u: unknown, depth: number) => Hazard
): E.Either<DecodeError, A> => {
  const hazard = hazardOf(a, depth, find)
  return hazard === 0 ? E.right(a) : E.left(new DecodeError(hazardText(hazard, depth)))
}

/**
 * The value of UTF-8 JSON text. If `closed` accepts all of it, it is returned as it is. Any other value is searched for
 * hazards: for a property named `__proto__` before `validate` receives it, and for too deep a nesting before it is
 * returned. The error has no cause, because the error of `JSON.parse` quotes the text.
 */
export const decodeJson = <A>(
  { depth, most }: { readonly depth: number; readonly most: number },
  closed: (parsed: unknown) => boolean,
  validate: (parsed: unknown) => E.Either<DecodeError, A>
): ((bytes: Uint8Array) => E.Either<DecodeError, A>) => {
  const decode = (text: string): E.Either<DecodeError, A> => {
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      return E.left(notJson())
    }
    try {
      if (closed(parsed)) return { _tag: 'Right', right: parsed as A } // SAFETY: the law of `closed`
    } catch {
      // the user's predicate threw: io-ts will call it again, and reports the result
    }
    if (mayNameProto(text)) return E.chain(validate)(harmless(parsed, depth, parsedHazard))
    // a refused value need not be searched
    const decoded = validate(parsed)
    if (E.isLeft(decoded)) return decoded
    const found = harmless(parsed, depth, parsedHazard)
    return E.isLeft(found) ? found : decoded
  }
  return (bytes) => {
    if (bytes.length > most) return E.left(new DecodeError(tooLarge(most)))
    let text: string
    try {
      text = textOf(bytes)
    } catch {
      return E.left(notJson())
    }
    return listingOnce(decode, text)
  }
}

/** The same guard for values that do not come from a text. */
export const guardValue = (
  depth: number
): {
  readonly encode: <A>(a: A) => E.Either<EncodeError, A>
  readonly decode: <A>(a: A) => E.Either<DecodeError, A>
} => ({
  encode: (a) => {
    const hazard = hazardOf(a, depth, valueHazard)
    return hazard === 0 ? E.right(a) : E.left(new EncodeError(hazardText(hazard, depth)))
  },
  decode: (a) => harmless(a, depth, valueHazard)
})
