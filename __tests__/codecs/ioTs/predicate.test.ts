import { spawnSync } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'

import { compile, compileWith } from '../../../src/codecs/ioTs/predicate'
import { validator } from '../../../src/codecs/validator'
import type { DecodeError } from '../../../src/RingError'
import { runs } from '../../runs'
import { areFirstOf, cases, ioTs, isObject, odd } from './samples'

/** What can be compared of an answer. */
const plain = (e: E.Either<DecodeError, unknown>): unknown =>
  E.isLeft(e) ? [e.left.message, e.left.errors()] : e.right

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
  if (E.isLeft(expected) && E.isLeft(actual) && expected.left !== 'threw')
    if (!areFirstOf(actual.left.errors(), expected.left)) throw new Error(`${type.name}: not the same errors`)
  return said
}

describe('compiled io-ts types', () => {
  it('law 5: decode as io-ts does, random types and values', () => {
    let said = 0
    let accepted = 0
    let compiled = 0
    const count = runs(8_000)
    fc.assert(
      fc.property(cases(2), ([type, u]) => {
        if (compile(type) !== undefined) compiled++
        if (E.isRight(ioTs(type, u))) accepted++
        if (agree(type, u)) said++
      }),
      { numRuns: count }
    )
    // the property is not vacuous: every type has a predicate, and it says true of most of what io-ts accepts
    expect(compiled).toBe(count)
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
      { numRuns: runs(8_000) }
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
        const [a, b] = [validator(type, { same: forbidden, may: forbidden })(u), validator(type)(u)]
        expect(isDeepStrictEqual(plain(a), plain(b))).toBe(true)
      })
    )
    expect(compileWith(() => undefined)(type)).toBeUndefined()
  })

  it('without code generation, in a process that forbids it', () => {
    const script = `
      const t = require('io-ts')
      const { compile } = require('./src/codecs/ioTs/predicate.ts')
      const { validator } = require('./src/codecs/validator.ts')
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
