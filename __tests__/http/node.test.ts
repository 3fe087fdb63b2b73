/** What only a response of Node does: it is written in pieces, by many, and its client may go away. */
import { execFile } from 'node:child_process'
import * as http from 'node:http'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import * as net from 'node:net'
import * as path from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import * as vm from 'node:vm'
import * as zlib from 'node:zlib'

import { describe, expect, it } from '@jest/globals'
import express from 'express'
import fastify from 'fastify'
import { dict, Duration, Policy } from 'fp-ring'
import { pageHook, pageListener, pageMiddleware } from 'fp-ring/http'

import { listening, servers, soon } from './kit'

type Listener = (req: http.IncomingMessage, res: http.ServerResponse, run: number) => unknown

const started = servers()
const listen = (listener: http.RequestListener): Promise<string> => started(http.createServer(listener))

/** A cached listener that counts its runs. */
const up = async (listener: Listener, policy: Policy.Policy = Policy.ttl(Duration.seconds(60))) => {
  let runs = 0
  const pages = pageListener(
    (req: http.IncomingMessage, res: http.ServerResponse) => listener(req, res, ++runs),
    { store: dict<Uint8Array>(), policy, maxBytes: 10_000 }
  )
  const url = await listen((req, res) => void pages(req, res).catch(() => res.destroy()))
  const text = async (path = '/', init: RequestInit = {}) => (await fetch(url + path, init)).text()
  return { pages, url, runs: () => runs, text }
}

describe('a response', () => {
  it.each<readonly [string, Listener]>([
    ['end', (_, res, n) => res.end(`body ${n}`)],
    ['write and end', (_, res, n) => [res.write('body '), res.end(String(n))]],
    ['writeHead, then later', (_, res, n) => [res.writeHead(200), setTimeout(() => res.end(`body ${n}`), 5)]],
    [
      'flushHeaders, then later',
      (_, res, n) => [res.flushHeaders(), setTimeout(() => res.end(`body ${n}`), 5)]
    ],
    [
      'writeHead with a reason',
      (_, res, n) => [res.writeHead(200, 'Fine', { 'x-a': 'b' }), res.end(`body ${n}`)]
    ],
    ['writeHead with a list', (_, res, n) => [res.writeHead(200, ['x-a', 'b']), res.end(`body ${n}`)]],
    ['another encoding', (_, res, n) => res.end(Buffer.from(`body ${n}`).toString('hex'), 'hex')],
    ['bytes', (_, res, n) => res.end(Buffer.from(`body ${n}`))],
    ['a callback', (_, res, n) => new Promise<void>((resolve) => res.end(`body ${n}`, resolve))],
    ['a stream', (_, res, n) => pipeline(Readable.from(['bo', 'dy ', String(n)]), res, () => undefined)],
    ['one that is piped', (_, res, n) => Readable.from(['bo', 'dy ', String(n)]).pipe(res)],
    [
      'early hints before it',
      (_, res, n) => [res.writeEarlyHints({ link: '</a>; rel=preload' }), res.end(`body ${n}`)]
    ],
    ['a 102 before it', (_, res, n) => [res.writeProcessing(), res.end(`body ${n}`)]]
  ])('is stored as it was written: %s', async (name, listener) => {
    const { runs, text, url } = await up(listener)
    expect(await text()).toBe('body 1')
    await soon(10)
    const again = await fetch(url)
    expect(await again.text()).toBe('body 1')
    expect(again.headers.get('content-length')).toBe('6')
    if (name.startsWith('writeHead with')) expect(again.headers.get('x-a')).toBe('b')
    expect(runs()).toBe(1)
  })

  it('comes to its client before it is whole', async () => {
    let finish = (): void => undefined
    const { text, url } = await up((_, res) => {
      res.write('one ')
      finish = () => res.end('two')
    })
    const reader = (await fetch(url)).body!.getReader()
    expect(Buffer.from((await reader.read()).value).toString()).toBe('one ')
    const other = text()
    finish()
    expect(Buffer.from((await reader.read()).value).toString()).toBe('two')
    expect(await other).toBe('one two')
  })

  it('of events is passed on as it comes, and never stored', async () => {
    const { runs, url } = await up((_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write('data: 1\n\n')
    })
    for (let i = 1; i <= 2; i++) {
      const leave = new AbortController()
      const response = await fetch(url, { signal: leave.signal })
      const { value } = await response.body!.getReader().read()
      expect(Buffer.from(value).toString()).toBe('data: 1\n\n')
      leave.abort()
      expect(runs()).toBe(i)
    }
  })

  it('says that its head is sent when it is written, and that it has ended when it has', async () => {
    const seen: Array<readonly [headersSent: boolean, writableEnded: boolean]> = []
    const { text } = await up((_, res) => {
      const look = () => seen.push([res.headersSent, res.writableEnded])
      look()
      res.write('x')
      look()
      res.end()
      look()
    })
    await text()
    expect(seen).toEqual([
      [false, false],
      [true, false],
      [true, true]
    ])
  })

  it('of which a cookie is added when its head is sent is not stored', async () => {
    let runs = 0
    const pages = pageMiddleware({ store: dict<Uint8Array>() })
    // as sessions do it: the head is changed in the last moment, below the cache
    const session: express.RequestHandler = (_, res, next) => {
      const writeHead = res.writeHead.bind(res)
      Reflect.set(res, 'writeHead', (...args: ReadonlyArray<never>) => {
        res.setHeader('set-cookie', 'session=1')
        return (writeHead as (...all: ReadonlyArray<never>) => unknown)(...args)
      })
      next()
    }
    const url = await listen(
      express()
        .use(session)
        .use(pages as express.RequestHandler)
        .use((_, res) => void res.end(`run ${++runs}`))
    )
    for (let i = 1; i <= 3; i++) expect(await (await fetch(url)).text()).toBe(`run ${i}`)
  })

  it('of a hit is sent within the call, and shows its fields to who looks at them afterwards', async () => {
    const pages = pageMiddleware({ store: dict<Uint8Array>(), policy: Policy.ttl(Duration.seconds(60)) })
    const seen: Array<readonly [isSent: boolean, type: unknown]> = []
    const url = await listen((request, response) => {
      pages(request, response, () => response.writeHead(200, { 'content-type': 'text/plain' }).end('a page'))
      seen.push([response.writableEnded, response.getHeader('content-type')])
    })
    for (let i = 0; i < 2; i++) expect(await (await fetch(url)).text()).toBe('a page')
    expect(seen[1]).toEqual([true, 'text/plain'])
  })

  it('that is compressed after it is known to be stored in the form it was sent in', async () => {
    let runs = 0
    const pages = pageMiddleware({ store: dict<Uint8Array>() })
    const url = await listen(
      express()
        .use(pages as express.RequestHandler)
        .use((req, res) => {
          runs++
          res.setHeader('vary', 'accept-encoding')
          if (req.headers['accept-encoding'] === 'gzip') {
            res.setHeader('content-encoding', 'gzip')
            res.end(zlib.gzipSync('hello'))
          } else res.end('hello')
        })
    )
    for (let i = 0; i < 2; i++)
      for (const encoding of ['gzip', 'identity'])
        expect(await (await fetch(url, { headers: { 'accept-encoding': encoding } })).text()).toBe('hello')
    expect(runs).toBe(2)
  })
})

