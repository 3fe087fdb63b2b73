/** What the tests of pages share: a clock that is moved by hand, and requests in few words. */
import type * as http from 'node:http'
import type * as net from 'node:net'

import { afterEach } from '@jest/globals'
import { dict, type Store } from 'fp-ring'
import { page, type PageConfig, type PageHandler } from 'fp-ring/http'

export const home = 'https://example.com'

export const soon = (ms = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The port on which a server was made to listen, on this machine alone. */
export const listening = async (server: net.Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as net.AddressInfo).port
}

/** Starts servers, and stops them after each test. */
export const servers = (): ((server: http.Server) => Promise<string>) => {
  const open: Array<http.Server> = []
  afterEach(async () => {
    for (const server of open.splice(0)) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
  return async (server) => {
    open.push(server)
    return `http://127.0.0.1:${String(await listening(server))}`
  }
}

/** Time of the ring, of the store and of the day, which stand still until they are moved. */
export const makeTime = () => {
  let time = 0
  const start = Date.UTC(2026, 0, 2, 3, 4, 5)
  return {
    clock: { now: () => time },
    date: () => start + time,
    pass: (seconds: number) => {
      time += seconds * 1_000
    }
  }
}
export type Time = ReturnType<typeof makeTime>

export const ask = (path = '/', headers: Readonly<Record<string, string>> = {}, method = 'GET'): Request =>
  new Request(path.startsWith('/') ? home + path : path, { headers, method })

export type Anything = PageConfig<unknown, unknown>

export interface Bench {
  readonly time: Time
  readonly store: Store.Store<Uint8Array, ReadonlyMap<string, unknown>>
  readonly pages: PageHandler<[], unknown>
  /** How often the handler has run. */
  readonly runs: () => number
}

export type Handler = (request: Request, run: number) => Response | Promise<Response>

/** A cache over a handler that counts its runs. */
export const bench = (handler: Handler, config: Partial<Anything> = {}): Bench => {
  const time = makeTime()
  const store = dict<Uint8Array>({ clock: time.clock })
  let runs = 0
  const pages = page((request: Request) => handler(request, ++runs), {
    store,
    clock: time.clock,
    date: time.date,
    ...config
  })
  return { time, store, pages, runs: () => runs }
}

export const textOf = async (response: Response | Promise<Response>): Promise<string> =>
  (await response).text()

/** The words of `Cache-Status`. */
export const fate = (response: Response): string => response.headers.get('cache-status') ?? ''
