/** How feeds of Redis hear, and notice that they do not. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect as connectTo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { createClient, createClientPool, createSentinel } from 'redis'

import { dict, Duration, type Invalidation, Store } from '../../../src'
import { pubsub, recommended, redis, type RedisFeed, tracking } from '../../../src/stores/redis'
import { freshFolder } from '../../folders'
import { type Cable, startCable } from '../../integration/cable'
import { eventually, freePort, onNode, type Server, sleep, startRedis } from '../../integration/servers'

const heartbeat = Duration.milliseconds(300)
const minute = Duration.minutes(1)
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const text = (got: E.Either<unknown, O.Option<Uint8Array>>): string | undefined =>
  E.isRight(got) && O.isSome(got.right) ? Buffer.from(got.right.value).toString() : undefined

/** What a machine with other work may add. */
const noise = 250

let server: Server
let proxy: Cable
const closing: Array<() => unknown> = []
beforeAll(async () => {
  server = await startRedis()
  proxy = await startCable(server.port)
}, 20_000)
afterAll(async () => {
  for (const close of closing.reverse()) await close()
  proxy.stop()
  await server.stop()
})

const client = async (port = server.port, options: object = {}) => {
  const made = createClient({ url: `redis://127.0.0.1:${String(port)}`, ...options })
  made.on('error', () => undefined)
  await made.connect()
  closing.push(() => made.destroy())
  return made
}

/** Listens, and writes down what is heard and when. */
const listened = (feed: RedisFeed) => {
  const heard: Array<string> = []
  const stop = feed.listen({
    changed: (change: Invalidation.Change) =>
      void heard.push(change._tag === 'Keys' ? change.keys.join() : `${change.prefix}*`),
    lost: () => void heard.push('lost')
  })()
  closing.push(feed.close)
  const up = (): Promise<void> => eventually('it listens', () => Promise.resolve(feed.covers('k')), 5_000)
  const down = async (): Promise<number> => {
    const begun = performance.now()
    await eventually('it notices', () => Promise.resolve(!feed.covers('k')), 5_000)
    const took = performance.now() - begun
    await eventually('it tells', () => Promise.resolve(heard.includes('lost')), heartbeat)
    return took
  }
  return { heard, stop, up, down }
}

const connections = (): Promise<number> =>
  onNode(
    server,
    async (send) => (await send('CLIENT', 'LIST')).split('\n').filter((line) => line !== '').length
  )

