/**
 * Programs that are wired wrongly, as plain JavaScript lets them be: what is thrown where they are built, that it says what to do,
 * and that it shows no value.
 */
import { describe, expect, test } from '@jest/globals'
import { DatabaseSync } from '@photostructure/sqlite'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { LRUCache } from 'lru-cache'
import { Client } from 'memjs'
import { createClient } from 'redis'

import * as core from '../../src'
import { cbor } from '../../src/codecs/cbor'
import * as http from '../../src/http'
import { files } from '../../src/stores/files'
import { memcached, memcachedClient } from '../../src/stores/memcached'
import { memjs } from '../../src/stores/memcached/memjs'
import { lru } from '../../src/stores/memory/lru'
import { pubsub, recommended, redis, redisHash, tracking } from '../../src/stores/redis'
import { sqlite } from '../../src/stores/sqlite'

/** The library without its types. */
type Untyped = (...args: ReadonlyArray<unknown>) => any
type Module = Readonly<Record<string, Untyped>>
const untyped = (u: unknown): Untyped => u as Untyped
const moduleOf = (u: unknown): Module => u as Module

const ring = untyped(core.ring)
const ringReader = untyped(core.ringReader)
const dict = untyped(core.dict)
const invalidates = untyped(core.invalidates)
const invalidatesReader = untyped(core.invalidatesReader)
const [Codec, Policy, Store, Ring] = [core.Codec, core.Policy, core.Store, core.Ring].map(moduleOf) as [
  Module,
  Module,
  Module,
  Module
]
const { page, pageHook, pageListener, pageMiddleware } = moduleOf(http) as Module &
  Record<'page' | 'pageHook' | 'pageListener' | 'pageMiddleware', Untyped>

const secret = 'redis://user:SECRET@host/0'
const fn = function fetchUser(id: number): TE.TaskEither<never, string> {
  return TE.right(`user ${id}`)
}
const store = dict()
const bytes = dict()
const policy = Policy['ttl']!(core.Duration.minutes(1))
const codec = Codec['json']!(t.string)

const client = createClient({ url: secret })
/** As ioredis and an older node-redis are, as far as they can be told. */
class Redis {
  readonly status = 'ready'
  readonly options = { password: secret }
  get(): void {}
  set(): void {}
  connect(): void {}
  sendCommand(): void {}
  defineCommand(): void {}
}
class OldRedis {
  readonly options = { password: secret }
  get(): void {}
  connect(): void {}
  sendCommand(): void {}
}
/** As the combinators of io-ts-types change a type: a copy with its prototype, and a `decode` that is not bound. */
const withValidation = (type: t.Mixed): t.Mixed =>
  Object.assign(Object.create(Object.getPrototypeOf(type) as object), type, {
    decode: (u: unknown) => type.decode(u)
  }) as t.Mixed
const memcachedOf = memcachedClient({ servers: ['127.0.0.1:1'] })
const memjsOf = Client.create('127.0.0.1:1')
const database = new DatabaseSync(':memory:')
const cache = new LRUCache({ max: 1 })
/** All that a map is, and of another class, as that of another realm is. */
class OtherMap {
  readonly #map = new Map<string, unknown>()
  get size(): number {
    return this.#map.size
  }
  get(key: string): unknown {
    return this.#map.get(key)
  }
  set(key: string, value: unknown): this {
    this.#map.set(key, value)
    return this
  }
  has(key: string): boolean {
    return this.#map.has(key)
  }
  delete(key: string): boolean {
    return this.#map.delete(key)
  }
  clear(): void {
    this.#map.clear()
  }
  forEach(f: (value: unknown, key: string) => void): void {
    this.#map.forEach(f)
  }
  keys(): IterableIterator<string> {
    return this.#map.keys()
  }
  values(): IterableIterator<unknown> {
    return this.#map.values()
  }
  entries(): IterableIterator<[string, unknown]> {
    return this.#map.entries()
  }
}

const did = 'did you mean'
const one = 'Policy.policy(a, b)'

/** Who does what wrong, and what the message must say. */
type Mistake = readonly [what: string, wire: () => unknown, ...says: ReadonlyArray<string>]

