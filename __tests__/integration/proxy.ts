/**
 * A TCP proxy that spoils what goes through it: toxics after those of Toxiproxy.
 */
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

import { sleep } from './servers'

/** What happens to the answers of the server. */
export interface Toxics {
  /** Milliseconds that every piece is late. */
  latency: number
  /** Bytes that a piece has at most; 0: as it comes. */
  slice: number
  /** Nothing gets through, and nothing is closed: a connection that is half open. */
  swallow: boolean
  /** What becomes of a piece. */
  change: (piece: Buffer) => Buffer
}

export interface Proxy {
  readonly port: number
  readonly toxics: Toxics
  /** Resets every connection (RST). */
  readonly reset: () => void
  /** How many connections there are. */
  readonly count: () => number
  readonly close: () => Promise<void>
}

const unchanged = (piece: Buffer): Buffer => piece

export const healthy: Readonly<Toxics> = { latency: 0, slice: 0, swallow: false, change: unchanged }

export const startProxy = async (to: number): Promise<Proxy> => {
  const toxics: Toxics = { ...healthy }
  const sockets = new Set<Socket>()

  const pump = (far: Socket, near: Socket): void => {
    let last = Promise.resolve()
    far.on('data', (data: Buffer) => {
      if (toxics.swallow) return
      const { latency, slice } = toxics
      const piece = toxics.change(data)
      last = last.then(async () => {
        if (latency > 0) await sleep(latency)
        if (slice === 0) return void near.write(piece)
        for (let i = 0; i < piece.length && !near.destroyed; i += slice) {
          near.write(piece.subarray(i, i + slice))
          // each on its own way: the other side is to read it before the next comes
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
    })
  }
  const server = createServer((near) => {
    const far = createConnection(to, '127.0.0.1')
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (data) => {
      if (!toxics.swallow) far.write(data)
    })
    pump(far, near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    // SAFETY: it listens on a port
    port: (server.address() as AddressInfo).port,
    toxics,
    reset: () => {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    count: () => sockets.size / 2,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
