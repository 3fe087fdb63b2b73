/** The process in which the blocks of one file run; started by run.ts. */
import assert from 'node:assert'
import { createRequire } from 'node:module'
import * as path from 'node:path'

import type { Compiled } from './run'

type Module = (...scope: ReadonlyArray<unknown>) => Promise<void>

const AsyncFunction = (async () => undefined).constructor as new (...parts: ReadonlyArray<string>) => Module

const scope = createRequire(path.resolve('block.ts'))

let at = { id: '', line: 0 }

const report = (error?: unknown) => {
  const text = error instanceof Error ? error.stack ?? error.message : String(error)
  process.send?.(error === undefined ? at : { ...at, error: text })
}

process.on('unhandledRejection', report)
process.on('uncaughtException', report)

process.once('message', (units: ReadonlyArray<Compiled>) => {
  const runAll = async () => {
    for (const { id, code } of units) {
      at = { id, line: 0 }
      const reached = (line: number) => {
        at = { id, line }
        report()
      }
      const exports = {}
      try {
        await new AsyncFunction('require', 'module', 'exports', 'assert', '__reached', code)(
          scope,
          { exports },
          exports,
          assert,
          reached
        )
      } catch (error) {
        report(error ?? 'rejected')
      }
    }
    process.disconnect()
  }
  void runAll()
})
