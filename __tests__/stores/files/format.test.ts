/** Files whose value is large: they are hashed piece by piece, and nothing else has to wait. */
import { createHash } from 'node:crypto'

import { describe, expect, test } from '@jest/globals'

import { decodeFile, encodeFile, seal } from '../../../src/stores/files/format'

/** How often others had a turn meanwhile. */
const turnsDuring = async <A>(work: () => Promise<A>): Promise<readonly [turns: number, answer: A]> => {
  let turns = 0
  let isDone = false
  const others = async (): Promise<void> => {
    while (!isDone) {
      await new Promise(setImmediate)
      turns++
    }
  }
  const ended = others()
  const answer = await work()
  const had = turns
  isDone = true
  await ended
  return [had, answer]
}

describe('a file', () => {
  const sizes = [0, 1, 1_000, 2 ** 20 - 100, 2 ** 20, 2 ** 20 + 1, 5 * 2 ** 20 + 7]

  test('of any size is as it is documented, and is read', async () => {
    for (const size of sizes) {
      const value = Buffer.alloc(size, size % 251)
      const bytes = await seal(encodeFile('the key', value))
      const body = Buffer.concat([Buffer.from('"the key"\n'), value])
      const first = Buffer.from(`fp-ring 1 ${createHash('sha256').update(body).digest('hex')}\n`)
      expect(bytes.equals(Buffer.concat([first, body]))).toBe(true)
      const found = await decodeFile(bytes, 'the key')
      expect(typeof found === 'object' && value.equals(found)).toBe(true)
      expect(await decodeFile(bytes, 'another')).toBe('foreign')
      bytes[bytes.length - 1]! ^= 1
      expect(await decodeFile(bytes, 'the key')).toBe('damaged')
    }
  })

  test('that is large does not hold up the process', async () => {
    const large = encodeFile('k', Buffer.alloc(8 * 2 ** 20))
    const [whileWritten, bytes] = await turnsDuring(() => seal(large))
    expect(whileWritten).toBeGreaterThanOrEqual(7)
    const [whileRead, value] = await turnsDuring(() => decodeFile(bytes, 'k'))
    expect(whileRead).toBeGreaterThanOrEqual(7)
    expect(typeof value).toBe('object')
    expect((await turnsDuring(() => seal(encodeFile('k', Buffer.alloc(1_000)))))[0]).toBe(0)
  })
})
