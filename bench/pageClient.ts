/** A client that does little: it writes requests on open sockets, and reads the status and the length of an answer only. */
import assert from 'node:assert'
import { once } from 'node:events'
import * as net from 'node:net'

/** Returns the bytes of a request, by its number. */
export type Asking = (i: number) => Buffer

export interface Client {
  /** Makes so many requests. Each connection has one request under way at a time. */
  readonly ask: (n: number) => Promise<void>
  readonly close: () => void
}

const none: Buffer = Buffer.alloc(0)
const endOfHead = Buffer.from('\r\n\r\n')
const endOfChunks = Buffer.from('\r\n0\r\n\r\n')

/** Whether these bytes are a whole answer. */
export const isWhole = (bytes: Buffer): boolean => {
  const at = bytes.indexOf(endOfHead)
  if (at === -1) return false
  const head = bytes.toString('latin1', 0, at)
  assert(head.startsWith('HTTP/1.1 200 '), head)
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? []
  const end = length === undefined ? undefined : at + endOfHead.length + Number(length)
  if (end === undefined) return bytes.subarray(-endOfChunks.length).equals(endOfChunks)
  assert(bytes.length <= end, 'the answer is longer than it says')
  return bytes.length === end
}

export const connected = async (port: number, connections: number, asking: Asking): Promise<Client> => {
  let begun = 0
  let left = 0
  let total = 0
  let done: () => void = () => undefined
  let failed: (cause: unknown) => void = () => undefined
  const next = (socket: net.Socket): void => {
    if (begun === total) return
    socket.write(asking(begun++))
  }
  const sockets = Array.from({ length: connections }, () => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    let bytes: Buffer = none
    socket.on('data', (chunk: Buffer) => {
      try {
        bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
        if (!isWhole(bytes)) return
      } catch (cause) {
        failed(cause)
        return
      }
      bytes = none
      if (--left === 0) done()
      else next(socket)
    })
    socket.on('error', (cause) => failed(cause))
    socket.on('end', () => failed(new Error('the server has closed a connection')))
    return socket
  })
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  return {
    ask: (n) =>
      new Promise((resolve, reject) => {
        done = resolve
        failed = reject
        left = n
        total = begun + n
        for (const socket of sockets) next(socket)
      }),
    close: () => sockets.forEach((socket) => socket.destroy())
  }
}
