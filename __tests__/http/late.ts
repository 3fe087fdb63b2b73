/** Handlers whose head is changed when it is written, by a middleware above or below the cache, in five servers. */
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'

import connect from 'connect'
import express from 'express'
import fastify from 'fastify'
import { pageHook, pageListener, pageMiddleware } from 'fp-ring/http'
import Koa from 'koa'

import { type Anything, listening } from './kit'

type Res = http.ServerResponse

// -------------------------------------------------------------------------------------
// late changes
// -------------------------------------------------------------------------------------

/** Each changes a head when it is written, and says which status it has then. */
export const changes: Readonly<Record<string, (res: Res, status: number) => number>> = {
  nothing: (_, status) => status,
  added: (res, status) => (res.setHeader('x-late', 'yes'), status),
  'removed, of the handler': (res, status) => (res.removeHeader('x-own'), status),
  'removed, from above': (res, status) => (res.removeHeader('x-above'), status),
  replaced: (res, status) => (res.setHeader('x-own', 'late'), status),
  'replaced, from above': (res, status) => (res.setHeader('x-above', 'late'), status),
  'another status': () => 203,
  'a status of failure': () => 500,
  'a cookie': (res, status) => (res.setHeader('set-cookie', 'late=1'), status),
  'another encoding': (res, status) => (res.setHeader('content-encoding', 'x-late'), status),
  'another tag': (res, status) => (res.setHeader('etag', '"late"'), status),
  private: (res, status) => (res.setHeader('cache-control', 'private'), status),
  'another lifetime': (res, status) => (res.setHeader('cache-control', 'max-age=30'), status),
  varying: (res, status) => (res.setHeader('vary', 'x-kind'), status)
}

/** How a middleware changes a head: fields that `writeHead` is given are set first, or left where they are. */
export const hooks = {
  'sets what it is given': (res: Res, change: (res: Res, status: number) => number): void => {
    const { writeHead } = res
    let fired = false
    Reflect.set(res, 'writeHead', (status: number, ...more: ReadonlyArray<unknown>) => {
      const fields = more.at(-1)
      if (typeof fields === 'object' && fields !== null)
        for (const [name, value] of Array.isArray(fields) ? pairsOf(fields) : Object.entries(fields))
          res.setHeader(name, value as string)
      const said = fired ? status : change(res, status)
      fired = true
      return Reflect.apply(writeHead, res, [said]) as unknown
    })
  },
  'passes on what it is given': (res: Res, change: (res: Res, status: number) => number): void => {
    const { writeHead } = res
    let fired = false
    Reflect.set(res, 'writeHead', (status: number, ...more: ReadonlyArray<unknown>) => {
      const said = fired ? status : change(res, status)
      fired = true
      return Reflect.apply(writeHead, res, [said, ...more]) as unknown
    })
  }
} as const

const pairsOf = (list: ReadonlyArray<unknown>): ReadonlyArray<readonly [string, unknown]> =>
  list.flatMap((name, i) => (i % 2 === 0 ? [[String(name), list[i + 1]] as const] : []))

// -------------------------------------------------------------------------------------
// ways to write
// -------------------------------------------------------------------------------------

const fields = { 'x-own': 'yes', etag: '"own"', 'content-type': 'text/plain; charset=utf-8' }
const set = (res: Res): Res => {
  Object.entries(fields).forEach(([name, value]) => res.setHeader(name, value))
  return res
}

/** Each writes the same answer. */
export const ways: Readonly<Record<string, (res: Res) => unknown>> = {
  end: (res) => set(res).end('the page'),
  bytes: (res) => set(res).end(Buffer.from('the page')),
  'write and end': (res) => (set(res).write('the '), res.end('page')),
  'write, then later': (res) => (set(res).write('the '), setImmediate(() => res.end('page'))),
  writeHead: (res) => res.writeHead(200, fields).end('the page'),
  'writeHead with a list': (res) => res.writeHead(200, Object.entries(fields).flat()).end('the page'),
  'writeHead with a reason': (res) => res.writeHead(200, 'OK', fields).end('the page'),
  flushHeaders: (res) => (set(res).flushHeaders(), setImmediate(() => res.end('the page'))),
  pipe: (res) => Readable.from(['the ', 'page']).pipe(set(res)),
  trailers: (res) => {
    // where there is no body Node takes no trailers
    set(res)
    if (res.req.method !== 'HEAD') res.setHeader('trailer', 'x-sum')
    res.write('the page')
    res.addTrailers({ 'x-sum': '8' })
    res.end()
  },
  'trailers that nothing announces': (res) => {
    set(res).write('the page')
    res.addTrailers({ 'x-sum': '8' })
    res.end()
  }
}

// -------------------------------------------------------------------------------------
// sites
// -------------------------------------------------------------------------------------

/**
 * Whether a change has no effect without the cache: a field that `writeHead` is given wins over one that a middleware sets on the
 * response, and leaves in what it passes on. With the cache the middleware wins, on hits and misses alike.
 */
export const isVain = (change: string, hook: keyof typeof hooks): boolean =>
  hook === 'passes on what it is given' &&
  ['removed, of the handler', 'replaced', 'another tag'].includes(change)

/** What a request asks for, in its query. */
interface Wish {
  readonly way: string
  readonly change: string
  readonly hook: keyof typeof hooks
  readonly place: 'above' | 'below'
}

