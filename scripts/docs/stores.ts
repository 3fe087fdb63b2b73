/** The table of stores in docs/stores.md. What a store can do is read off the store. */
import * as fs from 'node:fs'
import * as path from 'node:path'

import { DatabaseSync } from '@photostructure/sqlite'
import { Client } from 'memjs'
import { createClient } from 'redis'

import { dict, Duration, noop, Store } from '../../src'
import { files } from '../../src/stores/files'
import { memcached, memcachedClient } from '../../src/stores/memcached'
import { memjs } from '../../src/stores/memcached/memjs'
import { lru } from '../../src/stores/memory/lru'
import { redis, redisHash } from '../../src/stores/redis'
import { sqlite } from '../../src/stores/sqlite'
import { root } from './blocks'

/** What a store says of itself. */
interface Able {
  readonly keeps?: 'nothing'
  readonly lifetime?: 'none' | 'hidden'
  readonly deadline?: Duration.Duration
  readonly peek?: unknown
  readonly leases?: unknown
}

interface Line {
  /** As one writes it. */
  readonly store: string
  readonly from: string
  readonly keeps: string
  readonly bounded: string
  /** To what lifetimes are kept, where that is not a millisecond. */
  readonly precision?: string
  readonly made: Able
}

// never connected: what a store can do it says before it is asked for anything
const client = createClient()
const memory = lru<Uint8Array>({ max: 1 })
const server = redis(client)
const hash = redisHash(client, { key: 'k' })
const items = memcached(memcachedClient({ servers: ['localhost'] }))
const tiers = Store.tiered({ near: memory, far: server })

const binary = memjs(Client.create('localhost'))
const byMemcached = { keeps: 'bytes, an item each', bounded: 'by memcached', precision: '1 s' }
const byRedis = { from: 'fp-ring/redis', bounded: 'by Redis' }

/** One line for each store. */
const lines: ReadonlyArray<Line> = [
  { store: 'dict()', from: 'fp-ring', keeps: 'values, in a `Map`', bounded: 'no', made: dict() },
  {
    store: 'lru({ max })',
    from: 'fp-ring/lru',
    keeps: 'values, in an lru-cache',
    bounded: 'yes',
    made: memory
  },
  { store: 'redis(client)', ...byRedis, keeps: 'bytes, a string each', made: server },
  { store: 'redisHash(client, { key })', ...byRedis, keeps: 'bytes, the fields of one hash', made: hash },
  {
    store: 'files({ directory })',
    from: 'fp-ring/files',
    keeps: 'bytes, a file each',
    bounded: 'no',
    made: files({ directory: 'cache' })
  },
  {
    store: 'sqlite(db)',
    from: 'fp-ring/sqlite',
    keeps: 'bytes, a row each',
    bounded: 'no',
    made: sqlite(() => new DatabaseSync(':memory:'))
  },
  { store: 'memcached(client)', from: 'fp-ring/memcached', ...byMemcached, made: items },
  { store: 'memjs(client)', from: 'fp-ring/memjs', ...byMemcached, made: binary },
  {
    store: 'Store.tiered({ near, far })',
    from: 'fp-ring',
    keeps: 'a copy near',
    bounded: 'as they are',
    made: tiers
  },
  { store: 'noop()', from: 'fp-ring', keeps: 'nothing', bounded: '', made: noop() }
]

const columns = ['store', 'from', 'keeps', 'bounded', 'lifetimes', '`peek`', '`leases`', '`deadline`']

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(' | ')} |`.replace(/ {2,}\|/g, ' |')

const yes = (holds: boolean): string => (holds ? 'yes' : 'no')

const seconds = (d: Duration.Duration): string => `${String(d / Duration.seconds(1))} s`

const cells = ({ bounded, from, keeps, made, precision = '1 ms', store }: Line): ReadonlyArray<string> => [
  `\`${store}\``,
  `\`${from}\``,
  keeps,
  bounded,
  made.keeps === 'nothing'
    ? ''
    : made.lifetime === 'none'
    ? 'only `forever`'
    : made.lifetime === 'hidden'
    ? `to ${precision}, untold`
    : store.startsWith('Store.tiered')
    ? 'as they are'
    : `to ${precision}`,
  yes(made.peek !== undefined),
  yes(made.leases !== undefined),
  made.deadline === undefined ? "the ring's" : seconds(made.deadline)
]

export const table = (): string =>
  [row(columns), `|${'---|'.repeat(columns.length)}`, ...lines.map((line) => row(cells(line)))].join('\n')

const [begin, end] = ['<!-- stores: npm run docs:stores writes this table -->', '<!-- stores end -->']

const page = path.join(root, 'docs/stores.md')

/** The page with the table as it has to be; throws where the page has no place for it. */
export const written = (text: string): string => {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error('docs/stores.md: the marks of the table are missing')
  return `${text.slice(0, from + begin.length)}\n\n${table()}\n\n${text.slice(to)}`
}

export const readPage = (): string => fs.readFileSync(page, 'utf8')

export const writePage = (): void => fs.writeFileSync(page, written(readPage()))
