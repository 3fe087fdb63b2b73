/**
 * Entries as the fields of one Redis hash.
 *
 * A field has its own lifetime from Redis 7.4 on (`HPEXPIRE`). Without `fieldExpiry` the store keeps no lifetimes and
 * declares it: `lifetime` is `'none'`. It refuses a write with a lifetime (law 18), instead of storing it without its
 * expiry.
 *
 * @since 0.1.0
 */
import { isWellFormed } from '../../base/bytes'
import { defect } from '../../base/defect'
import { extend } from '../../base/extend'
import type { Duration } from '../../Duration'
import { batchedAs } from '../combinators/batched'
import { lone } from '../kit/answers'
import { aRedisClient, checkedClient, checkedOptions, ofRedisHash } from '../kit/checks'
import { checkedTimeout } from '../kit/options'
import { clientIn } from '../kit/place'
import type { Store } from '../model'
import { clearFields } from './clear'
import { connectionOf } from './connection'
import { type Hash, makeHashAsks } from './hashAsks'
import { hashReads } from './hashReads'
import { hashWrites } from './hashWrites'
import type { RedisClient } from './model'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A store that keeps no lifetimes. It accepts only `Duration.forever` and refuses every lifetime that ends. An entry
 * is stored until it is removed, and its remaining lifetime is always `Duration.forever`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Lifetimeless {
  readonly lifetime: 'none'
}

/**
 * How a hash store uses its client. `key` is the key of the hash. `timeout` is for every round trip (default: 1
 * second). `batch` combines the single reads of one tick into one bulk read (default: on, 1,000 keys). `fieldExpiry`
 * states that the server is Redis 7.4 or later, and gives every field its own lifetime; with an older server, such a
 * store returns `left`s.
 *
 * @category model
 * @since 0.1.0
 */
export interface RedisHashOptions {
  readonly key: string
  readonly timeout?: Duration
  readonly batch?: boolean | { readonly max: number }
  readonly fieldExpiry?: boolean
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * A store of bytes in one Redis hash, over a client of node-redis 6 or a function that returns one. Errors are those
 * of `redis`. Without `fieldExpiry`, `set` and `touch` with a lifetime that ends return a `left` with the reason
 * `refused`. `clear('')` removes the whole hash.
 *
 * @example
 * import { Duration } from 'fp-ring'
 * import { redisHash } from 'fp-ring/redis'
 * import { createClient } from 'redis'
 *
 * const store = redisHash(createClient(), { key: 'countries' })
 *
 * export const kept = store.set('SE', Buffer.from('Sweden'), Duration.forever)
 *
 * @category constructors
 * @since 0.1.0
 */
export function redisHash<Client extends RedisClient>(
  client: Client | (() => Client),
  options: RedisHashOptions & { readonly fieldExpiry: true }
): Store<Uint8Array, Client>
export function redisHash<Client extends RedisClient>(
  client: Client | (() => Client),
  options: RedisHashOptions & { readonly fieldExpiry?: false }
): Store<Uint8Array, Client> & Lifetimeless
export function redisHash<Client extends RedisClient>(
  client: Client | (() => Client),
  options: RedisHashOptions
): Store<Uint8Array, Client> | (Store<Uint8Array, Client> & Lifetimeless) {
  const { key, batch = true, fieldExpiry = false } = checkedOptions(ofRedisHash, options)
  const timeout = checkedTimeout('a store', options.timeout)
  if (!isWellFormed(key)) return defect(lone)
  const lookup = checkedClient('redisHash', aRedisClient, client)
  const hash: Hash = { key, timeout, connection: () => connectionOf(lookup()), fieldExpiry }
  const asks = makeHashAsks(hash)
  const store: Store<Uint8Array, Client> = {
    get backend() {
      return lookup()
    },
    placeOf: (prefix) => ({ backend: clientIn(client), prefix: `\0hash\0${key}\0${prefix}` }),
    // except `clear`, where it applies to each page
    deadline: timeout,
    ...hashReads(hash, asks),
    ...hashWrites(hash, asks),
    clear: clearFields(hash)
  }
  const batched = batchedAs(store, batch)
  return fieldExpiry
    ? batched
    : extend<Store<Uint8Array, Client>, Lifetimeless>(batched, { lifetime: 'none' })
}
