/** Real servers, real sockets, a real client. */
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import * as net from 'node:net'

import { serve } from '@hono/node-server'
import { afterEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import fastify from 'fastify'
import { dict, Duration, Policy } from 'fp-ring'
import { page, pageHook, pageListener, pageMiddleware } from 'fp-ring/http'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { Hono } from 'hono'

import { listening, makeTime, soon, type Time } from './kit'

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

const request = (
  port: number,
  path: string,
  {
    headers = {},
    method = 'GET'
  }: { readonly headers?: http.OutgoingHttpHeaders; readonly method?: string } = {}
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    http
      .request({ port, path, method, headers, host: '127.0.0.1', agent: false }, (response) => {
        const chunks: Array<Buffer> = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString()
          })
        )
        response.on('error', reject)
      })
      .on('error', reject)
      .end()
  })

/** What the routes of every server answer, said once. */
interface Told {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string>>>
  readonly body: string
}
const tell = (path: string, run: number, header: (name: string) => string | undefined): Told => {
  const told = (headers: Told['headers'] = {}, status = 200): Told => ({
    status,
    headers,
    body: `${path} ${run}`
  })
  switch (path) {
    case '/private':
      return told({ 'cache-control': 'private' })
    case '/cookie':
      return told({ 'set-cookie': ['a=1', 'b=2'] })
    case '/vary':
      return { ...told({ vary: 'accept-language' }), body: `${header('accept-language') ?? ''} ${run}` }
    case '/tagged':
      return told({ etag: '"v1"' })
    case '/missing':
      return told({}, 404)
    case '/down':
      return told({}, run === 1 ? 200 : 503)
    case '/large':
      return { ...told(), body: 'x'.repeat(5_000) }
    default:
      return told({ 'x-own': 'yes' })
  }
}

interface Server {
  readonly port: number
  readonly runs: () => number
  readonly delete: (path: string) => Promise<unknown>
  readonly get: (path: string) => Promise<unknown>
  readonly close: () => Promise<unknown>
}
type Start = (time: Time) => Promise<Server>

const config = (time: Time) => ({
  store: dict<Uint8Array>({ clock: time.clock }),
  clock: time.clock,
  date: time.date,
  maxBytes: 4_000,
  policy: Policy.policy(
    Policy.ttl(Duration.seconds(60)),
    Policy.staleIfError(Duration.seconds(60)),
    Policy.staleWhileRevalidate(Duration.seconds(1))
  )
})

const closing = (server: http.Server) => () => new Promise((resolve) => server.close(resolve))

const at = (port: number, path: string) => new URL(`http://127.0.0.1:${port}${path}`)

