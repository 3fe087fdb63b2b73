/**
 * What stands between a value and `JSON.stringify`, and between `JSON.parse` and a decoder.
 *
 * `JSON.stringify` loses what it cannot write without a word: `NaN` becomes `null`, a `Map` becomes `{}`, a `Date` a
 * string, `-0` becomes `0`. So a value is walked before it is written, and refused if its text would be read as
 * something else. `-0` is written as `-0`, which is JSON. A walk costs a sixth of `JSON.stringify`, and a walk over
 * what was parsed 7% of `JSON.parse` (a scan over the bytes for brackets costs 40%): that is why both sides walk.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { DecodeError, EncodeError } from '../RingError'

/** A JSON text nested deeper than this is refused where nothing else was said. */
export const defaultDepth = 64

const record = Object.prototype
const protoOf: (o: object) => unknown = Object.getPrototypeOf
const symbolsOf: (o: object) => ReadonlyArray<symbol> = Object.getOwnPropertySymbols

/** An object with nothing above it but `Object.prototype`: this realm's or another's (a worker's, a test runner's). */
export const isRecord = (o: object): boolean => {
  const proto = protoOf(o)
  return (
    proto === record ||
    proto === null ||
    (typeof proto === 'object' && protoOf(proto) === null && Object.hasOwn(proto, 'isPrototypeOf'))
  )
}

// -------------------------------------------------------------------------------------
// reading
// -------------------------------------------------------------------------------------

/** Why a value must not reach a decoder: nothing (0), too deep (1), an own property named `__proto__` (2), a getter that threw (3). */
type Hazard = 0 | 1 | 2 | 3

/** The hazards of what `JSON.parse` returned: arrays and records only, nothing inherited, no cycles. */
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
  for (const name in u) {
    if (name === '__proto__') return 2
    const v = (u as Record<string, unknown>)[name] // the proof: its own property
    if (typeof v === 'object' && v !== null) {
      const hazard = parsedHazard(v, depth - 1)
      if (hazard !== 0) return hazard
    }
  }
  return 0
}

/** The hazards of any value. Only arrays and records are entered; a cycle is too deep. */
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

const hazardOf = (u: unknown, depth: number, find = valueHazard): Hazard => {
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

const strict = /*#__PURE__*/ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of UTF-8 bytes. Throws for what is not UTF-8, a byte order mark is kept (and is no JSON). */
const textOf = (bytes: Uint8Array): string => {
  // for short texts the call of a TextDecoder costs more than its work
  if (bytes.length >= 4096) return strict.decode(bytes)
  const text = (
    Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  ).toString('utf8')
  // what is not UTF-8 has become this character; to look for it in ASCII costs nothing
  return text.includes('\ufffd') ? strict.decode(bytes) : text
}

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

/** 0: JSON carries it. 1: it does, but there is a -0 inside. Else the key of a reason why it does not. */
const verdict = (u: unknown, depth: number): number => {
  if (typeof u === 'string' || typeof u === 'boolean' || u === null) return 0
  if (typeof u === 'number') return u - u === 0 ? (u === 0 && 1 / u < 0 ? negativeZero : 0) : 8
  if (u === undefined) return 4
  if (typeof u !== 'object') return 16
  if (depth <= 0) return 2
  if ((u as { readonly toJSON?: unknown }).toJSON !== undefined) return objectWithToJson(u, depth)
  return Array.isArray(u) ? arrayVerdict(u, depth) : recordVerdict(u, depth)
}

/** An own property that happens to be named `toJSON` is data, unless it is a function. */
const objectWithToJson = (u: object, depth: number): number =>
  typeof (u as { readonly toJSON?: unknown }).toJSON === 'function' || Array.isArray(u)
    ? 16
    : recordVerdict(u, depth)

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
    const v = (u as Record<string, unknown>)[name] // the proof: any property may be read
    if (v !== undefined) {
      const one = verdict(v, depth - 1)
      if (one > negativeZero) return one
      all |= one
    }
  }
  return all
}

/** `JSON.stringify` for what `verdict` let pass, with `-0`. Rare, so it need not be fast. */
const write = (u: unknown): string => {
  if (typeof u !== 'object' || u === null) return Object.is(u, -0) ? '-0' : JSON.stringify(u)
  if (Array.isArray(u)) return `[${u.map(write).join(',')}]`
  const fields = Object.entries(u).filter(([, v]) => v !== undefined)
  return `{${fields.map(([name, v]) => `${JSON.stringify(name)}:${write(v)}`).join(',')}}`
}

/** The JSON text of a value, or why JSON cannot carry it. */
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

/** `JSON.stringify` escapes lone surrogates, so every text of its has bytes. */
export const bytesOfJson = (text: string): Uint8Array => utf8.encode(text)

/**
 * The value of UTF-8 JSON text. Where `closed` knows all of it, it is taken as it is; anything else is searched for
 * hazards before `validate` sees it. No cause is given: what `JSON.parse` throws quotes the text.
 */
export const decodeJson =
  <A>(
    depth: number,
    closed: (parsed: unknown) => boolean,
    validate: (parsed: unknown) => E.Either<DecodeError, A>
  ) =>
  (bytes: Uint8Array): E.Either<DecodeError, A> => {
    let parsed: unknown
    try {
      parsed = JSON.parse(textOf(bytes))
    } catch {
      return E.left(new DecodeError('not JSON in UTF-8'))
    }
    try {
      if (closed(parsed)) return { _tag: 'Right', right: parsed as A } // the proof: the law of `closed`
    } catch {
      // a predicate of the user's: io-ts will meet the same, and says what it makes of it
    }
    const hazard = hazardOf(parsed, depth, parsedHazard)
    return hazard === 0 ? validate(parsed) : E.left(new DecodeError(hazardText(hazard, depth)))
  }

/** The same guard for values that come from no text. */
export const guardValue = (
  depth: number
): {
  readonly encode: <A>(a: A) => E.Either<EncodeError, A>
  readonly decode: <A>(a: A) => E.Either<DecodeError, A>
} => ({
  encode: (a) => {
    const hazard = hazardOf(a, depth)
    return hazard === 0 ? E.right(a) : E.left(new EncodeError(hazardText(hazard, depth)))
  },
  decode: (a) => {
    const hazard = hazardOf(a, depth)
    return hazard === 0 ? E.right(a) : E.left(new DecodeError(hazardText(hazard, depth)))
  }
})
