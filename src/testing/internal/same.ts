/**
 * Deep equality, bit for bit: `-0` is not `0`, an absent property is not an undefined one, a hole is not an element. It
 * holds across the realms of a test runner, and a record without a prototype is a record.
 *
 * @internal
 */
import { types } from 'node:util'

const isPlain = (o: object): boolean => {
  const proto: unknown = Object.getPrototypeOf(o)
  return typeof proto !== 'object' || proto === null || Object.getPrototypeOf(proto) === null
}

const all = (xs: ReadonlyArray<unknown>, ys: ReadonlyArray<unknown>): boolean =>
  xs.length === ys.length && xs.every((x, i) => same(x, ys[i]))

const property = (o: object, key: string): unknown => Reflect.get(o, key)

const sameMembers = (x: object, y: object): boolean => {
  const keys = Object.keys(x).sort()
  return (
    all(keys, Object.keys(y).sort()) &&
    keys.every((key) => same(property(x, key), property(y, key))) &&
    (!Array.isArray(x) || !Array.isArray(y) || x.length === y.length)
  )
}

const bytesOf = (buffer: ArrayBufferLike): Uint8Array => new Uint8Array(buffer)

export const same = (x: unknown, y: unknown): boolean => {
  if (typeof x !== 'object' || x === null || typeof y !== 'object' || y === null) return Object.is(x, y)
  if (Object.prototype.toString.call(x) !== Object.prototype.toString.call(y)) return false
  // a `Buffer` is its bytes
  if (types.isUint8Array(x) && types.isUint8Array(y)) return Buffer.compare(x, y) === 0
  if (isPlain(x) !== isPlain(y)) return false
  if (types.isDate(x) && types.isDate(y)) return Object.is(x.getTime(), y.getTime())
  if (types.isMap(x) && types.isMap(y)) return all([...x].flat(), [...y].flat())
  if (types.isSet(x) && types.isSet(y)) return all([...x], [...y])
  if (types.isAnyArrayBuffer(x) && types.isAnyArrayBuffer(y)) return same(bytesOf(x), bytesOf(y))
  if (types.isBoxedPrimitive(x) && types.isBoxedPrimitive(y)) return Object.is(x.valueOf(), y.valueOf())
  return sameMembers(x, y)
}
