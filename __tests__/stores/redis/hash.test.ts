import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import { createClient, createClientPool } from 'redis'

import * as D from '../../../src/Duration'
import type { Store } from '../../../src/Store'
import { type Lifetimeless, redisHash } from '../../../src/stores/redis'
import { bytes as byteValues } from '../../../src/testing'
import { anyRedis, randomNamespace, type Server, sleep, startRedis } from '../../integration/servers'
import { obeys, storeLaws } from '../../laws/register'
import { right } from '../answers'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

const closing: Array<() => unknown> = []
afterAll(async () => {
  for (const close of closing) await close()
})

const open = async (RESP: 2 | 3) => {
  const server = await anyRedis()
  const client = createClient({ url: server.url, RESP })
  await client.connect()
  closing.push(() => client.destroy(), server.stop)
  return client
}

const lifetimeless = { ...byteValues, lifetime: false }

for (const RESP of [2, 3] as const) {
  let client: ReturnType<typeof open> | undefined
  const make = async () =>
    redisHash(await (client ??= open(RESP)), { key: randomNamespace(), timeout: D.seconds(10) })
  obeys(`redisHash over a client that speaks RESP ${String(RESP)}`, storeLaws(make, lifetimeless))
}

const openPool = async () => {
  const server = await anyRedis()
  const pool = createClientPool(
    { url: server.url, keyPrefix: 'pool:' },
    { minimum: 2, maximum: 3, cleanupDelay: 50 }
  )
  await pool.connect()
  closing.push(() => pool.destroy(), server.stop)
  return pool
}
let pool: ReturnType<typeof openPool> | undefined
const overPool = async () => {
  const opened = await (pool ??= openPool())
  // thousands of single commands over three connections take more than a second on a busy machine
  return redisHash(() => opened, { key: randomNamespace(), batch: false, timeout: D.seconds(10) })
}
obeys('redisHash over a pool, not batched', storeLaws(overPool, lifetimeless))

describe('redisHash that is left alone', () => {
  let server: Server
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  const hung = async () => {
    const client = createClient({ url: server.url })
    await client.connect()
    server.pause()
    await sleep(100) // the signal may take its time
    return redisHash(client, { key: randomNamespace() })
  }
  const broken = () =>
    redisHash(createClient({ url: 'redis://127.0.0.1:1' }), { key: 'down', timeout: D.milliseconds(300) })
  const close = ({
    backend
  }: {
    readonly backend: { readonly destroy: () => unknown; readonly isOpen: boolean }
  }) => {
    server.resume()
    if (backend.isOpen) backend.destroy()
  }
  obeys('no server, and a frozen one', storeLaws(hung, { ...lifetimeless, broken, hung, close }).slice(-2))
})

describe('redisHash', () => {
  let client: Awaited<ReturnType<typeof open>>
  beforeAll(async () => {
    client = await open(3)
  })

  test('what lies in Redis is the bytes, as a field of one hash', async () => {
    const key = randomNamespace()
    const store = redisHash(client, { key })
    right(
      await store.setMany([
        ['SE', bytes('Sweden'), D.forever],
        ['NO', bytes('Norway'), D.forever]
      ])()
    )
    expect(await client.hGetAll(key)).toEqual({ SE: 'Sweden', NO: 'Norway' })
    right(await store.clear('')())
    expect(await client.exists(key)).toBe(0)
  })

  test('law 35: clear pages through a large hash, and leaves other hashes alone', async () => {
    const [key, other] = [randomNamespace(), randomNamespace()]
    const store = redisHash(client, { key })
    const fields = Array.from(
      { length: 5_000 },
      (_, i) => `${i % 2 === 0 ? 'users:' : 'usersX:'}${String(i)}`
    )
    const entries = fields.map((field) => [field, bytes(field), D.forever] as const)
    right(await store.setMany(entries)())
    right(await redisHash(client, { key: other }).setMany(entries.slice(0, 2))())
    right(await store.clear('users:')())
    expect(right(await store.hasMany(fields)())).toEqual(fields.map((field) => field.startsWith('usersX:')))
    expect(await client.hLen(other)).toBe(2)
    await client.unlink([key, other])
  })

  test('the type says that it keeps no lifetime, and with fieldExpiry that it does', () => {
    const without = redisHash(client, { key: 'k' })
    expect(without.lifetime).toBe('none')
    expect(without.backend).toBe(client)
    expectTypeOf(without).toExtend<Lifetimeless>()
    expectTypeOf(without.backend).toEqualTypeOf(client)
    const keeping = redisHash(client, { key: 'k', fieldExpiry: true })
    expect('lifetime' in keeping).toBe(false)
    expectTypeOf(keeping).toEqualTypeOf<Store<Uint8Array, typeof client>>()
  })

  test('law 26: another type at the hash’s key is a left', async () => {
    const key = randomNamespace()
    await client.set(key, 'a string')
    const store = redisHash(client, { key })
    for (const answer of [
      await store.get('f')(),
      await store.getMany(['f', 'g'])(),
      await store.hasMany(['f'])()
    ]) {
      expect(answer._tag === 'Left' && answer.left.reason).toBe('failed')
    }
    await client.unlink(key)
  })
})

describe('redisHash with fieldExpiry', () => {
  test('keeps the laws where the server has HPEXPIRE, and is a left where it has not', async () => {
    const client = await open(3)
    const info = await client.info('server')
    const [, major = '0', minor = '0'] = /redis_version:(\d+)\.(\d+)/.exec(info) ?? []
    const store = redisHash(client, { key: randomNamespace(), fieldExpiry: true })
    if (Number(major) * 100 + Number(minor) >= 704) {
      for (const law of storeLaws(() => store, byteValues)) await law.run()
    } else {
      const answer = await store.set('f', bytes('v'), D.minutes(1))()
      expect(answer._tag === 'Left' && answer.left.reason).toBe('failed')
      // law 18: nothing was written without the expiry that it was to have
      expect(right(await store.has('f')())).toBe(false)
    }
  }, 60_000)
})
