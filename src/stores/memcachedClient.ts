/**
 * A client of memcached that speaks the meta protocol: what it has to be, and the one that comes with the store.
 *
 * @since 0.1.0
 */
import type { Duration } from '../Duration'
import { defect } from '../internal/defect'
import { ketama } from '../internal/ketama'
import type { Address } from '../internal/memcachedConnection'
import { makeServer } from '../internal/memcachedServer'
import { checkedTimeout } from '../internal/options'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A client that speaks memcached's meta protocol: its servers, and which of them has a key. `memcachedClient` makes one;
 * another may be used that has this shape. With a `deadline`, every `ask` settles within it.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedClient {
  readonly servers: ReadonlyArray<MemcachedServer>
  readonly serverOf: (key: string) => MemcachedServer
  readonly deadline?: Duration
}

/**
 * One server. A `session` is one connection: when that is lost every later `ask` rejects, so that the unique numbers of
 * items (`c`) that a session has seen are compared by the server that gave them out, and not by one that was restarted.
 * `lines` asks a command of the administration (`stats`) over a connection of its own, and gives the lines before `END`;
 * it rejects where a line takes longer than an answer may. Who asks the same meanwhile has his turn after it.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedServer extends MemcachedSession {
  readonly session: () => Promise<MemcachedSession>
  readonly lines: (command: string, onLine: (line: string) => void) => Promise<void>
}

/**
 * What sends meta commands in one go, in their order, and resolves with the answers in that order, or rejects within its
 * deadline. A rejection with the `code` `ETIMEDOUT` says that the answer did not come in time. Nothing that may have
 * been executed is sent again.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedSession {
  readonly ask: (requests: ReadonlyArray<MemcachedRequest>) => Promise<ReadonlyArray<MemcachedReply>>
}

/**
 * A meta command. `flags` are those of memcached's `protocol.txt`, with a space between two: `'v t f'`. `O`, `q` and `b`
 * are the client's own. A key that is bytes is sent in base64 (`b`), so it may have any; one that is a string is sent
 * as it is.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedRequest {
  readonly command: 'mg' | 'ms' | 'md' | 'ma'
  readonly key: string | Uint8Array
  readonly flags?: string
  /** For `ms`. */
  readonly value?: Uint8Array
}

/**
 * What a server said to a request: its status, its flags as they were returned (`'t59 f0'`), and the value where it
 * was asked for one (`VA`). With `SERVER_ERROR` (the value is too large, there is no memory) the flags are the message.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedReply {
  readonly status: string
  readonly flags: string
  readonly value: Uint8Array | undefined
}

/**
 * What TLS may be told; the same names as `tls.connect` has.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedTls {
  readonly ca?: string | Uint8Array
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  readonly passphrase?: string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

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
export interface MemcachedClientOptions {
  readonly servers: ReadonlyArray<string>
  readonly names?: ReadonlyArray<string>
  readonly timeout?: Duration
  readonly tls?: boolean | MemcachedTls
  readonly maxPending?: number
  readonly maxPendingBytes?: number
  readonly maxValueBytes?: number
}

/**
 * A client that `memcachedClient` made.
 *
 * @category model
 * @since 0.1.0
 */
export interface OwnMemcachedClient extends MemcachedClient {
  /**
   * Waits for what is in flight, and takes nothing more; resolves when the connections are gone. What is not answered
   * within the client's timeout fails.
   */
  readonly close: () => Promise<void>
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
 * import { memcached, memcachedClient } from 'fp-ring/memcached'
 *
 * const servers = memcachedClient({
 *   servers: ['10.0.0.1:11211', '10.0.0.2:11211'],
 *   timeout: Duration.milliseconds(200)
 * })
 *
 * export const store = memcached(servers, { namespace: 'shop:' })
 *
 * @category constructors
 * @since 0.1.0
 */
export const memcachedClient = (options: MemcachedClientOptions): OwnMemcachedClient => {
  const { maxPending = 100_000, maxPendingBytes = 64 * 2 ** 20, tls = false } = options
  const { maxValueBytes = 64 * 2 ** 20 } = options
  const timeout = checkedTimeout('a client', options.timeout)
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
