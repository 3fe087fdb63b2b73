/**
 * The envelope around an entry with tags, a stored error, or the generation of a tag. `docs/wire-format.md` describes
 * it byte by byte. A value without tags has no envelope: it is stored as its codec made it.
 *
 *     0  4   FF 52 4E 47 ('\xffRNG': no JSON, CBOR or UTF-8 text begins with it)
 *     4  1   version, 1
 *     5  1   0 a value, 1 an error, 2 a generation
 *     6  1   n, the number of tags
 *     7  16n the generations of the tags, in the order of the tags
 *     …      the codec's bytes, or those of the generation
 *
 * In a store of references it is an object with the same parts.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { sameBytes } from '../base/bytes'
import { DecodeError, EncodeError } from '../RingError'

/** A generation of a tag: 16 random bytes. */
export type Stamp = Uint8Array

export const stampLength = 16
export const mostTags = 255

const kinds = ['value', 'error', 'generation'] as const
export type Kind = (typeof kinds)[number]

export interface Envelope {
  readonly kind: Kind
  readonly stamps: ReadonlyArray<Stamp>
  readonly payload: unknown
}

const magic = [0xff, 0x52, 0x4e, 0x47] as const
const version = 1
const headerLength = 7

/** All copies of the library share this symbol, because they may share a store. */
const mark: unique symbol = /*#__PURE__*/ Symbol.for('fp-ring/envelope')

interface Reference extends Envelope {
  readonly [mark]: true
}

/** Whether a raw value is an envelope in a store of this process's memory. */
export const isReference = (u: unknown): u is Reference => typeof u === 'object' && u !== null && mark in u

const startsWithMagic = (bytes: Uint8Array): boolean => magic.every((byte, i) => bytes[i] === byte)

const writeBytes = ({ kind, stamps }: Envelope, payload: Uint8Array): Uint8Array => {
  const start = headerLength + stamps.length * stampLength
  const bytes = new Uint8Array(start + payload.length)
  bytes.set([...magic, version, kinds.indexOf(kind), stamps.length])
  stamps.forEach((stamp, i) => bytes.set(stamp, headerLength + i * stampLength))
  bytes.set(payload, start)
  return bytes
}

const readBytes = (bytes: Uint8Array): E.Either<DecodeError, Envelope> => {
  const [kind, count = 0] = [kinds[bytes[5] ?? kinds.length], bytes[6]]
  const start = headerLength + count * stampLength
  if (bytes[4] !== version) return E.left(new DecodeError('an envelope of a version that is not known'))
  if (bytes.length < start || bytes[6] === undefined || kind === undefined)
    return E.left(new DecodeError('a broken envelope'))
  const stamps = Array.from({ length: count }, (_, i) =>
    bytes.subarray(headerLength + i * stampLength, headerLength + (i + 1) * stampLength)
  )
  return E.right({ kind, stamps, payload: bytes.subarray(start) })
}

/**
 * What a store holds. `references`: the values themselves, without a codec. `memory`: the output of a codec, in this
 * process. `bytes`: the output of a codec, outside of this process.
 */
export type Holding = 'references' | 'memory' | 'bytes'

const isBytes = (payload: unknown, holding: Holding): payload is Uint8Array =>
  holding !== 'references' && payload instanceof Uint8Array

const reference = (envelope: Envelope): Reference => ({ [mark]: true, ...envelope })

/** Turns an envelope into a raw value. */
export const seal = (envelope: Envelope, holding: Holding): E.Either<EncodeError, unknown> => {
  const { payload } = envelope
  if (isBytes(payload, holding)) return E.right(writeBytes(envelope, payload))
  if (holding === 'bytes')
    return E.left(new EncodeError('tags and stored errors need a codec that makes bytes'))
  return E.right(reference(envelope))
}

/** The raw form of a value without an envelope; with one if it could be confused with an envelope. */
export const bare = (payload: unknown, holding: Holding): E.Either<EncodeError, unknown> =>
  isReference(payload) || (isBytes(payload, holding) && startsWithMagic(payload))
    ? seal({ kind: 'value', stamps: [], payload }, holding)
    : E.right(payload)

/** Turns an envelope in this process's memory into bytes. `encode` encodes its value. */
export const toBytes =
  (encode: (payload: unknown) => E.Either<EncodeError, unknown>) =>
  (envelope: Envelope): E.Either<EncodeError, unknown> => {
    const { kind, payload } = envelope
    const bytes = kind === 'value' ? encode(payload) : E.right(payload)
    return E.isLeft(bytes) ? bytes : seal({ ...envelope, payload: bytes.right }, 'bytes')
  }

/**
 * The opposite of `toBytes`. A value without tags gets no envelope. `undefined` if the raw value is not an envelope.
 */
export const fromBytes =
  <A>(decode: (payload: Uint8Array) => E.Either<DecodeError, A>) =>
  (raw: unknown): E.Either<DecodeError, unknown> | undefined => {
    if (!isBytes(raw, 'bytes') || !startsWithMagic(raw)) return undefined
    const envelope = readBytes(raw)
    if (E.isLeft(envelope)) return envelope
    const { kind, payload, stamps } = envelope.right
    if (kind === 'error') return E.left(new DecodeError('an error is stored, and no value'))
    // SAFETY: `readBytes` returns bytes
    const value = kind === 'value' ? decode(payload as Uint8Array) : E.right(payload)
    return E.isLeft(value) || (kind === 'value' && stamps.length === 0)
      ? value
      : E.right(reference({ kind, stamps, payload: value.right }))
  }

/** Opens the envelope of a raw value. A raw value without an envelope is a value without tags. */
export const unseal = (raw: unknown, holding: Holding): E.Either<DecodeError, Envelope> => {
  if (isReference(raw)) return E.right(raw)
  return isBytes(raw, holding) && startsWithMagic(raw)
    ? readBytes(raw)
    : E.right({ kind: 'value', stamps: [], payload: raw })
}

export const sameStamps = (a: ReadonlyArray<Stamp>, b: ReadonlyArray<Stamp | undefined>): boolean =>
  a.length === b.length &&
  a.every((stamp, i) => {
    const other = b[i]
    return other !== undefined && sameBytes(stamp, other)
  })
