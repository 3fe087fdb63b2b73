/** What becomes of a client and of a store when the server, or what is between, fails. */
import { execFileSync } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { Either } from 'fp-ts/Either'
import { none, some } from 'fp-ts/Option'

import * as D from '../../../src/Duration'
import type { StoreError } from '../../../src/RingError'
import { memcached, memcachedClient, type OwnMemcachedClient } from '../../../src/stores/memcached'
import { healthy, type Proxy, startProxy } from '../../integration/proxy'
import { eventually, hostOf, type Server, sleep, startMemcached } from '../../integration/servers'
import { runs } from '../../runs'
import { left, operationsOf, right } from '../answers'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

let server: Server
let proxy: Proxy
const open: Array<OwnMemcachedClient> = []
beforeAll(async () => {
  server = await startMemcached()
  proxy = await startProxy(server.port)
})
afterEach(async () => {
  Object.assign(proxy.toxics, healthy)
  await Promise.all(open.splice(0).map((made) => made.close()))
})
afterAll(async () => {
  await proxy.close()
  await server.stop()
})

const clientOf = (address: string, ms = 300): OwnMemcachedClient => {
  const made = memcachedClient({ servers: [address], timeout: D.milliseconds(ms) })
  open.push(made)
  return made
}
const proxied = (ms?: number): OwnMemcachedClient => clientOf(`127.0.0.1:${String(proxy.port)}`, ms)
const direct = (ms?: number): OwnMemcachedClient => clientOf(hostOf(server.url), ms)

describe('law 26: every call settles within its deadline', () => {
  const silences: Readonly<Record<string, () => () => void>> = {
    'a frozen server': () => {
      server.pause()
      return server.resume
    },
    'a connection that is half open': () => {
      proxy.toxics.swallow = true
      return () => void (proxy.toxics.swallow = false)
    }
  }
  for (const [name, begin] of Object.entries(silences)) {
    test(`${name} is a timeout for every operation, and no longer when it is over`, async () => {
      const store = memcached(proxied(), { namespace: 'silent:', timeout: D.milliseconds(200) })
      right(await store.set('k', bytes('v'), D.minutes(1))())
      const end = begin()
      const operations = operationsOf(store)
      const begun = performance.now()
      const answers = await Promise.all(Object.values(operations).map((operation) => operation()))
      const took = performance.now() - begun
      // and again: the connection that said nothing was given up, and the next one says nothing either
      const later = await Promise.all(Object.values(operations).map((operation) => operation()))
      end()
      expect(answers.map((answer) => left(answer).reason)).toEqual(answers.map(() => 'timeout'))
      expect(answers.map((answer) => left(answer).operation)).toEqual(Object.keys(operations))
      expect(new Set(later.map(({ _tag }) => _tag))).toEqual(new Set(['Left']))
      expect(took).toBeGreaterThanOrEqual(195)
      expect(took).toBeLessThan(1_000)
      await eventually('it recovers', async () => (await store.get('k')())._tag === 'Right', 5_000)
    }, 20_000)
  }

  test('with resets, late and sliced answers, in any order', async () => {
    const ms = 250
    const made = proxied(ms)
    const store = memcached(made, { namespace: 'chaos:', timeout: D.milliseconds(ms) })
    const slowest = { took: 0, lefts: 0, rights: 0 }
    let ended = false
    const timed = async (operation: () => Promise<Either<StoreError, unknown>>): Promise<void> => {
      const begun = performance.now()
      const { _tag } = await operation()
      slowest.took = Math.max(slowest.took, performance.now() - begun)
      if (_tag === 'Left') slowest.lefts++
      else slowest.rights++
    }
    // clear has a deadline for each of its steps
    const { clear: _, ...operations } = operationsOf(store)
    const traffic = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!ended) {
          await Promise.all(Object.values(operations).map(timed))
          await sleep(2)
        }
      })
    )
    for (let i = 0; i < 12; i++) {
      Object.assign(
        proxy.toxics,
        healthy,
        [{ slice: 1 }, { latency: 20 }, { slice: 7, latency: 1 }, {}][i % 4]
      )
      await sleep(100)
      proxy.reset()
      await sleep(100)
    }
    ended = true
    await traffic
    expect(slowest.lefts).toBeGreaterThan(0)
    expect(slowest.rights).toBeGreaterThan(0)
    // what the event loop takes for four times nineteen operations comes on top
    expect(slowest.took).toBeLessThan(ms + 500)
    Object.assign(proxy.toxics, healthy)
    await eventually('it recovers', async () => (await store.get('k')())._tag === 'Right', 5_000)
  }, 20_000)

  test('an answer that comes late is no other request’s', async () => {
    const store = memcached(proxied(100), { namespace: 'late:', timeout: D.milliseconds(100) })
    for (const key of ['a', 'b']) right(await store.set(key, bytes(key), D.minutes(1))())
    proxy.toxics.latency = 150
    const first = store.get('a')()
    await sleep(60)
    // this one arrives meanwhile, so the connection is not silent
    proxy.toxics.latency = 0
    expect(left(await first).reason).toBe('timeout')
    for (let i = 0; i < 20; i++) {
      const found = await store.get('b')()
      if (found._tag === 'Right') expect(found.right).toEqual(some(bytes('b')))
      await sleep(10)
    }
    expect(right(await store.get('b')())).toEqual(some(bytes('b')))
  })
})

