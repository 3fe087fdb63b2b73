/** The service does what it says, under load and by hand; a cache that keeps what is out of date is found out. */
import { execFile } from 'node:child_process'

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { dict, Duration, RingError } from 'fp-ring'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

import { makeDatabase } from '../../examples/service/database'
import { runLoad } from '../../examples/service/load'
import { embedded, inRedis, type Place } from '../../examples/service/place'
import type { Freshness } from '../../examples/service/rings'
import { type Service, start } from '../../examples/service/start'
import { printVerdict } from '../../examples/service/table'
import { anyRedis, sleep } from '../integration/servers'

const redis = pipe(anyRedis(), (server) => ({
  url: async () => (await server).url,
  stop: async () => (await server).stop()
}))
afterAll(() => redis.stop())

// -------------------------------------------------------------------------------------
// the command
// -------------------------------------------------------------------------------------

interface Ended {
  readonly code: number | string | null | undefined
  readonly out: string
  readonly err: string
}

const command = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', 'examples/service.ts', ...args],
      { env: { ...process.env, ...env }, timeout: 90_000 },
      (failure, out, err) => resolve({ code: failure === null ? 0 : failure.code, out, err })
    )
  })

/** The cells of a line of a table: requests, hits, late, p50, p95, p99, errors, stale. */
const cells = (table: string, name: string): ReadonlyArray<number> => {
  const line = table.split('\n').find((one) => one.startsWith(`${name}  `)) ?? ''
  return line
    .slice(name.length)
    .replace(/ (ms|%)/g, '')
    .trim()
    .split(/ +/)
    .map((cell) => Number(cell.replace(/,/g, '')))
}

const queriesEach = (table: string): number => Number(/([\d.]+) for each request/.exec(table)?.[1])

describe.each([
  ['in this process', [], async () => '', 'this process'],
  ['in Redis', ['--redis'], redis.url, 'Redis']
])('the load on a service that remembers %s', (_, args, url, where) => {
  test('is answered by its caches, and nothing of it is stale', async () => {
    const { code, err, out } = await command([...args, '--load', '--seconds', '2'], {
      REDIS_URL: await url()
    })
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(out).toContain(`The service remembers in ${where}`)
    expect(out).toMatch(/✓ 0 stale answers after [1-9][\d,]* writes\n✓ 0 errors in [\d,]+ requests\n$/)

    const [bare = '', cached = ''] = out.split('\nWith caches\n')
    for (const route of ['GET /articles/:id', 'GET /authors/:id', 'GET /']) {
      const [requests, hits, , p50, p95, p99, errors, stale] = cells(cached, route)
      expect(requests).toBeGreaterThan(10)
      expect(hits).toBeGreaterThan(20)
      expect([p50! <= p95!, p95! <= p99!, errors, stale]).toEqual([true, true, 0, 0])
      expect(cells(bare, route)[1]).toBeNaN() // nothing was hit
    }
    expect(cells(cached, 'all')[1]).toBeGreaterThan(35)
    expect(queriesEach(cached)).toBeLessThan(queriesEach(bare) * 0.75)
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110)
  }, 120_000)
})

test('without a server it says what to do, and nothing else', async () => {
  const { code, err, out } = await command(['--redis'], { REDIS_URL: '', PATH: '/nowhere' })
  expect([code, out]).toEqual([1, ''])
  expect(err).toBe('--redis needs a server: set REDIS_URL, or put redis-server on PATH\n')
}, 60_000)

test('of a server that does not answer it says so, without its password', async () => {
  const { code, err, out } = await command(['--load'], { REDIS_URL: 'redis://user:secret@127.0.0.1:1' })
  expect({ code, err, out }).toEqual({ code: 1, err: 'Redis does not answer\n', out: '' })
}, 60_000)

// -------------------------------------------------------------------------------------
// by hand
// -------------------------------------------------------------------------------------

const long: Freshness = {
  ttl: Duration.minutes(1),
  whileRevalidate: Duration.zero,
  ifError: Duration.hours(1)
}

