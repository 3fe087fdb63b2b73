import { describe, expect, it } from '@jest/globals'
import { addExtension, Decoder, Encoder } from 'cbor-x'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as t from 'io-ts'

import { cbor } from '../../src/codecs/cbor'
import { scanCbor } from '../../src/codecs/cborScan'
import { type CborParts, cborWith } from '../../src/codecs/cborValue'
import { codecLaws } from '../../src/testing'
import { same } from '../../src/testing/words/same'
import { obeys } from '../laws/register'
import { runs } from '../runs'

const any = cbor(t.unknown)
const hex = (s: string): Uint8Array => Uint8Array.from(Buffer.from(s.replace(/\s/g, ''), 'hex'))
const message = (e: E.Either<Error, unknown>): string => (E.isLeft(e) ? e.left.message : 'a right')
const encoded = (u: unknown): Uint8Array => {
  const raw = any.encode(u)
  if (E.isLeft(raw)) throw raw.left
  return raw.right
}

// -------------------------------------------------------------------------------------
// values
// -------------------------------------------------------------------------------------

/** Everything that CBOR carries, nested. */
const carried: fc.Arbitrary<unknown> = fc.letrec<{ readonly node: unknown }>((tie) => {
  const node = tie('node')
  const key = fc.string({ maxLength: 40 }).filter((s) => s !== '__proto__')
  return {
    node: fc.oneof(
      { maxDepth: 4, depthSize: 'medium' },
      fc.oneof(
        fc.double(),
        fc.integer(),
        fc.maxSafeInteger(),
        fc.bigInt({ min: -(2n ** 511n), max: 2n ** 511n - 1n }),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.string({ unit: 'binary-ascii', maxLength: 300 }),
        fc.boolean(),
        fc.constantFrom<unknown>(
          null,
          undefined,
          -0,
          0,
          NaN,
          Infinity,
          -Infinity,
          '',
          2 ** 32,
          -(2 ** 32),
          0n,
          -1n,
          2n ** 64n
        ),
        fc.date({ noInvalidDate: false }),
        fc.uint8Array({ maxLength: 300 })
      ),
      fc.array(node, { maxLength: 5 }),
      fc.dictionary(key, node, { maxKeys: 5 }),
      fc.array(node, { maxLength: 4 }).map((members) => new Set(members)),
      fc.array(fc.tuple(node, node), { maxLength: 4 }).map((members) => new Map(members))
    )
  }
}).node

const instanceOf = <A>(name: string, is: (u: unknown) => u is A): t.Type<A> =>
  new t.Type<A>(name, is, (u, c) => (is(u) ? t.success(u) : t.failure(u, c)), t.identity)

const Row = t.type({
  id: t.bigint,
  at: instanceOf('Date', (u): u is Date => u instanceof Date),
  tags: instanceOf('Set', (u): u is Set<unknown> => u instanceof Set),
  data: instanceOf('Uint8Array', (u): u is Uint8Array => u instanceof Uint8Array),
  score: t.union([t.number, t.undefined])
})

const row = fc.record({
  id: fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
  at: fc.date(),
  tags: fc.array(fc.string()).map((tags) => new Set<unknown>(tags)),
  data: fc.uint8Array(),
  score: fc.option(fc.double(), { nil: undefined })
})

const everything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withBoxedValues: true,
  withObjectString: true
})

obeys('cbor', codecLaws(any, { values: carried, framed: true, numRuns: runs(3_000) }))
obeys('cbor of a type', codecLaws(cbor(Row), { values: row, framed: true }))
obeys('cbor of anything', codecLaws(any, { values: everything, numRuns: runs(3_000) }))

// -------------------------------------------------------------------------------------
// encoding
// -------------------------------------------------------------------------------------

