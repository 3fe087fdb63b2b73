import { execFileSync } from 'node:child_process'
import { type AddressInfo, createConnection, createServer, type Server as Listener } from 'node:net'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import { none, some } from 'fp-ts/Option'
import { createClient, createClientPool, createSentinel, RESP_TYPES } from 'redis'

import * as D from '../../../src/Duration'
import type { Leasing, Store } from '../../../src/Store'
import { redis, type RedisClient, type RedisOptions } from '../../../src/stores/redis'
import { bytes as byteValues, type StoreLawsOptions } from '../../../src/testing'
import {
  anyRedis,
  eventually,
  randomNamespace,
  type Server,
  sleep,
  startRedis,
  startSentinel
} from '../../integration/servers'
import { obeys, storeLaws } from '../../laws/register'
import { runs } from '../../runs'
import { left, operationsOf, right } from '../answers'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

// -------------------------------------------------------------------------------------
// laws
// -------------------------------------------------------------------------------------

/** A client that can be given back. */
interface Opened {
  readonly destroy: () => unknown
}

const options: StoreLawsOptions<Uint8Array, Opened> = {
  ...byteValues,
  leases: true,
  close: ({ backend }) => backend.destroy()
}

type Given = Pick<RedisOptions, 'timeout'>

/** On a machine that is busy, thousands of single commands take more than a second. */
const patient: Given = { timeout: D.seconds(10) }

const kinds: Readonly<Record<string, (url: string, given: Given) => Promise<Store<Uint8Array, Opened>>>> = {
  'a client that speaks RESP 3': async (url, given) => {
    const client = createClient({ url })
    await client.connect()
    return redis(client, { namespace: randomNamespace(), ...given })
  },
  'a client that speaks RESP 2': async (url, given) => {
    const client = createClient({ url, RESP: 2 })
    await client.connect()
    return redis(client, { namespace: randomNamespace(), ...given })
  },
  'a client with a type mapping and a key prefix, not batched': async (url, given) => {
    const client = createClient({
      url,
      keyPrefix: 'app[*]:',
      commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String } }
    })
    await client.connect()
    return redis(client, { namespace: randomNamespace(), ...given, batch: false })
  },
  'a function that gives a client, in small batches': async (url, given) => {
    const client = createClient({ url })
    await client.connect()
    return redis(() => client, { namespace: randomNamespace(), ...given, batch: { max: 3 } })
  },
  'a pool with a key prefix': async (url, given) => {
    const pool = createClientPool({ url, keyPrefix: 'pool:' }, { minimum: 2, maximum: 4, cleanupDelay: 50 })
    await pool.connect()
    return redis(pool, { namespace: randomNamespace(), ...given })
  }
}

describe('the laws of a store: redis over', () => {
  let server: Awaited<ReturnType<typeof anyRedis>>
  beforeAll(async () => {
    server = await anyRedis()
  }, 60_000)
  afterAll(() => server.stop())

  /** Nobody listens there. */
  const down = async (): Promise<Store<Uint8Array, Opened>> => {
    const client = createClient({ url: 'redis://127.0.0.1:1', socket: { reconnectStrategy: false } })
    return redis(client, { namespace: 'down:', timeout: D.milliseconds(500) })
  }
  for (const [name, open] of Object.entries(kinds)) {
    obeys(
      name,
      storeLaws(() => open(server.url, patient), options)
    )
  }
  obeys('no server', storeLaws(down, { ...options, broken: down, close: () => undefined }).slice(-1))
})

describe('the laws of a store: redis over a frozen server', () => {
  let server: Server
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  for (const [name, open] of Object.entries(kinds)) {
    /** It has answered before, and then says nothing. */
    const hung = async (): Promise<Store<Uint8Array, Opened>> => {
      const store = await open(server.url, {})
      right(await store.has('k')())
      server.pause()
      await sleep(100) // the signal may take its time
      return store
    }
    const close: (typeof options)['close'] = ({ backend }) => {
      server.resume()
      backend.destroy()
    }
    obeys(name, storeLaws(hung, { ...options, hung, close }).slice(-1))
  }
})

