/**
 * The real kind of an object, whatever it claims to be. Each check reads an internal slot, which only objects of that
 * built-in kind have. The checks also work for objects of another realm (a `vm` context, a test runner), where
 * `instanceof` does not.
 *
 * @internal
 */
import { host } from './host'

type Kind<T> = abstract new (...args: never) => T

/** A getter or a method that throws for any object without the slot. */
type Probe = (this: object) => unknown

const probeOf = (prototype: object, name: PropertyKey): Probe | undefined => {
  // SAFETY: each name passed below is that of a getter or a method
  const found = Object.getOwnPropertyDescriptor(prototype, name) as
    | { readonly get?: Probe; readonly value?: Probe }
    | undefined
  return found?.get ?? found?.value
}

const accepts = (probe: Probe | undefined, o: object): boolean => {
  try {
    if (probe === undefined) return false
    probe.call(o)
    return true
  } catch {
    return false
  }
}

/** A cheap first check. To run the probe on each plain record would cost an exception for each. */
const mayBe = (o: object, tag: string, kind: Kind<unknown>): boolean => {
  try {
    return o instanceof kind || Object.prototype.toString.call(o) === tag
  } catch {
    return false // a getter that throws, or a proxy that was revoked
  }
}

const slotted = <T extends object>(name: string, kind: Kind<T> | undefined, slot: string) => {
  const probe = kind === undefined ? undefined : probeOf(kind.prototype as object, slot)
  const tag = `[object ${name}]`
  return (u: unknown): u is T =>
    kind !== undefined && typeof u === 'object' && u !== null && mayBe(u, tag, kind) && accepts(probe, u)
}

export const isDate = /*#__PURE__*/ slotted<Date>('Date', Date, 'getTime')
export const isMap = /*#__PURE__*/ slotted<Map<unknown, unknown>>('Map', Map, 'size')
export const isSet = /*#__PURE__*/ slotted<Set<unknown>>('Set', Set, 'size')
export const isRegExp = /*#__PURE__*/ slotted<RegExp>('RegExp', RegExp, 'global')
export const isArrayBuffer = /*#__PURE__*/ slotted<ArrayBuffer>('ArrayBuffer', ArrayBuffer, 'byteLength')

const isSharedArrayBuffer = /*#__PURE__*/ slotted<SharedArrayBuffer>(
  'SharedArrayBuffer',
  host.SharedArrayBuffer,
  'byteLength'
)

export const isAnyArrayBuffer = (u: unknown): u is ArrayBufferLike =>
  isArrayBuffer(u) || isSharedArrayBuffer(u)

const boxes = /*#__PURE__*/ [Number, String, Boolean, Symbol, BigInt].map((kind) =>
  // SAFETY: the constructors are used only on the right side of `instanceof`, and for their prototypes
  slotted<object>(kind.name, kind as unknown as Kind<object>, 'valueOf')
)

/** Whether a value is a wrapper object around a number, a string, a boolean, a symbol or a bigint. */
export const isBoxed = (u: unknown): u is object => boxes.some((is) => is(u))

const typedArrayKind = /*#__PURE__*/ probeOf(
  /*#__PURE__*/ Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag
)

/** The real kind of a view: `Uint8Array`, `DataView`, … */
export const kindOfView = (view: ArrayBufferView): unknown => typedArrayKind?.call(view) ?? 'DataView'

export const isTypedArray = (u: unknown): u is ArrayBufferView =>
  ArrayBuffer.isView(u) && kindOfView(u) !== 'DataView'
export const isDataView = (u: unknown): u is DataView => ArrayBuffer.isView(u) && kindOfView(u) === 'DataView'
export const isUint8Array = (u: unknown): u is Uint8Array =>
  ArrayBuffer.isView(u) && kindOfView(u) === 'Uint8Array'
