/** The packed tarball in an empty folder, with the peers of the repository: nothing is downloaded. */
import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

export const root = path.resolve(__dirname, '../..')

/** What the peers need themselves, and their types. */
const links = [
  'fp-ts',
  'io-ts',
  'lru-cache',
  'redis',
  'cbor-x',
  'fast-check',
  'memjs',
  '@redis',
  '@types',
  'undici-types',
  'cluster-key-slot',
  'pure-rand',
  '@photostructure'
]

export const install = async (): Promise<string> => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'fp-ring-types-'))
  const installed = path.join(home, 'node_modules/fp-ring')
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', home]
  const { stdout } = await exec('npm', pack, { cwd: root })
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, { readonly filename: string }>)
  fs.mkdirSync(installed, { recursive: true })
  await exec('tar', ['-xzf', path.join(home, packed!.filename), '-C', installed, '--strip-components', '1'])
  for (const name of links) {
    const from = path.join(root, 'node_modules', name)
    if (fs.existsSync(from)) fs.symlinkSync(fs.realpathSync(from), path.join(home, 'node_modules', name))
  }
  fs.writeFileSync(path.join(home, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  return home
}
