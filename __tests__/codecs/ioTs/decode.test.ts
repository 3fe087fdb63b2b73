import { isDeepStrictEqual } from 'node:util'

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as t from 'io-ts'

import * as Codec from '../../../src/Codec'
import { decoders } from '../../../src/codecs/ioTs/decode'
import { newWalk, refused } from '../../../src/codecs/ioTs/walk'
import { type Compilers, mostErrors, validator } from '../../../src/codecs/validator'
import type { DecodeError } from '../../../src/RingError'
import { runs } from '../../runs'
import { areFirstOf, cases, ioTs, leaf, odd, type Sample } from './samples'

const none: Compilers = { same: () => undefined, may: () => undefined }

const leftOf = (e: E.Either<DecodeError, unknown>): DecodeError => {
  if (E.isRight(e)) throw new Error('a right')
  return e.left
}

// -------------------------------------------------------------------------------------
// types of the user's
// -------------------------------------------------------------------------------------

const FromString = new t.Type<number, string>(
  'FromString',
  t.number.is,
  (u, c) => (typeof u === 'string' ? t.success(u.length) : t.failure(u, c, 'no text')),
  String
)
/** What is missing is 1. */
const Default = new t.Type<number>(
  'Default',
  t.number.is,
  (u, c) => (u === undefined ? t.success(1) : t.number.validate(u, c)),
  t.identity
)
/** Refuses without an error, which io-ts takes for none in most places. */
const Silent = new t.Type<string>(
  'Silent',
  t.string.is,
  (u) => (typeof u === 'string' ? t.success(u) : t.failures([])),
  t.identity
)
/** Gives more errors than one, and not of its own place. */
const Many = new t.Type<string>(
  'Many',
  t.string.is,
  (u, c) =>
    typeof u === 'string'
      ? t.success(u)
      : t.failures(
          Array.from({ length: 20 }, (_, i) => ({
            value: u,
            context: [...c, { key: `part ${String(i)}`, type: t.string, actual: u }],
            message: `error ${String(i)}`
          }))
        ),
  t.identity
)

/** Changes the keys of a record, and leaves some out. */
const Upper = new t.Type<string>(
  'Upper',
  t.string.is,
  (u, c) => (typeof u === 'string' && u !== 'a' ? t.success(u.toUpperCase()) : t.failure(u, c)),
  t.identity
)

const own: fc.Arbitrary<Sample> = fc.oneof(
  { weight: 4, arbitrary: leaf },
  fc.constant({ type: FromString, value: fc.string() }),
  fc.constant({ type: Default, value: fc.constantFrom<unknown>(undefined, 1, 2) }),
  fc.constant({ type: Silent, value: fc.string() }),
  fc.constant({ type: Many, value: fc.string() }),
  // SAFETY: only its `encode` is of other types, and nothing is encoded
  fc.constant({ type: new t.NeverType() as unknown as t.Mixed, value: odd }),
  fc.constant({ type: FromString.pipe(t.number), value: fc.string() }),
  fc.constant({ type: t.refinement(FromString, (n) => n > 1, 'Long'), value: fc.string() }),
  fc.constant({ type: t.array(FromString), value: fc.array(fc.string(), { maxLength: 30 }) }),
  fc.constant({
    type: t.array(t.type({ a: t.string, b: t.number })),
    value: fc.array(fc.record({ a: odd, b: odd }), { maxLength: 30 })
  }),
  fc.constant({
    type: t.record(Upper, t.number),
    value: fc.dictionary(fc.string(), odd)
  })
)

/** Says whether io-ts' first errors were more than none. */
const agrees = (compilers: Compilers | undefined, type: t.Mixed, u: unknown): 'right' | 'left' => {
  const expected = ioTs(type, u)
  const actual = validator(type, compilers)(u)
  if (E.isRight(expected)) {
    if (E.isLeft(actual)) throw new Error(`${type.name}: io-ts accepts it`)
    if (!isDeepStrictEqual(expected.right, actual.right)) throw new Error(`${type.name}: another value`)
    return 'right'
  }
  if (E.isRight(actual)) throw new Error(`${type.name}: io-ts refuses it`)
  if (expected.left !== 'threw' && !areFirstOf(actual.left.errors(), expected.left))
    throw new Error(`${type.name}: not the first errors of io-ts'`)
  return 'left'
}

