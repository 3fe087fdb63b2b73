/** What handlers, middlewares and clients do to pages that nobody expected of them. */
import * as http from 'node:http'
import * as net from 'node:net'

import { describe, expect, it } from '@jest/globals'
import express from 'express'
import fastify from 'fastify'
import { dict, Duration, Policy } from 'fp-ring'
import { page, pageHook, pageListener, pageMiddleware } from 'fp-ring/http'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { ask, bench, fate, servers, soon, textOf } from './kit'

const up = servers()

const served = (listener: http.RequestListener): Promise<string> => up(http.createServer(listener))

const config = () => ({ store: dict<Uint8Array>(), policy: Policy.ttl(Duration.minutes(1)) })
const by = (who: string): RequestInit => ({ headers: { 'x-who': who, cookie: who } })

describe('law P2: what is for one is given to nobody else', () => {
  it.each(['authorization', 'cookie'])('where a handler removes %s from its request', async (name) => {
    const { pages } = bench((request) => {
      const who = request.headers.get(name)
      request.headers.delete(name)
      return new Response(`for ${who ?? 'all'}`, { headers: name === 'cookie' ? { vary: 'cookie' } : {} })
    })
    expect(await textOf(pages(ask('/', { [name]: 'ada' })))).toBe('for ada')
    await soon()
    expect(await textOf(pages(ask('/')))).toBe('for all')
  })

  it('where a middleware adds to a list of a hit', async () => {
    const pages = pageMiddleware(config())
    const app = express()
    app.use((request, response, next) => {
      const { writeHead } = response
      response.writeHead = (...args: ReadonlyArray<never>) => {
        response.appendHeader('link', `<${String(request.headers['x-who'])}>`)
        return Reflect.apply(writeHead, response, args) as never
      }
      next()
    })
    app.get('/', pages, (_, response) => {
      response.setHeader('link', ['<a>', '<b>'])
      response.end('a page')
    })
    const url = await served(app)
    for (const who of ['first', 'ada', 'eve']) {
      const answer = await fetch(url, by(who))
      expect([await answer.text(), answer.headers.get('link')]).toEqual(['a page', `<a>, <b>, <${who}>`])
    }
  })

  it('where a handler adds to a field from before', async () => {
    const app = express()
    let runs = 0
    app.use((request, response, next) => {
      response.setHeader('server-timing', `auth;desc="${String(request.headers['x-who'])}"`)
      next()
    })
    app.get('/', pageMiddleware(config()), (_, response) => {
      runs++
      response.append('server-timing', 'db').end('a page')
    })
    const url = await served(app)
    for (const who of ['ada', 'eve']) {
      const answer = await fetch(url, by(who))
      expect([await answer.text(), answer.headers.get('server-timing')]).toEqual([
        'a page',
        `auth;desc="${who}", db`
      ])
      await soon()
    }
    expect(runs).toBe(2)
  })

  it('where a middleware gives a path of its own to some', async () => {
    const app = express()
    app.use((request, _, next) => {
      if (request.headers['x-who'] === 'ada') request.url = `/private${request.url}`
      next()
    })
    app.use(pageMiddleware(config()))
    app.get('/private/list', (_, response) => void response.end('private'))
    app.get('/list', (_, response) => void response.end('public'))
    const url = `${await served(app)}/list`
    expect(await textOf(fetch(url, by('ada')))).toBe('private')
    await soon()
    expect(await textOf(fetch(url, by('eve')))).toBe('public')
    // a router that removes what it has matched is no such middleware
    const router = express.Router()
    let runs = 0
    router.get('/', pageMiddleware(config()), (_, response) => void response.end(`run ${String(++runs)}`))
    const other = express()
    other.use('/api', router)
    const mounted = `${await served(other)}/api`
    for (let i = 0; i < 2; i++) {
      expect(await textOf(fetch(mounted))).toBe('run 1')
      await soon()
    }
  })

  it('where who got a page changes it', async () => {
    const { pages } = bench(() => new Response('a page'))
    await textOf(pages(ask('/')))
    await soon()
    const middleware = pageListener(() => undefined, { store: pages.store })
    const got = await middleware.get('https://example.com/')()
    if (E.isLeft(got) || O.isNone(got.right)) throw new Error('there is no page')
    got.right.value.body.fill(0x58)
    expect(await textOf(pages(ask('/')))).toBe('a page')
  })
})

