/** Newtypes, brands and opaque types have the key of the value that they are; what only looks like them has none. */
import { expect, test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type * as t from 'io-ts'
import { iso, type Newtype } from 'newtype-ts'

import { dict, KeyFn, ring } from '../../src'

interface UserId extends Newtype<{ readonly UserId: unique symbol }, number> {}
interface Range
  extends Newtype<{ readonly Range: unique symbol }, { readonly from: Date; readonly to?: Date }> {}
interface Callback extends Newtype<{ readonly Callback: unique symbol }, () => void> {}
interface Positive {
  readonly Positive: unique symbol
}
declare const tag: unique symbol
/** As type-fest and zod make them. */
type Tagged<T, Name extends string> = T & { readonly [tag]: { readonly [K in Name]: true } }
type Opaque = string & { readonly tag: unique symbol }

test('what is a plain value at run time is keyable', () => {
  expectTypeOf<KeyFn.IsKeyable<UserId>>().toEqualTypeOf<true>()
  expectTypeOf<KeyFn.IsKeyable<Range>>().toEqualTypeOf<true>()
  expectTypeOf<KeyFn.IsKeyable<UserId | undefined>>().toEqualTypeOf<true>()
  expectTypeOf<KeyFn.IsKeyable<{ readonly ids: ReadonlyArray<UserId> }>>().toEqualTypeOf<true>()
  expectTypeOf<KeyFn.IsKeyable<ReadonlyMap<UserId, Opaque>>>().toEqualTypeOf<true>()
  expectTypeOf<KeyFn.IsKeyable<t.Branded<number, Positive>>>().toEqualTypeOf<true>()
  expectTypeOf<KeyFn.IsKeyable<t.Branded<{ readonly a: number }, Positive>>>().toEqualTypeOf<true>()
  expectTypeOf<KeyFn.IsKeyable<Opaque>>().toEqualTypeOf<true>()
  expectTypeOf<KeyFn.IsKeyable<Tagged<string, 'Id'>>>().toEqualTypeOf<true>()
  expectTypeOf<KeyFn.IsKeyable<Tagged<{ readonly a: number }, 'Row'>>>().toEqualTypeOf<true>()
  expectTypeOf<KeyFn.IsKeyable<Tagged<ReadonlyArray<number>, 'Row'>>>().toEqualTypeOf<true>()
  expectTypeOf<KeyFn.AreKeyable<readonly [UserId, Opaque?]>>().toEqualTypeOf<true>()
})

test('what only looks like it, or has no key inside, is not', () => {
  class Iterated {
    readonly size: number = 0;
    *[Symbol.iterator](): Generator<number> {
      yield this.size
    }
  }
  expectTypeOf<KeyFn.IsKeyable<Callback>>().toEqualTypeOf<false>()
  expectTypeOf<KeyFn.IsKeyable<{ _URI: { a: 1 }; _A: number; more: symbol }>>().toEqualTypeOf<false>()
  expectTypeOf<KeyFn.IsKeyable<{ _A: number; _URI: () => void; other: () => void }>>().toEqualTypeOf<false>()
  expectTypeOf<KeyFn.IsKeyable<{ readonly kind: typeof tag }>>().toEqualTypeOf<false>()
  expectTypeOf<KeyFn.IsKeyable<Tagged<{ readonly f: () => void }, 'Row'>>>().toEqualTypeOf<false>()
  expectTypeOf<KeyFn.IsKeyable<Tagged<symbol, 'Row'>>>().toEqualTypeOf<false>()
  expectTypeOf<KeyFn.IsKeyable<Iterated>>().toEqualTypeOf<false>()
})

test('they are keyed as the values that they are', () => {
  const id = iso<UserId>()
  const range = iso<Range>()
  const find = (u: UserId, r: Range): TE.TaskEither<never, UserId> => TE.right(r === r ? u : u)
  const first = ring(find, { store: dict() })
  const last = pipe(find, ring(dict()))
  const args = [id.wrap(5), range.wrap({ from: new Date(0) })] as const
  expect(first.key(...args)).toBe('find:5,(from=@0)')
  expect(last.key(...args)).toBe(KeyFn.structural('find')(5, { from: new Date(0) }))
})

test('a brand that is there at run time is refused there', () => {
  const key = KeyFn.structural('x')
  expect(() => key({ a: 1, [Symbol('tag')]: true })).toThrow(/symbols for properties/)
})
