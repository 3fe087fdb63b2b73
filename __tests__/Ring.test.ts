import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { Codec, dict, Duration, Policy, ring, Store } from '../src'
import { cbor } from '../src/codecs/cbor'
import { lru } from '../src/stores/memory/lru'
import { ringLaws, Value } from './laws/ring'

/** A clock that is turned by hand. */
const manual = () => {
  let now = 1_000
  return { clock: { now: () => now }, pass: async (ms: number) => void (now += ms) }
}
const garbage = new Uint8Array([0xff, 0x7b])

{
  const { clock, pass } = manual()
  ringLaws(
    'dict, by reference',
    async () => ({ store: dict({ clock }), codec: { encode: E.right, decode: E.right } as never }),
    pass,
    { references: true }
  )
}
{
  const { clock, pass } = manual()
  ringLaws(
    'dict and json',
    async () => ({ store: dict<Uint8Array>({ clock }), codec: Codec.json(Value), garbage }),
    pass
  )
}
{
  const { clock, pass } = manual()
  ringLaws(
    'dict, by reference, with tags, leases, stored errors and early refresh',
    async () => ({ store: dict({ clock }), codec: { encode: E.right, decode: E.right } as never }),
    pass,
    {
      references: true,
      tags: (id) => ['all', String(id % 2)],
      policy: Policy.policy(
        Policy.lease(),
        Policy.earlyRefresh(),
        Policy.softTimeout(Duration.seconds(1)),
        Policy.negative({ codec: Codec.identity<unknown>(), ttl: Duration.milliseconds(0) })
      )
    }
  )
}
{
  const { clock, pass } = manual()
  ringLaws(
    'dict and json, with leases and stored errors',
    async () => ({ store: dict<Uint8Array>({ clock }), codec: Codec.json(Value), garbage }),
    pass,
    { policy: Policy.policy(Policy.lease(), Policy.softTimeout(Duration.seconds(1))) }
  )
}
{
  const { clock, pass } = manual()
  ringLaws(
    'lru and cbor',
    async () => ({ store: lru<Uint8Array>({ max: 10_000, clock }), codec: cbor(Value), garbage }),
    pass
  )
}

