import { isDeepStrictEqual } from 'node:util'

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as Eq from 'fp-ts/Eq'
import { pipe } from 'fp-ts/function'
import * as t from 'io-ts'

import * as Codec from '../src/Codec'
import { codecLaws, deepEq } from '../src/testing'
import { same } from '../src/testing/words/same'
import { obeys } from './laws/register'
import { runs } from './runs'

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s)
const text = (b: Uint8Array): string => new TextDecoder().decode(b)

const message = (e: E.Either<Error, unknown>): string => (E.isLeft(e) ? e.left.message : 'a right')

// -------------------------------------------------------------------------------------
// types and their values
// -------------------------------------------------------------------------------------

const DateFromISO = new t.Type<Date, string>(
  'DateFromISO',
  (u): u is Date => u instanceof Date,
  (u, c) =>
    typeof u === 'string' && !Number.isNaN(Date.parse(u)) ? t.success(new Date(u)) : t.failure(u, c),
  (d) => d.toISOString()
)

const User = t.type({
  id: t.number,
  name: t.string,
  role: t.keyof({ admin: null, user: null }),
  tags: t.array(t.string),
  address: t.union([t.null, t.exact(t.type({ zip: t.string }))])
})
type User = t.TypeOf<typeof User>

const user: fc.Arbitrary<User> = fc.record({
  id: fc.double(),
  name: fc.string({ unit: 'binary' }),
  role: fc.constantFrom<'admin' | 'user'>('admin', 'user'),
  tags: fc.array(fc.string(), { maxLength: 3 }),
  address: fc.option(fc.record({ zip: fc.string() }))
})

/** An unpaired surrogate is a string too. */
const anyString = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 })
  .map((us) => String.fromCharCode(...us))

/** A property that is undefined is to JSON one that is absent: that alone is forgiven. */
const withoutUndefined = (u: unknown): unknown => {
  if (Array.isArray(u)) return u.map(withoutUndefined)
  if (typeof u !== 'object' || u === null || Object.prototype.toString.call(u) !== '[object Object]') return u
  return Object.fromEntries(
    Object.entries(u)
      .filter(([, v]) => v !== undefined)
      .map(([k, v]) => [k, withoutUndefined(v)])
  )
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withObjectString: true,
  withBoxedValues: true
})

// -------------------------------------------------------------------------------------
// laws
// -------------------------------------------------------------------------------------

const cloneable = fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true })
const ofPairs = pipe(
  Codec.json(t.array(t.tuple([t.string, t.string]))),
  Codec.imap(
    (list) => new Map(list),
    (map: Map<string, string>) => [...map]
  )
)
const pairs = fc.array(fc.tuple(fc.string(), fc.string()))
const dates = fc.array(fc.date())

obeys('identity', codecLaws(Codec.identity<unknown>(), { values: fc.anything(), isolates: false }))
obeys('clone', codecLaws(Codec.clone<unknown>(), { values: cloneable }))
obeys('fromType', codecLaws(Codec.fromType(User), { values: user, isolates: false }))
obeys('fromType, with a transform', codecLaws(Codec.fromType(t.array(DateFromISO)), { values: dates }))
obeys('json', codecLaws(Codec.json(User), { values: user, framed: true }))
obeys('json of strings', codecLaws(Codec.json(t.string), { values: anyString, framed: true }))
obeys('json of dates', codecLaws(Codec.json(t.array(DateFromISO)), { values: dates, framed: true }))
obeys(
  'json of what JSON can hold',
  codecLaws(Codec.json(t.unknown), { values: fc.jsonValue(), framed: true })
)
obeys(
  'json of anything',
  codecLaws(Codec.json(t.unknown), {
    values: anything,
    eq: Eq.contramap(withoutUndefined)(deepEq),
    numRuns: runs(3_000)
  })
)
obeys('json of numbers', codecLaws(Codec.json(t.array(t.number)), { values: fc.array(fc.double()) }))
obeys('composed', codecLaws(pipe(Codec.json(User), Codec.compose(Codec.clone())), { values: user }))
obeys('imap', codecLaws(ofPairs, { values: pairs.map((list) => new Map(list)), framed: true }))

// -------------------------------------------------------------------------------------
// json
// -------------------------------------------------------------------------------------

