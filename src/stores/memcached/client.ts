/**
 * A client of memcached for the meta protocol: its shape, and the client that comes with the store.
 *
 * @since 0.1.0
 */
import { defect } from '../../base/defect'
import { checkedOptions, ofMemcachedClient } from '../kit/checks'
import { checkedTimeout } from '../kit/options'
import { ketama } from './ketama'
import type { MemcachedClientOptions, MemcachedServer, MemcachedTls, OwnMemcachedClient } from './model'
import { makeServer } from './server'
import type { Address } from './socket'

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
 * A client of one or more memcached servers, 1.6.18 or later. It connects to a server at the first use, and after a
 * lost connection at the next use. Idle connections do not keep the process alive.
 *
 * Keys are distributed over several servers as libketama does it (MD5, 160 points each). Another server does not
 * replace one that is down: the keys of that server fail until it is back.
 *
 * Throws a `TypeError` for invalid options.
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
  const {
    maxPending = 100_000,
    maxPendingBytes = 64 * 2 ** 20,
    tls = false
  } = checkedOptions(ofMemcachedClient, options)
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
    // SAFETY: `placeOf` returns the index of a name, and there are as many servers as names
    serverOf: (key) => servers[placeOf(key)] as MemcachedServer,
    close: async () => {
      await Promise.all(servers.map((server) => server.close()))
    }
  }
}