const mistakes: Readonly<Record<string, ReadonlyArray<Mistake>>> = {
  rings: [
    ['no options', () => ring(fn), 'a ring needs a store', 'dict()'],
    ['no function', () => ring(undefined, { store }), 'a store, or a function', 'undefined'],
    ['no function later', () => ring(store)(secret), 'made of a function', 'a string'],
    ['a promise in place of a function', () => ring(store)(Promise.resolve(secret)), 'a Promise'],
    [
      'a Map in place of a store',
      () => ring(fn, { store: new Map([[secret, secret]]) }),
      'a store',
      'a Map',
      'dict()'
    ],
    ['a Map, data-last', () => pipe(fn, ring(new Map())), 'a Map', 'dict()'],
    [
      'a client of node-redis',
      () => ring(fn, { store: client }),
      'a client of node-redis',
      'redis(client)',
      'fp-ring/redis'
    ],
    ['a client of ioredis', () => ring(fn, { store: new Redis() }), 'an ioredis client', 'node-redis'],
    [
      'a client of memcached',
      () => ring(fn, { store: memcachedOf }),
      'a client of memcached',
      'memcached(client)'
    ],
    ['a client of memjs', () => ring(fn, { store: memjsOf }), 'a client of memjs', 'memjs(client)'],
    ['a database', () => ring(fn, { store: database }), 'a database', 'sqlite(database)'],
    ['a cache of lru-cache', () => ring(fn, { store: cache }), 'a cache of lru-cache', 'lru(cache)'],
    [
      'a store that lacks functions',
      () => ring(fn, { store: { ...store, readMany: undefined } }),
      'it lacks readMany'
    ],
    ['a function that makes stores', () => ring(fn, { store: core.dict }), 'a store', 'a function'],
    ['a text', () => ring(fn, { store: secret }), 'a store', 'a string'],
    [
      'an io-ts type in place of a codec',
      () => ring(fn, { store: bytes, codec: t.string }),
      'an io-ts type',
      'Codec.json(type)'
    ],
    [
      'an io-ts type, data-last',
      () => ring(bytes, t.type({ id: t.number })),
      'an io-ts type',
      'Codec.json(type)'
    ],
    [
      'a schema of zod',
      () => ring(fn, { store, codec: { parse: fn, safeParse: fn, _def: {} } }),
      'a schema of zod',
      'io-ts'
    ],
    [
      'a schema of zod that has encode and decode',
      () => ring(fn, { store, codec: { parse: fn, safeParse: fn, encode: fn, decode: fn, _zod: {} } }),
      'a schema of zod',
      'Codec.json(type)'
    ],
    ['a schema of another library', () => ring(store, { '~standard': {} }), 'a schema of another library'],
    [
      'an io-ts type that is changed in its validation alone',
      () => ring(fn, { store: bytes, codec: withValidation(t.string) }),
      'an io-ts type'
    ],
    [
      'an io-ts type that is copied and changed in its name alone',
      () => ring(fn, { store: bytes, codec: { ...t.string, name: 'text' } }),
      'an io-ts type'
    ],
    ['a ring in place of a store', () => ring(fn, { store: ring(fn, { store }) }), 'a ring', '`store`'],
    [
      'parsers in place of options',
      () => ring(fn, { parse: fn, safeParse: fn, store, polices: policy }),
      "no option 'parse'"
    ],
    ['half a codec', () => ring(fn, { store, codec: { encode: fn } }), '`encode` and `decode`'],
    ['a policy in place of a codec', () => ring(store, policy, policy), 'a codec', 'a policy'],
    [
      'a codec and a store the wrong way round',
      () => ring(codec, store),
      'a store',
      'a codec',
      'the store comes first'
    ],
    ['an array of policies', () => ring(fn, { store, policy: [policy] }), 'a list', one],
    ['an array of policies, data-last', () => ring(store, [policy, policy]), 'a list', one],
    ['two policies, data-last', () => ring(store, codec, policy, policy), one],
    ['options and a policy', () => ring(fn, { store }, policy), one],
    [
      'a number in place of a policy',
      () => ring(fn, { store, policy: 5_000 }),
      'a policy',
      'a number',
      'Policy.ttl'
    ],
    [
      'a plain object in place of a policy',
      () => ring(fn, { store, policy: { ttl: '5m' } }),
      "'ttl' of a policy",
      'a Duration',
      'a string'
    ],
    [
      'a policy with a field that nobody knows',
      () => ring(fn, { store, policy: { staleWhenError: fn } }),
      "no option 'staleWhenError'"
    ],
    ['a policy in place of options', () => ring(fn, policy), 'a policy', 'write { policy: … }'],
    [
      'a store in place of options',
      () => ring(fn, store),
      'must be an object',
      'a store',
      'write { store: … }'
    ],
    ['polices', () => ring(fn, { store, polices: policy }), "no option 'polices'", did, "'policy'"],
    ['Codec', () => ring(fn, { store, Codec: codec }), did, "'codec'"],
    ['observer', () => ring(fn, { store, observer: fn }), did, "'observe'"],
    ['tag', () => ring(fn, { store, tag: () => [] }), did, "'tags'"],
    [
      'an option that nobody knows',
      () => ring(fn, { store, whatever: secret }),
      "no option 'whatever'",
      'it has store, policy'
    ],
    [
      'ttl beside policy',
      () => ring(fn, { store, policy, ttl: 5_000 }),
      "no option 'ttl'",
      'Policy.ttl(…)',
      one
    ],
    ['strict beside policy', () => ring(fn, { store, strict: true }), 'policy: Policy.strict,'],
    ['an option of a store', () => ring(fn, { store, namespace: 'a:' }), 'an option of the store'],
    ['a secret in place of an option', () => ring(fn, { store, [secret]: 1 }), 'no plain word'],
    [
      'tags that is a list',
      () => ring(fn, { store, tags: ['users'] }),
      "'tags'",
      'a function',
      'a list',
      'tags: (id) =>'
    ],
    ['a name that is no text', () => ring(fn, { store, name: 7 }), "'name'", 'a text', 'a number'],
    ['a version that is an object', () => ring(fn, { store, version: {} }), "'version'"],
    ['a key that is a text', () => ring(fn, { store, key: secret }), "'key'", 'a key function', 'a string'],
    [
      'a logger in place of an observer',
      () => ring(fn, { store, observe: console }),
      "'observe'",
      'a function',
      'an object'
    ],
    ['Date in place of a clock', () => ring(fn, { store, clock: {} }), "'clock'", 'a Clock', '`now`'],
    ['a batch that is a list', () => ring(fn, { store, batch: [] }), "'batch'", 'a function'],
    ['warnings that is a text', () => ring(fn, { store, warnings: 'off' }), "'warnings'", 'true or false'],
    ['Ring.using without knowing its options', () => Ring['using']!({ store, polices: policy }), did],
    ['Ring.using, for one ring', () => Ring['using']!({ store })(fn, { tags: 'users' }), "'tags'"],
    ['Ring.record', () => Ring['record']!({ store: new Map() }), 'a Map'],
    ['Ring.record with polices', () => Ring['record']!({ store, polices: policy }), did, "'policy'"],
    ['Ring.record with ttl', () => Ring['record']!({ store, ttl: 5 }), 'Policy.ttl'],
    ...['key', 'name', 'codec', 'tags', 'batch', 'batchEach', 'commands', 'default'].flatMap(
      (option): ReadonlyArray<Mistake> => [
        [
          `Ring.record with one ${option} for all`,
          () => Ring['record']!({ store, [option]: option === 'codec' ? codec : fn }),
          `Ring.record has no option '${option}'`,
          'each ring has its own',
          'its property'
        ],
        [
          `Ring.using with one ${option} for all`,
          () => Ring['using']!({ store, [option]: option === 'codec' ? codec : fn }),
          `Ring.using has no option '${option}'`,
          'each ring has its own: give it after the function'
        ]
      ]
    )
  ],
  readers: [
    ['no options', () => ringReader(fn), 'needs options'],
    ['no store', () => ringReader(fn, { keyEnv: 'none' }), 'needs a store'],
    ['no keyEnv', () => ringReader(fn, { store }), 'keyEnv'],
    ['no function', () => ringReader(store, { keyEnv: 'none' })(undefined), 'made of a function'],
    [
      'an option of rings that readers have not',
      () => ringReader(fn, { store, keyEnv: 'none', commands: fn }),
      "'commands'"
    ],
    ['keyEnvs', () => ringReader(fn, { store, keyEnvs: 'none' }), did, "'keyEnv'"],
    ['a Map', () => ringReader(new Map(), { keyEnv: 'none' }), 'a Map'],
    ['an array of policies', () => ringReader(fn, { store, keyEnv: 'none', policy: [policy] }), one]
  ],
  'what is made of rings': [
    ['map of a function', () => Ring['map']!(String)(fn), 'a ring', 'a function'],
    ['map without a function', () => Ring['map']!('name')(ring(fn, { store })), 'a function of a value'],
    ['imap without a way back', () => Ring['imap']!(String)(ring(fn, { store })), 'second argument'],
    [
      'isolate by a type',
      () => Ring['isolate']!(t.string)(ring(fn, { store })),
      'an io-ts type',
      'Codec.json'
    ],
    ['bind of a function', () => Ring['bind']!({})(fn), 'a ring'],
    ['contramap of nothing', () => Ring['contramap']!(fn)(undefined), 'a ring'],
    [
      'linked to a ring, not by a link',
      () => Ring['linked']!(ring(fn, { store }))(ring(fn, { store })),
      'Ring.expires'
    ],
    ['expires of a function', () => Ring['expires']!(fn, fn), 'a ring'],
    ['purges without a function', () => Ring['purges']!(ring(fn, { store }), 'users'), 'a function'],
    ['drain of a function', () => Ring['drain']!(fn), 'a ring'],
    ['drainWithin a text', () => Ring['drainWithin']!('5s')(ring(fn, { store })), 'a Duration'],
    ['toPromiseFunction of a function', () => Ring['toPromiseFunction']!(fn), 'a ring']
  ],
  stores: [
    ['dict(map)', () => dict(new Map()), 'a Map', 'write { map: … }'],
    ['dict({ max })', () => dict({ max: 10 }), "no option 'max'", 'map, clock'],
    ['dict({ map: {} })', () => dict({ map: {} }), "'map'", 'a Map'],
    ['lru(number)', () => untyped(lru)(10_000), 'an object', 'a number', '{ max'],
    ['lru without a bound', () => untyped(lru)({}), 'needs a bound', 'max: 10_000'],
    ['lru with ttl', () => untyped(lru)({ max: 10, ttl: 5 }), "no option 'ttl'"],
    ['lru without sizes', () => untyped(lru)({ maxSize: 10 }), 'sizeOf'],
    ['redis(url)', () => untyped(redis)(secret), 'a client of node-redis', 'a string', 'createClient'],
    [
      'redis(options)',
      () => untyped(redis)({ url: secret }),
      'a client of node-redis',
      'an object',
      'createClient'
    ],
    ['redis(ioredis)', () => untyped(redis)(new Redis()), 'an ioredis client', 'npm install redis'],
    ['redis(an old client)', () => untyped(redis)(new OldRedis()), 'another version', 'version 6'],
    ['redis(nothing)', () => untyped(redis)(), 'a client of node-redis', 'undefined'],
    [
      'redis(client, namespace)',
      () => untyped(redis)(client, 'app:'),
      'an object',
      'a string',
      'write { namespace: … }'
    ],
    ['redis prefix', () => untyped(redis)(client, { prefix: 'a:' }), "no option 'prefix'", 'namespace'],
    ['redis timeout', () => untyped(redis)(client, { timeout: '1s' }), "'timeout'", 'a Duration', 'a string'],
    ['redisHash without a key', () => untyped(redisHash)(client), "needs the option 'key'"],
    ['redisHash(ioredis)', () => untyped(redisHash)(new Redis(), { key: 'h' }), 'an ioredis client'],
    ['tracking of memory', () => untyped(tracking)(store), 'knows its keys'],
    ['tracking of nothing', () => untyped(tracking)(), 'knows its keys'],
    ['tracking heartbeats', () => untyped(tracking)(redis(client as never), { heartBeat: 5 }), did],
    ['pubsub without a channel', () => untyped(pubsub)(client), "needs the option 'channel'"],
    ['pubsub(url)', () => untyped(pubsub)(secret, { channel: 'c' }), 'a client of node-redis'],
    ['recommended(number)', () => untyped(recommended)(500), 'write { silence: … }'],
    ['memcached(memjs)', () => untyped(memcached)(memjsOf), 'a client of memjs', 'memjs(client)'],
    ['memcached(servers)', () => untyped(memcached)([secret]), 'a list', 'memcachedClient'],
    ['memcachedClient(servers)', () => untyped(memcachedClient)(['a']), 'a list', 'write { servers: … }'],
    ['memcachedClient without servers', () => untyped(memcachedClient)(), "needs the option 'servers'"],
    [
      'memcachedClient server',
      () => untyped(memcachedClient)({ servers: secret }),
      'a list of texts',
      'a string'
    ],
    ['memjs(dict())', () => untyped(memjs)(dict()), 'a client of memjs, not a store'],
    [
      'pubsub(ioredis)',
      () =>
        untyped(pubsub)({ defineCommand: () => 0, sendCommand: () => 0, publish: () => 0 }, { channel: 'c' }),
      'a client of node-redis, not an ioredis client'
    ],
    ['memjs(memcached)', () => untyped(memjs)(memcachedOf), 'a client of memcached', 'memcached(client)'],
    ['files(directory)', () => untyped(files)('/tmp'), 'a string', 'write { directory: … }'],
    ['files folder', () => untyped(files)({ folder: '/tmp' }), "no option 'folder'", 'directory'],
    ['files without a directory', () => untyped(files)({}), "needs the option 'directory'"],
    ['sqlite(file)', () => untyped(sqlite)('cache.db'), 'a database', 'a string', 'better-sqlite3'],
    ['sqlite tables', () => untyped(sqlite)(database, { tables: 'a' }), did]
  ],
  'combinators of stores': [
    ['around without a function', () => Store['around']!({}), 'a function'],
    ['around of a Map', () => Store['around']!(fn)(new Map()), 'a Map', 'dict()'],
    ['timed by a text', () => Store['timed']!('1s'), 'a Duration', 'Duration.minutes'],
    ['guarded by a function', () => Store['guarded']!(fn), 'a breaker', '`execute`'],
    ['mapKey without a function', () => Store['mapKey']!('a'), 'a function of a key'],
    ['prefixed by a function', () => Store['prefixed']!(fn), 'a text'],
    [
      'prefixed of a client',
      () => Store['prefixed']!('a:')(client),
      'a client of node-redis',
      'redis(client)'
    ],
    ['encoded by a type', () => Store['encoded']!(t.string), 'an io-ts type', 'Codec.json(type)'],
    ['encoded of nothing', () => Store['encoded']!(codec)(undefined), 'a store'],
    ['batched by a number', () => Store['batched']!(100), 'an object', 'a number'],
    ['batched, of what', () => Store['batched']!({ size: 100 }), "no option 'size'"],
    ['tiered in a row', () => Store['tiered']!(store, store), 'an object', 'a store', 'write { near: … }'],
    ['tiered without far', () => Store['tiered']!({ near: store }), "needs the option 'far'"],
    ['tiered over a client', () => Store['tiered']!({ near: store, far: client }), "'far'", 'redis(client)'],
    ['readOnly of a Map', () => Store['readOnly']!(new Map()), 'a Map']
  ],
  codecs: [
    ['json without a type', () => Codec['json']!(), 'an io-ts type', 't.type('],
    ['json of a codec', () => Codec['json']!(codec), 'an io-ts type', 'a codec'],
    ['json with a number', () => Codec['json']!(t.string, 1024), 'an object', 'a number'],
    ['json maxbytes', () => Codec['json']!(t.string, { maxbytes: 1024 }), did, "'maxBytes'"],
    ['json maxItems', () => Codec['json']!(t.string, { maxItems: 1024 }), "no option 'maxItems'"],
    [
      'json of a limit that is a text',
      () => Codec['json']!(t.string, { maxBytes: secret }),
      'maxBytes',
      'a string'
    ],
    ['fromType without a type', () => Codec['fromType']!({}), 'an io-ts type'],
    ['cbor without a type', () => untyped(cbor)({}), 'an io-ts type'],
    ['cbor maxDeph', () => untyped(cbor)(t.string, { maxDeph: 4 }), did, "'maxDepth'"],
    ['compose with a type', () => Codec['compose']!(t.string)(codec), 'an io-ts type'],
    ['imap of a type', () => Codec['imap']!(String, String)(t.string), 'an io-ts type']
  ],
  policies: [
    ['policy of a list', () => Policy['policy']!([policy, policy]), 'a policy', 'a list', one],
    ['policy of options', () => Policy['policy']!({ ttl: 5 }), 'a policy', 'Policy.ttl'],
    ['policy of a constructor', () => Policy['policy']!(core.Policy.ttl), 'a policy', 'a function'],
    ['ttl of a text', () => Policy['ttl']!(secret), 'a Duration'],
    ['ttlBy of a number', () => Policy['ttlBy']!(5), 'a function'],
    ['lease of a number', () => Policy['lease']!(5_000), 'an object', 'write { ttl: … }'],
    ['lease timeout', () => Policy['lease']!({ timeout: 5_000 }), "no option 'timeout'"],
    ['earlyRefresh of a number', () => Policy['earlyRefresh']!(2), 'an object'],
    ['earlyRefresh betta', () => Policy['earlyRefresh']!({ betta: 2 }), did, "'beta'"],
    ['negative without options', () => Policy['negative']!(), '{ codec, ttl, when }'],
    [
      'negative with a type',
      () => Policy['negative']!({ codec: t.string, ttl: 5 }),
      'an io-ts type',
      'Codec.json'
    ],
    ['negative if', () => Policy['negative']!({ codec, ttl: 5, if: fn }), "no option 'if'"]
  ],
  pages: [
    ['no options', () => page(fn), 'the options of a page', 'undefined'],
    ['no store', () => page(fn, {}), "'store'", 'undefined'],
    ['no handler', () => page({ store }), 'the handler of page', 'a function'],
    ['a Map', () => page(fn, { store: new Map() }), 'a Map'],
    ['a ttl', () => page(fn, { store, ttl: 5 }), "no option 'ttl'", 'Policy.ttl'],
    ['a codec', () => page(fn, { store, codec }), "no option 'codec'"],
    ['orgin', () => page(fn, { store, orgin: secret }), did, "'origin'"],
    ['tags that is a list', () => page(fn, { store, tags: ['news'] }), "'tags'", 'a list'],
    ['vary that is a text', () => pageMiddleware({ store, vary: 'Accept' }), "'vary'", 'a list'],
    ['a listener without a listener', () => pageListener({ store }), 'the listener'],
    ['a hook with a key', () => pageHook({ store, key: fn }), "no option 'key'"],
    ['a client', () => pageMiddleware({ store: client }), 'redis(client)']
  ],
  'mutations and other functions': [
    ['invalidates a ring', () => invalidates(undefined), 'a function of a value'],
    ['invalidates of a list', () => invalidates([]), 'a function of a value', 'a list'],
    ['invalidates applied to a promise', () => invalidates(fn)(Promise.resolve()), 'a function', 'a Promise'],
    ['invalidatesReader of a list', () => invalidatesReader([]), 'a function of a value'],
    [
      'fromPromiseFunction of a promise',
      () => untyped(core.fromPromiseFunction)(Promise.resolve(), fn),
      'a Promise'
    ],
    ['fromPromiseFunction without its errors', () => untyped(core.fromPromiseFunction)(fn), 'E.toError']
  ]
}