describe('a client that goes away', () => {
  const leaving = (url: string): Promise<net.Socket> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(url)
      const socket = net.connect(Number(port), hostname, () => {
        socket.write('GET / HTTP/1.1\r\nHost: ' + `${hostname}:${port}` + '\r\n\r\n')
        resolve(socket)
      })
      socket.on('error', () => undefined)
    })

  it('before the answer begins holds up nobody', async () => {
    const { runs, text, url } = await up((_, res, n) =>
      setTimeout(() => res.end(`run ${n}`), n === 1 ? 60 : 0)
    )
    const socket = await leaving(url)
    await soon(20)
    const others = [text(), text()]
    await soon(10)
    socket.destroy()
    const texts = await Promise.all(others)
    for (const one of texts) expect(one).toMatch(/^run [23]$/)
    await soon(60)
    expect(await text()).toMatch(/^run [23]$/)
    expect(runs()).toBeLessThanOrEqual(3)
  })

  it('in the middle of it leaves no half of it in the store', async () => {
    const { text, url } = await up((_, res, n) => {
      res.write(`half ${n}`)
      if (n > 1) res.end(' whole')
    })
    const socket = await leaving(url)
    await soon(20)
    const other = text()
    await soon(10)
    socket.destroy()
    expect(await other).toBe('half 2 whole')
    expect(await text()).toBe('half 2 whole')
  })

  const config = () => ({ store: dict<Uint8Array>() })
  const starts: Readonly<
    Record<string, (text: () => string, change: () => Promise<void>) => Promise<string>>
  > = {
    listener: (text, change) => {
      const pages = pageListener(async (req: http.IncomingMessage, res: http.ServerResponse) => {
        if (req.method === 'POST') await change()
        res.end(text())
      }, config())
      return listen((req, res) => void pages(req, res))
    },
    Express: (text, change) => {
      const web = express()
      web.use(pageMiddleware(config()))
      web.get('/', (_, res) => void res.send(text()))
      web.post('/', (_, res) => void change().then(() => res.status(201).json({})))
      return listen(web)
    },
    Fastify: async (text, change) => {
      const api = fastify()
      api.addHook('onRequest', pageHook(config()))
      api.get('/', async () => text())
      api.post('/', async (_, reply) => {
        await change()
        return reply.status(201).send({})
      })
      await api.ready()
      return listen((req, res) => api.routing(req, res))
    }
  }
  it.each(Object.entries(starts))('has changed all the same what it changed: %s', async (_, start) => {
    let text = 'old'
    let change = (): void => undefined
    const changing = new Promise<void>((resolve) => (change = resolve))
    const url = await start(
      () => text,
      () => changing.then(() => void (text = 'new'))
    )
    const ask = async () => (await fetch(url)).text()
    expect([await ask(), await ask()]).toEqual(['old', 'old'])
    await expect(fetch(url, { method: 'POST', signal: AbortSignal.timeout(30) })).rejects.toThrow()
    await soon(20)
    change()
    await soon(20)
    expect(await ask()).toBe('new')
  })
})

