/** The Redis server that some of the documentation talks to: `REDIS_URL`, or one started for the time of the run. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as net from 'node:net'
import * as os from 'node:os'
import * as path from 'node:path'
import { setTimeout } from 'node:timers/promises'

import type { Unit } from './blocks'

const freePort = async (): Promise<number> => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  return port
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('data', () => resolve(socket.end() instanceof net.Socket))
    socket.once('error', () => resolve(false))
  })

export const withRedis = async <A>(use: (env: NodeJS.ProcessEnv) => Promise<A>): Promise<A> => {
  if (process.env.REDIS_URL !== undefined) return use({})
  const port = await freePort()
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'fp-ring-docs-'))
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory]
  const server = spawn('redis-server', args, { stdio: 'ignore' })
  let failure: unknown
  server.once('error', (error) => (failure = error))
  try {
    for (let i = 0; !(await answers(port)); i++) {
      if (failure !== undefined || i === 100)
        throw new Error('redis-server does not start', { cause: failure })
      await setTimeout(50)
    }
    return await use({ REDIS_URL: `redis://127.0.0.1:${port}` })
  } finally {
    if (server.exitCode === null && server.kill()) await once(server, 'exit')
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

const needsRedis = (units: ReadonlyArray<Unit>): boolean =>
  units.some((unit) => unit.blocks.some((block) => block.run && /\bREDIS_URL\b/.test(block.lines.join('\n'))))

/** With the servers that the units ask for, and no others. */
export const withServers = <A>(
  units: ReadonlyArray<Unit>,
  use: (env: NodeJS.ProcessEnv) => Promise<A>
): Promise<A> => (needsRedis(units) ? withRedis(use) : use({}))
