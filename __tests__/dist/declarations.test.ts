/**
 * A library that exports what it makes with fp-ring builds its declarations without an annotation, and a program that sees
 * these alone compiles: by several compilers, under each way of resolving modules.
 */
import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

import { install, root } from './install'

/** By the names of the development dependencies; the last is the one that the repository itself is built with. */
const compilers = ['typescript-5.4', 'typescript-5.6', 'typescript-5.9', 'typescript'] as const
type Compiler = (typeof compilers)[number]

const resolutions = { nodenext: 'nodenext', bundler: 'esnext', node10: 'commonjs' } as const
type Resolution = keyof typeof resolutions

/** Each takes half a minute: `DECLARATIONS=all` tries every compiler under both ways. */
const everything = process.env['DECLARATIONS'] === 'all'
const fewer: Readonly<Record<Compiler, ReadonlyArray<Resolution>>> = {
  'typescript-5.4': ['bundler'],
  'typescript-5.6': ['nodenext'],
  'typescript-5.9': ['bundler'],
  typescript: ['nodenext']
}

const fixtures = path.join(__dirname, 'consumers/declarations')

describe('declarations', () => {
  let home = ''

  beforeAll(async () => {
    home = await install()
  }, 120_000)

  afterAll(() => {
    fs.rmSync(home, { recursive: true, force: true })
  })

  const tsc = (compiler: Compiler, project: string): Promise<string> =>
    new Promise((resolve) => {
      const bin = path.join(root, 'node_modules', compiler, 'bin/tsc')
      execFile(process.execPath, [bin, '-p', project], { cwd: home, maxBuffer: 1e8 }, (_, stdout) =>
        resolve(stdout)
      )
    })

  /** A folder with a library and a program, each a project of its own. */
  const projects = (name: string, resolution: Resolution, options: object = {}) => {
    const at = path.join(home, name)
    const compilerOptions = {
      target: 'ES2022',
      lib: ['ES2023'],
      module: resolutions[resolution],
      moduleResolution: resolution,
      strict: true,
      skipLibCheck: false,
      types: ['node'],
      ...options
    }
    const library = path.join(at, 'library')
    const program = path.join(at, 'program')
    fs.mkdirSync(library, { recursive: true })
    fs.mkdirSync(program, { recursive: true })
    fs.copyFileSync(path.join(fixtures, 'producer.ts'), path.join(library, 'producer.ts'))
    // the program sees the declarations alone
    fs.copyFileSync(path.join(fixtures, 'consumer.ts'), path.join(program, 'consumer.ts'))
    fs.writeFileSync(
      path.join(library, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          ...compilerOptions,
          composite: true,
          emitDeclarationOnly: true,
          rootDir: '.',
          outDir: program
        },
        files: ['producer.ts']
      })
    )
    fs.writeFileSync(
      path.join(program, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...compilerOptions, noEmit: true }, files: ['consumer.ts'] })
    )
    return { library, program }
  }

  const builds = async (compiler: Compiler, resolution: Resolution, options?: object): Promise<void> => {
    const { library, program } = projects(`${compiler}-${resolution}`, resolution, options)
    expect(await tsc(compiler, library)).toBe('')
    const written = fs.readFileSync(path.join(program, 'producer.d.ts'), 'utf8')
    expect(written).not.toMatch(/\/internal\/|\/dist\/|: any\b/)
    expect(await tsc(compiler, program)).toBe('')
  }

  it.each(
    compilers
      .flatMap((compiler) => (['nodenext', 'bundler'] as const).map((it) => [compiler, it] as const))
      .filter(([compiler, it]) => everything || fewer[compiler].includes(it))
  )(
    '%s builds them under %s, and a program compiles against them',
    async (compiler, resolution) => {
      await builds(compiler, resolution)
    },
    240_000
  )

  it.each(['typescript-5.4', 'typescript-5.9'] as const)(
    '%s finds every subpath under node10 too',
    async (compiler) => {
      // node-redis and lru-cache have no types for node10 that are without faults of their own
      await builds(compiler, 'node10', { skipLibCheck: true, esModuleInterop: true })
    },
    240_000
  )

  it('typescript 6 says that node10 is deprecated, and builds when it is told to', async () => {
    const { library } = projects('deprecated', 'node10', { skipLibCheck: true })
    expect(await tsc('typescript', library)).toMatch(/TS5107|TS5102/)
    const options = { skipLibCheck: true, esModuleInterop: true, ignoreDeprecations: '6.0' }
    await builds('typescript', 'node10', options)
  }, 240_000)

  it('a control: without the subpaths the declarations cannot be named', async () => {
    const manifest = path.join(home, 'node_modules/fp-ring/package.json')
    const text = fs.readFileSync(manifest, 'utf8')
    const parsed = JSON.parse(text) as { readonly exports: Readonly<Record<string, unknown>> }
    const few = Object.entries(parsed.exports).filter(([name]) => /^\.(\/[a-z]+)?$/.test(name))
    fs.writeFileSync(manifest, JSON.stringify({ ...parsed, exports: Object.fromEntries(few) }))
    try {
      const { library: old } = projects('control-5', 'nodenext')
      expect(await tsc('typescript-5.9', old)).toContain('TS2742')
      const { library } = projects('control-6', 'nodenext')
      expect(await tsc('typescript', library)).toContain('TS2883')
    } finally {
      fs.writeFileSync(manifest, text)
    }
  }, 240_000)
})
