/**
 * The shape of a client of memcached, and the options of the client that comes with the store.
 *
 * @since 0.1.0
 */
import type { Duration } from '../../Duration'

/**
 * A client for memcached's meta protocol: its servers, and which server has a key. `memcachedClient` creates one; any
 * other client of this shape can be used. With a `deadline`, every `ask` settles within it.
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
 * One server. A `session` is one connection. When that is lost, every later `ask` of the session rejects. So the unique
 * numbers of items (`c`) are compared by the server that assigned them, and not by a restarted one. `lines` sends an
 * administration command (`stats`) over a separate connection, and returns the lines before `END`. It rejects if a line
 * takes longer than the timeout of an answer. Calls of `lines` with the same command run one after another.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedServer extends MemcachedSession {
  readonly session: () => Promise<MemcachedSession>
  readonly lines: (command: string, onLine: (line: string) => void) => Promise<void>
}

/**
 * Sends meta commands together, in their order. Resolves with the answers in the same order, or rejects within its
 * deadline. A rejection with the `code` `ETIMEDOUT` means that the answer did not arrive in time. A command that may
 * have been executed is never sent again.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedSession {
  readonly ask: (requests: ReadonlyArray<MemcachedRequest>) => Promise<ReadonlyArray<MemcachedReply>>
}

/**
 * A meta command. `flags` are those of memcached's `protocol.txt`, with a space between two: `'v t f'`. `O`, `q` and
 * `b` are reserved for the client. A key in bytes is sent in base64 (`b`), so any bytes are allowed; a key that is a
 * string is sent unchanged.
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
 * A server's answer to a request: its status, its returned flags (`'t59 f0'`), and the value if it was requested
 * (`VA`). With `SERVER_ERROR` (the value is too large, there is no memory) the flags are the message.
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
 * Options for TLS, with the names of `tls.connect`.
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
 * hashed for each of them, instead of `host:port`. `timeout` is for every round trip, and for connecting (default: 1
 * second). `tls`: `true`, or options for `tls.connect`. `maxPending` requests may wait for each server (default:
 * 100,000), and `maxPendingBytes` to be written (default: 64 MiB); any more fail at once. A value may have
 * `maxValueBytes` (default: 64 MiB); if a server announces a larger one, the connection is closed.
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
 * A client that `memcachedClient` created.
 *
 * @category model
 * @since 0.1.0
 */
export interface OwnMemcachedClient extends MemcachedClient {
  /**
   * Waits for pending requests, and accepts no new ones; resolves when the connections are closed. Requests that are
   * not answered within the client's timeout fail.
   */
  readonly close: () => Promise<void>
}