export const pathOf = ({ change, hook, place, way }: Wish): string =>
  `/?${new URLSearchParams({ way, change, hook, place }).toString()}`

const wishIn = (req: http.IncomingMessage): Wish => {
  const { searchParams } = new URL(req.url ?? '', 'http://localhost')
  const said = (name: string): string => searchParams.get(name) ?? ''
  return {
    way: said('way'),
    change: said('change'),
    hook: said('hook') as Wish['hook'],
    place: said('place') as Wish['place']
  }
}

const prepare = (here: Wish['place'], req: http.IncomingMessage, res: Res): void => {
  const { change, hook, place } = wishIn(req)
  if (here === 'above') res.setHeader('x-above', 'yes')
  if (here === place) hooks[hook](res, changes[change]!)
}

export interface Site {
  readonly port: number
  readonly close: () => Promise<unknown>
}

const up = async (listener: http.RequestListener): Promise<Site> => {
  const server = http.createServer(listener)
  const port = await listening(server)
  return {
    port,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    }
  }
}

type Middleware = (req: http.IncomingMessage, res: Res, next: (error?: unknown) => void) => void

/** Starts a site, with a cache or without. Its own way to answer is called `framework`. */
export type Start = (cache: Anything | undefined) => Promise<Site>

const none: Middleware = (_, __, next) => next()
const inOrder = (cached: Middleware): ReadonlyArray<Middleware> => [
  (req, res, next) => (prepare('above', req, res), next()),
  cached,
  (req, res, next) => (prepare('below', req, res), next())
]

export const byConnect = (cached: Middleware): Promise<Site> => {
  const app = connect()
  inOrder(cached).forEach((middleware) => app.use(middleware))
  app.use((req, res) => void ways[wishIn(req).way]!(res))
  return up(app)
}

const byExpress = (cached: Middleware): Promise<Site> => {
  const app = express().disable('x-powered-by')
  inOrder(cached).forEach((middleware) => app.use(middleware))
  app.use((req, res) => {
    const { way } = wishIn(req)
    if (way === 'framework') res.set(fields).send('the page')
    else ways[way]!(res)
  })
  return up(app)
}

const byFastify = async (cache: Anything | undefined): Promise<Site> => {
  const app = fastify({ forceCloseConnections: true })
  app.addHook('onRequest', async ({ raw }, reply) => prepare('above', raw, reply.raw))
  if (cache !== undefined) app.addHook('onRequest', pageHook(cache))
  app.addHook('onRequest', async ({ raw }, reply) => prepare('below', raw, reply.raw))
  app.get('/', (req, reply) => {
    const { way } = wishIn(req.raw)
    if (way === 'framework') return void reply.headers(fields).send('the page')
    reply.hijack()
    ways[way]!(reply.raw)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
}

const byKoa = (cache: Anything | undefined): Promise<Site> => {
  const app = new Koa()
  app.use(async (ctx) => {
    prepare('below', ctx.req, ctx.res)
    const { way } = wishIn(ctx.req)
    if (way === 'framework') {
      ctx.set(fields)
      ctx.body = 'the page'
      return
    }
    ctx.respond = false
    // it begins with another one
    ctx.res.statusCode = 200
    ways[way]!(ctx.res)
  })
  const bare = app.callback()
  const listener = cache === undefined ? bare : pageListener(bare, cache)
  return up((req, res) => {
    prepare('above', req, res)
    void listener(req, res)
  })
}

const byNode = (cache: Anything | undefined): Promise<Site> => {
  const bare = (req: http.IncomingMessage, res: Res): void => {
    prepare('below', req, res)
    ways[wishIn(req).way]!(res)
  }
  const listener = cache === undefined ? bare : pageListener(bare, cache)
  return up((req, res) => {
    prepare('above', req, res)
    void listener(req, res)
  })
}

const cachedBy = (cache: Anything | undefined): Middleware =>
  cache === undefined ? none : pageMiddleware(cache)

export const starts: Readonly<Record<string, Start>> = {
  Express: (cache) => byExpress(cachedBy(cache)),
  Connect: (cache) => byConnect(cachedBy(cache)),
  Fastify: byFastify,
  Koa: byKoa,
  'node:http': byNode
}

/** Those with a way of their own. */
export const frameworks: ReadonlySet<string> = new Set(['Express', 'Fastify', 'Koa'])

// -------------------------------------------------------------------------------------
// clients
// -------------------------------------------------------------------------------------

export interface Answer {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
  readonly trailers: Readonly<Record<string, string | undefined>>
  /** What the cache says of it. */
  readonly cache: string
}

/** Of one message, or what a cache says and makes. */
const ours = /^(?:age|date|connection|keep-alive|transfer-encoding|content-length|cache-status)$/

export const ask = (
  agent: http.Agent,
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET'
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    http
      .request({ host: '127.0.0.1', port, path, method, headers, agent }, (res) => {
        const chunks: Array<Buffer> = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('error', reject)
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            fields: Object.fromEntries(
              Object.entries(res.headers).flatMap(([name, value]) =>
                ours.test(name) ? [] : [[name, String(value)]]
              )
            ),
            body: Buffer.concat(chunks).toString('latin1'),
            trailers: res.trailers,
            cache: String(res.headers['cache-status'] ?? '')
          })
        )
      })
      .on('error', reject)
      .end()
  })