describe('the laws of a store: redis behind', () => {
  const servers: Array<{ readonly stop: () => unknown }> = []
  let port = 0
  beforeAll(async () => {
    const master = await startRedis()
    servers.unshift(master)
    const watcher = await startSentinel(master)
    servers.unshift(watcher)
    port = watcher.port
  }, 60_000)
  afterAll(async () => {
    for (const { stop } of servers) await stop()
  })

  const open = async (): Promise<Store<Uint8Array, Opened>> => {
    const client = createSentinel({
      name: 'main',
      sentinelRootNodes: [{ host: '127.0.0.1', port }],
      keyPrefix: 'watched:'
    })
    client.on('error', () => undefined)
    await client.connect()
    return redis(client, { namespace: randomNamespace() })
  }
  obeys('a sentinel, with a key prefix', storeLaws(open, { ...options, numRuns: runs(30) }))
})

// -------------------------------------------------------------------------------------
// what it asks of the server
// -------------------------------------------------------------------------------------

describe('what it asks of the server', () => {
  let server: Server
  let client: ReturnType<typeof createClient>
  beforeAll(async () => {
    server = await startRedis()
    client = createClient({ url: server.url })
    await client.connect()
  })
  afterAll(async () => {
    client.destroy()
    await server.stop()
  })

  /** How often each command came from a client (commands of scripts are not counted), and how many in all. */
  const counted = async (work: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> => {
    const seen: Record<string, number> = {}
    const monitor = client.duplicate()
    await monitor.connect()
    await monitor.monitor((line) => {
      const [, from = '', command = ''] = /\[\d+ ([^\]]+)\] "([^"]+)"/.exec(line) ?? []
      if (from !== 'lua') seen[command.toLowerCase()] = (seen[command.toLowerCase()] ?? 0) + 1
    })
    await work()
    await client.sendCommand(['ECHO', 'end'])
    await eventually('the monitor saw the end', () => Promise.resolve(seen['echo'] === 1))
    monitor.destroy()
    return Object.fromEntries(Object.entries(seen).filter(([name]) => name !== 'echo'))
  }

  test('law 12: every bulk operation on 1,000 keys is one command', async () => {
    const store = redis(client, { namespace: 'bulk:' })
    const keys = Array.from({ length: 1_000 }, (_, i) => `k${String(i)}`)
    const entries = keys.map((key) => [key, bytes(key), D.minutes(1)] as const)
    // the scripts are known after the first time
    right(await store.setMany(entries)())
    right(await store.readMany(keys)())
    right(await store.hasMany(keys)())
    right(await store.touchMany(keys.map((key) => [key, D.minutes(2)]))())
    expect(await counted(store.setMany(entries))).toEqual({ evalsha: 1 })
    expect(await counted(store.getMany([...keys, ...keys]))).toEqual({ mget: 1 })
    expect(await counted(store.readMany([...keys, ...keys]))).toEqual({ evalsha: 1 })
    expect(await counted(store.hasMany(keys))).toEqual({ evalsha: 1 })
    expect(await counted(store.touchMany(keys.map((key) => [key, D.minutes(2)])))).toEqual({ evalsha: 1 })
    expect(await counted(store.deleteMany(keys))).toEqual({ unlink: 1 })
    expect(await counted(store.getMany([]))).toEqual({})
    expect(await counted(store.setMany([]))).toEqual({})
  })

  test('law 12: the single reads of one tick are one bulk read, and a lone one is a GET', async () => {
    const store = redis(client, { namespace: 'tick:' })
    right(await store.set('a', bytes('A'), D.minutes(1))())
    const keys = ['a', 'b', 'a', 'c']
    expect(await counted(() => Promise.all(keys.map((key) => store.get(key)())))).toEqual({ mget: 1 })
    expect(await counted(store.get('a'))).toEqual({ get: 1 })
    right(await store.readMany(keys)())
    expect(await counted(() => Promise.all(keys.map((key) => store.read(key)())))).toEqual({ evalsha: 1 })
    const loose = redis(client, { namespace: 'tick:', batch: false })
    expect(await counted(() => Promise.all(keys.map((key) => loose.get(key)())))).toEqual({ get: 4 })
  })

  test('a key that is refused does not fail those that are read at the same time', async () => {
    const store = redis(client, { namespace: 'poison:' })
    right(await store.set('a', bytes('A'), D.minutes(1))())
    const [a, bad, b] = await Promise.all([store.get('a')(), store.get('\ud800')(), store.get('b')()])
    expect([a, b].map(({ _tag }) => _tag)).toEqual(['Right', 'Right'])
    expect(left(bad).reason).toBe('refused')
    expect(left(await store.read('\udfff')()).reason).toBe('refused')
    expect(left(await store.getMany(['a', '\ud800'])()).reason).toBe('refused')
    expect(left(await store.clear('\ud800')()).reason).toBe('refused')
  })

  test('law 25: everything that is done to a lease is one command, and to many keys too', async () => {
    const { leases } = redis(client, { namespace: 'leases:' })
    const keys = Array.from({ length: 500 }, (_, i) => `k${String(i)}`)
    const writes = keys.map((key, i) => [key, i % 2 === 0 ? some(bytes(key)) : none, D.minutes(1)] as const)
    const acquire = leases.acquire('k', 'me', D.minutes(1), D.zero)
    const rest = [
      leases.renew('k', 'me', D.minutes(1)),
      leases.commit('k', 'me', some(bytes('v')), D.minutes(1)),
      leases.release('k', 'me')
    ]
    // the scripts are known after the first time
    for (const task of [acquire, ...rest, leases.override(writes)]) await task()
    for (const task of [acquire, ...rest]) expect(await counted(task)).toEqual({ evalsha: 1 })
    expect(await counted(leases.seize('k', 'me', D.minutes(1)))).toEqual({ set: 1 })
    expect(await counted(leases.override(writes))).toEqual({ evalsha: 1 })
    expect(await counted(leases.override([...writes, ...writes]))).toEqual({ evalsha: 1 })
    expect(await counted(leases.override([]))).toEqual({})
  })

  test('law 25: a lease is a string beside its entry, under a key that says whose it is, and ends by itself', async () => {
    const { leases } = redis(client, { namespace: 'shop:' })
    right(await leases.acquire('user:1', 'me', D.seconds(90), D.zero)())
    expect(await client.get('~lease:{shop:user:1}')).toBe('me')
    expect(await client.pTTL('~lease:{shop:user:1}')).toBeGreaterThan(85_000)
    expect(await client.exists('shop:user:1')).toBe(0)
    right(await leases.acquire('{de}:user:1', 'me', D.seconds(90), D.zero)())
    expect(await client.get('~lease::shop:{de}:user:1')).toBe('me')

    const prefixed = createClient({ url: server.url, keyPrefix: 'app:' })
    await prefixed.connect()
    right(await redis(prefixed, { namespace: 'shop:' }).leases.seize('user:1', 'you', D.seconds(90))())
    expect(await client.get('app:~lease:{app:shop:user:1}')).toBe('you')
    prefixed.destroy()
    // one that never ends is nobody's, whatever made it: else its key could not be loaded any more
    await client.set('~lease:{shop:stays}', 'nobody')
    expect(right(await leases.acquire('stays', 'me', D.seconds(90), D.zero)())).toEqual({ _tag: 'Won' })
    await client.lPush('~lease:{shop:list}', 'nobody')
    expect(right(await leases.acquire('list', 'me', D.seconds(90), D.zero)())).toEqual({ _tag: 'Won' })
  })

  test('law 25: clear looks for no leases', async () => {
    const { clear, leases } = redis(client, { namespace: 'cleared:' })
    right(await leases.acquire('k', 'me', D.minutes(1), D.zero)())
    right(await clear('')())
    expect(right(await leases.renew('k', 'me', D.minutes(1))())).toBe(true)
  })

  test('a lease of a key that is not UTF-8 is refused', async () => {
    const { leases } = redis(client)
    const lease = ['\ud800', 'me', D.minutes(1)] as const
    const refused = [
      leases.acquire(...lease, D.zero),
      leases.seize(...lease),
      leases.renew(...lease),
      leases.release('\ud800', 'me'),
      leases.commit('\ud800', 'me', some(bytes('v')), D.minutes(1)),
      leases.override([
        ['k', none, D.zero],
        ['\ud800', none, D.zero]
      ])
    ]
    const answers = await Promise.all(refused.map((task) => task()))
    expect(answers.map((answer) => left(answer).reason)).toEqual(refused.map(() => 'refused'))
  })

  test('law 35: clear pages with SCAN, and asks for no KEYS and no FLUSH', async () => {
    const store = redis(client, { namespace: 'pages:' })
    const keys = Array.from({ length: 3_000 }, (_, i) => `k${String(i)}`)
    right(await store.setMany(keys.map((key) => [key, bytes(key), D.minutes(1)]))())
    const seen = await counted(store.clear(''))
    expect(Object.keys(seen).sort()).toEqual(['scan', 'unlink'])
    expect(seen['scan']).toBeGreaterThan(1)
    expect(right(await store.hasMany(keys)())).not.toContain(true)
  })

  test('law 35: a store without a namespace refuses to clear every key', async () => {
    right(await redis(client).set('left-alone', bytes('x'), D.minutes(1))())
    expect(left(await redis(client).clear('')()).reason).toBe('refused')
    expect(right(await redis(client).has('left-alone')())).toBe(true)
  })

  test('what lies in Redis is the bytes and nothing else, under the namespace and the key', async () => {
    const store = redis(client, { namespace: 'plain:' })
    right(await store.set('text', bytes('hello'), D.seconds(90))())
    expect(await client.get('plain:text')).toBe('hello')
    expect(await client.pTTL('plain:text')).toBeGreaterThan(85_000)
    right(await store.set('text', bytes('kept'), D.forever)())
    expect(await client.pTTL('plain:text')).toBe(-1)
    await client.set('plain:foreign', 'from elsewhere')
    expect(right(await store.read('foreign')())).toEqual({
      _tag: 'Some',
      value: { value: bytes('from elsewhere'), remaining: D.forever }
    })
  })

  test('an answer has memory of its own', async () => {
    const store = redis(client, { namespace: 'memory:' })
    right(await store.set('k', bytes('small'), D.minutes(1))())
    for (const answer of [await store.get('k')(), right(await store.getMany(['k'])())[0]]) {
      const found =
        answer !== undefined && '_tag' in answer && answer._tag === 'Right' ? answer.right : answer
      if (found === undefined || found._tag !== 'Some') throw new Error('it was stored')
      expect(found.value.buffer.byteLength).toBe(5)
    }
  })

  test('of many answers those that are kept keep little more than was asked for', async () => {
    const store = redis(client, { namespace: 'chunks:' })
    const keys = Array.from({ length: 100 }, (_, i) => String(i))
    for (const size of [1, 30, 1_000]) {
      right(await store.setMany(keys.map((key) => [key, new Uint8Array(size), D.minutes(1)]))())
      const values = right(await store.getMany(keys)()).flatMap((found) =>
        found._tag === 'Some' ? [found.value] : []
      )
      const held = [...new Set(values.map(({ buffer }) => buffer))].reduce((n, b) => n + b.byteLength, 0)
      expect(values).toHaveLength(100)
      expect(held).toBeLessThanOrEqual(2 * 100 * size)
    }
  })

  test('backend is the client, and is looked up at every use where a function gives it', () => {
    let lookups = 0
    const store = redis(() => {
      lookups++
      return client
    })
    expect(lookups).toBe(0)
    expect(store.backend).toBe(client)
    expect(store.backend).toBe(client)
    expect(lookups).toBe(2)
    expect(redis(client).backend).toBe(client)
    expectTypeOf(store.backend).toEqualTypeOf(client)
    expectTypeOf(redis(client).backend).toEqualTypeOf(client)
    const pool = createClientPool()
    expectTypeOf(redis(pool).backend).toEqualTypeOf(pool)
    expectTypeOf(redis(pool)).toExtend<Leasing<Uint8Array>>()
  })

  test('a timeout of nothing is a defect', () => {
    expect(() => redis(client, { timeout: D.zero })).toThrow(TypeError)
  })
})

