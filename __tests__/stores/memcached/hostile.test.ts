/** Servers that announce, list, drip or drop what no memcached should, and programs that store beside the store. */
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import * as fc from 'fast-check'
import { none, some } from 'fp-ts/Option'

import * as D from '../../../src/Duration'
import {
  memcached,
  memcachedClient,
  type MemcachedServer,
  type OwnMemcachedClient
} from '../../../src/stores/memcached'
import { beginsWith, itemKeyOf, leaseKeyOf } from '../../../src/stores/memcached/keys'
import { healthy, type Proxy, startProxy } from '../../integration/proxy'
import { eventually, hostOf, type Server, sleep, startMemcached } from '../../integration/servers'
import { runs } from '../../runs'
import { left, right } from '../answers'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

let server: Server
let proxy: Proxy
const open: Array<OwnMemcachedClient> = []
const ends: Array<() => void> = []
beforeAll(async () => {
  server = await startMemcached()
  proxy = await startProxy(server.port)
})
afterEach(async () => {
  jest.restoreAllMocks()
  Object.assign(proxy.toxics, healthy)
  for (const end of ends.splice(0)) end()
  await Promise.all(open.splice(0).map((made) => made.close()))
})
afterAll(async () => {
  await proxy.close()
  await server.stop()
})

const clientOf = (
  address: string,
  options: Partial<Parameters<typeof memcachedClient>[0]> = {}
): OwnMemcachedClient => {
  const made = memcachedClient({ servers: [address], timeout: D.milliseconds(300), ...options })
  open.push(made)
  return made
}
const direct = (options?: Partial<Parameters<typeof memcachedClient>[0]>): OwnMemcachedClient =>
  clientOf(hostOf(server.url), options)

/** A server that does with each connection what the test likes, and how many there were. */
const odd = async (
  onSocket: (socket: Socket, which: number) => void
): Promise<{ readonly address: string; readonly count: () => number }> => {
  let count = 0
  const sockets = new Set<Socket>()
  const listening = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onSocket(socket, ++count)
  })
  ends.push(() => {
    listening.close()
    for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  // SAFETY: it listens to a port
  return { address: `127.0.0.1:${String((listening.address() as AddressInfo).port)}`, count: () => count }
}

const relay = (socket: Socket): void => {
  const far = createConnection(server.port, '127.0.0.1')
  far.on('error', () => undefined)
  socket.on('close', () => far.destroy())
  socket.pipe(far).pipe(socket)
}

/** Answers every request with what is made of its opaque. */
const answering = (answer: (opaque: string) => string) => (socket: Socket) =>
  socket.on('data', (chunk) => {
    for (const [, opaque = ''] of chunk.toString('latin1').matchAll(/ O(\d+)/g)) socket.write(answer(opaque))
  })

const codeOf = (cause: unknown): unknown => (cause as { readonly code?: unknown }).code

describe('values that are too much', () => {
  test('what is only announced takes no memory', async () => {
    const { address } = await odd(answering((opaque) => `VA 60000000 f0 O${opaque}\r\nx`))
    let least = Infinity
    let most = 0
    const look = (): void => {
      const { arrayBuffers } = process.memoryUsage()
      least = Math.min(least, arrayBuffers)
      most = Math.max(most, arrayBuffers)
    }
    look()
    const looking = setInterval(look, 10)
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => memcached(clientOf(address)).get('k')())
    )
    clearInterval(looking)
    expect(answers.map((answer) => left(answer).reason)).toEqual(answers.map(() => 'timeout'))
    expect(most - least).toBeGreaterThan(0)
    expect(most - least).toBeLessThan(30e6)
  })

  test('one that is larger than the client takes is a left, and one that is not comes', async () => {
    const [strict, generous] = [direct({ maxValueBytes: 1_000 }), direct()]
    const [store, other] = [strict, generous].map((made) => memcached(made, { namespace: 'sizes:' }))
    for (const size of [1_000, 1_001])
      right(await other!.set(String(size), new Uint8Array(size), D.minutes(1))())
    expect(codeOf(left(await store!.get('1001')()).cause)).toBe('EPROTO')
    expect(right(await store!.get('1000')())).toEqual(some(new Uint8Array(1_000)))
    expect(() => memcachedClient({ servers: ['a'], maxValueBytes: 0 })).toThrow(TypeError)
  })

  test('a large one is whole, in whatever pieces it comes', async () => {
    const store = memcached(clientOf(`127.0.0.1:${String(proxy.port)}`, { timeout: D.seconds(10) }), {
      timeout: D.seconds(10)
    })
    const value = new Uint8Array(Array.from({ length: 5_000_000 }, (_, i) => (i * 7919) >> 8))
    right(await store.setMany(['a', 'b'].map((key) => [key, value, D.minutes(1)] as const))())
    for (const slice of [0, 40_001]) {
      proxy.toxics.slice = slice
      const found = right(await store.getMany(['a', 'none', 'b'])())
      expect(found[1]).toEqual(none)
      for (const one of [found[0]!, found[2]!]) {
        expect(one._tag === 'Some' && Buffer.compare(one.value, value) === 0).toBe(true)
      }
    }
  }, 20_000)

  test('where there is no memory for one it is a left, and not the end of the process', async () => {
    const store = memcached(direct(), { namespace: 'memory:' })
    right(await store.setMany([['k', new Uint8Array(500_000), D.minutes(1)]])())
    jest.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation(() => {
      throw new RangeError('Array buffer allocation failed')
    })
    const error = left(await store.get('k')())
    expect(error.reason).toBe('failed')
    expect(codeOf(error.cause)).toBe('EPROTO')
    jest.restoreAllMocks()
    expect(right(await store.has('k')())).toBe(true)
  })

  test('who throws at a line of the administration is told so, and the process goes on', async () => {
    const failing = direct().servers[0]!.lines('stats', () => {
      throw new Error('not this one')
    })
    await expect(failing).rejects.toThrow('not this one')
  })
})

