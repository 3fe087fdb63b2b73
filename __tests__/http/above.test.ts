/** law P2: what a middleware above the cache gives to `writeHead` forbids to store, however it gives it. */
import * as http from 'node:http'

import { describe, expect, test } from '@jest/globals'
import { dict, Duration, Policy } from 'fp-ring'
import { pageListener } from 'fp-ring/http'

import { listening } from './kit'

type Fields = Record<string, string> | ReadonlyArray<string>

/** What two clients get of a handler that greets whom it sees, where every head is written with these fields above it. */
const answers = async (fields: Fields, cacheStatus: false | undefined): Promise<ReadonlyArray<string>> => {
  const cached = pageListener(
    (request: http.IncomingMessage, response: http.ServerResponse) => {
      response.end(`page of ${request.headers.cookie ?? ''}`)
    },
    {
      store: dict<Uint8Array>(),
      policy: Policy.ttl(Duration.minutes(5)),
      ...(cacheStatus === undefined ? {} : { cacheStatus })
    }
  )
  const server = http.createServer((request, response) => {
    const { writeHead } = response
    const above = function (this: http.ServerResponse, status: number): unknown {
      return Reflect.apply(writeHead, this, [status, fields])
    }
    Object.assign(response, { writeHead: above })
    void cached(request, response)
  })
  const port = await listening(server)
  try {
    const ask = (cookie: string): Promise<string> =>
      fetch(`http://127.0.0.1:${String(port)}/`, { headers: { cookie } }).then((response) => response.text())
    return [await ask('ada'), await ask('eve')]
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const forbidding: Readonly<Record<string, Fields>> = {
  private: { 'Cache-Control': 'private' },
  'private, as a list': ['Cache-Control', 'private'],
  'a cookie': { 'Set-Cookie': 'sid=1' },
  'a cookie of old': { 'Set-Cookie2': 'sid=1' },
  'no-store': { 'cache-control': 'no-store' },
  'Vary: Cookie': { Vary: 'Cookie' }
}

describe('law P2: a head that is written above the cache', () => {
  test.each(
    Object.entries(forbidding).flatMap(([name, fields]) => [
      [name, fields, undefined] as const,
      [`${name}, where the cache says nothing of itself`, fields, false as const] as const
    ])
  )('with %s keeps the page for its client', async (_, fields, cacheStatus) => {
    expect(await answers(fields, cacheStatus)).toEqual(['page of ada', 'page of eve'])
  })

  test('a control: with a field that forbids nothing the page is shared', async () => {
    expect(await answers({ 'X-Any': '1' }, false)).toEqual(['page of ada', 'page of ada'])
  })
})
