/**
 * Options of node-redis that suit a cache.
 *
 * @since 0.1.0
 */
import { defect } from '../../base/defect'
import { type Duration, milliseconds } from '../../Duration'
import { checkedOptions, ofRecommended } from '../kit/checks'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * The options of one connection to a server.
 *
 * @category model
 * @since 0.1.0
 */
export interface ConnectionOptions {
  readonly disableOfflineQueue: true
  readonly pingInterval: number
  readonly socket: {
    readonly connectTimeout: number
    readonly socketTimeout: number
    readonly reconnectStrategy: (retries: number) => number
  }
}

/**
 * Options for each of node-redis' clients: `client` is for `createClient` and the first argument of `createClientPool`,
 * `pool` for its second one, `cluster` for `createCluster`, `sentinel` for `createSentinel`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Recommended {
  readonly client: ConnectionOptions & { readonly commandOptions: { readonly timeout: number } }
  readonly pool: { readonly minimum: number; readonly maximum: number; readonly acquireTimeout: number }
  readonly cluster: {
    readonly minimizeConnections: true
    readonly topologyRefreshOnReconnectionAttemptStrategy: number
    readonly commandOptions: { readonly timeout: number }
    readonly defaults: ConnectionOptions
  }
  readonly sentinel: {
    readonly scanInterval: number
    readonly commandOptions: { readonly timeout: number }
    readonly nodeClientOptions: ConnectionOptions
    readonly sentinelClientOptions: ConnectionOptions
  }
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * Options with which a client soon gives up a dead connection, soon finds a new master, and fails at once while there
 * is none. `silence` (default: 600 milliseconds) is how long a connection may be silent, or take to connect; the time
 * between two pings is a third of it. Use a longer one if the network or the event loop stops for longer than that.
 *
 * node-redis changes the object that it receives: call this function once for each client. Merge your own `socket`
 * options into those that it returns.
 *
 * @example
 * import { recommended, redis } from 'fp-ring/redis'
 * import { createClient, createCluster } from 'redis'
 *
 * const { client } = recommended()
 * export const one = redis(createClient({ ...client, socket: { ...client.socket, host: 'localhost', port: 6379 } }))
 * export const many = redis(
 *   createCluster({ ...recommended().cluster, rootNodes: [{ url: 'redis://localhost:7000' }] })
 * )
 *
 * @category constructors
 * @since 0.1.0
 */
export const recommended = (options: { readonly silence?: Duration } = {}): Recommended => {
  const { silence = milliseconds(600) } = checkedOptions(ofRecommended, options)
  if (!(silence > 0 && Number.isFinite(silence))) return defect('silence is a Duration above zero that ends')
  const connection = (): ConnectionOptions => ({
    disableOfflineQueue: true,
    pingInterval: Math.ceil(silence / 3),
    socket: {
      connectTimeout: Math.ceil(silence),
      socketTimeout: Math.ceil(silence),
      // reconnects also after a `socketTimeout`, unlike the default; at random times, so not all processes at once
      reconnectStrategy: (retries) => Math.min(25 * 2 ** retries, 200) * (0.75 + Math.random() / 2)
    }
  })
  const commandOptions = { timeout: 1_000 }
  return {
    client: { ...connection(), commandOptions },
    pool: { minimum: 2, maximum: 20, acquireTimeout: 1_000 },
    cluster: {
      // otherwise a new master that dies at once delays updates about all others
      minimizeConnections: true,
      topologyRefreshOnReconnectionAttemptStrategy: 100,
      commandOptions: { ...commandOptions },
      defaults: connection()
    },
    sentinel: {
      scanInterval: 2_000,
      commandOptions: { ...commandOptions },
      nodeClientOptions: connection(),
      sentinelClientOptions: connection()
    }
  }
}
