/**
 * Runs the blocks of the documentation. Each guide has a process; the examples of several source files share one. The units of a
 * file run one after another. If a shared process reports a problem, each of its files runs again in a process of its own, so that
 * a problem is reported for the file that has it.
 */
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

const seconds = 240

const runTogether = (units: ReadonlyArray<Unit>, env: NodeJS.ProcessEnv): Promise<ReadonlyArray<Problem>> =>
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

/** How many processes run the examples of the source files. They are few, because to load the sources takes most of their time. */
const shares = 4

/** Whether the blocks open nothing that must be closed: no server, and no client of one. */
const isLight = ({ blocks }: Unit): boolean =>
  !blocks.some(({ lines }) => /_URL|createServer|Client\(/.test(lines.join('\n')))

/** The files of each process: one file that opens something, or several that open nothing. */
const groupsOf = (units: ReadonlyArray<Unit>): ReadonlyArray<ReadonlyArray<string>> => {
  const files = [...new Set(units.map(({ file }) => file))]
  const isShared = (name: string): boolean =>
    name.startsWith('src') && units.every((unit) => unit.file !== name || isLight(unit))
  const shared = files.filter(isShared)
  const groups = Array.from({ length: shares }, (_, i) => shared.filter((__, j) => j % shares === i))
  return [
    ...files.filter((file) => !isShared(file)).map((file) => [file]),
    ...groups.filter(({ length }) => length > 0)
  ]
}

export const run = async (
  units: ReadonlyArray<Unit>,
  env: NodeJS.ProcessEnv = {}
): Promise<ReadonlyArray<Problem>> => {
  const runnable = units.filter((unit) => unit.blocks.some((block) => block.run))
  const unitsOf = (files: ReadonlyArray<string>) => runnable.filter(({ file }) => files.includes(file))
  const runGroup = async (files: ReadonlyArray<string>): Promise<ReadonlyArray<Problem>> => {
    const problems = await runTogether(unitsOf(files), env)
    if (problems.length === 0 || files.length === 1) return problems
    const alone: Array<Problem> = []
    for (const file of files) alone.push(...(await runTogether(unitsOf([file]), env)))
    return alone
  }
  const queue = [...groupsOf(runnable)]
  const problems: Array<Problem> = []
  const worker = async () => {
    for (let group = queue.shift(); group !== undefined; group = queue.shift())
      problems.push(...(await runGroup(group)))
  }
  await Promise.all(Array.from({ length: Math.max(2, os.availableParallelism() - 1) }, worker))
  return problems
}
