/** What somebody means ill: requests that would poison a page, and bytes in the store that nobody here wrote. */
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { dict, Duration } from 'fp-ring'
import { type Page, page } from 'fp-ring/http'
import * as E from 'fp-ts/Either'

import { pageCodec } from '../../src/http/core/stored'
import { targetIn } from '../../src/http/core/target'
import { runs } from '../runs'
import { ask, bench, home, soon, textOf } from './kit'

const { decode, encode } = pageCodec(1_000)
const good: Page = {
  status: 200,
  headers: [['content-type', 'text/plain']],
  body: Buffer.from('hello'),
  time: 1_700_000_000_000,
  age: 0,
  lifetime: 60_000,
  variant: ''
}
const line = (head: object, body = 'x'): Uint8Array => Buffer.from(`${JSON.stringify(head)}\n${body}`)
const head = { v: 1, status: 200, headers: [], time: 0, age: 0, variant: '' }

describe('bytes in the store', () => {
  it('are a line of JSON and the body', () => {
    const raw = encode(good)
    expect(E.isRight(raw) && Buffer.from(raw.right).toString()).toBe(
      '{"v":1,"status":200,"headers":[["content-type","text/plain"]],"time":1700000000000,"age":0,"variant":"","lifetime":60000}\nhello'
    )
  })

  it.each<readonly [string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['no line', Buffer.from('{}')],
    ['no JSON', Buffer.from('hello\n')],
    ['a head that never ends', Buffer.from(`{"v":1,"x":"${'x'.repeat(70_000)}"}\nx`)],
    ['another version', line({ ...head, v: 2 })],
    ['no status', line({ ...head, status: undefined })],
    ['a status of 99', line({ ...head, status: 99 })],
    ['a status of 101', line({ ...head, status: 101 })],
    ['a status of 1000', line({ ...head, status: 1000 })],
    ['a status with a fraction', line({ ...head, status: 200.5 })],
    ['headers that are a record', line({ ...head, headers: { a: 'b' } })],
    ['a header of three', line({ ...head, headers: [['a', 'b', 'c']] })],
    ['a header of one', line({ ...head, headers: [['a']] })],
    ['a new line in a value', line({ ...head, headers: [['a', 'b\r\nset-cookie: c=d']] })],
    ['a line feed in a value', line({ ...head, headers: [['a', 'b\nc']] })],
    ['a null in a value', line({ ...head, headers: [['a', 'b\0c']] })],
    ['a value beyond Latin 1', line({ ...head, headers: [['a', '\u{1f600}']] })],
    ['a new line in a name', line({ ...head, headers: [['a\r\nb', 'c']] })],
    ['a colon in a name', line({ ...head, headers: [['a:', 'c']] })],
    ['an empty name', line({ ...head, headers: [['', 'c']] })],
    ['a name in capitals', line({ ...head, headers: [['Set-Cookie', 'c=d']] })],
    ['a cookie', line({ ...head, headers: [['set-cookie', 'c=d']] })],
    ['a transfer encoding', line({ ...head, headers: [['transfer-encoding', 'chunked']] })],
    ['a length of its own', line({ ...head, headers: [['content-length', '1000']] })],
    ['too many headers', line({ ...head, headers: Array.from({ length: 300 }, (_, i) => [`a${i}`, '']) })],
    ['a negative age', line({ ...head, age: -1 })],
    ['a time that is no number', line({ ...head, time: null })],
    ['a time beyond all times', line({ ...head, time: 1e300 })],
    [
      'a __proto__',
      Buffer.from('{"v":1,"status":200,"headers":[],"time":0,"age":0,"variant":"","__proto__":{}}\nx')
    ],
    ['a body above the limit', line(head, 'x'.repeat(1_001))]
  ])('are refused: %s', (_, raw) => {
    expect(decode(raw)).toMatchObject({ _tag: 'Left', left: { _tag: 'DecodeError' } })
  })

  it('are read where they are good', () => {
    expect(E.isRight(decode(line(head)))).toBe(true)
  })

  it('law P4: come back as they were, whatever they are', () => {
    const field = fc.tuple(
      fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/),
      fc.stringMatching(/^[\x21-\x7e\xa0-\xff]{0,20}$/)
    )
    const anyPage = fc.record({
      status: fc.integer({ min: 200, max: 599 }),
      headers: fc.array(field, { maxLength: 5 }),
      body: fc.uint8Array({ maxLength: 100 }),
      time: fc.integer({ min: 0, max: 4e12 }),
      age: fc.nat(),
      lifetime: fc.nat(),
      variant: fc.stringMatching(/^[A-Za-z0-9_-]{0,22}$/)
    })
    fc.assert(
      fc.property(anyPage, (one) => {
        const raw = encode(one)
        if (E.isLeft(raw)) return
        const back = decode(raw.right)
        expect(E.isRight(back) && { ...back.right, body: Buffer.from(back.right.body) }).toEqual({
          ...one,
          body: Buffer.from(one.body)
        })
      })
    )
  })

  it('never throw, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (raw) => {
        decode(raw)
      })
    )
    fc.assert(
      fc.property(fc.json(), fc.string(), (json, body) => {
        decode(Buffer.from(`${json}\n${body}`))
      })
    )
  })

  it('that are bad are a miss for a page, and are overwritten', async () => {
    const store = dict<Uint8Array>()
    const pages = page(() => new Response('good'), { store })
    await textOf(pages(ask('/')))
    await soon()
    const key = pages.key(home)
    const raw = Buffer.from(store.backend.get(key)!.value)
    // in the place of `text/plain`, of the same length
    const evil = Buffer.from(raw.toString('latin1').replace('text/plain', 'a\\r\\nb: c'), 'latin1')
    expect(evil.equals(raw)).toBe(false)
    await store.set(key, evil, Duration.minutes(1))()
    expect(await pages.get(home)()).toMatchObject({ _tag: 'Left', left: { _tag: 'DecodeError' } })
    const answer = await pages(ask('/'))
    expect(await answer.text()).toBe('good')
    await soon()
    expect(E.isRight(await pages.get(home)())).toBe(true)
  })
})

