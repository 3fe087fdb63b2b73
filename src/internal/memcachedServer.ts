/**
 * One memcached, with the connection to it: made when it is first needed, and made anew after it was lost.
 *
 * There is no timer behind it. A server that cannot be reached is asked again by whoever needs it, after a pause that
 * doubles (50 ms to 2 s, by chance up to half shorter); until then every call fails at once. The same goes for the
 * connections of `lines`, of which a server has one for each command.
 *
 * @internal
 */
import type { Socket } from 'node:net'

import { type Address, connect, type Connection, connectionOver, type Limits } from './memcachedConnection'
import { failure, hasCode, timedOut } from './memcachedErrors'
import type { MemcachedReply, MemcachedRequest } from './memcachedProtocol'
import { makeTurns } from './queues'
import { longestTimer } from './timer'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

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

/** @internal */
export interface OwnServer extends MemcachedServer {
  readonly close: () => Promise<void>
}

// -------------------------------------------------------------------------------------
// a server
// -------------------------------------------------------------------------------------

const shortestPause = 50
const longestPause = 2_000

interface Pause {
  /** Throws where nothing is to be connected yet. */
  readonly check: () => void
  readonly after: (cause: unknown) => void
  readonly over: () => void
}

const makePause = (): Pause => {
  let failures = 0
  let ends = 0
  let lastFailure: unknown
  return {
    check: () => {
      if (performance.now() < ends) throw failure('EOFFLINE', 'memcached cannot be reached', lastFailure)
    },
    after: (cause) => {
      const pause = Math.min(longestPause, shortestPause * 2 ** failures)
      failures = Math.min(failures + 1, 10)
      ends = performance.now() + pause * (0.5 + Math.random() / 2)
      lastFailure = cause
    },
    over: () => void (failures = 0)
  }
}

/** @internal */
export const makeServer = (address: Address, timeout: number, limits: Limits): OwnServer => {
  let current: Connection | undefined
  let attempt: Promise<Connection> | undefined
  let waiting = 0
  let isClosed = false
  const sockets = new Set<Socket>()
  const pause = makePause()
  const linesPause = makePause()
  const turns = makeTurns()

  const closed = (): Error => failure('ECLOSED', 'the client is closed')

  const opened = async (): Promise<Connection> => {
    try {
      const socket = await connect(address, timeout)
      if (isClosed) {
        socket.destroy()
        throw closed()
      }
      const connection = connectionOver(socket, limits)
      // one that was lost before it answered anything is no better than none
      socket.once('close', () => {
        if (connection.isProven()) pause.over()
        else pause.after(failure('ECLOSED', 'the connection was lost before it answered'))
      })
      return (current = connection)
    } catch (cause) {
      pause.after(cause)
      throw cause
    } finally {
      attempt = undefined
    }
  }
  const open = async (asked: number): Promise<Connection> => {
    if (isClosed) throw closed()
    if (attempt === undefined) {
      pause.check()
      attempt = opened()
    }
    if (waiting > 0 && waiting + asked > limits.maxPending) {
      throw failure('EBUSY', 'too much waits for memcached already')
    }
    waiting += asked
    try {
      return await attempt
    } finally {
      waiting -= asked
    }
  }
  const connected = (): Connection | undefined =>
    current?.isOpen() === true && !isClosed ? current : undefined

  const readAll = async (command: string, onLine: (line: string) => void): Promise<void> => {
    const socket = await connect(address, timeout)
    sockets.add(socket)
    try {
      if (isClosed) throw closed()
      await readLines(socket, command, onLine, timeout)
    } finally {
      sockets.delete(socket)
      socket.destroy()
    }
  }
  const lines: MemcachedServer['lines'] = (command, onLine) =>
    turns(command, async () => {
      if (isClosed) throw closed()
      pause.check()
      linesPause.check()
      let answered = 0
      try {
        await readAll(command, (line) => {
          answered++
          onLine(line)
        })
        linesPause.over()
      } catch (cause) {
        // what is refused was answered, too
        if (answered > 0 || hasCode(cause, 'EREFUSED') || hasCode(cause, 'EBUSY')) linesPause.over()
        else linesPause.after(cause)
        throw cause
      }
    })

  return {
    ask: (requests) => {
      const due = performance.now() + timeout
      const connection = connected()
      return connection === undefined
        ? open(requests.length).then((made) => made.ask(requests, due))
        : connection.ask(requests, due)
    },
    session: async () => {
      const connection = connected() ?? (await open(1))
      return { ask: (requests) => connection.ask(requests, performance.now() + timeout) }
    },
    lines,
    close: async () => {
      isClosed = true
      for (const socket of sockets) socket.destroy()
      await attempt?.catch(() => undefined)
      await current?.close(timeout)
    }
  }
}

/** More than a line has: a key that was percent-encoded twice, and some numbers. */
const longestLine = 4_096

/** Lines until `END`. Each of them has the whole time. */
const readLines = (
  socket: Socket,
  command: string,
  onLine: (line: string) => void,
  timeout: number
): Promise<void> =>
  new Promise((resolve, reject) => {
    let begun = ''
    let count = 0
    const late = (): void => {
      const seen = count
      // what already waits in the socket is read first
      setImmediate(() => {
        if (count === seen) reject(timedOut())
      })
    }
    const timer = timeout === Infinity ? undefined : setTimeout(late, Math.min(timeout, longestTimer)).unref()
    const take = (text: string): void => {
      const parts = (begun + text).split('\n')
      begun = parts.pop() ?? ''
      if (begun.length > longestLine) {
        return reject(failure('EPROTO', 'memcached answered something else than it was asked'))
      }
      count += parts.length
      if (parts.length > 0) timer?.refresh()
      for (const part of parts) {
        const line = part.endsWith('\r') ? part.slice(0, -1) : part
        if (line === 'END') return resolve()
        if (/^(?:ERROR|CLIENT_ERROR|SERVER_ERROR|BUSY)\b/.test(line)) {
          return reject(failure(line.startsWith('BUSY') ? 'EBUSY' : 'EREFUSED', `memcached refused: ${line}`))
        }
        onLine(line)
      }
    }
    socket.on('close', () => {
      clearTimeout(timer)
      reject(failure('ECLOSED', 'the connection was lost'))
    })
    socket.on('error', reject)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      // what is thrown here would end the process
      try {
        take(text)
      } catch (cause) {
        reject(cause instanceof Error ? cause : new Error(String(cause)))
      }
    })
    socket.write(`${command}\r\n`)
  })