const starts: Readonly<Record<string, Start>> = {
  'Express, as a middleware': async (time) => {
    const pages = pageMiddleware(config(time))
    const app = express()
    let runs = 0
    app.use((_, res, next) => {
      res.setHeader('x-request-id', String(Math.random()))
      next()
    })
    app.use(pages)
    app.use((req, res) => {
      const told = tell(req.path, ++runs, (name) => req.get(name))
      res
        .status(told.status)
        .set(told.headers as Record<string, string>)
        .send(told.body)
    })
    const server = http.createServer(app)
    const port = await listening(server)
    return {
      port,
      runs: () => runs,
      delete: (path) => pages.delete(at(port, path))(),
      get: (path) => pages.get(at(port, path))(),
      close: closing(server)
    }
  },
  'node:http, as a listener': async (time) => {
    let runs = 0
    const pages = pageListener((req: http.IncomingMessage, res: http.ServerResponse) => {
      const told = tell(req.url ?? '', ++runs, (name) => req.headers[name] as string | undefined)
      res.writeHead(told.status, told.headers as http.OutgoingHttpHeaders)
      res.write(told.body.slice(0, 3))
      setImmediate(() => res.end(told.body.slice(3)))
    }, config(time))
    const server = http.createServer((req, res) => void pages(req, res))
    const port = await listening(server)
    return {
      port,
      runs: () => runs,
      delete: (path) => pages.delete(at(port, path))(),
      get: (path) => pages.get(at(port, path))(),
      close: closing(server)
    }
  },
  'Fastify, as a hook': async (time) => {
    let runs = 0
    const pages = pageHook(config(time))
    const app = fastify()
    app.addHook('onRequest', pages)
    app.all('/*', async (req, reply) => {
      const told = tell(req.url, ++runs, (name) => req.headers[name] as string | undefined)
      return reply
        .code(told.status)
        .headers(told.headers as Record<string, string>)
        .send(told.body)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    return {
      port,
      runs: () => runs,
      delete: (path) => pages.delete(at(port, path))(),
      get: (path) => pages.get(at(port, path))(),
      close: () => app.close()
    }
  },
  'Hono, as a handler': async (time) => {
    let runs = 0
    const app = new Hono()
    app.all('/*', (c) => {
      const told = tell(c.req.path, ++runs, (name) => c.req.header(name))
      const headers = new Headers()
      for (const [name, value] of Object.entries(told.headers)) {
        for (const one of typeof value === 'string' ? [value] : value) headers.append(name, one)
      }
      return new Response(told.body, { status: told.status, headers })
    })
    const pages = page((req: Request) => app.fetch(req), config(time))
    const port = await new Promise<number>((resolve) => {
      server = serve({ fetch: pages, port: 0, hostname: '127.0.0.1' }, (info) =>
        resolve(info.port)
      ) as http.Server
    })
    const mine = server!
    return {
      port,
      runs: () => runs,
      delete: (path) => pages.delete(at(port, path))(),
      get: (path) => pages.get(at(port, path))(),
      close: closing(mine)
    }
  }
}
let server: http.Server | undefined

describe.each(Object.entries(starts))('%s', (name, start) => {
  let running: Server | undefined
  afterEach(async () => {
    await running?.close()
    running = undefined
  })
  const up = async () => {
    const time = makeTime()
    running = await start(time)
    const one = running
    return {
      ...one,
      time,
      ask: (path: string, more?: Parameters<typeof request>[2]) => request(one.port, path, more)
    }
  }

  it('answers once from the handler, then from the store', async () => {
    const { ask, runs } = await up()
    const first = await ask('/a')
    expect([first.status, first.body, first.headers['x-own']]).toEqual([200, '/a 1', 'yes'])
    expect(first.headers['cache-status']).toBe('fp-ring; fwd=miss; stored')
    const again = await ask('/a')
    expect([again.status, again.body, again.headers['x-own']]).toEqual([200, '/a 1', 'yes'])
    expect(again.headers['cache-status']).toBe('fp-ring; hit; ttl=60')
    expect(again.headers.age).toBe('0')
    expect(again.headers['content-length']).toBe('4')
    expect(again.headers['content-type']).toBe(first.headers['content-type'])
    expect(runs()).toBe(1)
    if (name.startsWith('Express'))
      expect(again.headers['x-request-id']).not.toBe(first.headers['x-request-id'])
  })

  it('is one run for many at once', async () => {
    const { ask, runs } = await up()
    const all = await Promise.all(Array.from({ length: 20 }, () => ask('/a')))
    expect(new Set(all.map(({ body }) => body))).toEqual(new Set(['/a 1']))
    expect(runs()).toBe(1)
  })

  it.each(['/private', '/cookie'])('gives nobody what is for another: %s', async (path) => {
    const { ask, runs } = await up()
    const all = await Promise.all(Array.from({ length: 10 }, () => ask(path)))
    expect(new Set(all.map(({ body }) => body)).size).toBe(10)
    expect(runs()).toBe(10)
    if (path === '/cookie') expect(all[0]!.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  })

  it('knows variants', async () => {
    const { ask, runs } = await up()
    const inLanguage = (language: string) => ask('/vary', { headers: { 'accept-language': language } })
    expect((await inLanguage('en')).body).toBe('en 1')
    expect((await inLanguage('de')).body).toBe('de 2')
    expect((await inLanguage('en')).body).toBe('en 1')
    expect((await inLanguage('de')).body).toBe('de 2')
    expect(runs()).toBe(2)
  })

  it('answers 304 to whoever has it, from the handler and from the store', async () => {
    const { ask, runs } = await up()
    const known = { headers: { 'if-none-match': '"v1"' } }
    const first = await ask('/tagged', known)
    expect([first.status, first.body, first.headers.etag]).toEqual([304, '', '"v1"'])
    await soon()
    const again = await ask('/tagged', known)
    expect([again.status, again.body, again.headers['content-length']]).toEqual([304, '', undefined])
    expect((await ask('/tagged', { headers: { 'if-none-match': '"v0"' } })).body).toBe('/tagged 1')
    expect(runs()).toBe(1)
  })

  it('gives what it stored a tag', async () => {
    const { ask } = await up()
    await ask('/a')
    const { etag } = (await ask('/a')).headers
    expect(etag).toBeDefined()
    expect((await ask('/a', { headers: { 'if-none-match': etag! } })).status).toBe(304)
  })

  it('answers HEAD from a stored GET, with its length', async () => {
    const { ask, runs } = await up()
    await ask('/a')
    const head = await ask('/a', { method: 'HEAD' })
    expect([head.status, head.body, head.headers['content-length'], runs()]).toEqual([200, '', '4', 1])
  })

  it('stores 404, not 503, and serves what is old in its place', async () => {
    const { ask, runs, time } = await up()
    expect([(await ask('/missing')).status, (await ask('/missing')).body]).toEqual([404, '/missing 1'])
    expect(runs()).toBe(1)
    await running!.close()
    running = await start(time)
    await request(running.port, '/down')
    await soon()
    time.pass(61)
    const old = await request(running.port, '/down')
    expect([old.status, old.body]).toEqual([200, '/down 1'])
    expect(old.headers['cache-status']).toMatch(/fwd=stale; ttl=-1; detail=stale-if-error/)
    time.pass(60)
    expect((await request(running.port, '/down')).status).toBe(503)
  })

  it('passes on what is too large to be stored', async () => {
    const { ask, runs } = await up()
    expect((await ask('/large')).body).toHaveLength(5_000)
    expect((await ask('/large')).body).toHaveLength(5_000)
    expect(runs()).toBe(2)
  })

  it('hides a page that is deleted, or changed by a request', async () => {
    const { ask, ...it } = await up()
    await ask('/a')
    expect(await it.get('/a')).toMatchObject({ _tag: 'Right', right: { _tag: 'Some' } })
    await it.delete('/a')
    expect(await it.get('/a')).toEqual(E.right(O.none))
    expect((await ask('/a')).body).toBe('/a 2')
    expect((await ask('/a', { method: 'POST' })).body).toBe('/a 3')
    expect((await ask('/a')).body).toBe('/a 4')
    expect((await ask('/a')).body).toBe('/a 4')
  })

  it('is not fooled by a Host that is none', async () => {
    const { port, runs } = await up()
    const raw = (lines: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => socket.end(lines))
        let text = ''
        socket.on('data', (chunk) => (text += chunk.toString()))
        socket.on('close', () => resolve(text))
        socket.on('error', () => resolve(text))
      })
    const good = `127.0.0.1:${port}`
    for (const host of [`evil@${good}`, `${good}/x?`, `${good}#`, `${good}\\x`, 'a b']) {
      await raw(`GET /a HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    }
    await raw(`GET http://${good}/a HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`)
    const before = runs()
    const first = await request(port, '/a')
    // neither Host nor an absolute address has put anything where this page lies
    if (!name.startsWith('Hono')) expect(runs()).toBe(before + 1)
    expect(first.body).toMatch(/^\/a \d+$/)
  })
})
