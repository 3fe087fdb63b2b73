/**
 * Random io-ts types with values that are valid, nearly valid, or odd, and what io-ts says of them.
 */
import { isDeepStrictEqual } from 'node:util'

import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'

import { mostErrors } from '../../../src/codecs/validator'

// -------------------------------------------------------------------------------------
// random types, each with values that are valid or nearly so
// -------------------------------------------------------------------------------------

export interface Sample {
  readonly type: t.Mixed
  readonly value: fc.Arbitrary<unknown>
}

/** Every value that has ever been special to somebody. */
export const odd: fc.Arbitrary<unknown> = fc.oneof(
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

export const isObject = (u: unknown): u is Record<string, unknown> =>
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

export const leaf: fc.Arbitrary<Sample> = fc.oneof(
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

const deep = (size: number, leaf: fc.Arbitrary<Sample>): fc.Arbitrary<Sample> => {
  if (size === 0) return leaf
  const of = fc.oneof({ weight: 2, arbitrary: leaf }, { weight: 3, arbitrary: deep(size - 1, leaf) })
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

export const cases = (size: number, leaves = leaf): fc.Arbitrary<readonly [t.Mixed, unknown]> =>
  deep(size, leaves).chain((it) =>
    fc.tuple(
      fc.constant(it.type),
      fc.oneof({ weight: 3, arbitrary: it.value }, { weight: 3, arbitrary: nearly(it.value) }, odd)
    )
  )

export const ioTs = (type: t.Mixed, u: unknown): E.Either<t.Errors | 'threw', unknown> => {
  try {
    return type.decode(u)
  } catch {
    return E.left('threw' as const)
  }
}

/** A value of an error, or the text that says what was too large to be kept. */
const isHeldOf = (held: unknown, value: unknown): boolean =>
  isDeepStrictEqual(held, value) || (typeof held === 'string' && /^\((an? |\d+ bytes).*\)$/.test(held))

/** The first errors of io-ts', in its order: the same places, the same types, the same messages, the same values. */
export const areFirstOf = (errors: t.Errors, all: t.Errors): boolean =>
  errors.length === Math.min(mostErrors, all.length) &&
  errors.every((error, i) => {
    const other = all[i]
    return (
      other !== undefined &&
      error.message === other.message &&
      isHeldOf(error.value, other.value) &&
      error.context.length === other.context.length &&
      error.context.every((entry, j) => {
        const like = other.context[j]
        return (
          like !== undefined &&
          entry.key === like.key &&
          entry.type === like.type &&
          isHeldOf(entry.actual, like.actual)
        )
      })
    )
  })