describe('errors', () => {
  it('of a middleware behind come to the handler of errors, and are not stored', async () => {
    let runs = 0
    const pages = pageMiddleware({ store: dict<Uint8Array>() })
    const url = await listen(
      express()
        .use(pages as express.RequestHandler)
        .use(() => {
          throw new Error(`run ${++runs}`)
        })
        .use(((error: Error, _: express.Request, res: express.Response, __: express.NextFunction) => {
          res.status(500).send(error.message)
        }) as express.ErrorRequestHandler)
    )
    for (let i = 1; i <= 2; i++) {
      const response = await fetch(url)
      expect([response.status, await response.text()]).toEqual([500, `run ${i}`])
    }
  })

  it('of a listener are its own', async () => {
    const errors: Array<unknown> = []
    const pages = pageListener(
      () => {
        throw new Error('mine')
      },
      { store: dict<Uint8Array>() }
    )
    const url = await listen((req, res) => {
      pages(req, res).catch((error: unknown) => {
        errors.push(error)
        res.statusCode = 500
        res.end('sorry')
      })
    })
    const response = await fetch(url)
    expect([response.status, await response.text()]).toEqual([500, 'sorry'])
    expect(errors).toEqual([new Error('mine')])
  })

  it('of a listener that has begun to answer are its own too', async () => {
    const errors: Array<unknown> = []
    const pages = pageListener(
      async (_: http.IncomingMessage, res: http.ServerResponse) => {
        res.write('half')
        await soon()
        throw new Error('mine')
      },
      { store: dict<Uint8Array>() }
    )
    const url = await listen((req, res) => {
      pages(req, res).catch((error: unknown) => {
        errors.push(error)
        res.destroy()
      })
    })
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow()
    expect(errors).toEqual([new Error('mine')])
  })

  it('are covered by an old page, and nothing runs for nobody', async () => {
    let down = false
    const policy = Policy.policy(
      Policy.ttl(Duration.milliseconds(30)),
      Policy.staleIfError(Duration.minutes(1)),
      Policy.staleWhileRevalidate(Duration.minutes(1)),
      Policy.retryThrottle(Duration.milliseconds(0))
    )
    const { runs, text } = await up((_, res, n) => {
      res.statusCode = down ? 503 : 200
      res.setHeader('x-run', n)
      res.write(`run `)
      res.end(String(n))
    }, policy)
    await text()
    await soon(50)
    // no load in the background: the client waits for it
    expect(await text()).toBe('run 2')
    await soon(50)
    down = true
    expect(await text()).toBe('run 2')
    expect(runs()).toBe(3)
  })
})

it('an entry that somebody else wrote is served, and nothing runs for nobody', async () => {
  const policy = Policy.policy(Policy.ttl(Duration.seconds(60)), Policy.staleIfError(Duration.minutes(1)))
  const { pages, runs, text, url } = await up((_, res, n) => {
    res.setHeader('cache-control', 'max-age=60, must-revalidate')
    res.end(`run ${n}`)
  }, policy)
  await text()
  await soon(20)
  const key = pages.key(`${url}/`)
  const raw = pages.store.backend.get(key)!.value
  // with more life than the policy gives: a ring loads such a one anew, in the background
  await pages.store.set(key, raw, Duration.days(1))()
  for (let i = 0; i < 3; i++) {
    expect(await text()).toBe('run 1')
    await soon(10)
  }
  expect(runs()).toBe(1)
})

it('a hook of Fastify is of its route alone, and other hooks are heard', async () => {
  const pages = pageHook({ store: dict<Uint8Array>() })
  const app = fastify()
  let runs = 0
  const ended: Array<string> = []
  app.addHook('onRequest', async (_, reply) => {
    reply.header('x-before', 'yes')
  })
  app.addHook('onResponse', async (req) => {
    ended.push(req.url)
  })
  app.get('/cached', { onRequest: pages }, async () => ({ run: ++runs }))
  app.get('/plain', async () => ({ run: ++runs }))
  app.get('/stream', { onRequest: pages }, async (_, reply) => {
    runs++
    return reply.type('text/plain').send(Readable.from(['a', 'b']))
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  try {
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${url}/cached`)
      expect([await response.json(), response.headers.get('x-before')]).toEqual([{ run: 1 }, 'yes'])
      await soon()
    }
    for (const run of [2, 3]) expect(await (await fetch(`${url}/plain`)).json()).toEqual({ run })
    for (let i = 0; i < 2; i++) {
      expect(await (await fetch(`${url}/stream`)).text()).toBe('ab')
      await soon()
    }
    expect(runs).toBe(4)
    expect(ended).toHaveLength(6)
  } finally {
    await app.close()
  }
})

it('a router of Express caches by the whole path', async () => {
  const pages = pageMiddleware({ store: dict<Uint8Array>() })
  const router = express
    .Router()
    .use(pages as express.RequestHandler)
    .get('/list', (req, res) => void res.send(req.originalUrl))
  const url = await listen(express().use('/a', router).use('/b', router))
  for (let i = 0; i < 2; i++)
    for (const path of ['/a/list', '/b/list']) expect(await (await fetch(url + path)).text()).toBe(path)
})

describe('a client that leaves, and a handler that fails', () => {
  const unhandled: Array<unknown> = []
  const note = (cause: unknown): void => void unhandled.push(cause)

  it('ends no process: the listener of a server has no fault of its own', async () => {
    process.on('unhandledRejection', note)
    const pages = pageListener(
      async (_: http.IncomingMessage, res: http.ServerResponse) => {
        await soon(60)
        res.end('late')
      },
      { store: dict<Uint8Array>() }
    )
    const settled: Array<unknown> = []
    const url = await listen(
      (req, res) =>
        void pages(req, res).then(
          () => settled.push('right'),
          (cause: unknown) => settled.push(cause)
        )
    )
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    await soon(20)
    socket.resetAndDestroy()
    await soon(150)
    process.off('unhandledRejection', note)
    expect(settled).toEqual(['right'])
    expect(unhandled.splice(0)).toEqual([])
  })

  it('what a middleware is followed by may reject, and nobody hides it: it is unhandled, as without the cache', async () => {
    const program = path.join(__dirname, '..', 'integration', 'programs', 'rejects.ts')
    const run = promisify(execFile)
    const ended = run(process.execPath, ['--import', 'tsx', program], {
      env: { ...process.env, NODE_OPTIONS: '' }
    })
    await expect(ended).rejects.toMatchObject({ code: 7, stdout: 'Error: a bug\n' })
  })
})

describe('a request whose handler sees another path, or a body', () => {
  it.each(['/x/../list', '/%2e/list', '/x/%2e%2e/list', '/.\\list', '/list#x'])(
    'poisons no page: %s',
    async (line) => {
      const { runs, text, url } = await up((req, res, n) => res.end(`${req.url ?? ''} ${n}`))
      const raw = await new Promise<string>((resolve) => {
        const socket = net.connect(Number(new URL(url).port), '127.0.0.1')
        let all = ''
        socket.on('data', (chunk) => (all += String(chunk)))
        socket.on('close', () => resolve(all))
        socket.write(`GET ${line} HTTP/1.1\r\nHost: ${new URL(url).host}\r\nConnection: close\r\n\r\n`)
      })
      expect(raw).toContain('fwd=bypass')
      expect(await text('/list')).toBe('/list 2')
      expect(runs()).toBe(2)
    }
  )

  it.each([[undefined], ['https://example.com']])(
    'poisons no page with a port: origin %s',
    async (origin) => {
      const pages = pageListener(
        (req: http.IncomingMessage, res: http.ServerResponse) =>
          res.end(`https://${req.headers.host ?? ''}/in`),
        { store: dict<Uint8Array>(), ...(origin === undefined ? {} : { origin }) }
      )
      const url = await listen((req, res) => void pages(req, res))
      const text = (host: string): Promise<string> =>
        new Promise((resolve, reject) => {
          http
            .get(url, { headers: { host } }, (res) => {
              let all = ''
              res.on('data', (chunk) => (all += String(chunk)))
              res.on('end', () => resolve(all))
            })
            .on('error', reject)
        })
      for (const host of ['example.com:80', 'example.com:0080', 'EXAMPLE.com:80'])
        expect(await text(host)).toBe(`https://${host}/in`)
      expect(await text('example.com')).toBe('https://example.com/in')
      expect(await text('example.com:80')).toBe('https://example.com:80/in')
      expect(await text('example.com')).toBe('https://example.com/in')
    }
  )

  it('is not answered from the store, nor stored, where it has a body', async () => {
    const { text, url } = await up((_, res, n) => res.end(`run ${n}`))
    const fat = await new Promise<string>((resolve, reject) => {
      const request = http.request(
        `${url}/search`,
        { method: 'GET', headers: { 'content-length': '4' } },
        (res) => {
          res.resume()
          resolve(String(res.headers['cache-status']))
        }
      )
      request.on('error', reject)
      request.end('evil')
    })
    expect(fat).toContain('fwd=bypass')
    expect(await text('/search')).toBe('run 2')
    expect(await text('/search')).toBe('run 2')
  })
})

