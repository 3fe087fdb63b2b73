import { spawn } from 'node:child_process'

import { expect, test } from '@jest/globals'

import { ensureBinary, eventually, onNode, startRedis } from './servers'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a program that cannot be had is one message that says what to do', () => {
  expect(() => ensureBinary('sh')).not.toThrow()
  expect(() => ensureBinary('no-such-program')).toThrow(/no-such-program.*apt-get install/)
})

test('a server comes back on its port, empty, and leaves nothing behind', async () => {
  const server = await startRedis()
  const first = server.pid()
  await onNode(server, (send) => send('SET', 'k', 'v'))
  await server.restart()
  expect(isAlive(first)).toBe(false)
  expect(await onNode(server, (send) => send('EXISTS', 'k'))).toBe('0')
  const second = server.pid()
  await server.stop()
  expect(isAlive(second)).toBe(false)
})

test('a server ends with the process that started it, however that ends', async () => {
  const script = `
    import { startRedis } from './__tests__/integration/servers'
    void startRedis().then((server) => {
      server.pause()
      console.log(server.pid())
    })
    setInterval(() => undefined, 1_000)
  `
  const child = spawn('npx', ['tsx', '--input-type=commonjs', '-e', script], { detached: true })
  const pid = await new Promise<number>((resolve) =>
    child.stdout.once('data', (line: Buffer) => resolve(Number(line.toString())))
  )
  expect(isAlive(pid)).toBe(true)
  // all of the group: npx, tsx and node; the server is not in it
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await eventually('the server is gone', () => Promise.resolve(!isAlive(pid)), 5_000)
}, 30_000)