const orThrow = <A>(task: TE.TaskEither<string, A>): Promise<A> =>
  pipe(
    task,
    TE.getOrElse((why) => {
      throw new Error(why)
    })
  )()

const serviceIn = async (place: Place, freshness = long, latency = 5): Promise<Service> =>
  orThrow(start(place, { database: makeDatabase({ latency }), freshness }))

const client =
  ({ url }: Service) =>
  async (path: string, method = 'GET', body?: unknown) => {
    const response = await fetch(url + path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
    })
    const text = await response.text()
    return {
      status: response.status,
      fate: response.headers.get('cache-status') ?? '',
      headers: response.headers,
      text,
      json: (): any => JSON.parse(text)
    }
  }

describe.each([
  ['this process', async () => embedded()],
  ['Redis', async () => orThrow(inRedis(await redis.url()))]
])('a service that remembers in %s', (name, place) => {
  let service: Service
  let ask: ReturnType<typeof client>
  beforeAll(async () => {
    service = await serviceIn(await place())
    ask = client(service)
  })
  afterAll(() => service.close())

  test('answers from its caches what it has answered', async () => {
    for (const [path, first, second] of [
      ['/articles/1', 'thread; fwd=miss', /^thread; hit$/],
      ['/authors/1?page=2', 'fp-ring; fwd=miss; stored', /^fp-ring; hit; ttl=\d+$/],
      ['/', 'fp-ring; fwd=miss; stored', /^fp-ring; hit; ttl=\d+$/]
    ] as const) {
      const miss = await ask(path)
      expect([miss.status, miss.fate]).toEqual([200, first])
      await sleep(20) // a page is stored when it has been sent
      const queries = service.database.queries()
      const hit = await ask(path)
      expect([hit.status, hit.text, service.database.queries()]).toEqual([200, miss.text, queries])
      expect(hit.fate).toMatch(second)
    }
  })

  test('shows at once what was saved: in the article, in the lists, on the front page, and nowhere else', async () => {
    const others = ['/articles/8', '/authors/8']
    const shown = ['/articles/7', '/authors/7', '/', ...others]
    await Promise.all(shown.map((path) => ask(path)))
    await sleep(20)
    const saved = await ask('/articles/7', 'PUT', { title: 'Rings & <knots>', text: 'New.' })
    expect([saved.status, saved.json().title]).toEqual([200, 'Rings & <knots>'])

    const article = await ask('/articles/7')
    expect(article.json().article).toEqual(saved.json())
    for (const path of ['/authors/7', '/'])
      expect((await ask(path)).text).toContain('Rings &amp; &lt;knots&gt;')
    for (const path of others) expect((await ask(path)).fate).toMatch(/; hit/)
  })

  test('shows a comment at once', async () => {
    expect((await ask('/articles/3')).json().comments).toEqual([])
    expect((await ask('/articles/3/comments', 'POST', { text: 'Well said.' })).json()).toEqual({
      comments: 1
    })
    expect((await ask('/articles/3')).json().comments).toEqual(['Well said.'])
  })

  test('says what is not there, and remembers that', async () => {
    const none = await ask('/articles/123456')
    expect([none.status, none.json()]).toEqual([404, { _tag: 'NotFound', what: 'article 123456' }])
    const queries = service.database.queries()
    const again = await ask('/articles/123456')
    expect([again.status, again.fate, service.database.queries()]).toEqual([404, 'thread; hit', queries])
    expect((await ask('/authors/51')).status).toBe(404)
    expect((await ask('/articles/123456', 'PUT', { title: '', text: '' })).status).toBe(404)
  })

  test('says what it does not understand', async () => {
    expect((await ask('/articles/one')).json()).toEqual({ _tag: 'Invalid', what: 'id' })
    expect((await ask('/authors/1?page=0')).status).toBe(400)
    expect((await ask('/articles/1', 'PUT', { title: 1 })).status).toBe(400)
    const broken = await fetch(`${service.url}/articles/1`, {
      method: 'PUT',
      body: '{',
      headers: { 'content-type': 'application/json' }
    })
    expect([broken.status, await broken.json()]).toEqual([400, { _tag: 'Invalid' }])
  })

  test('says how it is, and what its caches did', async () => {
    expect((await ask('/health')).json()).toEqual({ status: 'ok', cache: name })
    const { database, rings } = (await ask('/metrics')).json()
    expect(database.queries).toBe(service.database.queries())
    expect(Object.keys(rings).sort()).toEqual(['article', 'comments', 'latest', 'page', 'shelf', 'thread'])
    expect(rings.thread.hits).toBeGreaterThan(0)
    expect(rings.thread.faults).toBe(0)
  })
})

