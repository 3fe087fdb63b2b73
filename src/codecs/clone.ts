/**
 * Structured clones that refuse values which they would change: `structuredClone` itself turns an instance of a class
 * into a plain record.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { isBuffer } from '../base/host'
import { isRecord } from '../base/isRecord'
import { isAnyArrayBuffer, isDataView, isDate, isMap, isRegExp, isSet, isTypedArray } from '../base/slots'
import { DecodeError, EncodeError } from '../RingError'

const maxDepth = 1000

/** Whether an object is of a built-in kind that structured clones keep, not of a subclass. */
const isBuiltIn = (o: object): boolean => {
  if (Array.isArray(o) || isBuffer(o)) return true
  const proto: unknown = Object.getPrototypeOf(o)
  if (typeof proto !== 'object' || proto === null) return true
  if (isTypedArray(o)) return isRecord(Object.getPrototypeOf(proto) as object) // SAFETY: %TypedArray%.prototype
  return (
    isRecord(proto) &&
    (isDate(o) || isMap(o) || isSet(o) || isRegExp(o) || isAnyArrayBuffer(o) || isDataView(o))
  )
}

const membersOf = (o: object): Iterable<unknown> => {
  if (isMap(o)) return [o.keys(), o.values()].flatMap((them): ReadonlyArray<unknown> => [...them])
  if (isSet(o)) return o
  const members: ReadonlyArray<unknown> = ArrayBuffer.isView(o) ? [] : Object.values(o)
  return members
}

/** Whether a clone would equal the value. Functions are not checked: `structuredClone` throws for them. */
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