describe('no answer is taken for another', () => {
  const keys = Array.from({ length: 20 }, (_, i) => `key${String(i)}`)

  /** How many answers there were while the bytes were changed, and how many of them were wrong. */
  const answersUnder = async (
    change: (piece: Buffer) => Buffer
  ): Promise<{ seen: number; wrong: number }> => {
    const honest = memcached(direct(), { namespace: 'mixed:' })
    right(await honest.setMany(keys.map((key) => [key, bytes(`value of ${key}`), D.minutes(1)]))())
    const count = { seen: 0, wrong: 0 }
    for (const batch of [true, false]) {
      const store = memcached(proxied(150), { namespace: 'mixed:', batch, timeout: D.milliseconds(150) })
      right(await store.get('key0')())
      proxy.toxics.change = change
      for (let i = 0; i < 3; i++) {
        const answers = await Promise.all(keys.map((key) => store.get(key)()))
        answers.forEach((answer, j) => {
          if (answer._tag === 'Left') return
          count.seen++
          const { right: found } = answer
          const isRight =
            found._tag === 'Some' && Buffer.from(found.value).toString() === `value of ${keys[j] ?? ''}`
          if (!isRight) count.wrong++
        })
      }
      proxy.toxics.change = healthy.change
      await eventually('it recovers', async () => (await store.get('key0')())._tag === 'Right')
    }
    return count
  }

  test('whatever is done to the bytes on their way, a value is that of its key, or there is none', async () => {
    const changes: Readonly<Record<string, (piece: Buffer) => Buffer>> = {
      'an answer twice': (piece) => Buffer.concat([piece, piece]),
      'an answer less': (piece) => piece.subarray(piece.indexOf('\n') + 1),
      'the first two exchanged': (piece) => {
        const text = piece.toString('latin1')
        const parts = text.split(/(?=VA )/)
        return Buffer.from([parts[1] ?? '', parts[0] ?? '', ...parts.slice(2)].join(''), 'latin1')
      },
      'no opaques': (piece) => Buffer.from(piece.toString('latin1').replace(/ O\d+/g, ''), 'latin1'),
      'other opaques': (piece) => Buffer.from(piece.toString('latin1').replace(/ O\d/g, ' O9'), 'latin1'),
      'two opaques': (piece) => Buffer.from(piece.toString('latin1').replace(/ O1/g, ' O1 O1'), 'latin1'),
      'a line of somebody else': (piece) => Buffer.concat([Buffer.from('HD\r\n'), piece]),
      'an error of somebody else': (piece) => Buffer.concat([Buffer.from('SERVER_ERROR busy\r\n'), piece]),
      'another length': (piece) => Buffer.from(piece.toString('latin1').replace(/VA \d+/, 'VA 3'), 'latin1'),
      'a length that nothing has': (piece) =>
        Buffer.from(piece.toString('latin1').replace(/VA \d+/, 'VA 99999999999'), 'latin1'),
      'no end of line': (piece) => Buffer.concat([Buffer.alloc(5_000, 'x'), piece]),
      'a bare line feed': (piece) => Buffer.from(piece.toString('latin1').replace('\r\n', '\n'), 'latin1')
    }
    let seen = 0
    for (const [name, change] of Object.entries(changes)) {
      const count = await answersUnder(change)
      expect([name, count.wrong]).toEqual([name, 0])
      seen += count.seen
    }
    expect(seen).toBeGreaterThan(0)
  }, 30_000)

  test('where each has the opaque of another, as in a protocol without them, this is caught', async () => {
    const exchanged = (piece: Buffer): Buffer => {
      const text = piece.toString('latin1')
      const opaques = text.match(/ O\d+/g) ?? []
      const [first = '', second = '', ...rest] = text.split(/(?=VA )/)
      let i = 0
      const mixed = [second, first, ...rest].join('').replace(/ O\d+/g, () => opaques[i++] ?? '')
      return Buffer.from(mixed, 'latin1')
    }
    expect((await answersUnder(exchanged)).wrong).toBeGreaterThan(0)
  }, 30_000)

  test('with any slices', async () => {
    const store = memcached(proxied(5_000), { namespace: 'sliced:', timeout: D.seconds(5) })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 20 }),
        async (slice, values) => {
          proxy.toxics.slice = slice
          const keys = values.map((_, i) => String(i))
          right(await store.setMany(values.map((value, i) => [String(i), value, D.minutes(1)]))())
          const found = right(await store.getMany([...keys, 'none'])())
          expect(found).toEqual([...values.map((value) => some(new Uint8Array(value))), none])
        }
      ),
      { numRuns: runs(200) }
    )
  }, 20_000)
})

