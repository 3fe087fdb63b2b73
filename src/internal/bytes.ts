/**
 * Bytes and text, as Node's functions take them.
 *
 * @internal
 */

/**
 * The same bytes as a `Buffer`, without a copy.
 *
 * @internal
 */
export const toBuffer = (value: Uint8Array): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)

/**
 * Whether a key survives UTF-8: all lone surrogates become the same three bytes, so two keys would be one.
 *
 * @internal
 */
export const isWellFormed = (key: string): boolean =>
  // the proof: Node 20, the oldest that we support, has it; the ES2023 library does not declare it
  (key as unknown as { readonly isWellFormed: () => boolean }).isWellFormed()
