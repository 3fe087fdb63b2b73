/**
 * Writes the reference into docs/reference with docs-ts, which runs every example on its way, against the built
 * package (its own name resolves to dist).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as path from 'node:path'

import { allUnits, root } from './docs/blocks'
import { withServers } from './docs/servers'

const main = async (): Promise<void> => {
  if (!fs.existsSync(path.join(root, 'dist/index.cjs')))
    throw new Error('the examples need the build: npm run build')
  fs.rmSync(path.join(root, 'docs/reference'), { recursive: true, force: true })
  const code = await withServers(
    allUnits().filter((unit) => unit.file.startsWith('src')),
    async (env) => {
      const docs = spawn(path.join(root, 'node_modules/.bin/docs-ts'), {
        cwd: root,
        stdio: ['ignore', 'inherit', 'inherit'],
        env: {
          ...process.env,
          ...env,
          TS_NODE_COMPILER_OPTIONS: JSON.stringify({
            module: 'commonjs',
            moduleResolution: 'bundler',
            noUnusedLocals: false,
            noUnusedParameters: false
          })
        }
      })
      const [status] = (await once(docs, 'exit')) as [number | null]
      return status
    }
  )
  // what is left behind when an example fails
  fs.rmSync(path.join(root, 'docs/reference/examples'), { recursive: true, force: true })
  process.exitCode = code ?? 1
}

void main()