describe('json', () => {
  const any = Codec.json(t.unknown)

  it('law 1: writes plain JSON in UTF-8', () => {
    expect(pipe(any.encode({ a: [1, 'é', null, true] }), E.map(text))).toEqual(
      E.right('{"a":[1,"é",null,true]}')
    )
  })

  it('law 1: -0 is carried, everywhere', () => {
    expect(pipe(any.encode(-0), E.map(text))).toEqual(E.right('-0'))
    const value = { a: [-0, 0, 'x"y', null, { b: -0, u: undefined, '"': true }] }
    expect(pipe(any.encode(value), E.map(text))).toEqual(
      E.right('{"a":[-0,0,"x\\"y",null,{"b":-0,"\\"":true}]}')
    )
    expect(same(pipe(any.encode(value), E.chainW(any.decode)), E.right(withoutUndefined(value)))).toBe(true)
  })

  it('law 1: what JSON would turn into something else is refused', () => {
    class User {
      readonly id = 1
    }
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    const refused: ReadonlyArray<unknown> = [
      undefined,
      NaN,
      Infinity,
      -Infinity,
      1n,
      Symbol('a'),
      () => 1,
      new Date(0),
      new Map(),
      new Set(),
      new Uint8Array(1),
      Buffer.from('a'),
      new User(),
      Object(1),
      /a/,
      [undefined],
      new Array(1),
      { a: NaN },
      { a: () => 1 },
      { a: Symbol('a') },
      { [Symbol('a')]: 1 },
      { toJSON: () => 1 },
      Object.defineProperty({}, 'toJSON', { value: () => 1, enumerable: false }),
      Object.assign([1], { toJSON: () => 2 }),
      JSON.parse('{"__proto__":1}'),
      cyclic
    ]
    for (const value of refused) {
      expect(E.isLeft(any.encode(value))).toBe(true)
      expect(E.isLeft(any.encode([{ a: value }]))).toBe(!(value === undefined))
    }
    expect(E.isRight(any.encode({ toJSON: 1 }))).toBe(true)
  })

  it('law 1, 5: the bytes are bounded, both ways alike', () => {
    const codec = Codec.json(t.string, { maxBytes: 5 })
    for (const [value, isAllowed] of [
      ['abc', true],
      ['abcd', false],
      ['é1', true],
      ['éa1', false]
    ] as const) {
      expect(E.isRight(codec.encode(value))).toBe(isAllowed)
      expect(E.isRight(codec.decode(bytes(JSON.stringify(value))))).toBe(isAllowed)
    }
    expect(message(codec.encode('abcd'))).toBe('more than 5 bytes')
    expect(message(codec.decode(bytes('"abcd"')))).toBe('more than 5 bytes')
    const most = 16 * 1024 * 1024
    expect(E.isRight(Codec.json(t.string).encode('x'.repeat(most - 2)))).toBe(true)
    expect(E.isRight(Codec.json(t.string).encode('x'.repeat(most - 1)))).toBe(false)
    expect(message(Codec.json(t.string).decode(new Uint8Array(most)))).toBe('not JSON in UTF-8')
    expect(message(Codec.json(t.string).decode(new Uint8Array(most + 1)))).toBe(
      `more than ${String(most)} bytes`
    )
    for (const maxBytes of [0, -1, 1.5, NaN])
      expect(() => Codec.json(t.string, { maxBytes })).toThrow('maxBytes must be a whole number above zero')
  })

  it('law 1: a getter or a type that throws is a left', () => {
    const thrower = {
      get a() {
        throw new Error('secret')
      }
    }
    expect(message(any.encode(thrower))).toBe('the value threw while it was written')
    expect(message(Codec.json(DateFromISO).encode(new Date(NaN)))).toBe('the type threw while it encoded')
    expect(message(Codec.fromType(t.unknown).encode(thrower))).toBe('a property threw when it was read')
  })

  it('law 1: an undefined property is an absent one', () => {
    const Optional = Codec.json(t.partial({ a: t.union([t.string, t.undefined]) }))
    expect(pipe(Optional.encode({ a: undefined }), E.chainW(Optional.decode))).toStrictEqual(E.right({}))
    const named = Codec.json(t.type({ a: t.union([t.string, t.undefined]) }))
    expect(pipe(named.encode({ a: undefined }), E.chainW(named.decode))).toStrictEqual(
      E.right({ a: undefined })
    )
  })

  it('law 1, 5: the depth is bounded, both ways alike', () => {
    const nested = (n: number): unknown =>
      n === 0 ? 1 : n % 2 === 0 ? [nested(n - 1)] : { a: nested(n - 1) }
    for (const [codec, max] of [
      [any, 64],
      [Codec.json(t.unknown, { maxDepth: 3 }), 3]
    ] as const) {
      expect(pipe(codec.encode(nested(max)), E.chainW(codec.decode))).toEqual(E.right(nested(max)))
      expect(E.isLeft(codec.encode(nested(max + 1)))).toBe(true)
      expect(E.isLeft(codec.decode(bytes(JSON.stringify(nested(max + 1)))))).toBe(true)
    }
    expect(message(any.decode(bytes('['.repeat(200_000) + ']'.repeat(200_000))))).toBe(
      'nested deeper than 64'
    )
    expect(E.isLeft(any.decode(bytes('['.repeat(200_000))))).toBe(true)
    expect(() => Codec.json(t.unknown, { maxDepth: NaN })).toThrow('maxDepth')
  })

  it('law 5: a property named __proto__ is refused, however it is spelled', () => {
    for (const name of ['__proto__', '\\u005f_proto__', '__prot\\u006F__']) {
      for (const hostile of [`{"${name}":{"admin":true}}`, `[{"a":{"${name}":1}}]`])
        expect(message(any.decode(bytes(hostile)))).toBe('a property is named __proto__')
    }
    expect(any.decode(bytes('["__proto__"]'))).toEqual(E.right(['__proto__']))
    expect(Reflect.get({}, 'admin')).toBeUndefined()
  })

  it('law 5: what is not UTF-8 or not JSON is refused, and the text is not quoted', () => {
    const hostile = [
      bytes(''),
      bytes('{"password":"hunter2"'),
      bytes('{"a":1}x'),
      bytes('NaN'),
      Uint8Array.of(0x22, 0xff, 0x22),
      Uint8Array.of(0x22, 0xc0, 0xaf, 0x22),
      Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
      Uint8Array.from([0x22, ...new Array<number>(5_000).fill(0x61), 0xff, 0x22]),
      Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)
    ]
    for (const raw of hostile) {
      const decoded = any.decode(raw)
      expect(message(decoded)).toBe('not JSON in UTF-8')
      expect(E.isLeft(decoded) && decoded.left.cause).toBeUndefined()
    }
  })

  it('law 5: bytes inside of a larger buffer', () => {
    const raw = bytes('xx{"a":1}yy').subarray(2, 9)
    expect(any.decode(raw)).toEqual(E.right({ a: 1 }))
  })

  it("law 5: errors are io-ts' own; the message holds no value", () => {
    const decoded = Codec.json(User).decode(bytes('{"id":"hunter2"}'))
    const direct = User.decode({ id: 'hunter2' })
    expect(
      E.isLeft(decoded) && E.isLeft(direct) && isDeepStrictEqual(decoded.left.errors(), direct.left)
    ).toBe(true)
    expect(message(decoded)).toContain('.id is not a number')
    expect(message(decoded)).not.toContain('hunter2')
    expect(JSON.stringify(E.isLeft(decoded) && decoded.left)).not.toContain('hunter2')
  })
})

