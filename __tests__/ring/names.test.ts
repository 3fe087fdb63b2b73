/** Which names of functions begin keys, and what is said of functions that share entries. */
import { rmSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { afterAll, describe, expect, test } from '@jest/globals'
import { DatabaseSync } from '@photostructure/sqlite'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { LRUCache } from 'lru-cache'
import { Client } from 'memjs'
import { createClient } from 'redis'

import { Codec, dict, Duration, KeyFn, noop, Ring, ring, ringReader, Store } from '../../src'
import { page } from '../../src/http'
import { files } from '../../src/stores/files'
import { memcached, memcachedClient } from '../../src/stores/memcached'
import { memjs } from '../../src/stores/memcached/memjs'
import { lru } from '../../src/stores/memory/lru'
import { redis, redisHash } from '../../src/stores/redis'
import { sqlite } from '../../src/stores/sqlite'
import { faulty, inTurn } from '../../src/testing'
import { freshFolder } from '../folders'
import { hearWarnings } from '../warnings'

const { all, of } = hearWarnings()
const shared = (): ReadonlyArray<string> => of('FP_RING_SHARED_NAME')

type Fetch = (id: number) => TE.TaskEither<never, string>

/** A function that is called so, whatever a build of these tests makes of names. */
const called = (name: string, answer = 'x'): Fetch =>
  Object.defineProperty((id: number): TE.TaskEither<never, string> => TE.right(`${answer}${id}`), 'name', {
    value: name
  })

const directory = freshFolder('names')
afterAll(() => rmSync(directory, { recursive: true, force: true }))

setFlagsFromString('--expose-gc')
// SAFETY: the flag makes it a global of new contexts
const collect = runInNewContext('gc') as () => void

const codec = Codec.json(t.string)
/** A third-party store over memory, that does not say who sees its entries. */
const third = (): Store.Store<Uint8Array> => {
  const { reach: _, ...rest } = dict<Uint8Array>()
  return rest
}

const redisClient = createClient()
const memcachedOf = memcachedClient({ servers: ['127.0.0.1:1'] })
const memjsOf = Client.create('127.0.0.1:1')
const database = new DatabaseSync(':memory:')
afterAll(async () => {
  await memcachedOf.close()
  memjsOf.close()
  database.close()
})

const visible: Readonly<Record<string, Store.Store<Uint8Array>>> = {
  redis: redis(redisClient),
  redisHash: redisHash(redisClient, { key: 'h', fieldExpiry: true }),
  memcached: memcached(memcachedOf),
  memjs: memjs(memjsOf),
  files: files({ directory }),
  sqlite: sqlite(database as never),
  'a third-party store': third()
}

const combinators: Readonly<Record<string, (store: Store.Store<Uint8Array>) => Store.Store<Uint8Array>>> = {
  itself: (store) => store,
  around: Store.around((_, task) => task),
  timed: Store.timed(Duration.seconds(1)),
  guarded: Store.guarded({ execute: (f) => f() }),
  mapKey: Store.mapKey((key) => `k${key}`),
  prefixed: Store.prefixed('app/'),
  batched: Store.batched(),
  readOnly: Store.readOnly,
  encoded: (store) => Store.encoded(Codec.identity<Uint8Array>())(store),
  faulty: faulty(inTurn([])),
  'a tier with a near store': (far) =>
    far.lifetime === 'hidden' ? far : Store.tiered({ near: dict<Uint8Array>(), far }),
  'a tier that keeps nothing near': (far) =>
    far.lifetime === 'hidden' ? far : Store.tiered({ near: noop(), far })
}

const untrusted = ['e', 'ab', 'bound ', 'bound fetchUser', 'default', 'anonymous']

describe('a name that a build may change', () => {
  describe.each(Object.entries(combinators))('through %s', (_, combinator) => {
    test.each(Object.entries(visible))('is refused over %s', (_name, store) => {
      const over = combinator(store)
      for (const name of ['e', 'bound find']) {
        expect(() => ring(called(name), { store: over, codec })).toThrow(/Give `name` \(or `key`\)/)
        expect(() => pipe(called(name), ring(over, codec))).toThrow(TypeError)
        expect(() => ring(called(name), { store: over, codec, name: 'user' })).not.toThrow()
        expect(() => ring(called(name), { store: over, codec, name: 'u' })).not.toThrow()
        expect(() => ring(called(name), { store: over, codec, key: KeyFn.structural('user') })).not.toThrow()
      }
      expect(() => ring(called('fetchUser'), { store: over, codec })).not.toThrow()
    })

    test('stays allowed in the memory of this process', () => {
      for (const store of [dict<Uint8Array>(), lru<Uint8Array>({ max: 10 })])
        for (const name of untrusted)
          expect(() => ring(called(name), { store: combinator(store), codec })).not.toThrow()
    })
  })

  test('is refused by every constructor of rings', () => {
    const store = third()
    for (const name of untrusted) {
      expect(() => ring(called(name), { store, codec })).toThrow(TypeError)
      expect(() => Ring.using({ store })(called(name), { codec })).toThrow(TypeError)
      expect(() =>
        ringReader(
          Object.defineProperty((id: number) => () => TE.right(String(id)), 'name', { value: name }),
          {
            store,
            codec,
            keyEnv: 'none'
          }
        )
      ).toThrow(TypeError)
    }
    // names of properties are not those of functions
    expect(() => Ring.record({ store: dict() })({ e: called('') })).not.toThrow()
    expect(() => ring(called(''), { store: dict(), codec: Codec.identity<string>() as never })).toThrow(
      /needs a name/
    )
  })

  test('a tier is seen by others where one of its stores is', () => {
    const far = third()
    expect(Store.tiered({ near: dict<Uint8Array>(), far: dict<Uint8Array>() }).reach).toBe('process')
    expect(Store.tiered({ near: dict<Uint8Array>(), far }).reach).toBeUndefined()
    expect(Store.tiered({ near: third(), far: dict<Uint8Array>() }).reach).toBeUndefined()
  })

  test('a function whose name is no text has none', () => {
    const odd = Object.defineProperty(called('x'), 'name', { value: 42 })
    expect(() => ring(odd, { store: dict() })).toThrow(/needs a name/)
  })
})

describe('two functions of one name', () => {
  const store = dict()

  test('are reported once for each prefix and store', () => {
    const make = (tenant: string) => ring(called('findUser', tenant), { store })
    make('a')
    expect(shared()).toEqual([])
    make('b')
    make('c')
    make('b')
    expect(shared()).toHaveLength(1)
    expect(shared()[0]).toMatch(/findUser:.*Give each ring a `name`.*sharesEntries: true/s)
    expect(all()[0]).toMatchObject({ code: 'FP_RING_SHARED_NAME', type: 'FpRingWarning' })
    ring(called('findOther', 'a'), { store })
    ring(called('findOther', 'b'), { store })
    expect(shared()).toHaveLength(2)
    const elsewhere = dict()
    ring(called('findUser', 'a'), { store: elsewhere })
    ring(called('findUser', 'b'), { store: elsewhere })
    expect(shared()).toHaveLength(3)
  })

  test('the fault that it reports: one is answered with what the other has stored', async () => {
    const [a, b] = ['a', 'b'].map((tenant) => ring(called('find', tenant), { store: dict({ map: names }) }))
    expect(await a!(1)()).toEqual(E.right('a1'))
    expect(await b!(1)()).toEqual(E.right('a1'))
    expect(shared()).toHaveLength(1)
  })
  const names = new Map()

  test('the same function twice, and rings that are made of a ring, are not reported', () => {
    const f = called('fetchUser')
    const here = dict()
    const user = ring(f, { store: here })
    ring(f, { store: here, policy: { _tag: 'Policy', strict: true } })
    Ring.map(String)(user)
    pipe(user, Ring.imap(String, String), Ring.isolate(Codec.clone()), Ring.toPromiseFunction)
    pipe(
      user,
      Ring.contramap((id: string) => [Number(id)])
    )
    pipe(user, Ring.bind(1))
    pipe(ring(called('other'), { store: here }), Ring.linked(Ring.expires(user, (id: number) => [[id]])))
    const reader = Object.defineProperty((id: number) => () => TE.right(id), 'name', { value: 'reader' })
    ringReader(reader, { store: here, keyEnv: 'none' })
    ringReader(reader, { store: here, keyEnv: 'none' })
    expect(shared()).toEqual([])
    ringReader(called('reader') as never, { store: here, keyEnv: 'none' } as never)
    expect(shared()).toHaveLength(1)
  })

  test('are not reported where it is said to be meant, or where their entries do not meet', () => {
    const here = dict()
    class Repo {
      constructor(readonly tenant: string) {}
      readonly find = ring((id: number): TE.TaskEither<never, string> => TE.right(`${this.tenant}${id}`), {
        store: here,
        name: 'Repo.find',
        sharesEntries: true
      })
    }
    void [new Repo('a'), new Repo('b')]
    for (const version of [1, 2]) ring(called('versioned'), { store: here, version })
    for (const name of ['a/', 'b/']) ring(called('fetchUser'), { store: Store.prefixed(name)(here) })
    ring(called('fetchUser'), { store: here, name: 'mine' })
    ring(called('fetchUser'), { store: here, key: (id) => `u${id}` })
    for (const answer of ['a', 'b']) ring(called('nothing', answer), { store: noop() as never })
    expect(shared()).toEqual([])
    // the first says nothing of it, so the second of another function says it for itself
    ring(called('fetchUser'), { store: here, name: 'Repo.find' })
    expect(shared()).toHaveLength(1)
  })

  test('two stores over one backend are one', () => {
    const cache = new LRUCache<string, NonNullable<unknown>>({ max: 10 })
    const pairs: ReadonlyArray<() => Store.Store<Uint8Array>> = [
      () => redis(redisClient, { namespace: 'n:' }),
      () => redisHash(redisClient, { key: 'hash', fieldExpiry: true }),
      () => memcached(memcachedOf),
      () => memjs(memjsOf),
      () => files({ directory }),
      () => files({ directory: `${directory}/../${directory.split('/').at(-1) ?? ''}` }),
      () => sqlite(database as never),
      () => Store.tiered({ near: dict<Uint8Array>(), far: redis(redisClient, { namespace: 't:' }) }),
      () => Store.prefixed('p:')(redis(redisClient)),
      () => redis(redisClient, { namespace: 'p:' })
    ]
    const report = pairs.map((make) => {
      const before = shared().length
      ring(called('fetchUser', 'a'), { store: make(), codec, name: 'one' })
      ring(called('fetchUser', 'b'), { store: make(), codec, name: 'one' })
      return shared().length - before
    })
    // the same folder by another path, and the same prefix by another way, were reported already
    expect(report).toEqual([1, 1, 1, 1, 1, 0, 1, 1, 1, 0])
    for (const answer of ['a', 'b'])
      ring(called('fetchUser', answer), { store: lru(cache as never), name: 'one' })
    expect(shared()).toHaveLength(9)
    for (const namespace of ['x:', 'y:'])
      ring(called('fetchUser', namespace), { store: redis(redisClient, { namespace }), codec, name: 'one' })
    for (const table of ['a', 'b'])
      ring(called('fetchUser', table), { store: sqlite(database as never, { table }), codec, name: 'one' })
    expect(shared()).toHaveLength(9)
  })

  test('two functions that return one client are one backend; a function that returns none yet is its own', () => {
    const lookups: ReadonlyArray<() => Store.Store<Uint8Array>> = [
      () => redis(() => redisClient, { namespace: 'lookup:' }),
      () => redisHash(() => redisClient, { key: 'lookup', fieldExpiry: true }),
      () => memcached(() => memcachedOf, { namespace: 'lookup:' }),
      () => memjs(() => memjsOf, { namespace: 'lookup:' }),
      () => sqlite(() => database as never, { table: 'lookup' })
    ]
    const reported = lookups.map((make) => {
      const before = shared().length
      ring(called('fetchUser', 'a'), { store: make(), codec, name: 'one' })
      ring(called('fetchUser', 'b'), { store: make(), codec, name: 'one' })
      return shared().length - before
    })
    expect(reported).toEqual([1, 1, 1, 1, 1])
    const before = shared().length
    for (const answer of ['a', 'b']) {
      const absent = redis((() => undefined) as never)
      ring(called('fetchUser', answer), { store: absent, codec, name: 'absent' })
    }
    expect(shared()).toHaveLength(before)
  })

  test('pages of one site share theirs; those of two sites are reported', () => {
    const here = dict<Uint8Array>()
    const handler = () => new Response('')
    for (let i = 0; i < 2; i++) page(handler, { store: here, origin: 'https://a.example' })
    for (let i = 0; i < 2; i++) page(() => new Response(''), { store: dict<Uint8Array>() })
    expect(shared()).toEqual([])
    page(handler, { store: here, origin: 'https://b.example' })
    expect(shared()).toHaveLength(1)
  })

  test('a ring that is made for each request costs no memory that stays', async () => {
    const here = dict()
    const refs: Array<WeakRef<object>> = []
    for (let i = 0; i < 500; i++) {
      const f = called(`name${i}`)
      refs.push(new WeakRef(f), new WeakRef(ring(f, { store: here })))
    }
    const own = dict()
    refs.push(new WeakRef(own))
    ring(called('last'), { store: own })
    await new Promise((resolve) => setTimeout(resolve, 0))
    collect()
    // the last ones may be on the stack still
    expect(refs.slice(0, 900).filter((ref) => ref.deref() !== undefined)).toEqual([])
    // of names without end the older ones are forgotten: a control for those that are not
    ring(called('name499', 'b'), { store: here })
    expect(shared()).toHaveLength(1)
  })
})
