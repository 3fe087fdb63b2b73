import { describe, expect, it } from '@jest/globals'

import { textHash } from '../../src/base/textHash'

/** The 53 bits that the author of the function publishes the values of: the low 21 bits of one half, and the other half. */
const in53Bits = (text: string): number => {
  const hash = textHash(text)
  const [high, low] = [Number.parseInt(hash.slice(0, 7), 36), Number.parseInt(hash.slice(7), 36)]
  return (high & 0x1f_ffff) * 2 ** 32 + low
}

/** Texts that look like descriptions of types, and differ a little. */
const texts = Array.from({ length: 50_000 }, (_, i) => {
  const [a, b] = [i % 250, Math.floor(i / 250)]
  return `InterfaceType{"a${String(a)}":string,"b${String(b)}":number}`
})

const collisions = (hash: (text: string) => string): number => texts.length - new Set(texts.map(hash)).size

describe('textHash', () => {
  it('has the values that are published for it', () => {
    expect(['a', 'b', 'revenge', 'revenue'].map(in53Bits)).toEqual([
      7929297801672961, 8684336938537663, 4051478007546757, 8309097637345594
    ])
  })

  it('is 14 digits of base 36, also of the empty text and of a long one', () => {
    for (const text of ['', 'a', '\u0000', 'x'.repeat(1e5), '\ud800', '👋'])
      expect(textHash(text)).toMatch(/^[\da-z]{14}$/)
  })

  it('tells lone surrogates apart, and texts that differ in their order or length alone', () => {
    const different = [
      '\ud800',
      '\ud801',
      '\udc00',
      '\ufffd',
      'ab',
      'ba',
      'aab',
      '',
      '\u0000',
      '\u0000\u0000'
    ]
    expect(new Set(different.map(textHash)).size).toBe(different.length)
  })

  it('has no collisions among many similar texts; control: a half of it has those of chance', () => {
    expect(new Set(texts).size).toBe(texts.length)
    expect(collisions(textHash)).toBe(0)
    // of 32 bits 0.3 are expected, of 21 bits some 590
    const half = collisions((text) => textHash(text).slice(0, 7))
    expect(half).toBeLessThan(5)
    const part = collisions((text) => String(Number.parseInt(textHash(text).slice(7), 36) % 2 ** 21))
    expect(part).toBeGreaterThan(450)
    expect(part).toBeLessThan(750)
  })
})