describe('clear, beside other programs', () => {
  /** What another program sends, byte for byte. */
  const raw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = createConnection(server.port, '127.0.0.1', () => socket.write(text, 'latin1'))
      socket.on('error', reject)
      socket.once('data', (said) => {
        socket.destroy()
        resolve(said.toString('latin1').trim())
      })
    })
  const base64 = (text: string): string => Buffer.from(text).toString('base64')

  test('law 35: keys of others that begin alike, and are none of the store’s, keep nothing from being removed', async () => {
    const store = memcached(direct({ timeout: D.seconds(5) }), { namespace: 'shop:' })
    const keys = Array.from({ length: 1_500 }, (_, i) => `u${String(i)}`)
    right(await store.setMany(keys.map((key) => [key, bytes(key), D.minutes(1)]))())
    const latin1 = `shop:${'\xff'.repeat(200)}`
    expect(await raw(`set ${latin1} 0 0 1\r\nx\r\n`)).toBe('STORED')
    expect(await raw(`set shop:100% 0 0 1\r\nx\r\n`)).toBe('STORED')
    for (const key of ['shop:a b', 'shop:\r\n', 'shop:\0']) {
      expect(await raw(`ms ${base64(key)} 1 b\r\nx\r\n`)).toBe('HD')
    }
    right(await store.clear('')())
    expect(right(await store.hasMany(keys)())).not.toContain(true)
    // no key of the store is theirs
    expect(await raw(`get ${latin1}\r\n`)).toMatch(/^VALUE/)
    expect(await raw('get shop:100%\r\n')).toMatch(/^VALUE/)
    expect(await raw(`mg ${base64('shop:a b')} b v\r\n`)).toMatch(/^VA/)
  })

  test('law 35: no key of the store is passed over, nor is a lease found', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 })
    const long = fc.constantFrom('', 'k'.repeat(240), '日'.repeat(90))
    fc.assert(
      fc.property(text, fc.tuple(long, text, long), (prefix, rest) => {
        const key = prefix + rest.join('')
        fc.pre(key !== '')
        const asked = beginsWith(prefix)
        fc.pre(asked !== undefined)
        expect(asked(Buffer.from(itemKeyOf(key)))).toBe(itemKeyOf(key))
        expect(asked(Buffer.from(leaseKeyOf(key)))).toBe(undefined)
      }),
      { numRuns: runs(2_000) }
    )
  })

  test('one that is refused keeps no other from being removed, and is told', async () => {
    const [real] = direct({ timeout: D.seconds(5) }).servers
    const picky: MemcachedServer = {
      ...real!,
      ask: async (requests) =>
        (await real!.ask(requests)).map((reply, i) =>
          requests[i]?.command === 'md' && requests[i].key === 'picky:k3'
            ? { ...reply, status: 'CLIENT_ERROR' }
            : reply
        )
    }
    const store = memcached({ servers: [picky], serverOf: () => picky }, { namespace: 'picky:' })
    const keys = Array.from({ length: 2_500 }, (_, i) => `k${String(i)}`)
    right(await store.setMany(keys.map((key) => [key, bytes(key), D.minutes(1)]))())
    expect(left(await store.clear('')()).reason).toBe('failed')
    expect(right(await store.hasMany(keys)())).not.toContain(true)
  })
})

