/** The modules of `src`, and where their imports lead. */
import * as fs from 'node:fs'
import * as path from 'node:path'

import { root } from '../scripts/docs/blocks'

/** Paths below the root of the repository, as `src/base/timer.ts`. */
export const modules: ReadonlyArray<string> = fs
  .readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => path.posix.join('src', name.replaceAll(path.sep, '/')))
  .sort()

const known = new Set(modules)

export const textOf = (module: string): string => fs.readFileSync(path.join(root, module), 'utf8')

/** The module that a relative specifier names; `has` says which modules there are. */
export const importedBy = (
  module: string,
  specifier: string,
  has: (name: string) => boolean = (name) => known.has(name)
): string => {
  const name = path.posix.join(path.posix.dirname(module), specifier)
  return has(`${name}.ts`) ? `${name}.ts` : path.posix.join(name, 'index.ts')
}