// -------------------------------------------------------------------------------------
// the others
// -------------------------------------------------------------------------------------

describe('fromType', () => {
  it('law 5: deep, cyclic and polluting values do not reach the type', () => {
    const cyclic: Array<unknown> = []
    cyclic.push(cyclic)
    const codec = Codec.fromType(t.unknown)
    expect(message(codec.decode(cyclic))).toBe('nested deeper than 64')
    expect(message(codec.encode(cyclic))).toBe('nested deeper than 64')
    expect(message(codec.decode(JSON.parse('{"a":[{"__proto__":1}]}')))).toBe('a property is named __proto__')
    expect(codec.decode(new Map([['a', 1]]))).toEqual(E.right(new Map([['a', 1]])))
    expect(codec.decode(null)).toEqual(E.right(null))
  })
})

describe('clone', () => {
  it('law 1: keeps what structured clones keep, refuses what they change', () => {
    class User {
      readonly id = 1
    }
    const codec = Codec.clone<unknown>()
    const cyclic: Record<string, unknown> = { at: new Date(NaN), m: new Map([[{}, new Set([-0])]]), r: /a/g }
    cyclic['self'] = cyclic
    expect(E.isRight(codec.encode(cyclic))).toBe(true)
    for (const value of [
      new User(),
      [new User()],
      new Map([[1, new User()]]),
      () => 1,
      Symbol('a'),
      { [Symbol('a')]: 1 }
    ])
      expect(E.isLeft(codec.encode(value))).toBe(true)
    expect(E.isLeft(codec.decode(() => 1))).toBe(true)
    class Dates extends Date {}
    expect(E.isLeft(codec.encode(new Dates()))).toBe(true)
  })

  it('law 6: what was stored and what was returned are nobody else’s', () => {
    const codec = Codec.clone<{ tags: Array<string> }>()
    const value = { tags: ['a'] }
    const raw = codec.encode(value)
    value.tags.push('b')
    const first = pipe(raw, E.chainW(codec.decode))
    if (E.isRight(first)) first.right.tags.push('c')
    expect(pipe(raw, E.chainW(codec.decode))).toEqual(E.right({ tags: ['a'] }))
  })
})

