/** The demo does what it says, ends by itself, and says so with its exit code. */
import { execFile } from 'node:child_process'

import { describe, expect, jest, test } from '@jest/globals'
import * as T from 'fp-ts/Task'

import { newWatch, runStep, step } from '../../examples/demo/step'

interface Ended {
  readonly code: number | string | null | undefined
  readonly out: string
  readonly err: string
}

const demo = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', 'examples/demo.ts', ...args],
      { env: { ...process.env, ...env }, timeout: 60_000 },
      (failure, out, err) => resolve({ code: failure === null ? 0 : failure.code, out, err })
    )
  })

describe.each([
  ['in memory', [], 'this process'],
  ['on Redis', ['--redis'], 'Redis']
])('the demo %s', (_, args, where) => {
  test('shows what it says', async () => {
    const { code, err, out } = await demo(args)
    expect(err).toBe('')
    expect(out).not.toContain('✗')
    expect(code).toBe(0)

    expect(out).toContain(where)
    const lines = out.split('\n').map((line) => line.replace(/ {2,}/g, ' ').replace(/ \d+\.\d\d /, ' '))
    for (const line of [
      "✓ country('CHE') miss · load · store 1 Switzerland",
      "✓ country('CHE') hit Switzerland",
      "✓ country.execute('CHE') — 1 Switzerland",
      "✓ country.update('KAZ') load · store 1 Nur-Sultan",
      "✓ country.delete('KAZ') delete done",
      "✓ country('JPN'), 1,000 at once miss · 999 shared · load · store 1 1,000 × JPN",
      '✓ country.getOrUpdateMany(12 codes) 3 hit · 9 miss · 9 load · 9 store 1 12, in order',
      "✓ country('XXX') miss · failed load 1 left NotFound",
      "✓ country('IDN') + .delete('IDN') miss · delete · load · discard 1 Jakarta",
      "✓ versioned('CHE') miss · load · store 1 41,284 km²",
      "✓ unversioned('CHE') invalid · miss · load · store 1 41,284 km²"
    ]) {
      expect(lines).toContain(line)
    }
    expect(out).toContain('{"name":{"common":"Switzerland"},"cca3":"CHE","capital":["Bern"],"area":41284}')
    expect(out).toMatch(/✓ (\d+) of \1 lines are as they should be · [\d,]+ reads/)

    expect(out).not.toContain('\u001b')
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  }, 90_000)
})

test('without a server it says what to do, and nothing else', async () => {
  const { code, err, out } = await demo(['--redis'], { REDIS_URL: '', PATH: '/nowhere' })
  expect([code, out]).toEqual([1, ''])
  expect(err).toBe('--redis needs a server: set REDIS_URL, or put redis-server on PATH\n')
}, 90_000)

test('of a server that does not answer it says so, without its password', async () => {
  const { code, err, out } = await demo(['--redis'], { REDIS_URL: 'redis://user:secret@127.0.0.1:1' })
  expect([code, out]).toEqual([1, ''])
  expect(err).toMatch(/^REDIS_URL does not answer: .*\n$/)
  expect(err).not.toContain('secret')
}, 90_000)

test('a step that is not as it should be is seen', async () => {
  const log = jest.spyOn(console, 'log').mockReturnValue(undefined)
  const run = (ring: string, http: number, answer: string) =>
    runStep(newWatch(() => 0))(step('call', ring, http, answer, T.of('answer')))()
  expect(await run('—', 0, 'answer')).toBe(true)
  expect(await run('hit', 0, 'answer')).toBe(false)
  expect(await run('—', 1, 'answer')).toBe(false)
  expect(await run('—', 0, 'another')).toBe(false)
  expect(log.mock.calls.flat().join('\n')).toContain('should have been')
  log.mockRestore()
})
