/** Every way in which a cache of pages can stand before a handler, on real sockets; and the same handler without it. */
import * as http from 'node:http'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'

import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'

import type * as Pages from '../../src/http'
import { type Anything, listening } from './kit'
import {
  addAtHead,
  type Asked,
  breaking,
  failed,
  fault,
  grouped,
  type Pair,
  type Raw,
  respond,
  type Tell,
  write
} from './told'

/** What a client was given; `broken` where it was not whole. */
export type Answer =
  | { readonly status: number; readonly fields: ReadonlyMap<string, string>; readonly body: string }
  | 'broken'

export interface Site {
  readonly ask: (asked: Asked) => Promise<Answer>
  readonly close: () => Promise<unknown>
}

/** The library, with a configuration for it; nothing for a site without a cache. */
export type Cache = { readonly lib: typeof Pages; readonly config: Anything } | undefined

/** Starts a site over a handler. */
export type Start = (tell: Tell, cache: Cache) => Promise<Site>

// -------------------------------------------------------------------------------------
// clients
// -------------------------------------------------------------------------------------

/** Values of a name one after the other, told apart. */
const collected = (pairs: ReadonlyArray<Pair>): ReadonlyMap<string, string> => {
  const all = new Map<string, string>()
  for (const [given, value] of pairs) {
    const name = given.toLowerCase()
    all.set(name, all.has(name) ? `${all.get(name)} | ${value}` : value)
  }
  return all
}

const port = (server: { readonly address: () => unknown }): number => (server.address() as AddressInfo).port

const overHttp =
  (server: http.Server, agent: http.Agent) =>
  ({ body, headers, method, path }: Asked): Promise<Answer> =>
    new Promise((resolve) => {
      const broken = (): void => resolve('broken')
      const sent =
        body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
      http
        .request(
          { host: '127.0.0.1', port: port(server), path, method, headers: sent, agent },
          (response) => {
            const chunks: Array<Buffer> = []
            response.on('data', (chunk: Buffer) => chunks.push(chunk))
            response.on('error', broken)
            response.on('close', broken)
            response.on('end', () => {
              const { rawHeaders, statusCode = 0 } = response
              const pairs = rawHeaders.flatMap(
                (name, i): ReadonlyArray<Pair> => (i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? '']] : [])
              )
              resolve({
                status: statusCode,
                fields: collected(pairs),
                body: Buffer.concat(chunks).toString()
              })
            })
          }
        )
        .on('error', broken)
        .end(body)
    })

const overHttp2 =
  (session: http2.ClientHttp2Session) =>
  ({ body, headers, method, path }: Asked): Promise<Answer> =>
    new Promise((resolve) => {
      const stream = session.request(
        { ...headers, ':path': path, ':method': method },
        { endStream: body === undefined }
      )
      let head: http2.IncomingHttpHeaders = {}
      const chunks: Array<Buffer> = []
      let ended = false
      stream.on('response', (fields) => (head = fields))
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => (ended = true))
      stream.on('error', () => resolve('broken'))
      stream.on('close', () => {
        const { [':status']: said, ...rest } = head
        const status = Number(said)
        const pairs = Object.entries(rest).flatMap(([name, value]) =>
          [value ?? []].flat().map((one): Pair => [name, one])
        )
        resolve(
          !ended || said === undefined || stream.rstCode !== 0
            ? 'broken'
            : { status, fields: collected(pairs), body: Buffer.concat(chunks).toString() }
        )
      })
      if (body !== undefined) stream.end(body)
    })

// -------------------------------------------------------------------------------------
// servers
// -------------------------------------------------------------------------------------

const site = (server: http.Server, close?: () => Promise<unknown>): Site => {
  const agent = new http.Agent({ keepAlive: false, maxSockets: 32 })
  return {
    ask: overHttp(server, agent),
    close: async () => {
      agent.destroy()
      server.closeAllConnections()
      await (close === undefined ? new Promise((resolve) => server.close(resolve)) : close())
    }
  }
}

const bodyOf = async (req: AsyncIterable<unknown>): Promise<string> => {
  let text = ''
  for await (const chunk of req) text += String(chunk)
  return text
}

type Fields = Record<string, string | ReadonlyArray<string> | undefined>

const askedBy = (
  {
    headers,
    method = 'GET',
    url = ''
  }: { url?: string | undefined; method?: string | undefined; headers: Fields },
  body = ''
): Asked => ({ path: url, method, headers: headers as Record<string, string>, body })

/** What a listener of Node has: it reads a body where there is one, and answers. */
const answered = async (req: http.IncomingMessage, res: Raw, tell: Tell): Promise<unknown> => {
  const hasBody = req.headers['content-length'] !== undefined || req.method === 'POST'
  return write(res, tell(askedBy(req, hasBody ? await bodyOf(req) : '')), req.method ?? '')
}

const prepare = (req: http.IncomingMessage, res: Raw, tell: Tell): void => {
  const { atHead = [], before = [] } = tell(askedBy(req))
  if (atHead.length > 0) addAtHead(res, atHead)
  for (const [name, value] of Object.entries(grouped(before))) res.setHeader(name, value)
}

const listenerFor = (tell: Tell, cache: Cache): http.RequestListener => {
  // nobody waits where there is no body: what throws at once, throws at once
  const bare = (req: http.IncomingMessage, res: Raw): unknown =>
    req.headers['content-length'] === undefined && req.method !== 'POST'
      ? write(res, tell(askedBy(req)), req.method ?? '')
      : answered(req, res, tell)
  const listener = cache === undefined ? bare : cache.lib.pageListener(bare, cache.config)
  return (req, res) => {
    prepare(req, res, tell)
    void (async () => listener(req, res))().catch(() => failed(res))
  }
}

