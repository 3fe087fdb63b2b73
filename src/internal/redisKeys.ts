/**
 * Keys as Redis sees them: bytes, patterns, slots.
 *
 * @internal
 */

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

const crc16 = (text: string): number => {
  let crc = 0
  for (const byte of Buffer.from(text)) {
    crc = ((crc << 8) & 0xffff) ^ (crcTable[((crc >> 8) ^ byte) & 0xff] ?? 0)
  }
  return crc
}

/** What stands for a key where its slot is asked: its first `{tag}`, if that is not empty. */
const tagOf = (key: string): string | undefined => {
  const from = key.indexOf('{')
  const to = from < 0 ? -1 : key.indexOf('}', from + 1)
  return to > from + 1 ? key.slice(from + 1, to) : undefined
}

/**
 * The cluster slot of a key: CRC16 (XMODEM) of its first `{tag}` that is not empty, or of all of it.
 *
 * @internal
 */
export const slotOf = (key: string): number => crc16(tagOf(key) ?? key) & 0x3fff

// -------------------------------------------------------------------------------------
// keys of leases
// -------------------------------------------------------------------------------------

let known: ReadonlyArray<string> | undefined

/** Four letters or digits for every slot. Few keys need them, so they are looked for when the first one does. */
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

/** Four letters or digits after which the hash of `head` and them is `slot`. */
const ending = (head: string, slot: number): string => {
  // a CRC is linear: that of `head` and four bytes is that of `head` and four zeros, XOR that of the four bytes
  const shift = crc16(`${head}\0\0\0\0`) & 0x3fff
  return endings()[slot ^ shift] ?? ''
}

const mark = '~lease:'

/** In the slot of the key by letters of its own: for keys, and prefixes of clients, whose braces are no tag. */
const steered = (keyPrefix: string, key: string): string => {
  const slot = slotOf(keyPrefix + key)
  const open = keyPrefix.indexOf('{')
  if (open < 0) return `${mark}{${ending('', slot)}}:${key}`
  // `{}` in the prefix: everything is hashed, whatever follows
  if (keyPrefix.includes('}', open)) return `${mark}${key}:${ending(`${keyPrefix}${mark}${key}:`, slot)}`
  // the tag that the prefix opens ends in the key
  return `${mark}${ending(`${keyPrefix.slice(open + 1)}${mark}`, slot)}}${key}`
}

/**
 * The key of a key's lease: in its slot, since one script touches both, and that of no other key. The client puts
 * `keyPrefix` before both.
 *
 * A key with a `{tag}` has it in its lease's key; one without is the tag of its lease's key. Two colons in the first
 * case keep the lease of `{a}` from being that of `a`.
 *
 * @internal
 */
export const leaseKeyOf = (keyPrefix: string, key: string): string => {
  const whole = keyPrefix + key
  const open = keyPrefix.indexOf('{')
  if (open >= 0 && tagOf(keyPrefix) === undefined) return steered(keyPrefix, key)
  if (tagOf(whole) !== undefined) return `${mark}:${key}`
  return whole === '' || whole.includes('}') ? steered(keyPrefix, key) : `${mark}{${whole}}`
}
