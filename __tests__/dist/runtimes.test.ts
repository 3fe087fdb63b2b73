/**
 * The packed tarball in every runtime that it is for: one small program, and what each of them is known to do differently.
 */
import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

import { executable, home as tools, missing, type Tool } from './runtimes/tools'

const exec = promisify(execFile)

const root = path.resolve(__dirname, '../..')
const programs = path.join(__dirname, 'runtimes')
const peers = ['fp-ts', 'io-ts', 'lru-cache', 'cbor-x', 'fast-check', 'pure-rand', '@noble', '@jest']

/** What the program shows, in its order. */
const shown = [
  'a ring over dict',
  'a ring over lru, by its lifetime',
  'keys',
  'codecs',
  'Policy.timeout',
  'Policy.storeTimeout',
  'Policy.staleWhileRevalidate',
  'tiers, batches, tags and leases',
  'a page'
]

/** Skipped by name, with the reason in the name, where a tool does not exist for this machine. */
const where = (names: ReadonlyArray<Tool>, name: string, test: () => Promise<void>): void => {
  const why = missing(...names)
  if (why === undefined) it(name, test, 120_000)
  else it.skip(`${name}: skipped, ${why}`, () => undefined)
}

describe('the packed tarball', () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'fp-ring-runtimes-'))
  const installed = path.join(home, 'node_modules/fp-ring')
  const run = async (command: string, ...args: ReadonlyArray<string>): Promise<ReadonlyArray<string>> =>
    (await exec(command, args, { cwd: home, timeout: 100_000 })).stdout.trim().split('\n')
  const link = (name: string, from: string): void => {
    const to = path.join(home, 'node_modules', name)
    fs.rmSync(to, { force: true })
    fs.symlinkSync(from, to)
  }

  beforeAll(async () => {
    fs.mkdirSync(installed, { recursive: true })
    const packed = await exec('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', home], {
      cwd: root
    })
    const [{ filename }] = Object.values(
      JSON.parse(packed.stdout) as Record<string, { readonly filename: string }>
    ) as [{ readonly filename: string }]
    await exec('tar', ['-xzf', path.join(home, filename), '-C', installed, '--strip-components', '1'])
    for (const name of peers) link(name, path.join(root, 'node_modules', name))
    fs.writeFileSync(path.join(home, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    for (const name of fs.readdirSync(programs).filter((name) => /\.[mc]js$/.test(name)))
      fs.copyFileSync(path.join(programs, name), path.join(home, name))
  }, 60_000)

  afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

  describe('runs the program', () => {
    it(`in this Node, ${process.version}`, async () => {
      expect(await run(process.execPath, 'host.mjs')).toEqual(shown)
    }, 60_000)

    for (const name of ['node20', 'node22', 'node24'] as const)
      where([name], `in ${name}`, async () => {
        const [version] = await run(executable(name), '--version')
        expect(version).toMatch(new RegExp(`^v${name.slice('node'.length)}\\.`))
        expect(await run(executable(name), 'host.mjs')).toEqual(shown)
      })

    where(['bun'], 'in Bun', async () => {
      expect(await run(executable('bun'), 'run', 'host.mjs')).toEqual(shown)
    })

    where(['deno'], 'in Deno, without rights', async () => {
      const args = [
        'run',
        '--no-prompt',
        '--allow-read',
        '--allow-env',
        '--node-modules-dir=manual',
        'host.mjs'
      ]
      expect(await run(executable('deno'), ...args)).toEqual(shown)
    })

    for (const bundler of ['esbuild', 'vite'] as const)
      where(
        [bundler, 'node22'],
        `bundled by ${bundler}, in a page that has the web's interfaces alone`,
        async () => {
          const bundle = path.join(home, `${bundler}.cjs`)
          await run(executable('node22'), 'bundle.mjs', tools, bundler, bundle)
          expect(await run(executable('node22'), 'web.mjs', bundle)).toEqual(shown)
        }
      )
  })

  it('a page that has the web’s interfaces alone has nothing of Node, as a bundle sees it', async () => {
    const names = ['process', 'Buffer', 'setImmediate', 'require', 'globalThis.process', 'globalThis.Buffer']
    const kinds = names.map((name) => `typeof ${name}`).join()
    const numbers = 'typeof setTimeout(() => {}, 0), typeof globalThis.setTimeout(() => {}, 0)'
    fs.writeFileSync(path.join(home, 'planted.cjs'), `exports.run = async () => [${kinds}, ${numbers}]`)
    const seen = await run(process.execPath, 'web.mjs', path.join(home, 'planted.cjs'))
    expect(seen).toEqual([...names.map(() => 'undefined'), 'number', 'number'])
  }, 60_000)

  describe('as a Worker', () => {
    for (const [date, ...flags] of [['2026-07-01'], ['2026-07-01', 'nodejs_compat'], ['2024-09-01']] as const)
      where(['miniflare', 'esbuild', 'node22'], `of ${[date, ...flags].join(', ')}`, async () => {
        const [said = ''] = await run(executable('node22'), 'miniflare.mjs', tools, date, ...flags)
        expect(JSON.parse(said)).toEqual({
          program: shown,
          shared: '1,1', // requests share a load
          ended: '1,1,1', // a load in the background ends with its request
          lasting: '1,1,2', // unless it is given to `waitUntil`
          page: '1,1,2'
        })
      })
  })

  where(['vitest', 'node22'], 'is moved by the fake timers of vitest', async () => {
    link('vitest', path.join(tools, 'node_modules/vitest'))
    await run(executable('node22'), 'vitest.mjs', tools)
    const said = JSON.parse(fs.readFileSync(path.join(home, 'vitest.json'), 'utf8')) as {
      readonly numPassedTests: number
      readonly numTotalTests: number
    }
    expect(said).toMatchObject({ numPassedTests: 6, numTotalTests: 6 })
  })

  where(
    ['lru-cache-lowest'],
    'keeps the laws of a store over the oldest lru-cache of its range',
    async () => {
      const { version } = JSON.parse(
        fs.readFileSync(path.join(executable('lru-cache-lowest'), 'package.json'), 'utf8')
      ) as { readonly version: string }
      const { peerDependencies } = JSON.parse(
        fs.readFileSync(path.join(installed, 'package.json'), 'utf8')
      ) as { readonly peerDependencies: Readonly<Record<string, string>> }
      expect(peerDependencies['lru-cache']).toBe(`^${version}`)
      link('lru-cache', executable('lru-cache-lowest'))
      try {
        const [kept = '', ...broken] = await run(process.execPath, 'lruLaws.mjs')
        expect(broken).toEqual([])
        expect(Number.parseInt(kept)).toBeGreaterThan(50)
      } finally {
        link('lru-cache', path.join(root, 'node_modules/lru-cache'))
      }
    }
  )

  for (const name of ['node22', 'node24'] as const)
    where([name], `keeps entries in the node:sqlite of ${name}`, async () => {
      expect(await run(executable(name), 'sqlite.mjs')).toEqual(['ok'])
    })
})
