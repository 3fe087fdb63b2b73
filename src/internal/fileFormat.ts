/**
 * What is in the file of an entry: two lines of text, then the value's bytes as they are.
 *
 *     fp-ring 1 <SHA-256 of all that follows this line, in hexadecimal>
 *     "<the key, as a JSON string>"
 *     <the value>
 *
 * @internal
 */
import { createHash } from 'node:crypto'

import { toBuffer } from './bytes'

const magic = 'fp-ring 1 '
/** The length of the first line. */
const firstLine = magic.length + 64 + 1
const newline = 0x0a

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** @internal */
export const encodeFile = (key: string, value: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(key)}\n`), toBuffer(value)])
  return Buffer.concat([Buffer.from(`${magic}${digest(body)}\n`), body])
}

/** The key of a file, from its beginning; `undefined` where that holds no key, or not all of it. */
const keyLine = (bytes: Buffer): { readonly key: string; readonly end: number } | undefined => {
  const end = bytes.indexOf(newline, firstLine)
  if (end < 0 || !bytes.subarray(0, magic.length).equals(Buffer.from(magic))) return undefined
  try {
    const key: unknown = JSON.parse(bytes.toString('utf8', firstLine, end))
    return typeof key === 'string' ? { key, end: end + 1 } : undefined
  } catch {
    return undefined
  }
}

/** @internal */
export const keyOfFile = (beginning: Buffer): string | undefined => keyLine(beginning)?.key

/**
 * The value, of which nothing is copied; or what keeps it from being served: the file is whole and another key's, or it
 * is damaged, or in a format that is not known.
 *
 * @internal
 */
export const decodeFile = (bytes: Buffer, key: string): Uint8Array | 'foreign' | 'damaged' => {
  const line = keyLine(bytes)
  if (line === undefined) return 'damaged'
  if (bytes.toString('latin1', magic.length, firstLine) !== `${digest(bytes.subarray(firstLine))}\n`)
    return 'damaged'
  return line.key === key ? bytes.subarray(line.end) : 'foreign'
}
