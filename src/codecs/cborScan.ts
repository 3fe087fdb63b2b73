/**
 * A scan of CBOR bytes before a decoder reads them. cbor-x handles every tag that it knows, whatever its options
 * (errors, regular expressions, cyclic values, packed tables, bignums in quadratic time); it renames `__proto__` and
 * replaces invalid UTF-8. So the scan accepts only what the library's own encoder writes:
 *
 * - definite lengths that fit into the remaining bytes; no bytes after the one value;
 * - integers, floats, `false`, `true`, `null`, `undefined`, byte strings, text in valid UTF-8, arrays;
 * - maps whose keys are text, except `__proto__`;
 * - tag 1 of a number (a date), tags 2 and 3 of at most 64 bytes (a bigint), tag 258 of an array (a `Set`), tag 259
 *   of a map with any keys (a `Map`).
 *
 * @internal
 */
import { isUtf8 } from '../base/bytes'

export interface CborLimits {
  readonly maxDepth: number
  readonly maxItems: number
  readonly maxBytes: number
}

/** `__proto__` as a text string of 9 bytes. */
const proto: ReadonlyArray<number> = [0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f]

/** cbor-x reads a bignum in time quadratic in its length: 64 bytes took 0.1 ms, 192 KiB took 37 s. */
export const maxBignum = 64

/** The length from which a native check is faster than a look at each byte. */
const longText = 48

const unsound = 'not one value of plain CBOR'
const bad = -1

/** The bytes of a scan, and its position. */
interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

/** The number in or after an initial byte. It is inexact above 2^53, where it exceeds every limit anyway. */
const argument = (cursor: Cursor, info: number): number => {
  if (info < 24) return info
  const { bytes } = cursor
  const width = info < 28 ? 1 << (info - 24) : 0
  if (width === 0 || bytes.length - cursor.at < width) return bad // reserved, indefinite, or truncated
  let n = 0
  for (let i = 0; i < width; i++) n = n * 256 + (bytes[cursor.at++] as number) // SAFETY: the length was checked
  return n
}

/** Whether `length` bytes are valid UTF-8. The caller has checked that they exist. */
const isText = (bytes: Uint8Array, from: number, length: number): boolean => {
  const to = from + length
  if (length >= longText) return isUtf8(bytes.subarray(from, to))
  // SAFETY: i < to <= bytes.length
  for (let i = from; i < to; i++) if ((bytes[i] as number) > 0x7f) return isUtf8(bytes.subarray(i, to))
  return true
}

const isProto = (bytes: Uint8Array, from: number): boolean => proto.every((b, i) => bytes[from + i] === b)

/** Whether the item after a tag is a date or a bigint, which have no members. */
const isScalarOf = (tag: number, initial: number, cursor: Cursor): boolean => {
  const major = initial >> 5
  const info = initial & 31
  if (tag === 1)
    return major === 7
      ? info > 24 && info < 28 && argument(cursor, info) >= 0
      : major < 2 && info < 27 && argument(cursor, info) >= 0
  if (tag !== 2 && tag !== 3) return false
  const length = major === 2 ? argument(cursor, info) : bad
  cursor.at += length
  return length >= 0 && length <= maxBignum && cursor.at <= cursor.bytes.length
}

/** A collection around an item: how many of its items are left, and whether every second one is a name. */
interface Open {
  readonly left: number
  readonly named: boolean
}

/**
 * Why the bytes are refused, or `undefined`. Hot path: one long loop with a stack of open collections, because an entry
 * may have a million items, and one call for each would take as long as cbor-x takes to decode it.
 */
export const scanCbor = (bytes: Uint8Array, limits: CborLimits): string | undefined => {
  const end = bytes.length
  if (end > limits.maxBytes) return `more than ${String(limits.maxBytes)} bytes`
  const cursor: Cursor = { bytes, at: 0 }
  const around: Array<Open> = []
  let at = 0
  let items = limits.maxItems
  let left = 1
  let named = false
  for (;;) {
    while (left === 0) {
      const outer = around.pop()
      if (outer === undefined) return at === end ? undefined : unsound
      left = outer.left
      named = outer.named
    }
    left--
    if (at >= end) return unsound
    if (--items < 0) return `more than ${String(limits.maxItems)} items`
    let initial = bytes[at++] as number // SAFETY: at < end
    let major = initial >> 5
    let n = initial & 31
    if (major === 7) {
      // false, true, null, undefined; floats of 2, 4 and 8 bytes; nothing else
      if (named && (left & 1) === 1) return unsound
      if (n >= 20 && n <= 23) continue
      if (n < 25 || n > 27) return unsound
      at += 1 << (n - 24)
      if (at > end) return unsound
      continue
    }
    if (n >= 24) {
      cursor.at = at
      n = argument(cursor, n)
      at = cursor.at
      if (n < 0) return unsound
    }
    if (named && (left & 1) === 1) {
      if (major !== 3 || n > end - at) return unsound
      if (n === 9 && isProto(bytes, at)) return 'a property is named __proto__'
    }
    if (major < 2) continue
    if (major < 4) {
      if (n > end - at || (major === 3 && !isText(bytes, at, n))) return unsound
      at += n
      continue
    }
    let names = major === 5
    if (major === 6) {
      const tag = n
      if (at >= end) return unsound
      initial = bytes[at++] as number // SAFETY: at < end
      major = initial >> 5
      cursor.at = at
      if (tag !== 258 && tag !== 259) {
        if (!isScalarOf(tag, initial, cursor)) return unsound
        at = cursor.at
        continue
      }
      n = major === (tag === 258 ? 4 : 5) ? argument(cursor, initial & 31) : bad
      at = cursor.at
      names = false
    }
    if (around.length >= limits.maxDepth) return `nested deeper than ${String(limits.maxDepth)}`
    const size = major === 5 ? 2 * n : n
    if (n < 0 || size > end - at) return unsound
    around.push({ left, named })
    left = size
    named = names
  }
}