// -------------------------------------------------------------------------------------
// faults
// -------------------------------------------------------------------------------------

describe('faults', () => {
  let server: Server
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  const connected = async () => {
    const client = createClient({ url: server.url, socket: { reconnectStrategy: 50 } })
    await client.connect()
    return client
  }

  test('law 26: a frozen server is a timeout, on time and for every operation, and no longer when it thaws', async () => {
    const client = await connected()
    const store = redis(client, { namespace: 'frozen:', timeout: D.milliseconds(200) })
    right(await store.set('k', bytes('v'), D.minutes(1))())
    right(await store.readMany(['k', 'l'])())
    server.pause()
    const operations = operationsOf(store)
    const begun = performance.now()
    const answers = await Promise.all(Object.values(operations).map((operation) => operation()))
    const took = performance.now() - begun
    server.resume()
    expect(answers.map((answer) => left(answer).reason)).toEqual(answers.map(() => 'timeout'))
    expect(answers.map((answer) => left(answer).operation)).toEqual(Object.keys(operations))
    expect(took).toBeGreaterThanOrEqual(195)
    expect(took).toBeLessThan(1_000)
    await eventually('it recovers', async () => (await store.get('k')())._tag === 'Right', 5_000)
    client.destroy()
  })

  test('law 26: a server that is killed is a left, and the store works on when it is back', async () => {
    const client = await connected()
    const store = redis(client, { namespace: 'killed:', timeout: D.milliseconds(300) })
    right(await store.set('k', bytes('v'), D.minutes(1))())
    right(await store.readMany(['k', 'l'])())
    let ended = false
    const outcomes: Array<string> = []
    const traffic = (async () => {
      while (!ended) {
        const answers = await Promise.all([store.get('k')(), store.get('l')(), store.read('k')()])
        outcomes.push(...answers.map(({ _tag }) => _tag))
        await sleep(5)
      }
    })()
    try {
      await eventually('there is an answer', () => Promise.resolve(outcomes.includes('Right')))
      await server.kill()
      expect((await store.get('k')())._tag).toBe('Left')
      await server.restart()
      // its scripts are gone with it
      await eventually(
        'it recovers',
        async () => (await store.readMany(['k', 'l'])())._tag === 'Right',
        10_000
      )
      expect(right(await store.get('k')())._tag).toBe('None')
    } finally {
      ended = true
      await traffic
      client.destroy()
    }
    expect(new Set(outcomes)).toEqual(new Set(['Left', 'Right']))
  }, 30_000)

  test('a server that has lost the scripts is sent them again', async () => {
    const client = await connected()
    const store = redis(client, { namespace: 'scripts:' })
    right(await store.setMany([['k', bytes('v'), D.minutes(1)]])())
    await client.scriptFlush()
    const [entry] = right(await store.readMany(['k', 'l'])())
    expect(entry?._tag).toBe('Some')
    await client.scriptFlush()
    expect(right(await store.touch('k', D.forever)())).toBe(true)
    await client.scriptFlush()
    expect(right(await store.leases.acquire('l', 'me', D.minutes(1), D.zero)())._tag).toBe('Won')
    await client.scriptFlush()
    expect(right(await store.leases.commit('l', 'me', some(bytes('w')), D.minutes(1))())).toBe(true)
    expect(right(await store.get('l')())).toEqual(some(bytes('w')))
    client.destroy()
  })

  test('another type at our key is a left, whose message tells nothing', async () => {
    const client = await connected()
    const store = redis(client, { namespace: 'secret-space:' })
    await client.lPush('secret-space:secret-key', 'secret-value')
    for (const answer of [await store.get('secret-key')(), await store.read('secret-key')()]) {
      const error = left(answer)
      expect(error.reason).toBe('failed')
      expect(error.message + JSON.stringify(error)).not.toContain('secret')
      expect(String(error.cause)).toContain('WRONGTYPE')
    }
    // nobody wins a lease for what cannot be read
    expect(left(await store.leases.acquire('secret-key', 'me', D.minutes(1), D.forever)()).reason).toBe(
      'failed'
    )
    expect(right(await store.leases.renew('secret-key', 'me', D.minutes(1))())).toBe(false)
    // and a write replaces it
    right(await store.set('secret-key', bytes('ours'), D.minutes(1))())
    expect(right(await store.get('secret-key')())).toEqual({ _tag: 'Some', value: bytes('ours') })
    client.destroy()
  })

  test('law 25: a server that is full says so, keeps who has a lease, and still removes', async () => {
    const client = await connected()
    const store = redis(client, { namespace: 'full:' })
    const { leases } = store
    right(await store.set('k', bytes('old'), D.minutes(1))())
    right(await leases.seize('k', 'me', D.minutes(1))())
    await client.configSet({ maxmemory: '1', 'maxmemory-policy': 'noeviction' })
    const failed = [
      leases.acquire('l', 'me', D.minutes(1), D.zero),
      leases.seize('l', 'me', D.minutes(1)),
      leases.commit('k', 'me', some(bytes('new')), D.minutes(1)),
      leases.override([['k', some(bytes('new')), D.minutes(1)]])
    ]
    for (const task of failed) expect(String(left(await task()).cause)).toContain('OOM')
    expect(right(await store.get('k')())).toEqual(some(bytes('old')))
    expect(right(await leases.renew('k', 'me', D.minutes(1))())).toBe(true)
    right(await leases.release('k', 'me')())
    right(await leases.override([['k', none, D.minutes(1)]])())
    expect(right(await store.has('k')())).toBe(false)
    await client.configSet('maxmemory', '0')
    expect(right(await leases.acquire('k', 'me', D.minutes(1), D.zero)())._tag).toBe('Won')
    client.destroy()
  })

  test('a client that is not open, and a function that throws, are lefts', async () => {
    expect(left(await redis(createClient({ url: server.url })).get('k')()).reason).toBe('failed')
    const missing = redis((): ReturnType<typeof createClient> => {
      throw new Error('no client yet')
    })
    expect(left(await missing.get('k')()).reason).toBe('failed')
    expect(left(await missing.clear('x')()).reason).toBe('failed')
    expect(left(await Promise.all([missing.get('k')(), missing.get('l')()]).then(([a]) => a)).reason).toBe(
      'failed'
    )
  })

  test('law 36: 100 stores on one client add one listener', async () => {
    const client = await connected()
    const before = client.eventNames().map((name) => client.listenerCount(name))
    const stores = Array.from({ length: 100 }, (_, i) => redis(client, { namespace: `n${String(i)}:` }))
    for (const store of stores) right(await store.get('k')())
    const after = client.eventNames().map((name) => client.listenerCount(name))
    const sum = (counts: ReadonlyArray<number>): number => counts.reduce((a, b) => a + b, 0)
    expect(sum(after) - sum(before)).toBe(1)
    client.destroy()
  })

  test('law 30: a lost connection does not end a process whose client nobody listens to', async () => {
    const script = `
      import { createClient } from 'redis'
      import * as D from './src/Duration'
      import { redis } from './src/stores/redis'
      const main = async () => {
        const client = createClient({ url: process.env['URL'] ?? '', socket: { reconnectStrategy: false } })
        await client.connect()
        const store = redis(client, { timeout: D.milliseconds(200) })
        const before = await store.get('k')()
        await client.sendCommand(['CLIENT', 'KILL', 'ID', String(await client.sendCommand(['CLIENT', 'ID'])), 'SKIPME', 'no']).catch(() => undefined)
        await new Promise((resolve) => setTimeout(resolve, 100))
        const after = await store.get('k')()
        console.log(before._tag, after._tag)
      }
      void main()
    `
    // away from the file system's cache of tsx this takes a second
    const printed = execFileSync('npx', ['tsx', '--input-type=commonjs', '-e', script], {
      env: { ...process.env, URL: server.url },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore']
    })
    expect(printed.trim()).toBe('Right Left')
  }, 30_000)

  test('law 36: reads go without the client’s timeout only where they are written at once', async () => {
    const asked: Array<string> = []
    let isReady = true
    let answer = (): Promise<Uint8Array | null> => Promise.resolve(null)
    const commands = (name: string) => () => {
      const ask = () => {
        asked.push(name)
        return answer()
      }
      // SAFETY: what this test asks for
      return { get: ask, exists: ask, evalSha: ask } as unknown as ReturnType<RedisClient['withTypeMapping']>
    }
    const client = {
      get isReady() {
        return isReady
      },
      withTypeMapping: commands('patient'),
      withCommandOptions: (options: object) =>
        commands('abortSignal' in options ? 'until its deadline' : 'brisk')()
    }
    const store = redis(client, { timeout: D.milliseconds(20) })
    const which = async (read = store.get('k')): Promise<string | undefined> => {
      await Promise.all([read(), sleep(40)])
      return asked.pop()
    }
    expect(await which()).toBe('brisk')
    isReady = false
    expect(await which()).toBe('patient')
    isReady = true
    expect(await which()).toBe('brisk')

    let thaw = (): void => undefined
    answer = () => new Promise((resolve) => (thaw = () => resolve(null)))
    expect(left(await store.get('k')()).reason).toBe('timeout')
    // nothing is asked of who owes an answer
    expect(left(await store.get('k')()).reason).toBe('timeout')
    expect([asked.pop(), asked.pop()]).toEqual(['brisk', undefined])
    thaw()
    answer = () => Promise.resolve(null)
    await sleep(1)
    expect(await which()).toBe('brisk')

    expect(await which(redis(client, { timeout: D.forever }).get('k'))).toBe('patient')
    expect(await which(redis({ ...client, slots: [] }).get('k'))).toBe('patient')
    expect(await which(store.has('k') as never)).toBe('patient')
    expect(await which(store.leases.acquire('k', 'me', D.minutes(1), D.zero) as never)).toBe(
      'until its deadline'
    )
  })

  test('law 26, 36: an answer that comes one byte at a time is late, or whole', async () => {
    let pause = 0
    const { proxy, port } = await drip(server.port, () => pause)
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 50 } })
    client.on('error', () => undefined)
    await client.connect()
    const store = redis(client, { namespace: 'drip:', timeout: D.milliseconds(150) })
    pause = 40
    const begun = performance.now()
    expect(left(await store.set('k', bytes('v'.repeat(50)), D.minutes(1))()).reason).toBe('timeout')
    const patient = redis(client, { namespace: 'drip:', timeout: D.seconds(20) })
    expect(performance.now() - begun).toBeLessThan(1_000)
    expect(right(await patient.get('k')())).toEqual({ _tag: 'Some', value: bytes('v'.repeat(50)) })
    client.destroy()
    proxy.close()
  }, 30_000)
})

/** A proxy that lets the answers through one byte at a time. */
const drip = async (
  to: number,
  pause: () => number
): Promise<{ readonly proxy: Listener; readonly port: number }> => {
  const proxy = createServer((near) => {
    const far = createConnection(to, '127.0.0.1')
    let last = Promise.resolve()
    near.pipe(far)
    near.on('error', () => undefined)
    far.on('error', () => undefined)
    near.on('close', () => far.destroy())
    far.on('data', (data) => {
      if (pause() === 0) near.write(data)
      else
        for (const byte of data) {
          last = last.then(async () => {
            await sleep(pause())
            near.write(Uint8Array.of(byte))
          })
        }
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return { proxy, port: (proxy.address() as AddressInfo).port } // SAFETY: it listens on a port
}
