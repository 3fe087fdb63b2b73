import { spawnSync } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'

import { compile, compileWith } from '../../src/internal/ioTs'
import { validator } from '../../src/internal/validator'
import type { DecodeError } from '../../src/RingError'

/** What can be compared of an answer. */
const plain = (e: E.Either<DecodeError, unknown>): unknown =>
  E.isLeft(e) ? [e.left.message, e.left.errors()] : e.right

// -------------------------------------------------------------------------------------
// random types, each with values that are valid or nearly so
// -------------------------------------------------------------------------------------

interface Sample {
  readonly type: t.Mixed
  readonly value: fc.Arbitrary<unknown>
}

/** Every value that has ever been special to somebody. */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    NaN,
    0,
    -0,
    1,
    1.5,
    -1,
    Infinity,
    '',
    'a',
    'b',
    'constructor',
    true,
    false
  ),
  fc.constantFrom<unknown>(10n, {}, [], [undefined], { a: 1 }, { a: 'a', b: undefined }, { a: NaN }),
  fc.constant(0).map((): unknown => new Date(0)),
  fc.constant(0).map((): unknown => new Map([['a', 1]])),
  fc.constant(0).map((): unknown => Object.create({ a: 1, b: 'b', c: true })),
  fc
    .constant(0)
    .map((): unknown => Object.defineProperty({ a: 1 }, 'hidden', { value: 1, enumerable: false })),
  fc.constant(0).map((): unknown => Object.assign([1, 'a'], { extra: 1 })),
  fc.constant(0).map((): unknown => new Array(2)),
  fc.anything()
)

const isObject = (u: unknown): u is Record<string, unknown> =>
  typeof u === 'object' && u !== null && !Array.isArray(u)

/** A value with one thing wrong, or one thing too much. */
const nearly = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.tuple(value, odd, fc.nat(5), fc.constantFrom('a', 'b', 'c', 'x', 'a-b')).map(([v, o, what, key]) => {
    if (Array.isArray(v)) {
      const copy: Array<unknown> = [...v]
      if (what === 0) return [...copy, o]
      if (what === 1) return copy.slice(1)
      if (what === 2 && copy.length > 0) copy[copy.length - 1] = o
      return copy
    }
    if (!isObject(v)) return what < 3 ? o : v
    if (what === 0) return { ...v, [key]: o }
    if (what === 1) return Object.fromEntries(Object.entries(v).filter(([k]) => k !== key))
    if (what === 2) return Object.create(v) as unknown
    if (what === 3) return { ...v, [key]: undefined }
    return what === 4 ? Object.assign(Object.create({ [key]: o }), v) : v
  })

const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc.constant({ type: t.string, value: fc.string() }),
  fc.constant({ type: t.number, value: fc.double() }),
  fc.constant({ type: t.boolean, value: fc.boolean() }),
  fc.constant({ type: t.bigint, value: fc.bigInt() }),
  fc.constant({ type: t.null, value: fc.constant(null) }),
  fc.constant({ type: t.undefined, value: fc.constant(undefined) }),
  fc.constant({ type: t.void, value: fc.constant(undefined) }),
  fc.constant({ type: t.unknown, value: odd }),
  // the deprecated names have semantics of their own
  fc.constant({ type: t.any, value: odd }),
  fc.constant({ type: t.UnknownArray, value: fc.array(odd, { maxLength: 3 }) }),
  fc.constant({ type: t.UnknownRecord, value: fc.dictionary(fc.string(), odd, { maxKeys: 3 }) }),
  fc.constant({ type: t.Function, value: fc.constant(() => 1) }),
  fc.constant({ type: t.Int, value: fc.integer() }),
  fc
    .constantFrom<string | number | boolean>('a', 'b', 0, -0, 1, true, '"];throw 1//', 'a v b')
    .map((v) => ({ type: t.literal(v), value: fc.constant<unknown>(v) })),
  fc.constant({
    type: t.keyof({ a: null, b: null, 'a-b': null }),
    value: fc.constantFrom('a', 'b', 'a-b', 'toString')
  })
)

