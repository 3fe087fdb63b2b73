/** A server whose handler rejects, behind pages: it says what is unhandled, and ends. */
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'

import { dict } from '../../../src'
import { pageMiddleware } from '../../../src/http'

const pages = pageMiddleware({ store: dict<Uint8Array>() })
process.on('unhandledRejection', (cause) => {
  console.log(String(cause))
  process.exit(7)
})
const next = async (): Promise<never> => {
  throw new Error('a bug')
}
const server = http.createServer((req, res) => pages(req, res, next as () => void))
server.listen(0, '127.0.0.1', () => {
  // SAFETY: it listens to a port
  const { port } = server.address() as AddressInfo
  http.get({ port, host: '127.0.0.1' }).on('error', () => undefined)
})
setTimeout(() => process.exit(8), 15_000)
