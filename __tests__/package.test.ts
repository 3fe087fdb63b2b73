/** The lists of subpaths say the same: `exports`, `typesVersions`, the paths of the compiler and of Jest, the modules of the core. */
import * as fs from 'node:fs'
import * as path from 'node:path'

import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'

import { isPublic } from '../scripts/docs/blocks'

const root = path.resolve(__dirname, '..')

interface Entry {
  readonly types: string
  readonly default: string
}
interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly import: Entry; readonly require: Entry }>>
  readonly typesVersions: Readonly<Record<string, Readonly<Record<string, ReadonlyArray<string>>>>>
}
const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest
const subpaths = Object.entries(manifest.exports).flatMap(([name, entry]) =>
  typeof entry === 'string' ? [] : [[name, entry] as const]
)
const sourceOf = (entry: { readonly import: Entry }): string =>
  entry.import.default.replace('./dist/', 'src/').replace('.mjs', '.ts')

describe('the subpaths of the package', () => {
  it.each(subpaths)('%s is one module, for import and for require', (_, entry) => {
    const stem = entry.import.default.replace(/\.mjs$/, '')
    expect(entry).toEqual({
      import: { types: `${stem}.d.mts`, default: `${stem}.mjs` },
      require: { types: `${stem}.d.cts`, default: `${stem}.cjs` }
    })
    expect(fs.existsSync(path.join(root, sourceOf(entry)))).toBe(true)
    expect(isPublic(fs.readFileSync(path.join(root, sourceOf(entry)), 'utf8'))).toBe(true)
  })

  it('every capitalised module of src has one, and so have its functions', () => {
    const modules = fs
      .readdirSync(path.join(root, 'src'))
      .filter((name) => name.endsWith('.ts') && name !== 'index.ts')
      .map((name) => `./${name.replace('.ts', '')}`)
    expect(subpaths.map(([name]) => name)).toEqual(expect.arrayContaining(modules))
  })

  it('typesVersions has each of them', () => {
    expect(manifest.typesVersions).toEqual({
      '*': Object.fromEntries(
        subpaths
          .filter(([name]) => name !== '.')
          .map(([name, entry]) => [name.slice(2), [entry.require.types]])
      )
    })
  })

  it.each(subpaths)('%s is the same source to the compiler and to Jest', (name, entry) => {
    const id = `fp-ring${name.slice(1)}`
    const source = path.join(root, sourceOf(entry))
    const { options } = ts.getParsedCommandLineOfConfigFile(path.join(root, 'tsconfig.json'), undefined, {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => undefined
    })!
    const found = ts.resolveModuleName(id, path.join(root, '__tests__/a.ts'), options, ts.sys)
    expect(found.resolvedModule?.resolvedFileName).toBe(source)
    expect(require.resolve(id)).toBe(source)
  })
})
