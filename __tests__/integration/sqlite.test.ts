/**
 * Laws 5, 21, 22 and 25 for real processes over one SQLite database, with every driver that is here: whoever is killed in
 * the middle of a write, the database is whole, and what is read is what somebody has written; a lease is won once; and
 * nothing ends stale.
 *
 * `SQLITE_KILLS` says how many processes are killed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'

import * as D from '../../src/Duration'
import { sqlite } from '../../src/stores/sqlite'
import { freshFolder } from '../folders'
import { bundle, packages } from './bundle'
import { drivers } from './sqlite/drivers'
import { isValueOf, keys } from './values'

jest.setTimeout(1_800_000)

const kills = Number(process.env['SQLITE_KILLS'] ?? 12)
const size = 4

const home = freshFolder('sqlite-kill')
let program: string
beforeAll(async () => {
  program = await bundle(path.join(__dirname, 'programs/sqliteWorker.ts'), home)
})

const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  fs.rmSync(home, { recursive: true, force: true })
})

let databases = 0
const freshFile = (): string => path.join(home, `${String(databases++)}.db`)

interface Ended {
  readonly said: string
  readonly signal: NodeJS.Signals | null
}

/** Starts a process; `onFirst` is called when it says something. Rejects if it fails by itself. */
const start = (args: ReadonlyArray<string>, onFirst: (child: ChildProcess) => void = () => undefined) =>
  new Promise<Ended>((resolve, reject) => {
    const child = spawn(process.execPath, ['--no-warnings', program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '', NODE_PATH: packages }
    })
    let said = ''
    children.add(child)
    child.once('error', reject)
    child.stdout.once('data', () => onFirst(child))
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('close', (code, signal) => {
      children.delete(child)
      if (code === 0 || signal === 'SIGKILL') resolve({ said, signal })
      else reject(new Error(`a process ended with ${String(code)}`))
    })
  })

const sum = (all: ReadonlyArray<number>): number => all.reduce((x, y) => x + y, 0)
const say = (text: string): void => void process.stdout.write(`${text}\n`)

for (const [driver, open] of drivers) {
  describe(driver, () => {
    test('law 5: of writers that are killed, nothing is read but what they wrote, and the database is whole', async () => {
      const file = freshFile()
      const db = open(file)
      const store = sqlite(db, { timeout: D.seconds(10) })
      const seen = { reads: 0, values: 0, wrong: 0, failed: 0 }
      let left = kills
      const killOne = async (): Promise<void> => {
        while (left-- > 0) {
          await start([driver, file, 'write', 'store'], (child) => {
            setTimeout(() => child.kill('SIGKILL'), Math.random() * 40)
          })
        }
      }
      let isDone = false
      const killing = Promise.all(Array.from({ length: size }, killOne)).finally(() => (isDone = true))
      while (!isDone) {
        const many = await store.getMany(keys)()
        const wrote = await store.set('of the parent', new Uint8Array(1), D.minutes(1))()
        seen.reads++
        if (many._tag === 'Left' || wrote._tag === 'Left') {
          seen.failed++
          continue
        }
        many.right.forEach((found, i) => {
          if (found._tag === 'None') return
          seen.values++
          if (!isValueOf(keys[i] ?? '', found.value)) seen.wrong++
        })
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      await killing
      say(`law 5: ${driver}, ${String(kills)} kills, ${JSON.stringify(seen)}`)
      expect(seen.values).toBeGreaterThan(kills)
      expect({ wrong: seen.wrong, failed: seen.failed }).toEqual({ wrong: 0, failed: 0 })
      expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
      // nor is a lease left behind for ever
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      for (const key of keys) {
        expect(await store.leases.acquire(key, 'me', D.minutes(1), D.forever)()).toEqual({
          _tag: 'Right',
          right: { _tag: 'Won' }
        })
      }
      db.close()
    })

    /** How many have won each lease. */
    const winners = async (how: string): Promise<ReadonlyArray<number>> => {
      const file = freshFile()
      const db = open(file)
      await sqlite(db).set('k', new Uint8Array(1), D.minutes(1))()
      const at = String(Date.now() + 500)
      const done = await Promise.all(
        Array.from({ length: size }, () => start([driver, file, 'win', how, at]))
      )
      db.close()
      const won = done.flatMap(({ said }) => JSON.parse(said) as ReadonlyArray<number>)
      return Array.from({ length: 200 }, (_, round) => won.filter((one) => one === round).length)
    }

    test('law 22: of the processes that want a lease at once one wins', async () => {
      expect(new Set(await winners('store'))).toEqual(new Set([1]))
    })

    test('law 22: without a transaction more than one does', async () => {
      expect((await winners('broken')).some((count) => count > 1)).toBe(true)
    })

    /** How many keys have ended with something else than the truth. */
    const race = async (how: string): Promise<{ readonly stale: number; readonly loads: number }> => {
      const file = freshFile()
      const db = open(file)
      const store = sqlite(db, { timeout: D.seconds(10) })
      await store.set('k', new Uint8Array(1), D.minutes(1))()
      db.exec('CREATE TABLE truth (key TEXT PRIMARY KEY, n INTEGER)')
      for (const key of keys) db.prepare('INSERT INTO truth VALUES (?, 0)').run(key)
      const at = String(Date.now() + 500)
      const jobs = ['load', 'load', 'load', 'change']
      const done = await Promise.all(jobs.map((job) => start([driver, file, job, how, at])))
      const truth = keys.map(
        (key) => (db.prepare('SELECT n FROM truth WHERE key = ?').get(key) as { readonly n: number }).n
      )
      const found = await store.getMany(keys)()
      db.close()
      if (found._tag === 'Left') throw found.left
      const stale = found.right.filter(
        (one, i) => one._tag === 'Some' && Buffer.from(one.value).toString() !== String(truth[i])
      )
      return { stale: stale.length, loads: sum(done.map(({ said }) => Number(said))) }
    }

    test('law 21: what is loaded while it changes is not stored, whoever loads and whoever changes', async () => {
      let loads = 0
      // a busy machine loads less in a round
      for (let round = 0; round < 2 || (round < 20 && loads <= 40); round++) {
        const outcome = await race('store')
        loads += outcome.loads
        expect(outcome.stale).toBe(0)
      }
      expect(loads).toBeGreaterThan(40)
    })

    test('law 21: without leases it is', async () => {
      let stale = 0
      for (let round = 0; round < 20 && stale === 0; round++) stale += (await race('broken')).stale
      expect(stale).toBeGreaterThan(0)
    })
  })
}