describe('what is one user’s', () => {
  it.each([
    ['cache-control', 'private'],
    ['vary', 'cookie']
  ])('is not stored where it is said when the head goes out: %s: %s', async (name, value) => {
    let runs = 0
    const pages = pageMiddleware({ store: dict<Uint8Array>(), policy: Policy.ttl(Duration.seconds(60)) })
    const url = await listen((req, res) => {
      const { writeHead } = res
      // as `on-headers` does
      res.writeHead = function (this: http.ServerResponse, ...args: [number]) {
        this.setHeader(name, value)
        return writeHead.apply(this, args)
      }
      pages(req, res, () => void res.end(`for ${String(req.headers.cookie)} ${++runs}`))
    })
    const text = async (cookie: string): Promise<string> => (await fetch(url, { headers: { cookie } })).text()
    expect(await text('ada')).toBe('for ada 1')
    await soon(10)
    expect(await text('eve')).toBe('for eve 2')
  })

  it('a body with bytes of another realm is not stored without them', async () => {
    const foreign: unknown = vm.runInNewContext('new Uint8Array([66, 67])')
    const { runs, text } = await up(async (_, res) => {
      res.write('A')
      await soon(10)
      res.write(foreign)
      res.end('D')
    })
    expect(await text()).toBe('ABCD')
    await soon(10)
    expect(await text()).toBe('ABCD')
    expect(runs()).toBe(2)
  })

  it.each<readonly [string, (res: http.ServerResponse) => unknown]>([
    ['setHeader', (res) => res.setHeader('x-language', 'en')],
    ['writeHead', (res) => res.writeHead(200, { 'X-Language': 'en' })],
    ['writeHead with a list', (res) => res.writeHead(200, ['X-Language', 'en'])]
  ])('what was said before the cache and is said again is the page’s: %s', async (_, say) => {
    const pages = pageMiddleware({ store: dict<Uint8Array>(), policy: Policy.ttl(Duration.seconds(60)) })
    const url = await listen((req, res) => {
      const asked = String(req.headers['accept-language'])
      res.setHeader('x-language', asked)
      res.setHeader('x-asked', asked)
      pages(req, res, () => {
        say(res)
        res.end('in English')
      })
    })
    const languages = async (language: string) => {
      const { headers } = await fetch(url, { headers: { 'accept-language': language } })
      return [headers.get('x-language'), headers.get('x-asked')]
    }
    expect(await languages('en')).toEqual(['en', 'en'])
    await soon(10)
    expect(await languages('de')).toEqual(['en', 'de'])
  })

  it.each([
    ['a text', () => 'page'],
    ['a stream', () => Readable.from(['page'])]
  ])(
    'what earlier hooks of Fastify have said before %s is not stored, and is said of each answer anew',
    async (_, made) => {
      const pages = pageHook({ store: dict<Uint8Array>() })
      const app = fastify({ forceCloseConnections: true })
      let asked = 0
      app.addHook('onRequest', async (_, reply) => {
        reply.header('x-request-id', `id-${++asked}`).header('content-security-policy', `nonce-${asked}`)
      })
      app.get('/', { onRequest: pages }, async (_, reply) => {
        reply.header('x-page', 'yes')
        return made()
      })
      const url = await app.listen({ port: 0, host: '127.0.0.1' })
      const get = async () => {
        const response = await fetch(url)
        await response.text()
        await soon(10)
        return { headers: Object.fromEntries(response.headers) }
      }
      const [first, second] = [await get(), await get()]
      await app.close()
      expect(first.headers).toMatchObject({ 'x-request-id': 'id-1', 'x-page': 'yes' })
      expect(second.headers['cache-status']).toContain('hit')
      expect(second.headers).toMatchObject({
        'x-request-id': 'id-2',
        'content-security-policy': 'nonce-2',
        'x-page': 'yes'
      })
    }
  )
})

