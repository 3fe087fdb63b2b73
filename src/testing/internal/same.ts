/**
 * Deep equality, bit for bit: `-0` is not `0`, an absent property is not an undefined one, a hole is not an element. It
 * holds across the realms of a test runner, and a record without a prototype is a record.
 *
 * @internal
 */
import { types } from 'node:util'

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
    // a `Buffer` is its bytes
    if (types.isUint8Array(x) && types.isUint8Array(y)) return Buffer.compare(x, y) === 0
    if (isPlain(x) !== isPlain(y)) return false
    if (types.isDate(x) && types.isDate(y)) return Object.is(x.getTime(), y.getTime())
    if (types.isMap(x) && types.isMap(y)) return members(same)([...x], [...y])
    if (types.isSet(x) && types.isSet(y)) return members(same)([...x], [...y])
    if (types.isAnyArrayBuffer(x) && types.isAnyArrayBuffer(y)) return same(bytesOf(x), bytesOf(y))
    if (types.isBoxedPrimitive(x) && types.isBoxedPrimitive(y)) return Object.is(x.valueOf(), y.valueOf())
    return sameProperties(same, x, y)
  }
  return same
}

/** The entries of maps and the members of sets have an order. */
export const same = makeSame(inOrder)

/** They have none. */
export const sameInAnyOrder = makeSame(inAnyOrder)