describe('decoding that stops at the first errors', () => {
  for (const [how, compilers, count] of [
    ['with predicates', undefined, runs(3_000)],
    ['without predicates', none, runs(6_000)]
  ] as const)
    it(`law 5: accepts and refuses what io-ts does, with the first of its errors, ${how}`, () => {
      const seen = { left: 0, right: 0 }
      fc.assert(
        fc.property(cases(2, own), ([type, u]) => void seen[agrees(compilers, type, u)]++),
        { numRuns: count }
      )
      expect(Math.min(seen.left, seen.right)).toBeGreaterThan(count / 5)
    })

  it('law 5: the comparison sees another error, another order, and one that is missing', () => {
    const all = pipe(
      ioTs(t.array(t.number), ['a', 1, 'b']),
      E.match(
        (errors) => (errors === 'threw' ? [] : errors),
        () => []
      )
    )
    const [a, b] = all
    if (a === undefined || b === undefined) throw new Error('io-ts has other errors')
    expect(areFirstOf([a, b], all)).toBe(true)
    for (const others of [[b, a], [a], [a, { ...b, value: 'c' }], [a, b, b]])
      expect(areFirstOf(others, all)).toBe(false)
  })

  it('law 5: a part that io-ts would copy hides what is inherited, also where the whole is refused', () => {
    const Short = t.refinement(t.string, (s) => s.length < 3)
    const type = t.type({
      id: t.number,
      list: t.array(t.union([t.exact(t.type({ a: t.number })), t.number])),
      record: t.record(Short, t.number),
      last: t.number
    })
    for (const part of [
      { list: [{ a: 1, b: 2 }], record: {} },
      { list: [NaN], record: {} },
      { list: [], record: { long: 1 } },
      { list: [], record: { a: NaN } },
      { list: [], record: {} }
    ]) {
      const u = Object.assign(Object.create({ last: 1 }) as object, { id: 'x', ...part })
      expect(agrees(undefined, type, u)).toBe('left')
      expect(agrees(none, type, u)).toBe('left')
    }
  })

  it('law 5: a property that is refused without an error is left out where a record is copied, and only there', () => {
    const type = t.record(t.string, t.union([Silent, FromString.pipe(Default)]))
    const silent = t.record(
      t.string,
      t.type({ a: t.intersection([Silent, Silent]), n: t.string.pipe(FromString) })
    )
    for (const [one, u] of [
      [type, { a: 1, b: 'x' }],
      [t.record(Upper, Silent), { B: 1, c: 'x', D: 2 }],
      [t.record(Upper, Silent), { B: 1, C: 'x' }],
      [silent, { a: { a: 1, n: 'x' }, b: { a: 'x', n: 'y' } }]
    ] as const) {
      agrees(undefined, one, u)
      agrees(none, one, u)
    }
    expect(validator(t.record(Upper, Silent))({ B: 1, c: 'x', D: 2 })).toEqual(E.right({ C: 'x' }))
    expect(validator(t.record(Upper, Silent))({ B: 1, C: 'x' })).toEqual(E.right({ B: 1, C: 'x' }))
  })

  it('law 5: unions with a tag choose by it, whatever the tag is made of', () => {
    const A = t.type({ kind: t.literal('a'), n: t.array(t.number) })
    const B = t.exact(t.type({ kind: t.literal('b'), s: t.string }))
    const C = t.intersection([t.type({ kind: t.literal('c') }), t.partial({ n: t.number })])
    interface D {
      readonly kind: 'd'
      readonly next: D | null
    }
    const D: t.Type<D> = t.recursion('D', (self) =>
      t.type({ kind: t.literal('d'), next: t.union([self, t.null]) })
    )
    const types: ReadonlyArray<t.Mixed> = [
      t.union([A, B, C]),
      t.union([t.union([A, B]), C]),
      t.union([A, t.readonly(B), t.refinement(C, ({ n }) => n !== 3)]),
      t.union([A, D]),
      t.union([A, t.type({ kind: t.literal('a'), n: t.string })]),
      t.union([A, t.type({ n: t.string })])
    ]
    const kinds = fc.constantFrom<unknown>('a', 'b', 'c', 'd', 'e', undefined)
    const parts = fc.oneof(fc.constantFrom<unknown>(3, 'x', [1], ['x'], null, { kind: 'd', next: null }), odd)
    const values = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: kinds, n: parts, s: parts, next: parts }) },
      odd
    )
    fc.assert(
      fc.property(fc.constantFrom(...types), values, fc.boolean(), (type, u, bare) => {
        agrees(bare ? none : undefined, type, u)
      }),
      { numRuns: runs(4_000) }
    )
  })

  // -----------------------------------------------------------------------------------
  // what it costs
  // -----------------------------------------------------------------------------------

  /** A type that counts how often it is asked. */
  const counting = (test: (u: unknown) => boolean): { readonly type: t.Type<unknown>; asked: number } => {
    const counter = {
      asked: 0,
      type: new t.Type<unknown>(
        'Counting',
        (u): u is unknown => test(u),
        (u, c) => {
          counter.asked++
          return test(u) ? t.success(u) : t.failure(u, c)
        },
        t.identity
      )
    }
    return counter
  }
  const many = 20_000
  const refusedBy = (type: t.Mixed, u: unknown): DecodeError => leftOf(validator(type)(u))

  it('asks no more of a large value than the first errors need', () => {
    const one = counting(() => false)
    const shapes: ReadonlyArray<readonly [t.Mixed, unknown]> = [
      [t.array(one.type), new Array(many).fill(1)],
      [t.array(t.union([one.type, t.null, one.type])), new Array(many).fill(1)],
      [t.array(t.intersection([t.type({ a: one.type }), t.UnknownRecord])), new Array(many).fill({ a: 1 })],
      [
        t.record(t.string, one.type),
        Object.fromEntries(Array.from({ length: many }, (_, i) => [`k${String(i)}`, 1]))
      ],
      [
        t.readonlyArray(t.tuple([t.number, t.exact(t.partial({ a: one.type }))])),
        new Array(many).fill([1, { a: 1 }])
      ],
      [t.union([t.array(one.type), t.strict({ a: t.number })]), new Array(many).fill(1)]
    ]
    for (const [type, u] of shapes) {
      one.asked = 0
      expect(refusedBy(type, u).errors()).toHaveLength(mostErrors)
      expect(one.asked).toBeLessThanOrEqual(2 * mostErrors)
      // the control: io-ts asks for all of them
      one.asked = 0
      expect(E.isLeft(type.decode(u))).toBe(true)
      expect(one.asked).toBeGreaterThanOrEqual(many)
    }
  })

  it('asks each part once on the way to an error at the end, and once where there is none', () => {
    const one = counting((u) => u !== 0)
    const type = t.type({ list: t.array(t.array(one.type)) })
    const values = Array.from({ length: 100 }, () => new Array(100).fill(1))
    expect(E.isRight(validator(type)({ list: values }))).toBe(true)
    expect(one.asked).toBe(10_000)
    one.asked = 0
    expect(refusedBy(type, { list: [...values, [0]] }).errors()).toHaveLength(1)
    expect(one.asked).toBe(10_001)
  })

  it('looks at a part of a deep value a few times, not once for each level', () => {
    let asked = 0
    const Leaf = t.refinement(t.number, (n) => {
      asked++
      return n !== 0
    })
    interface Tree {
      readonly leaves: Array<number>
      readonly in: Array<Tree>
    }
    const Tree: t.Type<Tree> = t.recursion('Tree', () => t.type({ leaves: t.array(Leaf), in: t.array(Tree) }))
    const leaves = new Array(1_000).fill(1)
    const nested = (depth: number): unknown => ({
      leaves: depth === 0 ? [...leaves, 0] : [],
      in: depth === 0 ? [] : [nested(depth - 1)]
    })
    expect(refusedBy(Tree, nested(50)).errors()).toHaveLength(1)
    expect(asked).toBeLessThanOrEqual(6 * 1_001)
  })

  it('copies nothing of a list that is refused at its end', () => {
    const made: Array<unknown> = []
    const type = t.array(t.refinement(t.strict({ a: t.number }), (v) => made.push(v) > 0))
    const walk = newWalk(type, undefined, mostErrors, () => false)
    const u = [...Array.from({ length: 10 }, () => ({ a: 1, b: 2 })), { a: 'x' }]
    expect(decoders(() => undefined)(type).part(u, walk)).toBe(refused)
    expect(walk.errors).toHaveLength(1)
    // the refinement saw what was decoded
    expect(made).toEqual(new Array(10).fill({ a: 1 }))
  })

  // -----------------------------------------------------------------------------------
  // what an error holds
  // -----------------------------------------------------------------------------------

  it('an error holds what is small, and says what was not', () => {
    const large = Array.from({ length: 1_000 }, (_, i) => ({ i }))
    const type = t.type({ id: t.number, list: t.string, text: t.number, in: t.type({ a: t.number }) })
    const small = { a: 'x' }
    const error = refusedBy(type, { id: 'x', list: large, text: 'x'.repeat(10_000), in: small })
    expect(error.errors().map(({ value }) => value)).toEqual([
      'x',
      '(an array of 1000 items)',
      '(a string of 10000 characters)',
      'x'
    ])
    const [, , , inner] = error.errors()
    expect(inner?.context.map(({ key }) => key)).toEqual(['', 'in', 'a'])
    expect(inner?.context.map(({ actual }) => actual)).toEqual(['(an object)', small, 'x'])
    const kinds: ReadonlyArray<readonly [unknown, string]> = [
      [new Map(large.map((v, i) => [i, v])), '(a Map of 1000 entries)'],
      [new Set(large), '(a Set of 1000 members)'],
      [new Uint8Array(100_000), '(100000 bytes)'],
      [new ArrayBuffer(100_000), '(100000 bytes)'],
      [Object.fromEntries(large.map((v, i) => [`k${String(i)}`, v])), '(an object)'],
      [{ [`k${'x'.repeat(10_000)}`]: 1 }, '(an object)'],
      [
        {
          get a() {
            throw new Error('a')
          }
        },
        '(an object)'
      ]
    ]
    for (const [u, held] of kinds) expect(refusedBy(t.number, u).errors()[0]?.value).toBe(held)
    for (const u of [new Map([[1, { a: 1 }]]), new Set([1]), new Uint8Array(3), 10n, { a: [1] }])
      expect(refusedBy(t.number, u).errors()[0]?.value).toBe(u)
  })

  it('law 5: an entry of another shape is told by its first errors, through the codec', () => {
    const codec = Codec.json(
      t.array(t.union([t.type({ a: t.string, n: t.number }), t.type({ b: t.string })]))
    )
    const error = leftOf(codec.decode(new TextEncoder().encode(`[${'{},'.repeat(1_000)}{}]`)))
    expect(error.errors()).toHaveLength(mostErrors)
    expect(
      error
        .errors()
        .slice(0, 4)
        .map(({ context }) => context.map(({ key }) => key).join('.'))
    ).toEqual(['.0.0.a', '.0.0.n', '.0.1.b', '.1.0.a'])
    expect(error.message).toMatch(/^not a Array<.*: \[\]\.a is not a string$/)
  })
})