describe.each(['tracking', 'pubsub'] as const)('%s', (kind) => {
  const feedOf = (c: Awaited<ReturnType<typeof client>>): RedisFeed =>
    kind === 'tracking' ? tracking(redis(c), { heartbeat }) : pubsub(c, { channel: 'c', heartbeat })

  test('law 33: a connection that is half open is noticed within two heartbeats, and heals', async () => {
    const feed = feedOf(await client(proxy.port))
    const { down, heard, up } = listened(feed)
    await up()
    heard.length = 0
    proxy.swallow(true)
    expect(await down()).toBeLessThan(2 * heartbeat + noise)
    expect(heard).toEqual(['lost'])
    proxy.swallow(false)
    proxy.cut()
    await up()
    // what was read in between nobody listened for
    expect(heard).toEqual(['lost', 'lost'])
    feed.close()
  })

  test('law 33: a server that is frozen is noticed within two heartbeats', async () => {
    const feed = feedOf(await client())
    const { down, heard, up } = listened(feed)
    await up()
    heard.length = 0
    server.pause()
    try {
      expect(await down()).toBeLessThan(2 * heartbeat + noise)
      expect(heard).toEqual(['lost'])
    } finally {
      server.resume()
    }
    await up()
    feed.close()
  })

  test('law 33: a connection that ends is noticed at once', async () => {
    const feed = feedOf(await client(proxy.port))
    const { down, heard, up } = listened(feed)
    await up()
    heard.length = 0
    proxy.cut()
    expect(await down()).toBeLessThan(noise)
    await up()
    expect(heard).toEqual(['lost', 'lost'])
    feed.close()
  })

  test('law 33: one that is not what it was is left', async () => {
    const other = await startRedis()
    closing.push(other.stop)
    const feed = feedOf(await client(other.port))
    const { heard, up } = listened(feed)
    await up()
    heard.length = 0
    await onNode(other, (send) => send('REPLICAOF', '127.0.0.1', String(server.port)))
    await eventually('it notices', () => Promise.resolve(heard.includes('lost')), 2_000)
    feed.close()
  })

  test('law 36: when it is closed, or nobody listens, no connection is left; it may begin again', async () => {
    const c = await client()
    const before = await connections()
    const feed = feedOf(c)
    const { stop, up } = listened(feed)
    await up()
    expect(await connections()).toBe(before + 1)
    stop()
    expect(feed.covers('k')).toBe(false)
    await eventually('it is gone', async () => (await connections()) === before, 2_000)
    const again = listened(feed)
    const twice = listened(feed)
    await again.up()
    await sleep(2 * heartbeat)
    expect(await connections()).toBe(before + 1)
    again.stop()
    expect(feed.covers('k')).toBe(true)
    twice.stop()
    feed.close()
    feed.close()
    await eventually('it is gone', async () => (await connections()) === before, 2_000)
    expect(c.listenerCount('error')).toBeLessThan(4)
  })

  test('law 36: a server that is not there is not asked all the time', async () => {
    const c = await client(proxy.port)
    const feed = feedOf(c)
    const { up } = listened(feed)
    await up()
    const other = await startCable(await freePort())
    const connect = () =>
      createClient({
        RESP: 3,
        url: `redis://127.0.0.1:${String(other.port)}`,
        socket: { reconnectStrategy: false }
      })
    const nowhere =
      kind === 'tracking'
        ? tracking(redis(c), { connect, heartbeat })
        : pubsub(c, { channel: 'c', connect, heartbeat })
    listened(nowhere)
    await sleep(1_500)
    nowhere.close()
    expect(nowhere.covers('k')).toBe(false)
    expect(other.connections()).toBeGreaterThan(1)
    expect(other.connections()).toBeLessThan(9)
    other.stop()
    feed.close()
  })

  test('law 33: a client that is replaced is followed to its server', async () => {
    const other = await startRedis()
    closing.push(other.stop)
    let current = await client()
    const feed =
      kind === 'tracking'
        ? tracking(
            redis(() => current),
            { heartbeat }
          )
        : pubsub(() => current, { channel: 'c', heartbeat })
    const { heard, up } = listened(feed)
    await up()
    heard.length = 0
    current = await client(other.port)
    expect(feed.covers('k')).toBe(false)
    await eventually('it is told', () => Promise.resolve(heard.includes('lost')), 2 * heartbeat)
    await up()
    heard.length = 0
    if (kind === 'tracking') await current.set('k', 'v')
    else await current.publish('c', JSON.stringify([1, 'somebody', 'k', 'k']))
    await eventually('it hears', () => Promise.resolve(heard.length > 0))
    expect(heard).toEqual(['k'])
    feed.close()
  })

  test('law 33: views of a client are that client', async () => {
    const c = await client()
    const views = () => c.withCommandOptions({ timeout: 500 })
    const feed =
      kind === 'tracking' ? tracking(redis(views), { heartbeat }) : pubsub(views, { channel: 'c', heartbeat })
    const { heard, up } = listened(feed)
    await up()
    heard.length = 0
    await sleep(3 * heartbeat)
    expect([heard, feed.covers('k')]).toEqual([[], true])
    feed.close()
  })

  /** A client and a feed by a name that leads to one server, then to another, and back. */
  const moved = async () => {
    const [one, two] = [await startRedis(), await startRedis()]
    closing.push(one.stop, two.stop)
    let to = one.port
    const pairs = new Set<Socket>()
    const name = createServer((near) => {
      const far = connectTo(to, '127.0.0.1')
      pairs.add(near)
      near.pipe(far).pipe(near)
      for (const [end, other] of [
        [near, far],
        [far, near]
      ] as const) {
        end.on('error', () => undefined)
        end.on('close', () => void other.destroy())
      }
      near.on('close', () => pairs.delete(near))
    }).listen(0, '127.0.0.1')
    await once(name, 'listening')
    closing.push(() => {
      name.close()
      pairs.forEach((one) => one.destroy())
    })
    // SAFETY: it listens on a port
    const { port } = name.address() as AddressInfo
    return { one, two, port, lead: (server: Server) => void (to = server.port) }
  }

  test('law 33: a client that is led to another server takes its feed with it', async () => {
    const { lead, one, port, two } = await moved()
    const c = await client(port)
    const id = Number(await c.sendCommand(['CLIENT', 'ID']))
    const feed = feedOf(c)
    const { heard, up } = listened(feed)
    await up()
    heard.length = 0
    lead(two)
    await onNode(one, (send) => send('CLIENT', 'KILL', 'ID', String(id))) // the feed's connection stays
    await eventually('it is told', () => Promise.resolve(heard.includes('lost')), noise)
    await up()
    heard.length = 0
    if (kind === 'tracking') await onNode(two, (send) => send('SET', 'k', 'v'))
    else await onNode(two, (send) => send('PUBLISH', 'c', JSON.stringify([1, 'somebody', 'k', 'k'])))
    await eventually('it hears', () => Promise.resolve(heard.length > 0))
    expect(heard).toEqual(['k'])
    feed.close()
  })

  test('law 33: a feed that is led to another server than its client covers nothing', async () => {
    const { lead, one, port, two } = await moved()
    const c = await client(port)
    const id = Number(await c.sendCommand(['CLIENT', 'ID']))
    const feed = feedOf(c)
    const { heard, up } = listened(feed)
    await up()
    lead(two)
    heard.length = 0
    await onNode(one, (send) => send('CLIENT', 'KILL', 'SKIPME', 'yes', 'ID', String(id + 1)))
    await eventually('its connection has ended', () => Promise.resolve(heard.includes('lost')))
    for (let i = 0; i < 20; i++) {
      await sleep(heartbeat / 5)
      expect(feed.covers('k')).toBe(false)
    }
    lead(one)
    await up()
    feed.close()
  })

  test('law 33: where a user may not ask which server it is, that is not compared', async () => {
    await onNode(server, (send) =>
      send('ACL', 'SETUSER', 'limited', 'on', '>pw', '~*', '&*', '+@all', '-info')
    )
    const c = await client(server.port, { username: 'limited', password: 'pw' })
    await expect(c.sendCommand(['INFO', 'server'])).rejects.toThrow('NOPERM')
    const feed = feedOf(c)
    await listened(feed).up()
    feed.close()
  })

  test('law 33: a client that has no connection is waited for', async () => {
    const c = createClient({ url: server.url })
    c.on('error', () => undefined)
    closing.push(() => c.destroy())
    const feed = feedOf(c)
    const { up } = listened(feed)
    await sleep(2 * heartbeat)
    expect(feed.covers('k')).toBe(false)
    await c.connect()
    await up()
    feed.close()
  })

  test('law 33: a process that stood still has missed what it has not heard', async () => {
    const feed = feedOf(await client())
    const { heard, up } = listened(feed)
    await up()
    heard.length = 0
    const { now } = Date
    const ahead = (ms: number): void => void (Date.now = () => now() + ms)
    try {
      ahead(heartbeat)
      feed.check?.()
      expect([heard, feed.covers('k')]).toEqual([[], true])
      ahead(2 * heartbeat + 1)
      expect(feed.covers('k')).toBe(false)
      expect(heard).toEqual([]) // nobody was served yet
      feed.check?.()
      expect(heard).toEqual(['lost'])
      feed.check?.()
      expect(heard).toEqual(['lost'])
    } finally {
      Date.now = now
    }
    await up()
    heard.length = 0
    try {
      ahead(0 - Duration.hours(1)) // the time of day was set back
      feed.check?.()
      expect(heard).toEqual(['lost'])
    } finally {
      Date.now = now
    }
    await up()
    feed.close()
  })

  test('law 36: a client keeps its listeners, and gets one of each kind, however many feeds it has', async () => {
    const c = await client()
    const before = c.listenerCount('error')
    const events = ['ready', 'reconnecting', 'end']
    for (let round = 0; round < 3; round++) {
      const feeds = Array.from({ length: 12 }, () => feedOf(c))
      const ups = feeds.map((feed) => listened(feed))
      for (const { up } of ups) await up()
      feeds.forEach((feed) => feed.close())
      expect(events.map((event) => c.listenerCount(event))).toEqual([1, 1, 1])
    }
    expect(c.listenerCount('error')).toBeGreaterThanOrEqual(before)
    c.emit('error', new Error('is heard')) // else it is thrown
  })

  test('law 33: wrong wiring is a TypeError, where there is a client', () => {
    const wrong = { get: () => undefined } as never // SAFETY: that is the fault
    const make = (lookup: () => never): RedisFeed =>
      kind === 'tracking'
        ? tracking(redis(lookup), { heartbeat })
        : pubsub(lookup, { channel: 'c', heartbeat })
    expect(() => make(() => wrong)).toThrow(TypeError)
    let isThere = false
    const feed = make(() => {
      if (!isThere) throw new Error('not yet')
      return wrong
    })
    const heard: Array<string> = []
    const listener = { changed: () => undefined, lost: () => void heard.push('lost') }
    const end = feed.listen(listener)()
    expect(feed.covers('k')).toBe(false)
    end()
    isThere = true
    for (let i = 0; i < 3; i++) expect(() => feed.listen(listener)()).toThrow(TypeError)
  })

  test('law 36: a feed that could not begin has nobody who listens', async () => {
    const current = await client()
    let isThere = false
    const lookup = () => {
      if (!isThere) throw new Error('not yet')
      return current
    }
    const feed =
      kind === 'tracking'
        ? tracking(redis(lookup, { namespace: 'n:' }), { heartbeat })
        : pubsub(lookup, { channel: 'c', heartbeat })
    const dropped: Array<string> = []
    const near = dict<Uint8Array>()
    const store = Store.tiered({
      near: { ...near, deleteMany: (keys) => (dropped.push(keys.join()), near.deleteMany(keys)) },
      far: dict<Uint8Array>(),
      invalidation: feed
    })
    for (let i = 0; i < 200; i++) await store.get('k')()
    isThere = true
    await listened(feed).up()
    await store.get('k')()
    dropped.length = 0
    if (kind === 'tracking') await current.set('n:k', 'v')
    else await current.publish('c', JSON.stringify([1, 'somebody', 'k', 'k']))
    await eventually('it hears', () => Promise.resolve(dropped.length > 0))
    await sleep(50)
    expect(dropped).toEqual(['k'])
    feed.close()
  })

  test('law 36: it keeps no process alive', async () => {
    const root = process.cwd()
    const program = `
      import { createClient } from 'redis'
      import { redis, tracking, pubsub } from '${root}/src/stores/redis'
      const c = createClient({ url: '${server.url}' })
      c.on('error', () => undefined)
      const main = async () => {
        await c.connect()
        const feed = ${kind === 'tracking' ? 'tracking(redis(c))' : "pubsub(c, { channel: 'c' })"}
        feed.listen({ changed: () => undefined, lost: () => undefined })()
        while (!feed.covers('k')) await new Promise((done) => setTimeout(done, 10))
        c.unref()
        console.log('listens')
      }
      void main()`
    const child = spawn('npx', ['tsx', '-e', program], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (data) => (said += String(data)))
    const code = await new Promise((resolve) => {
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
      child.once('exit', (n) => (clearTimeout(late), resolve(n)))
    })
    expect([said.trim(), code]).toEqual(['listens', 0])
  }, 20_000)
})

