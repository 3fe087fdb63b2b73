/**
 * Fixes from outside for what a store needs and memjs 1.3 lacks, in clients of its shape; others are unchanged.
 *
 * - A server of memjs has one buffer for data from its connections, and does not empty it. So the rest of an answer
 *   from a lost connection, and the header of the next connection's first answer, would form one answer, with a value
 *   that was never stored. Late data from the old connection, or its end, would be attributed to the new one. Commands
 *   that wait for the old one's authentication would be sent after that of the new one. With the fix, each connection
 *   starts empty.
 * - memjs resends a failed command, after 200 ms unless configured otherwise. So a `set` could be done after a later
 *   `delete` that was already answered.
 *
 * @internal
 */
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** A server of memjs 1.3. `sock` passes the connection to `go`, and connects first if there is none. */
interface MemjsServer extends EventEmitter {
  responseBuffer: Uint8Array
  readonly _socket?: Socket
  sock: (sasl: boolean, go: (socket: Socket) => void) => void
}

type Fields = Readonly<Record<string, unknown>>

const isObject = (u: unknown): u is Fields => typeof u === 'object' && u !== null

const isServer = (u: unknown): u is MemjsServer =>
  isObject(u) &&
  u['responseBuffer'] instanceof Uint8Array &&
  typeof u['sock'] === 'function' &&
  typeof u['rawListeners'] === 'function'

// -------------------------------------------------------------------------------------
// connections
// -------------------------------------------------------------------------------------

type Listener = (...args: Array<unknown>) => void

/** Ignores further data and the end of an old connection; discards its unsent data. */
const cutOff = (socket: Socket | undefined): void => {
  if (socket === undefined) return
  socket.removeAllListeners()
  socket.on('error', () => undefined)
  if (socket.connecting) socket.destroy()
  else socket.resetAndDestroy()
}

/**
 * Removes the listeners of an old connection: a `once` listener is a function of Node's that holds the real listener.
 */
const forget = (server: MemjsServer): void => {
  for (const listener of server.rawListeners('authenticated')) {
    // SAFETY: all listeners are of this type, and `listener` is read as `unknown`
    const { listener: once } = listener as Listener & { readonly listener?: unknown }
    // SAFETY: as above
    if (once !== undefined) server.off('authenticated', listener as Listener)
  }
}

const mendServer = (server: MemjsServer): void => {
  const { sock } = server
  let last = server._socket
  server.sock = (sasl, go) => {
    if (server._socket === undefined) {
      cutOff(last)
      forget(server)
      server.responseBuffer = Buffer.alloc(0)
    }
    sock.call(server, sasl, go)
    last = server._socket
  }
}

const seen = /*#__PURE__*/ new WeakSet<object>()

/** The client; each connection of its servers starts without state of the one before. */
export const mended = <Client extends object>(client: Client): Client => {
  // SAFETY: `servers` is read as `unknown`
  const { servers } = client as { readonly servers?: unknown }
  if (!Array.isArray(servers)) return client
  for (const server of servers as ReadonlyArray<unknown>) {
    if (!isObject(server) || seen.has(server)) continue
    seen.add(server)
    if (isServer(server)) mendServer(server)
  }
  return client
}

// -------------------------------------------------------------------------------------
// retries
// -------------------------------------------------------------------------------------

const noRetries: Fields = { retries: 1, failover: false }

/** Sends once, without retries. memjs reads its options during the call, so they are changed only for that time. */
export const sentOnce = <A>(client: object, send: () => A): A => {
  // SAFETY: `options` is read as `unknown`
  const { options } = client as { readonly options?: unknown }
  if (!isObject(options) || typeof options['retries'] !== 'number') return send()
  const own = Object.fromEntries(Object.keys(noRetries).map((name) => [name, options[name]]))
  // frozen options stay as they are
  const put = (some: Fields): void =>
    Object.entries(some).forEach(([name, value]) => Reflect.set(options, name, value))
  put(noRetries)
  try {
    return send()
  } finally {
    put(own)
  }
}
