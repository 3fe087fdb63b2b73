/** Pages in every kind of store, real ones among them. */
import { rmSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DatabaseSync } from '@photostructure/sqlite'
import { dict, Duration, Policy, Store } from 'fp-ring'
import { files } from 'fp-ring/files'
import { page } from 'fp-ring/http'
import { lru } from 'fp-ring/lru'
import { redis } from 'fp-ring/redis'
import { sqlite } from 'fp-ring/sqlite'
import * as E from 'fp-ts/Either'
import { createClient } from 'redis'

import { freshFolder } from '../folders'
import { anyRedis, randomNamespace } from '../integration/servers'
import { ask, fate, home, soon, textOf } from './kit'

const policy = Policy.policy(
  Policy.ttl(Duration.seconds(60)),
  Policy.staleIfError(Duration.minutes(1)),
  Policy.staleWhileRevalidate(Duration.seconds(1))
)

const scenario = async (store: Store.Store<Uint8Array>): Promise<void> => {
  let runs = 0
  const body = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))
  const handler = (request: Request): Response => {
    runs++
    return new Response(body, { headers: { vary: 'x', 'x-said': request.headers.get('x') ?? 'ü' } })
  }
  const [here, there] = [1, 2].map(() => page(handler, { store, policy, tags: () => ['all'] }))
  const bytes = async (response: Promise<Response>) => Buffer.from(await (await response).arrayBuffer())

  expect((await bytes(here!(ask('/p')))).equals(body)).toBe(true)
  await soon(60)
  const other = await there!(ask('/p'))
  expect(fate(other)).toMatch(/hit; ttl=(59|60)/)
  expect(other.headers.get('x-said')).toBe('ü')
  expect(Buffer.from(await other.arrayBuffer()).equals(body)).toBe(true)
  await bytes(here!(ask('/p', { x: 'a' })))
  await soon(60)
  expect(runs).toBe(2)
  await bytes(there!(ask('/p', { x: 'a' })))
  expect(runs).toBe(2)

  expect(await there!.delete('/p')()).toEqual(E.right(undefined))
  expect(await here!.has(`${home}/p`)()).toEqual(E.right(false))
  await bytes(here!(ask('/p')))
  await soon(60)
  expect(runs).toBe(3)
  await here!.purge('all')()
  expect(await there!.has(`${home}/p`)()).toEqual(E.right(false))
}

describe('pages lie in', () => {
  const server = anyRedis()
  const namespace = randomNamespace()
  let client: ReturnType<typeof createClient>
  const directory = freshFolder('pages')
  beforeAll(async () => {
    client = createClient({ url: (await server).url })
    await client.connect()
  })
  afterAll(async () => {
    await client.close()
    await (await server).stop()
    rmSync(directory, { recursive: true, force: true })
  })

  it('dict', () => scenario(dict<Uint8Array>()))
  it('lru', () => scenario(lru<Uint8Array>({ max: 100 })))
  it('files', () => scenario(files({ directory })))
  it('sqlite', () => scenario(sqlite(new DatabaseSync(':memory:'))))
  it('redis', () => scenario(redis(client, { namespace })))
  it('tiers', () =>
    scenario(
      Store.tiered({
        near: lru<Uint8Array>({ max: 100 }),
        far: redis(client, { namespace: `${namespace}tiers:` })
      })
    ))

  it('redis, where any program can read them', async () => {
    const store = redis(client, { namespace: `${namespace}open:` })
    const date = Date.now()
    const pages = page(() => new Response('hello', { headers: { 'content-type': 'text/plain' } }), {
      store,
      date: () => date
    })
    await textOf(pages(ask('/')))
    await soon(60)
    const raw = await client.withTypeMapping({ 36: Buffer }).get(`${namespace}open:${pages.key(home)}`)
    const bytes = raw as unknown as Buffer
    // the envelope: 7 bytes, and 16 for its one tag
    const [line, body] = bytes.subarray(23).toString().split('\n')
    expect(body).toBe('hello')
    expect(JSON.parse(line!)).toMatchObject({
      v: 1,
      status: 200,
      age: 0,
      lifetime: 60_000,
      variant: '',
      headers: expect.arrayContaining([['content-type', 'text/plain']]) as unknown
    })
  })

  it('redis, made once for two processes', async () => {
    let runs = 0
    const handler = async () => {
      await soon(30)
      return new Response(`run ${++runs}`)
    }
    const [here, there] = [1, 2].map(() =>
      page(handler, {
        store: redis(client, { namespace: `${namespace}leased:` }),
        policy: Policy.policy(Policy.ttl(Duration.seconds(60)), Policy.lease())
      })
    )
    const both = await Promise.all([here!, there!].map((one) => textOf(one(ask('/')))))
    expect(both).toEqual(['run 1', 'run 1'])
    expect(runs).toBe(1)
  })
})
