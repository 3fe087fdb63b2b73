/** Hits of 1 KB in SQLite, validated, against a prepared `SELECT` and `JSON.parse` by hand on the same connection. */
import assert from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { DatabaseSync } from '@photostructure/sqlite'
import { Codec, Duration, Policy, ring } from 'fp-ring'
import { sqlite as rowsIn } from 'fp-ring/sqlite'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { Account, accountOf, shuffled, valueOf } from './fixtures'
import { compare, rowsOf, type Scenario } from './harness'

const size = 100
const count = 1_000
const ids = shuffled(count)
const pages = Array.from({ length: count / size }, (_, i) => ids.slice(i * size, (i + 1) * size))

const keyOf = (id: number): string => `account:${String(id)}`

interface Row {
  readonly key: string
  readonly value: Uint8Array
}

const parsed = (row: unknown): unknown => JSON.parse(Buffer.from((row as Row).value).toString())

const measure = async (db: InstanceType<typeof DatabaseSync>) => {
  const accounts = ring(
    (id: number): TE.TaskEither<Error, Account> => TE.left(new Error(`no account ${String(id)}`)),
    {
      store: rowsIn(db),
      codec: Codec.json(Account),
      key: keyOf,
      policy: Policy.ttl(Duration.hours(1))
    }
  )
  const stored = await accounts.setMany(ids.map((id) => [[id], accountOf(id)] as const))()
  assert.deepStrictEqual(stored, E.right(undefined))

  const one = db.prepare('SELECT value FROM fp_ring WHERE key = ?')
  const many = db.prepare(`SELECT key, value FROM fp_ring WHERE key IN (${Array(size).fill('?').join()})`)
  // as a function that is to be cached has it: a promise
  const byHand = async (id: number): Promise<unknown> => parsed(one.get(keyOf(id)))
  const allByHand = async (page: ReadonlyArray<number>): Promise<ReadonlyArray<unknown>> => {
    const keys = page.map(keyOf)
    const rows = new Map(many.all(...keys).map((row) => [(row as Row).key, row]))
    return keys.map((key) => parsed(rows.get(key)))
  }
  const getMany = async (page: ReadonlyArray<number>) =>
    valueOf(await accounts.getMany(page.map((id) => [id] as const))())
  const wanted = pages[0]!.map(accountOf)
  assert.deepStrictEqual(await byHand(1), accountOf(1))
  assert.deepStrictEqual(await allByHand(pages[0]!), wanted)
  assert.deepStrictEqual(valueOf(await accounts(1)()), accountOf(1))
  assert.deepStrictEqual(await getMany(pages[0]!), wanted.map(O.some))

  const lone = await compare(
    {
      'SELECT, JSON.parse': async (n) => {
        for (let i = 0; i < n; i++) await byHand(ids[i % count]!)
      },
      ring: async (n) => {
        for (let i = 0; i < n; i++) valueOf(await accounts(ids[i % count]!)())
      }
    },
    { rounds: 31, sampleMs: 100 }
  )
  const bulk = await compare(
    {
      'SELECT, JSON.parse': async (n) => {
        for (let i = 0; i < n; i++) await allByHand(pages[i % pages.length]!)
      },
      getMany: async (n) => {
        for (let i = 0; i < n; i++) await getMany(pages[i % pages.length]!)
      }
    },
    { rounds: 31, sampleMs: 100 }
  )
  const baseline = 'SELECT, JSON.parse'
  const targets = { cpu: 1.3, wall: 1.3 }
  return [
    ...rowsOf(lone, { scenario: 'sqlite: a lone hit', baseline, ours: 'ring', targets }),
    ...rowsOf(bulk, { scenario: 'sqlite: 100 hits', baseline, ours: 'getMany', targets })
  ]
}

export const sqlite: Scenario = async () => {
  const home = mkdtempSync(join(tmpdir(), 'fp-ring-bench-'))
  const db = new DatabaseSync(join(home, 'bench.db'))
  try {
    return await measure(db)
  } finally {
    db.close()
    rmSync(home, { recursive: true, force: true })
  }
}
