import { createHash } from 'node:crypto'
import { createConnection } from 'node:net'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import * as fc from 'fast-check'
import { none, some } from 'fp-ts/Option'

import * as D from '../../../src/Duration'
import type { Leasing } from '../../../src/Store'
import {
  memcached,
  type MemcachedClient,
  memcachedClient,
  type MemcachedOptions,
  type MemcachedReply,
  type MemcachedServer,
  type OwnMemcachedClient
} from '../../../src/stores/memcached'
import { placeholder } from '../../../src/stores/memcached/entries'
import { itemKeyOf, leaseKeyOf } from '../../../src/stores/memcached/keys'
import { bytes as anyBytes, deepEq, type StoreLawsOptions } from '../../../src/testing'
import {
  anyMemcached,
  hostOf,
  randomNamespace,
  type Server,
  sleep,
  startMemcached
} from '../../integration/servers'
import { obeys, storeLaws } from '../../laws/register'
import { runs } from '../../runs'
import { left, right } from '../answers'

const options: StoreLawsOptions<Uint8Array> = {
  ...anyBytes,
  leases: true,
  // a server of somebody else's may take a megabyte at most, the item's own size included
  extremes: process.env['MEMCACHED_URL']
    ? anyBytes.extremes.filter((e) => e.byteLength < 1e6)
    : anyBytes.extremes,
  // its clock ticks once a second, and less than a second ends with the next tick
  granularity: D.seconds(1)
}

// -------------------------------------------------------------------------------------
// laws
// -------------------------------------------------------------------------------------

const lawsOver = (
  name: string,
  servers: number,
  given: MemcachedOptions,
  as: (made: OwnMemcachedClient) => MemcachedClient | (() => MemcachedClient) = (made) => made
): void =>
  describe(`memcached over ${name}`, () => {
    let started: ReadonlyArray<{ readonly url: string; readonly stop: () => unknown }> = []
    const made: Array<OwnMemcachedClient> = []
    beforeAll(async () => {
      started =
        servers === 1
          ? [await anyMemcached()]
          : await Promise.all(Array.from({ length: servers }, () => startMemcached()))
    })
    afterAll(async () => {
      for (const { close } of made) await close()
      for (const { stop } of started) await stop()
    })
    const make = () => {
      const opened = memcachedClient({
        servers: started.map(({ url }) => hostOf(url)),
        timeout: D.seconds(5)
      })
      made.push(opened)
      return memcached(as(opened), { namespace: randomNamespace(), timeout: D.seconds(5), ...given })
    }
    obeys('a store', storeLaws(make, options))
  })

describe('memcached that is left alone', () => {
  let server: Server
  beforeAll(async () => {
    server = await startMemcached()
  })
  afterAll(() => server.stop())

  const open = (address: string) => memcached(memcachedClient({ servers: [address], timeout: D.seconds(5) }))
  const broken = () => open('127.0.0.1:1')
  /** It has answered before, and then says nothing. */
  const hung = async () => {
    const store = open(hostOf(server.url))
    right(await store.has('k')())
    server.pause()
    await sleep(100) // the signal may take its time
    return store
  }
  const close = async ({ backend }: { readonly backend: OwnMemcachedClient }): Promise<void> => {
    server.resume()
    await backend.close()
  }
  obeys('no server, and a frozen one', storeLaws(hung, { ...options, broken, hung, close }).slice(-2))
})

lawsOver('one server', 1, {})
lawsOver('three servers, in small batches', 3, { batch: { max: 3 } })
lawsOver('a function that gives a client, not batched', 1, { batch: false }, (made) => () => made)

// -------------------------------------------------------------------------------------
// what it asks of the server
// -------------------------------------------------------------------------------------

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

