/** Writes that have to ask the server for its time first: when they are sent, and when they are not any more. */
import { type AddressInfo, createServer } from 'node:net'

import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { Either } from 'fp-ts/Either'
import { none, some } from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { Codec, Policy, ring } from '../../../src'
import * as D from '../../../src/Duration'
import type { StoreError } from '../../../src/RingError'
import {
  memcached,
  type MemcachedClient,
  memcachedClient,
  type MemcachedOptions,
  type MemcachedServer,
  type OwnMemcachedClient
} from '../../../src/stores/memcached'
import {
  eventually,
  hostOf,
  randomNamespace,
  type Server,
  sleep,
  startMemcached
} from '../../integration/servers'
import { left, right } from '../answers'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

let server: Server
let made: OwnMemcachedClient
beforeAll(async () => {
  server = await startMemcached()
  made = memcachedClient({ servers: [hostOf(server.url)], timeout: D.seconds(5) })
})
afterEach(() => void jest.restoreAllMocks())
afterAll(async () => {
  await made.close()
  await server.stop()
})

interface Timed {
  readonly store: (options?: MemcachedOptions) => ReturnType<typeof memcached>
  /** What was asked of the servers but for their time, by its commands. */
  readonly asked: Array<string>
  /** How often each was asked for its time. */
  readonly times: Array<number>
}

/** Servers that are one, and tell their time when `tell` lets them. */
const timed = (...tells: ReadonlyArray<() => Promise<void>>): Timed => {
  const [real] = made.servers
  const asked: Array<string> = []
  const times = tells.map(() => 0)
  const recorded =
    (ask: MemcachedServer['ask']): MemcachedServer['ask'] =>
    (requests) => {
      asked.push(...requests.map(({ command }) => command))
      return ask(requests)
    }
  const servers = tells.map(
    (tell, i): MemcachedServer => ({
      ask: recorded(real!.ask),
      session: async () => ({ ask: recorded((await real!.session()).ask) }),
      lines: async (command, onLine) => {
        if (command === 'stats') {
          times[i]! += 1
          await tell()
        }
        return real!.lines(command, onLine)
      }
    })
  )
  const own: MemcachedClient = {
    servers,
    // the last letter of a key is the number of its server
    serverOf: (key) => servers[servers.length === 1 ? 0 : Number(key.at(-1))]!
  }
  return { asked, times, store: (options) => memcached(own, { namespace: randomNamespace(), ...options }) }
}

const atOnce = (): Promise<void> => Promise.resolve()

/** What is waited for until it is opened. */
const gate = () => {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { open, wait: () => opened }
}

const long = D.days(60)
const value = bytes('old')

type Store = ReturnType<typeof memcached>

const writes: Readonly<Record<string, (store: Store) => () => Promise<Either<StoreError, unknown>>>> = {
  set: (store) => store.set('k', value, long),
  setMany: (store) => store.setMany([['k', value, long]]),
  touch: (store) => store.touch('k', long),
  touchMany: (store) => store.touchMany([['k', long]]),
  acquire: (store) => store.leases.acquire('k', 'me', long, D.zero),
  seize: (store) => store.leases.seize('k', 'me', long),
  renew: (store) => store.leases.renew('k', 'me', long),
  commit: (store) => store.leases.commit('k', 'me', some(value), long),
  override: (store) => store.leases.override([['k', some(value), long]])
}

describe('what was told to be late is not done later', () => {
  for (const [name, write] of Object.entries(writes)) {
    test(`${name}, where the server tells its time late`, async () => {
      const { open, wait } = gate()
      const { asked, store, times } = timed(wait)
      const slow = store({ timeout: D.milliseconds(60) })
      expect(left(await write(slow)()).reason).toBe('timeout')
      right(await slow.delete('k')())
      open()
      await sleep(60)
      expect([times, asked]).toEqual([[1], ['md']])
      // it was in vain for the one who waited, and not for the next
      if (name !== 'renew' && name !== 'commit' && !name.startsWith('touch')) {
        right(await write(slow)())
        expect(times).toEqual([1])
      }
    })
  }

  test('law 21: a ring whose lifetimes are long brings nothing back that was deleted', async () => {
    const { open, wait } = gate()
    const { store } = timed(wait)
    let row = 'old'
    const load = (_id: number): TE.TaskEither<Error, string> => TE.fromIO(() => row)
    const cached = ring(load, {
      store: store({ timeout: D.milliseconds(60) }),
      codec: Codec.json(t.string),
      policy: Policy.ttl(long)
    })
    expect(await cached(1)()).toEqual({ _tag: 'Right', right: 'old' })
    row = 'new'
    expect((await cached.delete(1)())._tag).toBe('Right')
    open()
    await sleep(60)
    expect(await cached(1)()).toEqual({ _tag: 'Right', right: 'new' })
  })
})