it('an old page that stands for a failure has nothing of that', async () => {
  let time = 0
  let isDown = false
  const start = Date.UTC(2026, 0, 1)
  const pages = pageListener(
    (_: http.IncomingMessage, res: http.ServerResponse) => {
      if (!isDown) return res.end('good old page')
      res.statusMessage = 'Down'
      res.writeHead(503, { 'content-encoding': 'gzip', 'retry-after': '60', 'cache-control': 'no-store' })
      return res.end(zlib.gzipSync('down'))
    },
    {
      store: dict<Uint8Array>({ clock: { now: () => time } }),
      clock: { now: () => time },
      date: () => start + time,
      policy: Policy.policy(Policy.ttl(Duration.seconds(1)), Policy.staleIfError(Duration.hours(1)))
    }
  )
  const url = await listen((req, res) => {
    res.setHeader('x-before', 'yes')
    void pages(req, res)
  })
  const get = async () => {
    const response = await fetch(url)
    return { text: await response.text(), response }
  }
  expect((await get()).text).toBe('good old page')
  await soon(10)
  time = 5_000
  isDown = true
  const { response, text } = await get()
  expect([response.status, response.statusText, text]).toEqual([200, 'OK', 'good old page'])
  expect(response.headers.get('x-before')).toBe('yes')
  for (const name of ['content-encoding', 'retry-after', 'cache-control'])
    expect([name, response.headers.get(name)]).toEqual([name, null])
})

describe('who writes a large answer', () => {
  const chunk = Buffer.alloc(65_536, 'x')
  const many = 640

  /** Writes until it is told to wait, as streams do; says how much was ever taken without that. */
  const writer = (res: http.ServerResponse) => {
    let most = 0
    let run = 0
    let left = many
    const write = (): void => {
      run = 0
      while (left > 0) {
        left--
        most = Math.max(most, ++run)
        if (!res.write(chunk)) return void res.once('drain', write)
      }
      res.end()
    }
    write()
    return () => most
  }

  it.each<readonly [string, Readonly<Record<string, string>>, http.RequestListener | undefined]>([
    ['is not to be stored', { 'cache-control': 'no-store' }, undefined],
    ['is too large', {}, undefined],
    ['failed', {}, (_, res) => void (res.statusCode = 503)]
  ])('is told to wait, where that %s', async (_, headers, before) => {
    let most = (): number => 0
    const { url } = await up((req, res) => {
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
      before?.(req, res)
      most = writer(res)
    })
    const response = await fetch(url)
    expect((await response.arrayBuffer()).byteLength).toBe(many * chunk.length)
    expect(most()).toBeLessThan(16)
  })

  it('for a client who has it is not asked for all of it', async () => {
    let sent = 0
    let told: unknown
    const { url } = await up((_, res) => {
      res.setHeader('etag', '"same"')
      res.setHeader('cache-control', 'no-store')
      pipeline(
        Readable.from(
          (function* () {
            for (let i = 0; i < many; i++, sent++) yield chunk
          })()
        ),
        res,
        (error) => (told = error)
      )
    })
    const response = await fetch(url, { headers: { 'if-none-match': '"same"' } })
    expect([response.status, await response.text()]).toEqual([304, ''])
    await soon(50)
    expect(sent).toBeLessThan(many / 2)
    expect(told).toBeDefined()
  })

  it('for a client who has it writes all of it, where that is stored', async () => {
    const { runs, text, url } = await up((_, res) => {
      res.setHeader('etag', '"same"')
      pipeline(Readable.from(['one ', 'two ', 'three']), res, () => undefined)
    })
    const response = await fetch(url, { headers: { 'if-none-match': '"same"' } })
    expect([response.status, await response.text()]).toEqual([304, ''])
    await soon(10)
    expect(await text()).toBe('one two three')
    expect(runs()).toBe(1)
  })

  it('for a client who has it ends that answer where it turns out too large', async () => {
    const { url } = await up((_, res) => {
      res.setHeader('etag', '"same"')
      writer(res)
    })
    const response = await fetch(url, {
      headers: { 'if-none-match': '"same"' },
      signal: AbortSignal.timeout(5_000)
    })
    expect(response.status).toBe(304)
  })
})

it('a page whose body drips is waited for so long, and no longer', async () => {
  const dripping = new Set<http.ServerResponse>()
  let runs = 0
  const pages = pageListener(
    (_: http.IncomingMessage, res: http.ServerResponse) => {
      runs++
      dripping.add(res)
      res.write(`run ${runs}`)
    },
    { store: dict<Uint8Array>(), bodyTimeout: Duration.milliseconds(50) }
  )
  const url = await listen((req, res) => void pages(req, res).catch(() => res.destroy()))
  const first = await fetch(url)
  const others = Array.from({ length: 5 }, () => fetch(url))
  await soon(10)
  expect(runs).toBe(1)
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  expect(runs).toBe(6)
  for (const res of dripping) res.end('.')
  expect(await first.text()).toBe('run 1.')
})

