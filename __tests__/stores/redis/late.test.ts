/** What is late: nothing more is asked of who owes an answer, and what was not written in time is not done later. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createClient, createClientPool } from 'redis'

import { Duration } from '../../../src'
import { recommended, redis, redisHash } from '../../../src/stores/redis'
import { eventually, type Server, sleep, startRedis } from '../../integration/servers'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const minute = Duration.minutes(1)

describe('a frozen server', () => {
  let server: Server
  beforeAll(async () => {
    server = await startRedis()
  }, 20_000)
  afterAll(() => server.stop())

  const connect = async () => {
    const { client } = recommended()
    const made = createClient({
      ...client,
      socket: { ...client.socket, host: '127.0.0.1', port: server.port }
    })
    let lost = 0
    made.on('error', () => undefined)
    made.on('reconnecting', () => lost++)
    await made.connect()
    return { client: made, lost: () => lost }
  }

  test('law 26: is noticed by a client that is asked all the time, through stores and only so', async () => {
    const [stores, control] = [await connect(), await connect()]
    const store = redis(stores.client, { timeout: Duration.milliseconds(200) })
    const hash = redisHash(stores.client, { key: 'hash', timeout: Duration.milliseconds(200) })
    await Promise.all([store.get('k')(), hash.get('k')()])
    server.pause()
    const reasons = new Set<string>()
    const raw: Array<Promise<unknown>> = []
    try {
      const waits: Array<number> = []
      for (let i = 0; i < 20; i++) {
        const begun = performance.now()
        const got = await Promise.all([
          store.get('k')(),
          hash.get('k')(),
          store.set('k', bytes('v'), minute)()
        ])
        waits.push(performance.now() - begun)
        for (const one of got) reasons.add(one._tag === 'Left' ? one.left.reason : 'right')
        raw.push(control.client.get('k').catch(() => undefined))
        await sleep(100)
      }
      expect(stores.lost()).toBeGreaterThan(0)
      // the broken variant: to write keeps a dead connection
      expect(control.lost()).toBe(0)
      // mostly nobody waited
      expect(waits.filter((wait) => wait > 150).length).toBeLessThan(6)
      expect(reasons.has('right')).toBe(false)
      expect(reasons.has('timeout')).toBe(true)
    } finally {
      server.resume()
    }
    await Promise.all(raw)
    await eventually('it recovers', async () => (await store.get('k')())._tag === 'Right', 5_000)
    stores.client.destroy()
    control.client.destroy()
  }, 20_000)

  test('law 26: what a pool had no connection for is not done after the deadline', async () => {
    const pool = createClientPool({ socket: { host: '127.0.0.1', port: server.port } }, { maximum: 1 })
    pool.on('error', () => undefined)
    await pool.connect()
    const store = redis(pool, { namespace: 'late:', timeout: Duration.milliseconds(150) })
    expect((await store.set('k', bytes('v'), minute)())._tag).toBe('Right')
    server.pause()
    const has = store.has('k')() // it has the connection
    const [first, second, leased] = await Promise.all([
      has,
      store.set('stored', bytes('v'), minute)(),
      store.leases.seize('leased', 'me', minute)()
    ])
    const control = pool.set('late:control', 'v') // as a program does that stops waiting
    server.resume()
    await control
    expect([first, second, leased].map(({ _tag }) => _tag)).toEqual(['Left', 'Left', 'Left'])
    expect(await pool.exists(['late:stored', '~lease:{late:leased}'])).toBe(0)
    expect(await pool.exists('late:control')).toBe(1)
    pool.destroy()
  })
})