test('while the database is down what is known is served, and of the rest it is said when to ask again', async () => {
  const service = await serviceIn(embedded(), { ...long, ttl: Duration.milliseconds(50) })
  try {
    const ask = client(service)
    const paths = ['/articles/1', '/authors/1', '/']
    const known = await Promise.all(paths.map((path) => ask(path)))
    await sleep(100)
    service.database.fail(60_000)()
    for (const [i, path] of paths.entries()) {
      const { status, text } = await ask(path)
      expect([path, status, text]).toEqual([path, 200, known[i]?.text])
    }
    const { rings } = (await ask('/metrics')).json()
    expect([rings.article.stales, rings.shelf.stales, rings.latest.stales].every((n) => n > 0)).toBe(true)
    const unknown = await ask('/articles/2')
    expect([unknown.status, unknown.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await ask('/articles/1', 'PUT', { title: '', text: '' })).status).toBe(503)

    service.database.fail(0)()
    expect((await ask('/articles/1', 'PUT', { title: 'New', text: 'New.' })).status).toBe(200)
    expect((await ask('/articles/1')).json().article.title).toBe('New') // nothing old is left to serve
  } finally {
    await service.close()
  }
})

test('what is saved where the cache cannot be told is saved, and it says so', async () => {
  const store = dict<Uint8Array>()
  const deaf = {
    ...store,
    leases: { ...store.leases, override: () => TE.left(RingError.storeFailed('override')('down')) }
  }
  const service = await serviceIn({ name: 'deaf', store: deaf, close: async () => undefined })
  try {
    const saved = await client(service)('/articles/1', 'PUT', { title: 'New', text: 'New.' })
    expect([saved.status, saved.json().saved.title]).toEqual([202, 'New'])
  } finally {
    await service.close()
  }
})

test('it ends when the last request has been answered', async () => {
  const service = await serviceIn(embedded(), long, 300)
  const under = client(service)('/articles/1')
  await sleep(100)
  const since = performance.now()
  const closed = service.close()
  expect((await under).status).toBe(200)
  await closed
  expect(performance.now() - since).toBeLessThan(2_500) // it waits for nobody's idle connection
  await expect(client(service)('/articles/1')).rejects.toThrow()
})

test('a cache that keeps what is out of date is found out', async () => {
  const store = dict<Uint8Array>()
  const nothing = () => TE.right(undefined)
  const keeping = {
    ...store,
    delete: nothing,
    deleteMany: nothing,
    leases: { ...store.leases, override: nothing }
  }
  const service = await serviceIn({ name: 'keeps', store: keeping, close: async () => undefined })
  const log = jest.spyOn(console, 'log').mockReturnValue(undefined)
  try {
    let isWell = true
    // a busy machine may write too little for anybody to see it
    for (let round = 0; round < 10 && isWell; round++)
      isWell = printVerdict(await runLoad(service.url, { clients: 16, pause: 5, seconds: 2 }))
    expect(isWell).toBe(false)
    expect(log.mock.calls.flat().join('\n')).toMatch(/✗ [\d,]+ stale answers/)
  } finally {
    log.mockRestore()
    await service.close()
  }
})
