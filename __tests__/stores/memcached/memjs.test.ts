import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { Client } from 'memjs'

import { Codec, dict, Duration as D, Policy, ring, Store } from '../../../src'
import { memcached, memcachedClient } from '../../../src/stores/memcached'
import { memjs } from '../../../src/stores/memcached/memjs'
import { bytes as anyBytes } from '../../../src/testing'
import {
  anyMemcached,
  hostOf,
  randomNamespace,
  type Server,
  sleep,
  startMemcached
} from '../../integration/servers'
import { obeys, storeLaws } from '../../laws/register'
import { left, right } from '../answers'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

const quiet = { log: () => undefined }

describe('the laws of a store', () => {
  let server: Awaited<ReturnType<typeof anyMemcached>>
  const made: Array<Client> = []
  beforeAll(async () => {
    server = await anyMemcached()
  })
  afterAll(async () => {
    for (const client of made) client.close()
    await server.stop()
  })
  const make = () => {
    const client = Client.create(hostOf(server.url), { logger: quiet })
    made.push(client)
    return memjs(client, { namespace: randomNamespace(), timeout: D.seconds(5) })
  }
  obeys(
    'memjs',
    storeLaws(make, {
      ...anyBytes,
      extremes: anyBytes.extremes.filter((e) => e.byteLength < 1e6),
      lifetime: 'hidden',
      clears: false,
      granularity: D.seconds(1)
    })
  )
})

describe('the laws of a store that is left alone', () => {
  let server: Server
  const made: Array<Client> = []
  beforeAll(async () => {
    server = await startMemcached()
  })
  afterAll(async () => {
    for (const client of made) client.close()
    await server.stop()
  })
  const over =
    (address: () => string, settings: object = {}) =>
    () => {
      const client = Client.create(address(), { logger: quiet, ...settings })
      made.push(client)
      return memjs(client)
    }
  const hung = (settings: object) => async () => {
    const store = over(() => hostOf(server.url), settings)()
    right(await store.has('k')())
    server.pause()
    await sleep(100) // the signal may take its time
    return store
  }
  const nobody = over(() => '127.0.0.1:1')
  const options = { ...anyBytes, lifetime: 'hidden', clears: false, close: () => server.resume() } as const
  const those = (given: object) => storeLaws(nobody, { ...options, ...given }).slice(-1)
  obeys('no server', those({ broken: nobody }))
  obeys('a frozen server', those({ hung: hung({}) }))
  obeys(
    'a frozen server, and a client that is less patient',
    those({ hung: hung({ timeout: 0.1, retries: 0 }) })
  )
})

describe('what is special about it', () => {
  let server: Server
  let made: Client
  beforeAll(async () => {
    server = await startMemcached()
    made = Client.create(hostOf(server.url), { logger: quiet })
  })
  afterAll(async () => {
    made.close()
    await server.stop()
  })

  test('an entry that is there cannot be read, and one that is not is a miss', async () => {
    const store = memjs(made, { namespace: 'read:' })
    right(await store.set('k', bytes('v'), D.minutes(1))())
    for (const task of [store.read('k'), store.readMany(['l', 'k'])])
      expect(left(await task()).reason).toBe('refused')
    expect(right(await store.read('l')())).toEqual(O.none)
    expect(right(await store.readMany(['l'])())).toEqual([O.none])
    expect(left(await store.clear('k')()).reason).toBe('refused')
    expect(left(await store.get('\ud800')()).reason).toBe('refused')
    expect(store.backend).toBe(made)
    expect('leases' in store).toBe(false)
  })

  test('a ring over it takes no policy that goes by ages, nor a lease', async () => {
    const square = (n: number): TE.TaskEither<Error, number> => TE.right(n * n)
    const store = memjs(() => made, { namespace: randomNamespace() })
    const codec = Codec.json(t.number)
    const cached = ring(square, { name: 'square', store, codec, policy: Policy.ttl(D.minutes(1)) })
    expect(await cached(3)()).toEqual({ _tag: 'Right', right: 9 })
    expect(await cached.get(3)()).toEqual({ _tag: 'Right', right: O.some(9) })
    const stale = Policy.policy(Policy.ttl(D.minutes(1)), Policy.staleIfError(D.minutes(1)))
    expect(() => ring(square, { name: 'square', store, codec, policy: stale })).toThrow('ages')
    // @ts-expect-error it has no leases
    expect(() => ring(square, { name: 'square', store, codec, policy: Policy.lease() })).toThrow()
  })

  test('it is no tier, as a near one is filled for what is left', () => {
    const store = memjs(made)
    // @ts-expect-error nobody knows what is left of a lifetime
    expect(() => Store.tiered({ near: dict<Uint8Array>(), far: store })).toThrow('lifetime')
  })

  test('keys, bytes and lifetimes are those of the store over the meta protocol', async () => {
    const meta = memcachedClient({ servers: [hostOf(server.url)] })
    const [ours, theirs] = [memcached(meta, { namespace: 'both:' }), memjs(made, { namespace: 'both:' })]
    for (const key of ['plain', 'a b%', 'k'.repeat(400), '']) {
      right(await theirs.set(key, bytes(key), D.minutes(1))())
      expect(right(await ours.read(key)())).toEqual(O.some({ value: bytes(key), remaining: D.minutes(1) }))
      right(await ours.set(key, bytes('ours'), D.days(40))())
      expect(right(await theirs.get(key)())).toEqual(O.some(bytes('ours')))
    }
    right(await theirs.set('long', bytes('v'), D.days(40))())
    const found = right(await ours.read('long')())
    expect(
      O.isSome(found) && found.value.remaining > D.days(39) && found.value.remaining < D.days(40) + 5_000
    ).toBe(true)
    right(await ours.clear('')())
    expect(right(await theirs.has('plain')())).toBe(false)
    await meta.close()
  })

  test('a value that is too large is refused, and the others of a bulk are stored', async () => {
    const store = memjs(made, { namespace: 'large:' })
    const large = new Uint8Array(9 * 2 ** 20)
    expect(left(await store.set('k', large, D.minutes(1))()).reason).toBe('refused')
    right(await store.set('k', bytes('v'), D.minutes(1))())
    expect(right(await store.get('k')())).toEqual(O.some(bytes('v')))
  })

  test('a client with a lifetime of its own keeps nothing for ever', async () => {
    const ending = Client.create(hostOf(server.url), { logger: quiet, expires: 60 })
    const store = memjs(ending)
    expect(left(await store.set('k', bytes('v'), D.forever)()).reason).toBe('refused')
    expect(left(await store.touch('k', D.forever)()).reason).toBe('refused')
    expect(left(await store.setMany([['k', bytes('v'), D.forever]])()).reason).toBe('refused')
    right(await store.set('k', bytes('v'), D.minutes(1))())
    ending.close()
    const missing = memjs((): Client => {
      throw new Error('no client yet')
    })
    for (const task of [missing.get('k'), missing.set('k', bytes('v'), D.forever)]) {
      expect(left(await task()).reason).toBe('failed')
    }
    expect(() => memjs(made, { timeout: D.zero })).toThrow(TypeError)
  })

  test('law 26: a frozen server is a timeout', async () => {
    const store = memjs(made, { timeout: D.milliseconds(100) })
    right(await store.get('k')())
    server.pause()
    await sleep(20)
    const answers = await Promise.all([store.get('k')(), store.getMany(['k'])(), store.delete('k')()])
    server.resume()
    expect(answers.map((answer) => left(answer).reason)).toEqual(['timeout', 'timeout', 'timeout'])
  })
})
