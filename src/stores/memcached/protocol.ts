/**
 * memcached's meta protocol: how requests are written, and answers are read.
 *
 * @internal
 */
import { defect } from '../../base/defect'
import type { MemcachedReply, MemcachedRequest } from './model'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

// -------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------

/** The longest key of memcached, in bytes. */
const longestKey = 250

const unsafe = /[\0- \x7f]/
// one letter and its argument; no opaque, and no flag that suppresses the answer
const safeFlags = /^(?:(?:^| )[AC-NP-Zac-pr-z][!-~]*)*$/

const keyOf = (key: string | Uint8Array): string => {
  const text = typeof key === 'string' ? key : Buffer.from(key).toString('base64')
  const isShort = text.length * 3 <= longestKey || Buffer.byteLength(text) <= longestKey
  return text !== '' && isShort && !unsafe.test(text)
    ? text
    : defect('a key that memcached does not take: it is empty, too long, or has spaces or control characters')
}

/** Appends a request to the parts that will be written. Throws a `TypeError` for one that must not be sent. */
export const addTo = (
  parts: Array<string | Uint8Array>,
  { command, flags = '', key, value }: MemcachedRequest,
  opaque: number
): void => {
  if (!safeFlags.test(flags)) return defect('flags that memcached does not take')
  const binary = typeof key === 'string' ? '' : ' b'
  const rest = `${binary}${flags === '' ? '' : ' '}${flags} O${String(opaque)}\r\n`
  if (command !== 'ms') {
    parts.push(`${command} ${keyOf(key)}${rest}`)
    return
  }
  const bytes = value ?? new Uint8Array(0)
  parts.push(`ms ${keyOf(key)} ${String(bytes.byteLength)}${rest}`, bytes, '\r\n')
}

// -------------------------------------------------------------------------------------
// answers
// -------------------------------------------------------------------------------------

/** Longer than any line of the protocol: a key, and some numbers. */
const longestLine = 2_048
/** The buffer that is allocated before a value arrives: memcached's default limit. */
const firstRoom = 2 ** 20 + 2

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** The size in `VA <size> <flags>`; `NaN` for any other line. */
const sizeIn = (line: string): number => {
  const end = line.indexOf(' ', 3)
  const digits = end < 0 ? line.slice(3) : line.slice(3, end)
  return /^\d{1,10}$/.test(digits) ? Number(digits) : NaN
}

/**
 * Answers whose values retain little more memory than their own: a value that is a small part of a chunk of the socket
 * is copied.
 */
export const owned = (replies: ReadonlyArray<MemcachedReply>): ReadonlyArray<MemcachedReply> => {
  let asked = 0
  let held = 0
  let chunk: ArrayBufferLike | undefined
  for (const { value } of replies) {
    if (value === undefined) continue
    asked += value.byteLength
    if (value.buffer === chunk) continue
    chunk = value.buffer
    held += chunk.byteLength
  }
  if (asked * 2 >= held) return replies
  return replies.map((reply) =>
    reply.value === undefined ? reply : { ...reply, value: new Uint8Array(reply.value) }
  )
}

/** A value with its CRLF, as far as it has arrived. */
interface Block {
  readonly line: string
  /** Its full length. */
  readonly length: number
  /** The buffer so far. */
  bytes: Buffer
  filled: number
}

/**
 * Copies received bytes into a block; returns how many belonged to it. An announced length alone allocates no memory:
 * the buffer holds twice the bytes that arrived, or a value of the usual sizes.
 */
const fill = (block: Block, chunk: Buffer, at: number): number => {
  const needed = Math.min(block.filled + chunk.length - at, block.length)
  if (needed > block.bytes.length) {
    const wider = Buffer.allocUnsafeSlow(Math.min(block.length, 2 * needed))
    block.bytes.copy(wider, 0, 0, block.filled)
    block.bytes = wider
  }
  const taken = chunk.copy(block.bytes, block.filled, at, at + needed - block.filled)
  block.filled += taken
  return taken
}

/**
 * Reads answers from the chunks of a socket. It calls `onReply` with each answer: its line, and its value if it has
 * one. Returns `false` for data that is not memcached's, or has a larger value than `largest`; then nothing more can be
 * read.
 */
export const replyReader = (
  onReply: (line: string, value: Uint8Array | undefined) => boolean,
  largest: number
): ((chunk: Buffer) => boolean) => {
  /** The start of a line that is not complete. */
  let begun: Buffer | undefined
  let block: Block | undefined

  const endsWell = (bytes: Buffer, end: number): boolean =>
    bytes[end] === carriageReturn && bytes[end + 1] === lineFeed

  return (chunk) => {
    let bytes = chunk
    let at = 0
    if (block !== undefined) {
      const taken = fill(block, chunk, 0)
      if (block.filled < block.length) return true
      const { bytes: whole, line } = block
      const size = block.length - 2
      block = undefined
      at = taken
      if (!endsWell(whole, size) || !onReply(line, whole.subarray(0, size))) return false
    } else if (begun !== undefined) {
      bytes = Buffer.concat([begun, chunk])
      begun = undefined
    }
    while (at < bytes.length) {
      const end = bytes.indexOf(lineFeed, at)
      if (end < 0) {
        begun = bytes.subarray(at)
        return begun.length <= longestLine
      }
      if (end === at || bytes[end - 1] !== carriageReturn) return false
      const line = bytes.toString('latin1', at, end - 1)
      at = end + 1
      if (!line.startsWith('VA ')) {
        if (!onReply(line, undefined)) return false
        continue
      }
      const size = sizeIn(line)
      if (!(size <= largest)) return false
      if (at + size + 2 <= bytes.length) {
        const value = bytes.subarray(at, at + size)
        if (!endsWell(bytes, at + size) || !onReply(line, value)) return false
        at += size + 2
      } else {
        const length = size + 2
        block = { line, length, bytes: Buffer.allocUnsafeSlow(Math.min(length, firstRoom)), filled: 0 }
        fill(block, bytes, at)
        return true
      }
    }
    return true
  }
}

/** The answer in a line, if it belongs to the request with this opaque; `undefined` otherwise. */
export const toReply = (
  line: string,
  value: Uint8Array | undefined,
  opaque: number
): MemcachedReply | undefined => {
  const mark = ` O${String(opaque)}`
  const begin = value === undefined ? 3 : line.indexOf(' ', 3) + 1
  // usually the opaque is the last flag, as in the request
  if (line.endsWith(mark)) {
    return { status: line.slice(0, 2), flags: line.slice(begin, -mark.length), value }
  }
  const flags = line.slice(begin).split(' ')
  const others = flags.filter((flag) => !flag.startsWith('O'))
  return flags.length === others.length + 1 && flags.includes(mark.slice(1))
    ? { status: line.slice(0, 2), flags: others.join(' '), value }
    : undefined
}

/** The argument of a flag in an answer (`'60'` of `t60`), or `undefined`. */
export const flagOf = ({ flags }: MemcachedReply, letter: string): string | undefined => {
  for (const flag of flags.split(' ')) if (flag.startsWith(letter)) return flag.slice(1)
  return undefined
}