describe('a server that lets nobody in', () => {
  const forMs = async (ms: number, task: () => Promise<unknown>): Promise<number> => {
    const begun = performance.now()
    let times = 0
    while (performance.now() - begun < ms) {
      await task()
      if (++times % 50 === 0) await sleep(0)
    }
    return times
  }
  const value = bytes('v')

  test('is asked again after a pause, whatever is asked', async () => {
    for (const task of [
      (store: ReturnType<typeof memcached>) => store.set('k', value, D.minutes(1)),
      (store: ReturnType<typeof memcached>) => store.set('k', value, D.days(60)),
      (store: ReturnType<typeof memcached>) => store.clear('')
    ]) {
      const { address, count } = await odd((socket) => socket.destroy())
      const store = memcached(clientOf(address), { namespace: 'n:' })
      const times = await forMs(800, task(store))
      expect(times).toBeGreaterThan(50)
      expect(count()).toBeGreaterThan(0)
      expect(count()).toBeLessThan(15)
    }
  })

  test('one list at a time is asked of a server, and the next come after it', async () => {
    const { address, count } = await odd(() => undefined)
    const store = memcached(clientOf(address), { namespace: 'n:' })
    const answers = await Promise.all(Array.from({ length: 20 }, () => store.clear('')()))
    expect(answers.map(({ _tag }) => _tag)).toEqual(answers.map(() => 'Left'))
    expect(count()).toBe(1)
    let now = 0
    let most = 0
    const { address: relayed } = await odd((socket) => {
      most = Math.max(most, ++now)
      socket.on('close', () => now--)
      relay(socket)
    })
    const alive = memcached(clientOf(relayed, { timeout: D.seconds(5) }), { namespace: 'alive:' })
    right(await alive.set('k', value, D.minutes(1))())
    const cleared = await Promise.all(Array.from({ length: 20 }, () => alive.clear('')()))
    cleared.forEach(right)
    // the end of one is heard of a little later than the beginning of the next
    expect(most).toBeLessThan(5)
  })

  test('and works again when it does', async () => {
    let isOpen = false
    const { address } = await odd((socket) => {
      if (isOpen) relay(socket)
      else socket.destroy()
    })
    const store = memcached(clientOf(address), { namespace: 'again:' })
    for (let i = 0; i < 20; i++) {
      await store.set('k', value, D.days(60))()
      await store.clear('')()
    }
    isOpen = true
    await eventually('it stores', async () => (await store.set('k', value, D.days(60))())._tag === 'Right')
    await eventually('it clears', async () => (await store.clear('')())._tag === 'Right')
    expect(right(await store.get('k')())).toEqual(none)
  })
})

describe('a connection that drips', () => {
  /** The first connection is slow from the second answer on: a byte in so many milliseconds. */
  const dripping = (ms: number) =>
    odd((socket, which) => {
      const far = createConnection(server.port, '127.0.0.1')
      far.on('error', () => undefined)
      socket.on('data', (data) => far.write(data))
      const queue: Array<number> = []
      const timer = setInterval(() => {
        const byte = queue.shift()
        if (byte !== undefined) socket.write(Buffer.of(byte))
      }, ms)
      socket.on('close', () => {
        clearInterval(timer)
        far.destroy()
      })
      let answers = 0
      far.on('data', (data) => {
        if (which === 1 && answers++ > 0) queue.push(...data)
        else socket.write(data)
      })
    })

  test('is given up, and the next one answers', async () => {
    const { address, count } = await dripping(50)
    const store = memcached(clientOf(address, { timeout: D.milliseconds(100) }), { namespace: 'drip:' })
    const value = bytes('v'.repeat(300))
    right(await store.set('k', value, D.minutes(1))())
    const begun = performance.now()
    await eventually('it answers', async () => (await store.get('k')())._tag === 'Right', 5_000)
    // its answer would have taken fifteen seconds
    expect(performance.now() - begun).toBeLessThan(1_500)
    expect(count()).toBe(2)
  })

  test('keeps nobody from closing', async () => {
    const { address } = await dripping(50)
    const made = clientOf(address, { timeout: D.milliseconds(400) })
    const [only] = made.servers
    await only!.ask([{ command: 'ms', key: 'closing', value: new Uint8Array(300) }])
    const asked = only!.ask([{ command: 'mg', key: 'closing', flags: 'v' }])
    const outcome = asked.then(
      () => 'answered',
      (cause: unknown) => codeOf(cause)
    )
    const begun = performance.now()
    await made.close()
    expect(performance.now() - begun).toBeGreaterThan(300)
    expect(performance.now() - begun).toBeLessThan(1_000)
    expect(['ETIMEDOUT', 'ECLOSED']).toContain(await outcome)
  })

  test('a list that drips is given up, too', async () => {
    const { address } = await odd((socket) => {
      const timer = setInterval(() => socket.write('k'), 20)
      socket.on('close', () => clearInterval(timer))
    })
    const store = memcached(clientOf(address, { timeout: D.milliseconds(100) }), { namespace: 'drip:' })
    const begun = performance.now()
    expect(left(await store.clear('')()).reason).toBe('timeout')
    expect(performance.now() - begun).toBeLessThan(1_000)
  })
})
