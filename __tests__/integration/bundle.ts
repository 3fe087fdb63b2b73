/** A program in TypeScript as one file of JavaScript, so that it starts in no more time than Node needs. */
import * as fs from 'node:fs'
import * as path from 'node:path'

import { transform } from '@swc/core'
import { rollup } from 'rollup'

const root = path.resolve(__dirname, '../..')

/** What `NODE_PATH` has to be, for the packages that a bundle requires. */
export const packages = path.join(root, 'node_modules')

const sourceOf = (id: string, importer: string | undefined): string | null => {
  if (!path.isAbsolute(id) && !id.startsWith('.')) return null
  const file = path.resolve(importer === undefined ? '.' : path.dirname(importer), id)
  return (
    [file, `${file}.ts`, path.join(file, 'index.ts')].find(
      (name) => name.endsWith('.ts') && fs.existsSync(name)
    ) ?? null
  )
}

/** Writes the bundle of a program into a directory, and gives its path. */
export const bundle = async (program: string, directory: string): Promise<string> => {
  const built = await rollup({
    input: program,
    external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
    plugins: [
      {
        name: 'typescript',
        resolveId: sourceOf,
        transform: async (code) => {
          const options = {
            jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
            sourceMaps: false
          } as const
          return { code: (await transform(code, options)).code, map: null }
        }
      }
    ]
  })
  const file = path.join(directory, `${path.basename(program, '.ts')}.cjs`)
  await built.write({ file, format: 'cjs', interop: 'auto' })
  await built.close()
  return file
}
