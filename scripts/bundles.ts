/**
 * What programs bundle of the built package: `dist`, without its peers, by rollup, minified by esbuild, gzipped.
 * `npm run sizes` prints the table of it.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { gzipSync } from 'node:zlib'

import { transform } from 'esbuild'
import { rollup } from 'rollup'

const root = path.resolve(__dirname, '..')

const entries = (
  JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly import: { readonly default: string } }>>
  }
).exports

/** The subpaths of the package that have code. */
export const subpaths: ReadonlyArray<string> = Object.keys(entries).filter(
  (name) => typeof entries[name] === 'object'
)

export interface Bundle {
  /** In bytes. */
  readonly gzipped: number
  readonly code: string
  /** The modules of which something is left, by their paths in `dist`, without an extension. */
  readonly modules: ReadonlyArray<string>
}

const isOfPackage = (id: string): boolean => id === 'fp-ring' || id.startsWith('fp-ring/')

const fileOf = (id: string): string => {
  const entry = entries[`.${id.slice('fp-ring'.length)}`]
  if (typeof entry !== 'object') throw new Error(`the package has no ${id}`)
  return path.join(root, entry.import.default)
}

/** The library of the core that is no peer: it counts. */
const isBundled = (id: string): boolean => id.startsWith('@noble/hashes/')

const moduleOf = (id: string): string =>
  path.join(
    root,
    'node_modules/@noble/hashes/esm',
    `${id.slice('@noble/hashes/'.length).replace(/\.js$/, '')}.js`
  )

/** The bundle of a program, a module of JavaScript. */
export const bundleOf = async (program: string): Promise<Bundle> => {
  const build = await rollup({
    input: 'program',
    external: (id) => id !== 'program' && !isOfPackage(id) && !isBundled(id) && !/^[./]/.test(id),
    plugins: [
      {
        name: 'program',
        resolveId: (id) =>
          id === 'program' ? id : isOfPackage(id) ? fileOf(id) : isBundled(id) ? moduleOf(id) : null,
        load: (id) => (id === 'program' ? program : null)
      }
    ],
    onwarn: ({ code, message }) => {
      // a program of the whole of `Command`, which has types alone
      if (code !== 'EMPTY_BUNDLE') throw new Error(message)
    }
  })
  const { output } = await build.generate({ format: 'esm' })
  await build.close()
  const [chunk] = output
  const { code } = await transform(chunk.code, { minify: true, format: 'esm', target: 'es2022' })
  return {
    gzipped: gzipSync(code, { level: 9 }).length,
    code,
    modules: Object.entries(chunk.modules)
      .filter(([id, { renderedLength }]) => id !== 'program' && renderedLength > 0)
      .map(([id]) => path.relative(path.join(root, 'dist'), id).replace(/\.mjs$/, ''))
      .sort()
  }
}

/** A program that uses some names of an entry. */
const using = (entry: string, ...names: ReadonlyArray<string>): string => {
  const imported = [...new Set(names.map((name) => name.split('.')[0]!))]
  return `import { ${imported.join(', ')} } from '${entry}'\nexport const used = [${names.join(', ')}]`
}

/** A program that uses all of an entry. */
const all = (entry: string): string => `export * from '${entry}'`

const core = ['ring', 'dict', 'Policy.ttl'] as const

/** The programs whose sizes are shown, by what they import. */
export const programs: Readonly<Record<string, string>> = {
  '`ring`, `dict`, `Policy.ttl`, `Codec.json`': using('fp-ring', ...core, 'Codec.json'),
  '`ring`, `dict`, `Policy.ttl`': using('fp-ring', ...core),
  '`dict`': using('fp-ring', 'dict'),
  '`Codec.json`': using('fp-ring', 'Codec.json'),
  '`Policy.ttl`': using('fp-ring', 'Policy.ttl'),
  ...Object.fromEntries(
    subpaths.map((name) => {
      const entry = `fp-ring${name.slice(1)}`
      return [`all of \`${entry}\``, all(entry)]
    })
  )
}

/** The core of a program, and more names of `fp-ring`. */
export const coreWith = (...names: ReadonlyArray<string>): string => using('fp-ring', ...core, ...names)

/** Bytes as they are shown. */
export const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1)