test('what a connection had not sent when it was given up is not sent later', async () => {
  const heard: Array<Buffer> = []
  let end = (): void => undefined
  const ended = new Promise<void>((resolve) => (end = resolve))
  const busy = createServer((socket) => {
    socket.on('error', end)
    socket.on('end', end)
    socket.on('data', (data: Buffer) => void heard.push(data))
    // it reads nothing while its client waits
    socket.pause()
    setTimeout(() => socket.resume(), 400)
  })
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve))
  // SAFETY: it listens to a port
  const { port } = busy.address() as AddressInfo
  const waiting = memcachedClient({ servers: [`127.0.0.1:${String(port)}`], timeout: D.milliseconds(100) })
  const large = new Uint8Array(2_000_000)
  expect(left(await memcached(waiting).set('k', large, D.minutes(1))()).reason).toBe('timeout')
  await ended
  expect(Buffer.concat(heard).length).toBeLessThan(large.length)
  await waiting.close()
  busy.close()
})

describe('in its turn', () => {
  test('a write is sent before what is asked after it, whatever its lifetime', async () => {
    const { store } = timed(atOnce)
    const told = store()
    right(await told.set('other', value, long)())
    for (const ttl of [D.minutes(1), long]) {
      const written = [
        told.set('k', value, ttl),
        told.setMany([['k', value, ttl]]),
        told.leases.seize('k', 'me', ttl)
      ]
      for (const write of written) {
        const [, removed] = await Promise.all([write(), told.delete('k')()])
        right(removed)
        expect(right(await told.get('k')())).toEqual(none)
      }
    }
  })

  test('the time is asked for again before it is needed, and who writes meanwhile does not wait', async () => {
    const { open, wait } = gate()
    let isFirst = true
    const { store, times } = timed(() => {
      const waited = isFirst ? atOnce() : wait()
      isFirst = false
      return waited
    })
    const told = store({ timeout: D.milliseconds(300) })
    right(await told.set('k', value, long)())
    right(await told.set('k', value, long)())
    expect(times).toEqual([1])
    const now = performance.now.bind(performance)
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 30_000)
    right(await told.set('k', value, long)())
    right(await told.setMany([['l', value, long]])())
    expect(times).toEqual([2])
    open()
    await sleep(200)
    // what was told half a minute later counts from then on; the clock of the server has not moved with ours
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 80_000)
    right(await told.set('k', value, long)())
    const found = right(await told.read('k')())
    const ahead = found._tag === 'Some' ? found.value.remaining - long : NaN
    expect(ahead > 45_000 && ahead < 55_000).toBe(true)
  })
})

describe('a server that does not tell its time', () => {
  test('is not asked for it by every write', async () => {
    const { asked, store, times } = timed(() => Promise.reject(new Error('no')))
    const mute = store()
    for (let i = 0; i < 50; i++) expect(left(await mute.set('k', value, long)()).reason).toBe('failed')
    expect([times, asked]).toEqual([[1], []])
    right(await mute.set('k', value, D.days(29))())
    const now = performance.now.bind(performance)
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 2_000)
    await mute.set('k', value, long)()
    expect(times).toEqual([2])
  })

  test('keeps nothing from the others of a bulk write', async () => {
    const { store } = timed(() => Promise.reject(new Error('no')), atOnce)
    const two = store()
    const entries = ['a0', 'a1', 'b0', 'b1'].map((key) => [key, value, long] as const)
    expect(left(await two.setMany(entries)()).reason).toBe('failed')
    // the other server is not waited for: it has it in a moment
    const there = async () => right(await two.hasMany(['a0', 'a1', 'b0', 'b1'])())
    await eventually('the other server has it', async () => (await there()).includes(true), 5_000)
    expect(await there()).toEqual([false, true, false, true])
  })
})
