/** A handler is asked whether an old page is still the same, and a 304 renews the page and its head. */
import * as http from 'node:http'

import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { dict, Duration, Policy } from 'fp-ring'
import { page, pageListener, pageMiddleware } from 'fp-ring/http'

import { fate, makeTime, servers, soon, textOf } from './kit'

type Fields = Readonly<Record<string, string>>

/** What a handler says to a request with these conditions. */
type Tell = (
  conditions: Fields,
  run: number
) => { readonly status: number; readonly fields: Fields; readonly body?: string }

interface Site {
  readonly ask: (headers?: Fields) => Promise<Response>
  /** The conditions that the handler has received. */
  readonly asked: ReadonlyArray<Fields>
  readonly pass: (seconds: number) => void
}

const policy = Policy.policy(Policy.ttl(Duration.seconds(10)), Policy.staleIfError(Duration.minutes(10)))
const names = ['if-none-match', 'if-modified-since'] as const

const up = servers()

const served = async (server: http.Server): Promise<string> => `${await up(server)}/`

/** A listener of pages rejects where the original throws. */
const serverOf = (
  listener: (req: http.IncomingMessage, res: http.ServerResponse) => Promise<void>
): http.Server => http.createServer((req, res) => void listener(req, res).catch(() => res.destroy()))

const conditionsOf = (header: (name: string) => string | null | undefined): Fields =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = header(name)
      return typeof value === 'string' ? [[name, value]] : []
    })
  )

const shells: Readonly<Record<string, (tell: Tell) => Promise<Site>>> = {
  page: async (tell) => {
    const time = makeTime()
    const asked: Array<Fields> = []
    const pages = page(
      (request: Request) => {
        asked.push(conditionsOf((name) => request.headers.get(name)))
        const { body = null, fields, status } = tell(asked.at(-1)!, asked.length)
        return new Response(body, { status, headers: fields })
      },
      {
        store: dict<Uint8Array>({ clock: time.clock }),
        clock: time.clock,
        date: time.date,
        policy: policy
      }
    )
    return {
      asked,
      ask: (headers = {}) => pages(new Request('https://example.com/', { headers })),
      pass: time.pass
    }
  },
  pageListener: async (tell) => {
    const time = makeTime()
    const asked: Array<Fields> = []
    const url = await served(
      serverOf(
        pageListener(
          (request: http.IncomingMessage, response: http.ServerResponse) => {
            asked.push(conditionsOf((name) => request.headers[name] as string | undefined))
            const { body, fields, status } = tell(asked.at(-1)!, asked.length)
            response.writeHead(status, fields).end(body)
          },
          {
            store: dict<Uint8Array>({ clock: time.clock }),
            clock: time.clock,
            date: time.date,
            policy: policy
          }
        )
      )
    )
    return { asked, ask: (headers = {}) => fetch(url, { headers }), pass: time.pass }
  }
}