const byExpress: Start = async (tell, cache) => {
  const app = express()
  app.use((req, res, next) => {
    prepare(req, res, tell)
    next()
  })
  if (cache !== undefined) app.use(cache.lib.pageMiddleware(cache.config))
  app.use((req, res) => {
    const told = tell(askedBy({ ...req, url: req.originalUrl, headers: req.headers, method: req.method }))
    const { atSend = [], chunks, end, fields, how, status } = told
    if (end === 'throws' || end === 'rejects') throw fault()
    if (!how.framed || end !== 'good') return answered(req, res, tell)
    const text = chunks.join('')
    res.status(status).set(grouped([...fields, ...atSend]) as Record<string, string>)
    if (how.body === 'writes') return res.json({ text })
    if (how.body === 'bytes') return res.send(Buffer.from(text))
    if (how.body === 'ticks') return setImmediate(() => res.send(text))
    return status === 404 && text === '' ? res.sendStatus(404) : res.send(text)
  })
  const server = http.createServer(app)
  await listening(server)
  return site(server)
}

const byListener: Start = async (tell, cache) => {
  const server = http.createServer(listenerFor(tell, cache))
  await listening(server)
  return site(server)
}

const byHttp2: Start = async (tell, cache) => {
  // SAFETY: what is used of both is the same
  const listener = listenerFor(tell, cache) as unknown as (
    req: http2.Http2ServerRequest,
    res: http2.Http2ServerResponse
  ) => void
  const server = http2.createServer((req, res) => {
    // what breaks off does so at its client too
    res.stream.on('error', () => undefined)
    listener(req, res)
  })
  await listening(server)
  const session = http2.connect(`http://127.0.0.1:${port(server)}`)
  return {
    ask: overHttp2(session),
    close: async () => {
      session.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

const byFastify: Start = async (tell, cache) => {
  const app = fastify()
  app.addHook('onRequest', (req, reply, done) => {
    const { atHead = [], before = [], how } = tell(askedBy(req.raw))
    if (atHead.length > 0) addAtHead(reply.raw, atHead)
    if (how.framed) reply.headers(grouped(before))
    // whoever answers on the bare response does not see what was said to the reply
    else Object.entries(grouped(before)).forEach(([name, value]) => reply.raw.setHeader(name, value))
    done()
  })
  if (cache !== undefined) app.addHook('onRequest', cache.lib.pageHook(cache.config))
  app.addHook('onSend', (req, reply, _, done) => {
    reply.headers(grouped(tell(askedBy(req.raw)).atSend ?? []))
    done()
  })
  app.all('/*', async (req, reply) => {
    const body = typeof req.body === 'string' ? req.body : ''
    const told = tell(askedBy(req.raw, body))
    const { chunks, end, fields, how, status } = told
    if (end === 'throws' || end === 'rejects') throw fault()
    if (!how.framed) {
      reply.hijack()
      await (async () => write(reply.raw, told, req.method))().catch(() => failed(reply.raw))
      return
    }
    reply.code(status).headers(grouped(fields))
    const text = chunks.join('')
    // Fastify sends what a handler returns with a 205, which has no body
    const isBare = status === 205
    if (end !== 'good') return reply.send(Readable.from(breaking(), { objectMode: false }))
    if (how.body === 'writes' && !isBare) return { text }
    if (how.body === 'bytes') return Buffer.from(text)
    if (how.body === 'pipe') return reply.send(Readable.from(chunks.map((chunk) => Buffer.from(chunk))))
    if (how.body === 'ticks') {
      setImmediate(() => void reply.send(text))
      return reply
    }
    return text
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return site(app.server, () => app.close())
}

const handlerFor = (tell: Tell, cache: Cache): ((request: Request) => Promise<Response>) => {
  const bare = async (request: Request): Promise<Response> => {
    const { href, origin } = new URL(request.url)
    const body = request.body === null ? '' : await request.text()
    const headers = Object.fromEntries(request.headers)
    return respond(tell({ path: href.slice(origin.length), method: request.method, headers, body }))
  }
  return cache === undefined ? bare : cache.lib.page(bare, cache.config)
}

const byHono: Start = async (tell, cache) => {
  const fetch = handlerFor(tell, cache)
  const server = await new Promise<http.Server>((resolve) => {
    const made = serve({ fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(made as http.Server))
  })
  return site(server)
}

/** Nobody's server: the handler is called. */
const direct: Start = async (tell, cache) => {
  const handler = handlerFor(tell, cache)
  return {
    ask: async ({ body, headers, method, path }) => {
      const request = new Request(`http://example.com${path}`, {
        method,
        headers,
        ...(body === undefined || method === 'GET' || method === 'HEAD' ? {} : { body })
      })
      try {
        const response = await handler(request)
        const text = await response.text()
        // a server sends none
        return {
          status: response.status,
          fields: collected(Array.from(response.headers)),
          body: method === 'HEAD' ? '' : text
        }
      } catch {
        return 'broken'
      }
    },
    close: () => Promise.resolve()
  }
}

/** Those that write to a response of Node. */
export const nodeStarts: Readonly<Record<string, Start>> = {
  'pageMiddleware, in Express': byExpress,
  'pageListener, in node:http': byListener,
  'pageListener, in node:http2': byHttp2,
  'pageHook, in Fastify': byFastify
}

export const starts: Readonly<Record<string, Start>> = {
  page: direct,
  'page, behind @hono/node-server': byHono,
  ...nodeStarts
}
