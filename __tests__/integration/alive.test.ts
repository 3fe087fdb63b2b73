/** Law 36: what a caller's answer depends on keeps the process alive until then; what runs in the background does not. */
import { spawn } from 'node:child_process'
import { type AddressInfo, createServer, type Server } from 'node:net'
import * as path from 'node:path'

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'

jest.setTimeout(120_000)

let silent: Server
let address = ''
beforeAll(async () => {
  silent = createServer((socket) => {
    socket.resume()
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  // SAFETY: it listens on a port
  address = `127.0.0.1:${String((silent.address() as AddressInfo).port)}`
})
afterAll(() => {
  silent.close()
})

const run = (
  what: string
): Promise<{ readonly code: number | null; readonly out: string; readonly ms: number }> =>
  new Promise((resolve) => {
    const start = Date.now()
    const program = path.join(__dirname, 'programs', 'alive.ts')
    const child = spawn(process.execPath, ['--import', 'tsx', program, what, address], {
      // what faults are warned of is tested elsewhere
      env: { ...process.env, NODE_OPTIONS: '--disable-warning=FpRingWarning' }
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.on('close', (code) => resolve({ code, out, ms: Date.now() - start }))
  })

describe('law 36: a caller is answered before the process ends', () => {
  test.each([
    ['timeout', 'TimeoutError'],
    ['timeout of a bulk', 'TimeoutError'],
    ['timeout of a bulk that reads', 'TimeoutError'],
    ['softTimeout', 'right'],
    ['deadline of the ring', 'right'],
    ['deadline of a command', 'StoreError'],
    ['deadline of a store', 'StoreError'],
    ['deadline of memcached', 'StoreError'],
    ['wait for a lease', 'right'],
    ['drain', 'false']
  ])('%s', async (what, answer) => {
    const { code, out } = await run(what)
    expect([code, out]).toStrictEqual([0, `answered ${answer}\nend of ${what}\n`])
  })
})

describe('law 36: nobody waits for what runs in the background', () => {
  // each of them would hold the process for a minute at least
  test.each([
    'a refresh over a store that hangs',
    'a refresh whose function does not end',
    'a renewal of a lease',
    'a load that a caller has left',
    'a client of memcached with nothing to do'
  ])('%s', async (what) => {
    const { code, ms, out } = await run(what)
    expect([code, out]).toStrictEqual([0, `end of ${what}\n`])
    expect(ms).toBeLessThan(45_000)
  })
})
