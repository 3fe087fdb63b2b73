/** The client: what it sends, what it refuses to send, where it sends it, and how it ends. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import * as D from '../../../src/Duration'
import { memcached, memcachedClient, type MemcachedRequest } from '../../../src/stores/memcached'
import { ketama } from '../../../src/stores/memcached/ketama'
import { freshFolder } from '../../folders'
import { hostOf, type Server, startMemcached } from '../../integration/servers'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

let server: Server
beforeAll(async () => {
  server = await startMemcached()
})
afterAll(() => server.stop())

const only = (options: Partial<Parameters<typeof memcachedClient>[0]> = {}) => {
  const made = memcachedClient({ servers: [hostOf(server.url)], ...options })
  return { made, one: made.servers[0]! }
}

describe('what it sends', () => {
  test('a key may have any bytes, in base64', async () => {
    const { made, one } = only()
    const key = Uint8Array.of(0, 32, 10, 255)
    const replies = await one.ask([
      { command: 'ms', key, value: bytes('v'), flags: 'T0' },
      { command: 'mg', key, flags: 'v t k' },
      { command: 'md', key }
    ])
    expect(replies.map(({ status }) => status)).toEqual(['HD', 'VA', 'HD'])
    expect(replies[1]?.flags).toBe(`t-1 k${Buffer.from(key).toString('base64')} b`)
    await made.close()
  })

  test('what memcached would not take, or would make another command, is not sent, nor what goes with it', async () => {
    const { made, one } = only()
    const refused: ReadonlyArray<MemcachedRequest> = [
      { command: 'mg', key: '' },
      { command: 'mg', key: 'a b' },
      { command: 'mg', key: 'a\r\nms pwned 1' },
      { command: 'mg', key: '\0' },
      { command: 'mg', key: '\x7f' },
      { command: 'mg', key: 'k'.repeat(251) },
      { command: 'mg', key: 'é'.repeat(126) },
      { command: 'mg', key: new Uint8Array(0) },
      { command: 'mg', key: new Uint8Array(190) },
      { command: 'mg', key: 'k', flags: 'v q' },
      { command: 'mg', key: 'k', flags: 'O1' },
      { command: 'mg', key: 'k', flags: 'b' },
      { command: 'mg', key: 'k', flags: 'v  t' },
      { command: 'mg', key: 'k', flags: 'v\r\nmd k' }
    ]
    for (const request of refused) {
      await expect(one.ask([{ command: 'ms', key: 'beside', value: bytes('v') }, request])).rejects.toThrow(
        TypeError
      )
    }
    expect((await one.ask([{ command: 'mg', key: 'beside' }]))[0]?.status).toBe('EN')
    expect((await one.ask([{ command: 'mg', key: 'é'.repeat(125) }]))[0]?.status).toBe('EN')
    expect(await one.ask([])).toEqual([])
    await made.close()
  })

  test('a refused value leaves the connection, and what comes after it', async () => {
    const { made, one } = only()
    const replies = await one.ask([
      { command: 'ms', key: 'a', value: bytes('a') },
      { command: 'ms', key: 'b', value: new Uint8Array(9 * 2 ** 20) },
      { command: 'mg', key: 'a', flags: 'v' }
    ])
    expect(replies.map(({ status }) => status)).toEqual(['HD', 'SERVER_ERROR', 'VA'])
    expect(replies[1]?.flags).toBe('object too large for cache')
    await made.close()
  })

  test('flags that only some answers have are kept', async () => {
    const { made, one } = only()
    const [won, lost] = await one.ask([
      { command: 'mg', key: 'vivified', flags: 'N30 v c t' },
      { command: 'mg', key: 'vivified', flags: 'N30 v t' }
    ])
    expect(won?.flags).toMatch(/^c\d+ t30 W$/)
    expect(lost?.flags).toBe('t30 Z')
    await made.close()
  })

  test('more than may wait fails at once', async () => {
    const { made, one } = only({ maxPending: 10 })
    const eleven = Array.from({ length: 11 }, () => one.ask([{ command: 'mg', key: 'k' }]))
    const outcomes = await Promise.allSettled(eleven)
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    // a connection is there now; one list alone may be longer
    expect(await one.ask(Array.from({ length: 50 }, () => ({ command: 'mg', key: 'k' })))).toHaveLength(50)
    const again = await Promise.allSettled([
      ...Array.from({ length: 10 }, () => one.ask([{ command: 'mg' as const, key: 'k' }])),
      one.ask([{ command: 'mg', key: 'k' }])
    ])
    expect(again.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 10 }, () => 'fulfilled'),
      'rejected'
    ])
    await made.close()

    const narrow = only({ maxPendingBytes: 100 })
    const [first, second] = await Promise.allSettled([
      narrow.one.ask([{ command: 'ms', key: 'k', value: new Uint8Array(1_000) }]),
      narrow.one.ask([{ command: 'mg', key: 'k' }])
    ])
    expect([first?.status, second?.status]).toEqual(['fulfilled', 'rejected'])
    await narrow.made.close()
  })

  test('lines of the administration, and what it refuses', async () => {
    const { made, one } = only()
    const lines: Array<string> = []
    await one.lines('stats', (line) => lines.push(line))
    expect(lines.some((line) => line.startsWith('STAT version 1.'))).toBe(true)
    await expect(one.lines('no such command', () => undefined)).rejects.toThrow('refused')
    await made.close()
    await expect(one.lines('stats', () => undefined)).rejects.toThrow('closed')
  })
})

describe('how it ends', () => {
  test('close waits for what is in flight, and nothing is taken after it', async () => {
    const { made, one } = only()
    await one.ask([{ command: 'ms', key: 'closing', value: bytes('v') }])
    const last = one.ask([{ command: 'mg', key: 'closing', flags: 'v' }])
    const closed = made.close()
    expect((await last)[0]?.status).toBe('VA')
    await closed
    await expect(one.ask([{ command: 'mg', key: 'closing' }])).rejects.toThrow('closed')
    await expect(one.session()).rejects.toThrow('closed')
    await made.close()
  })

  test('a server that falls silent between two answers is given up, and keeps nobody from closing', async () => {
    const half = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        const opaque = /O(\d+)/.exec(chunk.toString())?.[1]
        socket.write(`HD O${opaque ?? ''}\r\n`)
      })
    })
    await new Promise<void>((resolve) => half.listen(0, '127.0.0.1', resolve))
    const { port } = half.address() as AddressInfo
    const { made, one } = only({ servers: [`127.0.0.1:${String(port)}`], timeout: D.milliseconds(100) })
    const asked = one.ask([
      { command: 'md', key: 'a' },
      { command: 'md', key: 'b' }
    ])
    await expect(asked).rejects.toThrow()
    const closed = await Promise.race([
      made.close().then(() => 'closed'),
      new Promise((resolve) => setTimeout(resolve, 2_000, 'still open'))
    ])
    expect(closed).toBe('closed')
    half.close()
  })

  test('close while it connects', async () => {
    const { made, one } = only()
    const asked = one.ask([{ command: 'mg', key: 'k' }])
    await made.close()
    await expect(asked).rejects.toThrow('closed')
    const never = only()
    await never.made.close()
    expect(never.made.servers).toHaveLength(1)
  })

  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER])(
    'a timeout of %d ms is one: what a slow server does not say at once is waited for',
    async (ms) => {
      const held: Array<() => void> = []
      const slow = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => held.push(() => void socket.write('END\r\n')))
      }).listen(0, '127.0.0.1')
      await new Promise((resolve) => slow.once('listening', resolve))
      const servers = [`127.0.0.1:${String((slow.address() as AddressInfo).port)}`]
      const patient = memcachedClient({ servers, timeout: D.milliseconds(ms) })
      const secured = memcachedClient({ servers, timeout: D.milliseconds(ms), tls: true })
      const brief = memcachedClient({ servers, timeout: D.milliseconds(20), tls: true })
      const settled = new Set<string>()
      const note = (name: string, task: Promise<unknown>): Promise<unknown> =>
        task.catch((cause: unknown) => cause).finally(() => settled.add(name))
      void note('its connection', secured.servers[0]!.ask([{ command: 'mg', key: 'k' }]))
      const lines = note(
        'its lines',
        patient.servers[0]!.lines('stats', () => undefined)
      )
      const ended = note('the control', brief.servers[0]!.ask([{ command: 'mg', key: 'k' }]))
      await ended
      expect([...settled]).toEqual(['the control'])
      // both have sent something by now, or will
      while (!settled.has('its lines')) {
        for (const answer of held.splice(0)) answer()
        await new Promise(setImmediate)
      }
      expect(await lines).toBeUndefined()
      slow.close()
      void secured.close()
      void patient.close()
      void brief.close()
    }
  )

  test('a server that takes no connection is late in time', async () => {
    // SAFETY: 192.0.2.0/24 is for documentation, nobody answers there; some networks say so at once
    const made = memcachedClient({ servers: ['192.0.2.1:11211'], timeout: D.milliseconds(100) })
    const begun = performance.now()
    await expect(made.servers[0]!.ask([{ command: 'mg', key: 'k' }])).rejects.toThrow()
    expect(performance.now() - begun).toBeLessThan(1_000)
    await made.close()
  })
})

describe('wiring', () => {
  test('what cannot be meant is a defect', () => {
    const wrong: ReadonlyArray<Parameters<typeof memcachedClient>[0]> = [
      { servers: [] },
      { servers: [''] },
      { servers: ['redis://localhost'] },
      { servers: ['localhost:99999'] },
      { servers: ['a', 'a'] },
      { servers: ['a', 'b'], names: ['a'] },
      { servers: ['a'], timeout: D.zero },
      { servers: ['a'], maxPending: 0 }
    ]
    for (const options of wrong) expect(() => memcachedClient(options)).toThrow(TypeError)
    expect(memcachedClient({ servers: ['a', '[::1]:11212', '/run/memcached.sock'] }).servers).toHaveLength(3)
    expect(() => memcached(memcachedClient({ servers: ['a'] }), { timeout: D.zero })).toThrow(TypeError)
  })

  test('a Unix socket', async () => {
    const directory = freshFolder('socket')
    const path = join(directory, 's')
    const relay = createServer((near) => {
      const far = createConnection(server.port, '127.0.0.1')
      near.pipe(far).pipe(near)
      for (const socket of [near, far]) socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => relay.listen(path, resolve))
    const made = memcachedClient({ servers: [path] })
    expect((await made.servers[0]!.ask([{ command: 'mg', key: 'none' }]))[0]?.status).toBe('EN')
    await made.close()
    relay.close()
    rmSync(directory, { recursive: true })
  })

  test('TLS, where the certificate is trusted', async () => {
    const directory = freshFolder('tls')
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '2',
        ...subject
      ],
      { stdio: 'ignore' }
    )
    const relay = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (near) => {
      const far = createConnection(server.port, '127.0.0.1')
      near.pipe(far).pipe(near)
      for (const socket of [near, far]) socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    // SAFETY: it listens on a port
    const servers = [`127.0.0.1:${String((relay.address() as AddressInfo).port)}`]
    const trusting = memcachedClient({ servers, tls: { ca: readFileSync(cert) } })
    expect((await trusting.servers[0]!.ask([{ command: 'mg', key: 'none' }]))[0]?.status).toBe('EN')
    const doubting = memcachedClient({ servers, tls: true })
    await expect(doubting.servers[0]!.ask([{ command: 'mg', key: 'none' }])).rejects.toThrow()
    await trusting.close()
    await doubting.close()
    relay.close()
    rmSync(directory, { recursive: true })
  }, 20_000)
})

describe('where it sends it', () => {
  // as in the tests of spymemcached (KetamaNodeLocatorTest), which has them from libketama
  test('ports that differ', () => {
    const names = (n: number): ReadonlyArray<string> =>
      Array.from({ length: n }, (_, i) => `127.0.0.1:${String(10_000 + i)}`)
    const four = ketama(names(4))
    const keys = ['dustin', 'noelani', 'some other key', 'V5XS8C8N', '8KR2DKR2', 'L9KH6X4X']
    expect(keys.map(four)).toEqual([0, 2, 0, 3, 3, 3])
    const five = ketama(names(5))
    expect(['dustin', 'noelani', 'some other key'].map(five)).toEqual([0, 2, 4])
    expect(['36', '10037', '22051', '49044'].map(five)).toEqual([2, 3, 1, 4])
  })

  test('hosts that differ', () => {
    const eight = ketama(Array.from({ length: 8 }, (_, i) => `10.0.1.${String(i + 1)}:11211`))
    const expected: Readonly<Record<string, number>> = {
      ...{
        0: 1,
        233: 7,
        466: 3,
        699: 1,
        932: 6,
        1165: 2,
        1398: 1,
        1631: 6,
        1864: 5,
        2097: 3,
        2330: 7,
        2563: 3
      },
      ...{
        2796: 6,
        3029: 1,
        3262: 2,
        3495: 3,
        3728: 8,
        3961: 4,
        4194: 4,
        4427: 3,
        4660: 4,
        4893: 7,
        5126: 4
      },
      ...{ 5359: 2, 5592: 2, 5825: 3, 6058: 2, 6291: 7, 6524: 5, 6757: 5, 6990: 1, 7223: 5, 7456: 4, 7689: 2 }
    }
    for (const [key, host] of Object.entries(expected)) expect([key, eight(key) + 1]).toEqual([key, host])
  })

  test('a server that is added takes its share, and no key goes from one of the others to another', () => {
    const names = Array.from({ length: 5 }, (_, i) => `host${String(i)}:11211`)
    const [before, after] = [ketama(names.slice(0, 4)), ketama(names)]
    const moved = Array.from({ length: 5_000 }, (_, i) => `key${String(i)}`).filter(
      (key) => before(key) !== after(key)
    )
    expect(moved.map(after).every((place) => place === 4)).toBe(true)
    expect(moved.length).toBeGreaterThan(700)
    expect(moved.length).toBeLessThan(1_300)
  })

  test('names of one’s own', () => {
    const servers = ['10.0.1.1:11211', '10.0.1.2:11211']
    const named = memcachedClient({ servers, names: ['10.0.1.1', '10.0.1.2'] })
    const byDefault = memcachedClient({ servers })
    const keys = Array.from({ length: 100 }, (_, i) => String(i))
    const places = (made: ReturnType<typeof memcachedClient>) =>
      keys.map((key) => made.servers.indexOf(made.serverOf(key)))
    expect(places(named)).toEqual(keys.map(ketama(['10.0.1.1', '10.0.1.2'])))
    expect(places(named)).not.toEqual(places(byDefault))
  })
})
