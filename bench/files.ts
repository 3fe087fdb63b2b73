/** Hits of 1 KB in files, validated, against `readFile` and `JSON.parse` by hand, on files without a header. */
import assert from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Codec, Duration, Policy, ring } from 'fp-ring'
import { files as filesIn } from 'fp-ring/files'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { Account, accountOf, shuffled, valueOf } from './fixtures'
import { compare, rowsOf, type Scenario } from './harness'

const size = 100
const count = 1_000
const ids = shuffled(count)
const pages = Array.from({ length: count / size }, (_, i) => ids.slice(i * size, (i + 1) * size))

const measure = async (home: string) => {
  const plain = (id: number): string => join(home, `account-${String(id)}`)
  for (const id of ids) await writeFile(plain(id), JSON.stringify(accountOf(id)))
  const accounts = ring(
    (id: number): TE.TaskEither<Error, Account> => TE.left(new Error(`no account ${String(id)}`)),
    {
      store: filesIn({ directory: join(home, 'ring') }),
      codec: Codec.json(Account),
      key: (id) => `account:${String(id)}`,
      policy: Policy.ttl(Duration.hours(1))
    }
  )
  for (const page of pages) {
    assert.deepStrictEqual(
      await accounts.setMany(page.map((id) => [[id], accountOf(id)] as const))(),
      E.right(undefined)
    )
  }

  const byHand = async (id: number): Promise<unknown> => JSON.parse(await readFile(plain(id), 'utf8'))
  const allByHand = (page: ReadonlyArray<number>): Promise<unknown> => Promise.all(page.map(byHand))
  const getMany = async (page: ReadonlyArray<number>) =>
    valueOf(await accounts.getMany(page.map((id) => [id] as const))())
  assert.deepStrictEqual(await byHand(1), accountOf(1))
  assert.deepStrictEqual(valueOf(await accounts(1)()), accountOf(1))
  assert.deepStrictEqual(await getMany([1, 2]), [1, 2].map(accountOf).map(O.some))

  const lone = await compare(
    {
      'readFile, JSON.parse': async (n) => {
        for (let i = 0; i < n; i++) await byHand(ids[i % count]!)
      },
      ring: async (n) => {
        for (let i = 0; i < n; i++) valueOf(await accounts(ids[i % count]!)())
      }
    },
    { rounds: 31, sampleMs: 50 }
  )
  const bulk = await compare(
    {
      'readFile, JSON.parse': async (n) => {
        for (let i = 0; i < n; i++) await allByHand(pages[i % pages.length]!)
      },
      getMany: async (n) => {
        for (let i = 0; i < n; i++) await getMany(pages[i % pages.length]!)
      }
    },
    { rounds: 31, sampleMs: 50 }
  )
  const baseline = 'readFile, JSON.parse'
  const targets = { cpu: 1.3, wall: 1.3 }
  return [
    ...rowsOf(lone, { scenario: 'files: a lone hit', baseline, ours: 'ring', targets }),
    ...rowsOf(bulk, { scenario: 'files: 100 hits', baseline, ours: 'getMany', targets })
  ]
}

export const files: Scenario = async () => {
  const home = mkdtempSync(join(tmpdir(), 'fp-ring-bench-'))
  try {
    return await measure(home)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
