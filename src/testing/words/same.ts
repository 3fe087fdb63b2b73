/**
 * Deep equality, bit for bit: `-0` is not `0`, an absent property is not an undefined one, a hole is not an element. It
 * works across the realms of a test runner, and a record without a prototype equals one with it.
 *
 * @internal
 */
import { sameBytes } from '../../base/bytes'
import { isAnyArrayBuffer, isBoxed, isDate, isMap, isSet, isUint8Array } from '../../base/slots'

type Same = (x: unknown, y: unknown) => boolean

type List = ReadonlyArray<unknown>

const isPlain = (o: object): boolean => {
  const proto: unknown = Object.getPrototypeOf(o)
  return typeof proto !== 'object' || proto === null || Object.getPrototypeOf(proto) === null
}

const property = (o: object, key: string): unknown => Reflect.get(o, key)

const inOrder =
  (same: Same) =>
  (xs: List, ys: List): boolean =>
    xs.length === ys.length && xs.every((x, i) => same(x, ys[i]))

const inAnyOrder =
  (same: Same) =>
  (xs: List, ys: List): boolean =>
    xs.length === ys.length && xs.every((x) => ys.some((y) => same(x, y)))

const sameProperties = (same: Same, x: object, y: object): boolean => {
  const keys = Object.keys(x).sort()
  return (
    inOrder(same)(keys, Object.keys(y).sort()) &&
    keys.every((key) => same(property(x, key), property(y, key))) &&
    (!Array.isArray(x) || !Array.isArray(y) || x.length === y.length)
  )
}

const bytesOf = (buffer: ArrayBufferLike): Uint8Array => new Uint8Array(buffer)

const makeSame = (members: (same: Same) => (xs: List, ys: List) => boolean): Same => {
  const same: Same = (x, y) => {
    if (typeof x !== 'object' || x === null || typeof y !== 'object' || y === null) return Object.is(x, y)
    if (Object.prototype.toString.call(x) !== Object.prototype.toString.call(y)) return false
    // a `Buffer` equals its bytes
    if (isUint8Array(x) && isUint8Array(y)) return sameBytes(x, y)
    if (isPlain(x) !== isPlain(y)) return false
    if (isDate(x) && isDate(y)) return Object.is(x.getTime(), y.getTime())
    if (isMap(x) && isMap(y)) return members(same)([...x], [...y])
    if (isSet(x) && isSet(y)) return members(same)([...x], [...y])
    if (isAnyArrayBuffer(x) && isAnyArrayBuffer(y)) return same(bytesOf(x), bytesOf(y))
    if (isBoxed(x) && isBoxed(y)) return Object.is(x.valueOf(), y.valueOf())
    return sameProperties(same, x, y)
  }
  return same
}

/** The order of entries of maps and members of sets counts. */
export const same = makeSame(inOrder)

/** Their order does not count. */
export const sameInAnyOrder = makeSame(inAnyOrder)
