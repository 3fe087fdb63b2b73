/**
 * What memjs 1.3 lacks for a store, mended from outside, in clients that have its shape; others are left as they are.
 *
 * - A server of memjs has one buffer for what its connections said, and does not empty it. What is left of an answer whose
 *   connection was lost, and the header of the next connection's first answer behind it, would be one answer, with a value
 *   that nobody stored. What its old connection still says, or its end, would be taken for the new one's; and what was to
 *   be sent once that was authenticated would be sent when the new one is. Here each connection begins with nothing.
 * - memjs sends again what failed, after 200 ms unless it is told another time. A `set` would be done after a `delete` that
 *   was asked and answered meanwhile.
 *
 * @internal
 */
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** A server of memjs 1.3. `sock` gives `go` the connection, and makes one where there is none. */
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

/** What an old connection says, and that it ends, is nobody's business; what it has not sent yet is not sent. */
const cutOff = (socket: Socket | undefined): void => {
  if (socket === undefined) return
  socket.removeAllListeners()
  socket.on('error', () => undefined)
  if (socket.connecting) socket.destroy()
  else socket.resetAndDestroy()
}

/** Forgets what an old connection waited for: it listens once, by a function of Node's that has its listener. */
const forget = (server: MemjsServer): void => {
  for (const listener of server.rawListeners('authenticated')) {
    // the proof: all listeners are of this type, and `listener` is looked at as `unknown`
    const { listener: once } = listener as Listener & { readonly listener?: unknown }
    // the proof: as above
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

/**
 * The client, whose servers begin each connection with nothing.
 *
 * @internal
 */
export const mended = <Client extends object>(client: Client): Client => {
  // the proof: `servers` is looked at as `unknown`
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

/**
 * Runs what memjs is to send once. It looks at its options when it is called, so they are others just for that long.
 *
 * @internal
 */
export const sentOnce = <A>(client: object, send: () => A): A => {
  // the proof: `options` is looked at as `unknown`
  const { options } = client as { readonly options?: unknown }
  if (!isObject(options) || typeof options['retries'] !== 'number') return send()
  const own = Object.fromEntries(Object.keys(noRetries).map((name) => [name, options[name]]))
  // one that is frozen stays as it is
  const put = (some: Fields): void =>
    Object.entries(some).forEach(([name, value]) => Reflect.set(options, name, value))
  put(noRetries)
  try {
    return send()
  } finally {
    put(own)
  }
}