it('where the first of a crowd leaves, one other makes the page', async () => {
  let runs = 0
  const finish: Array<() => void> = []
  const { text, url } = await up((_, res) => {
    const run = ++runs
    res.write(`run ${run}`)
    finish.push(() => res.end())
  })
  const leave = new AbortController()
  await fetch(url, { signal: leave.signal })
  const others = Array.from({ length: 50 }, () => text())
  await soon(50)
  expect(runs).toBe(1)
  leave.abort()
  await soon(50)
  expect(runs).toBe(2)
  finish[1]!()
  expect(new Set(await Promise.all(others))).toEqual(new Set(['run 2']))
})

describe('HTTP/2', () => {
  const ask = (
    session: http2.ClientHttp2Session,
    headers: http2.OutgoingHttpHeaders
  ): Promise<{ readonly headers: http2.IncomingHttpHeaders; readonly body: string }> =>
    new Promise((resolve, reject) => {
      const stream = session.request(headers)
      let head: http2.IncomingHttpHeaders = {}
      let body = ''
      stream.on('response', (all) => (head = all))
      stream.on('data', (part) => (body += String(part)))
      stream.on('end', () => resolve({ headers: head, body }))
      stream.on('error', reject)
      stream.end()
    })
  const near = async (
    server: { readonly address: () => unknown },
    use: (session: http2.ClientHttp2Session) => Promise<void>
  ): Promise<void> => {
    const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    try {
      await use(session)
    } finally {
      session.destroy()
    }
  }

  it('is served by a listener: a page is made once, and 304s are answered', async () => {
    let runs = 0
    const warnings: Array<string> = []
    const warned = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', warned)
    const pages = pageListener(
      (req: http2.Http2ServerRequest, res: http2.Http2ServerResponse) => {
        res.writeHead(200, { 'x-path': req.url })
        res.write('run ')
        return res.end(String(++runs))
      },
      { store: dict<Uint8Array>() }
    )
    const server = http2.createServer((req, res) => void pages(req, res))
    await listening(server)
    await near(server, async (session) => {
      const first = await ask(session, { ':path': '/list' })
      expect([first.body, first.headers['cache-status']]).toEqual(['run 1', 'fp-ring; fwd=miss; stored'])
      await soon(10)
      const again = await ask(session, { ':path': '/list' })
      expect([again.body, again.headers['x-path']]).toEqual(['run 1', '/list'])
      expect(again.headers['cache-status']).toContain('hit')
      const known = await ask(session, { ':path': '/list', 'if-none-match': String(again.headers.etag) })
      expect([known.headers[':status'], known.body]).toEqual([304, ''])
      // a host beside the authority may be what the handler goes by
      const other = await ask(session, {
        ':path': '/list',
        ':authority': 'good.example',
        host: 'evil.example'
      })
      expect(other.headers['cache-status']).toContain('bypass')
      expect((await ask(session, { ':path': '/list' })).body).toBe('run 1')
    })
    await new Promise((resolve) => server.close(resolve))
    process.off('warning', warned)
    expect(warnings).toEqual([])
  })

  it('is served by Fastify', async () => {
    let runs = 0
    const app = fastify({ http2: true })
    const pages = pageHook({ store: dict<Uint8Array>() })
    app.get('/list', { onRequest: pages }, async () => `run ${++runs}`)
    await app.listen({ port: 0, host: '127.0.0.1' })
    await near(app.server, async (session) => {
      expect((await ask(session, { ':path': '/list' })).body).toBe('run 1')
      await soon(10)
      expect((await ask(session, { ':path': '/list' })).body).toBe('run 1')
    })
    await app.close()
  })
})

it('where a later hook of Fastify refuses, the handler does not run', async () => {
  let ran = false
  const api = fastify()
  api.addHook('onRequest', pageHook({ store: dict<Uint8Array>() }))
  api.addHook('preHandler', async (_, reply) => {
    void reply.code(401).send('no')
  })
  api.get('/', async () => {
    ran = true
    return 'yes'
  })
  await api.ready()
  const url = await listen((req, res) => api.routing(req, res))
  const response = await fetch(url)
  expect([response.status, await response.text(), ran]).toEqual([401, 'no', false])
})

it('a hook of Fastify may stand behind those that say who may see a page', async () => {
  const pages = pageHook({ store: dict<Uint8Array>() })
  const app = fastify()
  let runs = 0
  app.get(
    '/list',
    {
      onRequest: async (request, reply) => {
        if (request.headers.authorization !== 'Bearer good') await reply.code(401).send('who?')
      },
      preHandler: pages
    },
    async (_, reply) => {
      reply.header('cache-control', 'public, max-age=60')
      return `run ${++runs}`
    }
  )
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const get = async (authorization: string) =>
    (await fetch(`${url}/list`, { headers: { authorization, connection: 'close' } })).text()
  expect(await get('Bearer good')).toBe('run 1')
  await soon(10)
  expect(await get('Bearer good')).toBe('run 1')
  expect(await get('Bearer bad')).toBe('who?')
  await app.close()
})

it('a client that does not read holds up nobody', async () => {
  const body = Buffer.alloc(8 * 2 ** 20, 'x')
  let runs = 0
  const pages = pageListener(
    (_: http.IncomingMessage, res: http.ServerResponse) => {
      runs++
      return Readable.from(
        Array.from({ length: 128 }, (_, i) => body.subarray(i * 65_536, (i + 1) * 65_536))
      ).pipe(res)
    },
    { store: dict<Uint8Array>(), maxBytes: 16 * 2 ** 20 }
  )
  const url = await listen((req, res) => void pages(req, res).catch(() => res.destroy()))
  const silent = net.connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
  silent.pause()
  silent.write(`GET / HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`)
  await soon(100)
  const other = await fetch(url, { signal: AbortSignal.timeout(5_000) })
  expect((await other.arrayBuffer()).byteLength).toBe(body.length)
  expect(runs).toBe(1)
  silent.destroy()
})