describe('requests', () => {
  it('for another host put nothing where the pages of the site lie', async () => {
    const { pages, runs } = bench((request) => new Response(`links to ${new URL(request.url).host}`), {
      origin: home
    })
    expect(await textOf(pages(ask('https://evil.example/')))).toBe('links to evil.example')
    expect(await textOf(pages(ask('/')))).toBe('links to example.com')
    expect(await textOf(pages(ask('https://evil.example/')))).toBe('links to evil.example')
    expect(await textOf(pages(ask('/')))).toBe('links to example.com')
    expect(runs()).toBe(3)
  })

  it('without an origin, pages of one host are for that host', async () => {
    const { pages } = bench((request) => new Response(new URL(request.url).host))
    expect(await textOf(pages(ask('https://evil.example/')))).toBe('evil.example')
    expect(await textOf(pages(ask('/')))).toBe('example.com')
  })

  it.each([['example.com:80'], ['example.com:080'], ['example.com:443']])(
    'with a port in Host that the address does not have put nothing where others read it: %s',
    async (host) => {
      const { pages, runs } = bench((request) => new Response(request.headers.get('host')))
      for (const at of ['http://example.com/', 'https://example.com/']) {
        const before = runs()
        expect(await textOf(pages(ask(at, { host })))).toBe(host)
        expect(await textOf(pages(ask(at, { host: 'example.com' })))).toBe('example.com')
        expect(await textOf(pages(ask(at, { host: 'Example.com' })))).toBe('example.com')
        expect(runs() - before).toBe(2)
      }
    }
  )

  it('say nothing by X-Forwarded-Host, unless pages depend on it', async () => {
    const handler = (request: Request) => new Response(request.headers.get('x-forwarded-host') ?? 'none')
    const careful = bench(handler, { vary: ['X-Forwarded-Host'] }).pages
    expect(await textOf(careful(ask('/', { 'x-forwarded-host': 'evil.example' })))).toBe('evil.example')
    expect(await textOf(careful(ask('/')))).toBe('none')
    expect(bench(handler).pages.key(ask('/', { 'x-forwarded-host': 'evil.example' }))).toBe(
      bench(handler).pages.key(ask('/'))
    )
  })

  it.each([
    ['a user', 'evil@example.com', '/'],
    ['a path', 'example.com/a', '/'],
    ['a query', 'example.com?', '/'],
    ['a fragment', 'example.com#', '/'],
    ['a backslash', 'example.com\\a', '/'],
    ['a space', 'example.com a', '/'],
    ['a new line', 'example.com\r\na', '/'],
    ['two hosts', 'example.com,evil.example', '/'],
    ['a port that is none', 'example.com:x', '/'],
    ['nothing', '', '/'],
    ['an absolute line', 'example.com', 'http://evil.example/'],
    ['a line without a slash', 'example.com', 'evil'],
    ['a line that is a star', 'example.com', '*']
  ])('whose Host is %s have no page', (_, host, path) => {
    expect(targetIn('http', host, path)).toMatchObject({ _tag: 'Left' })
  })

  it.each([
    ['example.com', '//evil.example/a', 'http://example.com', '//evil.example/a'],
    ['EXAMPLE.com:80', '/a', 'http://example.com', '/a'],
    ['example.com:8080', '/a?b#c', 'http://example.com:8080', '/a?b'],
    ['[::1]:80', '/', 'http://[::1]', '/'],
    ['example.com', '/@evil.example', 'http://example.com', '/@evil.example'],
    ['example.com', '/a/../b', 'http://example.com', '/b']
  ])('to %s for %s are for one page', (host, path, origin, where) => {
    const isExact = where === path && origin === `http://${host.toLowerCase()}`
    expect(targetIn('http', host, path)).toEqual(E.right({ origin, path: where, isExact }))
  })

  it('never name a page of another host, whatever they are', () => {
    const part = fc.string({
      unit: fc.constantFrom('/', '\\', '@', ':', '#', '?', '.', 'a', 'evil', '%', ' ', '[', ']')
    })
    fc.assert(
      fc.property(part, (path) => {
        const target = targetIn('http', 'example.com', `/${path}`)
        if (E.isRight(target)) expect(target.right.origin).toBe('http://example.com')
      }),
      { numRuns: runs(1_000) }
    )
  })

  it.each(['x-http-method-override', 'X-HTTP-Method', 'x-method-override'])(
    'that may be of another method for their handler are neither stored nor answered from the store: %s',
    async (field) => {
      const { pages } = bench((request, run) => new Response(`${request.headers.get(field) ?? 'GET'} ${run}`))
      expect(await textOf(pages(ask('/', { [field]: 'DELETE' })))).toBe('DELETE 1')
      expect(await textOf(pages(ask('/')))).toBe('GET 2')
      expect(await textOf(pages(ask('/', { [field]: 'DELETE' })))).toBe('DELETE 3')
    }
  )

  it('that store nothing leave nothing in the store for more than an hour', async () => {
    const { pages, store, time } = bench(
      (request) =>
        new Response('', {
          headers: { 'cache-control': request.url.endsWith('?stored') ? 'max-age=60' : 'no-store' }
        })
    )
    await textOf(pages(ask('/?stored')))
    for (let i = 0; i < 100; i++) await textOf(pages(ask(`/?${i}`)))
    await soon()
    expect(store.backend.size).toBe(102)
    time.pass(3_601)
    const left = await Promise.all(Array.from(store.backend.keys(), (key) => store.has(key)()))
    expect(left.filter((there) => E.isRight(there) && there.right)).toHaveLength(1)
  })

  it('with large fields are answered', async () => {
    const { pages } = bench(() => new Response('x', { headers: { vary: 'x-large' } }))
    const large = { 'x-large': 'x'.repeat(100_000) }
    for (let i = 0; i < 2; i++) expect(await textOf(pages(ask('/', large)))).toBe('x')
    expect(pages.key(ask('/', large)).length).toBeLessThan(100)
  })

  it('cannot fill a store with the fields of an answer', async () => {
    const { pages, runs } = bench(() => new Response('x', { headers: { 'x-large': 'x'.repeat(100_000) } }))
    for (let i = 0; i < 2; i++) {
      expect(await textOf(pages(ask('/')))).toBe('x')
      await soon()
    }
    expect(runs()).toBe(2)
  })

  it('cannot forget a page by asking for a newer one that fails', async () => {
    let down = false
    const { pages } = bench(() => new Response('x', { status: down ? 500 : 200 }))
    await textOf(pages(ask('/')))
    await soon()
    down = true
    expect((await pages(ask('/', { 'cache-control': 'no-cache' }))).status).toBe(500)
    expect((await pages(ask('/'))).status).toBe(200)
  })
})