describe('compose', () => {
  it('encodes forwards, decodes backwards', () => {
    const shift = pipe(
      Codec.identity<number>(),
      Codec.imap(
        (n) => n + 1,
        (n: number) => n - 1
      )
    )
    const double = pipe(
      Codec.identity<number>(),
      Codec.imap(
        (n) => n * 2,
        (n: number) => n / 2
      )
    )
    const codec = pipe(shift, Codec.compose(double))
    expect(codec.encode(5)).toEqual(E.right(2))
    expect(codec.decode(2)).toEqual(E.right(5))
  })

  it('law 5: a function of an imap that throws is a left', () => {
    const fail = (n: number): number => {
      throw new Error(String(n))
    }
    const codec = pipe(Codec.identity<number>(), Codec.imap(fail, fail))
    expect(message(codec.encode(1))).toBe('the function of an imap threw')
    expect(message(codec.decode(1))).toBe('the function of an imap threw')
  })
})

describe('fingerprint', () => {
  const of = (type: t.Mixed): string => Codec.fingerprint(Codec.json(type))

  it('changes with the schema', () => {
    const types: ReadonlyArray<t.Mixed> = [
      t.string,
      t.number,
      t.literal(1),
      t.literal('1'),
      t.literal(true),
      t.keyof({ a: null }),
      t.keyof({ b: null }),
      t.type({ a: t.string }),
      t.type({ b: t.string }),
      t.type({ a: t.number }),
      t.type({ a: t.string, b: t.string }),
      t.partial({ a: t.string }),
      t.exact(t.type({ a: t.string })),
      t.array(t.string),
      t.record(t.string, t.string),
      t.record(t.string, t.number),
      t.union([t.string, t.number]),
      t.union([t.number, t.string]),
      t.intersection([t.type({ a: t.string }), t.type({ b: t.string })]),
      t.tuple([t.string, t.number]),
      t.tuple([t.string]),
      t.Int,
      DateFromISO,
      t.type({ at: DateFromISO }),
      t.type({ ['a":string,"b']: t.string }),
      t.recursion('R', (self: t.Mixed) => t.type({ a: t.union([self, t.null]) })),
      t.recursion('R', (self: t.Mixed) => t.type({ b: t.union([self, t.null]) }))
    ]
    expect(new Set(types.map(of)).size).toBe(types.length)
    expect(of(t.string).length).toBeGreaterThan(12)
  })

  it('does not change with what does not matter', () => {
    expect(of(t.type({ a: t.string, b: t.number }, 'X'))).toBe(of(t.type({ b: t.number, a: t.string }, 'Y')))
    expect(of(t.readonly(t.type({ a: t.string })))).toBe(of(t.type({ a: t.string })))
    const shared = t.type({ x: t.type({ y: t.array(t.string) }) })
    const again = t.type({ x: t.type({ y: t.array(t.string) }) })
    expect(of(t.type({ a: shared, b: shared }))).toBe(of(t.type({ a: shared, b: again })))
  })

  it('is cheap for types that share and types that recur', () => {
    let type: t.Mixed = t.recursion('R', (self: t.Mixed) => t.array(self))
    for (let i = 0; i < 60; i++) type = t.type({ a: type, b: type }, 'D')
    expect(of(type)).toBe(of(type))
    const all: Array<t.Mixed> = []
    for (let i = 0; i < 12; i++)
      all.push(
        t.recursion(`N${String(i)}`, () =>
          t.type({ [String(i)]: t.array(t.union([all[0] ?? t.null, all[1] ?? t.null, ...all])) })
        )
      )
    expect(of(t.tuple([all[3] ?? t.null, all[5] ?? t.null]))).toMatch(/^json\./)
  })

  it('tells kinds of codecs apart, and combines', () => {
    const json = Codec.json(t.string)
    const plain = Codec.fromType(t.string)
    expect(json.fingerprint).not.toBe(plain.fingerprint)
    expect(Codec.fingerprint(Codec.identity())).toBe('')
    expect('fingerprint' in pipe(Codec.identity<string>(), Codec.compose(Codec.identity<string>()))).toBe(
      false
    )
    expect(pipe(json, Codec.compose(Codec.identity<Uint8Array>())).fingerprint).toBe(json.fingerprint)
    expect(pipe(Codec.identity<string>(), Codec.compose(json)).fingerprint).toBe(json.fingerprint)
    const both = pipe(plain, Codec.compose(json)).fingerprint
    expect([json.fingerprint, plain.fingerprint, undefined, '']).not.toContain(both)
    expect(
      pipe(
        json,
        Codec.imap(
          (s) => s,
          (s: string) => s
        )
      ).fingerprint
    ).toBe(json.fingerprint)
  })
})
