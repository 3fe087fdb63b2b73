/** The commands of pages: the scenarios of the original's Django tests, and what is beyond them. */
import { describe, expect, it } from '@jest/globals'
import { dict, Duration, Policy, RingError, RingEvent, Store } from 'fp-ring'
import { type Page, page, pageMiddleware, type PageRequest } from 'fp-ring/http'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { ask, bench, fate, home, soon, textOf } from './kit'

const bodyOf = async (got: E.Either<unknown, O.Option<Response>>): Promise<string | undefined> =>
  E.isRight(got) && O.isSome(got.right) ? got.right.value.text() : undefined

describe('one view', () => {
  it('goes through all its commands', async () => {
    const { pages: view } = bench((_, run) => new Response(`now ${run}`), { origin: home })
    const request = () => ask('/ring')

    await view.delete('/ring')()
    expect(await view.get(request())()).toEqual(E.right(O.none))

    const executed = await textOf(view(request()))
    expect(await textOf(view(request()))).toBe(executed)
    expect(await bodyOf(await view.get(request())())).toBe(executed)

    const updated = await view.update(request())()
    const first = E.isRight(updated) ? await updated.right.text() : undefined
    expect(first).not.toBe(executed)
    const again = await view.update(request())()
    const second = E.isRight(again) ? await again.right.text() : undefined
    expect(second).not.toBe(first)
    expect(await bodyOf(await view.get(request())())).toBe(second)

    expect(await view.has(request())()).toEqual(E.right(true))
    await view.delete('/ring')()
    expect(await view.get(request())()).toEqual(E.right(O.none))
    expect(await view.has(request())()).toEqual(E.right(false))
  })

  it('lists items, which another view adds to, and expires by path', async () => {
    const items: Array<string> = []
    const list = page(() => Response.json({ now: Math.random(), items }), {
      store: dict<Uint8Array>(),
      origin: home
    })
    const add = async (request: Request): Promise<Response> => {
      items.push(await request.text())
      await list.delete('/chain/list')()
      return new Response(null, { status: 303, headers: { location: '/chain/list' } })
    }
    const seen = async () =>
      (await list(ask('/chain/list'))).json() as Promise<{ now: number; items: Array<string> }>
    const before = await seen()
    expect(before.items).toEqual([])
    expect(await seen()).toEqual(before)
    await add(new Request(`${home}/chain/new`, { method: 'POST', body: 'Reinhardt' }))
    expect((await seen()).items).toEqual(['Reinhardt'])
    await add(new Request(`${home}/chain/new`, { method: 'POST', body: 'Django' }))
    expect((await seen()).items).toEqual(['Reinhardt', 'Django'])
  })

  it('deletes nothing that is not there, and succeeds', async () => {
    const { pages } = bench(() => new Response('x'))
    expect(await pages.delete('/fake-name')()).toEqual(E.right(undefined))
    expect(await pages.delete('nowhere')()).toMatchObject({ _tag: 'Left', left: { _tag: 'KeyError' } })
  })
})

describe('delete', () => {
  it('takes a path, an address, a URL and a request for the same', async () => {
    const { pages, runs } = bench((_, run) => new Response(`${run}`), { origin: home })
    for (const target of [
      '/a?b=c',
      `${home}/a?b=c`,
      new URL(`${home}/a?b=c`),
      ask('/a?b=c'),
      `${home}/a?b=c#d`
    ]) {
      const before = runs()
      await textOf(pages(ask('/a?b=c')))
      expect(await pages.has(target)()).toEqual(E.right(true))
      await pages.delete(target)()
      expect(await pages.has(target)()).toEqual(E.right(false))
      expect(runs()).toBe(before + 1)
    }
  })

  it('hides all variants, on all hosts, and no other page', async () => {
    const { pages, runs } = bench(
      (_, run) => new Response(`${run}`, { headers: { vary: 'accept-language' } })
    )
    const all = [
      ask('https://a.example/l', { 'accept-language': 'en' }),
      ask('https://a.example/l', { 'accept-language': 'de' }),
      ask('https://b.example/l', { 'accept-language': 'de' })
    ]
    const others = [ask('https://a.example/l?page=2'), ask('https://a.example/l/')]
    for (const one of [...all, ...others]) await textOf(pages(one))
    await soon()
    expect(runs()).toBe(5)
    await pages.delete('/l')()
    for (const one of others) await textOf(pages(one))
    expect(runs()).toBe(5)
    for (const one of all) await textOf(pages(one))
    expect(runs()).toBe(8)
  })

  it('hides what is stale too', async () => {
    let down = false
    const { pages, time } = bench(() => new Response('x', { status: down ? 503 : 200 }), {
      policy: Policy.policy(Policy.ttl(Duration.seconds(1)), Policy.staleIfError(Duration.minutes(1)))
    })
    await textOf(pages(ask('/')))
    await soon()
    down = true
    time.pass(2)
    expect((await pages(ask('/'))).status).toBe(200)
    await pages.delete('/')()
    expect((await pages(ask('/'))).status).toBe(503)
  })
})

