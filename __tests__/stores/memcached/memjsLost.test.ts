/** What becomes of memjs when its connections are lost: what it is told about, and what is mended in it from outside. */
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { none, some } from 'fp-ts/Option'
import { Client } from 'memjs'

import * as D from '../../../src/Duration'
import { memjs, type MemjsClient } from '../../../src/stores/memcached/memjs'
import { hostOf, randomNamespace, type Server, sleep, startMemcached } from '../../integration/servers'
import { left, right } from '../answers'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const quiet = { log: () => undefined }

let server: Server
const ends: Array<() => void> = []
beforeAll(async () => {
  server = await startMemcached()
})
afterEach(() => {
  for (const end of ends.splice(0)) end()
})
afterAll(() => server.stop())

const opcodes = { set: 0x01, delete: 0x04, touch: 0x1c } as const

/** What is between: `onRequest` says whether a request goes on, `onAnswer` what becomes of an answer. */
const between = async (
  onRequest: (near: Socket, request: Buffer) => boolean,
  onAnswer: (near: Socket, answer: Buffer) => void = (near, answer) => void near.write(answer)
): Promise<string> => {
  const sockets = new Set<Socket>()
  const listening = createServer({ allowHalfOpen: true }, (near) => {
    const far = createConnection(server.port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    near.on('close', () => far.destroy())
    near.on('data', (request) => {
      if (onRequest(near, request)) far.write(request)
    })
    far.on('data', (answer) => onAnswer(near, answer))
  })
  ends.push(() => {
    listening.close()
    for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  // SAFETY: it listens to a port
  return `127.0.0.1:${String((listening.address() as AddressInfo).port)}`
}

const clientOf = (address: string, options: object = {}): Client => {
  const made = Client.create(address, { logger: quiet, ...options })
  ends.push(() => made.close())
  return made
}

describe('what failed is not done later', () => {
  type Store = ReturnType<typeof memjs>
  const writes: Readonly<Record<string, readonly [number, (store: Store) => Promise<unknown>]>> = {
    set: [opcodes.set, (store) => store.set('k', bytes('old'), D.minutes(1))()],
    setMany: [opcodes.set, (store) => store.setMany([['k', bytes('old'), D.minutes(1)]])()],
    touch: [opcodes.touch, (store) => store.touch('k', D.minutes(1))()],
    touchMany: [opcodes.touch, (store) => store.touchMany([['k', D.minutes(1)]])()]
  }
  for (const [name, [opcode, write]] of Object.entries(writes)) {
    for (const failover of [false, true]) {
      test(`${name} is sent once${failover ? ', also where another server would take it' : ''}`, async () => {
        let sent = 0
        const losing = await between((near, request) => {
          if (request[1] !== opcode) return true
          sent++
          near.resetAndDestroy()
          return false
        })
        const client = clientOf(failover ? `${losing},${losing}` : losing, { retries: 3, failover })
        const store = memjs(client, { namespace: randomNamespace() })
        right(await store.get('k')())
        expect(left((await write(store)) as Parameters<typeof left>[0]).reason).toBe('failed')
        right(await store.delete('k')())
        await sleep(500)
        expect(sent).toBe(1)
        expect(right(await store.get('k')())).toEqual(none)
        // the client is as the program made it
        expect((client as unknown as { readonly options: unknown }).options).toMatchObject({
          retries: 3,
          failover
        })
      })
    }
  }

  test('reads and removals are sent again, as the client was told', async () => {
    let losses = 2
    const losing = await between((near) => {
      if (losses === 0) return true
      losses--
      near.resetAndDestroy()
      return false
    })
    const store = memjs(clientOf(losing, { retry_delay: 0.02 }), { namespace: randomNamespace() })
    losses = 1
    right(await store.get('k')())
    losses = 1
    right(await store.delete('k')())
  })

  test('options that cannot be changed, and clients of another shape, are used as they are', async () => {
    const frozen = clientOf(hostOf(server.url))
    const stiff = frozen as unknown as { options: object }
    stiff.options = Object.freeze({ ...stiff.options })
    const shaped: MemjsClient = {
      get: (key) => frozen.get(key),
      set: (key, value, options) => frozen.set(key, value, options),
      delete: (key) => frozen.delete(key),
      touch: (key, expires) => frozen.touch(key, expires)
    }
    for (const client of [frozen, shaped]) {
      const store = memjs(client, { namespace: randomNamespace() })
      right(await store.set('k', bytes('v'), D.minutes(1))())
      expect(right(await store.get('k')())).toEqual(some(bytes('v')))
      expect(right(await store.touch('k', D.minutes(1))())).toBe(true)
    }
  })
})

describe('no answer is put together of two', () => {
  /** How an answer is lost in the middle. */
  const losses: Readonly<Record<string, (near: Socket, answer: Buffer) => void>> = {
    'is reset': (near, answer) =>
      void near.write(answer.subarray(0, -40), () => setTimeout(() => near.resetAndDestroy(), 5)),
    ends: (near, answer) => void near.end(answer.subarray(0, -40)),
    'is late': (near, answer) => {
      near.write(answer.subarray(0, -40))
      setTimeout(() => near.write(answer.subarray(-40)), 260)
    }
  }

  const valueOf = (key: string): string => key.repeat(100)

  /** How many answers were wrong, of those that there were. */
  const wrongOf = async (
    lose: (near: Socket, answer: Buffer) => void,
    read: (client: Client) => (key: string) => Promise<string | undefined>,
    rounds = 60
  ): Promise<{ readonly seen: number; readonly wrong: number }> => {
    const honest = clientOf(hostOf(server.url))
    for (const key of ['a', 'b']) await honest.set(key, valueOf(key), { expires: 60 })
    let isLost = false
    const address = await between(
      () => true,
      (near, answer) => {
        if (!isLost) return void near.write(answer)
        isLost = false
        lose(near, answer)
      }
    )
    const ask = read(clientOf(address, { timeout: 0.1, retries: 2, retry_delay: 0.02 }))
    const count = { seen: 0, wrong: 0 }
    await ask('a')
    isLost = true
    // all the while, as the rest of a late answer comes in between
    for (let i = 0; i < rounds; i++) {
      const key = i % 2 === 0 ? 'a' : 'b'
      const found = await ask(key)
      if (found !== undefined) count.seen++
      if (found !== undefined && found !== valueOf(key)) count.wrong++
      await sleep(10)
    }
    return count
  }

  const soon = <A>(promise: Promise<A>): Promise<A | undefined> =>
    Promise.race([promise.catch(() => undefined), sleep(200).then(() => undefined)])

  for (const [name, lose] of Object.entries(losses)) {
    test(`where a connection ${name}`, async () => {
      const { seen, wrong } = await wrongOf(lose, (client) => {
        const store = memjs(client, { timeout: D.milliseconds(200) })
        return async (key) => {
          const found = await store.get(key)()
          if (found._tag === 'Left') return undefined
          return found.right._tag === 'Some' ? Buffer.from(found.right.value).toString() : 'none'
        }
      })
      expect(wrong).toBe(0)
      expect(seen).toBeGreaterThan(30)
    }, 30_000)
  }

  test('as memjs is, it is: this would be noticed', async () => {
    const { wrong } = await wrongOf(
      losses['is reset']!,
      (client) => (key) => soon(client.get(key).then(({ value }) => String(value))),
      3
    )
    expect(wrong).toBeGreaterThan(0)
  })
})
