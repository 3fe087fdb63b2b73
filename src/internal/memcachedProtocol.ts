/**
 * memcached's meta protocol: requests as they are written, answers as they are read.
 *
 * @internal
 */
import { defect } from './defect'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A meta command. `flags` are those of memcached's `protocol.txt`, with a space between two: `'v t f'`. `O`, `q` and `b`
 * are the client's own. A key that is bytes is sent in base64 (`b`), so it may have any; one that is a string is sent
 * as it is.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedRequest {
  readonly command: 'mg' | 'ms' | 'md' | 'ma'
  readonly key: string | Uint8Array
  readonly flags?: string
  /** For `ms`. */
  readonly value?: Uint8Array
}

/**
 * What a server said to a request: its status, its flags as they were returned (`'t59 f0'`), and the value where it
 * was asked for one (`VA`). With `SERVER_ERROR` (the value is too large, there is no memory) the flags are the message.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedReply {
  readonly status: string
  readonly flags: string
  readonly value: Uint8Array | undefined
}

// -------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------

/** What memcached takes. */
const longestKey = 250

const unsafe = /[\0- \x7f]/
// one letter and its argument; not an opaque, nor what would leave a request without an answer
const safeFlags = /^(?:(?:^| )[AC-NP-Zac-pr-z][!-~]*)*$/

const keyOf = (key: string | Uint8Array): string => {
  const text = typeof key === 'string' ? key : Buffer.from(key).toString('base64')
  const isShort = text.length * 3 <= longestKey || Buffer.byteLength(text) <= longestKey
  return text !== '' && isShort && !unsafe.test(text)
    ? text
    : defect('a key that memcached does not take: it is empty, too long, or has spaces or control characters')
}

/**
 * Adds a request to what is to be written, part after part. Throws a `TypeError` for what must not be sent.
 *
 * @internal
 */
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

/** More than a line of the protocol has: a key, and some numbers. */
const longestLine = 2_048
/** So much of a value has its place before it comes: more than memcached takes unless it is told to. */
const firstRoom = 2 ** 20 + 2

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Of `VA <size> <flags>`; `NaN` where it is none. */
const sizeIn = (line: string): number => {
  const end = line.indexOf(' ', 3)
  const digits = end < 0 ? line.slice(3) : line.slice(3, end)
  return /^\d{1,10}$/.test(digits) ? Number(digits) : NaN
}

/**
 * Values that do not keep much more memory than their own: those that are a small part of what the socket gave at once
 * are copied.
 *
 * @internal
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

/** A value with its CRLF, as far as it is there. */
interface Block {
  readonly line: string
  /** How long it is to be. */
  readonly length: number
  /** What has its place by now. */
  bytes: Buffer
  filled: number
}

/**
 * Adds what came to a block; gives how much of it was the block's. What was only announced takes no memory: there is room
 * for twice of what came, or for a value of the usual sizes.
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
 * Reads answers out of what a socket gives, in whatever pieces. `onReply` is given each: its line, and its value where
 * it has one. Gives `false` for what is not memcached's, or has a larger value than `largest`; nothing more can be read
 * then.
 *
 * @internal
 */
export const replyReader = (
  onReply: (line: string, value: Uint8Array | undefined) => boolean,
  largest: number
): ((chunk: Buffer) => boolean) => {
  /** The beginning of a line. */
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

/**
 * The answer that a line is to a request with this opaque; `undefined` where it is not one to it.
 *
 * @internal
 */
export const toReply = (
  line: string,
  value: Uint8Array | undefined,
  opaque: number
): MemcachedReply | undefined => {
  const mark = ` O${String(opaque)}`
  const begin = value === undefined ? 3 : line.indexOf(' ', 3) + 1
  // mostly it is the last of the flags, where it was asked for
  if (line.endsWith(mark)) {
    return { status: line.slice(0, 2), flags: line.slice(begin, -mark.length), value }
  }
  const flags = line.slice(begin).split(' ')
  const others = flags.filter((flag) => !flag.startsWith('O'))
  return flags.length === others.length + 1 && flags.includes(mark.slice(1))
    ? { status: line.slice(0, 2), flags: others.join(' '), value }
    : undefined
}

/**
 * The argument of one of an answer's flags (`'60'` of `t60`), or `undefined`.
 *
 * @internal
 */
export const flagOf = ({ flags }: MemcachedReply, letter: string): string | undefined => {
  for (const flag of flags.split(' ')) if (flag.startsWith(letter)) return flag.slice(1)
  return undefined
}