describe('what a response refuses', () => {
  /** An app with a cache before its one route; whoever fails is told in `failed`. */
  const app = async (listener: (req: express.Request, res: express.Response) => unknown, isCached = true) => {
    const failed: Array<unknown> = []
    const web = express()
    if (isCached) web.use(pageMiddleware({ store: dict<Uint8Array>() }))
    web.get('/', (req, res) => void listener(req, res))
    web.use((error: unknown, _: express.Request, res: express.Response, __: express.NextFunction) => {
      failed.push((error as { readonly code?: unknown }).code)
      if (res.headersSent) return
      res.statusMessage = 'Failed'
      res.status(500).end('failed')
    })
    return { url: await listen(web), failed }
  }

  it.each<readonly [string, (res: express.Response) => unknown]>([
    ['a status that is none', (res) => ((res.statusCode = 9_999), res.end('x'))],
    ['a status that is none, in writeHead', (res) => res.writeHead(9_999).end('x')],
    ['a reason of two lines', (res) => ((res.statusMessage = 'a\r\nb'), res.end('x'))],
    ['a number for a body', (res) => res.end(5)],
    ['an object for a chunk', (res) => res.write({})],
    ['nothing for a chunk', (res) => res.write(null)]
  ])('is refused at once, and answered by who handles errors: %s', async (_, write) => {
    const answers = []
    for (const isCached of [false, true]) {
      const { failed, url } = await app((__, res) => write(res), isCached)
      const response = await fetch(url)
      answers.push([response.status, await response.text(), failed])
    }
    expect(answers[1]).toEqual(answers[0])
    expect(answers[1]?.[0]).toBe(500)
  })

  it('is a second answer, and the first stays as it is', async () => {
    const { failed, url } = await app((_, res) => {
      res.send('one')
      for (const late of [
        () => res.send('another one'),
        () => res.setHeader('content-length', '50'),
        () => res.appendHeader('set-cookie', 'late'),
        () => res.removeHeader('content-length'),
        () => res.writeHead(404)
      ])
        try {
          late()
        } catch (error) {
          failed.push((error as { readonly code?: unknown }).code)
        }
      res.statusCode = 500
    })
    const [port, got] = [Number(new URL(url).port), [] as Array<Buffer>]
    const socket = net.connect(port, '127.0.0.1').on('data', (data) => got.push(data))
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(2))
    const isWhole = () => Buffer.concat(got).toString().split('one').length > 2
    for (const end = Date.now() + 10_000; !isWhole() && Date.now() < end; ) await soon(10)
    // what comes after it
    await soon(20)
    socket.destroy()
    const heads = Buffer.concat(got)
      .toString()
      .split('HTTP/1.1 ')
      .slice(1)
      .map((answer) => [
        answer.slice(0, 3),
        /content-length: (\d+)/i.exec(answer)?.[1],
        answer.split('\r\n\r\n')[1]
      ])
    expect(heads).toEqual([
      ['200', '3', 'one'],
      ['200', '3', 'one']
    ])
    expect(new Set(failed)).toEqual(new Set(['ERR_HTTP_HEADERS_SENT']))
  })

  it('when it is let through breaks off, and ends no process', async () => {
    const { runs, url } = await up((_, res) => {
      Reflect.set(res, 'strictContentLength', true)
      res.setHeader('content-length', '10')
      res.end('short')
    })
    await expect(fetch(url)).rejects.toThrow()
    await expect(fetch(url)).rejects.toThrow()
    expect(runs()).toBe(2)
  })
})

it('whoever has ended a response is told so', async () => {
  const told: Array<boolean> = []
  const { text } = await up((_, res) => {
    told.push(res.writableEnded)
    res.write('a ')
    told.push(res.writableEnded)
    res.end('page')
    told.push(res.writableEnded)
  })
  expect(await text()).toBe('a page')
  expect(told).toEqual([false, false, true])
})

it('a head may be a list, with several values of a name', async () => {
  const { url } = await up((_, res, run) => {
    const [cookies, type] = [
      ['a=1', 'b=2'],
      ['Content-Type', 'text/html']
    ] as const
    if (run === 1) res.writeHead(200, ['Set-Cookie', cookies, ...type] as never)
    else if (run === 2) res.writeHead(200, ['Set-Cookie', 'a=1', 'set-cookie', 'b=2', ...type])
    else res.writeHead(200, [['Set-Cookie', cookies], type] as never)
    res.end('x')
  })
  for (let i = 0; i < 3; i++) {
    const { headers } = await fetch(url)
    expect([headers.getSetCookie(), headers.get('content-type')]).toEqual([['a=1', 'b=2'], 'text/html'])
  }
})

describe('whoever waits for what he has written', () => {
  const writing = async (res: http.ServerResponse): Promise<void> => {
    await new Promise<unknown>((resolve) => res.write('a ', resolve))
    await new Promise<void>((resolve) => res.end('page', resolve))
  }

  it.each([['no-store'], ['max-age=60']])('goes on, where the client has it: %s', async (said) => {
    let written = 0
    const { url } = await up(async (_, res) => {
      res.setHeader('etag', '"same"')
      res.setHeader('cache-control', said)
      await writing(res)
      written++
    })
    expect((await fetch(url, { headers: { 'if-none-match': '"same"' } })).status).toBe(304)
    await soon(50)
    expect(written).toBe(1)
  })

  it('goes on, where an old page stands for it', async () => {
    let [time, written] = [0, 0]
    const clock = { now: () => time }
    const pages = pageListener(
      async (_: http.IncomingMessage, res: http.ServerResponse) => {
        if (time > 0) res.statusCode = 503
        await writing(res)
        written++
      },
      {
        store: dict<Uint8Array>({ clock }),
        clock,
        date: clock.now,
        policy: Policy.policy(Policy.ttl(Duration.seconds(1)), Policy.staleIfError(Duration.hours(1)))
      }
    )
    const url = await listen((req, res) => void pages(req, res))
    expect((await fetch(url)).status).toBe(200)
    await soon(10)
    time = 5_000
    expect((await fetch(url)).status).toBe(200)
    await soon(50)
    expect(written).toBe(2)
  })

  it('who has nobody to write to any more, keeps nothing', async () => {
    const failed: Array<unknown> = []
    const { url } = await up(async (_, res) => {
      await soon(100)
      // as without the cache: it is said that there is nobody
      await new Promise<void>((resolve) =>
        res.write('a', (error) => {
          failed.push((error as { readonly code?: unknown } | null | undefined)?.code)
          resolve()
        })
      )
    })
    await expect(fetch(url, { signal: AbortSignal.timeout(50) })).rejects.toThrow()
    await soon(200)
    expect(failed).toEqual(['ERR_STREAM_DESTROYED'])
  })
})

