/**
 * cbor-x between two guards: a walk over the value before cbor-x encodes it, and a scan of the bytes before it decodes
 * them.
 *
 * The guards are needed for these habits of cbor-x. The result of `encode` is part of a pool, to whose end later calls
 * write. It adds a property to the bytes that it reads. It writes `-0` as `0`, `__proto__` as itself (and reads it as
 * `__proto_`), lone surrogates as invalid UTF-8, instances of classes as records, and dates beyond 2^53 µs inexactly.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import { flow, pipe } from 'fp-ts/function'
import type * as t from 'io-ts'

import { isBuffer } from '../base/host'
import { isRecord } from '../base/isRecord'
import { DecodeError, EncodeError } from '../RingError'
import { type CborLimits, maxBignum } from './cborScan'
import { fingerprintOf } from './fingerprint'
import { fingerprinted, output } from './fromType'
import type { Codec } from './model'
import { validator } from './validator'

// -------------------------------------------------------------------------------------
// values that can be written
// -------------------------------------------------------------------------------------

const negativeZero = 1
const reasons: Readonly<Record<number, string>> = {
  2: 'it is nested too deep, too large, or cyclic',
  4: 'a string or a property name holds half a surrogate pair',
  8: 'a bigint of more than 64 bytes',
  16: 'there are functions, symbols, holes, instances of classes or views other than Uint8Array; let the type encode them',
  32: 'a property is named __proto__',
  64: 'a date that CBOR holds only inexactly'
}

interface Walk {
  items: number
}

const loneSurrogate = /\p{Surrogate}/u

const stringVerdict = (s: string): number => (loneSurrogate.test(s) ? 4 : 0)

const dateVerdict = (ms: number): number =>
  Number.isNaN(ms) || Math.round((ms / 1000) * 1000) === ms ? 0 : 64

/**
 * 0: CBOR can carry the value. 1: it can, but the value contains -0. Otherwise: it cannot, and this is a key of
 * `reasons`.
 */
const verdict = (u: unknown, depth: number, walk: Walk): number => {
  if (--walk.items < 0) return 2
  switch (typeof u) {
    case 'string':
      return stringVerdict(u)
    case 'number':
      return u === 0 && 1 / u < 0 ? negativeZero : 0
    case 'bigint':
      return BigInt.asIntN(maxBignum * 8, u) === u ? 0 : 8
    case 'boolean':
    case 'undefined':
      return 0
    case 'object':
      return u === null ? 0 : objectVerdict(u, depth, walk)
    default:
      return 16
  }
}

/** Whether an object is exactly of the kind that cbor-x looks for, not of a subclass. */
const is = <T extends object>(o: object, kind: abstract new (...args: ReadonlyArray<never>) => T): o is T =>
  Object.getPrototypeOf(o) === kind.prototype

const objectVerdict = (u: object, depth: number, walk: Walk): number => {
  if (is(u, Date)) return dateVerdict(u.getTime())
  if (is(u, Uint8Array) || isBuffer(u)) return 0
  if (depth <= 0) return 2
  if (Array.isArray(u)) return is(u, Array) ? listVerdict(u, depth, walk) : 16
  if (is(u, Set)) return listVerdict([...u], depth, walk)
  if (is(u, Map)) return listVerdict([...u].flat(1), depth, walk)
  return recordVerdict(u, depth, walk)
}

const listVerdict = (u: ReadonlyArray<unknown>, depth: number, walk: Walk): number => {
  let all = 0
  for (let i = 0; i < u.length; i++) {
    const v = u[i]
    const one = v === undefined && !(i in u) ? 16 : verdict(v, depth - 1, walk)
    if (one > negativeZero) return one
    all |= one
  }
  return all
}

const recordVerdict = (u: object, depth: number, walk: Walk): number => {
  if (!isRecord(u) || Object.getOwnPropertySymbols(u).length > 0) return 16
  let all = 0
  for (const name of Object.keys(u)) {
    if (name === '__proto__') return 32
    // SAFETY: an own property
    const one = stringVerdict(name) || verdict((u as Record<string, unknown>)[name], depth - 1, walk)
    if (one > negativeZero) return one
    all |= one
  }
  return all
}

// -------------------------------------------------------------------------------------
// the codec
// -------------------------------------------------------------------------------------

/** cbor-x and the guards. The tests leave out one guard at a time, to show that each is needed. */
export interface CborParts {
  readonly encode: (u: unknown) => Uint8Array
  /** Writes every number as a float of 8 bytes, so that -0 and 0 stay different. */
  readonly encodeExact: (u: unknown) => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
  readonly copy: (lent: Uint8Array) => Uint8Array
  readonly scan: (bytes: Uint8Array, limits: CborLimits) => string | undefined
}

const write =
  (parts: CborParts, limits: CborLimits) =>
  (u: unknown): E.Either<EncodeError, Uint8Array> => {
    try {
      const found = verdict(u, limits.maxDepth, { items: limits.maxItems })
      if (found > negativeZero) return E.left(new EncodeError(reasons[found] ?? 'CBOR cannot carry it'))
      const bytes = parts.copy(found === negativeZero ? parts.encodeExact(u) : parts.encode(u))
      // bytes that could not be read again are refused: too many items or bytes, or a tag that another module
      // registered
      const refused = parts.scan(bytes, limits)
      return refused === undefined ? E.right(bytes) : E.left(new EncodeError(refused))
    } catch (cause) {
      return E.left(new EncodeError('the value threw while it was written', cause))
    }
  }

const read =
  (parts: CborParts, limits: CborLimits) =>
  (bytes: Uint8Array): E.Either<DecodeError, unknown> => {
    try {
      const refused = parts.scan(bytes, limits)
      // a new view, because cbor-x adds a property to the one that it reads
      return refused === undefined
        ? E.right(parts.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)))
        : E.left(new DecodeError(refused))
    } catch (cause) {
      return E.left(new DecodeError('not CBOR that this codec writes', { cause }))
    }
  }

export const cborWith =
  (parts: CborParts) =>
  <A, O>(type: t.Type<A, O>, limits: CborLimits): Codec<A, Uint8Array> =>
    pipe(
      {
        encode: flow(output(type), E.chain(write(parts, limits))),
        decode: flow(read(parts, limits), E.chain(validator(type)))
      },
      fingerprinted(() => `cbor.${fingerprintOf(type)}`)
    )
