/** Runs the documentation's blocks: one process per file, the units of a file one after another. */
import { fork } from 'node:child_process'
import * as os from 'node:os'
import * as path from 'node:path'

import ts from 'typescript'

import type { Unit } from './blocks'
import { moduleOf, root } from './blocks'
import type { Problem } from './check'

export interface Compiled {
  readonly id: string
  readonly code: string
}

const compile = (unit: Unit): Compiled => ({
  id: unit.id,
  code: ts.transpileModule(
    moduleOf(
      unit.blocks.filter((block) => block.run),
      (block) => `__reached(${block.line});`
    ),
    {
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2022,
        esModuleInterop: true
      }
    }
  ).outputText
})

const seconds = 60

const runFile = (units: ReadonlyArray<Unit>, env: NodeJS.ProcessEnv): Promise<ReadonlyArray<Problem>> =>
  new Promise((resolve) => {
    const problems: Array<Problem> = []
    let at = { id: units[0]!.id, line: units[0]!.blocks[0]!.line }
    let output = ''
    const reached = new Set<string>()
    const child = fork(path.join(__dirname, 'child.ts'), [], {
      cwd: root,
      execArgv: ['--require', 'tsx/cjs'],
      env: { ...process.env, ...env, TSX_TSCONFIG_PATH: path.join(root, 'tsconfig.json') },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000)
    child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on(
      'message',
      (message: { readonly id: string; readonly line: number; readonly error?: string }) => {
        at = { id: message.id, line: message.line }
        reached.add(`${at.id}:${at.line}`)
        if (message.error !== undefined) problems.push({ ...at, message: message.error })
      }
    )
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      if (signal !== null)
        problems.push({ ...at, message: `still running after ${seconds} s: close what was opened` })
      else if (code !== 0) problems.push({ ...at, message: `exit code ${String(code)}\n${output}` })
      const missed = units.flatMap(({ id, blocks }) =>
        blocks
          .filter((block) => block.run && !reached.has(`${id}:${block.line}`))
          .map(({ line }) => ({ id, line, message: 'not reached' }))
      )
      resolve([...problems, ...missed])
    })
    child.send(units.map(compile))
  })

export const run = async (
  units: ReadonlyArray<Unit>,
  env: NodeJS.ProcessEnv = {}
): Promise<ReadonlyArray<Problem>> => {
  const runnable = units.filter((unit) => unit.blocks.some((block) => block.run))
  const queue = [...new Set(runnable.map((unit) => unit.file))]
  const problems: Array<Problem> = []
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const name = file
      problems.push(
        ...(await runFile(
          runnable.filter((unit) => unit.file === name),
          env
        ))
      )
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, os.availableParallelism() - 1) }, worker))
  return problems
}
