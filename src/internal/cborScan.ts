/**
 * A scan over CBOR bytes before a decoder sees them. cbor-x runs every tag that it knows whatever its options say
 * (errors, regular expressions, cyclic values, packed tables, bignums in quadratic time), renames `__proto__` and
 * replaces bad UTF-8, so only what our own encoder writes gets past here:
 *
 * - definite lengths that fit into what is left of the bytes; nothing behind the one value;
 * - integers, floats, `false`, `true`, `null`, `undefined`, byte strings, text in valid UTF-8, arrays;
 * - maps whose keys are text and not `__proto__`;
 * - tag 1 of a number (a date), tags 2 and 3 of at most 64 bytes (a bigint), tag 258 of an array (a `Set`), tag 259
 *   of a map with any keys (a `Map`).
 *
 * @internal
 */
import { isUtf8 } from 'node:buffer'

export interface CborLimits {
  readonly maxDepth: number
  readonly maxItems: number
  readonly maxBytes: number
}

/** `__proto__` as a text string of 9 bytes. */
const proto: ReadonlyArray<number> = [0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f]

/** cbor-x adds up a bignum in time quadratic in its length: 64 bytes are 0.1 ms, 192 KiB were 37 s. */
export const maxBignum = 64

const bad = -1

/** Why the bytes are refused, or nothing. */
export const scanCbor = (bytes: Uint8Array, limits: CborLimits): string | undefined => {
  const end = bytes.length
  let at = 0
  let items = limits.maxItems
  let why = 'not one value of plain CBOR'

  const byte = (): number => (at < end ? (bytes[at++] as number) : bad) // the proof: at < end

  /** The number in or behind an initial byte. What is above 2^53 is larger than every limit anyway. */
  const argument = (info: number): number => {
    if (info < 24) return info
    const width = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : 0
    if (width === 0 || end - at < width) return bad // reserved, indefinite, or truncated
    let n = 0
    for (let i = 0; i < width; i++) n = n * 256 + byte()
    return n
  }

  const text = (length: number): boolean => {
    const from = at
    at += length
    for (let i = from; i < at; i++) if ((bytes[i] as number) > 0x7f) return isUtf8(bytes.subarray(i, at)) // the proof: i < at <= end
    return true
  }

  const isProto = (from: number): boolean => proto.every((b, i) => bytes[from + i] === b)

  /** A key of a record. */
  const name = (): boolean => {
    const initial = byte()
    if (initial >> 5 !== 3) return false
    items--
    const length = argument(initial & 31)
    if (length < 0 || length > end - at) return false
    if (length === 9 && isProto(at)) {
      why = 'a property is named __proto__'
      return false
    }
    return text(length)
  }

  const members = (count: number, depth: number, named: boolean, keyed: boolean): boolean => {
    if (depth <= 0) {
      why = `nested deeper than ${String(limits.maxDepth)}`
      return false
    }
    if (count < 0 || count > (end - at) / (keyed ? 2 : 1)) return false
    for (let i = 0; i < count; i++) {
      if (keyed && !(named ? name() : item(depth - 1))) return false
      if (!item(depth - 1)) return false
    }
    return true
  }

  const taggedValue = (tag: number, depth: number): boolean => {
    const initial = byte()
    const major = initial >> 5
    const info = initial & 31
    switch (tag) {
      case 1:
        if (major === 7) return info > 24 && info < 28 && argument(info) >= 0
        return major < 2 && initial >= 0 && info < 27 && argument(info) >= 0
      case 2:
      case 3: {
        const length = major === 2 ? argument(info) : bad
        at += length
        return length >= 0 && length <= maxBignum && at <= end
      }
      case 258:
        return major === 4 && members(argument(info), depth, false, false)
      case 259:
        return major === 5 && members(argument(info), depth, false, true)
      default:
        return false
    }
  }

  const item = (depth: number): boolean => {
    const initial = byte()
    if (initial < 0) return false
    if (--items < 0) {
      why = `more than ${String(limits.maxItems)} items`
      return false
    }
    const info = initial & 31
    const major = initial >> 5
    // false, true, null, undefined; floats of 2, 4 and 8 bytes; nothing else
    if (major === 7) return (info >= 20 && info <= 23) || (info >= 25 && info <= 27 && argument(info) >= 0)
    const n = argument(info)
    if (n < 0) return false
    switch (major) {
      case 0:
      case 1:
        return true
      case 2:
        at += n
        return at <= end
      case 3:
        return n <= end - at && text(n)
      case 4:
        return members(n, depth, false, false)
      case 5:
        return members(n, depth, true, true)
      default:
        return taggedValue(n, depth)
    }
  }

  if (end > limits.maxBytes) return `more than ${String(limits.maxBytes)} bytes`
  return item(limits.maxDepth) && at === end ? undefined : why
}
