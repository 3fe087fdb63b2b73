/**
 * Hits of pages, and the requests that a cache passes on, each against the same server without the cache.
 *
 * The benchmark measures the CPU time of the server's process; this process is the client. Each server has a process of
 * its own, and the servers take turns. The requests have no field that they do not need, as a browser's fields cost both
 * sides the same. They go round 200 pages, as concurrent requests for one page would share its read. The server counts the
 * runs of its handler, and a sample with another count than expected ends the benchmark.
 */
import assert from 'node:assert'
import { once } from 'node:events'
import * as http from 'node:http'
import { text } from 'node:stream/consumers'

import { dict, Duration, Policy } from 'fp-ring'
import { page } from 'fp-ring/http'

import { anyRedis } from '../__tests__/integration/servers'
import { alternate, compare, type Row, rowsOf, type Sample, type Sampler, type Scenario } from './harness'
import { type Asking, connected } from './pageClient'
import { article, isInstalled, note, type ServerName, serverProcess } from './pageServers'

const pagesCount = 200
const rounds = 27
/** The time that a round has for each of its servers, in milliseconds, about. */
const sampleMs = 80

// -------------------------------------------------------------------------------------
// without a server
// -------------------------------------------------------------------------------------

const handler = () => Promise.resolve(new Response(article, { headers: { 'content-type': 'text/html' } }))

const alone = async (): Promise<ReadonlyArray<Row>> => {
  const cached = page(handler, {
    store: dict<Uint8Array>(),
    policy: Policy.ttl(Duration.hours(1)),
    origin: 'https://example.com'
  })
  const request = (i: number) => new Request(`https://example.com/articles/${i % pagesCount}`)
  for (let i = 0; i < pagesCount; i++) await (await cached(request(i))).text()
  const hit = await cached(request(0))
  assert.match(hit.headers.get('cache-status') ?? '', /hit/)
  assert.strictEqual(await hit.text(), article)

  const samples = await compare(
    {
      handler: async (n) => {
        for (let i = 0; i < n; i++) {
          request(i)
          await (await handler()).arrayBuffer()
        }
      },
      page: async (n) => {
        for (let i = 0; i < n; i++) await (await cached(request(i))).arrayBuffer()
      }
    },
    { rounds: 31, sampleMs: 50 }
  )
  return rowsOf(samples, {
    scenario: 'pages: page(), no server, the body read',
    baseline: 'handler',
    ours: 'page',
    targets: { cpu: 1.3 }
  })
}

// -------------------------------------------------------------------------------------
// servers
// -------------------------------------------------------------------------------------

/** A request to each server of a group. `path` receives the number of the request. */
interface Asked {
  readonly method?: string
  readonly path: (i: number) => string
  readonly fields?: Readonly<Record<string, string>>
}

interface Pair {
  readonly scenario: string
  readonly baseline: ServerName
  readonly ours: ServerName
  /** The ratio that is aimed for, with one connection and with many. */
  readonly targets: readonly [number | undefined, number | undefined]
}

/** Pairs of servers that receive the same requests. */
interface Group {
  readonly asked: Asked
  readonly body: string
  /** The `Cache-Status` of our answers, once the pages of hits are stored. */
  readonly fate?: RegExp
  /** The servers whose handler runs for no request. Every other handler runs for each request. */
  readonly hits: ReadonlyArray<ServerName>
  readonly pairs: ReadonlyArray<Pair>
}

const many = 64

const bytesOf = ({ fields = {}, method = 'GET', path }: Asked): Asking => {
  const more = Object.entries({ host: 'example.com', ...fields }).map(
    ([name, value]) => `${name}: ${value}\r\n`
  )
  const body = method === 'POST' ? 'content-length: 2\r\n\r\n{}' : '\r\n'
  return (i) => Buffer.from(`${method} ${path(i)} HTTP/1.1\r\n${more.join('')}${body}`)
}

/** The requests; if they repeat, their bytes are made once. */
const askingFor = (asked: Asked, repeats: boolean): Asking => {
  const bytes = bytesOf(asked)
  if (!repeats) return bytes
  const made = Array.from({ length: pagesCount }, (_, i) => bytes(i))
  return (i) => made[i % pagesCount]!
}

const articles = (i: number): string => `/articles/${i % pagesCount}`
const notes = (i: number): string => `/notes/${i % pagesCount}`

const hitsIn = (
  targets: readonly [number, number],
  baseline: ServerName,
  ...cached: ReadonlyArray<readonly [scenario: string, ours: ServerName]>
): Group => ({
  asked: { path: articles },
  body: article,
  fate: /; hit/,
  hits: cached.map(([, ours]) => ours),
  pairs: cached.map(([scenario, ours]) => ({ scenario, baseline, ours, targets }))
})

const express: Group = {
  asked: { path: articles },
  body: article,
  fate: /; hit/,
  hits: ['Express, cached', 'Express, apicache'],
  pairs: [
    { scenario: 'Express', baseline: 'Express', ours: 'Express, cached', targets: [1, 1] },
    {
      scenario: 'Express, beside apicache',
      baseline: 'Express, apicache',
      ours: 'Express, cached',
      targets: [1, 1]
    }
  ]
}

const twoGets: Group = {
  ...hitsIn([1.3, 1.3], 'two GETs', ['node:http, redis', 'node:http, redis']),
  hits: ['two GETs', 'node:http, redis']
}

const passed = (scenario: string, asked: Asked, fate: RegExp, most = 1.5): Group => ({
  asked,
  body: note,
  fate,
  hits: [],
  pairs: [{ scenario, baseline: 'node:http', ours: 'node:http, dict', targets: [most, most] }]
})

