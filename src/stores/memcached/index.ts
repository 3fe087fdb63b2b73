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
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import { isWellFormed } from '../../base/bytes'
import { type Duration, forever, zero } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import { batchedAs } from '../combinators/batched'
import { distinct, done, lastOf, lone, noneAsked, refused } from '../kit/answers'
import { aMemcachedClient, checkedClient, checkedOptions } from '../kit/checks'
import { withDeadlineMap } from '../kit/deadline'
import { checkedTimeout } from '../kit/options'
import { clientIn } from '../kit/place'
import type { Leasing, Store } from '../model'
import { askAll, askEach, askOne, failedAs, isDone, only, unexpected } from './asks'
import { clearServer } from './clear'
import {
  deleteRequest,
  getRequest,
  hasRequest,
  readRequest,
  setRequest,
  toEntry,
  toHas,
  toOption,
  toTouched,
  touchRequest,
  withExpiries
} from './entries'
import { beginsWith, itemKeyOf, leaseKeyOf } from './keys'
import { memcachedLeases, type Place } from './leases'
import type { MemcachedClient, MemcachedReply, MemcachedRequest, MemcachedServer } from './model'
import { within } from './patience'

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

const toFound = /*#__PURE__*/ only(toOption)
const toSeen = /*#__PURE__*/ only(toEntry)

const identity = <A>(a: A): A => a

/** Accepts that an item was stored or removed, or that there was none to remove. */
const toNothing = (reply: MemcachedReply): void => void isDone(reply, 'NF')

