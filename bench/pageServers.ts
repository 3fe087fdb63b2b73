/**
 * The servers of the benchmark of pages. Each is a process of its own: `serverProcess` forks this file with the name of
 * one, and asks it for its CPU time and for how often its handler has run.
 */
import assert from 'node:assert'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import * as http from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { dict, Duration, Policy, type Store } from 'fp-ring'
import { page, pageHook, pageListener, pageMiddleware } from 'fp-ring/http'
import { lru } from 'fp-ring/lru'
import { redis } from 'fp-ring/redis'
import * as E from 'fp-ts/Either'
import { Hono } from 'hono'
import { createClient, RESP_TYPES } from 'redis'

// -------------------------------------------------------------------------------------
// what is answered
// -------------------------------------------------------------------------------------

export const article = 'x'.repeat(10_000)
export const note = 'x'.repeat(100)

let runs = 0

const large = { 'content-type': 'text/html', 'content-length': String(article.length) }
const small = { 'content-type': 'text/html', 'content-length': String(note.length) }
const secret = { ...small, 'cache-control': 'no-store' }

/** An article of 10 kB, a note of 100 bytes, or a note that is `no-store`. */
const handler: http.RequestListener = ({ url = '' }, res) => {
  runs++
  if (url.startsWith('/articles/')) res.writeHead(200, large).end(article)
  else res.writeHead(200, url.startsWith('/secrets/') ? secret : small).end(note)
}

// -------------------------------------------------------------------------------------
// the servers
// -------------------------------------------------------------------------------------

const hour = Duration.hours(1)
const policy = Policy.ttl(hour)
type Bytes = Store.Store<Uint8Array>

/** A store for pages that are stored once and not read again. */
const bounded = () => lru<Uint8Array>({ max: 1_000 })

const listen = async (server: http.Server): Promise<number> => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}
const over = (listener: http.RequestListener) => listen(http.createServer(listener))

const cached = (store: Bytes) => {
  const pages = pageListener(handler, { store, policy })
  return over((req, res) => void pages(req, res))
}

/** A route of Express, behind what is put before it. */
const inExpress = (...before: ReadonlyArray<express.RequestHandler>) => {
  const app = express()
  for (const one of before) app.use(one)
  app.get('/articles/:id', (_, res) => {
    runs++
    res.type('html').send(article)
  })
  return over(app)
}

const inFastify = async (isCached: boolean) => {
  const app = fastify()
  if (isCached) app.addHook('onRequest', pageHook({ store: dict<Uint8Array>(), policy }))
  app.get('/articles/:id', async (_, reply) => {
    runs++
    return reply.type('text/html').send(article)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

const inHono = (isCached: boolean): Promise<number> => {
  const app = new Hono()
  app.get('/articles/:id', (c) => {
    runs++
    return c.html(article)
  })
  const bare = (request: Request) => app.fetch(request)
  const fetch = isCached ? page(bare, { store: dict<Uint8Array>(), policy }) : bare
  return new Promise((resolve) => {
    serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(port))
  })
}

const connected = async () => {
  const client = createClient({ url: process.env['FP_RING_REDIS']! })
  client.on('error', (cause) => console.error(cause))
  await client.connect()
  return client
}

/** Two reads for each request: the page, and the generation that decides whether the page is valid. */
const byTwoGets = async () => {
  const client = (await connected()).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  const answer = async ({ url = '' }: http.IncomingMessage, res: http.ServerResponse): Promise<void> => {
    const [body, generation] = await Promise.all([client.get(`hand:${url}`), client.get(`generation:${url}`)])
    if (body !== null && generation !== null) {
      res.writeHead(200, large).end(body)
      return
    }
    runs++
    await Promise.all([client.set(`hand:${url}`, article), client.set(`generation:${url}`, '1')])
    res.writeHead(200, large).end(article)
  }
  return over((req, res) => void answer(req, res))
}

/** The handler, and one write of its answer. */
const withOneWrite = (store: Bytes) =>
  over((req, res) => {
    handler(req, res)
    void store
      .set(`page:${req.url ?? ''}`, Buffer.from(article), hour)()
      .then((set) => assert(E.isRight(set)))
  })

const load = createRequire(__filename)

/** The middleware of `apicache`; `undefined` if it is not installed. */
const apicache = (): express.RequestHandler | undefined => {
  try {
    return load('apicache').middleware('1 hour')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw cause
  }
}

/** Each starts to listen, and returns its port. */
const servers = {
  'node:http': () => over(handler),
  'node:http, again': () => over(handler),
  'node:http, dict': () => cached(dict()),
  'node:http, lru': () => cached(lru({ max: 1_000 })),
  Express: () => inExpress(),
  'Express, cached': () => inExpress(pageMiddleware({ store: dict<Uint8Array>(), policy })),
  'Express, apicache': () => inExpress(apicache()!),
  Fastify: () => inFastify(false),
  'Fastify, cached': () => inFastify(true),
  Hono: () => inHono(false),
  'Hono, cached': () => inHono(true),
  'two GETs': byTwoGets,
  'node:http, redis': async () => cached(redis(await connected())),
  'one write': () => withOneWrite(bounded()),
  'node:http, misses': () => cached(bounded())
} satisfies Readonly<Record<string, () => Promise<number>>>

export type ServerName = keyof typeof servers

/** Whether the packages of a server are installed. */
export const isInstalled = (name: ServerName): boolean =>
  name !== 'Express, apicache' || apicache() !== undefined

// -------------------------------------------------------------------------------------
// their processes
// -------------------------------------------------------------------------------------

/** What a server process has used since its start: microseconds of CPU, and runs of its handler. */
export interface Used {
  readonly cpu: number
  readonly runs: number
}

export interface ServerProcess {
  readonly port: number
  readonly used: () => Promise<Used>
  readonly end: () => void
}

/** Starts a server; `redisUrl` is where its Redis is, if it needs one. */
export const serverProcess = async (name: ServerName, redisUrl = ''): Promise<ServerProcess> => {
  const child = fork(__filename, [], {
    env: { ...process.env, FP_RING_PAGES: name, FP_RING_REDIS: redisUrl }
  })
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the server ${name} has ended`)))
  ended.catch(() => undefined)
  const answer = async (): Promise<unknown> => {
    // SAFETY: `message` has the message as its first argument
    const [told] = (await Promise.race([once(child, 'message'), ended])) as ReadonlyArray<unknown>
    return told
  }
  const port = (await answer()) as number
  return {
    port,
    used: () => {
      child.send('used')
      return answer() as Promise<Used>
    },
    end: () => void child.kill()
  }
}

const own = process.env['FP_RING_PAGES']
if (own !== undefined && require.main === module) {
  process.on('message', () => {
    const { system, user } = process.cpuUsage()
    process.send!({ cpu: user + system, runs } satisfies Used)
  })
  process.on('disconnect', () => process.exit())
  servers[own as ServerName]().then(
    (port) => process.send!(port),
    (cause: unknown) => {
      console.error(cause)
      process.exit(1)
    }
  )
}