describe('encode', () => {
  it('law 1: what CBOR would turn into something else is refused', () => {
    class User {
      readonly id = 1
    }
    class Dates extends Date {}
    class List extends Array<number> {}
    const cyclic: Array<unknown> = []
    cyclic.push(cyclic)
    const shared = Array.from({ length: 60 }).reduce<unknown>((inner) => [inner, inner], [])
    const thrower = {
      get a() {
        throw new Error('no')
      }
    }
    const refused: ReadonlyArray<unknown> = [
      Symbol('a'),
      () => 1,
      new User(),
      new Dates(),
      new List(),
      /a/,
      new Error('a'),
      Object(1),
      new Array(1),
      new Float32Array(1),
      new ArrayBuffer(1),
      new DataView(new ArrayBuffer(1)),
      '\ud800',
      'a'.repeat(100) + '\udc00',
      { '\ud800': 1 },
      2n ** 511n,
      -(2n ** 511n) - 1n,
      { [Symbol('a')]: 1 },
      JSON.parse('{"__proto__":1}'),
      new Date(4408535981469440),
      cyclic,
      thrower
    ]
    // 2^60 items: refused at the bound of items, which is a low one here
    expect(E.isLeft(cbor(t.unknown, { maxItems: 10_000 }).encode(shared))).toBe(true)
    for (const value of refused) {
      expect(E.isLeft(any.encode(value))).toBe(true)
      expect(E.isLeft(any.encode(new Map([[{ a: [value] }, 1]])))).toBe(true)
      expect(same(pipe(any.encode([1]), E.chainW(any.decode)), E.right([1]))).toBe(true)
    }
  })

  it('law 1: the limits hold for both ways alike', () => {
    const nested = (n: number): unknown =>
      n === 0 ? 1 : n % 2 === 0 ? [nested(n - 1)] : new Map([[1, nested(n - 1)]])
    expect(same(pipe(any.encode(nested(64)), E.chainW(any.decode)), E.right(nested(64)))).toBe(true)
    expect(E.isLeft(any.encode(nested(65)))).toBe(true)
    const small = cbor(t.unknown, { maxItems: 3, maxBytes: 10, maxDepth: 1 })
    expect(E.isRight(small.encode([1, 2]))).toBe(true)
    expect(E.isLeft(small.encode([1, 2, 3]))).toBe(true)
    expect(message(small.decode(encoded([1, 2, 3])))).toBe('more than 3 items')
    expect(message(small.encode('a'.repeat(10)))).toBe('more than 10 bytes')
    expect(message(small.decode(encoded([[1]])))).toBe('nested deeper than 1')
    expect(() => cbor(t.unknown, { maxItems: NaN })).toThrow('maxItems')
  })

  it('law 1: wide records, long strings and a Buffer', () => {
    const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${String(i)}`, i]))
    expect(same(pipe(any.encode(wide), E.chainW(any.decode)), E.right(wide))).toBe(true)
    const long = 'é€😀'.repeat(50_000)
    expect(pipe(any.encode(long), E.chainW(any.decode))).toEqual(E.right(long))
    expect(
      same(pipe(any.encode(Buffer.from('ab')), E.chainW(any.decode)), E.right(Uint8Array.of(97, 98)))
    ).toBe(true)
    expect(encoded({ a: 1 })).toEqual(hex('a1 61 61 01'))
  })

  it('a type that throws is a left', () => {
    const type = new t.Type<number>('T', t.number.is, t.number.validate, () => {
      throw new Error('no')
    })
    expect(message(cbor(type).encode(1))).toBe('the type threw while it encoded')
  })

  it('has a fingerprint of its own', () => {
    expect(any.fingerprint).toMatch(/^cbor\.[\da-z]{14}$/)
  })
})

// -------------------------------------------------------------------------------------
// decoding
// -------------------------------------------------------------------------------------

const hostile: Readonly<Record<string, Uint8Array>> = {
  'nothing at all': hex(''),
  'a bignum of 200 KiB': Uint8Array.from([
    0xc2,
    0x5a,
    0x00,
    0x03,
    0x20,
    0x00,
    ...new Array<number>(204_800).fill(0xff)
  ]),
  'a bignum of 65 bytes': Uint8Array.from([0xc2, 0x58, 65, ...new Array<number>(65).fill(1)]),
  'a negative bignum of 65 bytes': Uint8Array.from([0xc3, 0x58, 65, ...new Array<number>(65).fill(1)]),
  'a bignum of text': hex('c2 61 61'),
  'a bignum that is cut': hex('c2 42 01'),
  'deep arrays': new Uint8Array(100_000).fill(0x81),
  'deep arrays that end': Uint8Array.from([...new Array<number>(65).fill(0x81), 0]),
  'deep maps': Uint8Array.from(Array.from({ length: 30_000 }, (_, i) => [0xa1, 0x61, 0x61][i % 3] ?? 0)),
  'deep tags': new Uint8Array(100_000).fill(0xc1),
  'an array of 2^32-1': hex('9a ff ff ff ff'),
  'an array of 2^53': hex('9b 00 20 00 00 00 00 00 00'),
  'a map of 2^32-1': hex('ba ff ff ff ff'),
  'a map of 2^64-1': hex('bb ff ff ff ff ff ff ff ff'),
  'bytes of 2^32-1': hex('5a ff ff ff ff'),
  'text of 2^53': hex('7b 00 20 00 00 00 00 00 00'),
  'text that is cut': hex('63 61 61'),
  'a property name that is cut': hex('a1 63 61 61'),
  'a map with half an entry': hex('a2 61 61 01 61 62'),
  'trailing bytes': hex('01 01'),
  'tag 0, a date as text': hex('c0 74 32303133 2d30332d 32315432 303a3034 3a30305a'),
  'tag 1 of text': hex('c1 61 61'),
  'tag 1 of 8 bytes': hex('c1 1b 00 00 00 00 00 00 00 01'),
  'tag 1 of nothing': hex('c1'),
  'tag 1 of true': hex('c1 f5'),
  'tag 4': hex('c4 82 01 02'),
  'tag 5': hex('c5 82 01 02'),
  'tag 6, a packed reference': hex('c6 00'),
  'tag 27, an error': hex('d8 1b 82 65 4572726f72 61 61'),
  'tag 27, a regular expression': hex('d8 1b 82 66 526567457870 61 61'),
  'tag 28 and 29, a cycle': hex('d8 1c 81 d8 1d 00'),
  'tag 51, packed': hex('d8 33 84 81 01 80 80 00'),
  'tag 64, a typed array': hex('d8 40 41 01'),
  'tag 105, a record': hex('d8 69 83 19 e000 81 61 61 01'),
  'tag 258 of text': hex('d9 0102 61 61'),
  'tag 259 of an array': hex('d9 0103 80'),
  'tag 55799': hex('d9 d9f7 01'),
  'tag 0xdff9, bundled strings': hex('d9 dff9 82 1a 00000000 01'),
  'tag 0xdfff, a record': hex('d9 dfff 83 19 e000 81 61 61 01'),
  'an array without end': hex('9f 01 ff'),
  'a map without end': hex('bf 61 61 01 ff'),
  'text without end': hex('7f 61 61 ff'),
  'bytes without end': hex('5f 41 61 ff'),
  'a break': hex('ff'),
  'reserved lengths': hex('1c'),
  'a simple value': hex('e0'),
  'a simple value of a byte': hex('f8 ff'),
  'half a float': hex('fb 00 00'),
  'text that is no UTF-8': hex('62 c3 28'),
  'text with a surrogate': hex('63 ed a0 80'),
  'long text that is no UTF-8': Uint8Array.from([
    0x79,
    0x01,
    0x00,
    ...new Array<number>(255).fill(0x61),
    0xff
  ]),
  'a map with a number for a key': hex('a1 01 02'),
  'a map with a map for a key': hex('a1 a0 02'),
  'a property named __proto__': hex('a1 69 5f5f70726f746f5f5f a1 61 61 01'),
  'a property named __proto__, in a longer form': hex('a1 78 09 5f5f70726f746f5f5f a1 61 61 01'),
  'a property named __proto__, in a Map': hex('d9 0103 a1 01 a1 69 5f5f70726f746f5f5f 01')
}

describe('decode', () => {
  for (const [name, bytes] of Object.entries(hostile))
    it(`law 5: refuses ${name}`, () => {
      const started = performance.now()
      const decoded = any.decode(bytes)
      expect(E.isLeft(decoded) && decoded.left._tag).toBe('DecodeError')
      expect(performance.now() - started).toBeLessThan(500)
    })

  it('law 5: the scan alone says no: cbor-x never sees the hostile corpus', () => {
    let seen = 0
    const codec = cborWith({ ...parts, decode: () => seen++ })(t.unknown, limits)
    for (const bytes of Object.values(hostile)) codec.decode(bytes)
    expect(seen).toBe(0)
  })

  it('law 5: property names and values are in no message', () => {
    const decoded = cbor(t.record(t.string, t.number)).decode(encoded({ secret: 'hunter2' }))
    expect(message(decoded)).toMatch(/^not a /)
    expect(message(decoded)).not.toMatch(/secret|hunter2/)
  })

  it('law 5: what is in a larger buffer, and leaves nothing on it', () => {
    const value = { text: 'é'.repeat(200), list: ['a'.repeat(300), 'b'.repeat(40)] }
    const raw = encoded(value)
    const around = new Uint8Array(raw.length + 20).fill(0x61)
    around.set(raw, 7)
    const inside = around.subarray(7, 7 + raw.length)
    expect(any.decode(inside)).toEqual(E.right(value))
    expect(any.decode(Buffer.from(raw))).toEqual(E.right(value))
    expect(Object.hasOwn(inside, 'dataView')).toBe(false)
  })

  it('law 6: bytes that were read are not the entry', () => {
    const raw = encoded({ data: Uint8Array.of(1, 2, 3) })
    const first = cbor(t.type({ data: t.unknown })).decode(raw)
    raw.fill(0)
    expect(same(first, E.right({ data: Uint8Array.of(1, 2, 3) }))).toBe(true)
  })

  it('reads what others write: shorter floats, tags in longer forms, a property twice', () => {
    expect(any.decode(hex('f9 3c00'))).toEqual(E.right(1))
    expect(same(any.decode(hex('f9 8000')), E.right(-0))).toBe(true)
    expect(any.decode(hex('fa 3fc00000'))).toEqual(E.right(1.5))
    expect(same(any.decode(hex('d8 01 00')), E.right(new Date(0)))).toBe(true)
    expect(any.decode(hex('c2 40'))).toEqual(E.right(0n))
    expect(any.decode(hex('a2 61 61 01 61 61 02'))).toEqual(E.right({ a: 2 }))
    expect(any.decode(hex('1b 00 00 00 00 00 00 00 05'))).toEqual(E.right(5n))
  })
})

// -------------------------------------------------------------------------------------
// the guards are needed: codecs without them break what is tested above
// -------------------------------------------------------------------------------------

const limits = { maxDepth: 64, maxItems: 1_000_000, maxBytes: 1 << 24 }
const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false })
const parts: CborParts = {
  encode: (u) => encoder.encode(u),
  encodeExact: (u) => encoder.encode(u),
  decode: (bytes): unknown => new Decoder({ useRecords: false, mapsAsObjects: true }).decode(bytes),
  copy: (lent) => new Uint8Array(lent),
  scan: scanCbor
}

/** Whether writing into one entry, over its whole buffer, changes another. */
const aliases = (codec: { readonly encode: (u: unknown) => E.Either<Error, Uint8Array> }): boolean => {
  const [first, second] = [codec.encode('first entry'), codec.encode('second entry')]
  if (E.isLeft(first) || E.isLeft(second)) throw new Error('refused')
  const before = Uint8Array.from(first.right)
  new Uint8Array(second.right.buffer).fill(0x78)
  return !same(before, first.right)
}

describe('without the guards', () => {
  it('law 6: an entry shares no memory with the next; without the copy it does', () => {
    expect(aliases(any)).toBe(false)
    expect(aliases(cborWith({ ...parts, copy: (lent) => lent })(t.unknown, limits))).toBe(true)
    expect(encoded('a').buffer.byteLength).toBe(2)
  })

  it('law 5: without the scan, hostile entries are values', () => {
    const open = cborWith({ ...parts, scan: () => undefined })(t.unknown, limits)
    const names = Object.entries(hostile).filter(
      ([, bytes]) => bytes.length < 1000 && E.isRight(open.decode(bytes))
    )
    expect(names.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'tag 27, an error',
        'tag 28 and 29, a cycle',
        'tag 0xdfff, a record',
        'a property named __proto__'
      ])
    )
  })

  it('law 1: a -0 is written by the exact encoder only', () => {
    const open = cborWith(parts)(t.unknown, limits)
    expect(same(pipe(open.encode([-0]), E.chainW(open.decode)), E.right([-0]))).toBe(false)
    expect(same(pipe(any.encode([-0]), E.chainW(any.decode)), E.right([-0]))).toBe(true)
  })

  it('law 1: a tag that another module registers for a kind of ours is refused, not written', () => {
    class Odd extends Map<string, number> {}
    addExtension({
      Class: Odd,
      tag: 43_311,
      encode: (odd, encode) => encode([...odd]),
      decode: (u: unknown) => new Odd(u as [])
    })
    expect(E.isLeft(any.encode(new Odd()))).toBe(true)
    expect(
      same(pipe(any.encode(new Map([['a', 1]])), E.chainW(any.decode)), E.right(new Map([['a', 1]])))
    ).toBe(true)
  })
})
