/**
 * Structured clones that refuse what they would change: `structuredClone` itself makes a plain record of an
 * instance of a class.
 *
 * @internal
 */
import { types } from 'node:util'

import * as E from 'fp-ts/Either'

import { DecodeError, EncodeError } from '../RingError'
import { isRecord } from './json'

const maxDepth = 1000

/** A kind that structured clones keep, and not a subclass of it. */
const isBuiltIn = (o: object): boolean => {
  if (Array.isArray(o) || Buffer.isBuffer(o)) return true
  const proto: unknown = Object.getPrototypeOf(o)
  if (typeof proto !== 'object' || proto === null) return true
  if (types.isTypedArray(o)) return isRecord(Object.getPrototypeOf(proto) as object) // the proof: %TypedArray%.prototype
  return (
    isRecord(proto) &&
    (types.isDate(o) ||
      types.isMap(o) ||
      types.isSet(o) ||
      types.isRegExp(o) ||
      types.isAnyArrayBuffer(o) ||
      types.isDataView(o))
  )
}

const membersOf = (o: object): Iterable<unknown> => {
  if (types.isMap(o)) return [o.keys(), o.values()].flatMap((them): ReadonlyArray<unknown> => [...them])
  if (types.isSet(o)) return o
  const members: ReadonlyArray<unknown> = ArrayBuffer.isView(o) ? [] : Object.values(o)
  return members
}

/** Whether a clone would be the same. Functions are left to `structuredClone`, which throws. */
const keepsAll = (u: unknown, seen: Set<object>, depth: number): boolean => {
  if (typeof u !== 'object' || u === null || seen.has(u)) return true
  if (depth <= 0 || !(isRecord(u) || isBuiltIn(u)) || Object.getOwnPropertySymbols(u).length > 0) return false
  seen.add(u)
  for (const member of membersOf(u)) if (!keepsAll(member, seen, depth - 1)) return false
  return true
}

export const cloneOf = {
  encode: <A>(a: A): E.Either<EncodeError, A> => {
    try {
      return keepsAll(a, new Set(), maxDepth)
        ? E.right(structuredClone(a))
        : E.left(new EncodeError('a structured clone would lose the class of an instance, or a symbol'))
    } catch (cause) {
      return E.left(new EncodeError('a structured clone is not possible', cause))
    }
  },
  decode: <A>(a: A): E.Either<DecodeError, A> => {
    try {
      return E.right(structuredClone(a))
    } catch (cause) {
      return E.left(new DecodeError('a structured clone is not possible', { cause }))
    }
  }
}
