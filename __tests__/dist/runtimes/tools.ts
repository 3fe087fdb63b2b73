/**
 * The runtimes and bundlers that the package is tried in. They are too large to be dependencies of the repository: they are
 * installed into `.cache/runtimes`, once. What does not exist for this machine is skipped, and said so by name. A registry
 * that cannot be reached is no reason to skip anything: it ends the run, and `FP_RING_RUNTIMES=none` skips all of them.
 */
import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** Where the tools are installed. */
export const home = path.resolve(__dirname, '../../../.cache/runtimes')
const state = path.join(home, 'installed.json')

const cpu = process.arch
const platform = `${process.platform}-${cpu}`
const bunCpu = cpu === 'arm64' ? 'aarch64' : cpu
const libc = process.platform === 'linux' ? '-glibc' : ''

/** By the names under which they are installed. */
export const tools = {
  // the oldest Node that the package supports has no `process.getBuiltinModule`
  node20: `npm:node-${platform}@20.0.0`,
  node22: `npm:node-${platform}@22.23.5`,
  node24: `npm:node-${platform}@24.22.3`,
  bun: `npm:@oven/bun-${process.platform}-${bunCpu}@1.4.5`,
  deno: `npm:@deno/${platform}${libc}@2.9.6`,
  miniflare: '4.20260730.0',
  esbuild: '0.28.2',
  vite: '8.4.0',
  vitest: '5.1.2',
  'lru-cache-lowest': 'npm:lru-cache@11.2.0'
} as const

/** @internal */
export type Tool = keyof typeof tools

interface State {
  readonly specs: Readonly<Record<string, string>>
  /** Those that do not exist for this machine, and how that is known. */
  readonly skipped: Readonly<Partial<Record<Tool, string>>>
}

const npm = (...args: ReadonlyArray<string>) =>
  exec(
    'npm',
    [...args, '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--loglevel=error'],
    {
      cwd: home,
      timeout: 280_000
    }
  )

/** What npm says where the registry has answered, and has no such thing. */
const isRefusal = (said: string): string | undefined =>
  /\b(E404|ETARGET|EBADPLATFORM|ENOTSUP)\b/.exec(said)?.[1]

const saidBy = (cause: unknown): string =>
  (cause as { readonly stderr?: string }).stderr ?? (cause as Error).message

const install = async (): Promise<State> => {
  fs.rmSync(home, { recursive: true, force: true })
  fs.mkdirSync(home, { recursive: true })
  fs.writeFileSync(path.join(home, 'package.json'), JSON.stringify({ private: true }))
  const specs = Object.entries(tools).map(([name, spec]) => `${name}@${spec}`)
  const skipped: Partial<Record<Tool, string>> = {}
  try {
    await npm('install', ...specs)
  } catch (cause) {
    if (isRefusal(saidBy(cause)) === undefined) throw unreachable(cause)
    for (const [name, spec] of Object.entries(tools)) {
      try {
        await npm('install', `${name}@${spec}`)
      } catch (one) {
        const refusal = isRefusal(saidBy(one))
        if (refusal === undefined) throw unreachable(one)
        skipped[name as Tool] = `${spec} is not to be had for ${platform} (${refusal})`
      }
    }
  }
  return { specs: tools, skipped }
}

const unreachable = (cause: unknown): Error =>
  new Error(
    `the runtimes could not be installed; set FP_RING_RUNTIMES=none to do without them\n${saidBy(cause)}`
  )

const readState = (): State | undefined =>
  fs.existsSync(state) ? (JSON.parse(fs.readFileSync(state, 'utf8')) as State) : undefined

/** Before the tests are collected, so that what is skipped can be named. */
export default async (): Promise<void> => {
  if (process.env['FP_RING_RUNTIMES'] === 'none') return
  const known = readState()
  if (JSON.stringify(known?.specs) === JSON.stringify(tools)) return
  fs.writeFileSync(state, JSON.stringify(await install()))
}

/** Why one of some tools is missing; nothing where all are there. */
export const missing = (...names: ReadonlyArray<Tool>): string | undefined => {
  if (process.env['FP_RING_RUNTIMES'] === 'none') return 'FP_RING_RUNTIMES=none'
  const { skipped = {} } = readState() ?? {}
  return names.map((name) => skipped[name]).find((why) => why !== undefined)
}

const executables: Readonly<Partial<Record<Tool, string>>> = {
  node20: 'bin/node',
  node22: 'bin/node',
  node24: 'bin/node',
  bun: 'bin/bun',
  deno: 'deno'
}

/** @internal */
export const executable = (name: Tool): string =>
  path.join(home, 'node_modules', name, executables[name] ?? '')
