/** `npm run test:quick` takes what is quick, and what starts a process, opens a connection or listens fails in it. */
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'

import { describe, expect, test } from '@jest/globals'

const root = path.resolve(__dirname, '..')

/** What a program says that runs in a process of its own. */
const said = (program: string): string =>
  execFileSync(process.execPath, ['--require', 'tsx/cjs', '--eval', program], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', RUNS: '' }
  })

const names = said(`console.log(require('./jest.quick.config.cjs').testMatch.join('\\n'))`)

describe('the quick tests', () => {
  test('are those that import no server, no process and no disk, themselves or through another module', () => {
    for (const name of ['Duration', 'KeyFn', 'laws/store', 'stores/memory/dict', 'simulation/simulation'])
      expect(names).toContain(`/__tests__/${name}.test.ts\n`)
    // servers, a process, servers through a module, the compiler through a module, many files
    for (const name of ['stores/redis/redis', 'quick', 'http/privacy', 'docs/docs', 'stores/files/files']) {
      expect(fs.existsSync(path.join(__dirname, `${name}.test.ts`))).toBe(true)
      expect(names).not.toContain(`/__tests__/${name}.test.ts\n`)
    }
  })

  test.each([
    ['start a process (spawn)', `require('child_process').spawn('true')`],
    ['start a process (execFileSync)', `require('node:child_process').execFileSync('true')`],
    ['open a connection', `require('node:net').connect(1)`],
    ['listen on a port', `require('node:http').createServer().listen(0)`]
  ])('may not %s', (what, program) => {
    const caught = `try { ${program} } catch (e) { console.log(e.message) }; process.exit()`
    expect(said(`require('./__tests__/quick.ts'); ${caught}`)).toContain(`a quick test may not ${what}`)
    // the control: without that file nothing is refused
    expect(said(caught)).toBe('')
  })
})