describe('the other commands', () => {
  it('key: where the page lies that does not vary', async () => {
    const { pages } = bench(() => new Response('x'))
    expect(pages.key(`${home}/a`)).toBe('page:https://example.com/a')
    expect(bench(() => new Response('x'), { origin: home, name: 'blog' }).pages.key('/a')).toBe('blog:/a')
    expect(() => pages.key('/a')).toThrow(RingError.KeyError)
    expect(await pages.get('/a')()).toMatchObject({ _tag: 'Left', left: { _tag: 'KeyError' } })
    expect(await pages.update('/a')()).toMatchObject({ _tag: 'Left', left: { _tag: 'KeyError' } })
  })

  it('execute: the handler, and nothing stored', async () => {
    const { pages, runs } = bench((_, run) => new Response(`${run}`))
    const got = await pages.execute(home)()
    expect(E.isRight(got) && (await got.right.text())).toBe('1')
    expect(await pages.has(home)()).toEqual(E.right(false))
    expect(runs()).toBe(1)
    const { pages: broken } = bench(() => Promise.reject(new Error('no')))
    expect(await broken.execute(home)()).toMatchObject({ _tag: 'Left', left: { _tag: 'Thrown' } })
  })

  it('update: what may not be stored is given and not stored; what fails keeps what was there', async () => {
    let answer = (): Response => new Response('private', { headers: { 'cache-control': 'private' } })
    const { pages } = bench(() => answer())
    const got = await pages.update(home)()
    expect(E.isRight(got) && (await got.right.text())).toBe('private')
    expect(await pages.has(home)()).toEqual(E.right(false))
    answer = () => new Response('good')
    await pages.update(home)()
    answer = () => new Response('bad', { status: 500 })
    expect(await pages.update(home)()).toEqual(E.left({ _tag: 'Failed', status: 500 }))
    answer = () => {
      throw new Error('worse')
    }
    expect(await pages.update(home)()).toMatchObject({ _tag: 'Left', left: { _tag: 'Thrown' } })
    expect(await bodyOf(await pages.get(home)())).toBe('good')
  })

  it('update: of the variant of its request', async () => {
    const { pages, runs } = bench(
      (request, run) => new Response(`${request.headers.get('x')} ${run}`, { headers: { vary: 'x' } })
    )
    for (const x of ['a', 'b']) await textOf(pages(ask('/', { x })))
    await soon()
    await pages.update(ask('/', { x: 'b' }))()
    expect(await textOf(pages(ask('/', { x: 'a' })))).toBe('a 1')
    expect(await textOf(pages(ask('/', { x: 'b' })))).toBe('b 3')
    expect(runs()).toBe(3)
  })

  it('purge: by tags of its own, and those of other rings of the store', async () => {
    const { pages, runs } = bench((_, run) => new Response(`${run}`), {
      tags: ({ path }) => [`user:${path.split('/')[1] ?? ''}`, 'all']
    })
    for (const path of ['/1/a', '/1/b', '/2/a']) await textOf(pages(ask(path)))
    await soon()
    await pages.purge('user:1')()
    for (const path of ['/1/a', '/1/b', '/2/a']) await textOf(pages(ask(path)))
    expect(runs()).toBe(5)
    await pages.purge('page:/2/a')() // the tag that every page has
    await textOf(pages(ask('/2/a')))
    expect(runs()).toBe(6)
  })

  it('clear: all pages of this name', async () => {
    const store = dict<Uint8Array>()
    const [a, b] = ['a', 'b'].map((name) => page(() => new Response(name), { store, name }))
    for (const one of [a!, b!]) await textOf(one(ask('/')))
    await soon()
    await a!.clear()()
    expect([await a!.has(home)(), await b!.has(home)()]).toEqual([E.right(false), E.right(true)])
  })

  it('decode: for bytes that were read by hand', async () => {
    const store = dict<Uint8Array>()
    const pages = page(() => new Response('x'), { store })
    await textOf(pages(ask('/')))
    await soon()
    const got = pages.decode(store.backend.get(pages.key(home))!.value)
    expect(E.isRight(got) && Buffer.from(got.right.body).toString()).toBe('x')
  })

  it('a middleware has those that need no handler', async () => {
    const pages = pageMiddleware({ store: dict<Uint8Array>() })
    expect(Object.keys(pages).sort()).toEqual([
      'clear',
      'decode',
      'delete',
      'get',
      'has',
      'key',
      'purge',
      'store'
    ])
  })

  it('pass on to the handler what comes after the request', async () => {
    const pages = page((_: Request, env: { readonly name: string }) => new Response(env.name), {
      store: dict<Uint8Array>()
    })
    expect(await textOf(pages(ask('/'), { name: 'Ada' }))).toBe('Ada')
    const got = await pages.update(home, { name: 'Eve' })()
    expect(E.isRight(got) && (await got.right.text())).toBe('Eve')
  })
})

