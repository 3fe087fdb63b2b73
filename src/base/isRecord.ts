/**
 * Which objects are records.
 *
 * @internal
 */

const protoOf: (o: object) => unknown = Object.getPrototypeOf

/** Whether a prototype is `null` or an `Object.prototype`, of this realm or another (a worker, a test runner). */
export const isPlainProto = (proto: unknown): boolean =>
  proto === Object.prototype ||
  proto === null ||
  (typeof proto === 'object' && protoOf(proto) === null && Object.hasOwn(proto, 'isPrototypeOf'))

/** An object whose only prototype is such a one. */
export const isRecord = (o: object): boolean => isPlainProto(protoOf(o))