describe('each mistake throws where it is made', () => {
  describe.each(Object.entries(mistakes))('%s', (_, all) => {
    test.each(all.map(([what, ...rest]) => [what, rest] as const))('%s', (_what, [wire, ...says]) => {
      const thrown = E.tryCatch(wire, (cause) => cause)
      expect(thrown).toMatchObject({ _tag: 'Left', left: expect.any(TypeError) })
      const { message } = (thrown as E.Left<Error>).left
      expect(message).toMatch(/^fp-ring: /)
      for (const text of says) expect(message).toContain(text)
      expect(message).not.toContain('SECRET')
      expect(message.length).toBeLessThan(300)
    })
  })

  test('there are more than fifty', () => {
    expect(Object.values(mistakes).flat().length).toBeGreaterThan(50)
  })
})

test('a client that is made at each use is looked at then', async () => {
  for (const make of [
    () => untyped(redis)(() => new Redis()),
    () => untyped(sqlite)(() => ({})),
    () => untyped(memjs)(() => 7)
  ]) {
    const made = make() as core.Store.Store<Uint8Array>
    const got = await made.get('k')()
    expect(got).toMatchObject({ _tag: 'Left', left: { _tag: 'StoreError', reason: 'failed' } })
    expect((got as E.Left<Error>).left.cause).toMatchObject({
      message: expect.stringMatching(/^fp-ring: the client of /)
    })
  }
})

