/**
 * One memcached and its connection, which is made at the first use, and made again after it was lost.
 *
 * There is no timer for that. The next use after a pause connects again to a server that could not be reached. The
 * pause doubles (50 ms to 2 s, at random up to half shorter); during it every call fails at once. The same applies to
 * the connections of `lines`; a server has one for each command.
 *
 * @internal
 */
import type { Socket } from 'node:net'

import { failure, hasCode, timedOut } from '../../base/errorCode'
import { makeTurns } from '../../base/queues'
import { restartAlarm, setAlarm, stopAlarm } from '../../base/timer'
import { type Connection, connectionOver, type Limits } from './connection'
import type { MemcachedServer } from './model'
import { type Address, connect } from './socket'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

export interface OwnServer extends MemcachedServer {
  readonly close: () => Promise<void>
}

// -------------------------------------------------------------------------------------
// a server
// -------------------------------------------------------------------------------------

const shortestPause = 50
const longestPause = 2_000

interface Pause {
  /** Throws during the pause. */
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
      // a connection that was lost before its first answer counts as a failure
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
        // a refusal is also an answer
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

/** Longer than any line: a key that was percent-encoded twice, and some numbers. */
const longestLine = 4_096

/** Lines until `END`. Each line has the full timeout. */
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
      // received data is read first
      setImmediate(() => {
        if (count === seen) reject(timedOut('memcached'))
      })
    }
    const alarm = setAlarm(timeout, late, 'waited')
    const take = (text: string): void => {
      const parts = (begun + text).split('\n')
      begun = parts.pop() ?? ''
      if (begun.length > longestLine) {
        return reject(failure('EPROTO', 'memcached answered something else than it was asked'))
      }
      count += parts.length
      if (parts.length > 0) restartAlarm(alarm)
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
      stopAlarm(alarm)
      reject(failure('ECLOSED', 'the connection was lost'))
    })
    socket.on('error', reject)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      // an exception here would end the process
      try {
        take(text)
      } catch (cause) {
        reject(cause instanceof Error ? cause : new Error(String(cause)))
      }
    })
    socket.write(`${command}\r\n`)
  })
