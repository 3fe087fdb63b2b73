import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as Eq from 'fp-ts/Eq'
import { pipe } from 'fp-ts/function'

import { KeyFn, ringKey } from '../src'
import { KeyError } from '../src/RingError'
import { deepEq, keyLaws } from '../src/testing'
import { reordered } from '../src/testing/key/checks'
import { same } from '../src/testing/words/same'
import { obeys } from './laws/register'
import { runs } from './runs'

const key = KeyFn.structural('r')

/** `same` looks at the order of members; keys do not. */
const sorted = <A>(es: ReadonlyArray<A>): ReadonlyArray<A> =>
  [...es].sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
const rank = (u: unknown): string => {
  const first: unknown = Array.isArray(u) ? u[0] : u
  return typeof first + String(first)
}

/** Arguments of every kind that has a canonical text. Two of them are equal when `same` says so. */
const anyArgument: fc.Arbitrary<unknown> = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(
      fc.constantFrom<unknown>(
        null,
        undefined,
        true,
        false,
        0,
        -0,
        NaN,
        Infinity,
        -Infinity,
        '',
        1,
        '1',
        1n,
        -1n
      ),
      fc.constantFrom(
        'null',
        'undefined',
        'true',
        'NaN',
        '1n',
        '-0',
        ':',
        ',',
        "'",
        '%27',
        '[]',
        '()',
        '_',
        '@0',
        'a=1'
      ),
      fc.integer(),
      fc.double(),
      fc.bigInt(),
      fc.string({ unit: 'binary', maxLength: 5 }),
      fc.string({
        unit: fc.constantFrom(
          'a',
          ':',
          ',',
          "'",
          '%',
          '{',
          '}',
          ' ',
          '\ud800',
          '\udfff',
          'é',
          'e\u0301',
          '\0',
          '\n'
        )
      }),
      fc.date({ noInvalidDate: false }),
      fc.uint8Array({ maxLength: 3 }),
      fc.int16Array({ maxLength: 2 }),
      fc.float32Array({ maxLength: 2, noNaN: true })
    ),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie('any'), { maxKeys: 3, noNullPrototype: true }),
    fc
      .array(fc.tuple(fc.oneof(fc.string({ maxLength: 2 }), fc.integer()), tie('any')), { maxLength: 2 })
      .map((es) => new Map(sorted(es))),
    fc
      .array(fc.oneof(fc.string({ maxLength: 2 }), fc.integer()), { maxLength: 3 })
      .map((es) => new Set(sorted(es)))
  )
})).any

const anyArguments: fc.Arbitrary<Array<unknown>> = fc.array(anyArgument, { maxLength: 3 })
/** Texts that are cut and quoted wrongly where it can be done. */
const odd = fc.string({
  unit: fc.constantFrom('a', ':', "'", '%', '1', '~', '#', 'é', '\ud800'),
  maxLength: 4
})
const long = odd.chain((text) => fc.constantFrom(text, text.repeat(9), `${text.repeat(9)}'`))
const one = fc.tuple(long)

obeys('structural', keyLaws(key, { values: anyArguments, numRuns: runs(10_000) }))
obeys(
  'of',
  keyLaws(
    KeyFn.of((a: number, b: string) => `${String(a)},${b}`, 'p:'),
    { values: fc.tuple(fc.integer(), odd) }
  )
)
obeys(
  'contramap',
  keyLaws(
    pipe(
      key,
      KeyFn.contramap((text: string) => [text, text.length])
    ),
    { values: one }
  )
)
obeys('prefixed', keyLaws(pipe(key, KeyFn.prefixed('app/')), { values: anyArguments }))
obeys('versioned', keyLaws(pipe(key, KeyFn.versioned('2:x')), { values: anyArguments }))
obeys('hashed', keyLaws(pipe(key, KeyFn.hashed(50)), { values: anyArguments, maxBytes: 50 }))
obeys(
  'hashed, of texts',
  keyLaws(
    pipe(
      KeyFn.of((text: string) => text, 'p:'),
      KeyFn.hashed(46)
    ),
    { values: one, maxBytes: 46 }
  )
)
obeys(
  'picking',
  keyLaws(pipe(key, KeyFn.picking(2, 0)), {
    values: fc.tuple(anyArgument, anyArgument, anyArgument),
    eq: Eq.contramap(([a, , c]: readonly [unknown, unknown, unknown]) => [a, c])(deepEq)
  })
)

