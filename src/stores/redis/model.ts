/**
 * What the Redis stores and feeds need of a client, and their options.
 *
 * @since 0.1.0
 */
import type { IO } from 'fp-ts/IO'

import type { Duration } from '../../Duration'
import type { Invalidation } from '../../Invalidation'
import type { RawKeyed } from '../model'
import type { RedisCommands } from './commands'

/**
 * A client of node-redis 6.2 or later, of any kind: `createClient`, `createClientPool`, `createCluster`,
 * `createSentinel`; with any type mapping, in RESP 2 or 3. The program that creates it connects and closes it.
 *
 * @category model
 * @since 0.1.0
 */
export interface RedisClient {
  /** 36 is `RESP_TYPES.BLOB_STRING`. */
  readonly withTypeMapping: (mapping: { 36: BufferConstructor }) => RedisCommands
}

/**
 * How a store uses its client. `namespace` is put before every key (default: nothing). `timeout` is for every
 * round trip (default: 1 second; `Duration.forever` waits as long as the client does). `batch` combines the single
 * reads of one tick into bulk reads of at most `max` keys (default: on, 1,000).
 *
 * @category model
 * @since 0.1.0
 */
export interface RedisOptions {
  readonly namespace?: string
  readonly timeout?: Duration
  readonly batch?: boolean | { readonly max: number }
}

/**
 * A feed with its own connections, which it opens for the first listener. `close` ends them and all pending work. They
 * do not keep the process alive.
 *
 * @category model
 * @since 0.1.0
 */
export interface RedisFeed extends Invalidation {
  readonly close: IO<void>
}

/**
 * How a feed listens. `heartbeat` (default: 1 second): the interval of checks of a connection, and the timeout of each
 * check, so a dead connection is detected within two of them. `connect` creates the connection to listen with, if a
 * duplicate of the client cannot be used, as behind sentinels: it receives the address of the master. The connection
 * must use RESP 3, with `emitInvalidate` for `tracking`.
 *
 * @category model
 * @since 0.1.0
 */
export interface FeedOptions {
  readonly heartbeat?: Duration
  readonly connect?: (node: FeedNode | undefined) => FeedClient
}

/**
 * A connection to listen with, by shape: a client that `createClient` of node-redis 6 returns.
 *
 * @category model
 * @since 0.1.0
 */
export interface FeedClient {
  readonly on: (event: string, listener: (what: unknown) => void) => unknown
  readonly connect: () => Promise<unknown>
  readonly destroy: () => void
  readonly unref: () => void
  readonly sendCommand: (args: Array<string>) => Promise<unknown>
  readonly subscribe: (channel: string, listener: (message: string) => void) => Promise<unknown>
}

/**
 * The address of a master.
 *
 * @category model
 * @since 0.1.0
 */
export interface FeedNode {
  readonly host: string
  readonly port: number
}

/**
 * What the far store of a near tier must have: its client, and its keys as they are in the backend. `redis` has both,
 * and so do combinators over it.
 *
 * @category model
 * @since 0.1.0
 */
export interface Trackable extends RawKeyed {
  readonly backend: RedisClient
}
