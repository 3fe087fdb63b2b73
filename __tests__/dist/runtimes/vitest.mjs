// Runs the tests of vitest: node vitest.mjs <folder with the tools>
import path from 'node:path'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(path.join(process.argv[2], 'package.json'))
const { startVitest } = await import(pathToFileURL(require.resolve('vitest/node')).href)
const vitest = await startVitest('test', [], {
  config: false,
  root: process.cwd(),
  watch: false,
  include: ['fakeTimers.vitest.mjs'],
  reporters: ['json'],
  outputFile: 'vitest.json'
})
await vitest.close()
