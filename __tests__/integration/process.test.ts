import { spawn } from 'node:child_process'
import * as path from 'node:path'

import { expect, jest, test } from '@jest/globals'

jest.setTimeout(60_000)

const run = (
  program: string
): Promise<{ readonly code: number | null; readonly out: string; readonly ms: number }> =>
  new Promise((resolve) => {
    const start = Date.now()
    const child = spawn(process.execPath, ['--import', 'tsx', path.join(__dirname, 'programs', program)], {
      // what faults are warned of is tested elsewhere
      env: { ...process.env, NODE_OPTIONS: '--disable-warning=FpRingWarning' }
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.on('close', (code) => resolve({ code, out, ms: Date.now() - start }))
  })

test('law 30: no unhandled rejection, whatever fails', async () => {
  const { code, ms, out } = await run('background.ts')
  expect(out.trim().split('\n')).toStrictEqual([...Array<string>(4).fill('caught caught true'), 'end'])
  expect(code).toBe(0)
  expect(ms).toBeLessThan(30_000)
})
