/** Heads that are changed when they are written: a cached handler is the handler, whoever changes its head and when. */
import * as http from 'node:http'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { dict, Duration, Policy } from 'fp-ring'
import { pageListener } from 'fp-ring/http'

import { listening, soon } from './kit'
import {
  type Answer,
  ask,
  byConnect,
  changes,
  frameworks,
  hooks,
  isVain,
  pathOf,
  type Site,
  starts,
  ways
} from './late'

const places = ['above', 'below'] as const
const hookNames = Object.keys(hooks) as ReadonlyArray<keyof typeof hooks>

/** Whether a page may be given to others: by what the head says when it is sent. */
const isStored = (way: string, change: string, place: (typeof places)[number]): boolean =>
  !way.startsWith('trailers') &&
  !['a status of failure', 'a cookie', 'private'].includes(change) &&
  // what is said above the cache of who may be given an answer, or of its status, is not known when it is served
  !(place === 'above' && ['another status', 'another lifetime', 'varying'].includes(change))

/** What a client sees, without what a cache may say itself. */
const seen = ({ body, fields, status, trailers }: Answer) => ({ body, fields, status, trailers })

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 })
afterAll(() => agent.destroy())

/** The answers to some clients, one after the other; the page is stored when the first one has it. */
const tour = async (port: number, path: string): Promise<ReadonlyArray<Answer>> => {
  const first = await ask(agent, port, path, { 'x-kind': 'a' })
  // a copy is stored in the turns after the end of its answer
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
  const again = await ask(agent, port, path, { 'x-kind': 'a' })
  const other = await ask(agent, port, path, { 'x-kind': 'b' })
  const head = await ask(agent, port, path, { 'x-kind': 'a' }, 'HEAD')
  return [first, again, other, head]
}

describe.each(Object.entries(starts))('law P3: in %s', (name, start) => {
  let cached: Site
  let bare: Site
  beforeAll(async () => {
    cached = await start({ store: dict<Uint8Array>(), policy: Policy.ttl(Duration.minutes(5)) })
    bare = await start(undefined)
  })
  afterAll(async () => {
    await cached.close()
    await bare.close()
  })

  const all = [...Object.keys(ways), ...(frameworks.has(name) ? ['framework'] : [])]
  it.each(all)('a head that is changed late is the head with the cache and without: %s', async (way) => {
    // Fastify gives its fields to `writeHead`, too
    const gives = way.startsWith('writeHead') || (name === 'Fastify' && way === 'framework')
    for (const place of places)
      for (const hook of gives ? hookNames : hookNames.slice(0, 1))
        for (const change of Object.keys(changes)) {
          if (place === 'above' && isVain(change, hook)) continue
          const path = pathOf({ way, change, hook, place })
          const [got, expected] = await Promise.all([tour(cached.port, path), tour(bare.port, path)])
          const what = `${change}, ${place}, ${hook}`
          expect([what, ...got.map(seen)]).toEqual([what, ...expected.map(seen)])
          expect([what, got[1]!.cache.includes('hit')]).toEqual([what, isStored(way, change, place)])
        }
  })

  it('a tag that is set late is the tag of the page', async () => {
    for (const hook of hookNames) {
      const path = pathOf({ way: 'end', change: 'another tag', hook, place: 'below' })
      await tour(cached.port, path)
      const known = await ask(agent, cached.port, path, { 'if-none-match': '"late"' })
      expect([known.status, known.body, known.fields.etag]).toEqual([304, '', '"late"'])
      const unknown = await ask(agent, cached.port, path, { 'if-none-match': '"own"' })
      expect([unknown.status, unknown.body]).toEqual([200, 'the page'])
    }
  })
})

/** A cache that reads the head when the body is written, before it is changed, and stores whatever it sees. */
const hasty = () => {
  const pages = new Map<string, { readonly status: number; readonly head: object; readonly body: string }>()
  return (req: http.IncomingMessage, res: http.ServerResponse, next: () => void): void => {
    const key = String(req.url)
    const page = pages.get(key)
    if (page !== undefined) {
      res.statusCode = page.status
      Object.entries(page.head).forEach(([name, value]) => res.setHeader(name, value as string))
      res.setHeader('cache-status', 'hasty; hit')
      res.end(page.body)
      return
    }
    const { end } = res
    Reflect.set(res, 'end', (body: string) => {
      pages.set(key, { status: res.statusCode, head: { ...res.getHeaders() }, body })
      return Reflect.apply(end, res, [body]) as unknown
    })
    next()
  }
}

describe('the comparison catches a cache that reads a head too early', () => {
  let cached: Site
  let bare: Site
  beforeAll(async () => {
    cached = await byConnect(hasty())
    bare = await byConnect((_, __, next) => next())
  })
  afterAll(async () => {
    await cached.close()
    await bare.close()
  })

  it.each(Object.keys(changes).filter((change) => change !== 'nothing'))('%s', async (change) => {
    const path = pathOf({ way: 'end', change, hook: 'sets what it is given', place: 'below' })
    const got = await tour(cached.port, path)
    await soon()
    const expected = await tour(bare.port, path)
    expect(JSON.stringify(got.map(seen))).not.toBe(JSON.stringify(expected.map(seen)))
    expect(got[1]!.cache).toContain('hit')
  })
})

describe('an old page stands for a failure that is only known when the head is written', () => {
  it.each(Object.keys(ways).filter((way) => !way.startsWith('trailers')))('%s', async (way) => {
    let [time, isDown, runs] = [0, false, 0]
    const clock = { now: () => time }
    const pages = pageListener(
      (_: http.IncomingMessage, res: http.ServerResponse) => {
        runs++
        hooks['passes on what it is given'](res, (__, status) => (isDown ? 503 : status))
        if (isDown) res.setHeader('x-failed', 'yes')
        return ways[way]!(res)
      },
      {
        store: dict<Uint8Array>({ clock }),
        clock,
        date: clock.now,
        policy: Policy.policy(Policy.ttl(Duration.seconds(1)), Policy.staleIfError(Duration.minutes(1)))
      }
    )
    const server = http.createServer((req, res) => void pages(req, res))
    const port = await listening(server)
    try {
      const get = () => ask(agent, port, '/')
      const first = await get()
      await soon(20)
      isDown = true
      for (const [now, isOld] of [
        [10_000, true],
        [50_000, true],
        [70_000, false]
      ] as const) {
        time = now
        const got = await get()
        expect([got.status, got.body, got.fields['x-failed']]).toEqual(
          isOld ? [200, 'the page', undefined] : [503, 'the page', 'yes']
        )
        if (isOld)
          expect([seen(got), got.cache]).toEqual([seen(first), expect.stringMatching(/stale-if-error/)])
        await soon(10)
        // the next one asks the handler again
        time += 6_000
      }
      expect(runs).toBe(4)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