describe('tracking', () => {
  test('law 33: the near tier is empty before anything is served after a loss', async () => {
    const [far, other] = [
      redis(await client(proxy.port), { namespace: 'n:' }),
      redis(await client(), { namespace: 'n:' })
    ]
    const feed = tracking(far, { heartbeat })
    closing.push(feed.close)
    const near = dict<Uint8Array>()
    const store = Store.tiered({ near, far, invalidation: feed })
    for (let round = 0; round < 5; round++) {
      await eventually(
        'it lies near',
        async () => {
          await store.set('k', bytes('old'), minute)()
          await store.get('k')()
          return near.backend.size > 0
        },
        5_000
      )
      proxy.cut()
      await other.set('k', bytes('new'), minute)()
      await eventually('it is read again', async () => {
        const got = await store.get('k')()
        // the copy was the last one that could be old
        if (E.isRight(got) && near.backend.size === 0) expect(text(got)).toBe('new')
        return text(got) === 'new'
      })
    }
    feed.close()
  })

  test('law 33: with the recommended options, and a heartbeat longer than their timeout, it stays up', async () => {
    const { client: options } = recommended()
    const c = createClient({ ...options, url: server.url })
    c.on('error', () => undefined)
    await c.connect()
    const feed = tracking(redis(c, { namespace: 'n:' }), { heartbeat: Duration.seconds(1) })
    const { heard, up } = listened(feed)
    await up()
    heard.length = 0
    await sleep(1_500)
    await c.set('n:k', 'v')
    await eventually('it hears', () => Promise.resolve(heard.includes('k')))
    expect(heard).toEqual(['k'])
    feed.close()
    c.destroy()
  })

  test('law 33: all that may have changed: FLUSHALL, and keys that the store did not name', async () => {
    const c = await client(server.port, { keyPrefix: 'p:' })
    const feed = tracking(redis(c, { namespace: 'n:' }), { heartbeat })
    const { heard, up } = listened(feed)
    await up()
    heard.length = 0
    const raw = await client()
    await raw.set('p:n:k', 'v')
    await raw.set('p:other', 'v')
    await raw.sendCommand(['SET', Buffer.from([...Buffer.from('p:n:'), 0xff]), 'v'])
    await raw.flushAll()
    await eventually('it hears', () => Promise.resolve(heard.length >= 3))
    expect([heard[0], heard.at(-1), heard.includes('other')]).toEqual(['k', '*', false])
    feed.close()
  })

  test('law 33: a store whose keys are mapped hears of them by the names that it has for them', async () => {
    const raw = await client()
    const far = redis(await client(server.port, { keyPrefix: 'p:' }), { namespace: 'n:' })
    const exclaim = (key: string): string => `${key}!`
    const stores = {
      'p:n:app/k': [pipe(far, Store.prefixed('app/')), 'k'],
      'p:n:k!': [
        pipe(
          far,
          Store.mapKey(exclaim, (prefix) => prefix)
        ),
        '*'
      ], // nobody can say which key it is
      'p:n:l!': [pipe(far, Store.mapKey(exclaim)), '*'],
      'p:n:in/a!': [pipe(far, Store.prefixed('in/'), Store.mapKey(exclaim), Store.prefixed('a')), '*']
    } as const
    for (const [key, [store, told]] of Object.entries(stores)) {
      const feed = tracking(store, { heartbeat })
      const { heard, up } = listened(feed)
      await up()
      heard.length = 0
      await raw.set('p:x:k', 'v')
      await raw.set(key, 'v')
      await eventually('it hears', () => Promise.resolve(heard.length > 0))
      expect([key, heard]).toEqual([key, [told]])
      feed.close()
    }
    // @ts-expect-error it has no keys in Redis
    expect(() => tracking(dict())).toThrow(TypeError)
  })

  test('law 33: a pool whose connection is lost takes its feed with it', async () => {
    const pool = createClientPool({ url: server.url }, { minimum: 2, maximum: 3 })
    const told: Array<unknown> = []
    pool.on('error', (cause) => told.push(cause))
    await pool.connect()
    closing.push(() => pool.destroy())
    const id = Number(await pool.sendCommand(['CLIENT', 'ID']))
    const feed = tracking(redis(pool, { namespace: 'n:' }), { heartbeat })
    const { heard, up } = listened(feed)
    await up()
    heard.length = 0
    await onNode(server, (send) => send('CLIENT', 'KILL', 'ID', String(id)))
    await eventually('it is told', () => Promise.resolve(heard.includes('lost')), noise)
    expect(told).not.toEqual([])
    await up()
    feed.close()
  })

  test('law 36: a pool lends one connection, once, also while its server is frozen', async () => {
    const { client: options, pool: limits } = recommended()
    const pool = createClientPool(
      { ...options, keyPrefix: 'p:', socket: { ...options.socket, host: '127.0.0.1', port: server.port } },
      limits
    )
    pool.on('error', () => undefined)
    await pool.connect()
    closing.push(() => pool.destroy())
    const feed = tracking(redis(pool, { namespace: 'n:' }), { heartbeat })
    const { down, heard, up } = listened(feed)
    await up()
    const before = pool.totalClients
    server.pause()
    try {
      await down()
      await sleep(1_500)
      expect(pool.totalClients).toBe(before)
    } finally {
      server.resume()
    }
    await up()
    heard.length = 0
    await (await client()).set('p:n:k', 'v')
    await eventually('it hears', () => Promise.resolve(heard.includes('k')))
    feed.close()
  }, 60_000)

  test('law 33: behind sentinels it must be told how to connect', () => {
    const sentinel = createSentinel({ name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] })
    const listen = { changed: () => undefined, lost: () => undefined }
    expect(() => tracking(redis(sentinel))).toThrow(/connect/)
    expect(() => tracking(redis(sentinel))).toThrow(TypeError)
    // nobody is the master yet
    const feed = tracking(redis(sentinel), { connect: () => createClient({ RESP: 3, emitInvalidate: true }) })
    const end = feed.listen(listen)()
    expect(feed.covers('k')).toBe(false)
    end()
  })

  test('law 33: over TLS, from a URL', async () => {
    const directory = freshFolder('tls')
    const at = (name: string): string => join(directory, name)
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost']
    execFileSync('openssl', [...made, '-keyout', at('key'), '-out', at('cert')], { stdio: 'ignore' })
    const port = await freePort()
    const secure = await startRedis([
      ...['--tls-port', String(port), '--tls-cert-file', at('cert'), '--tls-key-file', at('key')],
      ...['--tls-ca-cert-file', at('cert'), '--tls-auth-clients', 'no', '--requirepass', '']
    ])
    closing.push(secure.stop)
    const c = createClient({
      url: `rediss://localhost:${String(port)}`,
      socket: { tls: true, ca: readFileSync(at('cert')), servername: 'localhost' }
    })
    c.on('error', () => undefined)
    await c.connect()
    const feed = tracking(redis(c, { namespace: 'n:' }), { heartbeat })
    const { heard, up } = listened(feed)
    await up()
    await c.set('n:k', 'v')
    await eventually('it hears', () => Promise.resolve(heard.includes('k')))
    feed.close()
    c.destroy()
    rmSync(directory, { recursive: true })
  })
})

