/**
 * The packed tarball, installed into an empty folder, as its users meet it: imported, required, type-checked and
 * bundled. The peers are those of the repository; nothing is downloaded.
 */
import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { rollup } from 'rollup'

const exec = promisify(execFile)

const root = path.resolve(__dirname, '../..')
const consumers = path.join(__dirname, 'consumers')
/** The programs of the README, each of which has to run as it stands. */
const programs = [
  ...fs.readFileSync(path.join(root, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)
].map((block) => block[1]!)

const peers = ['fp-ts', 'io-ts', 'lru-cache', 'redis', 'cbor-x', 'fast-check', 'memjs']

/** What the peers need themselves, and their types. */
const links = [
  ...peers,
  '@noble',
  '@redis',
  '@types',
  'undici-types',
  'cluster-key-slot',
  'pure-rand',
  '@photostructure',
  'node-gyp-build'
]

describe('the packed tarball', () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'fp-ring-dist-'))
  const installed = path.join(home, 'node_modules/fp-ring')
  const manifest = () =>
    JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8')) as {
      readonly exports: Readonly<Record<string, unknown>>
    }
  const node = (...args: ReadonlyArray<string>) =>
    exec(process.execPath, args, { cwd: home, timeout: 120_000 })

  beforeAll(async () => {
    const { stdout } = await exec('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', home], {
      cwd: root
    })
    // npm ≤ 11 prints a list, later ones may print a record by name
    const [packed] = Object.values(JSON.parse(stdout) as Record<string, { readonly filename: string }>)
    fs.mkdirSync(installed, { recursive: true })
    await exec('tar', ['-xzf', path.join(home, packed!.filename), '-C', installed, '--strip-components', '1'])
    for (const name of links) {
      const from = path.join(root, 'node_modules', name)
      if (fs.existsSync(from)) fs.symlinkSync(from, path.join(home, 'node_modules', name))
    }
    fs.cpSync(consumers, home, { recursive: true })
    programs.forEach((text, i) => {
      fs.writeFileSync(path.join(home, `readme${i}.mts`), text)
    })
    fs.writeFileSync(path.join(home, 'package.json'), JSON.stringify({ private: true }))
  }, 60_000)

  afterAll(() => {
    fs.rmSync(home, { recursive: true, force: true })
  })

  it('holds the build, the licence and the changelog, and no sources or tests', () => {
    const files = fs.readdirSync(installed)
    expect(files).toEqual(
      expect.arrayContaining(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json'])
    )
    expect(files).not.toEqual(expect.arrayContaining(['src']))
    expect(fs.readdirSync(path.join(installed, 'dist')).filter((name) => name.includes('test'))).toEqual([
      'testing'
    ])
  })

  it('is imported', async () => {
    expect((await node('consumer.mjs')).stdout.trim()).toBe('ok')
  })

  it('is required', async () => {
    expect((await node('consumer.cjs')).stdout.trim()).toBe('ok')
  })

  it('its laws run under node:test, and without a runner', async () => {
    const { stdout } = await node('--test', '--test-reporter=tap', 'laws.test.mjs')
    expect(stdout).toMatch(/^# fail 0$/m)
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(50)
    expect((await node('laws.cjs')).stdout.trim()).toBe('ok')
  }, 60_000)

  it('type-checks under nodenext, from ESM and from CommonJS', async () => {
    fs.writeFileSync(
      path.join(home, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'ES2022',
          lib: ['ES2023'],
          module: 'nodenext',
          moduleResolution: 'nodenext',
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          types: ['node'],
          noEmit: true
        },
        files: ['types.mts', 'types.cts', ...programs.map((_, i) => `readme${i}.mts`)]
      })
    )
    const tsc = node(path.join(root, 'node_modules/typescript/bin/tsc'), '-p', home).catch(
      (error: unknown) => error as { readonly stdout: string }
    )
    expect((await tsc).stdout).toBe('')
  }, 120_000)

  it('runs what it type-checked, the first program of the README too', async () => {
    expect(programs.length).toBeGreaterThan(1)
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    const flags = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--skipLibCheck']
    for (const [name, said] of [
      ['types.mts', 'ok'],
      ['types.cts', 'ok'],
      ['readme0.mts', '']
    ] as const) {
      await node(tsc, ...flags, '--ignoreConfig', '--outDir', path.join(home, 'out'), name)
      expect((await node(`out/${name.replace('ts', 'js')}`)).stdout.trim()).toBe(said)
    }
  }, 120_000)

  it('every subpath is there both ways', async () => {
    const subpaths = Object.keys(manifest().exports).filter((name) => name !== './package.json')
    expect(subpaths).toEqual(
      expect.arrayContaining([
        '.',
        './lru',
        './redis',
        './cbor',
        './testing',
        './memcached',
        './memjs',
        './files',
        './sqlite',
        './http'
      ])
    )
    for (const name of subpaths.map((subpath) => `fp-ring${subpath.slice(1)}`)) {
      const esm = `import * as it from '${name}'; console.log(Object.keys(it).sort().join())`
      const cjs = `console.log(Object.keys(require('${name}')).sort().join())`
      const imported = (await node('--input-type=module', '-e', esm)).stdout
      // `Command` has types alone
      expect(imported.trim() === '').toBe(name === 'fp-ring/Command')
      expect((await node('--input-type=commonjs', '-e', cjs)).stdout).toBe(imported)
    }
  }, 180_000)

  it('the core loads no driver, neither required nor imported', async () => {
    const drivers = ['redis', '@redis', 'lru-cache', 'cbor-x', 'fast-check', 'memjs', '@photostructure'].map(
      (name) => path.join(root, 'node_modules', name)
    )
    const cjs = "require('fp-ring'); console.log(Object.keys(require.cache).join('\\n'))"
    const loaded = (await node('--input-type=commonjs', '-e', cjs)).stdout
    expect(loaded).toContain(path.join('dist', 'index.cjs'))
    expect(drivers.filter((driver) => loaded.includes(driver + path.sep))).toEqual([])
    // without any driver to be found, the core still loads
    const bare = path.join(home, 'bare')
    fs.mkdirSync(path.join(bare, 'node_modules'), { recursive: true })
    fs.cpSync(installed, path.join(bare, 'node_modules/fp-ring'), { recursive: true })
    for (const name of ['fp-ts', 'io-ts', '@noble']) {
      fs.cpSync(path.join(root, 'node_modules', name), path.join(bare, 'node_modules', name), {
        recursive: true
      })
    }
    for (const name of ['lru-cache', 'redis', 'cbor-x', 'fast-check', 'memjs'])
      fs.rmSync(path.join(home, 'node_modules', name))
    try {
      const esm = "import * as it from 'fp-ring'; console.log(typeof it.ring)"
      const run = await exec(process.execPath, ['--input-type=module', '-e', esm], { cwd: bare })
      expect(run.stdout.trim()).toBe('function')
    } finally {
      for (const name of ['lru-cache', 'redis', 'cbor-x', 'fast-check', 'memjs']) {
        fs.symlinkSync(path.join(root, 'node_modules', name), path.join(home, 'node_modules', name))
      }
    }
  })

  it('a bundle of one namespace holds no other', async () => {
    const entry = path.join(home, 'entry.mjs')
    fs.writeFileSync(
      entry,
      "import { Duration } from 'fp-ring'\nexport const tenMinutes = Duration.minutes(10)\n"
    )
    const bundle = await rollup({
      input: entry,
      // as a bundler's node resolution does, for the package alone
      plugins: [
        {
          name: 'self',
          resolveId: (id) => (id === 'fp-ring' ? path.join(installed, 'dist/index.mjs') : null)
        }
      ],
      external: (id) => /^(fp-ts|io-ts|@noble)/.test(id),
      treeshake: { moduleSideEffects: false },
      onwarn: (warning) => {
        throw new Error(warning.message)
      }
    })
    const { output } = await bundle.generate({ format: 'esm' })
    await bundle.close()
    const code = output.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('')
    const kept = output
      .flatMap((chunk) => (chunk.type === 'chunk' ? Object.entries(chunk.modules) : []))
      .filter(([, module]) => module.renderedLength > 0)
      .map(([name]) => path.basename(name))
      .sort()
    expect(kept).toEqual(['Duration.mjs', 'defect.mjs', 'entry.mjs', 'ownWords.mjs'])
    expect(code).toContain('tenMinutes')
  })
})