describe('what it asks of the server', () => {
  let server: Server
  let made: OwnMemcachedClient
  beforeAll(async () => {
    server = await startMemcached(['-m', '64'])
    // beside other tests a thousand keys may take their time
    made = memcachedClient({ servers: [hostOf(server.url)], timeout: D.seconds(10) })
  })
  afterAll(async () => {
    await made.close()
    await server.stop()
  })

  /** What another program finds, by the protocol that all of them speak. */
  const classic = (command: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = createConnection(server.port, '127.0.0.1')
      let said = ''
      socket.on('error', reject)
      socket.on('data', (data) => {
        said += data.toString()
        if (!/(END|STORED|OK|DELETED)\r\n$/.test(said)) return
        socket.destroy()
        resolve(said)
      })
      socket.write(`${command}\r\n`)
    })

  /** The client, and what is asked of it in one go. */
  const counted = (): {
    readonly counting: MemcachedClient
    readonly asked: Array<ReadonlyArray<string>>
  } => {
    const asked: Array<ReadonlyArray<string>> = []
    const servers = made.servers.map((one) => {
      const counting =
        (ask: MemcachedServer['ask']): MemcachedServer['ask'] =>
        (requests) => {
          asked.push(requests.map(({ command, flags }) => `${command} ${flags ?? ''}`.trim()))
          return ask(requests)
        }
      return {
        ...one,
        ask: counting(one.ask),
        session: async () => ({ ask: counting((await one.session()).ask) })
      }
    })
    return { counting: { servers, serverOf: () => servers[0]! }, asked }
  }

  test('law 12: every bulk operation is one round trip, and so are the single reads of one tick', async () => {
    const { asked, counting } = counted()
    const store = memcached(counting, { namespace: 'bulk:' })
    const keys = Array.from({ length: 1_000 }, (_, i) => `k${String(i)}`)
    const trips = async (task: () => Promise<unknown>): Promise<ReadonlyArray<number>> => {
      asked.length = 0
      await task()
      return asked.map((requests) => requests.length)
    }
    expect(await trips(store.setMany(keys.map((key) => [key, bytes(key), D.minutes(1)])))).toEqual([1_000])
    expect(await trips(store.getMany(keys))).toEqual([1_000])
    expect(await trips(store.readMany(keys))).toEqual([1_000])
    expect(await trips(store.hasMany(keys))).toEqual([1_000])
    expect(await trips(store.deleteMany([...keys, ...keys]))).toEqual([1_000])
    expect(await trips(() => Promise.all(['a', 'b', 'a'].map((key) => store.get(key)())))).toEqual([2])
    expect(await trips(store.get('a'))).toEqual([1])
    // each is a request of its own, so that they keep their order; the client writes them in one go
    expect(await trips(store.touchMany(keys.slice(0, 3).map((key) => [key, D.minutes(1)])))).toEqual([
      1, 1, 1
    ])
  })

  test('law 25: how often it goes to the server for a lease', async () => {
    const { asked, counting } = counted()
    const { leases } = memcached(counting, { namespace: 'leases:' })
    const trips = async (task: () => Promise<unknown>): Promise<ReadonlyArray<number>> => {
      asked.length = 0
      await task()
      return asked.map((requests) => requests.length)
    }
    expect(await trips(leases.acquire('k', 'me', D.minutes(1), D.zero))).toEqual([3])
    expect(await trips(leases.acquire('k', 'you', D.minutes(1), D.forever))).toEqual([2])
    expect(await trips(leases.renew('k', 'me', D.minutes(1)))).toEqual([1, 1])
    expect(await trips(leases.commit('k', 'me', some(bytes('v')), D.minutes(1)))).toEqual([3, 1, 1])
    expect(await trips(leases.seize('k', 'me', D.minutes(1)))).toEqual([1])
    expect(await trips(leases.release('k', 'me'))).toEqual([1, 1])
    const entries = ['a', 'b', 'a'].map((key) => [key, some(bytes('v')), D.minutes(1)] as const)
    expect(await trips(leases.override(entries))).toEqual([4, 2])
  })

  test('what lies in memcached is the bytes and nothing else, under a key that any program can make', async () => {
    const store = memcached(made, { namespace: 'plain:' })
    const longKey = 'k'.repeat(300)
    const digest = createHash('sha256').update(`plain:${longKey}`).digest('base64url')
    const itemKeys: Readonly<Record<string, string>> = {
      'user:42': 'plain:user:42',
      "country:'SE'": "plain:country:'SE'",
      日本: 'plain:日本',
      'a b\r\n\0%': 'plain:a%20b%0D%0A%00%25',
      [longKey]: `plain:${'k'.repeat(199)}%~${digest}`
    }
    for (const [key, itemKey] of Object.entries(itemKeys)) {
      right(await store.set(key, bytes('hello'), D.minutes(1))())
      expect(await classic(`get ${itemKey}`)).toBe(`VALUE ${itemKey} 0 5\r\nhello\r\nEND\r\n`)
      expect(Buffer.byteLength(itemKey)).toBeLessThanOrEqual(250)
    }
    right(await memcached(made).set('', bytes('x'), D.minutes(1))())
    expect(await classic('get %')).toBe('VALUE % 0 1\r\nx\r\nEND\r\n')
    // of two bytes each: no character is cut in two
    right(await store.set('é'.repeat(150), bytes('x'), D.minutes(1))())
    expect(right(await store.get('é'.repeat(150))())).toEqual(some(bytes('x')))
    expect(right(await store.get('é'.repeat(151))())).toEqual(none)

    await classic('set plain:foreign 7 0 3\r\nabc')
    expect(right(await store.read('foreign')())).toEqual(some({ value: bytes('abc'), remaining: D.forever }))
  })

  test('law 2: no two keys have one key in memcached, nor one that would not be taken', () => {
    const seen = new Map<string, string>()
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.constantFrom('', 'k'.repeat(240)),
        (text, head) => {
          const key = head + text
          for (const itemKey of [itemKeyOf(key), leaseKeyOf(key)]) {
            const kind = `${itemKey === itemKeyOf(key) ? 'entry' : 'lease'} of ${key}`
            expect(Buffer.byteLength(itemKey)).toBeLessThanOrEqual(250)
            expect(itemKey).toMatch(/^[^\0- \x7f]+$/)
            expect(seen.get(itemKey) ?? kind).toBe(kind)
            seen.set(itemKey, kind)
          }
        }
      ),
      { numRuns: runs(2_000) }
    )
    expect(itemKeyOf('%')).toBe('%25')
    expect(leaseKeyOf('user:1')).toBe('%lease:user:1')
  })

  test('a lifetime is whole seconds, up to one longer than it was asked for, and long ones are right', async () => {
    const store = memcached(made, { namespace: 'lives:' })
    const [one] = made.servers
    const asked: ReadonlyArray<readonly [ttl: D.Duration, t: number, left: number]> = [
      // until the next tick, so each may be over by now
      [D.milliseconds(1), 1, 1],
      [D.milliseconds(999), 1, 1],
      [D.seconds(1), 2, 1_000],
      [D.milliseconds(2_999), 3, 2_000],
      [D.minutes(1), 61, 60_000],
      [D.milliseconds(2_592_000_000 - 1_000), 2_592_000, 2_591_999_000],
      [D.days(30), 2_592_001, 2_592_000_000],
      [D.days(31), 2_678_401, 2_678_400_000],
      [D.forever, -1, Infinity]
    ]
    for (const [ttl, t, left] of asked) {
      right(await store.set('k', bytes('v'), ttl)())
      const [reply] = await one!.ask([{ command: 'mg', key: 'lives:k', flags: 't' }])
      const said = reply?.status === 'EN' ? 0 : Number(reply?.flags.slice(1))
      // its clock may have ticked in between
      expect([ttl, t - said <= 1 && t >= said]).toEqual([ttl, true])
      const found = right(await store.read('k')())
      const remaining = found._tag === 'Some' ? found.value.remaining : -1
      const later = t === 1 ? -1 : Math.max(left - 1_000, 1)
      expect([ttl, remaining === left || remaining === later]).toEqual([ttl, true])
      expect(remaining).toBeLessThanOrEqual(ttl)
    }
    // after what the protocol can say (19 January 2038) nothing is promised, but it ends
    right(await store.set('k', bytes('v'), D.days(36_525))())
    const found = right(await store.read('k')())
    expect(
      found._tag === 'Some' && found.value.remaining > D.days(30) && found.value.remaining < Infinity
    ).toBe(true)
  })

  test('law 18: a long lifetime is right whatever this host’s clock says', async () => {
    const store = memcached(memcachedClient({ servers: [hostOf(server.url)] }), { namespace: 'skew:' })
    const { now } = Date
    Date.now = () => now() - 400 * 86_400_000
    try {
      right(await store.set('k', bytes('v'), D.days(60))())
    } finally {
      Date.now = now
    }
    const found = right(await store.read('k')())
    expect(found._tag === 'Some' && found.value.remaining > D.days(59)).toBe(true)
  })

  test('a value that is larger than the server takes is refused, and the others of the bulk are stored', async () => {
    const store = memcached(made, { namespace: 'large:' })
    const large = new Uint8Array(9 * 2 ** 20)
    right(await store.set('k', bytes('old'), D.minutes(1))())
    const error = left(await store.set('k', large, D.minutes(1))())
    expect([error.reason, error.message]).toEqual([
      'refused',
      'set: the value is larger than the server takes'
    ])
    expect(right(await store.get('k')())).toEqual(none) // what was there is out of date
    const entries = ['a', 'b', 'c'].map(
      (key, i) => [key, i === 1 ? large : bytes(key), D.minutes(1)] as const
    )
    expect(left(await store.setMany(entries)()).reason).toBe('refused')
    expect(right(await store.hasMany(['a', 'b', 'c'])())).toEqual([true, false, true])
    const { leases } = store
    right(await leases.seize('k', 'me', D.minutes(1))())
    expect(left(await leases.commit('k', 'me', some(large), D.minutes(1))()).reason).toBe('refused')
    expect(right(await leases.renew('k', 'me', D.minutes(1))())).toBe(true)
    expect(left(await leases.override([['k', some(large), D.minutes(1)]])()).reason).toBe('refused')
    expect(right(await leases.renew('k', 'me', D.minutes(1))())).toBe(false)
    expect(right(await leases.acquire('k', 'me', D.minutes(1), D.zero)())).toEqual({ _tag: 'Won' })
  })

  test('law 25: a lease is an item beside its entry, and what a commit puts there meanwhile is no entry', async () => {
    const store = memcached(made, { namespace: 'shop:' })
    const { leases } = store
    right(await leases.acquire('user:1', 'me', D.milliseconds(1_500), D.zero)())
    expect(await classic('get %lease:shop:user:1')).toBe('VALUE %lease:shop:user:1 0 7\r\n1500:me\r\nEND\r\n')
    right(await leases.commit('user:1', 'me', some(bytes('Ada')), D.minutes(1))())
    expect(await classic('get shop:user:1 %lease:shop:user:1')).toBe(
      'VALUE shop:user:1 0 3\r\nAda\r\nEND\r\n'
    )
    // as if a process had died in its commit
    const dead = async (): Promise<void> => void (await classic(`set shop:half ${placeholder} 0 0\r\n`))
    await dead()
    expect(right(await store.get('half')())).toEqual(none)
    expect(right(await store.read('half')())).toEqual(none)
    expect(right(await store.getMany(['half'])())).toEqual([none])
    expect(right(await store.hasMany(['half'])())).toEqual([false])
    expect(right(await store.touch('half', D.zero)())).toBe(false)
    await dead()
    expect(right(await store.touchMany([['half', D.forever]])())).toEqual([false])
    expect(await classic('get shop:half')).toBe('END\r\n')
    await dead()
    right(await leases.acquire('half', 'me', D.minutes(1), D.zero)())
    expect(right(await leases.commit('half', 'me', some(bytes('whole')), D.minutes(1))())).toBe(true)
    expect(right(await store.get('half')())).toEqual(some(bytes('whole')))
    // one that somebody else made to stay, or an override left behind
    await classic('set %lease:shop:stays 0 0 6\r\n9:none')
    expect(right(await leases.acquire('stays', 'me', D.minutes(1), D.zero)())).toEqual({
      _tag: 'Busy',
      remaining: D.forever
    })
    await classic('set %lease:shop:block 0 9 5\r\nblock')
    const blocked = right(await leases.acquire('block', 'me', D.minutes(1), D.zero)())
    expect(blocked._tag === 'Busy' && blocked.remaining <= 50).toBe(true)
    expect(right(await leases.renew('block', '', D.minutes(1))())).toBe(false)
  })

  test('law 25: clear leaves leases, and is refused where it cannot find everything', async () => {
    const store = memcached(made, { namespace: 'cleared:' })
    right(await store.leases.acquire('k', 'me', D.minutes(1), D.zero)())
    const keys = ['a', 'a b', `a${'x'.repeat(300)}`, `b${'x'.repeat(300)}`, `a${'日'.repeat(100)}`]
    right(await store.setMany(keys.map((key) => [key, bytes('v'), D.minutes(1)]))())
    right(await store.clear('a')())
    expect(right(await store.hasMany(keys)())).toEqual([false, false, false, true, false])
    expect(right(await store.leases.renew('k', 'me', D.minutes(1))())).toBe(true)
    expect(left(await store.clear('x'.repeat(250))()).reason).toBe('refused')
    expect(left(await store.clear('\ud800')()).reason).toBe('refused')
    expect(left(await memcached(made).clear('')()).reason).toBe('refused')
    // several at once: the server has one crawler
    await Promise.all(Array.from({ length: 5 }, async (_, i) => right(await store.clear(String(i))())))
  })

  test('law 35: clear finds what is read while it looks', async () => {
    const store = memcached(made, { namespace: 'read:', timeout: D.seconds(10) })
    const keys = Array.from({ length: 20_000 }, (_, i) => `k${String(i)}`)
    right(await store.setMany(keys.map((key) => [key, bytes(key), D.minutes(1)]))())
    let ended = false
    const reading = (async () => {
      while (!ended) await store.getMany(keys.slice(0, 5_000))()
    })()
    right(await store.clear('')())
    ended = true
    await reading
    expect(right(await store.hasMany(keys)())).not.toContain(true)
  })

  test('where the server lists no keys, clear is refused', async () => {
    const closed = await startMemcached(['-o', 'no_lru_crawler'])
    const own = memcachedClient({ servers: [hostOf(closed.url)] })
    const store = memcached(own, { namespace: 'x:' })
    right(await store.set('k', bytes('v'), D.minutes(1))())
    expect(left(await store.clear('')()).reason).toBe('refused')
    await own.close()
    await closed.stop()
  })

  test('law 2: what is evicted is a miss, a lease that is evicted is lost, and nothing else is ever found', async () => {
    const small = await startMemcached(['-I', '1m', '-m', '4'])
    const own = memcachedClient({ servers: [hostOf(small.url)] })
    const store = memcached(own, { namespace: 'full:' })
    right(await store.leases.seize('k', 'me', D.hours(1))())
    const valueOf = (i: number): Uint8Array => bytes(`${String(i)}:`.repeat(100))
    let missing = 0
    for (let i = 0; i < 40_000; i += 1_000) {
      const numbers = Array.from({ length: 1_000 }, (_, j) => i + j)
      await store.setMany(numbers.map((n) => [String(n), valueOf(n), D.hours(1)]))()
      const found = right(await store.getMany(numbers.map((n) => String(n - 2_000)))())
      found.forEach((answer, j) => {
        if (answer._tag === 'None') missing++
        else expect(deepEq.equals(answer.value, valueOf(numbers[j]! - 2_000))).toBe(true)
      })
    }
    expect(missing).toBeGreaterThan(0)
    await own.close()
    await small.stop()
  }, 20_000)

  test('a key that is not UTF-8 is refused, and does not fail those that are read at the same time', async () => {
    const store = memcached(made, { namespace: 'poison:' })
    const [a, bad] = await Promise.all([store.get('a')(), store.get('\ud800')(), store.get('b')()])
    expect(a._tag).toBe('Right')
    expect(left(bad).reason).toBe('refused')
    const refused = [
      store.getMany(['a', '\ud800']),
      store.leases.seize('\ud800', 'me', D.minutes(1)),
      store.leases.override([['\ud800', none, D.zero]])
    ]
    for (const task of refused) expect(left(await task()).reason).toBe('refused')
  })

  test('backend is the client, and is looked up at every use where a function gives it', async () => {
    let lookups = 0
    const store = memcached(() => {
      lookups++
      return made
    })
    expect(lookups).toBe(0)
    expect(store.backend).toBe(made)
    right(await store.get('k')())
    expect(lookups).toBe(2)
    expectTypeOf(store.backend).toEqualTypeOf(made)
    expectTypeOf(memcached(made)).toExtend<Leasing<Uint8Array>>()
    const missing = memcached((): OwnMemcachedClient => {
      throw new Error('no client yet')
    })
    for (const task of [
      missing.get('k'),
      missing.clear('x'),
      missing.leases.seize('k', 'me', D.minutes(1))
    ]) {
      expect(left(await task()).reason).toBe('failed')
    }
  })

  test('a client that answers what it was not asked is a left', async () => {
    const odd = (reply: Partial<MemcachedReply>) => {
      const ask: MemcachedServer['ask'] = (requests) =>
        Promise.resolve(requests.map(() => ({ status: 'HD', flags: '', value: undefined, ...reply })))
      const one: MemcachedServer = {
        ask,
        session: () => Promise.resolve({ ask }),
        lines: () => Promise.resolve()
      }
      return memcached({ servers: [one], serverOf: () => one })
    }
    const tasks = (store: ReturnType<typeof odd>) => [
      store.get('k'),
      store.getMany(['k', 'l']),
      store.read('k')
    ]
    for (const task of tasks(odd({ status: 'XX' }))) expect(left(await task()).reason).toBe('failed')
    for (const task of tasks(odd({ status: 'HD' }))) expect(left(await task()).reason).toBe('failed')
    expect(left(await odd({ status: 'EX' }).set('k', bytes('v'), D.minutes(1))()).reason).toBe('failed')
    expect(left(await odd({}).set('k', bytes('v'), D.days(40))()).reason).toBe('failed')
    expect(left(await odd({}).leases.commit('k', 'me', none, D.zero)()).reason).toBe('failed')
    const full = odd({ status: 'SERVER_ERROR', flags: 'out of memory storing object' })
    expect(left(await full.set('k', bytes('v'), D.minutes(1))()).reason).toBe('failed')
  })
})
