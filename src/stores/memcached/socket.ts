/**
 * Sockets to a memcached: how one is connected, and ended at once.
 *
 * @internal
 */
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import { failure, timedOut } from '../../base/errorCode'
import { setAlarm, stopAlarm } from '../../base/timer'
import type { MemcachedTls } from './model'

export interface Address {
  readonly host: string
  readonly port: number
  /** A Unix socket, used instead of host and port. */
  readonly path?: string
  readonly tls?: MemcachedTls
}

const toBuffer = (given: string | Uint8Array): string | Buffer =>
  typeof given === 'string' ? given : Buffer.from(given)

/** Connects a socket within `timeout`. */
export const connect = ({ host, path, port, tls }: Address, timeout: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const to = path === undefined ? { host, port } : { path }
    const { ca, cert, key, ...rest } = tls ?? {}
    const socket =
      tls === undefined
        ? connectPlain(to)
        : connectTls({
            ...to,
            ...rest,
            ...(ca === undefined ? {} : { ca: toBuffer(ca) }),
            ...(cert === undefined ? {} : { cert: toBuffer(cert) }),
            ...(key === undefined ? {} : { key: toBuffer(key) })
          })
    const alarm = setAlarm(timeout, () => end(timedOut('memcached')), 'waited')
    const end = (cause: Error): void => {
      stopAlarm(alarm)
      socket.destroy()
      reject(cause)
    }
    socket.setNoDelay(true)
    socket.on('error', end)
    socket.once('close', () => end(failure('ECLOSED', 'the connection was closed')))
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      stopAlarm(alarm)
      resolve(socket)
    })
  })

/** Ends a socket, and discards its unsent requests: they must not be sent after their callers received an error. */
export const reset = (socket: Socket): void => {
  try {
    socket.resetAndDestroy()
  } catch {
    // not a plain TCP socket
    socket.destroy()
  }
}