describe('what is right is not refused', () => {
  test('an option that is undefined is left out, and a symbol is nobody else’s', () => {
    const options = { store, codec: undefined, policy: undefined, polices: undefined, [Symbol('mine')]: 1 }
    expect(() => ring(fn, options)).not.toThrow()
    expect(() => ring(store, undefined)(fn)).not.toThrow()
    expect(() => ring(store)(fn)).not.toThrow()
    expect(() => ring(store, codec)(fn)).not.toThrow()
    expect(() => ring(store, policy)(fn)).not.toThrow()
    expect(() => ring(bytes, codec, policy)(fn)).not.toThrow()
  })

  test('third-party parts: stores, codecs and clocks of classes, and frozen options', () => {
    class Mine {
      constructor(inner: object) {
        Object.assign(this, inner)
      }
    }
    class Time {
      now(): number {
        return 0
      }
    }
    class Plain {
      encode(a: unknown) {
        return E.right(a)
      }
      decode(a: unknown) {
        return E.right(a)
      }
    }
    const parts = Object.freeze({ store: new Mine(store), clock: new Time(), codec: new Plain() })
    expect(() => ring(fn, parts)).not.toThrow()
  })

  test('a codec that is made of a type: its own encode and decode are used', async () => {
    const spread = { ...t.string, encode: codec.encode, decode: codec.decode }
    const text = 'user 1'
    for (const user of [ring(fn, { store: dict(), codec: spread }), ring(dict(), spread)(fn)]) {
      expect(await user(1)()).toEqual(E.right(text))
      expect(user.encode(text)).toEqual(codec.encode(text))
      expect(user.store.backend.get(user.key(1)).value).toEqual(codec.encode(text).right)
    }
    // and where a type belongs it is one still
    expect(() => Codec['json']!({ ...t.string })).not.toThrow()
  })

  test('a codec with functions of other names beside its own', () => {
    expect(() => ring(fn, { store, codec: { ...codec, parse: fn, safeParse: fn } })).not.toThrow()
    expect(() => ring(store, { ...codec, parse: fn, safeParse: fn })).not.toThrow()
  })

  test('options that inherit what something else has', () => {
    class Parsing {
      readonly store = store
      readonly policy = policy
      parse(): void {}
      safeParse(): void {}
      encode(): void {}
      decode(): void {}
    }
    expect(() => ring(fn, new Parsing())).not.toThrow()
    expect(() =>
      ring(
        fn,
        new (class extends Parsing {
          readonly polices = policy
        })()
      )
    ).toThrow()
  })

  test('a map that is no instance of Map: it is the backend', async () => {
    const map = new OtherMap()
    const user = ring(fn, { store: dict({ map }) })
    expect(await user(1)()).toEqual(E.right('user 1'))
    expect(map.size).toBe(1)
    expect(user.store.backend).toBe(map)
    // in the place of a store it is told as a Map
    expect(() => ring(fn, { store: map })).toThrow('not a Map; write dict()')
    expect(() => dict({ map: cache })).toThrow('a cache of lru-cache')
  })

  test('a store that is a function, at each place of one', async () => {
    const callable = Object.assign(() => 'called', dict())
    const reader = ringReader(callable, { keyEnv: 'none', name: 'reader' })((id: number) => () => fn(id))
    for (const user of [
      ring(fn, { store: callable }),
      ring(callable)(fn),
      ring(callable, policy)(fn),
      ring(callable, codec)(fn),
      Ring['using']!({ store: callable })(fn),
      Ring['record']!({ store: callable })({ fn }).fn,
      ring(fn, { store: Store['prefixed']!('a:')(callable) }),
      ring(fn, { store: Store['tiered']!({ near: callable, far: dict() }) })
    ]) {
      expect(await user.update(1)()).toEqual(E.right('user 1'))
      expect(await user.has(1)()).toEqual(E.right(true))
    }
    expect(await reader(1)({})()).toEqual(E.right('user 1'))
    // a ring is a function, and no store: of it a ring is made
    const inner = ring(fn, { store: dict(), commands: () => ({ read: fn, readMany: fn }) })
    expect(await ring(inner, { store: dict(), name: 'outer' })(1)()).toEqual(E.right('user 1'))
  })
})

