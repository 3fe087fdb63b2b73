/**
 * Bytes and texts without Node. If Node's functions are present, they are used, because they are faster; the results
 * are the same.
 *
 * @internal
 */
import { bufferModuleOf, type Host, host } from './host'
import { lazily } from './lazy'

/** The size of a text in UTF-8, in bytes. A lone surrogate counts as three: it is encoded as U+FFFD. */
export const sizeInUtf8 = (text: string): number => {
  let size = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    size += unit < 0x800 ? 1 : 2
    const next = text.charCodeAt(i + 1)
    // a surrogate pair is four bytes: two for its two units, and the two added above
    if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) i++
  }
  return size
}

/**
 * Whether a key survives UTF-8. All lone surrogates become the same three bytes, so two different keys could become
 * one.
 */
export const isWellFormed = (key: string): boolean =>
  // SAFETY: Node 20, the oldest supported version, has this method; the ES2023 library does not declare it
  (key as unknown as { readonly isWellFormed: () => boolean }).isWellFormed()

/** The code units of a text as bytes (little-endian), so that different lone surrogates stay different. */
export const unitsOf = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length * 2)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[2 * i] = unit & 0xff
    bytes[2 * i + 1] = unit >> 8
  }
  return bytes
}

/** The parts one after the other, in a new array. */
export const concatenated = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** A multiple of three, so that only the last part is padded; and below the limit of arguments of a call. */
const partOfBase64 = 3 * 8_192

/** Bytes as base64url (RFC 4648, section 5), without padding. */
export const makeBase64url = ({ Buffer }: Host) => {
  // the polyfill of bundlers does not know this encoding
  const native = Buffer?.isEncoding?.('base64url') === true ? Buffer : undefined
  return (bytes: Uint8Array): string => {
    if (native !== undefined)
      return native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
    let out = ''
    for (let i = 0; i < bytes.length; i += partOfBase64)
      out += btoa(String.fromCharCode(...bytes.subarray(i, i + partOfBase64)))
    return out.replace(/[+/=]/g, (c) => (c === '+' ? '-' : c === '/' ? '_' : ''))
  }
}

export const base64url = /*#__PURE__*/ makeBase64url(host)

const strict = /*#__PURE__*/ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The length in bytes from which a `TextDecoder` is faster than a `Buffer`, despite the cost of its call. */
const long = 4_096

/** The text of UTF-8 bytes. Throws for bytes that are not UTF-8; keeps a byte order mark. */
export const makeTextOf =
  ({ Buffer }: Host) =>
  (bytes: Uint8Array): string => {
    if (Buffer === undefined || bytes.length >= long) return strict.decode(bytes)
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
    // bytes that are not UTF-8 become this character; the search for it costs next to nothing in ASCII
    return text.includes('\ufffd') ? strict.decode(bytes) : text
  }

export const textOf = /*#__PURE__*/ makeTextOf(host)

/** Whether bytes are UTF-8. */
export const makeIsUtf8 = (of: Host): ((bytes: Uint8Array) => boolean) => {
  const known = lazily(() => bufferModuleOf(of))
  return (bytes) => {
    const native = known()
    if (native !== undefined) return native.isUtf8(bytes)
    try {
      strict.decode(bytes)
      return true
    } catch {
      return false
    }
  }
}

export const isUtf8 = /*#__PURE__*/ makeIsUtf8(host)

/** Whether two lists of bytes are the same. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i])
