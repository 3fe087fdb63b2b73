/**
 * One process of those that share a SQLite database: `sqliteWorker <driver> <file> <job> <how> <at>`. Every job begins at
 * the time `at`; `how` is `store`, or `broken`: a cache that looks, and then writes, in two steps.
 */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'

import type { Either } from 'fp-ts/Either'
import { none, some } from 'fp-ts/Option'

import * as D from '../../../src/Duration'
import type { StoreError } from '../../../src/RingError'
import type { Acquired } from '../../../src/Store'
import { sqlite } from '../../../src/stores/sqlite'
import { openWith } from '../sqlite/drivers'
import { keys, valueOf } from '../values'

const [driver = '', file = '', job = '', how = '', at = '0'] = process.argv.slice(2)
const db = openWith(driver, file)
const store = sqlite(db, { timeout: D.seconds(10) })
const { leases } = store
const me = String(process.pid)
const random = (n: number): number => Math.floor(Math.random() * n)
const until = (time: number): Promise<unknown> => sleep(Math.max(0, time - Date.now()))

const right = <A>(answer: Either<StoreError, A>): A => {
  if (answer._tag === 'Left') throw new Error(answer.left.message, { cause: answer.left.cause })
  return answer.right
}

const begin = { _tag: 'Won' } as const

/** A lease that is looked for, and then taken. */
const acquireInTwoSteps = async (key: string): Promise<Acquired<Uint8Array>> => {
  const found = db.prepare('SELECT token FROM fp_ring_leases WHERE key = ?').get(key)
  await turn()
  if (found !== undefined) return { _tag: 'Busy', remaining: D.minutes(1) }
  right(await leases.seize(key, me, D.minutes(1))())
  return begin
}

const acquire = async (key: string): Promise<Acquired<Uint8Array>> =>
  how === 'store' ? right(await leases.acquire(key, me, D.minutes(1), D.zero)()) : acquireInTwoSteps(key)

const truthOf = (key: string): number =>
  (db.prepare('SELECT n FROM truth WHERE key = ?').get(key) as { readonly n: number }).n

const jobs: Readonly<Record<string, () => Promise<unknown>>> = {
  /** Writes in all ways there are, until it is killed. */
  write: async () => {
    for (let n = 0; ; n++) {
      const key = keys[(process.pid + n) % keys.length] ?? ''
      const value = valueOf(key, process.pid, n)
      const entry = [key, value, D.hours(1)] as const
      if (n % 3 === 0) right(await store.set(...entry)())
      else if (n % 3 === 1) right(await store.setMany([entry, [`other ${me}`, value, D.milliseconds(1)]])())
      else {
        right(await leases.seize(key, me, D.seconds(1))())
        right(await leases.commit(key, me, some(value), D.hours(1))())
      }
      if (n === 0) process.stdout.write('!')
      await turn()
    }
  },
  /** Which of many leases it has won. */
  win: async () => {
    const won: Array<number> = []
    for (let round = 0; round < 200; round++) {
      await until(Number(at) + 5 * round)
      if ((await acquire(`lease ${String(round)}`))._tag === 'Won') won.push(round)
    }
    return won
  },
  /** Loads what is missing, as a ring does. */
  load: async () => {
    await until(Number(at))
    let loads = 0
    while (Date.now() < Number(at) + 1_000) {
      const key = keys[random(keys.length)] ?? ''
      await sleep(random(3))
      if ((await store.has(key)())._tag === 'Left') throw new Error('a read failed')
      if (how === 'store' && (await acquire(key))._tag !== 'Won') continue
      if (how !== 'store' && right(await store.has(key)())) continue
      const value = Buffer.from(String(truthOf(key)))
      loads++
      await sleep(random(4))
      if (how === 'store') right(await leases.commit(key, me, some(value), D.minutes(1))())
      else right(await store.set(key, value, D.minutes(1))())
    }
    return loads
  },
  /** Changes what is cached, and then says so. */
  change: async () => {
    await until(Number(at))
    let changes = 0
    while (Date.now() < Number(at) + 900) {
      const key = keys[random(keys.length)] ?? ''
      await sleep(random(4))
      try {
        db.prepare('UPDATE truth SET n = n + 1 WHERE key = ?').run(key)
      } catch {
        continue // somebody else writes
      }
      right(await leases.override([[key, none, D.zero]])())
      changes++
    }
    return changes
  }
}

const main = async (): Promise<void> => {
  const answer = await jobs[job]?.()
  process.stdout.write(JSON.stringify(answer))
  db.close()
}

void main()