describe('KeyFn', () => {
  test('law 3: different arguments have different keys, equal ones equal keys', () =>
    fc.assert(
      fc.property(
        fc.array(anyArgument, { maxLength: 3 }),
        fc.array(anyArgument, { maxLength: 3 }),
        (a, b) => {
          expect(key(...a) === key(...b)).toBe(same(a, b))
          expect(key(...(reordered(a) as Array<unknown>))).toBe(key(...a))
        }
      ),
      { numRuns: runs(20_000) }
    ))

  test('law 3: keys are printable ASCII, without spaces and braces', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.array(anyArgument), (name, args) => {
        expect(KeyFn.structural(name)(...args)).toMatch(/^[!-z|~]+$/)
      }),
      { numRuns: runs(2_000) }
    ))

  test('law 3: a name and its arguments do not run into each other', () =>
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: fc.constantFrom('a', ':', "'", '%', '1', 'é') }),
        fc.string({ minLength: 1, unit: fc.constantFrom('a', ':', "'", '%', '1', 'é') }),
        fc.array(anyArgument, { maxLength: 2 }),
        fc.array(anyArgument, { maxLength: 2 }),
        (n, m, a, b) => {
          expect(KeyFn.structural(n)(...a) === KeyFn.structural(m)(...b)).toBe(n === m && same(a, b))
        }
      ),
      { numRuns: runs(5_000) }
    ))

  test('law 3: what is often taken for the same', () => {
    const nfc = '\u00e9'
    const nfd = 'e\u0301'
    const pairs: ReadonlyArray<readonly [ReadonlyArray<unknown>, ReadonlyArray<unknown>]> = [
      [[1], ['1']],
      [[1], [1n]],
      [[null], ['null']],
      [[null], [undefined]],
      [[], [undefined]],
      [[], ['']],
      [['a:b'], ['a', 'b']],
      [['a,b'], ['a', 'b']],
      [["a','b"], ['a', 'b']],
      [[0], [-0]],
      [[nfc], [nfd]],
      [['\ud800'], ['\udfff']],
      [['\ud800'], ['\ufffd']],
      [[new Date(0)], [0]],
      [[new Date(0)], [new Date(0).toISOString()]],
      [[new Date(NaN)], [NaN]],
      [[{ a: undefined }], [{}]],
      [[{ a: 1, b: 2 }], [{ a: '1,b=2' }]],
      [[{ 'a=1,b': 2 }], [{ a: 1, b: 2 }]],
      [[new Map([['a', 1]])], [{ a: 1 }]],
      [[new Map([['a', 1]])], [[['a', 1]]]],
      [[new Set([1])], [[1]]],
      [[new Set([1])], [new Set(['1'])]],
      [[new Uint8Array([1])], [[1]]],
      [[new Uint8Array([1, 0])], [new Uint16Array([1])]],
      [[new Uint8Array([1])], [new Uint8Array([1]).buffer]],
      [[[, 1]], [[undefined, 1]]], // eslint-disable-line no-sparse-arrays -- a hole is meant
      [[[[]]], [[], []]],
      [[[1, [2]]], [[[1], 2]]],
      [['x'.repeat(100)], ['x'.repeat(101)]]
    ]
    for (const [a, b] of pairs) expect(key(...a)).not.toBe(key(...b))
    expect(key(Buffer.from([1, 2]))).toBe(key(new Uint8Array([1, 2])))
    expect(key(Object.assign(Object.create(null), { a: 1 }))).toBe(key({ a: 1 }))
    expect(key(JSON.parse('{"__proto__":1}'))).not.toBe(key({}))
  })

  test('golden keys: they are in the stores of users, and do not change', () => {
    expect(key()).toBe('r:')
    expect(KeyFn.structural('user')(42)).toBe('user:42')
    expect(KeyFn.structural('a:b')('x')).toBe("a%3Ab:'x'")
    expect(key('Ada Lovelace', 'naïve {x}', '😀')).toBe(
      "r:'Ada%20Lovelace','na%EFve%20%7Bx%7D','%uD83D%uDE00'"
    )
    expect(key(1.5, -0, 10n, true, null, undefined, NaN)).toBe('r:1.5,-0,10n,true,null,undefined,NaN')
    expect(key(new Date(Date.UTC(2026, 0, 1)))).toBe('r:@1767225600000')
    expect(key({ b: [1, 'x'], a: { c: null } }, [])).toBe("r:(a=(c=null),b=[1,'x']),[]")
    expect(key(new Map([['k', new Set([2, 1])]]), new Uint8Array([1, 2, 3]))).toBe(
      "r:Map('k'=>Set(1,2)),Uint8Array(AQID)"
    )
  })

  test('law 4: what cannot be told apart is refused with a KeyError that says nothing of the value', () => {
    class Session {
      id = 'secret'
    }
    class Numbers extends Map<string, number> {
      secret = 1
    }
    class Tagged extends Uint8Array {
      tag = 'secret'
    }
    class List extends Array<number> {
      tag = 'secret'
    }
    const cycle: Array<unknown> = []
    cycle.push(cycle)
    let deep: unknown = 'secret'
    for (let i = 0; i < 100; i++) deep = [deep]
    let wide: unknown = 'secret'
    for (let i = 0; i < 40; i++) wide = [wide, wide]
    const thrown = new Proxy({}, { ownKeys: () => { throw new Error('secret') } }) // prettier-ignore
    const refused = [
      () => 'secret', Symbol('secret'), new Session(), new Numbers(), Promise.resolve(1), cycle, deep, wide, thrown,
      new Tagged(1), new List(1, 2), Object.assign([1], { tag: 'secret' }), 'secret'.match(/s(?<x>e)/),
      Object.assign(new Date(0), { tag: 1 }), Object.assign(new Uint8Array(1), { tag: 1 }), new SharedArrayBuffer(1),
      'secret '.repeat(1e6), new Uint8Array(1e8), new WeakMap(), /secret/, new Error('secret'), { [Symbol('secret')]: 1 }, { [ringKey]: () => 1 }, new Proxy(class {}, {})
    ] // prettier-ignore
    for (const argument of refused) {
      for (const args of [[argument], [1, argument], [[argument]], [{ a: argument }]]) {
        let message = ''
        try {
          key(...args)
        } catch (e) {
          message = String(e)
        }
        expect(message).toMatch(/^KeyError: argument [12]/)
        expect(message).not.toContain('secret')
      }
    }
  })

  describe('law 4: what throws when it is looked at is a KeyError that says where, and keeps the cause', () => {
    const secret = new Error('secret')
    const fail = (): never => {
      throw secret
    }
    const revoked = (): object => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    }
    const trapped = (trap: keyof ProxyHandler<object>) => new Proxy({ a: 1 }, { [trap]: fail })
    const others = (u: object): ReadonlyArray<unknown> => [
      u,
      { [ringKey]: fail },
      Object.assign(fail, { [ringKey]: fail })
    ]
    const throwing: Readonly<Record<string, unknown>> = {
      'a getter': { get a() { return fail() } },
      'a getter of an array': Object.defineProperty([1], 0, { get: fail, enumerable: true }),
      'a getter for [ringKey]': { get [ringKey]() { return fail() } },
      'a [ringKey]': { [ringKey]: fail },
      'a [ringKey] of a function': Object.assign(() => undefined, { [ringKey]: fail }),
      'a [ringKey] that throws a KeyError': { [ringKey]: () => { throw new KeyError('secret') } },
      'a proxy’s get': trapped('get'),
      'a proxy’s ownKeys': trapped('ownKeys'),
      'a proxy’s getPrototypeOf': trapped('getPrototypeOf'),
      'a proxy’s getOwnPropertyDescriptor': trapped('getOwnPropertyDescriptor'),
      'a revoked proxy': revoked(),
      'a proxy of an array': new Proxy([1], { has: fail }),
      'a map that is not iterated': Object.setPrototypeOf(new Map(), { [Symbol.iterator]: fail }),
      'a set in a getter': new Set(others({ get a() { return fail() } })),
      'what throws nothing': { get a() { throw undefined } }
    } // prettier-ignore

    const caught = (args: ReadonlyArray<unknown>): unknown => {
      try {
        return key(...args)
      } catch (e) {
        return e
      }
    }

    test.each(Object.keys(throwing))('%s', (name) => {
      const argument = throwing[name]
      for (const args of [[argument], [1, argument], [[0, argument]], [{ a: { b: argument } }], [new Map([[1, argument]])]]) {
        const e = caught(args)
        expect(e).toBeInstanceOf(KeyError)
        expect(String(e)).toMatch(/^KeyError: argument [12]\b/)
        expect(String(e)).not.toContain('secret')
      }
      expect(String(caught([1, { list: [0, argument] }]))).toMatch(/argument 2, at \.list\[1\]/)
    }) // prettier-ignore

    test('the cause is what was thrown, and no place is longer than a line', () => {
      expect((caught([throwing['a getter']]) as KeyError).cause).toBe(secret)
      const long = { ['n'.repeat(1_000)]: Array.from({ length: 2 }, () => throwing['a getter']) }
      expect(String(caught([long])).length).toBeLessThan(400)
    })

    test('what has no text is named by its place, too', () => {
      expect(String(caught([1, { when: [() => 1] }]))).toBe(
        'KeyError: argument 2, at .when[0]: a function has no canonical text; give the argument a [ringKey]() or the ring a key'
      )
      expect(String(caught([new Map([[Symbol('secret'), 1]])]))).toMatch(/argument 1, at \{0\}: a symbol/)
    })

    test('toJSON and Symbol.toPrimitive are never asked', () => {
      const asked = { toJSON: 1, valueOf: 2 }
      expect(key(asked)).toBe('r:(toJSON=1,valueOf=2)')
      for (const hook of [{ toJSON: fail }, { [Symbol.toPrimitive]: fail }])
        expect(caught([hook])).toBeInstanceOf(KeyError)
    })
  })

  test('an argument says what it is by [ringKey]', () => {
    class Page {
      constructor(readonly id: string, readonly text: string) {}
      [ringKey](): string {
        return this.id
      }
    }
    expect(key(new Page('7', 'long'))).toBe('r:<7>')
    expect(key(new Page('7', 'x'))).toBe(key(new Page('7', 'y')))
    expect(key(new Page("7>,'", 'x'))).toBe('r:<7%3E%2C%27>')
    expect(key([new Page('7', 'x')])).toBe('r:[<7>]')
    expect(key(new Page('7', ''))).not.toBe(key('<7>'))
    expect(Symbol.for('fp-ring/ringKey')).toBe(ringKey)
  })

  test('contramap passes the members of a list, and refuses what is no list', () => {
    const untyped = (f: (arg: unknown) => unknown): KeyFn.KeyFn<[unknown]> =>
      KeyFn.contramap(f as (arg: unknown) => ReadonlyArray<unknown>)(key)
    // a number would have no members, and so one key for all
    expect(() => untyped((n) => n)(1)).toThrow(TypeError)
    expect(() => untyped(() => Promise.resolve([1]))(1)).toThrow(TypeError)
    expect(untyped(() => new Set([1, 2]))(1)).toBe('r:1,2')
    // a match has properties of its own, and a list may have holes
    expect(untyped(() => /(\w+)@(\w+)/.exec('ada@x'))(1)).toBe("r:'ada@x','ada','x'")
    // eslint-disable-next-line no-sparse-arrays -- a hole
    expect(untyped(() => [, 1])(1)).toBe('r:undefined,1')
  })

  test('contramap is contravariant', () =>
    fc.assert(
      fc.property(fc.integer(), fc.string(), (n, s) => {
        const f = (a: number, b: string): [string, number] => [b, a + 1]
        const g = (b: string, a: number): [number] => [a * 2 + b.length]
        const k: KeyFn.KeyFn<[number]> = key
        expect(
          pipe(
            key,
            KeyFn.contramap((...args: [number, string]) => args)
          )(n, s)
        ).toBe(key(n, s))
        expect(pipe(k, KeyFn.contramap(g), KeyFn.contramap(f))(n, s)).toBe(
          pipe(
            k,
            KeyFn.contramap((a: number, b: string) => g(...f(a, b)))
          )(n, s)
        )
        expect(
          pipe(
            key,
            KeyFn.contramap((a: number) => [a])
          ).prefix
        ).toBe('r:')
      })
    ))

  test('picking takes arguments by position', () => {
    const picked = pipe(key, KeyFn.picking(2, 0))
    expect(picked(1, () => 1, 'x')).toBe("r:'x',1")
    expect(pipe(key, KeyFn.picking())(1, 2)).toBe('r:')
    expect(() => KeyFn.picking(-1)(key)).toThrow(TypeError)
    expect(() => KeyFn.picking(0.5)(key)).toThrow(TypeError)
  })

  test('prefixed, versioned and of keep the prefix that clear clears', () => {
    const all = pipe(key, KeyFn.prefixed('app/'), KeyFn.versioned('2:x'))
    expect(all(1)).toBe('app/r:1~2%3Ax')
    expect(all.prefix).toBe('app/r:')
    expect(KeyFn.versioned('')(key)).toBe(key)
    expect(KeyFn.versioned(0)(key)(1)).toBe('r:1~0')
    const of = KeyFn.of((id: number) => String(id))
    expect([of(1), of.prefix]).toStrictEqual(['1', undefined])
    expect(KeyFn.of((id: number) => String(id), 'p:').prefix).toBe('p:')
    expect(() => KeyFn.structural('')).toThrow(TypeError)
  })

  test('law 3: a version is no part of the arguments', () =>
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, v, w) => {
        const one = KeyFn.versioned(v)(key)(a)
        const other = KeyFn.versioned(w)(key)(b)
        expect(one === other).toBe(a === b && v === w)
      })
    ))

  test('law 4: hashed keys are as short as they must be, and as different as before', () =>
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 20, unit: fc.constantFrom('a', 'b', '\ud800', '\udfff', 'é') }), {
          minLength: 2,
          maxLength: 2
        }),
        fc.integer({ min: 50, max: 90 }),
        (strings, max) => {
          const raw = KeyFn.of((s: string) => s, 'p:')
          const short = KeyFn.hashed(max)(raw)
          const [a = '', b = ''] = strings
          expect(short(a) === short(b)).toBe(a === b)
          expect(Buffer.byteLength(short(a))).toBeLessThanOrEqual(max)
          expect(short(a).startsWith('p:')).toBe(true)
          // a key that looks like a digest is digested: it cannot be taken for what it looks like
          const forged = short(a.repeat(9)).slice(2)
          expect(short(forged)).not.toBe(short(a.repeat(9)))
        }
      ),
      { numRuns: runs(2_000) }
    ))

  test('hashed leaves short keys as they are, and refuses what leaves no room', () => {
    expect(KeyFn.hashed(46)(key)('x')).toBe("r:'x'")
    expect(KeyFn.hashed(46)(key)('x'.repeat(50))).toMatch(/^r:#[\w-]{43}$/)
    expect(KeyFn.hashed(46)(key).prefix).toBe('r:')
    expect(() => KeyFn.hashed(45)(key)).toThrow(TypeError)
    expect(() => KeyFn.hashed(NaN)(key)).toThrow(TypeError)
  })
})