const names = fc.constantFrom('a', 'b', 'c', 'a-b', '"];v', 'é')

const fields = (of: fc.Arbitrary<Sample>): fc.Arbitrary<Record<string, Sample>> =>
  fc.dictionary(names, of, { maxKeys: 3 })

const typesOf = (it: Record<string, Sample>): Record<string, t.Mixed> =>
  Object.fromEntries(Object.entries(it).map(([k, s]) => [k, s.type]))

const valuesOf = (it: Record<string, Sample>, optional: boolean): fc.Arbitrary<unknown> => {
  const model = Object.fromEntries(Object.entries(it).map(([k, s]) => [k, s.value]))
  return optional ? fc.record(model, { requiredKeys: [] }) : fc.record(model)
}

const structOf = (of: fc.Arbitrary<Sample>): fc.Arbitrary<Sample> =>
  fc.oneof(
    fields(of).map((it) => ({ type: t.type(typesOf(it)), value: valuesOf(it, false) })),
    fields(of).map((it) => ({ type: t.partial(typesOf(it)), value: valuesOf(it, true) })),
    fc.tuple(fields(of), fc.constantFrom('x', 'y')).map(([it, tag]) => ({
      type: t.type({ kind: t.literal(tag), ...typesOf(it) }),
      value: valuesOf({ kind: { type: t.literal(tag), value: fc.constant(tag) }, ...it }, false)
    }))
  )

const merged = (a: unknown, b: unknown): unknown => (isObject(a) && isObject(b) ? { ...a, ...b } : a)

// the proof of the casts of types below: io-ts asks for a property of the type that its own constructors all have
const asProps = (type: t.Mixed): t.HasProps => type as t.HasProps

const deep = (size: number): fc.Arbitrary<Sample> => {
  if (size === 0) return leaf
  const of = fc.oneof({ weight: 2, arbitrary: leaf }, { weight: 3, arbitrary: deep(size - 1) })
  const struct = structOf(of)
  const union = (a: Sample, b: Sample): Sample => ({
    type: t.union([a.type, b.type]),
    value: fc.oneof(a.value, b.value)
  })
  const both = (a: Sample, b: Sample): Sample => ({
    type: t.intersection([a.type, b.type]),
    value: fc.tuple(a.value, b.value).map(([x, y]) => merged(x, y))
  })
  return fc.oneof(
    struct,
    struct.map((it) => ({ ...it, type: t.exact(asProps(it.type)) })),
    fc.tuple(struct, struct).map(([a, b]) => {
      const it = both(a, b)
      return { ...it, type: t.exact(asProps(it.type)) }
    }),
    fc.tuple(struct, struct).map(([a, b]) => union({ ...a, type: t.exact(asProps(a.type)) }, b)),
    fc.tuple(of, of).map(([a, b]) => union(a, b)),
    fc.tuple(struct, struct).map(([a, b]) => union(a, b)),
    fc.tuple(of, of).map(([a, b]) => both(a, b)),
    of.map((it) => ({ type: t.array(it.type), value: fc.array(it.value, { maxLength: 3 }) })),
    of.map((it) => ({ type: t.readonlyArray(it.type), value: fc.array(it.value, { maxLength: 3 }) })),
    of.map((it) => ({ ...it, type: t.readonly(it.type) })),
    of.map((it) => ({
      ...it,
      type: t.refinement(
        it.type,
        (v: unknown) => JSON.stringify(v, (_, x: unknown) => (typeof x === 'bigint' ? '1' : x)) !== '1'
      )
    })),
    of.map((it) => ({
      type: t.record(t.string, it.type),
      value: fc.dictionary(fc.string(), it.value, { maxKeys: 3 })
    })),
    of.map((it) => ({
      type: t.record(
        t.refinement(t.string, (s) => s.length < 3),
        it.type
      ),
      value: fc.dictionary(fc.string({ maxLength: 4 }), it.value, { maxKeys: 3 })
    })),
    of.map((it) => ({
      type: t.record(t.union([t.literal('a'), t.keyof({ b: null, c: null })]), it.type),
      value: fc.record({ a: it.value, b: it.value, c: it.value })
    })),
    fc
      .tuple(of, of)
      .map(([a, b]) => ({ type: t.tuple([a.type, b.type]), value: fc.tuple(a.value, b.value) })),
    of.map((it) => {
      const tie: { readonly node: fc.Arbitrary<unknown> } = fc.letrec((again) => ({
        node: fc.record({
          v: it.value,
          next: fc.oneof({ maxDepth: 3 }, fc.constant(null), again('node'))
        })
      }))
      const type: t.Mixed = t.recursion('Node', (self: t.Mixed) =>
        t.type({ v: it.type, next: t.union([self, t.null]) })
      )
      return { type, value: tie.node }
    })
  )
}

