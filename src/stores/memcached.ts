/**
 * Entries in memcached: one item per key, whose bytes are the codec's and nothing else, with memcached's own expiry.
 *
 * It speaks the meta protocol (memcached 1.6.18 or later), which no driver on npm does, so a small client comes with it:
 * `client`. Laws: those of `Store`. Moreover:
 *
 * - law 12: a bulk operation is one round trip to each of the servers that its keys belong to.
 * - law 17, 18: lifetimes are whole seconds. A fraction is cut off, but less than a second is one; an entry lives up to
 *   a second longer than that, as the server's clock ticks once a second.
 * - law 26: every round trip ends by the store's own deadline, also when the server is frozen.
 * - law 35: `clear` asks each server for its keys, and removes those that begin with its prefix, byte for byte.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import { type Duration, forever, milliseconds, zero } from '../Duration'
import { batchedAs, distinct, done, lone, noneAsked, refused } from '../internal/answers'
import { isWellFormed } from '../internal/bytes'
import { withDeadlineMap } from '../internal/deadline'
import { defect } from '../internal/defect'
import { ketama } from '../internal/ketama'
import { clearServer } from '../internal/memcachedClear'
import {
  askAll,
  askEach,
  askOne,
  failedAs,
  isDone,
  type MemcachedClient,
  only,
  unexpected
} from '../internal/memcachedClient'
import type { Address, MemcachedTls } from '../internal/memcachedConnection'
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
} from '../internal/memcachedEntries'
import { beginsWith, itemKeyOf, leaseKeyOf } from '../internal/memcachedKeys'
import { memcachedLeases, type Place } from '../internal/memcachedLeases'
import { within } from '../internal/memcachedPatience'
import type { MemcachedReply, MemcachedRequest } from '../internal/memcachedProtocol'
import { makeServer, type MemcachedServer } from '../internal/memcachedServer'
import type { StoreError } from '../RingError'
import type { Leasing, Operation, Store } from '../Store'

export {
  /**
   * A client that speaks memcached's meta protocol: its servers, and which of them has a key. `client` makes one;
   * another may be used that has this shape. With a `deadline`, every `ask` settles within it.
   *
   * @category model
   * @since 0.1.0
   */
  type MemcachedClient
} from '../internal/memcachedClient'
export {
  /**
   * What TLS may be told; the same names as `tls.connect` has.
   *
   * @category model
   * @since 0.1.0
   */
  type MemcachedTls
} from '../internal/memcachedConnection'
export {
  /**
   * What a server said to a request.
   *
   * @category model
   * @since 0.1.0
   */
  type MemcachedReply,
  /**
   * A meta command.
   *
   * @category model
   * @since 0.1.0
   */
  type MemcachedRequest
} from '../internal/memcachedProtocol'
export {
  /**
   * One server.
   *
   * @category model
   * @since 0.1.0
   */
  type MemcachedServer,
  /**
   * What sends meta commands in one go, and resolves with the answers in their order.
   *
   * @category model
   * @since 0.1.0
   */
  type MemcachedSession
} from '../internal/memcachedServer'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * The servers of a client, and how it uses them.
 *
 * `servers`: `'host:port'`, `'host'` (port 11211), `'[::1]:11211'`, or the absolute path of a Unix socket. `names` are
 * what is hashed for each of them, instead of `host:port`. `timeout` is for every round trip, and for connecting
 * (default: 1 second). `tls`: `true`, or what `tls.connect` is to be told. `maxPending` requests may wait for each
 * server (default: 100,000), and `maxPendingBytes` to be written (default: 64 MiB); what is more fails at once. A value
 * may have `maxValueBytes` (default: 64 MiB): a server that announces a larger one is given up.
 *
 * @category model
 * @since 0.1.0
 */
export interface ClientOptions {
  readonly servers: ReadonlyArray<string>
  readonly names?: ReadonlyArray<string>
  readonly timeout?: Duration
  readonly tls?: boolean | MemcachedTls
  readonly maxPending?: number
  readonly maxPendingBytes?: number
  readonly maxValueBytes?: number
}

