/** Interim answers (1xx) before an answer that waits for its turn: they come first, and the answers behind them keep their frames. */
import * as http from 'node:http'
import * as net from 'node:net'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { dict } from 'fp-ring'
import { pageListener } from 'fp-ring/http'

import { listening, soon } from './kit'

/** What a connection was sent: each answer by its status and its body. */
type Answers = ReadonlyArray<readonly [status: number, body: string]>

/** Reads answers one after the other; what is no answer ends it, and is told. */
const parsed = (text: string, methods: ReadonlyArray<string>): Answers | string => {
  const found: Array<readonly [number, string]> = []
  let left = text
  let asked = 0
  while (left !== '') {
    const head = /^HTTP\/1\.1 (\d{3}) [^\r]*\r\n((?:[^\r]+\r\n)*)\r\n/.exec(left)
    if (head === null) return `no answer begins with ${JSON.stringify(left.slice(0, 80))}`
    const [whole, code = '', fields = ''] = head
    left = left.slice(whole.length)
    const status = Number(code)
    if (status < 200) {
      found.push([status, ''])
      continue
    }
    const isBodiless = methods[asked++] === 'HEAD' || status === 304
    const isChunked = /^transfer-encoding: chunked/im.test(fields)
    const length = isBodiless ? 0 : Number(/^content-length: (\d+)/im.exec(fields)?.[1] ?? 0)
    let body = left.slice(0, length)
    left = left.slice(length)
    for (let more = isChunked && !isBodiless; more; ) {
      const size = /^([0-9a-f]+)\r\n/i.exec(left)
      if (size === null) return `no chunk begins with ${JSON.stringify(left.slice(0, 80))}`
      const bytes = parseInt(size[1]!, 16)
      body += left.slice(size[0].length, size[0].length + bytes)
      left = left.slice(size[0].length + bytes + 2)
      more = bytes > 0
    }
    found.push([status, body])
  }
  return found
}

/** Who writes an interim answer: Node, a middleware above the cache, or the handler. */
type By = 'Node' | 'above' | 'handler'
const interims: Readonly<Record<string, readonly [code: number, write: (res: http.ServerResponse) => void]>> =
  {
    '100 Continue': [100, (res) => res.writeContinue()],
    '102 Processing': [102, (res) => res.writeProcessing()],
    '103 Early Hints': [103, (res) => res.writeEarlyHints({ link: '</a>; rel=preload' })]
  }

const said = (req: http.IncomingMessage, name: string): string | null =>
  new URL(req.url ?? '', 'http://localhost').searchParams.get(name)

const bodies: Readonly<Record<string, (res: http.ServerResponse) => void>> = {
  text: (res) => res.end('the page'),
  bytes: (res) => res.end(Buffer.from('the page')),
  chunks: (res) => (res.write(Buffer.from('the ')), res.end(Buffer.from('page')))
}

/** The connection is asked for something slow first, so that all that comes after it waits. */
const waiting = new Set<() => void>()

const site = (isCached: boolean) => {
  const bare = (req: http.IncomingMessage, res: http.ServerResponse): void => {
    if (said(req, 'by') === 'handler') interims[said(req, 'interim')!]![1](res)
    res.setHeader('etag', '"same"')
    bodies[said(req, 'body')!]!(res)
  }
  const listener = isCached ? pageListener(bare, { store: dict<Uint8Array>() }) : bare
  return http.createServer((req, res) => {
    if (req.url === '/slow') return void waiting.add(() => res.end('slow'))
    if (req.url === '/last') return void res.end('last')
    if (said(req, 'by') === 'above') interims[said(req, 'interim')!]![1](res)
    void listener(req, res)
  })
}

/** Asks once, so that the page is stored. */
const warmed = (port: number, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, path, agent: false }, (res) => res.resume().on('end', resolve))
      .on('error', reject)
  })

const ends = ['hit', 'miss', '304', 'HEAD'] as const

describe.each([true, false])('law P3: interim answers, with a cache: %s', (isCached) => {
  const server = site(isCached)
  let port = 0
  let pages = 0
  beforeAll(async () => void (port = await listening(server)))
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  /** All of it in one packet, behind something slow. */
  const pipelined = async (path: string, method: string, fields: string): Promise<Answers | string> => {
    const head = `Host: 127.0.0.1:${port}\r\n`
    const socket = net.connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (data) => (text += data.toString('latin1')))
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.write(
      `GET /slow HTTP/1.1\r\n${head}\r\n${method} ${path} HTTP/1.1\r\n${head}${fields}\r\n` +
        `GET /last HTTP/1.1\r\n${head}Connection: close\r\n\r\n`
    )
    while (waiting.size === 0) await soon(1)
    // what can be answered is, and waits
    await soon(30)
    for (const finish of waiting) finish()
    waiting.clear()
    await closed
    return parsed(text, ['GET', method, 'GET'])
  }

  const cases = Object.keys(interims).flatMap((interim) =>
    (['Node', 'above', 'handler'] as ReadonlyArray<By>)
      .filter((by) => by !== 'Node' || interim === '100 Continue')
      .flatMap((by) => ends.map((end) => [interim, by, end] as const))
  )
  it.each(cases)('%s, written by %s, before a %s', async (interim, by, end) => {
    for (const body of isCached ? Object.keys(bodies) : ['text']) {
      const path = `/?${new URLSearchParams({ interim, by, body, page: String(++pages) }).toString()}`
      if (end !== 'miss') {
        await warmed(port, path)
        await soon()
      }
      const method = end === 'HEAD' ? 'HEAD' : 'GET'
      const fields =
        (by === 'Node' ? 'Expect: 100-continue\r\n' : '') + (end === '304' ? 'If-None-Match: "same"\r\n' : '')
      const isMade = !isCached || end === 'miss'
      const isSaid = by !== 'handler' || isMade
      const page: Answers[number] =
        end === 'HEAD' ? [200, ''] : isCached && end === '304' ? [304, ''] : [200, 'the page']
      expect([body, await pipelined(path, method, fields)]).toEqual([
        body,
        [[200, 'slow'], ...(isSaid ? [[interims[interim]![0], '']] : []), page, [200, 'last']]
      ])
    }
  })
})

it('an answer within another is found', async () => {
  const inside =
    'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nthe pageHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast'
  expect(parsed(inside, ['GET', 'GET'])).toMatch('no answer')
})
