/**
 * The benchmarks, against what is built: `npm run bench` runs all, `npm run bench -- memory bulk` some.
 *
 * Each scenario has a process of its own, so that none is compiled for the sake of another.
 */
import { fork } from 'node:child_process'

import { bulk } from './bulk'
import { decode } from './decode'
import { engine } from './engine'
import { files } from './files'
import { printed, type Row, type Scenario } from './harness'
import { key } from './key'
import { memcached } from './memcached'
import { memory } from './memory'
import { methods } from './methods'
import { pages } from './pages'
import { policies } from './policies'
import { redis } from './redis'
import { rules } from './rules'
import { sqlite } from './sqlite'
import { stampede } from './stampede'
import { tiers } from './tiers'

const scenarios: Readonly<Record<string, Scenario>> = {
  memory,
  engine,
  stampede,
  redis,
  memcached,
  bulk,
  decode,
  key,
  methods,
  pages,
  rules,
  policies,
  files,
  sqlite,
  tiers
}

const runApart = (name: string): Promise<ReadonlyArray<Row>> =>
  new Promise((resolve, reject) => {
    process.stderr.write(`${name} …\n`)
    let rows: ReadonlyArray<Row> | undefined
    fork(__filename, [name], { env: { ...process.env, FP_RING_BENCH: name } })
      .on('message', (message: ReadonlyArray<Row>) => (rows = message))
      .on('error', reject)
      .on('exit', () => (rows === undefined ? reject(new Error(`${name} did not end well`)) : resolve(rows)))
  })

const main = async (): Promise<void> => {
  const names = process.argv.slice(2)
  const unknown = names.find((name) => !(name in scenarios))
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${Object.keys(scenarios).join(', ')}`)
  const rows: Array<Row> = []
  for (const name of names.length === 0 ? Object.keys(scenarios) : names) rows.push(...(await runApart(name)))
  console.log(printed(rows))
}

const apart = process.env['FP_RING_BENCH']
const ended = apart === undefined ? main() : scenarios[apart]!().then((rows) => process.send!(rows))
ended.then(
  () => process.disconnect?.(),
  (cause: unknown) => {
    console.error(cause)
    process.exit(1)
  }
)
