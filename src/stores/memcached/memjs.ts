/**
 * Entries in memcached, over memjs, which uses the binary protocol, with SASL. The binary protocol in memjs does less
 * than the meta protocol: the store has no leases, `clear` is refused, and a bulk operation is many commands. The
 * remaining lifetime of an entry is unknown, so `read` of an entry is refused (`lifetime` is `'hidden'`).
 *
 * Keys, bytes and lifetimes are those of `memcached`, the store over the meta protocol: both can use the same servers.
 *
 * @since 0.1.0
 */
import { type Duration, forever } from '../../Duration'
import { distinct, done, lastOf, noneAsked, nothing, refused } from '../kit/answers'
import { aMemjsClient, checkedClient, checkedOptions, ofMemjs } from '../kit/checks'
import { checkedTimeout } from '../kit/options'
import { clientIn } from '../kit/place'
import type { HiddenLifetime, Store } from '../model'
import { type Found, isThere, toMiss, toOption, untoldAs } from './memjsFound'
import { makeMemjsTrips } from './memjsTrips'
import { makeKeeping, put, touch } from './memjsWrites'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * What the store needs of a client of memjs 1.3.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemjsClient {
  readonly get: (key: string) => Promise<Found>
  readonly set: (key: string, value: Buffer, options: { expires?: number }) => Promise<unknown>
  readonly delete: (key: string) => Promise<unknown>
  readonly touch: (key: string, expires: number) => Promise<unknown>
}

/**
 * How a store uses its client. `namespace` is put before every key (default: nothing). `timeout` is for every operation
 * (default: 1 second).
 *
 * @category model
 * @since 0.1.0
 */
export interface MemjsOptions {
  readonly namespace?: string
  readonly timeout?: Duration
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const isTrue = (answer: unknown): boolean => answer === true

/**
 * A store of bytes in memcached, over a client of memjs that the program creates and closes, or a function that returns
 * one.
 *
 * A ring over it supports no stale windows and no early refresh, as the age of an entry is unknown: its constructor
 * throws. Operations return a `left` with the reason `refused` for `clear`, for `read` of an entry that exists, and for
 * `Duration.forever` if the client has its own `expires`.
 *
 * The store's writes are sent once, whatever the client's `retries` and `failover`: a write that is sent again would
 * overwrite later writes. And each connection of the client's servers starts without state of the one before.
 *
 * @example
 * import { memjs } from 'fp-ring/memjs'
 * import { Client } from 'memjs'
 *
 * const client = Client.create('localhost:11211', { username: 'app', password: 'secret' })
 * const store = memjs(client, { namespace: 'shop:' })
 * client.close()
 *
 * export const cached = store.get('user:42') // TaskEither<StoreError, Option<Uint8Array>>
 *
 * @category constructors
 * @since 0.1.0
 */
export const memjs = <Client extends MemjsClient>(
  given: Client | (() => Client),
  options: MemjsOptions = {}
): Store<Uint8Array, Client> & HiddenLifetime => {
  const { namespace = '' } = checkedOptions(ofMemjs, options)
  const timeout = checkedTimeout('a store', options.timeout)
  const lookup = checkedClient('memjs', aMemjsClient, given)

  const { each, one } = makeMemjsTrips<Client>({ lookup, namespace, timeout })
  const keeping = makeKeeping(lookup)
  return {
    get backend() {
      return lookup()
    },
    placeOf: (prefix) => ({ backend: clientIn(given), prefix: namespace + prefix }),
    deadline: timeout,
    lifetime: 'hidden',
    get: (key) => one('get', key, (client, k) => client.get(k), toOption),
    read: (key) =>
      untoldAs(
        'read',
        one('read', key, (client, k) => client.get(k), toMiss('read'))
      ),
    has: (key) => one('has', key, (client, k) => client.get(k), isThere),
    set: (key, value, ttl) =>
      keeping(
        'set',
        [ttl],
        one('set', key, (client, k) => put(client, k, value, ttl), nothing)
      ),
    delete: (key) => one('delete', key, (client, k) => client.delete(k), nothing),
    touch: (key, ttl) =>
      keeping(
        'touch',
        [ttl],
        one('touch', key, (client, k) => touch(client, k, ttl), isTrue)
      ),
    getMany: (keys) =>
      keys.length === 0
        ? noneAsked
        : each(
            'getMany',
            keys,
            (client, k) => client.get(k),
            (found) => found.map(toOption)
          ),
    readMany: (keys) =>
      keys.length === 0
        ? noneAsked
        : untoldAs(
            'readMany',
            each(
              'readMany',
              keys,
              (client, k) => client.get(k),
              (found) => found.map(toMiss('readMany'))
            )
          ),
    hasMany: (keys) =>
      keys.length === 0
        ? noneAsked
        : each(
            'hasMany',
            keys,
            (client, k) => client.get(k),
            (found) => found.map(isThere)
          ),
    setMany: (entries) => {
      if (entries.length === 0) return done
      const last = lastOf(entries)
      const what = Array.from(last.values(), ([, value, ttl]) => [value, ttl] as const)
      const write = each(
        'setMany',
        Array.from(last.keys()),
        // SAFETY: there is a value and a lifetime for every key
        (client, k, i) => put(client, k, ...(what[i] as (typeof what)[number])),
        nothing
      )
      return keeping(
        'setMany',
        what.map(([, ttl]) => ttl),
        write
      )
    },
    deleteMany: (keys) =>
      keys.length === 0
        ? done
        : each('deleteMany', distinct(keys).keys, (client, k) => client.delete(k), nothing),
    // memjs writes them in this order, and one key has one server
    touchMany: (entries) =>
      entries.length === 0
        ? noneAsked
        : keeping(
            'touchMany',
            entries.map(([, ttl]) => ttl),
            each(
              'touchMany',
              entries.map(([key]) => key),
              (client, k, i) => touch(client, k, entries[i]?.[1] ?? forever),
              (answers) => answers.map(isTrue)
            )
          ),
    clear: () => refused('clear', 'memjs finds no keys by their prefix')
  }
}
