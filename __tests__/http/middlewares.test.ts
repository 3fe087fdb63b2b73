/** Middlewares that many programs have, above and below the cache: each changes heads when they are written. */
import * as http from 'node:http'
import * as zlib from 'node:zlib'

import { afterEach, describe, expect, it } from '@jest/globals'
import compression from 'compression'
import express from 'express'
import session from 'express-session'
import { dict } from 'fp-ring'
import { pageMiddleware } from 'fp-ring/http'
import responseTime from 'response-time'

import { listening, soon } from './kit'

const open: Array<http.Server> = []
afterEach(() =>
  open.splice(0).forEach((server) => {
    server.closeAllConnections()
    server.close()
  })
)

interface Got {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

const get = (port: number, headers: Readonly<Record<string, string>>): Promise<Got> =>
  new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, headers, agent: false }, (res) => {
        const chunks: Array<Buffer> = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('error', reject)
        res.on('end', () => {
          const raw = Buffer.concat(chunks)
          const isPacked = res.headers['content-encoding'] === 'gzip'
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            body: (isPacked ? zlib.gunzipSync(raw) : raw).toString()
          })
        })
      })
      .on('error', reject)
  })

const text = 'the page '.repeat(500)
const writes: Readonly<Record<string, (res: express.Response) => unknown>> = {
  send: (res) => res.type('text/plain').send(text),
  end: (res) => res.type('text/plain').end(text),
  'write and end': (res) => (res.type('text/plain').write(text.slice(0, 90)), res.end(text.slice(90)))
}

const site = async (
  middleware: express.RequestHandler,
  place: 'above' | 'below',
  write: (req: express.Request, res: express.Response) => unknown
) => {
  let runs = 0
  const cached = pageMiddleware({ store: dict<Uint8Array>() })
  const app = express()
  ;(place === 'above' ? [middleware, cached] : [cached, middleware]).forEach((one) => app.use(one))
  app.get('/', (req, res) => {
    runs++
    write(req, res)
  })
  const server = http.createServer(app)
  open.push(server)
  return { port: await listening(server), runs: () => runs }
}

describe.each(['above', 'below'] as const)('law P3: %s the cache', (place) => {
  it.each(Object.entries(writes))('compression: each client has what it can read: %s', async (_, write) => {
    const { port, runs } = await site(compression(), place, (__, res) => write(res))
    for (let i = 0; i < 3; i++) {
      for (const encoding of ['gzip', undefined, 'gzip', 'identity']) {
        const got = await get(port, encoding === undefined ? {} : { 'accept-encoding': encoding })
        expect([got.status, got.body]).toEqual([200, text])
        expect(got.headers['content-encoding']).toBe(encoding === 'gzip' ? 'gzip' : undefined)
        expect(got.headers.vary).toMatch(/accept-encoding/i)
        await soon(10)
      }
    }
    // one for each variant, or one that is packed for each client
    expect(runs()).toBe(place === 'above' ? 1 : 3)
  })

  it.each(Object.entries(writes))(
    'law P2: sessions: a new one is its client’s alone: %s',
    async (_, write) => {
      const middleware = session({ secret: 'kept', resave: false, saveUninitialized: true })
      const { port, runs } = await site(middleware, place, (__, res) => write(res))
      const cookies = new Set<string>()
      for (let i = 1; i <= 4; i++) {
        const got = await get(port, {})
        expect([got.status, got.body, runs()]).toEqual([200, text, i])
        cookies.add(String(got.headers['set-cookie']))
        await soon(5)
      }
      expect(cookies.size).toBe(4)
    }
  )

  it.each(Object.entries(writes))('sessions that nobody has begun say nothing: %s', async (_, write) => {
    const middleware = session({ secret: 'kept', resave: false, saveUninitialized: false })
    const { port, runs } = await site(middleware, place, (__, res) => write(res))
    for (let i = 1; i <= 3; i++) {
      const got = await get(port, {})
      expect([got.status, got.body, got.headers['set-cookie']]).toEqual([200, text, undefined])
      await soon(10)
    }
    expect(runs()).toBe(1)
  })

  it.each(Object.entries(writes))('response-time: every answer has its field: %s', async (_, write) => {
    const { port, runs } = await site(responseTime(), place, (__, res) => write(res))
    const times: Array<unknown> = []
    for (let i = 1; i <= 3; i++) {
      const got = await get(port, {})
      expect([got.status, got.body]).toEqual([200, text])
      expect(got.headers['x-response-time']).toMatch(/^[\d.]+ms$/)
      times.push(got.headers['x-response-time'])
      await soon(10)
    }
    expect(runs()).toBe(1)
    // below the cache it is a field of the page
    if (place === 'below') expect(new Set(times).size).toBe(1)
  })
})