const misses: Group = {
  asked: { path: (i) => `/articles/${i}` },
  body: article,
  fate: /fwd=miss; stored/,
  hits: [],
  pairs: [
    { scenario: 'a miss, stored', baseline: 'one write', ours: 'node:http, misses', targets: [1.5, 1.5] }
  ]
}

/** Two processes of one server: how far from 1 a ratio may be by chance. */
const control: Group = {
  asked: { path: articles },
  body: article,
  hits: [],
  pairs: [
    {
      scenario: 'control, no cache',
      baseline: 'node:http',
      ours: 'node:http, again',
      targets: [undefined, undefined]
    }
  ]
}

const groups: ReadonlyArray<Group> = [
  control,
  hitsIn(
    [1.4, 1.3],
    'node:http',
    ['node:http, dict', 'node:http, dict'],
    ['node:http, lru', 'node:http, lru']
  ),
  express,
  hitsIn([1.4, 1.4], 'Fastify', ['Fastify', 'Fastify, cached']),
  hitsIn([1.3, 1.3], 'Hono', ['Hono', 'Hono, cached']),
  twoGets,
  passed('passed on: no-store', { path: (i) => `/secrets/${i % pagesCount}` }, /fwd=/),
  passed('passed on: Authorization', { path: notes, fields: { authorization: 'Bearer 1' } }, /fwd=/),
  passed('passed on: Range', { path: notes, fields: { range: 'bytes=0-9' } }, /fwd=bypass/),
  passed('passed on: POST', { method: 'POST', path: notes }, /fwd=method/, 2),
  misses
]

/** Checks one answer whole; the client of the measurement reads its status and its length only. */
const checked = async (
  port: number,
  { asked, body, fate }: Group,
  { i, isOurs }: { readonly i: number; readonly isOurs: boolean }
): Promise<void> => {
  const { fields = {}, method = 'GET', path } = asked
  const request = http.request({
    host: '127.0.0.1',
    port,
    path: path(i),
    method,
    headers: { ...fields, host: 'example.com' },
    agent: false
  })
  const [answer] = (await once(request.end(method === 'POST' ? '{}' : ''), 'response')) as [
    http.IncomingMessage
  ]
  assert.strictEqual(await text(answer), body)
  if (isOurs && fate !== undefined) assert.match(String(answer.headers['cache-status']), fate)
}

interface Measured {
  readonly sampler: Sampler
  readonly end: () => void
}

/** Starts a server, checks an answer of it, and returns how its requests are measured. */
const measured = async (
  name: ServerName,
  group: Group,
  connections: number,
  redisUrl: string
): Promise<Measured> => {
  const hits = group.hits.includes(name)
  const server = await serverProcess(name, redisUrl)
  const client = await connected(server.port, connections, askingFor(group.asked, group !== misses))
  if (hits) await client.ask(pagesCount)
  const isOurs = group.pairs.some(({ ours }) => ours === name)
  // where pages are stored once, no number is asked for again
  await checked(server.port, group, { i: hits ? 0 : -1, isOurs })
  const sampler = async (n: number): Promise<Sample> => {
    const before = await server.used()
    const start = process.hrtime.bigint()
    await client.ask(n)
    const wall = Number(process.hrtime.bigint() - start)
    const after = await server.used()
    assert.strictEqual(after.runs - before.runs, hits ? 0 : n, `${name}: the runs of the handler`)
    return { wall: wall / n, cpu: ((after.cpu - before.cpu) * 1_000) / n }
  }
  return {
    sampler,
    end: () => {
      client.close()
      server.end()
    }
  }
}

/** How many requests to all of these fill a round. */
const fitting = async (samplers: ReadonlyArray<Sampler>): Promise<number> => {
  for (let n = many; ; n *= 2) {
    const samples: Array<Sample> = []
    for (const sampler of samplers) samples.push(await sampler(n))
    const each = samples.reduce((sum, { wall }) => sum + wall, 0)
    const fits = Math.round((samplers.length * sampleMs * 1e6) / each)
    if (n * 4 >= fits) return Math.max(many, fits)
  }
}

const rowsFor = async (group: Group, connections: number, redisUrl: string): Promise<ReadonlyArray<Row>> => {
  const pairs = group.pairs.filter(({ baseline, ours }) => isInstalled(baseline) && isInstalled(ours))
  const names = [...new Set(pairs.flatMap(({ baseline, ours }) => [baseline, ours]))]
  const all = await Promise.all(names.map((name) => measured(name, group, connections, redisUrl)))
  try {
    const n = await fitting(all.map(({ sampler }) => sampler))
    const subjects = Object.fromEntries(names.map((name, i) => [name, all[i]!.sampler]))
    const samples = await alternate(subjects, { n, rounds })
    return pairs.flatMap(({ baseline, ours, scenario, targets }) =>
      rowsOf(samples, {
        scenario: `pages: ${scenario}, ${connections} connection${connections === 1 ? '' : 's'}`,
        baseline,
        ours,
        targets: { cpu: targets[connections === 1 ? 0 : 1] }
      })
    )
  } finally {
    for (const { end } of all) end()
  }
}

export const pages: Scenario = async () => {
  const rows: Array<Row> = [...(await alone())]
  const server = await anyRedis()
  try {
    for (const group of groups)
      for (const connections of [1, many]) rows.push(...(await rowsFor(group, connections, server.url)))
  } finally {
    await server.stop()
  }
  if (!isInstalled('Express, apicache'))
    process.stderr.write('pages: the rows beside apicache are left out, as it is not installed\n')
  return rows
}