describe.each(Object.keys(shells))('%s', (shell) => {
  const site = (tell: Tell): Promise<Site> => shells[shell]!(tell)
  const changed = Date.UTC(2026, 0, 1)
  const modified = new Date(changed).toUTCString()
  const first = { 'content-type': 'text/plain', etag: '"one"', 'last-modified': modified, 'x-run': '1' }

  /** A site whose handler confirms its page, which has become old. */
  const confirming = async (): Promise<Site> => {
    const made = await site(({ 'if-none-match': tag }) =>
      tag === '"one"'
        ? { status: 304, fields: { etag: '"one"' } }
        : { status: 200, fields: first, body: 'the page' }
    )
    await textOf(made.ask())
    await soon(10)
    made.pass(11)
    return made
  }

  it('asks by tag and date, and renews the page by a 304, for the store as well', async () => {
    const { ask, asked, pass } = await site(({ 'if-none-match': tag }, run) =>
      tag === '"one"'
        ? { status: 304, fields: { etag: '"one"', 'x-run': String(run), 'cache-control': 'max-age=30' } }
        : { status: 200, fields: first, body: 'the page' }
    )
    expect(await textOf(ask())).toBe('the page')
    await soon(10)
    pass(11)
    const renewed = await ask()
    expect(asked).toEqual([{}, { 'if-none-match': '"one"', 'if-modified-since': modified }])
    expect([renewed.status, await renewed.text(), renewed.headers.get('x-run')]).toEqual([
      200,
      'the page',
      '2'
    ])
    expect(renewed.headers.get('content-type')).toBe('text/plain')
    expect(fate(renewed)).toMatch(/fwd=stale; fwd-status=304/)
    await soon(10)
    // its new lifetime is that of the 304
    pass(20)
    const again = await ask()
    expect([await again.text(), again.headers.get('x-run')]).toEqual(['the page', '2'])
    expect(fate(again)).toMatch(/hit/)
    expect(asked).toHaveLength(2)
  })

  it('answers a client that has the page with a 304, and still renews it', async () => {
    const { ask, asked } = await confirming()
    const own = await ask({ 'if-none-match': '"one"' })
    expect([own.status, await own.text()]).toEqual([304, ''])
    await soon(10)
    expect(fate(await ask())).toMatch(/hit/)
    expect(asked).toHaveLength(2)
  })

  it('a client that has another page receives the one that is there', async () => {
    const { ask, asked } = await confirming()
    const own = await ask({ 'if-none-match': '"other"' })
    expect([own.status, await own.text()]).toEqual([200, 'the page'])
    expect(asked[1]).toMatchObject({ 'if-none-match': '"one"' })
  })

  it('a handler that answers with a new page is believed', async () => {
    const { ask, asked, pass } = await site((_, run) => ({
      status: 200,
      fields: { ...first, etag: `"${String(run)}"` },
      body: `page ${String(run)}`
    }))
    expect(await textOf(ask())).toBe('page 1')
    await soon(10)
    pass(11)
    expect(await textOf(ask())).toBe('page 2')
    expect(asked[1]).toMatchObject({ 'if-none-match': '"1"' })
  })

  it('what a 304 sets for one client goes to that one alone', async () => {
    const { ask, pass } = await site(({ 'if-none-match': tag }) =>
      tag === '"one"'
        ? { status: 304, fields: { etag: '"one"', 'set-cookie': 'session=1' } }
        : { status: 200, fields: first, body: 'the page' }
    )
    await textOf(ask())
    await soon(10)
    pass(11)
    const own = await ask()
    expect([await own.text(), own.headers.get('set-cookie')]).toEqual(['the page', 'session=1'])
    await soon(10)
    const next = await ask({ 'cache-control': 'only-if-cached' })
    expect(next.headers.get('set-cookie')).toBeNull()
  })

  it('is asked nothing by a tag that the cache has made', async () => {
    const { ask, asked, pass } = await site((_, run) => ({
      status: 200,
      fields: {},
      body: `page ${String(run)}`
    }))
    await textOf(ask())
    await soon(10)
    pass(11)
    expect(await textOf(ask())).toBe('page 2')
    expect(asked).toEqual([{}, {}])
  })
})

it('Express answers by itself that a page is the same', async () => {
  const time = makeTime()
  let runs = 0
  const app = express()
  app.get(
    '/',
    pageMiddleware({
      store: dict<Uint8Array>({ clock: time.clock }),
      clock: time.clock,
      date: time.date,
      policy: policy
    }),
    (_, response) => {
      runs++
      response.send('the page')
    }
  )
  const url = await served(http.createServer(app))
  expect(await textOf(fetch(url))).toBe('the page')
  await soon(10)
  time.pass(11)
  const renewed = await fetch(url)
  expect([await renewed.text(), fate(renewed)]).toEqual(['the page', expect.stringMatching(/fwd-status=304/)])
  expect(runs).toBe(2)
  await soon(10)
  expect(fate(await fetch(url))).toMatch(/hit/)
})
