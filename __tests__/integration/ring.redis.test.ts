/** The ring over a real Redis: the laws of its commands, and what its users see when the server freezes, dies and comes back. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { createClient, createClientPool, createCluster } from 'redis'

import type { RingEvent } from '../../src'
import { Codec, Duration, Policy, ring } from '../../src'
import { cbor } from '../../src/codecs/cbor'
import { redis } from '../../src/stores/redis'
import { ringLaws, Value } from '../laws/ring'
import type { Server } from './servers'
import { anyRedis, eventually, randomNamespace, sleep, startCluster, startRedis } from './servers'

jest.setTimeout(120_000)

const garbage = new Uint8Array([0xff, 0x7b])
const wait = (ms: number): Promise<void> => sleep(ms + 20)

const jsonInRedis = async () => {
  const server = await anyRedis()
  const client = await createClient({ url: server.url }).connect()
  const dispose = async (): Promise<void> => {
    client.destroy()
    await server.stop()
  }
  return {
    store: redis(client, { namespace: randomNamespace() }),
    codec: Codec.json(Value),
    garbage,
    dispose
  }
}

ringLaws('Redis and json', jsonInRedis, wait)

ringLaws('Redis and json, with leases, early refresh and stored errors', jsonInRedis, wait, {
  policy: Policy.policy(
    Policy.lease(),
    Policy.earlyRefresh({ window: 0.01 }),
    // SAFETY: nothing but a lease is asked of the store by this policy, as a zero ttl stores nothing
    Policy.negative({ codec: Codec.json(t.string), ttl: Duration.zero }) as Policy.Policy
  )
})

ringLaws(
  'a pool of Redis connections and cbor',
  async () => {
    const server = await anyRedis()
    const client = createClientPool({ url: server.url }, { minimum: 1, maximum: 4 })
    await client.connect()
    const dispose = async (): Promise<void> => {
      await client.close()
      await server.stop()
    }
    return { store: redis(client, { namespace: randomNamespace() }), codec: cbor(Value), garbage, dispose }
  },
  wait
)

ringLaws(
  'a cluster of six nodes and json',
  async () => {
    const cluster = await startCluster()
    const client = createCluster({ rootNodes: [...cluster.rootNodes] })
    await client.connect()
    const dispose = async (): Promise<void> => {
      client.destroy()
      await cluster.stop()
    }
    return {
      store: redis(client, { namespace: randomNamespace() }),
      codec: Codec.json(Value),
      garbage,
      dispose
    }
  },
  wait,
  { policy: Policy.lease() }
)

const User = t.type({ id: t.number, run: t.number })

describe('a ring over a Redis that fails', () => {
  let server: Server
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    await server.stop()
  })

  /** A ring over a new connection, and what it has told. */
  const setUp = async (timeout = 200) => {
    const client = createClient({
      url: server.url,
      disableOfflineQueue: true,
      pingInterval: 200,
      socket: { socketTimeout: 600, reconnectStrategy: 50, connectTimeout: 500 }
    })
    await client.connect() // with no listener for 'error': the store adds one
    const events: Array<RingEvent.RingEvent> = []
    let runs = 0
    const fetchUser = (id: number): TE.TaskEither<'not found', t.TypeOf<typeof User>> =>
      TE.fromIO(() => ({ id, run: ++runs }))
    const user = ring(fetchUser, {
      store: redis(client, { namespace: randomNamespace(), timeout: Duration.milliseconds(timeout) }),
      codec: Codec.json(User),
      policy: Policy.ttl(Duration.minutes(5)),
      observe: (e) => () => {
        events.push(e)
      }
    })
    return { client, user, events, runs: () => runs }
  }

  /** Every call is answered by the function while the server does not, within one timeout; commands say what fails. */
  const servesWithout = async ({ user }: Awaited<ReturnType<typeof setUp>>, timeout: number) => {
    const start = Date.now()
    const answers = await Promise.all(Array.from({ length: 50 }, (_, id) => user(id)()))
    expect(Date.now() - start).toBeLessThan(timeout + 1_000)
    expect(answers.every(E.isRight)).toBe(true)
    expect(E.isRight(await user.getOrUpdateMany([[1], [2]])())).toBe(true)
    for (const command of [
      user.get(1),
      user.set({ id: 1, run: 0 })(1),
      user.delete(1),
      user.has(1),
      user.update(1)
    ]) {
      const answer: E.Either<unknown, unknown> = await command()
      expect(answer).toMatchObject({ _tag: 'Left', left: { _tag: 'StoreError' } })
    }
  }
  /** A second call of a key is a hit again. */
  const recovers = async ({ user }: Awaited<ReturnType<typeof setUp>>) => {
    await eventually('the cache is back', async () => {
      await user(1_000)()
      const got = await user.get(1_000)()
      return E.isRight(got) && O.isSome(got.right)
    })
    const first = await user(1_001)()
    expect(await user(1_001)()).toStrictEqual(first)
  }

  test('law 26: frozen with SIGSTOP while it is in use, and thawed', async () => {
    const subject = await setUp()
    await subject.user(1)()
    server.pause()
    try {
      await servesWithout(subject, 200)
    } finally {
      server.resume()
    }
    expect(subject.events.some((e) => e._tag === 'Fault')).toBe(true)
    await recovers(subject)
    subject.client.destroy()
  })

  test('law 26: killed while it is in use, and started again', async () => {
    const subject = await setUp()
    const { user } = subject
    let going = true
    const traffic = (async () => {
      const seen: Array<E.Either<unknown, unknown>> = []
      while (going) {
        seen.push(...(await Promise.all([user(1)(), user(2)(), user.getOrUpdateMany([[3], [4]])()])))
        await sleep(1)
      }
      return seen
    })()
    await sleep(50)
    await server.kill()
    await servesWithout(subject, 200)
    await sleep(50)
    await server.restart()
    await recovers(subject)
    going = false
    const seen = await traffic
    expect(seen.length).toBeGreaterThan(20)
    expect(seen.every(E.isRight)).toBe(true)
    subject.client.destroy()
  })

  test('law 26: a connection that its owner has closed', async () => {
    const subject = await setUp()
    subject.client.destroy()
    await servesWithout(subject, 200)
  })

  test('law 20: a thousand callers on a cold key, one load; law 9: and then none', async () => {
    const { client, runs, user } = await setUp()
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => user(7)()))
    expect(new Set(answers.map((e) => E.isRight(e) && e.right.run))).toStrictEqual(new Set([1]))
    await user(7)()
    expect(runs()).toBe(1)
    client.destroy()
  })

  test('what lies in Redis is the codec’s bytes and nothing else, and bytes read by hand can be decoded', async () => {
    const { client, user } = await setUp()
    await user(7)()
    const [key] = await client.keys('*fetchUser:7')
    expect(key?.endsWith('fetchUser:7')).toBe(true)
    const raw = await client.get(key ?? '')
    expect(raw).toBe('{"id":7,"run":1}')
    expect(user.decode(Buffer.from(raw ?? ''))).toStrictEqual(E.right({ id: 7, run: 1 }))
    expect(await client.pTTL(key ?? '')).toBeGreaterThan(299_000)
    expect(user.store.backend).toBe(client)
    client.destroy()
  })

  test('a changed schema misses, with and without a version, and never crashes', async () => {
    const { client, user } = await setUp()
    await user(7)()
    const { store } = user
    const Changed = t.type({ id: t.number, email: t.string })
    const fetchUser = (id: number): TE.TaskEither<never, t.TypeOf<typeof Changed>> =>
      TE.right({ id, email: 'a@x' })
    const codec = Codec.json(Changed)
    const same = ring(fetchUser, { store, codec })
    expect(await same(7)()).toStrictEqual(E.right({ id: 7, email: 'a@x' }))
    expect(E.isLeft(await user.get(7)())).toBe(true)
    const versioned = ring(fetchUser, { store, codec, version: Codec.fingerprint(codec) })
    expect(versioned.key(7)).not.toBe(same.key(7))
    expect(await versioned.get(7)()).toStrictEqual(E.right(O.none))
    client.destroy()
  })
})
