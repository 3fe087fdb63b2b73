/**
 * A cable that can be cut without a word: its connections stay open, and nothing goes through.
 */
import type { AddressInfo } from 'node:net'
import { createConnection, createServer, type Socket } from 'node:net'

export interface Cable {
  readonly port: number
  /** How many connections have ever been made. */
  readonly connections: () => number
  readonly swallow: (is: boolean) => void
  /** Ends all connections. */
  readonly cut: () => void
  readonly stop: () => void
}

export const startCable = async (to: number): Promise<Cable> => {
  let swallows = false
  let count = 0
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    count++
    const far = createConnection(to, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(one)
      one.on('error', () => undefined)
      one.on('data', (data) => {
        if (!swallows) other.write(data)
      })
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => sockets.forEach((socket) => socket.destroy())
  return {
    port: (server.address() as AddressInfo).port, // SAFETY: it listens on a port
    connections: () => count,
    swallow: (is) => void (swallows = is),
    cut,
    stop: () => {
      cut()
      server.close()
    }
  }
}