const cases = (size: number): fc.Arbitrary<readonly [t.Mixed, unknown]> =>
  deep(size).chain((it) =>
    fc.tuple(
      fc.constant(it.type),
      fc.oneof({ weight: 3, arbitrary: it.value }, { weight: 3, arbitrary: nearly(it.value) }, odd)
    )
  )

const ioTs = (type: t.Mixed, u: unknown): E.Either<t.Errors | 'threw', unknown> => {
  try {
    return type.decode(u)
  } catch {
    return E.left('threw' as const)
  }
}

/** What is asked of every case; says whether the predicate said true. */
const agree = (type: t.Mixed, u: unknown): boolean => {
  const expected = ioTs(type, u)
  const predicate = compile(type)
  let said = false
  try {
    said = predicate?.(u) === true
  } catch {
    said = false
  }
  if (said) {
    if (E.isLeft(expected)) throw new Error(`io-ts refuses what the predicate of ${type.name} accepts`)
    if (!Object.is(expected.right, u))
      throw new Error(`io-ts changes what the predicate of ${type.name} accepts`)
  }
  const actual = validator(type)(u)
  if (E.isRight(expected) !== E.isRight(actual)) throw new Error(`${type.name}: one is a left`)
  if (E.isRight(expected) && E.isRight(actual) && !isDeepStrictEqual(expected.right, actual.right))
    throw new Error(`${type.name}: not the same value`)
  if (
    E.isLeft(expected) &&
    E.isLeft(actual) &&
    expected.left !== 'threw' &&
    !isDeepStrictEqual(expected.left, actual.left.errors())
  )
    throw new Error(`${type.name}: not the same errors`)
  return said
}

