/**
 * Keys in the form that memcached accepts: at most 250 bytes, without spaces and control characters. A key that already
 * has this form is unchanged, except for `%`.
 *
 * - `%`, spaces and control characters are percent-encoded, as in a URL: `a b` is `a%20b`. The empty key is `%`.
 * - A result longer than 250 bytes becomes its first bytes, `%~`, and the SHA-256 of all of it in base64url.
 * - The key of a lease is `%lease:` and the key of the entry, shortened in the same way.
 *
 * Only these rules produce a percent sign without two upper-case hexadecimal digits after it, so keys never collide.
 *
 * @internal
 */
import { createHash } from 'node:crypto'

const longest = 250
/** How many bytes of a shortened key are kept at most. */
const headBytes = longest - 2 - 43

const unsafe = /[\0- %\x7f]/g
const isSafe = (text: string): boolean => text.search(unsafe) < 0

const percent = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

const encoded = (key: string): string => (isSafe(key) ? key : key.replace(unsafe, percent))

const isShort = (text: string): boolean => text.length * 3 <= longest || Buffer.byteLength(text) <= longest

/** The longest start of a text that fits into `headBytes` bytes and does not cut a character. */
const headOf = (text: string): string => {
  const bytes = Buffer.from(text)
  let end = headBytes
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end).toString()
}

const shortened = (text: string): string =>
  isShort(text) ? text : `${headOf(text)}%~${createHash('sha256').update(text).digest('base64url')}`

/** The key in memcached for a well-formed Unicode key. */
export const itemKeyOf = (key: string): string => (key === '' ? '%' : shortened(encoded(key)))

/** The key of a key's lease. */
export const leaseKeyOf = (key: string): string => shortened(`%lease:${encoded(key)}`)

/** The form of all results of `itemKeyOf`, except that of the empty key. */
const made = /^(?:[^\0- %\x7f]|%(?:[01][0-9A-F]|20|25|7F))*(?:%~[\w-]{43})?$/

/**
 * A function from a key in memcached, given as bytes, to the same key as text if its entry's key begins with `prefix`.
 * It returns `undefined` for all other entries, and for items of other programs under keys that no entry can have.
 * There is no such function if the prefix is too long, as only the first bytes of a shortened key are known.
 */
export const beginsWith = (prefix: string): ((itemKey: Buffer) => string | undefined) | undefined => {
  const start = Buffer.from(encoded(prefix))
  // the head of a key may be up to three bytes shorter, as it does not cut a character
  if (start.length > headBytes - 3) return undefined
  return (itemKey) => {
    if (itemKey.length > longest || !itemKey.subarray(0, start.length).equals(start)) return undefined
    const text = itemKey.toString()
    return made.test(text) && Buffer.from(text).equals(itemKey) ? text : undefined
  }
}