describe('a server that is lost', () => {
  test('law 26: a server that is killed is a left, and the store works on when it is back', async () => {
    const own = await startMemcached()
    const store = memcached(clientOf(hostOf(own.url)), { namespace: 'killed:', timeout: D.milliseconds(300) })
    right(await store.set('k', bytes('v'), D.minutes(1))())
    let ended = false
    const outcomes: Array<string> = []
    const traffic = (async () => {
      while (!ended) {
        outcomes.push(...(await Promise.all([store.get('k')(), store.read('l')()])).map(({ _tag }) => _tag))
        await sleep(5)
      }
    })()
    await own.kill()
    expect((await store.get('k')())._tag).toBe('Left')
    await own.restart()
    await eventually('it recovers', async () => (await store.get('k')())._tag === 'Right', 5_000)
    expect(right(await store.get('k')())).toEqual(none)
    ended = true
    await traffic
    expect(new Set(outcomes)).toEqual(new Set(['Left', 'Right']))
    await own.stop()
  }, 20_000)

  test('law 25: a lease is lost with its server, also where the new one counts from 1 again', async () => {
    const own = await startMemcached()
    const made = clientOf(hostOf(own.url), 1_000)
    const store = memcached(made)
    // what a session has seen is of the server that it was connected to
    const session = await made.servers[0]!.session()
    const [added] = await session.ask([{ command: 'ms', key: 'k', value: bytes('old'), flags: 'c' }])
    expect(added?.flags).toBe('c1')
    right(await store.leases.seize('l', 'me', D.minutes(1))())
    await own.restart()
    await eventually(
      'it recovers',
      async () => (await store.set('k', bytes('new'), D.minutes(1))())._tag === 'Right'
    )
    await expect(
      session.ask([{ command: 'ms', key: 'k', value: bytes('stale'), flags: added!.flags.toUpperCase() }])
    ).rejects.toThrow('connection')
    expect(right(await store.get('k')())).toEqual(some(bytes('new')))
    expect(right(await store.leases.commit('l', 'me', some(bytes('stale')), D.minutes(1))())).toBe(false)
    await own.stop()
  }, 20_000)

  test('one that is not there is asked again after a pause, and calls fail at once until then', async () => {
    const own = await startMemcached()
    await own.kill()
    const store = memcached(clientOf(hostOf(own.url)), { timeout: D.milliseconds(300) })
    const begun = performance.now()
    const causes = new Set<string>()
    for (let i = 0; i < 200; i++)
      causes.add(String((left(await store.get('k')()).cause as { code?: string }).code))
    // a connection is refused at once, so nobody waited for any deadline
    expect(performance.now() - begun).toBeLessThan(2_000)
    expect(causes).toContain('EOFFLINE')
    await own.restart()
    await eventually('it recovers', async () => (await store.get('k')())._tag === 'Right', 5_000)
    await own.stop()
  }, 20_000)

  test('what is in flight when a connection is lost fails, and is not sent again', async () => {
    const made = proxied(2_000)
    const [only] = made.servers
    await only!.ask([{ command: 'ms', key: 'counted', value: bytes('0') }])
    let lost = 0
    for (let i = 0; i < 20; i++) {
      proxy.toxics.swallow = false
      const counted = only!.ask([{ command: 'ma', key: 'counted' }])
      // the command may have been executed; nobody knows
      const reset = sleep(Math.random() * 2).then(proxy.reset)
      await counted.catch(() => lost++)
      await reset
      await eventually(
        'it recovers',
        async () => (await only!.ask([{ command: 'mg', key: 'counted' }])).length === 1
      )
    }
    const [found] = await only!.ask([{ command: 'mg', key: 'counted', flags: 'v' }])
    const count = Number(Buffer.from(found!.value!).toString())
    expect(count).toBeLessThanOrEqual(20)
    expect(count).toBeGreaterThanOrEqual(20 - lost)
  }, 20_000)

  test('each of several servers answers for itself', async () => {
    const other = await startMemcached()
    const made = memcachedClient({
      servers: [hostOf(server.url), hostOf(other.url)],
      timeout: D.milliseconds(300)
    })
    open.push(made)
    const store = memcached(made, { namespace: 'two:', timeout: D.milliseconds(300) })
    const keys = Array.from({ length: 40 }, (_, i) => `k${String(i)}`)
    right(await store.setMany(keys.map((key) => [key, bytes(key), D.minutes(1)]))())
    const isOthers = (key: string): boolean => made.serverOf(`two:${key}`) === made.servers[1]
    other.pause()
    await sleep(100) // a signal is not heard at once on a busy machine
    const answers = await Promise.all(keys.map((key) => store.get(key)()))
    // one answer for many keys is one that nobody takes for a miss, and what is written to the others is
    expect(left(await store.getMany(keys)()).operation).toBe('getMany')
    const entries = keys.map((key) => [key, bytes('new'), D.minutes(1)] as const)
    expect(left(await store.setMany(entries)()).operation).toBe('setMany')
    const theirs = keys.filter((key) => !isOthers(key))
    expect(right(await store.getMany(theirs)())).toEqual(theirs.map(() => some(bytes('new'))))
    other.resume()
    expect(answers.map(({ _tag }) => _tag)).toEqual(keys.map((key) => (isOthers(key) ? 'Left' : 'Right')))
    expect(new Set(answers.map(({ _tag }) => _tag)).size).toBe(2)
    await other.stop()
  }, 20_000)
})