/** Whether there was an entry. It takes one round trip, also if it removes the entry. */
const touch = async (
  server: MemcachedServer,
  key: string,
  ttl: Duration,
  expiry: number = unexpected()
): Promise<boolean> => {
  if (ttl > 0) return toTouched(server, key, await askOne(server, touchRequest(key, expiry)))
  const [seen, removed] = await server.ask([hasRequest(key), deleteRequest(key)])
  if (seen === undefined || removed === undefined) return unexpected()
  toNothing(removed)
  return toHas(seen)
}

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
  const { namespace = '', batch = true } = checkedOptions('memcached', options)
  const timeout = checkedTimeout('a store', options.timeout)
  const lookup = checkedClient('memcached', aMemcachedClient, given)

  const inTime = <X, A>(
    operation: Operation,
    start: (current: Client, go: () => boolean) => Promise<X>,
    decode: (x: X) => A,
    isBrief = false
  ): TE.TaskEither<StoreError, A> => {
    const failed = failedAs(operation)
    return () => {
      let waits = true
      const current = E.tryCatch(lookup, failed)
      if (current._tag === 'Left') return Promise.resolve(current)
      const client = current.right
      // if the client's own deadline ends a round trip in time, a second timer is not needed
      const limit = isBrief && client.deadline !== undefined && client.deadline <= timeout ? forever : timeout
      const begin = (): Promise<X> => start(client, () => waits)
      return withDeadlineMap(operation, limit, {
        start: begin,
        decode,
        onLate: () => void (waits = false),
        failed
      })
    }
  }

  /** Several round trips, while the caller waits for them (`go`). */
  const inSteps = <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (places: ReadonlyArray<Place>, go: () => boolean) => Promise<A>
  ): TE.TaskEither<StoreError, A> => {
    const full = keys.map((key) => namespace + key)
    if (!full.every(isWellFormed)) return refused(operation, lone)
    const failed = failedAs(operation)
    return () => {
      let waits = true
      const begin = (): Promise<A> => {
        const current = lookup()
        const places = full.map((key): Place => {
          const entry = itemKeyOf(key)
          return { entry, lease: leaseKeyOf(key), server: current.serverOf(entry) }
        })
        return start(places, () => waits)
      }
      return withDeadlineMap(operation, timeout, {
        start: begin,
        decode: identity,
        onLate: () => void (waits = false),
        failed
      })
    }
  }

  /** One round trip for one key; `go` returns whether the caller still waits. */
  const single = <X, A>(
    operation: Operation,
    key: string,
    start: (server: MemcachedServer, itemKey: string, go: () => boolean) => Promise<X>,
    decode: (x: X) => A,
    isBrief = false
  ): TE.TaskEither<StoreError, A> => {
    const full = namespace + key
    return isWellFormed(full)
      ? inTime(
          operation,
          (current, go) => {
            const itemKey = itemKeyOf(full)
            return start(current.serverOf(itemKey), itemKey, go)
          },
          decode,
          isBrief
        )
      : refused(operation, lone)
  }

  /** One round trip to each server for many keys. */
  const bulk = <X, A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (current: Client, itemKeys: ReadonlyArray<string>, go: () => boolean) => Promise<X>,
    decode: (x: X) => A,
    isBrief = false
  ): TE.TaskEither<StoreError, A> => {
    const full = keys.map((key) => namespace + key)
    return full.every(isWellFormed)
      ? inTime(operation, (current, go) => start(current, full.map(itemKeyOf), go), decode, isBrief)
      : refused(operation, lone)
  }

  /** One request for each of many keys. */
  const bulkRead = <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    request: (itemKey: string) => MemcachedRequest,
    decode: (reply: MemcachedReply) => A
  ): TE.TaskEither<StoreError, ReadonlyArray<A>> => {
    if (keys.length === 0) return noneAsked
    // a key that is repeated is read twice; a search for duplicates would cost more
    return bulk(
      operation,
      keys,
      (current, ks) => askAll(current, ks, ks.map(request)),
      (replies) => replies.map(decode),
      true
    )
  }

  const remove = (operation: Operation, key: string): TE.TaskEither<StoreError, void> =>
    single(operation, key, (server, k) => askOne(server, deleteRequest(k)), toNothing)

  const store: Store<Uint8Array, Client> & Leasing<Uint8Array> = {
    get backend() {
      return lookup()
    },
    placeOf: (prefix) => ({ backend: clientIn(given), prefix: namespace + prefix }),
    deadline: timeout,
    get: (key) => single('get', key, (server, k) => server.ask([getRequest(k)]), toFound, true),
    read: (key) => single('read', key, (server, k) => server.ask([readRequest(k)]), toSeen, true),
    set: (key, value, ttl) =>
      ttl > 0
        ? single(
            'set',
            key,
            (server, k, go) =>
              withExpiries(server, [ttl], go, ([expiry = unexpected()]) =>
                askOne(server, setRequest(k, value, expiry))
              ),
            toNothing
          )
        : remove('set', key),
    delete: (key) => remove('delete', key),
    has: (key) => single('has', key, (server, k) => askOne(server, hasRequest(k)), toHas),
    touch: (key, ttl) =>
      single(
        'touch',
        key,
        (server, k, go) => withExpiries(server, [ttl], go, ([expiry]) => touch(server, k, ttl, expiry)),
        identity
      ),
    getMany: (keys) => bulkRead('getMany', keys, getRequest, toOption),
    readMany: (keys) => bulkRead('readMany', keys, readRequest, toEntry),
    hasMany: (keys) => bulkRead('hasMany', keys, hasRequest, toHas),
    setMany: (entries) => {
      if (entries.length === 0) return done
      const last = lastOf(entries)
      const what = Array.from(last.values())
      return bulk(
        'setMany',
        Array.from(last.keys()),
        (current, ks, go) =>
          askEach(current, ks, (server, places) => {
            // SAFETY: there is a value and a lifetime for every key
            const writes = places.map((place) => what[place] as (typeof what)[number])
            return withExpiries(
              server,
              writes.map(([, , ttl]) => ttl),
              go,
              (expiries) =>
                server.ask(
                  writes.map(([, value, ttl], i) => {
                    const k = ks[places[i] ?? -1] ?? unexpected()
                    return ttl > 0 ? setRequest(k, value, expiries[i] ?? unexpected()) : deleteRequest(k)
                  })
                )
            )
          }),
        // a refused write does not stop the others
        (replies) => replies.forEach(toNothing)
      )
    },
    deleteMany: (keys) =>
      keys.length === 0
        ? done
        : bulk(
            'deleteMany',
            distinct(keys).keys,
            (current, ks) => askAll(current, ks, ks.map(deleteRequest)),
            (replies) => replies.forEach(toNothing)
          ),
    // in order: a touch after a removal finds nothing
    touchMany: (entries) =>
      entries.length === 0
        ? noneAsked
        : bulk(
            'touchMany',
            entries.map(([key]) => key),
            (current, ks, go) =>
              askEach(current, ks, (server, places) => {
                const ttls = places.map((place) => entries[place]?.[1] ?? zero)
                return withExpiries(server, ttls, go, (expiries) =>
                  Promise.all(
                    places.map((place, i) => touch(server, ks[place] ?? '', ttls[i] ?? zero, expiries[i]))
                  )
                )
              }),
            identity
          ),
    clear: (prefix) => {
      const full = namespace + prefix
      if (full === '') return refused('clear', 'the store has no namespace, so this would remove every key')
      if (!isWellFormed(full)) return refused('clear', lone)
      const asked = beginsWith(full)
      if (asked === undefined) return refused('clear', 'the prefix is longer than what is left of long keys')
      const failed = failedAs('clear')
      return async () => {
        try {
          await Promise.all(lookup().servers.map((server) => clearServer(within(server, timeout), asked)))
          return { _tag: 'Right', right: undefined }
        } catch (cause) {
          return { _tag: 'Left', left: failed(cause) }
        }
      }
    },
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
