/**
 * Keys as Redis uses them: bytes, patterns, slots.
 *
 * @internal
 */

/** A `MATCH` pattern for keys that begin with `prefix`, byte for byte. */
export const beginsWith = (prefix: string): string => `${prefix.replace(/[*?[\]\\]/g, '\\$&')}*`

/**
 * Whether a key that the server found begins with `prefix`. It checks the server's result, as `MATCH` is only a
 * pattern.
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

const crc16 = (text: string): number => {
  let crc = 0
  for (const byte of Buffer.from(text)) {
    crc = ((crc << 8) & 0xffff) ^ (crcTable[((crc >> 8) ^ byte) & 0xff] ?? 0)
  }
  return crc
}

/** The part of a key that determines its slot: its first `{tag}`, if that is not empty. */
const tagOf = (key: string): string | undefined => {
  const from = key.indexOf('{')
  const to = from < 0 ? -1 : key.indexOf('}', from + 1)
  return to > from + 1 ? key.slice(from + 1, to) : undefined
}

/** The cluster slot of a key: CRC16 (XMODEM) of its first `{tag}` that is not empty, or of the whole key. */
export const slotOf = (key: string): number => crc16(tagOf(key) ?? key) & 0x3fff

// -------------------------------------------------------------------------------------
// keys of leases
// -------------------------------------------------------------------------------------

let known: ReadonlyArray<string> | undefined

/** Four letters or digits for every slot. Computed at first use, as few keys need them. */
const endings = (): ReadonlyArray<string> => {
  if (known !== undefined) return known
  const found = new Array<string>(0x4000)
  let missing = found.length
  for (let n = 0; missing > 0; n++) {
    const text = n.toString(36).padStart(4, '0')
    const slot = crc16(text) & 0x3fff
    if (found[slot] !== undefined) continue
    found[slot] = text
    missing--
  }
  return (known = found)
}

/** Four letters or digits that, appended to `head`, give a text with the hash `slot`. */
const ending = (head: string, slot: number): string => {
  // CRC is linear: crc(`head` + four bytes) = crc(`head` + four zeros) XOR crc(the four bytes)
  const shift = crc16(`${head}\0\0\0\0`) & 0x3fff
  return endings()[slot ^ shift] ?? ''
}

const mark = '~lease:'

/** A key in the slot of `key`, by added letters: for keys, and prefixes of clients, whose braces are not a tag. */
const steered = (keyPrefix: string, key: string): string => {
  const slot = slotOf(keyPrefix + key)
  const open = keyPrefix.indexOf('{')
  if (open < 0) return `${mark}{${ending('', slot)}}:${key}`
  // `{}` in the prefix: Redis hashes the whole key
  if (keyPrefix.includes('}', open)) return `${mark}${key}:${ending(`${keyPrefix}${mark}${key}:`, slot)}`
  // a tag that begins in the prefix ends in the key
  return `${mark}${ending(`${keyPrefix.slice(open + 1)}${mark}`, slot)}}${key}`
}

/**
 * The key of the lease of `key`. It is in the same slot, since one script touches both, and different for every key.
 * The client puts `keyPrefix` before both.
 *
 * If `key` has a `{tag}`, the lease's key has the same tag; otherwise `key` is the tag. Two colons in the first case
 * distinguish the lease of `{a}` from that of `a`.
 */
export const leaseKeyOf = (keyPrefix: string, key: string): string => {
  const whole = keyPrefix + key
  const open = keyPrefix.indexOf('{')
  if (open >= 0 && tagOf(keyPrefix) === undefined) return steered(keyPrefix, key)
  if (tagOf(whole) !== undefined) return `${mark}:${key}`
  return whole === '' || whole.includes('}') ? steered(keyPrefix, key) : `${mark}{${whole}}`
}
