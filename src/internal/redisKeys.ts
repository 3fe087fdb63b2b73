/**
 * Keys as Redis sees them: bytes, patterns, slots.
 *
 * @internal
 */

/**
 * Whether a key survives UTF-8: all lone surrogates become the same three bytes, so two keys would be one.
 *
 * @internal
 */
export const isWellFormed = (key: string): boolean =>
  // the proof: Node 20, the oldest that we support, has it; the ES2023 library does not declare it
  (key as unknown as { readonly isWellFormed: () => boolean }).isWellFormed()

/**
 * A `MATCH` pattern for what begins with `prefix`, byte for byte.
 *
 * @internal
 */
export const beginsWith = (prefix: string): string => `${prefix.replace(/[*?[\]\\]/g, '\\$&')}*`

/**
 * Whether what the server found begins with `prefix`: a pattern is the server's word, this is ours.
 *
 * @internal
 */
export const startsWith = (prefix: string): ((found: Buffer) => boolean) => {
  const start = Buffer.from(prefix)
  return (found) => found.subarray(0, start.length).equals(start)
}

const crcTable = /*#__PURE__*/ Uint16Array.from({ length: 256 }, (_, i) =>
  Array.from({ length: 8 }).reduce<number>(
    (crc) => (crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff),
    i << 8
  )
)

/**
 * The cluster slot of a key: CRC16 (XMODEM) of its first `{tag}` that is not empty, or of all of it.
 *
 * @internal
 */
export const slotOf = (key: string): number => {
  const from = key.indexOf('{')
  const to = from < 0 ? -1 : key.indexOf('}', from + 1)
  const bytes = Buffer.from(to > from + 1 ? key.slice(from + 1, to) : key)
  let crc = 0
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ (crcTable[((crc >> 8) ^ byte) & 0xff] ?? 0)
  return crc & 0x3fff
}