/**
 * A client that `client` made.
 *
 * @category model
 * @since 0.1.0
 */
export interface OwnClient extends MemcachedClient {
  /**
   * Waits for what is in flight, and takes nothing more; resolves when the connections are gone. What is not answered
   * within the client's timeout fails.
   */
  readonly close: () => Promise<void>
}

/**
 * How a store uses its client. `namespace` is put before every key (default: nothing). `timeout` is for every
 * operation, and for each step of `clear` (default: 1 second; `Duration.forever` waits as long as the client does).
 * `batch` makes one bulk read of the single reads of one tick, of at most `max` keys (default: on, 1,000).
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

const addressOf = (server: string, tls: MemcachedTls | undefined): Address => {
  const secured = tls === undefined ? {} : { tls }
  if (server.startsWith('/')) return { host: '', port: 0, path: server, ...secured }
  const [, v6, host, port = '11211'] = /^(?:\[([^\]]+)\]|([^:/@\s]+))(?::(\d{1,5}))?$/.exec(server) ?? []
  const name = v6 ?? host
  return name === undefined || Number(port) > 65_535
    ? defect('a memcached server is host:port, [address]:port or the path of a socket')
    : { host: name, port: Number(port), ...secured }
}

const nameOf = ({ host, path, port }: Address): string => path ?? `${host}:${String(port)}`

/**
 * A client of one or more memcached servers, 1.6.18 or later. Nothing is connected before it is used, and what is lost
 * is connected again by whoever uses it next. Idle connections keep no process alive.
 *
 * With several servers, keys are spread as libketama does it (MD5, 160 points each). A server that is away is not
 * replaced by another: its keys fail until it is back.
 *
 * Throws a `TypeError` for options that cannot be meant.
 *
 * @example
 * import { Duration } from 'fp-ring'
 * import { client, memcached } from 'fp-ring/memcached'
 *
 * const servers = client({ servers: ['10.0.0.1:11211', '10.0.0.2:11211'], timeout: Duration.milliseconds(200) })
 *
 * export const store = memcached(servers, { namespace: 'shop:' })
 *
 * @category constructors
 * @since 0.1.0
 */
export const client = (options: ClientOptions): OwnClient => {
  const { maxPending = 100_000, maxPendingBytes = 64 * 2 ** 20, tls = false } = options
  const { maxValueBytes = 64 * 2 ** 20 } = options
  const timeout = options.timeout ?? milliseconds(1_000)
  if (!(timeout > 0)) return defect('a client needs a timeout that is longer than nothing')
  if (!(maxPending >= 1 && maxPendingBytes >= 1)) return defect('a client needs room for what is pending')
  if (!(maxValueBytes >= 1)) return defect('a client needs room for a value')
  const addresses = options.servers.map((server) =>
    addressOf(server, tls === true ? {} : tls === false ? undefined : tls)
  )
  const names = options.names ?? addresses.map(nameOf)
  if (addresses.length === 0) return defect('a client needs a server')
  if (names.length !== addresses.length || new Set(names).size !== names.length) {
    return defect('every memcached server has a name of its own')
  }
  const limits = { maxPending, maxPendingBytes, maxValueBytes }
  const servers = addresses.map((address) => makeServer(address, timeout, limits))
  const placeOf = ketama(names)
  return {
    servers,
    deadline: timeout,
    // the proof: `placeOf` gives the place of one of the names, and there are as many servers
    serverOf: (key) => servers[placeOf(key)] as MemcachedServer,
    close: async () => {
      await Promise.all(servers.map((server) => server.close()))
    }
  }
}

const toFound = /*#__PURE__*/ only(toOption)
const toSeen = /*#__PURE__*/ only(toEntry)

const identity = <A>(a: A): A => a

