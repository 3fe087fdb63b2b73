/**
 * A service that listens, and ends without letting go of anybody.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { pipe } from 'fp-ts/function'
import type { Task } from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'

import { makeApp } from './app'
import type { Database } from './database'
import { newMetrics } from './metrics'
import type { Place } from './place'
import { type Freshness, makeRings } from './rings'

export interface Service {
  readonly url: string
  readonly database: Database
  readonly close: Task<void>
}

/** How long the last requests may take, in milliseconds. */
const patience = 5_000

/** The service takes the place with it when it ends, or does not begin. */
export const start = (
  place: Place,
  {
    database,
    freshness,
    port = 0
  }: { readonly database: Database; readonly freshness: Freshness; readonly port?: number }
): TE.TaskEither<string, Service> =>
  pipe(
    TE.tryCatch(
      async () => {
        const metrics = newMetrics()
        const rings = makeRings({ database, freshness, metrics, store: place.store })
        const state = { closing: false }
        const app = makeApp({ cache: place.name, closing: () => state.closing, database, metrics, rings })

        const server = createServer(app).listen(port, '127.0.0.1')
        await once(server, 'listening')
        // a client keeps its connection for the next request, which is not to come
        server.on('request', (_, response) =>
          response.once('close', () => state.closing && setImmediate(() => server.closeIdleConnections()))
        )

        return {
          url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, // SAFETY: it listens on TCP
          database,
          close: async () => {
            state.closing = true // `/health` tells whoever sends requests here
            const closed = once(server, 'close')
            server.close()
            await Promise.race([closed, sleep(patience, undefined, { ref: false })])
            server.closeAllConnections()
            await place.close() // last: the requests under way may have needed it
          }
        }
      },
      (cause) => `it does not listen: ${cause instanceof Error ? cause.message : String(cause)}`
    ),
    TE.orElseFirstTaskK(() => place.close)
  )