test('law 31: what pubsub could not tell it tells later, until it is closed', async () => {
  const other = await startRedis()
  closing.push(other.stop)
  const { client: options } = recommended()
  const make = async () => {
    const c = createClient({
      ...recommended().client,
      url: other.url,
      socket: { ...options.socket, host: '127.0.0.1', port: other.port }
    })
    c.on('error', () => undefined)
    await c.connect()
    closing.push(() => c.destroy())
    return pubsub(c, { channel: 'c', heartbeat, timeout: Duration.milliseconds(200) })
  }
  const [one, two] = [await make(), await make()]
  const { heard, up } = listened(two)
  await up()
  await other.kill()
  expect(E.isLeft(await one.tell({ _tag: 'Keys', keys: ['k'] })())).toBe(true)
  await other.restart()
  await up()
  await eventually('it is told', () => Promise.resolve(heard.includes('k')), 5_000)
  one.close()
  two.close()
}, 20_000)

test('law 31: what pubsub cannot tell is a left of the operation that it was to tell of', async () => {
  const never = new Promise<never>(() => undefined)
  const publishers = { timeout: () => never, failed: () => Promise.reject(new Error('NOAUTH')) }
  for (const [reason, publish] of Object.entries(publishers)) {
    const client = Object.assign(createClient(), { publish })
    const feed = pubsub(client, { channel: 'c', heartbeat, timeout: Duration.milliseconds(20) })
    const store = Store.tiered({ near: dict<string>(), far: dict<string>(), invalidation: feed })
    expect(await store.delete('k')()).toMatchObject(E.left({ operation: 'delete', reason }))
    expect(await store.clear('k')()).toMatchObject(E.left({ operation: 'clear', reason }))
    feed.close()
  }
  expect(() => pubsub(createClient(), { channel: 'c', timeout: Duration.zero })).toThrow(TypeError)
  expect(() => pubsub({ publish: () => never }, { channel: 'c' })).toThrow(TypeError) // nothing to listen with
})

test('law 31: what pubsub could not tell when it was closed it never tells', async () => {
  let published = 0
  const c = Object.assign(createClient(), {
    publish: () => {
      published++
      return Promise.reject(new Error('closed'))
    }
  })
  const feed = pubsub(c, { channel: 'c', heartbeat })
  const change = { _tag: 'Keys', keys: ['k'] } as const
  const telling = feed.tell(change)()
  feed.close()
  await telling
  expect(E.isLeft(await feed.tell(change)())).toBe(true)
  expect(published).toBe(2)
  await sleep(1_500)
  expect(published).toBe(2)
  // who listens again has it told again
  const { stop } = listened(feed)
  await feed.tell(change)()
  await eventually('it is told again', () => Promise.resolve(published > 3), 2_000)
  stop()
  feed.close()
})