describe('who answers before the cache', () => {
  it('is heard while the cache waits for the page of somebody else', async () => {
    let runs = 0
    const web = express()
    web.use((req, res, next) => {
      if (req.headers['x-hurry'] !== undefined) setTimeout(() => res.status(503).send('too late'), 50)
      next()
    })
    web.use(pageMiddleware({ store: dict<Uint8Array>() }))
    // it never answers
    web.get('/', () => void runs++)
    const url = await listen(web)
    fetch(url).catch(() => undefined)
    await soon(20)
    const joined = await fetch(url, { headers: { 'x-hurry': '1' }, signal: AbortSignal.timeout(5_000) })
    expect([joined.status, await joined.text()]).toEqual([503, 'too late'])
    expect(runs).toBe(1)
  })

  it('and goes on all the same gets what he would get without it', async () => {
    const failed: Array<unknown> = []
    const web = express()
    web.use((req, res, next) => {
      if (req.headers['x-begin'] !== undefined) res.write('begun, ')
      if (req.headers['x-end'] !== undefined) res.end('ended')
      next()
    })
    web.use(pageMiddleware({ store: dict<Uint8Array>() }))
    web.get('/', (_, res) => {
      if (!res.headersSent) res.setHeader('x-page', 'yes')
      res.end('page')
    })
    web.use((error: unknown, _: express.Request, __: express.Response, ___: express.NextFunction) => {
      failed.push(error)
    })
    const url = await listen(web)
    const text = async (headers: Record<string, string> = {}) =>
      (await fetch(url, { headers, signal: AbortSignal.timeout(5_000) })).text()
    expect(await text()).toBe('page')
    expect(await text({ 'x-begin': '1' })).toBe('begun, page')
    expect(await text()).toBe('page')
  })
})

it('those of a crowd who have gone too make no page, and take nobody his turn', async () => {
  let runs = 0
  const { text, url } = await up(async (_, res) => {
    const run = ++runs
    await soon(200)
    res.end(`run ${run}`)
  })
  const leave = new AbortController()
  const gone = Array.from({ length: 20 }, () => fetch(url, { signal: leave.signal }).catch(() => undefined))
  await soon(50)
  const others = Array.from({ length: 20 }, () => text())
  await soon(50)
  leave.abort()
  await Promise.all(gone)
  expect(new Set(await Promise.all(others))).toEqual(new Set(['run 2']))
  expect(runs).toBe(2)
})

describe('a session before the cache, which is saved before the response ends', () => {
  const site = async () => {
    let runs = 0
    const web = express()
    web.use((req, res, next) => {
      const { end, write, writeHead } = res
      res.writeHead = ((...args: ReadonlyArray<never>) => {
        if (req.path === '/mine') res.setHeader('set-cookie', `run=${runs}`)
        return Reflect.apply(writeHead, res, args) as unknown
      }) as typeof writeHead
      res.end = ((chunk?: unknown) => {
        if (chunk !== undefined) Reflect.apply(write, res, [chunk])
        setTimeout(() => Reflect.apply(end, res, []), 10)
        return res
      }) as typeof end
      next()
    })
    web.use(pageMiddleware({ store: dict<Uint8Array>() }))
    web.get('/page', (_, res) => {
      runs++
      res.setHeader('etag', '"same"')
      res.end('page')
    })
    web.get(['/empty', '/mine'], (_, res) => {
      runs++
      res.status(204).end()
    })
    const url = await listen(web)
    const get = (path: string, headers: http.OutgoingHttpHeaders = {}) =>
      new Promise<readonly [number | undefined, unknown]>((resolve, reject) => {
        const signal = AbortSignal.timeout(5_000)
        http
          .get(url + path, { headers, signal }, (res) => {
            res.resume()
            res.on('end', () => resolve([res.statusCode, res.headers['set-cookie']]))
          })
          .on('error', reject)
      })
    return { get, runs: () => runs }
  }

  it('does not keep 304s and empty pages from those who ask for them', async () => {
    const { get, runs } = await site()
    const known = { 'if-none-match': '"same"' }
    expect(await get('/page', known)).toEqual([304, undefined])
    expect(await get('/page', known)).toEqual([304, undefined])
    expect(await get('/page')).toEqual([200, undefined])
    expect(runs()).toBe(1)
    for (let i = 0; i < 3; i++) expect(await get('/empty')).toEqual([204, undefined])
    expect(runs()).toBe(2)
  })

  it('sets cookies late, and such a page is not stored', async () => {
    const { get, runs } = await site()
    expect(await get('/mine')).toEqual([204, ['run=1']])
    expect(await get('/mine')).toEqual([204, ['run=2']])
    expect(runs()).toBe(2)
  })
})
