/**
 * Bytes in the form that Node's functions take.
 *
 * @internal
 */

/** The same bytes as a `Buffer`, without a copy. */
export const toBuffer = (value: Uint8Array): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
