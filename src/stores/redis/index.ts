/**
 * Entries in Redis: one string per key, whose bytes are the codec's and nothing else, with Redis' own expiry.
 *
 * Laws: those of `Store`, on a single server, a pool, a cluster and behind sentinels. Moreover:
 *
 * - law 12: a bulk operation is one command for up to 1,000 keys, or one per slot on a cluster.
 * - law 26: every round trip ends by the store's own deadline, also when the server is frozen.
 * - law 35: `clear` finds keys with SCAN, page by page, and removes those that begin with its prefix, byte for byte.
 * - law 36: a client gets one listener, however many stores use it.
 *
 * For a key of another type than string, `get` and `read` return an error. `getMany` and `readMany` (and batched reads)
 * return a miss, as `MGET` does.
 *
 * @since 0.1.0
 */
import { batchedAs } from '../combinators/batched'
import { aRedisClient, checkedClient, checkedOptions, ofRedis } from '../kit/checks'
import { checkedTimeout } from '../kit/options'
import { clientIn } from '../kit/place'
import type { Leasing, RawKeyed, Store } from '../model'
import { type Keyspace, makeAsks } from './asks'
import { clearKeys } from './clear'
import { connectionOf } from './connection'
import { redisLeases } from './leases'
import type { RedisClient, RedisOptions } from './model'
import { redisReads } from './reads'
import { redisWrites } from './writes'

export * from './hash'
export * from './invalidation'
export * from './model'
export * from './options'

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * A store of bytes in Redis, over a client that the program creates, connects and closes: any of node-redis 6's
 * (`createClient`, `createClientPool`, `createCluster`, `createSentinel`), or a function that returns one, which is
 * called at every use. `backend` is that client, in its own type.
 *
 * Returns a `left` with the reason `timeout` after `options.timeout`; `refused` for a key that is not well-formed
 * Unicode and for `clear('')` without a namespace; `failed` for everything else. Throws a `TypeError` for a `timeout`
 * of zero or less.
 *
 * Values are not copied before the client writes them: do not change a value after you passed it.
 *
 * @example
 * import { Duration } from 'fp-ring'
 * import { redis } from 'fp-ring/redis'
 * import { createClient } from 'redis'
 *
 * const store = redis(createClient(), { namespace: 'shop:', timeout: Duration.milliseconds(200) })
 *
 * export const cached = store.get('user:42') // TaskEither<StoreError, Option<Uint8Array>>
 *
 * @category constructors
 * @since 0.1.0
 */
export const redis = <Client extends RedisClient>(
  client: Client | (() => Client),
  options: RedisOptions = {}
): Store<Uint8Array, Client> & Leasing<Uint8Array> & RawKeyed => {
  const { namespace = '', batch = true } = checkedOptions(ofRedis, options)
  const timeout = checkedTimeout('a store', options.timeout)
  const lookup = checkedClient('redis', aRedisClient, client)
  const connection = () => connectionOf(lookup())
  const keyspace: Keyspace = { namespace, timeout, connection }
  const asks = makeAsks(keyspace)

  const rawKey = (key: string): string => connection().keyPrefix + namespace + key

  const store: Store<Uint8Array, Client> & Leasing<Uint8Array> & RawKeyed = {
    get backend() {
      return lookup()
    },
    placeOf: (prefix) => ({ backend: clientIn(client), prefix: namespace + prefix }),
    // except `clear`, where it applies to each page
    deadline: timeout,
    rawKey,
    rawPrefix: rawKey,
    ...redisReads(asks),
    ...redisWrites(asks.patient),
    clear: clearKeys(keyspace),
    leases: redisLeases(asks.patient)
  }
  // on a cluster, reads are batched by owner: a frozen one does not delay reads from the others
  return batchedAs(store, batch, () => {
    const { isCluster, ownerOf } = connection()
    return isCluster ? (key) => ownerOf(namespace + key) : () => undefined
  })
}
