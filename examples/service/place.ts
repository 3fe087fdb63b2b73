/**
 * Where the service keeps what it remembers: near, in its own memory, and far, where all its processes find it.
 */
import { randomUUID } from 'node:crypto'

import { dict, Duration, Invalidation, noop, Store } from 'fp-ring'
import { lru } from 'fp-ring/lru'
import { recommended, redis, tracking } from 'fp-ring/redis'
import { pipe } from 'fp-ts/function'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import { createClient } from 'redis'

/** A store of bytes with leases: all that the service wants to know of it. */
export interface Place {
  readonly name: string
  readonly store: Store.Store<Uint8Array> & Store.Leasing<Uint8Array>
  readonly close: T.Task<void>
}

const near = () => lru<Uint8Array>({ max: 10_000 })

/** How long a copy may lie near. Changes are heard of, so this only bounds what a message that is lost may cost. */
const ttl = Duration.minutes(1)

/** One process, and nothing to install. What is far is not far: the code is the same. */
export const embedded = (): Place => ({
  name: 'this process',
  store: Store.tiered({ near: near(), far: dict<Uint8Array>(), ttl, invalidation: Invalidation.local()() }),
  close: T.of(undefined)
})

/** Nothing is remembered: for the contrast. (Who asks for what is being loaded still shares that load.) */
export const nowhere = (): Place => ({ name: 'no store', store: noop(), close: T.of(undefined) })

const connect = (url: string) =>
  TE.tryCatch(
    async () => {
      const client = createClient({ ...recommended().client, url })
      client.on('error', () => undefined) // node-redis wants a listener; the rings tell every failure
      const late = new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error('no answer')), 3_000).unref()
      })
      // `recommended` tries again for ever. A service may well start without its cache; one who has mistyped an address
      // wants to hear of it
      return Promise.race([client.connect(), late]).catch((cause: unknown) => {
        client.destroy()
        throw cause
      })
    },
    () => 'Redis does not answer'
  )

export const inRedis = (url: string): TE.TaskEither<string, Place> =>
  pipe(
    connect(url),
    TE.map((client) => {
      // The database begins anew with each run, so what earlier runs have cached is not of its making. A service whose
      // database lasts has a namespace that lasts, and clears nothing.
      const far = redis(client, { namespace: `fp-ring-service:${randomUUID().slice(0, 8)}:` })
      const invalidation = tracking(far)
      return {
        name: 'Redis',
        store: Store.tiered({ near: near(), far, ttl, invalidation }),
        close: async () => {
          await far.clear('')()
          invalidation.close()
          await client.close()
        }
      }
    })
  )