describe('compiled io-ts types', () => {
  it('law 5: decode as io-ts does, random types and values', () => {
    let said = 0
    let accepted = 0
    let compiled = 0
    const runs = 8_000
    fc.assert(
      fc.property(cases(2), ([type, u]) => {
        if (compile(type) !== undefined) compiled++
        if (E.isRight(ioTs(type, u))) accepted++
        if (agree(type, u)) said++
      }),
      { numRuns: runs }
    )
    // the property is not vacuous: every type has a predicate, and it says true of most of what io-ts accepts
    expect(compiled).toBe(runs)
    expect(said / accepted).toBeGreaterThan(0.7)
  })

  it('law 5: a finite record whose properties are inherited is made anew, as io-ts does', () => {
    const record = t.record(t.keyof({ a: null, b: null }), t.number)
    const type = t.partial({ c: record })
    const inherits: unknown = { c: Object.create({ a: 1, b: 2 }) }
    expect(compile(record)?.(Object.create({ a: 1, b: 2 }))).toBe(false)
    expect(compile(type)?.(inherits)).toBe(false)
    expect(compile(type)?.({ c: { a: 1, b: 2 } })).toBe(true)
  })

  it('law 5: what io-ts no longer sees of a copy counts as absent', () => {
    const type = t.union([t.type({ b: t.unknown, c: t.undefined }), t.partial({ c: t.number })])
    // the first member accepts it: `b` is missing, so the value is copied, and the copy has no `c`
    const inherits: unknown = Object.create({ c: 1 })
    expect(type.decode(inherits)).toStrictEqual(E.right({ b: undefined, c: undefined }))
    expect(compile(type)?.(inherits)).toBe(false)
    expect(compile(type)?.({ c: 1 })).toBe(true)
  })

  it('law 5: what `closed` accepts of parsed JSON, io-ts returns as it is, and nothing in it is unseen', () => {
    const parsed = (u: unknown): unknown => {
      try {
        return JSON.parse(JSON.stringify(u, (_, x: unknown) => (typeof x === 'bigint' ? '1' : x)))
      } catch {
        return null
      }
    }
    /** One more property somewhere: of any name, holding anything. */
    const spiked = (u: unknown, path: ReadonlyArray<number>, name: string, value: unknown): unknown => {
      const [at = 0, ...rest] = path
      if (Array.isArray(u))
        return u.map((v, i) => (i === at % u.length ? spiked(v, rest, name, value) : (v as unknown)))
      if (!isObject(u)) return u
      const names = Object.keys(u)
      if (rest.length === 0 || names.length === 0)
        return Object.defineProperty({ ...u }, name, {
          value,
          enumerable: true,
          configurable: true,
          writable: true
        })
      const chosen = names[at % names.length] ?? ''
      return { ...u, [chosen]: spiked(u[chosen], rest, name, value) }
    }
    const unseen = (u: unknown, depth: number): boolean =>
      typeof u === 'object' &&
      u !== null &&
      (depth === 0 ||
        Object.hasOwn(u, '__proto__') ||
        Object.values(u).some((v: unknown) => unseen(v, depth - 1)))
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
    const spike = fc.tuple(
      fc.array(fc.nat(5), { maxLength: 3 }),
      fc.constantFrom('__proto__', 'x', 'a', 'constructor', 'toString'),
      fc.constantFrom<unknown>(1, 'a', null, {}, nested(12))
    )
    let accepted = 0
    let said = 0
    fc.assert(
      fc.property(cases(2), fc.option(spike, { freq: 2, nil: undefined }), ([type, u], hazard) => {
        const clean = parsed(u)
        const value = hazard === undefined ? clean : spiked(clean, ...hazard)
        const depth = 10
        const closed = compile(type, depth)
        let believes: boolean | undefined = false
        try {
          believes = closed?.(value)
        } catch {
          believes = false
        }
        if (closed !== undefined && E.isRight(ioTs(type, value))) accepted++
        if (believes !== true) return
        said++
        const decoded = ioTs(type, value)
        if (E.isLeft(decoded) || !Object.is(decoded.right, value))
          throw new Error(`io-ts differs: ${type.name}`)
        if (unseen(value, depth)) throw new Error(`a hazard was not seen: ${type.name}`)
      }),
      { numRuns: 8_000 }
    )
    expect(said / accepted).toBeGreaterThan(0.3)
  })

  it('law 5: `closed` knows what a type names and nothing else', () => {
    const parse = (text: string): unknown => JSON.parse(text)
    const inner = t.type({ a: t.number })
    const type = t.intersection([t.type({ id: t.number }), t.partial({ in: inner, tags: t.array(t.string) })])
    const closed = compile(type, 64)
    expect(closed?.(parse('{"id":1}'))).toBe(true)
    expect(closed?.(parse('{"id":1,"in":{"a":1},"tags":["x"]}'))).toBe(true)
    expect(closed?.(parse('{"id":1,"in":{"a":1,"b":2}}'))).toBe(false)
    expect(closed?.(parse('{"id":1,"__proto__":{"a":1}}'))).toBe(false)
    expect(compile(t.record(t.string, t.number), 64)?.(parse('{"__proto__":1}'))).toBe(false)
    // two members name one property: it must be known to both
    expect(compile(t.intersection([inner, t.partial({ a: t.Int })]), 64)?.(parse('{"a":1.5}'))).toBe(false)
    // an exact member strips what the others name, so io-ts answers with another object
    const partial = t.partial({ b: t.number })
    expect(compile(t.intersection([t.exact(inner), partial]), 64)).toBeUndefined()
    expect(compile(t.intersection([t.record(t.literal('a'), t.number), partial]), 64)).toBeUndefined()
    expect(compile(t.exact(t.intersection([inner, partial])), 64)?.(parse('{"a":1,"b":2}'))).toBe(true)
    // of types that hold what nobody names there is no such predicate
    expect(compile(t.type({ a: t.unknown }), 64)).toBeUndefined()
    expect(compile(t.partial({ constructor: t.string }), 64)).toBeUndefined()
    expect(
      compile(
        t.recursion('R', (self: t.Mixed) => t.partial({ self })),
        64
      )
    ).toBeUndefined()
    // nor of types that are nested deeper than may be
    expect(compile(t.type({ in: inner }), 2)).toBeDefined()
    expect(compile(t.type({ in: inner }), 1)).toBeUndefined()
  })

  it('a union believes a later member only where the earlier ones refuse', () => {
    const type = t.union([t.exact(t.type({ a: t.number })), t.type({ a: t.number, b: t.number })])
    expect(validator(type)({ a: 1, b: 2 })).toEqual(E.right({ a: 1 }))
    expect(compile(type)?.({ a: 1, b: 2 })).toBe(false)
    expect(compile(type)?.({ a: 1 })).toBe(true)
  })

  it('recursion, mutual too', () => {
    interface A {
      readonly b: B | null
    }
    interface B {
      readonly a: A | null
    }
    const A: t.Type<A> = t.recursion('A', () => t.type({ b: t.union([B, t.null]) }))
    const B: t.Type<B> = t.recursion('B', () => t.type({ a: t.union([A, t.null]) }))
    expect(compile(A)?.({ b: { a: { b: null } } })).toBe(true)
    expect(compile(A)?.({ b: { a: { b: 1 } } })).toBe(false)
    expect(E.isLeft(validator(A)({ b: { a: { b: 1 } } }))).toBe(true)
  })

  it('law 5: stack-deep and cyclic values are lefts', () => {
    interface L {
      readonly next: L | null
    }
    const L: t.Type<L> = t.recursion('L', () => t.type({ next: t.union([L, t.null]) }))
    const list: { next: unknown } = { next: null }
    let end = list
    for (let i = 0; i < 100_000; i++) {
      const next = { next: null }
      end.next = next
      end = next
    }
    expect(E.isLeft(validator(L)(list))).toBe(true)
    const ring: { next: unknown } = { next: null }
    ring.next = ring
    expect(E.isLeft(validator(L)(ring))).toBe(true)
  })

  it('law 5: a predicate that throws is a left, with the cause', () => {
    const cause = new Error('refined')
    const type = t.refinement(t.string, () => {
      throw cause
    })
    const decoded = validator(type)('a')
    expect(E.isLeft(decoded) && decoded.left.cause).toBe(cause)
    expect(
      E.isLeft(
        validator(
          t.partial({
            a: t.refinement(t.unknown, () => {
              throw cause
            })
          })
        )({})
      )
    ).toBe(true)
  })

  it('types that are not what their tag says go through io-ts', () => {
    // as io-ts-types makes `withMessage` and its like
    const altered = (type: t.Mixed, changes: object): t.Mixed =>
      Object.assign(Object.create(Object.getPrototypeOf(type) as object) as t.Mixed, type, changes)
    const always = altered(t.type({ a: t.number }), { validate: () => t.success({ a: 42 }) })
    expect(compile(always)).toBeUndefined()
    expect(compile(t.array(always))).toBeUndefined()
    expect(validator(t.array(always))([1])).toEqual(E.right([{ a: 42 }]))
    const decodes = altered(t.string, { decode: () => t.success('always') })
    expect(validator(decodes)(1)).toEqual(E.right('always'))
    expect(compile(altered(t.string, { is: () => true }))).toBeUndefined()
    expect(compile(altered(t.string, {}))?.('a')).toBe(true)
    expect(compile(new t.Type('Any', t.string.is, t.success, t.identity))).toBeUndefined()
    class Odd extends t.StringType {
      override decode(): t.Validation<string> {
        return t.success('odd')
      }
    }
    expect(compile(new Odd())).toBeUndefined()
  })

  it('transforms go through io-ts', () => {
    const FromString = new t.Type<number, string>(
      'FromString',
      t.number.is,
      (u, c) => (typeof u === 'string' ? t.success(u.length) : t.failure(u, c)),
      String
    )
    const type = t.type({ a: t.string, n: FromString })
    expect(compile(type)).toBeUndefined()
    expect(validator(type)({ a: '', n: 'xyz' })).toEqual(E.right({ a: '', n: 3 }))
    expect(compile(FromString.pipe(t.number))).toBeUndefined()
  })

  it('names and literals of the user are never code', () => {
    const evil = '"]){globalThis.pwned=1}//\u2028\n'
    const type = t.type({ [evil]: t.literal(evil) })
    expect(compile(type)?.({ [evil]: evil })).toBe(true)
    expect(compile(type)?.({ [evil]: '' })).toBe(false)
    expect('pwned' in globalThis).toBe(false)
    expect(compile(t.type({ ['__proto__']: t.string }))).toBeUndefined()
  })

  it('without code generation, io-ts does it', () => {
    const forbidden = compileWith(() => {
      throw new EvalError('Code generation from strings disallowed for this context')
    })
    const type = t.type({ a: t.number })
    expect(forbidden(type)).toBeUndefined()
    fc.assert(
      fc.property(odd, (u) => {
        const [a, b] = [validator(type, forbidden)(u), validator(type)(u)]
        expect(isDeepStrictEqual(plain(a), plain(b))).toBe(true)
      })
    )
    expect(compileWith(() => undefined)(type)).toBeUndefined()
  })

  it('without code generation, in a process that forbids it', () => {
    const script = `
      const t = require('io-ts')
      const { compile } = require('./src/internal/ioTs.ts')
      const { validator } = require('./src/internal/validator.ts')
      const type = t.type({ a: t.number })
      const told = [compile(type) === undefined, validator(type)({ a: 1 }), validator(type)({ a: 'x' })._tag]
      process.stdout.write(JSON.stringify(told))`
    const flags = ['--disallow-code-generation-from-strings', '--require', 'tsx/cjs', '-e', script]
    const { stdout } = spawnSync(process.execPath, flags, { encoding: 'utf8', timeout: 20_000 })
    expect(JSON.parse(stdout)).toEqual([true, { _tag: 'Right', right: { a: 1 } }, 'Left'])
  }, 30_000)

  it('either zero is answered as io-ts answers it', () => {
    for (const zero of [0, -0])
      for (const given of [0, -0]) {
        const decoded = validator(t.literal(zero))(given)
        expect(E.isRight(decoded) && decoded.right).toBe(zero)
      }
  })

  it('a message names types and the properties of t.type, nothing of the value', () => {
    const type = t.type({ users: t.array(t.type({ tags: t.record(t.string, t.number) })) }, 'Users')
    const decoded = validator(type)({ users: [{ tags: { secretKey: 'secretValue' } }] })
    const message = E.isLeft(decoded) ? decoded.left.message : ''
    expect(message).toBe('not a Users: .users[].tags.* is not a number')
  })
})
