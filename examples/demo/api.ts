/**
 * The slow service of the demo: the 250 records of `world-countries` over HTTP, on a free port of 127.0.0.1.
 *
 *     GET /v1/countries/CHE            one record, or 404
 *     GET /v1/countries?codes=CHE,ITA  several, in that order; 404 if one is unknown
 *     GET /v2/…                        the same in another schema: `area` is `{ km2 }`
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import countries from 'world-countries'

type Row = (typeof countries)[number]

export interface Api {
  readonly url: string
  /** How many requests it was sent. */
  readonly requests: IO<number>
  /** Resolves when the next request has been read from the table, and not yet been answered. */
  readonly nextRequest: Task<unknown>
  /** The world changes: no cache is told. */
  readonly moveCapital: (code: string, city: string) => IO<void>
  readonly close: Task<void>
}

/** The codes of all countries, the largest country first. */
export const codes: ReadonlyArray<string> = [...countries]
  .sort((a, b) => b.area - a.area)
  .map(({ cca3 }) => cca3)

const v2 = (row: Row): unknown => ({ ...row, area: { km2: row.area } })

export const startApi =
  (latency: number): Task<Api> =>
  async () => {
    const table = new Map(countries.map((row) => [row.cca3, row]))

    const answer = ({ pathname, searchParams }: URL): O.Option<unknown> => {
      const [, version, , code] = pathname.split('/')
      const encode = version === 'v2' ? v2 : (row: Row): unknown => row
      const find = (c: string): O.Option<unknown> => O.map(encode)(O.fromNullable(table.get(c)))
      return code === undefined
        ? O.traverseArray(find)((searchParams.get('codes') ?? '').split(','))
        : find(code)
    }

    const counter = { requests: 0 }
    const server = createServer(({ url = '/' }, response) => {
      counter.requests++
      const found = answer(new URL(url, 'http://localhost')) // it is read now, and answered later
      setTimeout(() => {
        response
          .writeHead(O.isSome(found) ? 200 : 404, { 'content-type': 'application/json' })
          .end(JSON.stringify(O.toNullable(found)))
      }, latency)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')

    return {
      url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, // SAFETY: it listens on TCP
      requests: () => counter.requests,
      nextRequest: () => once(server, 'request'),
      moveCapital: (code, city) => () => {
        const row = table.get(code)
        if (row !== undefined) table.set(code, { ...row, capital: [city] })
      },
      close: async () => {
        server.close()
        server.closeAllConnections()
        await once(server, 'close')
      }
    }
  }
