/**
 * Entries in memcached: one item per key, whose bytes are the codec's and nothing else, with memcached's own expiry.
 *
 * It uses the meta protocol (memcached 1.6.18 or later). No driver on npm does, so a small client is included:
 * `memcachedClient`. Laws: those of `Store`. Moreover:
 *
 * - law 12: a bulk operation is one round trip to each of the servers that its keys belong to.
 * - law 17, 18: lifetimes are whole seconds. A fraction is cut off, but a lifetime below one second becomes one second.
 *   An entry lives up to a second longer than that, as the server's clock ticks once a second.
 * - law 26: every round trip ends by the store's own deadline, also when the server is frozen.
 * - law 35: `clear` asks each server for its keys, and removes those that begin with its prefix, byte for byte.
 *
 * @since 0.1.0
 */
import type { Duration } from '../../Duration'
import { batchedAs } from '../combinators/batched'
import { distinct, done, lastOf, noneAsked } from '../kit/answers'
import { aMemcachedClient, checkedClient, checkedOptions, ofMemcached } from '../kit/checks'
import { checkedTimeout } from '../kit/options'
import { clientIn } from '../kit/place'
import type { Leasing, Store } from '../model'
import { clearBy } from './clear'
import { itemKeyOf } from './keys'
import { memcachedLeases } from './leases'
import type { MemcachedClient } from './model'
import { getManyTrip, getTrip, hasManyTrip, hasTrip, readManyTrip, readTrip } from './reads'
import { type Base, makeTrips } from './trips'
import { deleteManyTrip, deleteTrip, setManyTrip, setTrip, touchManyTrip, touchTrip } from './writes'

export * from './client'
export * from './model'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * How a store uses its client. `namespace` is put before every key (default: nothing). `timeout` is for every
 * operation, and for each step of `clear` (default: 1 second; `Duration.forever` waits as long as the client does).
 * `batch` combines the single reads of one tick into bulk reads of at most `max` keys (default: on, 1,000).
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedOptions {
  readonly namespace?: string
  readonly timeout?: Duration
  readonly batch?: boolean | { readonly max: number }
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * A store of bytes in memcached, over a client that the program creates and closes (`memcachedClient`, or another of
 * its shape), or a function that returns one, which is called at every use. `backend` is that client, in its own type.
 *
 * Returns a `left` with the reason `timeout` after `options.timeout`; `refused` for a value that is too large for the
 * server, for a key that is not well-formed Unicode, and for a `clear` that cannot be done; `failed` for everything
 * else. Throws a `TypeError` for a `timeout` of zero or less.
 *
 * Values are not copied before the client writes them: do not change a value after you passed it.
 *
 * @example
 * import { memcached, memcachedClient } from 'fp-ring/memcached'
 *
 * const store = memcached(memcachedClient({ servers: ['localhost'] }), { namespace: 'shop:' })
 *
 * export const cached = store.get('user:42') // TaskEither<StoreError, Option<Uint8Array>>
 *
 * @category constructors
 * @since 0.1.0
 */
export const memcached = <Client extends MemcachedClient>(
  given: Client | (() => Client),
  options: MemcachedOptions = {}
): Store<Uint8Array, Client> & Leasing<Uint8Array> => {
  const { namespace = '', batch = true } = checkedOptions(ofMemcached, options)
  const timeout = checkedTimeout('a store', options.timeout)
  const lookup = checkedClient('memcached', aMemcachedClient, given)

  const base: Base = { lookup, namespace, timeout }
  const { bulk, inSteps, single } = makeTrips(base)
  const store: Store<Uint8Array, Client> & Leasing<Uint8Array> = {
    get backend() {
      return lookup()
    },
    placeOf: (prefix) => ({ backend: clientIn(given), prefix: namespace + prefix }),
    deadline: timeout,
    get: (key) => single(key, getTrip),
    read: (key) => single(key, readTrip),
    set: (key, value, ttl) => single(key, setTrip(value, ttl)),
    delete: (key) => single(key, deleteTrip),
    has: (key) => single(key, hasTrip),
    touch: (key, ttl) => single(key, touchTrip(ttl)),
    getMany: (keys) => (keys.length === 0 ? noneAsked : bulk(keys, getManyTrip)),
    readMany: (keys) => (keys.length === 0 ? noneAsked : bulk(keys, readManyTrip)),
    hasMany: (keys) => (keys.length === 0 ? noneAsked : bulk(keys, hasManyTrip)),
    setMany: (entries) => {
      if (entries.length === 0) return done
      const last = lastOf(entries)
      const writes = Array.from(last.values(), ([, value, ttl]) => ({ value, ttl }))
      return bulk(Array.from(last.keys()), setManyTrip(writes))
    },
    deleteMany: (keys) => (keys.length === 0 ? done : bulk(distinct(keys).keys, deleteManyTrip)),
    touchMany: (entries) => {
      if (entries.length === 0) return noneAsked
      const keys = entries.map(([key]) => key)
      return bulk(keys, touchManyTrip(entries.map(([, ttl]) => ttl)))
    },
    clear: (prefix) => clearBy(base, prefix),
    leases: memcachedLeases(inSteps, timeout)
  }
  // reads are batched by server: a frozen one does not delay reads from the others
  return batchedAs(store, batch, () => {
    const current = lookup()
    return current.servers.length === 1
      ? () => undefined
      : (key) => current.serverOf(itemKeyOf(namespace + key))
  })
}
