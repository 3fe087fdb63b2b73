/**
 * Where the demo keeps its entries: in this process, or in Redis.
 */
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'

import type { Store } from 'fp-ring'
import { lru } from 'fp-ring/lru'
import { redis } from 'fp-ring/redis'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import { createClient, RESP_TYPES } from 'redis'

// the tests' own: a server on a free port of 127.0.0.1, which ends when we do
import { anyRedis } from '../../__tests__/integration/servers'

/** A store of bytes, and how a person reads its backend by hand: without the ring, without the store. */
export interface Place<B> {
  readonly name: string
  readonly store: Store.Store<Uint8Array, B>
  readonly bytes: (backend: B, key: string) => T.Task<O.Option<Uint8Array>>
}

/** Runs a program in a place, and cleans up. A `left` says why there is no such place, or what the program's is. */
export type Visit = <A>(program: <B>(place: Place<B>) => TE.TaskEither<string, A>) => TE.TaskEither<string, A>

export const inMemory: Visit = (program) =>
  program({
    name: 'this process (lru-cache)',
    store: lru<Uint8Array>({ max: 1_000 }),
    bytes: (cache, key) => T.fromIO(() => O.fromNullable(cache.get(key)))
  })

export const because =
  (what: string) =>
  (cause: unknown): string =>
    `${what}: ${cause instanceof Error ? cause.message : String(cause)}`

const ours = (process.env['REDIS_URL'] ?? '') === ''

/** A server of our own, or yours; a `left` says what is missing. */
export const redisServer = pipe(
  TE.fromPredicate(
    () => !ours || spawnSync('redis-server', ['--version']).error === undefined,
    () => '--redis needs a server: set REDIS_URL, or put redis-server on PATH'
  )(undefined),
  TE.chain(() => TE.tryCatch(anyRedis, because('redis-server does not start')))
)

const connect = (url: string) =>
  TE.tryCatch(async () => {
    const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 2_000 } })
    client.on('error', () => undefined) // node-redis wants a listener; the store tells every failure
    return client.connect()
  }, because(ours ? 'redis-server does not answer' : 'REDIS_URL does not answer'))

export const inRedis: Visit = (program) =>
  TE.bracket(
    redisServer,
    ({ url }) =>
      TE.bracket(
        connect(url),
        (client) => {
          // a namespace of our own: a server of yours is left as it was
          const namespace = `fp-ring-demo:${randomUUID().slice(0, 8)}:`
          const store = redis(client, { namespace })
          return pipe(
            program({
              name: ours ? 'Redis (a server of our own)' : 'Redis (REDIS_URL)',
              store,
              bytes: (backend, key) => () =>
                backend
                  .withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
                  .get(namespace + key)
                  .then(O.fromNullable)
            }),
            TE.chainFirst(() => pipe(store.clear(''), TE.mapLeft(because('the namespace was not cleared'))))
          )
        },
        (client) => TE.fromIO(() => client.destroy())
      ),
    ({ stop }) => TE.fromTask(stop)
  )