describe('law P3: half a page is no page', () => {
  it.each<
    readonly [string, (request: http.IncomingMessage, response: http.ServerResponse, end: () => void) => void]
  >([
    ['of the request that it is aborted', (request, _, end) => void request.once('aborted', end)],
    [
      'of the socket that it is closed',
      (request, _, end) => void request.socket.prependOnceListener('close', end)
    ],
    ['of the response', (_, response, end) => void response.once('close', end)]
  ])('where a handler ends what its client does not wait for, and has heard %s', async (_, hear) => {
    let runs = 0
    const listener = pageListener((request: http.IncomingMessage, response: http.ServerResponse) => {
      if (++runs > 1) return response.end('whole')
      response.write('half')
      return hear(request, response, () => response.end())
    }, config())
    const url = await served((request, response) => void listener(request, response).catch(() => undefined))
    const { port } = new URL(url)
    const client = net.connect(Number(port), '127.0.0.1', () =>
      client.write(`GET / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`)
    )
    await new Promise<void>((resolve) => client.once('data', () => resolve()))
    client.destroy()
    await soon(50)
    expect(await textOf(fetch(url))).toBe('whole')
    expect(runs).toBe(2)
  })

  it('where a handler closes its stream because its client has gone', async () => {
    let runs = 0
    const pages = page((request: Request) => {
      if (++runs > 1) return new Response('whole')
      return new Response(
        new ReadableStream<Uint8Array>({
          start: (controller) => {
            controller.enqueue(new TextEncoder().encode('half'))
            request.signal.addEventListener('abort', () => controller.close())
          }
        })
      )
    }, config())
    const gone = new AbortController()
    await pages(new Request('https://example.com/', { signal: gone.signal }))
    gone.abort()
    await soon(20)
    expect(await textOf(pages(ask('/')))).toBe('whole')
  })
})

it('fields of a request that are no texts are looked at as texts', async () => {
  const app = express()
  app.use((request, _, next) => {
    Object.assign(request.headers, { 'x-user-id': Number(request.headers['x-who']) })
    next()
  })
  let runs = 0
  app.get('/', pageMiddleware(config()), (_, response) => {
    runs++
    response.vary('x-user-id').end(`for ${String(runs)}`)
  })
  const url = await served(app)
  for (const who of ['1', '2', '1', '2']) {
    expect(await textOf(fetch(url, by(who)))).toBe(`for ${who}`)
    await soon()
  }
})

describe('a hook of an earlier middleware that throws when the head of a hit is written', () => {
  const throwing = (response: http.ServerResponse): void => {
    const { writeHead } = response
    response.writeHead = (...args: ReadonlyArray<never>) => {
      if (response.getHeader('cache-status')?.toString().includes('hit') === true) throw new Error('not now')
      return Reflect.apply(writeHead, response, args) as never
    }
  }

  it('comes to the handler of errors of Express', async () => {
    const app = express()
    app.use((_, response, next) => {
      throwing(response)
      next()
    })
    app.get('/', pageMiddleware(config()), (_, response) => void response.end('a page'))
    app.use(((cause: Error, _: unknown, response: express.Response, __: unknown) => {
      response.removeHeader('cache-status')
      response.status(500).end(cause.message)
    }) as express.ErrorRequestHandler)
    const url = await served(app)
    expect(await textOf(fetch(url))).toBe('a page')
    await soon()
    expect(await textOf(fetch(url))).toBe('not now')
  })

  it('is a failure of the server in Fastify', async () => {
    const app = fastify()
    app.addHook('onRequest', (_, reply, done) => {
      throwing(reply.raw)
      done()
    })
    app.get('/', { onRequest: pageHook({ ...config(), origin: 'http://localhost' }) }, () =>
      Promise.resolve('a page')
    )
    const get = () => app.inject({ url: '/', headers: { host: 'localhost' } })
    expect((await get()).body).toBe('a page')
    await soon()
    expect((await get()).statusCode).toBe(500)
    await app.close()
  })

  it('rejects for a listener', async () => {
    const pages = pageListener(
      (_: http.IncomingMessage, response: http.ServerResponse) => response.end('a page'),
      config()
    )
    const failures: Array<unknown> = []
    const url = await served((request, response) => {
      throwing(response)
      pages(request, response).catch((cause: unknown) => {
        failures.push(cause)
        response.destroy()
      })
    })
    expect(await textOf(fetch(url))).toBe('a page')
    await soon()
    await expect(fetch(url)).rejects.toThrow()
    expect(failures).toEqual([new Error('not now')])
  })
})

it('a HEAD of a stale page loads nothing, and joins go on', async () => {
  const { pages, runs, time } = bench((_, run) => new Response(`run ${String(run)}`), {
    policy: Policy.policy(Policy.ttl(Duration.seconds(10)), Policy.staleWhileRevalidate(Duration.minutes(10)))
  })
  await textOf(pages(ask('/')))
  await soon()
  time.pass(11)
  for (let i = 0; i < 3; i++) expect((await pages(ask('/', {}, 'HEAD'))).status).toBe(200)
  await soon()
  expect(runs()).toBe(1)
  expect(await textOf(pages(ask('/')))).toBe('run 1')
  await soon()
  expect(fate(await pages(ask('/')))).toMatch(/hit/)
  expect(runs()).toBe(2)
})
