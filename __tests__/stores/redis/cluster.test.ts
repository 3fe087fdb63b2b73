import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { none, some } from 'fp-ts/Option'
import { createCluster } from 'redis'

import * as D from '../../../src/Duration'
import { redis } from '../../../src/stores/redis'
import { redisHash } from '../../../src/stores/redis/hash'
import { leaseKeyOf, slotOf } from '../../../src/stores/redis/keys'
import { bytes as byteValues } from '../../../src/testing'
import { type Cluster, eventually, onNode, randomNamespace, startCluster } from '../../integration/servers'
import { obeys, storeLaws } from '../../laws/register'
import { runs } from '../../runs'
import { right } from '../answers'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

let started: Promise<Cluster> | undefined
/** One cluster for the whole file: it takes seconds. */
const cluster = (): Promise<Cluster> => (started ??= startCluster())

const connect = async (keyPrefix?: string) => {
  const { rootNodes } = await cluster()
  const client = createCluster({
    rootNodes: [...rootNodes],
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    defaults: { socket: { reconnectStrategy: 100 } }
  })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

const closing: Array<() => unknown> = []
afterAll(async () => {
  for (const close of closing) await close()
  await (await started)?.stop()
})

const options = {
  ...byteValues,
  numRuns: runs(50),
  close: ({ backend }: { readonly backend: { readonly destroy: () => unknown } }) => backend.destroy()
}
const leasing = { ...options, leases: true }
/** Six servers share two cores with the tests: that they are slow is no fault of the store's. */
const open = async (keyPrefix?: string) =>
  redis(await connect(keyPrefix), { namespace: randomNamespace(), timeout: D.seconds(10) })
const openHash = async () => redisHash(await connect(), { key: randomNamespace() })

obeys(
  'redis over a cluster of six',
  storeLaws(() => open(), leasing)
)
obeys(
  'redis over a cluster, with a key prefix that has a slot of its own',
  storeLaws(() => open('{one}:'), leasing)
)
obeys('redisHash over a cluster', storeLaws(openHash, { ...options, lifetime: false }))

const oddKeys = [
  '',
  'a',
  'a}b',
  'a{b',
  '{x}y',
  'y{x}',
  '{}x',
  '{}',
  '}{',
  '{',
  '}',
  '{{a}}',
  'é{ü}',
  '{x',
  'x}y{z}'
]

describe('the key of a lease', () => {
  const pieces = ['{', '}', '{}', 'a', 'b', 'é', '👩‍🚀', ':', '\0', '~lease:', '{x}', 'users:1']
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(''))
  const prefix = fc.oneof(fc.constantFrom('', 'app:', '{one}:', '{', 'a{b', '{}', '}', '{}{a}', '{{'), text)

  test('law 25: is in the slot of its entry’s, whatever braces they have', () =>
    fc.assert(
      fc.property(prefix, fc.oneof(text, fc.string({ unit: 'binary' })), (keyPrefix, key) => {
        const lease = leaseKeyOf(keyPrefix, key)
        expect(lease.startsWith('~lease:')).toBe(true)
        expect(slotOf(keyPrefix + lease)).toBe(slotOf(keyPrefix + key))
      }),
      { numRuns: runs(2_000) }
    ))

  test('law 25: is no other key’s', () => {
    const short = (length: number): ReadonlyArray<string> =>
      length === 0
        ? ['']
        : ['', ...short(length - 1).flatMap((end) => ['{', '}', 'a', ':'].map((c) => c + end))]
    const keys = [...new Set(short(5))]
    for (const keyPrefix of ['', 'a', '{a}', '{', 'a{a', '{}', '}', '{}{a}']) {
      const leases = keys.map((key) => leaseKeyOf(keyPrefix, key))
      // a lease of a lease, as far as text goes, is another one
      const all = [...leases, ...leases.map((key) => leaseKeyOf(keyPrefix, key))]
      expect(new Set(all).size).toBe(all.length)
    }
  })
})

