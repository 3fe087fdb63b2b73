/**
 * The format of the file of an entry: two lines of text, then the unchanged bytes of the value.
 *
 *     fp-ring 1 <SHA-256 of everything after this line, in hexadecimal>
 *     "<the key, as a JSON string>"
 *     <the value>
 *
 * @internal
 */
import { createHash } from 'node:crypto'

const magic = 'fp-ring 1 '
/** The length of the first line. */
const firstLine = magic.length + 64 + 1
const newline = 0x0a

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** How many bytes are hashed without a break. This blocks the process for about a millisecond, or a few. */
const piece = 2 ** 20

const digestInPieces = async (bytes: Uint8Array): Promise<string> => {
  const hash = createHash('sha256')
  for (let from = 0; from < bytes.length; from += piece) {
    if (from > 0) await new Promise(setImmediate)
    hash.update(bytes.subarray(from, from + piece))
  }
  return hash.digest('hex')
}

const digestOf = (bytes: Uint8Array): string | Promise<string> =>
  bytes.length > piece ? digestInPieces(bytes) : digest(bytes)

/** The file of a value, with a copy of the value, without the digest. `seal` adds the digest. */
export const encodeFile = (key: string, value: Uint8Array): Buffer => {
  const line = Buffer.from(`${JSON.stringify(key)}\n`)
  const bytes = Buffer.allocUnsafe(firstLine + line.length + value.byteLength)
  bytes.write(magic, 'latin1')
  bytes.set(line, firstLine)
  bytes.set(value, firstLine + line.length)
  return bytes
}

export const seal = async (bytes: Buffer): Promise<Buffer> => {
  bytes.write(`${await digestOf(bytes.subarray(firstLine))}\n`, magic.length, 'latin1')
  return bytes
}

/** The key of a file, from its beginning; `undefined` if the beginning does not contain a whole key. */
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

export const keyOfFile = (beginning: Buffer): string | undefined => keyLine(beginning)?.key

/**
 * The value, not copied; or why it cannot be served. `foreign`: the file is whole, but belongs to another key.
 * `damaged`: it is damaged, or its format is not known.
 */
export const decodeFile = async (bytes: Buffer, key: string): Promise<Uint8Array | 'foreign' | 'damaged'> => {
  const line = keyLine(bytes)
  if (line === undefined) return 'damaged'
  const sum = bytes.toString('latin1', magic.length, firstLine)
  if (sum !== `${await digestOf(bytes.subarray(firstLine))}\n`) return 'damaged'
  return line.key === key ? bytes.subarray(line.end) : 'foreign'
}
