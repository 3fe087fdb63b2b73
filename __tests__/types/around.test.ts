/** What the types promise of what is made of rings: methods, links, mutations, readers, views. */
import { test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import { pipe } from 'fp-ts/function'
import type * as O from 'fp-ts/Option'
import type * as R from 'fp-ts/Reader'
import type * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'

import type { Command, ReaderRing, RingError } from '../../src'
import { Codec, dict, invalidates, Ring, ring, ringKey, ringReader, type Store } from '../../src'
import { lru } from '../../src/stores/memory/lru'

type AnyRingError = RingError.RingError
interface Failed {
  readonly _tag: 'Failed'
}
// rings are made when the classes are
const store = dict() as unknown as Store.Store<unknown, 'backend'>
declare const bytes: Store.Store<Uint8Array, 'bytes'>
declare const numbers: Codec.Codec<number, Uint8Array>

const words = ring(
  (page: Page, word: string, times?: number): TE.TaskEither<Failed, number> =>
    TE.right(page.length + word.length * (times ?? 1)),
  {
    store,
    name: 'words',
    commands: (rope, base) => ({
      twice: (page: Page, word: string) => base.get(page, word, 2),
      back: () => rope.store.backend,
      other: (b: boolean) => b
    })
  }
)
const ofClass = ring((of: typeof Page): TE.TaskEither<Failed, number> => TE.right(of.length), {
  store,
  name: 'of'
})

// the types of getters are those of rings that take the class for their first argument: no circle, and no annotation
class Page {
  static readonly length: number = 1
  readonly length = 2
  static [ringKey](): string {
    return 'Page'
  }
  static get classy() {
    return pipe(ofClass, Ring.bind(this))
  }
  readonly field = pipe(words, Ring.bind(this));
  [ringKey](): string {
    return 'page'
  }
  get words() {
    return pipe(words, Ring.bind(this))
  }
}
class Child extends Page {}

// nothing here runs: the declarations have no values
const methods = (): void => {
  const page = new Page()
  expectTypeOf(page.words('a', 1)).toEqualTypeOf<TE.TaskEither<Failed, number>>()
  expectTypeOf(page.words.get('a')).toEqualTypeOf<TE.TaskEither<AnyRingError, O.Option<number>>>()
  expectTypeOf(page.words.set(1)('a')).toEqualTypeOf<TE.TaskEither<AnyRingError, void>>()
  expectTypeOf(page.words.getMany).toBeCallableWith([['a'], ['a', 2]])
  expectTypeOf(page.words.store.backend).toEqualTypeOf<'backend'>()
  expectTypeOf(page.words.twice('a')).toEqualTypeOf<TE.TaskEither<AnyRingError, O.Option<number>>>()
  expectTypeOf(page.words.back()).toEqualTypeOf<'backend'>()
  expectTypeOf(page.field('a')).toEqualTypeOf<TE.TaskEither<Failed, number>>()
  expectTypeOf(Page.classy()).toEqualTypeOf<TE.TaskEither<Failed, number>>()
  expectTypeOf(new Child().words.key('a')).toEqualTypeOf<string>()
  // @ts-expect-error a command that does not take the receiver is not to be had
  page.words.other(true)
  // @ts-expect-error the receiver is given already
  page.words(page, 'a')
  // @ts-expect-error another receiver
  Ring.bind(1)(words)
  // @ts-expect-error a ring without arguments has no receiver
  Ring.bind(page)({} as Ring.Ring<[], Failed, number, unknown, unknown>).get()
  const optional = ring((a?: number, b?: string) => TE.right(`${a ?? 0}${b ?? ''}`), {
    store,
    name: 'optional'
  })
  expectTypeOf(pipe(optional, Ring.bind(1))('b')).toEqualTypeOf<TE.TaskEither<never, string>>()
  const rest = ring((...ns: Array<number>) => TE.right(ns.length), { store, name: 'rest' })
  expectTypeOf(pipe(rest, Ring.bind(1))(2, 3)).toEqualTypeOf<TE.TaskEither<never, number>>()
  const twice = pipe(words, Ring.bind(page), Ring.bind('a'))
  expectTypeOf(twice(2)).toEqualTypeOf<TE.TaskEither<Failed, number>>()
  const mapped = pipe(
    page.words,
    Ring.contramap((n: number) => [String(n), n] as const)
  )
  expectTypeOf(mapped.update(1)).toEqualTypeOf<TE.TaskEither<Failed | AnyRingError, number>>()
  // @ts-expect-error arguments of another ring
  Ring.contramap((n: number) => [n])(page.words)
}

const user = ring((id: number) => TE.right({ id }), { store: dict(), name: 'user' })

const links = (): void => {
  const assets = ring((userId: number, id: number) => TE.right(userId + id), { store: dict(), name: 'asset' })
  const inPipe = pipe(assets, Ring.linked(Ring.expires(user, (userId) => [[userId]])))
  expectTypeOf(inPipe).toEqualTypeOf<typeof assets>()
  pipe(assets, Ring.linked(Ring.purges(user, (userId, id) => [`${userId}/${id}`])))
  const apart = Ring.linked(Ring.expires(user, (userId: number) => [[userId]]))
  expectTypeOf(apart(assets)).toEqualTypeOf<typeof assets>()
  const others = ring((userId: string, id: number) => TE.right(userId.length + id), {
    store: dict(),
    name: 'other'
  })
  // @ts-expect-error other arguments
  apart(others)
  // @ts-expect-error it asks for more arguments than there are
  Ring.linked(Ring.expires(user, (_a: number, b: number) => [[b]]))(user)
  // @ts-expect-error other arguments
  pipe(others, Ring.linked(Ring.expires(user, (userId) => [[userId]])))
}

const mutations = (): void => {
  const save = (id: number, name: string): TE.TaskEither<Failed, { id: number; name: string }> =>
    TE.right({ id, name })
  const saved = pipe(
    save,
    invalidates((value, id, name) => [user.delete(value.id + id + name.length)])
  )
  expectTypeOf(saved).toEqualTypeOf<
    (
      id: number,
      name: string
    ) => TE.TaskEither<
      Failed | RingError.InvalidationError<{ id: number; name: string }, AnyRingError>,
      { id: number; name: string }
    >
  >()
  const apart = invalidates((value: { id: number }, id: number) => [user.delete(value.id + id)])
  expectTypeOf(apart(save)).toBeCallableWith(1, 'a')
  // @ts-expect-error other arguments
  apart((id: string) => TE.right({ id: id.length }))
  // @ts-expect-error another value
  apart((id: number) => TE.right(id))
  // @ts-expect-error it asks for more arguments than there are
  invalidates((_: { id: number }, a: number, b: number) => [user.delete(a + b)])((id: number) =>
    TE.right({ id })
  )
  const mixed = pipe(
    save,
    invalidates((value, id) => [
      user.delete(id),
      TE.left('gone' as const),
      ...(value.id > 1 ? [TE.right(1)] : [])
    ])
  )
  expectTypeOf(mixed(1, 'a')).toEqualTypeOf<
    TE.TaskEither<
      Failed | RingError.InvalidationError<{ id: number; name: string }, AnyRingError | 'gone'>,
      { id: number; name: string }
    >
  >()
}

interface Env {
  readonly tenant: string
}
const readers = (): void => {
  const fetchAge =
    (_id: number): RTE.ReaderTaskEither<Env, Failed, number> =>
    () =>
      TE.right(1)
  const age = ringReader(fetchAge, { store: bytes, codec: numbers, keyEnv: ({ tenant }) => tenant })
  expectTypeOf(age(1)).toEqualTypeOf<RTE.ReaderTaskEither<Env, Failed, number>>()
  expectTypeOf(age.get(1)).toEqualTypeOf<RTE.ReaderTaskEither<Env, AnyRingError, O.Option<number>>>()
  expectTypeOf(age.update(1)).toEqualTypeOf<RTE.ReaderTaskEither<Env, Failed | AnyRingError, number>>()
  expectTypeOf(age.key(1)).toEqualTypeOf<R.Reader<Env, string>>()
  expectTypeOf(age.store.backend).toEqualTypeOf<'bytes'>()
  const last = pipe(fetchAge, ringReader(bytes, numbers, { keyEnv: 'none' }))
  expectTypeOf(last(1)).toEqualTypeOf<RTE.ReaderTaskEither<Env, Failed, number>>()
  expectTypeOf<
    Exclude<
      keyof Command.Commands<[], never, never, never>,
      keyof ReaderRing.ReaderCommands<never, [], never, never, never>
    >
  >().toEqualTypeOf<never>()
  // @ts-expect-error a store of bytes needs a codec
  ringReader(fetchAge, { store: bytes, keyEnv: 'none' })
  // @ts-expect-error another codec
  ringReader(fetchAge, { store: bytes, codec: Codec.identity<Uint8Array>(), keyEnv: 'none' })
  // @ts-expect-error which part of the environment is in the key has to be said
  ringReader(fetchAge, { store: bytes, codec: numbers })
  // @ts-expect-error functions have no key of their own
  ringReader(fetchAge, { store: bytes, codec: numbers, keyEnv: () => () => 1 })
  // @ts-expect-error no ReaderTaskEither
  ringReader((id: number) => () => async () => id, { store: dict(), keyEnv: 'none', name: 'f' })
  const needsKey =
    (f: () => void): RTE.ReaderTaskEither<Env, Failed, void> =>
    () =>
      TE.right(f())
  // @ts-expect-error these arguments need a key
  ringReader(needsKey, { store: lru({ max: 1 }), keyEnv: 'none' })
}

const views = (): void => {
  const lengths = pipe(
    user,
    Ring.map(({ id }) => String(id))
  )
  expectTypeOf(lengths(1)).toEqualTypeOf<TE.TaskEither<never, string>>()
  expectTypeOf(lengths.get(1)).toEqualTypeOf<TE.TaskEither<AnyRingError, O.Option<string>>>()
  // @ts-expect-error of a view there is no way back
  lengths.set('a')(1)
  const twice = pipe(
    user,
    Ring.map(({ id }) => String(id)),
    Ring.map((text) => text.length),
    Ring.contramap((text: string) => [Number(text)])
  )
  expectTypeOf(twice.get('1')).toEqualTypeOf<TE.TaskEither<AnyRingError, O.Option<number>>>()
  expectTypeOf(twice.set).toEqualTypeOf<never>()
  const texts = pipe(
    user,
    Ring.imap(
      ({ id }) => String(id),
      (text: string) => ({ id: Number(text) })
    )
  )
  expectTypeOf(texts.set('1')(1)).toEqualTypeOf<TE.TaskEither<AnyRingError, void>>()
  expectTypeOf(texts(1)).toEqualTypeOf<TE.TaskEither<never, string>>()
  const own = ring((id: number) => TE.right(id), {
    store: dict(),
    name: 'own',
    commands: (_, base) => ({ delete: (id: number) => base.has(id) })
  })
  expectTypeOf(Ring.toPromiseFunction(own).delete(1)).toEqualTypeOf<TE.TaskEither<AnyRingError, boolean>>()
  const promised = Ring.toPromiseFunction(user)
  expectTypeOf(promised(1)).toEqualTypeOf<Promise<{ id: number }>>()
  expectTypeOf(promised.get(1)).toEqualTypeOf<Promise<O.Option<{ id: number }>>>()
  expectTypeOf(promised.set({ id: 1 })(1)).toEqualTypeOf<Promise<void>>()
  expectTypeOf(promised.clear()).toEqualTypeOf<Promise<void>>()
  expectTypeOf(promised.key(1)).toEqualTypeOf<string>()
  const cached = Ring.using({ store: bytes })
  const f = (n: number): TE.TaskEither<Failed, number> => TE.right(n)
  expectTypeOf(cached(f, { codec: numbers })(1)).toEqualTypeOf<TE.TaskEither<Failed, number>>()
  // @ts-expect-error a store of bytes needs a codec
  cached(f)
  // @ts-expect-error these arguments need a key
  cached((s: symbol): TE.TaskEither<Failed, number> => TE.right(s.toString().length), { codec: numbers })
  const both = Ring.record({ store: lru({ max: 1 }) })({ f, g: (s: string) => TE.right(s) })
  expectTypeOf(both.f(1)).toEqualTypeOf<TE.TaskEither<Failed, number>>()
  expectTypeOf(both.g('a')).toEqualTypeOf<TE.TaskEither<never, string>>()
}

test('it compiles', () => void [methods, links, mutations, readers, views])
