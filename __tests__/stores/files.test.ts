import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll } from '@jest/globals'

import { files } from '../../src/stores/files'
import { byteExtremes, byteValues, equalBytes, storeLaws } from '../laws/store'

const home = mkdtempSync(join(tmpdir(), 'fp-ring-files-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const values = { values: byteValues, extremes: byteExtremes, equals: equalBytes }
storeLaws('files', () => files({ directory: join(home, 'system') }), values)

/** A clock that is turned by hand. */
let now = Date.now()
storeLaws('files by another clock', () => files({ directory: join(home, 'manual'), clock: { now: () => now } }), {
  ...values,
  instant: true,
  wait: async (ms) => void (now += ms),
  numRuns: 60
})
