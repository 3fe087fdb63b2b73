/** The table of stores in docs/stores.md is that of the code. */
import * as fs from 'node:fs'
import * as path from 'node:path'

import { describe, expect, it } from '@jest/globals'

import { root } from '../../scripts/docs/blocks'
import { readPage, table, written } from '../../scripts/docs/stores'

const subpaths = () => {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, { readonly import?: { readonly default: string } }>>
  }
  return Object.entries(manifest.exports)
    .filter(([, target]) => target.import?.default.includes('/stores/'))
    .map(([name]) => `fp-ring${name.slice(1)}`)
}

describe('the table of stores', () => {
  it('is up to date: `npm run docs:stores` writes it', () => {
    expect(readPage()).toBe(written(readPage()))
  })

  it('names the stores of every subpath', () => {
    for (const name of subpaths()) expect(table()).toContain(`\`${name}\``)
  })

  it('is read off the stores', () => {
    const rows = table().split('\n')
    expect(rows.find((row) => row.includes('dict'))).toMatch(/no \| to 1 ms \| yes \| yes \| the ring's \|$/)
    expect(rows.find((row) => row.includes('redisHash'))).toMatch(/only `forever` \| no \| no \| 1 s \|$/)
  })

  it('says to what lifetimes are kept, as the tests of each store tell the laws', () => {
    const tests = path.join(root, '__tests__/stores')
    const tested = {
      dict: 'memory/dict',
      lru: 'memory/lru',
      redis: 'redis/redis',
      files: 'files/files',
      sqlite: 'sqlite/sqlite',
      memcached: 'memcached/memcached',
      memjs: 'memcached/memjs'
    }
    for (const [name, file] of Object.entries(tested)) {
      const row = table()
        .split('\n')
        .find((line) => line.startsWith(`| \`${name}(`))
      const isCoarse = fs
        .readFileSync(path.join(tests, `${file}.test.ts`), 'utf8')
        .includes('granularity: D.seconds(1)')
      expect([name, row?.includes(isCoarse ? '| to 1 s' : '| to 1 ms ')]).toEqual([name, true])
    }
  })

  it('has a place on its page', () => {
    expect(() => written('no marks')).toThrow('marks')
  })
})