describe('a request of a framework', () => {
  class Rich extends Request {
    readonly nextUrl = new URL(this.url)
  }
  class Odd extends Request {
    constructor(context: { readonly path: string; readonly known: string }) {
      super(home + context.path, { headers: { 'if-none-match': context.known } })
    }
  }

  it('is one for its handler, too, where the client has a page', async () => {
    const pages = page(
      (request: Request) =>
        new Response(
          JSON.stringify([
            request instanceof Rich && request.nextUrl.pathname,
            Reflect.get(request, 'user'),
            request.headers.get('if-none-match')
          ])
        ),
      { store: dict<Uint8Array>() }
    )
    for (const path of ['/a', '/b']) {
      const headers: Record<string, string> = path === '/a' ? {} : { 'if-none-match': '"other"' }
      const request = Object.assign(new Rich(home + path, { headers }), { user: 'ada' })
      expect(JSON.parse(await textOf(pages(request)))).toEqual([path, 'ada', null])
    }
    const odd = await textOf(pages(new Odd({ path: '/c', known: '"other"' })))
    expect(JSON.parse(odd)).toEqual([false, null, null])
  })
})

describe('the fields of a page', () => {
  it('are stored but for those of a connection, and those that it names', async () => {
    const { pages, runs } = bench(
      () =>
        new Response('x', {
          headers: {
            connection: 'x-a, X-B',
            'x-a': '1',
            'x-b': '2',
            'x-c': '3',
            'keep-alive': 'timeout=5',
            upgrade: 'h2c',
            te: 'trailers',
            trailer: 'x-d',
            'proxy-authenticate': 'Basic',
            'content-security-policy': "default-src 'self'",
            'content-language': 'en',
            link: '</a>; rel=preload'
          }
        })
    )
    await textOf(pages(ask('/')))
    await soon()
    const { headers } = await pages(ask('/'))
    expect(runs()).toBe(1)
    expect(Array.from(headers.keys()).sort()).toEqual([
      'age',
      'cache-status',
      'content-language',
      'content-length',
      'content-security-policy',
      'content-type',
      'date',
      'etag',
      'link',
      'x-c'
    ])
    const { headers: left, status } = await pages(ask('/', { 'if-none-match': '*' }))
    expect(status).toBe(304)
    expect(Array.from(left.keys()).sort()).toEqual([
      'age',
      'cache-status',
      'content-security-policy',
      'date',
      'etag',
      'link',
      'x-c'
    ])
  })

  it('Age grows, Date and Expires stay, what other caches have said stays', async () => {
    const { pages, time } = bench(
      () =>
        new Response('x', {
          headers: {
            'cache-control': 'max-age=100',
            age: '30',
            'cache-status': 'origin; hit',
            expires: 'never'
          }
        })
    )
    await textOf(pages(ask('/')))
    await soon()
    const first = await pages(ask('/'))
    time.pass(20)
    const { headers } = await pages(ask('/'))
    expect(headers.get('age')).toBe('50')
    expect(headers.get('date')).toBe(first.headers.get('date'))
    expect(headers.get('expires')).toBe('never')
    expect(fate(await pages(ask('/')))).toBe('origin; hit, fp-ring; hit; ttl=50')
  })

  it.each<readonly [string, Readonly<Record<string, string>>, boolean]>([
    ['the tag', { 'if-none-match': '"v1"' }, true],
    ['the tag, as a weak one', { 'if-none-match': 'W/"v1"' }, true],
    ['the tag among others', { 'if-none-match': '"v0", "v1"' }, true],
    ['any', { 'if-none-match': '*' }, true],
    ['another tag', { 'if-none-match': '"v2"' }, false],
    ['a tag without quotes', { 'if-none-match': 'v1' }, false],
    ['a date after', { 'if-modified-since': 'Fri, 02 Jan 2026 00:00:00 GMT' }, true],
    ['the date', { 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' }, true],
    ['a date before', { 'if-modified-since': 'Wed, 31 Dec 2025 00:00:00 GMT' }, false],
    ['a date that is none', { 'if-modified-since': 'yesterday' }, false],
    [
      'another tag counts more than a date',
      { 'if-none-match': '"v2"', 'if-modified-since': 'Fri, 02 Jan 2026 00:00:00 GMT' },
      false
    ]
  ])('answer conditions: %s', async (_, headers, known) => {
    const seen: Array<string | null> = []
    const { pages } = bench((request) => {
      seen.push(request.headers.get('if-none-match'), request.headers.get('if-modified-since'))
      return new Response('x', {
        headers: { etag: '"v1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }
      })
    })
    // of the handler's answer, and of the stored page
    for (let i = 0; i < 2; i++) {
      const response = await pages(ask('/', headers))
      expect([response.status, await response.text()]).toEqual(known ? [304, ''] : [200, 'x'])
      await soon()
    }
    expect(seen).toEqual([null, null])
  })
})

describe('a policy', () => {
  it('says how long a page lives that says nothing, by the page', async () => {
    const { pages, runs, time } = bench(() => new Response('x', { status: 404 }), {
      policy: Policy.ttlBy(({ status }) => (status === 404 ? Duration.seconds(5) : Duration.minutes(5)))
    })
    await textOf(pages(ask('/')))
    await soon()
    time.pass(4)
    await textOf(pages(ask('/')))
    time.pass(1)
    await textOf(pages(ask('/')))
    expect(runs()).toBe(2)
  })

  it('says it by the request, too', async () => {
    const { pages, runs, time } = bench(() => new Response('x'), {
      policy: Policy.policy(
        Policy.ttlBy((_: Page, [{ path }]: readonly [PageRequest]) =>
          Duration.seconds(path === '/short' ? 5 : 9)
        ),
        Policy.cacheWhen((_: Page, [{ header }]: readonly [PageRequest]) => header('x-debug') === undefined),
        Policy.staleWhileRevalidate(Duration.seconds(9)),
        Policy.staleBy((_: Page, [{ path }]: readonly [PageRequest]) =>
          path === '/strict' ? { staleWhileRevalidate: Duration.seconds(0) } : {}
        )
      )
    })
    const askAll = async () => {
      for (const path of ['/short', '/long', '/strict']) await textOf(pages(ask(path)))
      await textOf(pages(ask('/debug', { 'x-debug': '1' })))
      await soon()
      return runs()
    }
    expect(await askAll()).toBe(4)
    expect(await askAll()).toBe(5)
    time.pass(5)
    expect(fate(await pages(ask('/short')))).toBe('fp-ring; hit; ttl=0')
    expect(fate(await pages(ask('/long')))).toBe('fp-ring; hit; ttl=4')
    time.pass(4)
    expect(fate(await pages(ask('/long')))).toBe('fp-ring; hit; ttl=0')
    expect(fate(await pages(ask('/strict')))).toMatch('fwd=miss')
  })

  it('says which are stored; who joins gets no other', async () => {
    const { pages, runs } = bench((request) => new Response(request.headers.get('x-who')), {
      policy: Policy.cacheWhen(({ body }) => Buffer.from(body).toString() !== '0')
    })
    const all = await Promise.all([0, 1, 2].map((i) => pages(ask('/', { 'x-who': String(i) }))))
    const texts = await Promise.all(all.map((one) => one.text()))
    expect(texts.filter((text) => text === '0')).toHaveLength(1)
    expect(runs()).toBe(3)
  })

  it('that throws stores nothing, and breaks nothing', async () => {
    const { pages, runs } = bench(() => new Response('x'), {
      policy: Policy.cacheWhen(() => {
        throw new Error('policy')
      })
    })
    for (let i = 0; i < 2; i++) expect(await textOf(pages(ask('/')))).toBe('x')
    expect(runs()).toBe(2)
  })

  it('forever has no end but that of the tags, which is 30 days', async () => {
    const { pages, runs, time } = bench(() => new Response('x'), { policy: Policy.forever })
    await textOf(pages(ask('/')))
    await soon()
    time.pass(1e6)
    expect(fate(await pages(ask('/')))).toBe('fp-ring; hit')
    expect(runs()).toBe(1)
  })

  it('says which errors an old page stands for; what was thrown is one', async () => {
    let thrown: Error | undefined
    const { pages, time } = bench(
      () => {
        if (thrown !== undefined) throw thrown
        return new Response('good')
      },
      {
        policy: Policy.policy(
          Policy.ttl(Duration.seconds(1)),
          Policy.retryThrottle(Duration.milliseconds(0)),
          Policy.staleIfError(
            Duration.minutes(1),
            (error: { readonly _tag: string; readonly cause?: unknown }) =>
              error._tag === 'Thrown' && error.cause instanceof TypeError
          )
        )
      }
    )
    await textOf(pages(ask('/')))
    await soon()
    time.pass(2)
    thrown = new TypeError('down')
    expect(await textOf(pages(ask('/')))).toBe('good')
    thrown = new RangeError('a bug')
    await expect(pages(ask('/'))).rejects.toBe(thrown)
  })
})

describe('a cache that fails', () => {
  const failing = pipe(
    dict<Uint8Array>(),
    Store.around((operation) => TE.left(RingError.storeFailed(operation)(new Error('no connection'))))
  )

  it('breaks no page, and is told', async () => {
    const { observe, stats } = RingEvent.counter()
    const pages = page(() => new Response('good'), { store: failing, observe })
    for (let i = 0; i < 2; i++) expect(await textOf(pages(ask('/')))).toBe('good')
    expect(stats().faults).toBeGreaterThan(0)
    expect(await pages.get(home)()).toMatchObject({ _tag: 'Left', left: { _tag: 'StoreError' } })
    expect(await pages.delete('/')()).toMatchObject({ _tag: 'Left', left: { _tag: 'StoreError' } })
    expect((await pages(ask('/', {}, 'POST'))).status).toBe(200)
  })

  it('an answer that may not be stored is no failure to those who observe', async () => {
    const { observe, stats } = RingEvent.counter()
    const events: Array<RingEvent.RingEvent> = []
    const { pages } = bench(
      (request) => {
        if (request.url.endsWith('/broken')) throw new Error('broken')
        return new Response('mine', {
          status: request.url.endsWith('/down') ? 503 : 200,
          headers: { 'cache-control': 'private' }
        })
      },
      {
        version: 2,
        observe: (event) => () => {
          events.push(event)
          observe(event)()
        }
      }
    )
    await Promise.all(Array.from({ length: 5 }, () => textOf(pages(ask('/')))))
    for (let i = 0; i < 2; i++) await textOf(pages(ask('/')))
    await soon()
    expect(stats()).toMatchObject({ loads: 7, loadFailures: 0 })
    await textOf(pages(ask('/down')))
    await expect(pages(ask('/broken'))).rejects.toThrow('broken')
    await soon()
    expect(stats()).toMatchObject({ loads: 9, loadFailures: 2 })
    expect(new Set(events.map(({ key }) => key))).toEqual(
      new Set(['/', '/down', '/broken'].map((path) => pages.key(home + path)))
    )
    expect(pages.key(home)).toBe(`page:${home}/~2`)
  })

  it('nor do tags that throw', async () => {
    const { pages } = bench(() => new Response('good'), {
      tags: () => {
        throw new Error('tags')
      }
    })
    expect(await textOf(pages(ask('/')))).toBe('good')
  })

  it('a handler that throws is the page that throws, once', async () => {
    const cause = new Error('mine')
    const { pages, runs } = bench(() => {
      throw cause
    })
    await expect(pages(ask('/'))).rejects.toBe(cause)
    expect(runs()).toBe(1)
  })
})

describe('what is wired wrongly throws', () => {
  const store = dict<Uint8Array>()
  const handler = () => new Response('x')
  it.each<readonly [string, () => unknown]>([
    ['an origin with a path', () => page(handler, { store, origin: 'https://example.com/a' })],
    ['an origin that is none', () => page(handler, { store, origin: 'example.com' })],
    ['a limit of nothing', () => page(handler, { store, maxBytes: 0 })],
    ['a field that is none', () => page(handler, { store, vary: ['accept language'] })],
    ['every field', () => page(handler, { store, vary: ['*'] })],
    ['a name that would break a header', () => page(handler, { store, cacheStatus: 'a\r\nb' })],
    [
      'errors that are stored',
      () => page(handler, { store, policy: { _tag: 'Policy', negative: {} as never } })
    ]
  ])('%s', (_, wire) => expect(wire).toThrow(TypeError))
})