describe('ring', () => {
  const one = (id: number): TE.TaskEither<string, number> => TE.right(id)

  test('no name and no key: a clear error when the ring is built', () => {
    expect(() => ring((id: number) => TE.right(id), { store: dict() })).toThrow(/name/)
    expect(() => pipe((id: number) => TE.right(id), ring(dict()))).toThrow(TypeError)
    expect(ring((id: number) => TE.right(id), { store: dict(), name: 'n' }).key(1)).toBe('n:1')
    expect(ring((id: number) => TE.right(id), { store: dict(), key: String }).key(1)).toBe('1')
    expect(ring(one, { store: dict() }).key(1)).toBe('one:1')
    expect(ring(one, { store: dict() }).name).toBe('one')
    expect(ring(one, { store: dict(), name: 'n' }).name).toBe('n')
  })

  test('stored errors need the codec in the ring; leases need a store that has them', () => {
    const store = pipe(dict<Uint8Array>(), Store.encoded(Codec.json(t.number)))
    const negative = Policy.negative({ codec: Codec.identity<string>(), ttl: Duration.seconds(1) })
    expect(() => ring(one, { store: store as never, policy: negative })).toThrow(/codec/)
    const { leases: _, ...without } = dict()
    expect(() => ring(one, { store: without as never, policy: Policy.lease() })).toThrow(/leases/)
  })

  test('a lease is made by Policy.lease: that is what brings leases into a program', () => {
    const { _tag, lease } = Policy.lease()
    const { ttl, wait } = lease!
    // @ts-expect-error -- nor does it compile
    const policy: Policy.Policy<Store.Leasing<never>> = { _tag, lease: { ttl, wait } }
    expect(() => ring(one, { store: dict(), policy: policy as Policy.Policy })).toThrow(
      'a policy with a lease is made by Policy.lease'
    )
    expect(ring(one, { store: dict(), policy: { _tag, lease: lease! } }).name).toBe('one')
    // a copy has all that the policy has
    expect(ring(one, { store: dict(), policy: { ...Policy.lease() } }).name).toBe('one')
    expect(ring(one, { store: dict(), policy: Policy.policy(Policy.lease(), Policy.jitter(0.1)) }).name).toBe(
      'one'
    )
  })

  test('law 13: a ring with tags over a backend that is not there yet is built all the same', async () => {
    const late = {
      ...dict(),
      get backend(): never {
        throw new Error('not yet')
      }
    }
    const cached = ring(one, { store: late, tags: () => ['all'] })
    expect(await cached(1)()).toEqual(E.right(1))
    expect(await cached.purge('all')()).toEqual(E.right(undefined))
  })

  test('a store that keeps no lifetimes takes no policy that has one', async () => {
    const store = { ...dict(), lifetime: 'none' as const }
    const under = Store.prefixed('p')(store)
    for (const s of [store, under]) {
      expect(() => ring(one, { store: s })).toThrow(/Policy.forever/)
      expect(() => ring(one, { store: s, policy: Policy.ttl(Duration.seconds(1)) })).toThrow(TypeError)
      expect(await ring(one, { store: s, policy: Policy.forever })(1)()).toStrictEqual(E.right(1))
    }
  })

  test('a version ends every key, and clear clears all versions', async () => {
    const store = dict()
    const [v1, v2] = [ring(one, { store, version: 1 }), ring(one, { store, version: 2 })]
    await v1(7)()
    expect(v2.key(7)).toBe('one:7~2')
    expect(await v2.get(7)()).toStrictEqual(E.right(O.none))
    await v2.clear()()
    expect(await v1.get(7)()).toStrictEqual(E.right(O.none))
    const keyed = ring(one, { store, version: 'x', key: (id) => `k${String(id)}` })
    expect(keyed.key(7)).toBe('k7~x')
  })

  test('a strategy is a ring without its function', async () => {
    const cached = ring(dict(), Policy.ttl(Duration.minutes(1)))
    const two = (id: number, lang: string): TE.TaskEither<string, string> => TE.right(`${String(id)}${lang}`)
    const [a, b] = [cached(one), cached(two)]
    expect(await a(1)()).toStrictEqual(E.right(1))
    expect(await b(1, 'en')()).toStrictEqual(E.right('1en'))
    expect(a.store.backend).toBe(b.store.backend)
    expect([a.key(1), b.key(1, 'en')]).toStrictEqual(['one:1', "two:1,'en'"])
  })

  test('the five ways to call it', async () => {
    const key = (id: number): string => `k${String(id)}`
    const codec = Codec.json(t.number)
    const bytes = dict<Uint8Array>()
    const rings = [
      ring(one, { store: dict(), key }),
      ring(one, { store: bytes, codec, key }),
      pipe(one, ring(bytes, codec, { key })),
      pipe(one, ring(dict(), { key })),
      pipe(one, ring(bytes, codec, { name: 'k' })),
      pipe(one, ring(bytes, codec, Policy.forever))
    ]
    for (const r of rings) {
      expect(await r(1)()).toStrictEqual(E.right(1))
      expect(await r.get(1)()).toStrictEqual(E.right(O.some(1)))
    }
    expect(rings.map((r) => r.key(1))).toStrictEqual(['k1', 'k1', 'k1', 'k1', 'k:1', 'one:1'])
  })

  test('commands add to the table and replace what they name; the ring is the one that is the default', async () => {
    const store = dict()
    const cached = ring(one, {
      store,
      commands: (rope, base) => ({
        twice: (id: number) => base.getOrUpdate(id * 2),
        name: rope.name,
        getOrUpdate: (id: number) => pipe(base.get(id), TE.map(O.getOrElse(() => -1)))
      })
    })
    expect(await cached(1)()).toStrictEqual(E.right(-1))
    expect(await cached.twice(1)()).toStrictEqual(E.right(2))
    expect(await cached.get(2)()).toStrictEqual(E.right(O.some(2)))
    const reader = ring(one, { store, default: 'get' })
    expect(await reader(2)()).toStrictEqual(E.right(O.some(2)))
    expect(await reader(3)()).toStrictEqual(E.right(O.none))
    const custom = ring(one, {
      store,
      commands: () => ({ shout: (id: number) => `${String(id)}!` }),
      default: 'shout'
    })
    expect(custom(1)).toBe('1!')
    expect(() => ring(one, { store, default: 'nothing' as never })).toThrow(/nothing/)
  })

  test('the double cache of the original, as commands of one’s own', async () => {
    let up = true
    let now = 1
    const fetch =
      (id: number): TE.TaskEither<string, string> =>
      () =>
        Promise.resolve(up ? E.right(`v${String(id)}`) : E.left('down'))
    const long = Duration.days(1)
    const cached = ring(fetch, {
      store: dict({ clock: { now: () => now } }),
      policy: Policy.ttl(Duration.seconds(1)),
      commands: (rope, base) => ({
        getOrUpdate: (id: number) =>
          pipe(
            base.getOrUpdate(id),
            TE.chainFirstIOK((value) => () => void rope.store.set(`${rope.key(id)}/back`, value, long)()),
            TE.orElse((e) =>
              pipe(
                rope.store.get(`${rope.key(id)}/back`),
                TE.mapLeft(() => e),
                TE.chain(TE.fromOption(() => e)),
                TE.map(String)
              )
            )
          )
      })
    })
    expect(await cached(1)()).toStrictEqual(E.right('v1'))
    up = false
    now += 2_000
    expect(await cached(1)()).toStrictEqual(E.right('v1'))
    expect(await cached(2)()).toStrictEqual(E.left('down'))
  })

  test('rings nest: the inner one is the function of the outer one', async () => {
    let ran = 0
    const fetch = (id: number): TE.TaskEither<string, number> => TE.fromIO(() => ((ran += 1), id))
    const inner = ring(fetch, { store: dict<Uint8Array>(), codec: Codec.json(t.number), name: 'fetch' })
    const outer = ring(inner, { store: lru({ max: 10 }) })
    await outer(1)()
    await outer.delete(1)()
    await outer(1)()
    expect(ran).toBe(1)
    expect(outer.key(1)).toBe('fetch:1')
    await inner.delete(1)()
    await outer.update(1)()
    expect(ran).toBe(2)
  })

  test('encode and decode can be overridden for one ring', async () => {
    const codec = Codec.json(t.number)
    const cached = ring(one, {
      store: dict<Uint8Array>(),
      codec: {
        ...codec,
        decode: (r) =>
          pipe(
            codec.decode(r),
            E.map((n) => n * 10)
          )
      }
    })
    await cached(1)()
    expect(await cached(1)()).toStrictEqual(E.right(10))
    expect(cached.decode(new TextEncoder().encode('4'))).toStrictEqual(E.right(40))
  })

  test('law 2: an empty value of a memory store is found though peek cannot tell it', async () => {
    const check = async <B>(store: Store.Store<unknown, B>): Promise<void> => {
      let ran = 0
      const nothing = (_: number): TE.TaskEither<never, undefined> => TE.fromIO(() => void ran++)
      const cached = ring(nothing, { store })
      await cached(1)()
      expect(await cached(1)()).toStrictEqual(E.right(undefined))
      expect(await cached.get(1)()).toStrictEqual(E.right(O.some(undefined)))
      expect(await cached.getOrUpdateMany([[1]])()).toStrictEqual(E.right([E.right(undefined)]))
      expect(ran).toBe(1)
    }
    await check(dict())
    await check(lru({ max: 10 }))
  })
})
