/** Values that say what they are: their key, who wrote them, and when; then so many bytes that follow from these. */
import { createHash } from 'node:crypto'

export const keys = Array.from({ length: 6 }, (_, i) => `key ${String(i)}`)

const filling = (head: string): Buffer => {
  const seed = createHash('sha256').update(head).digest()
  // most are small; some take several writes to the disk
  const size = seed.readUInt16BE(0) % 8 === 0 ? 200_000 + seed.readUInt16BE(2) : seed.readUInt16BE(2) % 3_000
  return Buffer.alloc(size, seed)
}

export const valueOf = (key: string, pid: number, n: number): Buffer => {
  const head = `${key}/${String(pid)}/${String(n)}\n`
  return Buffer.concat([Buffer.from(head), filling(head)])
}

/** Whether it is a value that was written for this key, to its last byte. */
export const isValueOf = (key: string, value: Uint8Array): boolean => {
  const bytes = Buffer.from(value)
  const head = bytes.toString('utf8', 0, bytes.indexOf('\n') + 1)
  return head.startsWith(`${key}/`) && bytes.subarray(head.length).equals(filling(head))
}