describe('the process', () => {
  const printedBy = (body: string): string =>
    execFileSync(
      'npx',
      [
        'tsx',
        '--input-type=commonjs',
        '-e',
        `import * as D from './src/Duration'
         import { memcached, memcachedClient } from './src/stores/memcached'
         const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
         const main = async () => {
           const made = memcachedClient({ servers: [process.env['HOST'] ?? ''], timeout: D.milliseconds(300) })
           const store = memcached(made, { timeout: D.milliseconds(300) })
           ${body}
         }
         void main()`
      ],
      {
        env: { ...process.env, HOST: hostOf(server.url) },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: 20_000
      }
    ).trim()

  test('law 36: an idle connection keeps no process alive, and one that waits for an answer does', () => {
    expect(
      printedBy(
        `console.log((await store.get('k')())._tag); await sleep(20); console.log((await store.get('k')())._tag)`
      )
    ).toBe('Right\nRight')
  }, 30_000)
})

test('a line of the administration that never ends is not kept: clear is a left', async () => {
  const flood = createServer((socket) => {
    socket.on('error', () => undefined)
    const pour = (): void => {
      while (!socket.destroyed && socket.write('x'.repeat(65_536))) poured += 65_536
    }
    socket.on('drain', pour)
    pour()
  })
  let poured = 0
  await new Promise<void>((resolve) => flood.listen(0, '127.0.0.1', resolve))
  try {
    // SAFETY: it listens to a port
    const { port } = flood.address() as AddressInfo
    const store = memcached(clientOf(`127.0.0.1:${String(port)}`), { namespace: 'flood:' })
    expect(left(await store.clear('')()).reason).toBe('failed')
    expect(poured).toBeLessThan(64 * 2 ** 20)
  } finally {
    flood.close()
  }
})

test('law 31: a removal that the server did not do is a left of clear', async () => {
  const listed = ['a', 'b'].map((key) => `key=ns:${key} exp=-1 la=1 cas=1 fetch=no cls=1 size=1`)
  /** A server that has two keys, and answers so to who removes the second one. */
  const clearOver = async (answer: (opaque: string) => string): Promise<string> => {
    const fake = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (asked) => {
        for (const line of asked.toString('latin1').split('\r\n')) {
          const opaque = / (O\d+)/.exec(line)?.[1] ?? ''
          if (line.startsWith('lru_crawler')) socket.write([...listed, 'END', ''].join('\r\n'))
          if (line.startsWith('md ns:a')) socket.write(`HD ${opaque}\r\n`)
          if (line.startsWith('md ns:b')) socket.write(`${answer(opaque)}\r\n`)
        }
      })
    })
    await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve))
    try {
      // SAFETY: it listens to a port
      const { port } = fake.address() as AddressInfo
      const cleared = await memcached(clientOf(`127.0.0.1:${String(port)}`), { namespace: 'ns:' }).clear('')()
      return cleared._tag === 'Left' ? cleared.left.reason : 'cleared'
    } finally {
      fake.close()
    }
  }
  expect(await clearOver((opaque) => `HD ${opaque}`)).toBe('cleared')
  expect(await clearOver((opaque) => `NF ${opaque}`)).toBe('cleared') // somebody else was quicker
  expect(await clearOver((opaque) => `EX ${opaque}`)).toBe('failed')
  expect(await clearOver(() => 'SERVER_ERROR out of memory')).toBe('failed')
})
