/**
 * What a connection has to write. The requests of one tick are written to the socket together.
 *
 * @internal
 */
import type { Socket } from 'node:net'

export type Part = string | Uint8Array

export interface Outbox {
  /** Writes the parts in the next tick, after those that were added before. */
  readonly add: (parts: ReadonlyArray<Part>) => void
  /** How many bytes are not written yet. The socket may still hold others. */
  readonly bytes: () => number
  readonly discard: () => void
}

const write = (socket: Socket, parts: ReadonlyArray<Part>): void => {
  if (parts.every((part) => typeof part === 'string')) {
    socket.write(parts.length === 1 ? parts[0] ?? '' : parts.join(''))
    return
  }
  socket.cork()
  for (const part of parts) socket.write(part)
  socket.uncork()
}

export const makeOutbox = (socket: Socket): Outbox => {
  let out: Array<Part> = []
  let bytes = 0
  const discard = (): void => {
    out = []
    bytes = 0
  }
  const flush = (): void => {
    const parts = out
    if (parts.length === 0) return
    discard()
    write(socket, parts)
  }
  return {
    add: (parts) => {
      if (out.length === 0) process.nextTick(flush)
      for (const part of parts) {
        out.push(part)
        bytes += part.length
      }
    },
    bytes: () => bytes,
    discard
  }
}