/** What was stored, or removed, or was not there to be removed. */
const toNothing = (reply: MemcachedReply): void => void isDone(reply, 'NF')

/** Says whether an entry was there. One round trip, also where it is to be removed. */
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
 * A store of bytes in memcached, over a client that the program made and closes (`client`, or another of its shape), or
 * a function that gives one, which is asked at every use. `backend` is that client, in its own type.
 *
 * `left` with the reason `timeout` after `options.timeout`, `refused` for a value that is larger than the server takes,
 * for a key that is not well-formed Unicode, and for a `clear` that cannot be done; `failed` for everything else.
 * Throws a `TypeError` for a `timeout` of zero or less.
 *
 * Values are sent as they are when the client writes them: do not change one that you passed.
 *
 * @example
 * import { memcached, client } from 'fp-ring/memcached'
 *
 * const store = memcached(client({ servers: ['localhost'] }), { namespace: 'shop:' })
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
  const { namespace = '', timeout = milliseconds(1_000), batch = true } = options
  if (!(timeout > 0)) return defect('a store needs a timeout that is longer than nothing')
  const lookup = typeof given === 'function' ? given : () => given

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
      // where one round trip ends in time by itself, a second timer would be one too many
      const limit = isBrief && client.deadline !== undefined && client.deadline <= timeout ? forever : timeout
      const begin = (): Promise<X> => start(client, () => waits)
      return withDeadlineMap(operation, limit, begin, decode, () => void (waits = false), failed)
    }
  }

  /** Several round trips, as long as anybody waits for them (`go`). */
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
      return withDeadlineMap(operation, timeout, begin, identity, () => void (waits = false), failed)
    }
  }

  /** One round trip for one key; `go` says whether anybody still waits. */
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
    // who asks twice is answered twice; to look for repetition would cost more
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
      const last = new Map(entries.map(([key, value, ttl]) => [key, [value, ttl] as const] as const))
      const what = Array.from(last.values())
      return bulk(
        'setMany',
        Array.from(last.keys()),
        (current, ks, go) =>
          askEach(current, ks, (server, places) => {
            // the proof: there is a value and a lifetime for every key
            const writes = places.map((place) => what[place] as (typeof what)[number])
            return withExpiries(
              server,
              writes.map(([, ttl]) => ttl),
              go,
              (expiries) =>
                server.ask(
                  writes.map(([value, ttl], i) => {
                    const k = ks[places[i] ?? -1] ?? unexpected()
                    return ttl > 0 ? setRequest(k, value, expiries[i] ?? unexpected()) : deleteRequest(k)
                  })
                )
            )
          }),
        // one that is refused keeps nobody else out
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
    // in their order: a touch after a removal finds nothing
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
  // each server answers for itself: one that is frozen keeps nobody else's keys from their readers
  return batchedAs(store, batch, () => {
    const current = lookup()
    return current.servers.length === 1
      ? () => undefined
      : (key) => current.serverOf(itemKeyOf(namespace + key))
  })
}

// eslint-disable-next-line no-restricted-imports -- `fp-ring/memcached` is one entry for both stores
export {
  /**
   * A store that keeps lifetimes, and does not tell what is left of them.
   *
   * @category model
   * @since 0.1.0
   */
  type HiddenLifetime,
  /**
   * A store of bytes in memcached, over a client of memjs.
   *
   * @example
   * import { memjs } from 'fp-ring/memcached'
   * import { Client } from 'memjs'
   *
   * const client = Client.create('localhost:11211')
   * export const store = memjs(client, { namespace: 'shop:' })
   * client.close()
   *
   * @category constructors
   * @since 0.1.0
   */
  memjs,
  /**
   * What the store needs of a client of memjs 1.3.
   *
   * @category model
   * @since 0.1.0
   */
  type MemjsClient,
  /**
   * How a store uses its client of memjs.
   *
   * @category model
   * @since 0.1.0
   */
  type MemjsOptions
} from './memjs'