describe('redis over a cluster', () => {
  let client: Awaited<ReturnType<typeof connect>>
  beforeAll(async () => {
    client = await connect()
  }, 60_000)
  afterAll(() => client.destroy())

  test('a slot is the server’s', async () => {
    const [node] = (await cluster()).nodes
    if (node === undefined) throw new Error('a cluster has a node')
    const keys = [
      '',
      'a',
      'users:1',
      '{x}',
      '{x}y',
      'y{x}',
      '{}x',
      'x{',
      '}{',
      '{{a}}',
      'é{ü}',
      'a{b}{c}',
      'k'.repeat(300)
    ]
    const theirs = await onNode(node, (send) =>
      Promise.all(keys.map((key) => send('CLUSTER', 'KEYSLOT', key)))
    )
    expect(keys.map((key) => String(slotOf(key)))).toEqual(theirs)
  })

  test.each(['', 'app:', '{one}:', 'a{', '{}:', 'a}'])(
    'law 25: odd keys have leases, with the key prefix %j',
    async (keyPrefix) => {
      const odd = await connect(keyPrefix)
      closing.push(() => odd.destroy())
      // without a namespace, so that the empty key is empty; nobody else uses this cluster
      const { get, leases } = redis(odd)
      for (const key of oddKeys) {
        const wish = (token: string) => leases.acquire(key, token, D.minutes(1), D.zero)
        const [first, again] = [right(await wish('me')()), right(await wish('you')())]
        expect([key, first._tag, again._tag]).toEqual([key, 'Won', 'Busy'])
      }
      for (const key of oddKeys) {
        expect(right(await leases.renew(key, 'me', D.minutes(1))())).toBe(true)
        right(await leases.release(key, 'you')())
        expect(right(await leases.commit(key, 'you', some(bytes('wrong')), D.minutes(1))())).toBe(false)
        expect(right(await leases.commit(key, 'me', some(bytes(key)), D.minutes(1))())).toBe(true)
        right(await leases.seize(key, 'you', D.minutes(1))())
      }
      for (const key of oddKeys) {
        const found = right(await leases.acquire(key, 'me', D.minutes(1), D.zero)())
        expect(found._tag === 'Found' && Buffer.from(found.entry.value).toString()).toBe(key)
      }
      right(
        await leases.override(
          oddKeys.map((key, i) => [key, i % 2 === 0 ? none : some(bytes('over')), D.minutes(1)])
        )()
      )
      for (const [i, key] of oddKeys.entries()) {
        expect(right(await leases.renew(key, 'you', D.minutes(1))())).toBe(false)
        expect(right(await get(key)())).toEqual(i % 2 === 0 ? none : some(bytes('over')))
      }
      right(await leases.override(oddKeys.map((key) => [key, none, D.zero]))())
    },
    30_000
  )

  test('law 12: 2,500 keys on all masters, in order', async () => {
    const store = redis(client, { namespace: randomNamespace(), timeout: D.seconds(10) })
    const keys = Array.from({ length: 2_500 }, (_, i) => `k${String(i)}`)
    const warnings: Array<Error> = []
    const warned = (warning: Error): void => void warnings.push(warning)
    process.on('warning', warned)
    right(await store.setMany(keys.map((key) => [key, bytes(key), D.minutes(1)]))())
    await new Promise(setImmediate)
    process.off('warning', warned)
    expect(warnings).toEqual([])
    expect(new Set(keys.map((key) => Math.floor((slotOf(key) * 3) / 16_384))).size).toBe(3)
    const asked = [...keys, 'absent', ...keys.slice(0, 10)]
    const found = right(await store.getMany(asked)())
    expect(found.map((o) => (o._tag === 'Some' ? Buffer.from(o.value).toString() : 'absent'))).toEqual(asked)
    const entries = right(await store.readMany(asked)())
    expect(entries.filter((o) => o._tag === 'Some' && o.value.remaining > 50_000)).toHaveLength(
      asked.length - 1
    )
    right(await store.clear('k')())
    expect(right(await store.hasMany(keys)())).not.toContain(true)
  }, 30_000)

  test('law 26: keys of a frozen master time out, and come back with it', async () => {
    const { nodes } = await cluster()
    const store = redis(client, { namespace: randomNamespace(), timeout: D.milliseconds(300) })
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    right(await store.setMany(keys.map((key) => [key, bytes(key), D.minutes(1)]))())
    // shorter than the node timeout, so that nobody is promoted
    nodes[0]?.pause()
    const begun = performance.now()
    const answers = await Promise.all(keys.map((key) => store.has(key)()))
    const took = performance.now() - begun
    nodes[0]?.resume()
    const tags = answers.map((answer) => (answer._tag === 'Left' ? answer.left.reason : 'right'))
    expect(new Set(tags)).toEqual(new Set(['timeout', 'right']))
    expect(took).toBeLessThan(1_200)
    await eventually('it recovers', async () => (await store.getMany(keys)())._tag === 'Right', 10_000)
  }, 30_000)

  test('law 26: a master that is killed is replaced, and the store works on', async () => {
    const { nodes } = await cluster()
    const store = redis(client, { namespace: randomNamespace(), timeout: D.milliseconds(500) })
    const keys = Array.from({ length: 30 }, (_, i) => `k${String(i)}`)
    await nodes[1]?.kill()
    const begun = performance.now()
    const answers = await Promise.all(keys.map((key) => store.has(key)()))
    expect(performance.now() - begun).toBeLessThan(1_500)
    expect(new Set(answers.map(({ _tag }) => _tag))).toEqual(new Set(['Left', 'Right']))
    const entries = keys.map((key) => [key, bytes(key), D.minutes(1)] as const)
    await eventually('it is replaced', async () => (await store.setMany(entries)())._tag === 'Right', 25_000)
    expect(right(await store.hasMany(keys)())).not.toContain(false)
  }, 40_000)

  test('law 26: a master that is frozen fails the reads of its own keys, and no others', async () => {
    const frozen = (await cluster()).nodes[0]
    if (frozen === undefined) throw new Error('a cluster has a node')
    const timeout = 300
    const store = redis(client, { namespace: randomNamespace(), timeout: D.milliseconds(timeout) })
    const keys = Array.from({ length: 300 }, (_, i) => `k${String(i)}`)
    right(await store.setMany(keys.map((key) => [key, bytes(key), D.minutes(1)] as const))())
    frozen.pause()
    try {
      const began = Date.now()
      const all = await Promise.all(keys.map((key) => store.get(key)()))
      expect(Date.now() - began).toBeLessThan(timeout + 700)
      const failed = all.filter(E.isLeft).length
      expect(all.every((one) => E.isRight(one) || one.left.reason === 'timeout')).toBe(true)
      expect(failed).toBeGreaterThan(50)
      expect(failed).toBeLessThan(150)
    } finally {
      frozen.resume()
    }
  })

  test('backend is the cluster, in its own type', () => {
    const { backend } = redis(client)
    expect(backend).toBe(client)
    expectTypeOf(backend).toEqualTypeOf(client)
  })
})
