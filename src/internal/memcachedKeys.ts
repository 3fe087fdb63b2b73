/**
 * Keys as memcached takes them: at most 250 bytes, without spaces and control characters. A key that is so already
 * stays as it is, but for `%`.
 *
 * - `%`, spaces and control characters are percent-encoded, as in a URL: `a b` is `a%20b`. The empty key is `%`.
 * - What is longer than 250 bytes then is its first bytes, `%~`, and the SHA-256 of all of it in base64url.
 * - The lease of a key has the key `%lease:` and that of the entry, made shorter in the same way.
 *
 * A percent sign that two upper-case hexadecimal digits do not follow is only in what is made here, so no two keys meet.
 *
 * @internal
 */
import { createHash } from 'node:crypto'

const longest = 250
/** Of a key that is shortened so many bytes are kept at most. */
const headBytes = longest - 2 - 43

const unsafe = /[\0- %\x7f]/g
const isSafe = (text: string): boolean => text.search(unsafe) < 0

const percent = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

const encoded = (key: string): string => (isSafe(key) ? key : key.replace(unsafe, percent))

const isShort = (text: string): boolean => text.length * 3 <= longest || Buffer.byteLength(text) <= longest

/** The longest beginning of a text that has so few bytes, and no part of a character. */
const headOf = (text: string): string => {
  const bytes = Buffer.from(text)
  let end = headBytes
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end).toString()
}

const shortened = (text: string): string =>
  isShort(text) ? text : `${headOf(text)}%~${createHash('sha256').update(text).digest('base64url')}`

/**
 * The key in memcached of a key that is well-formed Unicode.
 *
 * @internal
 */
export const itemKeyOf = (key: string): string => (key === '' ? '%' : shortened(encoded(key)))

/**
 * The key of a key's lease.
 *
 * @internal
 */
export const leaseKeyOf = (key: string): string => shortened(`%lease:${encoded(key)}`)

/** What `itemKeyOf` makes, but for the empty key. */
const made = /^(?:[^\0- %\x7f]|%(?:[01][0-9A-F]|20|25|7F))*(?:%~[\w-]{43})?$/

/**
 * The key in memcached, given as bytes, of an entry whose key begins with `prefix`: `undefined` for that of an entry of
 * others, and for what other programs have put there under keys that no entry has. No function for a prefix that is too
 * long: of a key that was shortened only the first bytes are known.
 *
 * @internal
 */
export const beginsWith = (prefix: string): ((itemKey: Buffer) => string | undefined) | undefined => {
  const start = Buffer.from(encoded(prefix))
  // the head of a key may be some bytes shorter, where it ends in a character
  if (start.length > headBytes - 3) return undefined
  return (itemKey) => {
    if (itemKey.length > longest || !itemKey.subarray(0, start.length).equals(start)) return undefined
    const text = itemKey.toString()
    return made.test(text) && Buffer.from(text).equals(itemKey) ? text : undefined
  }
}