describe('mistakes that are made later', () => {
  const saved = (effects: unknown) => invalidates(effects)(fn)(1)() as Promise<E.Either<any, unknown>>
  const user = core.ring(fn, { store: core.dict(), name: 'user' })

  test.each([
    ['one effect that is not in a list', () => user.delete(1), 'a function'],
    ['nothing', () => undefined, 'undefined'],
    ['a promise', () => user.delete(1)(), 'a Promise'],
    ['a text', () => 'users', 'a string']
  ])('invalidates: a function that returns %s', async (_, effects, said) => {
    const answer = await saved(effects)
    expect(answer).toMatchObject({ _tag: 'Left', left: { _tag: 'InvalidationError' } })
    const { left } = answer as E.Left<core.RingError.InvalidationError<string, unknown>>
    expect(left.message).toContain(`the function of invalidates returned ${said}, not a list of effects`)
    expect(left.value()).toBe('user 1')
    expect(left.errors()).toEqual([])
  })

  test.each([
    ['a promise that runs already', () => user.delete(1)(), 'effect 1 of invalidates is a Promise'],
    [
      'a promise of nothing',
      () => () => Promise.resolve(),
      'effect 1 of invalidates answered with undefined'
    ],
    ['no promise', () => () => 7, 'effect 1 of invalidates answered with a number'],
    ['a task of a task', () => () => user.delete(1), 'effect 1 of invalidates answered with a function'],
    ['nothing', () => undefined, 'effect 1 of invalidates is undefined']
  ])('invalidates: an effect that is %s does not hinder the others', async (_, wrong, said) => {
    await user.set('old')(2)()
    const answer = await saved(() => [wrong(), user.delete(2)])
    const { left } = answer as E.Left<core.RingError.InvalidationError<string, Error>>
    expect(left.value()).toBe('user 1')
    expect(left.errors().map(({ message }) => message)).toEqual([expect.stringContaining(said)])
    expect(await user.has(2)()).toEqual(E.right(false))
  })

  test.each([
    ['one list of arguments', () => [1]],
    ['texts', () => ['ab']],
    ['nothing', () => undefined],
    ['a text', () => 'ab']
  ])(
    'Ring.expires: a function that returns %s is a failure of the change, not a deletion of something else',
    async (_, f) => {
      const from = core.ring(fn, { store: core.dict(), name: 'from' })
      const made = Ring['linked']!(Ring['expires']!(user, f))(from)
      expect(await made.delete(1)()).toMatchObject({
        _tag: 'Left',
        left: { _tag: 'KeyError', message: expect.stringContaining('a list of lists of arguments') }
      })
    }
  )

  test('Ring.purges: a function that returns no list of tags', async () => {
    const tagged = core.ring(fn, { store: core.dict(), name: 'tagged', tags: () => ['users'] })
    for (const f of [() => 'users', () => undefined, () => [7]]) {
      const made = Ring['linked']!(Ring['purges']!(tagged, f))(
        core.ring(fn, { store: core.dict(), name: 'from' })
      )
      expect(await made.delete(1)()).toMatchObject({
        _tag: 'Left',
        left: { _tag: 'KeyError', message: expect.stringContaining('a list of tags') }
      })
    }
  })
})
