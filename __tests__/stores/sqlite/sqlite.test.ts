import * as fs from 'node:fs'
import * as path from 'node:path'

import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import { expectTypeOf } from 'expect-type'
import type { Either } from 'fp-ts/Either'
import { none, some } from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'

import * as D from '../../../src/Duration'
import type { StoreError } from '../../../src/RingError'
import type { Leasing, Store } from '../../../src/Store'
import { sqlite, type SqliteDatabase } from '../../../src/stores/sqlite'
import { bytes as anyBytes, testClock } from '../../../src/testing'
import { freshFolder } from '../../folders'
import { type Connection, drivers, type Open } from '../../integration/sqlite/drivers'
import { obeys, storeLaws } from '../../laws/register'
import { runs } from '../../runs'
import { left, right } from '../answers'

const home = freshFolder('sqlite')
const connections = new Set<Connection>()
afterAll(() => {
  for (const db of connections) db.close()
  fs.rmSync(home, { recursive: true, force: true })
})

let databases = 0
const freshFile = (): string => path.join(home, `${String(databases++)}.db`)

const opened = (open: Open, file = freshFile(), options = {}): Connection => {
  const db = open(file, options)
  connections.add(db)
  return db
}
const closed = (db: Connection): void => {
  connections.delete(db)
  db.close()
}

const bytes = (text: string): Uint8Array => Buffer.from(text)

/** What some drivers give is a Buffer, what others do is none. */
const textOf = (answer: Either<StoreError, unknown>): string | undefined => {
  const found = right(answer) as { readonly value?: Uint8Array }
  return found.value === undefined ? undefined : Buffer.from(found.value).toString()
}

const operationsOf = (
  store: Store<Uint8Array> & Leasing<Uint8Array>
): Readonly<Record<string, TaskEither<StoreError, unknown>>> => ({
  get: store.get('k'),
  read: store.read('k'),
  set: store.set('k', bytes('v'), D.minutes(1)),
  delete: store.delete('k'),
  has: store.has('k'),
  touch: store.touch('k', D.minutes(1)),
  getMany: store.getMany(['k']),
  readMany: store.readMany(['k']),
  setMany: store.setMany([['k', bytes('v'), D.minutes(1)]]),
  deleteMany: store.deleteMany(['k']),
  hasMany: store.hasMany(['k']),
  touchMany: store.touchMany([['k', D.minutes(1)]]),
  clear: store.clear('k'),
  acquire: store.leases.acquire('k', 'me', D.minutes(1), D.forever),
  seize: store.leases.seize('k', 'me', D.minutes(1)),
  renew: store.leases.renew('k', 'me', D.minutes(1)),
  release: store.leases.release('k', 'me'),
  commit: store.leases.commit('k', 'me', some(bytes('v')), D.minutes(1)),
  override: store.leases.override([['k', none, D.minutes(1)]])
})

/** The reasons of all operations, each of which says its own name. */
const reasonsOf = async (store: Store<Uint8Array> & Leasing<Uint8Array>): Promise<ReadonlySet<string>> => {
  const reasons = new Set<string>()
  for (const [name, operation] of Object.entries(operationsOf(store))) {
    const answer = await operation()
    if (answer._tag === 'Right') reasons.add(`right: ${name}`)
    else {
      reasons.add(answer.left.reason)
      expect(answer.left.operation).toBe(name)
    }
  }
  return reasons
}

test('which drivers the tests run on', () => {
  process.stdout.write(`sqlite: ${[...drivers.keys()].join(', ')}\n`)
  expect(drivers.size).toBeGreaterThan(0)
})

const values = { ...anyBytes, leases: true }

for (const [name, open] of drivers) {
  const clock = testClock(Date.now())
  obeys(
    `sqlite over ${name}`,
    storeLaws(() => sqlite(opened(open)), {
      ...values,
      numRuns: runs(60),
      broken: () => {
        const db = opened(open)
        closed(db)
        return sqlite(db)
      }
    })
  )
  obeys(
    `sqlite over ${name}, by another clock`,
    storeLaws(() => sqlite(opened(open), { clock, table: 'Other_1' }), { ...values, clock })
  )

  describe(`sqlite over ${name}`, () => {
    let db: Connection
    let file: string
    beforeEach(() => {
      file = freshFile()
      db = opened(open, file)
    })

    // -- in the database ------------------------------------------------------------------

    test('an entry is a row, for any program that knows SQL', async () => {
      const store = sqlite(db)
      const before = Date.now()
      right(await store.set('user:42', bytes('{"id":42}'), D.minutes(10))())
      right(await store.set('always', bytes('1'), D.forever)())
      const row = (sql: string) => ({ ...(db.prepare(sql).get() as object) })
      expect(row(`SELECT CAST(value AS TEXT) AS value FROM fp_ring WHERE key = 'user:42'`)).toEqual({
        value: '{"id":42}'
      })
      const { expires } = row(`SELECT expires FROM fp_ring WHERE key = 'user:42'`) as { expires: number }
      expect(expires - before).toBeGreaterThanOrEqual(600_000)
      expect(expires - before).toBeLessThan(605_000)
      expect(row(`SELECT expires FROM fp_ring WHERE key = 'always'`)).toEqual({ expires: null })
      right(await store.leases.seize('user:42', 'a token', D.minutes(1))())
      expect(row(`SELECT key, token FROM fp_ring_leases`)).toEqual({ key: 'user:42', token: 'a token' })

      db.exec(`INSERT INTO fp_ring (key, value) VALUES ('foreign', 'text')`)
      expect(textOf(await store.get('foreign')())).toBe('text')
      // an end that is no number is none of a store's
      for (const end of ["'never'", "x'00'"]) {
        db.exec(`INSERT OR REPLACE INTO fp_ring (key, value, expires) VALUES ('odd', 'text', ${end})`)
        expect(right(await store.read('odd')())._tag).toBe('None')
        expect(right(await store.has('odd')())).toBe(false)
      }
    })

    test('it leaves everything else in the database as it was', async () => {
      db.exec(
        'PRAGMA user_version = 7; PRAGMA application_id = 8; CREATE TABLE mine (x); INSERT INTO mine VALUES (1)'
      )
      const store = sqlite(db)
      right(await store.set('k', bytes('v'), D.minutes(1))())
      right(await store.clear('')())
      expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 7 })
      expect(db.prepare('PRAGMA application_id').get()).toEqual({ application_id: 8 })
      expect(db.prepare('SELECT x FROM mine').get()).toEqual({ x: 1 })
      const tables = db.prepare(
        `SELECT group_concat(name) AS names FROM (SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name)`
      )
      expect(tables.get()).toEqual({ names: 'fp_ring,fp_ring_expires,fp_ring_leases,mine' })
    })

    test('stores in two tables know nothing of each other, and those in one share it', async () => {
      const [one, two, again] = [sqlite(db), sqlite(db, { table: 'two' }), sqlite(opened(open, file))]
      right(await one.set('k', bytes('one'), D.minutes(1))())
      right(await two.set('k', bytes('two'), D.minutes(1))())
      expect(textOf(await again.get('k')())).toBe('one')
      right(await two.clear('')())
      expect(textOf(await one.get('k')())).toBe('one')
    })

    test('a table of that name that is not ours is left alone', async () => {
      db.exec('CREATE TABLE fp_ring (key TEXT, mine TEXT)')
      expect(await reasonsOf(sqlite(db))).toEqual(new Set(['failed']))
      expect(db.prepare(`SELECT count(*) AS n FROM fp_ring`).get()).toEqual({ n: 0 })
      db.exec(
        'CREATE TABLE half (key TEXT PRIMARY KEY, value BLOB, expires INTEGER); CREATE TABLE half_leases (x)'
      )
      expect(left(await sqlite(db, { table: 'half' }).get('k')()).reason).toBe('failed')
    })

    test('a database that is not in UTF-8 is a left', async () => {
      db.exec(`PRAGMA encoding = 'UTF-16'; CREATE TABLE mine (x)`)
      expect(left(await sqlite(db).get('k')()).reason).toBe('failed')
    })

    test('it sets what suits a cache, unless it is told not to', async () => {
      const settings = () => ({
        ...(db.prepare('PRAGMA journal_mode').get() as object),
        ...(db.prepare('PRAGMA synchronous').get() as object),
        ...(db.prepare('PRAGMA busy_timeout').get() as object)
      })
      db.exec('PRAGMA busy_timeout = 50')
      const before = settings()
      right(await sqlite(db, { configure: false }).set('k', bytes('v'), D.minutes(1))())
      expect(settings()).toEqual(before)
      const store = sqlite(db)
      expect(settings()).toEqual(before)
      right(await store.get('k')())
      expect(settings()).toEqual({ journal_mode: 'wal', synchronous: 1, timeout: 0 })
    })

    test('every statement finds its rows by an index', async () => {
      const asked: Array<string> = []
      const seen: SqliteDatabase = {
        exec: (sql) => db.exec(sql),
        prepare: (sql) => {
          asked.push(sql)
          return db.prepare(sql)
        }
      }
      right(await sqlite(seen).get('k')())
      for (const sql of asked.filter((one) => one.includes('"fp_ring"'))) {
        const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`)
        const parameters = sql
          .split('?')
          .slice(1)
          .map(() => 1)
        const { detail } = (plan.get(...parameters) ?? { detail: 'nothing' }) as { readonly detail: string }
        expect(`${sql}: ${detail}`).not.toMatch(/SCAN (?!CONSTANT)/)
      }
      expect(asked.length).toBeGreaterThan(10)
    })

    test('law 12: a bulk operation is one transaction, and nothing asked is none', async () => {
      const begun: Array<string> = []
      const counted: SqliteDatabase = {
        prepare: (sql) => db.prepare(sql),
        exec: (sql) => {
          if (sql.startsWith('BEGIN')) begun.push(sql)
          return db.exec(sql)
        }
      }
      const store = sqlite(Object.assign(counted, { inTransaction: false }))
      const keys = Array.from({ length: 3_000 }, (_, i) => `k${String(i)}`)
      const transactions = async (task: TaskEither<StoreError, unknown>): Promise<ReadonlyArray<string>> => {
        begun.length = 0
        right(await task())
        return [...begun]
      }
      right(await store.get('k')())
      const [read, write] = [['BEGIN DEFERRED'], ['BEGIN IMMEDIATE']]
      expect(await transactions(store.setMany(keys.map((key) => [key, bytes(key), D.minutes(1)])))).toEqual(
        write
      )
      expect(await transactions(store.getMany(keys))).toEqual(read)
      expect(await transactions(store.readMany(keys))).toEqual(read)
      expect(await transactions(store.hasMany(keys))).toEqual(read)
      expect(await transactions(store.touchMany(keys.map((key) => [key, D.minutes(2)])))).toEqual(write)
      expect(await transactions(store.leases.override(keys.map((key) => [key, none, D.zero])))).toEqual(write)
      expect(await transactions(store.deleteMany(keys))).toEqual(write)
      for (const task of [store.getMany([]), store.setMany([]), store.deleteMany([]), store.touchMany([])])
        expect(await transactions(task)).toEqual([])
    })

    test('law 35: clear of many keys pages through them, whatever they are made of', async () => {
      const store = sqlite(db)
      const many = Array.from({ length: 2_500 }, (_, i) => `a:\0${String(i)}`)
      const others = ['', 'a', 'a9', 'a;', 'a:', 'é', '\u{10ffff}', 'a:\u{10ffff}\u{10ffff}']
      const entries = [...many, ...others].map((key) => [key, bytes(key), D.minutes(1)] as const)
      right(await store.setMany(entries)())
      right(await store.clear('a:')())
      expect(right(await store.hasMany(others)())).toEqual([true, true, true, true, false, true, true, false])
      expect(new Set(right(await store.hasMany(many)()))).toEqual(new Set([false]))
      right(await store.clear('\u{10ffff}')())
      right(await store.clear('é')())
      expect(right(await store.hasMany(others)())).toEqual([
        true,
        true,
        true,
        true,
        false,
        false,
        false,
        false
      ])
      right(await store.clear('')())
      expect(new Set(right(await store.hasMany(others)()))).toEqual(new Set([false]))
      expect(left(await store.clear('\ud800')()).reason).toBe('refused')
    })

    test('what nobody reads any more goes with later writes, leases too', async () => {
      let time = Date.now()
      const store = sqlite(db, { clock: { now: () => time } })
      const old = Array.from(
        { length: 500 },
        (_, i) => [`old ${String(i)}`, bytes('v'), D.seconds(1)] as const
      )
      right(await store.setMany(old)())
      for (const [key] of old.slice(0, 50)) right(await store.leases.seize(key, 'me', D.seconds(1))())
      right(await store.set('for ever', bytes('v'), D.forever)())
      time += D.minutes(1)
      const count = (table: string) => db.prepare(`SELECT count(*) AS n FROM ${table}`).get()
      for (let i = 0; i < 500; i++) right(await store.set('new', bytes('v'), D.minutes(1))())
      expect(count('fp_ring')).toEqual({ n: 2 })
      expect(count('fp_ring_leases')).toEqual({ n: 0 })
      // and where a ring writes by its leases, or many entries at once
      for (const [key] of old) {
        right(await store.leases.seize(key, 'me', D.seconds(1))())
        right(await store.leases.commit(key, 'me', some(bytes('v')), D.seconds(1))())
      }
      time += D.minutes(1)
      for (let i = 0; i < 300; i++)
        right(await store.leases.override([['new', some(bytes('v')), D.hours(1)]])())
      expect(count('fp_ring')).toEqual({ n: 2 })
      right(await store.setMany(old)())
      time += D.minutes(1)
      right(await store.setMany(old.map(([key, value]) => [`${key}, again`, value, D.hours(1)]))())
      expect(count('fp_ring')).toEqual({ n: 502 })
    })

    test('an answer has memory of its own', async () => {
      const store = sqlite(db)
      right(await store.set('k', bytes('small'), D.minutes(1))())
      const found = right(await store.get('k')())
      if (found._tag === 'None') throw new Error('it was stored')
      expect(found.value.buffer.byteLength).toBe(5)
    })

    // -- what other programs write --------------------------------------------------------

    test('law 5: a row of which the value is no bytes is a left, and in bulk a miss', async () => {
      const store = sqlite(db)
      for (const value of ['42', '4611686018427387904', '0.5']) {
        right(await store.setMany(['a', 'k', 'z'].map((key) => [key, bytes(key), D.minutes(1)]))())
        db.exec(`UPDATE fp_ring SET value = ${value} WHERE key = 'k'`)
        for (const task of [store.get('k'), store.read('k'), store.has('k')]) {
          const error = left(await task())
          expect([error.reason, error.message]).toEqual([
            'failed',
            expect.stringContaining('none of a store')
          ])
        }
        const found = right(await store.getMany(['a', 'k', 'z'])())
        expect(found.map((one) => one._tag)).toEqual(['Some', 'None', 'Some'])
        expect(right(await store.readMany(['k', 'z'])()).map((one) => one._tag)).toEqual(['None', 'Some'])
        expect(right(await store.hasMany(['a', 'k', 'z'])())).toEqual([true, false, true])
        expect(right(await store.touch('k', D.minutes(2))())).toBe(false)
        expect(right(await store.touchMany([['k', D.zero]])())).toEqual([false])
        // it is to be written anew
        expect(right(await store.leases.acquire('k', 'me', D.minutes(1), D.zero)())._tag).toBe('Won')
        right(await store.set('k', bytes('new'), D.minutes(1))())
        expect(textOf(await store.get('k')())).toBe('new')
        right(await store.leases.override([['k', none, D.zero]])())
      }
    })

    test('an end is any number, and is taken for a whole one that a driver can give', async () => {
      const at = 1_000_000
      const store = sqlite(db, { clock: { now: () => at } })
      const most = Number.MAX_SAFE_INTEGER - at
      const ends = { '4611686018427387904': most, '1e300': most, [`${String(at + 10)}.5`]: 10 }
      for (const [end, remaining] of Object.entries(ends)) {
        right(await store.set('k', bytes('v'), D.minutes(1))())
        db.exec(`UPDATE fp_ring SET expires = ${end}`)
        const entry = right(await store.read('k')())
        expect([end, entry._tag === 'Some' && entry.value.remaining]).toEqual([end, remaining])
        expect(right(await store.has('k')())).toBe(true)
        right(await store.leases.seize('k', 'me', D.minutes(1))())
        db.exec(`UPDATE fp_ring_leases SET ends = ${end}`)
        expect(right(await store.leases.acquire('k', 'you', D.minutes(1), D.forever)())).toEqual({
          _tag: 'Busy',
          remaining
        })
      }
      // less than a millisecond is none
      db.exec(
        `UPDATE fp_ring SET expires = ${String(at)}.5; UPDATE fp_ring_leases SET ends = ${String(at)}.5`
      )
      expect(right(await store.read('k')())).toEqual(none)
      expect(right(await store.has('k')())).toBe(false)
      expect(right(await store.leases.acquire('k', 'you', D.minutes(1), D.zero)())._tag).toBe('Won')
      db.exec(`UPDATE fp_ring_leases SET ends = 'some day'`)
      expect(right(await store.leases.acquire('k', 'him', D.minutes(1), D.zero)())._tag).toBe('Won')
    })

    test('statements are not made anew because of a failure that is none of theirs', async () => {
      let prepared = 0
      const seen: SqliteDatabase & { inTransaction: boolean } = {
        inTransaction: false,
        exec: (sql) => db.exec(sql),
        prepare: (sql) => {
          prepared++
          return db.prepare(sql)
        }
      }
      const store = sqlite(seen)
      right(await store.set('k', bytes('v'), D.minutes(1))())
      db.exec(`INSERT INTO fp_ring (key, value) VALUES ('bad', 42)`)
      db.exec('PRAGMA max_page_count = 1')
      const before = prepared
      for (let i = 0; i < 5; i++) {
        expect(left(await store.get('bad')()).reason).toBe('failed')
        expect(left(await store.set('l', Buffer.alloc(100_000), D.minutes(1))()).reason).toBe('failed')
      }
      expect(prepared).toBe(before)
      db.exec('PRAGMA max_page_count = 1000000')
      db.exec('DROP TABLE fp_ring; DROP TABLE fp_ring_leases')
      right(await store.set('k', bytes('v'), D.minutes(1))())
      expect(prepared).toBeGreaterThan(before)
    })

    // -- the connection -------------------------------------------------------------------

    test('law 13: to make a store does nothing, and backend is the connection', async () => {
      let lookups = 0
      const store = sqlite(() => {
        lookups++
        return db
      })
      expect(typeof store.set('k', bytes('v'), D.minutes(1))).toBe('function')
      expect(lookups).toBe(0)
      expect(store.backend).toBe(db)
      expect(sqlite(db).backend).toBe(db)
      expect(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()).toEqual({ n: 0 })
      expect(() => sqlite(db, { timeout: D.zero })).toThrow(TypeError)
      for (const table of ['', 'a b', 'a"b', 'a.b', '1a', 'sqlite_x', 'SQLITE_x']) {
        expect(() => sqlite(db, { table })).toThrow(TypeError)
      }
    })

    test('law 26: a database that is busy is waited for, and the process is not held up', async () => {
      const store = sqlite(db, { timeout: D.seconds(5) })
      right(await store.set('k', bytes('old'), D.minutes(1))())
      const other = opened(open, file)
      other.exec('BEGIN IMMEDIATE')
      let ticks = 0
      const ticking = setInterval(() => ticks++, 5)
      const writing = store.set('k', bytes('new'), D.minutes(1))()
      const winning = store.leases.acquire('l', 'me', D.minutes(1), D.zero)()
      // who reads does not wait
      expect(textOf(await store.get('k')())).toBe('old')
      await new Promise((resolve) => setTimeout(resolve, 200))
      other.exec('COMMIT')
      right(await writing)
      expect(right(await winning)._tag).toBe('Won')
      clearInterval(ticking)
      expect(ticks).toBeGreaterThan(10)
      expect(textOf(await store.get('k')())).toBe('new')
      closed(other)
    })

    test('law 21: who waits for a database that is busy is not overtaken by who comes later', async () => {
      const [store, same] = [sqlite(db), sqlite(db)]
      right(await store.has('k')())
      const other = opened(open, file)
      for (let round = 0; round < 20; round++) {
        other.exec('BEGIN IMMEDIATE')
        const setting = store.set('k', bytes('old'), D.minutes(1))()
        const touching = store.touch('k', D.hours(1))()
        await new Promise((resolve) => setTimeout(resolve, 10 * Math.random()))
        other.exec('COMMIT')
        right(await same.delete('k')()) // by another store on the same connection
        right(await setting)
        expect(right(await touching)).toBe(true)
        expect(right(await store.get('k')())).toEqual(none)
      }
      closed(other)
    })

    test('law 26: of all who wait for a connection one asks', async () => {
      let asked = 0
      const counted: SqliteDatabase & { inTransaction: boolean } = {
        inTransaction: false,
        exec: (sql) => db.exec(sql),
        prepare: (sql) => {
          const statement = db.prepare(sql)
          if (!/INSERT INTO "fp_ring" /.test(sql)) return statement
          return {
            get: statement.get.bind(statement),
            run: (...values) => {
              asked++
              return statement.run(...values)
            }
          }
        }
      }
      const store = sqlite(counted, { timeout: D.seconds(10) })
      right(await store.has('k')())
      const other = opened(open, file)
      other.exec('BEGIN IMMEDIATE')
      const writing = Array.from({ length: 1_000 }, (_, i) =>
        store.set(`k${String(i)}`, bytes('v'), D.minutes(1))()
      )
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(asked).toBeLessThan(150)
      other.exec('COMMIT')
      for (const answer of await Promise.all(writing)) right(answer)
      expect(asked).toBeLessThan(1_200)
      // nobody waits any more
      right(await store.set('k', bytes('v'), D.minutes(1))())
      closed(other)
    })

    test('law 26: one who has waited long enough does not wait for those before him', async () => {
      const [patient, hasty] = [
        sqlite(db, { timeout: D.seconds(5) }),
        sqlite(db, { timeout: D.milliseconds(50) })
      ]
      right(await patient.has('k')())
      const other = opened(open, file)
      other.exec('BEGIN IMMEDIATE')
      const waiting = patient.set('k', bytes('patient'), D.minutes(1))()
      const begun = performance.now()
      expect(left(await hasty.set('k', bytes('hasty'), D.minutes(1))()).reason).toBe('timeout')
      expect(performance.now() - begun).toBeLessThan(500)
      other.exec('COMMIT')
      right(await waiting)
      expect(textOf(await patient.get('k')())).toBe('patient')
      closed(other)
    })

    test('law 26: and no longer than for the timeout', async () => {
      const store = sqlite(db, { timeout: D.milliseconds(200) })
      right(await store.set('k', bytes('old'), D.minutes(1))())
      const other = opened(open, file)
      other.exec('BEGIN IMMEDIATE')
      const begun = performance.now()
      const writes = Object.entries(operationsOf(store)).filter(([one]) => !/get|read|has/.test(one))
      const answers = await Promise.all(writes.map(([, task]) => task()))
      const took = performance.now() - begun
      other.exec('COMMIT')
      expect(answers.map((answer) => left(answer).reason)).toEqual(answers.map(() => 'timeout'))
      expect(took).toBeGreaterThan(100)
      expect(took).toBeLessThan(3_000)
      right(await store.set('k', bytes('new'), D.minutes(1))())
      closed(other)
    })

    test('what is not the store’s transaction is not taken part in', async () => {
      const stores = [sqlite(db), sqlite({ exec: (sql) => db.exec(sql), prepare: (sql) => db.prepare(sql) })]
      for (const store of stores) {
        right(await store.set('k', bytes('old'), D.minutes(1))())
        db.exec('BEGIN')
        expect(await reasonsOf(store)).toEqual(new Set(['refused']))
        db.exec('ROLLBACK')
        expect(textOf(await store.get('k')())).toBe('old')
      }
    })

    test('a connection that is closed is a left, and one that is opened anew is used', async () => {
      let current = db
      const store = sqlite(() => current)
      right(await store.set('k', bytes('v'), D.minutes(1))())
      closed(db)
      expect(await reasonsOf(store)).toEqual(new Set(['failed']))
      current = opened(open, file)
      expect(textOf(await store.get('k')())).toBe('v')
    })

    test('a table that is dropped is made again', async () => {
      const store = sqlite(db)
      right(await store.set('k', bytes('v'), D.minutes(1))())
      db.exec('DROP TABLE fp_ring; DROP TABLE fp_ring_leases')
      expect(right(await store.get('k')())).toEqual(none)
      right(await store.set('k', bytes('w'), D.minutes(1))())
      expect(textOf(await store.get('k')())).toBe('w')
    })

    // -- faults ---------------------------------------------------------------------------

    test('a database that is read-only is read, and its writes are lefts', async () => {
      right(await sqlite(db).set('k', bytes('v'), D.minutes(1))())
      const store = sqlite(opened(open, file, { readOnly: true }))
      expect(textOf(await store.get('k')())).toBe('v')
      expect(right(await store.hasMany(['k', 'l'])())).toEqual([true, false])
      const wrote = left(await store.set('k', bytes('w'), D.minutes(1))())
      expect([wrote.reason, String(wrote.cause)]).toEqual(['failed', expect.stringContaining('readonly')])
      expect(left(await store.setMany([['k', bytes('w'), D.minutes(1)]])()).reason).toBe('failed')
      expect(textOf(await store.get('k')())).toBe('v')
    })

    test('law 25: a database that is full says so, keeps who has a lease, and still removes', async () => {
      const store = sqlite(db)
      const { leases } = store
      right(await store.set('k', bytes('old'), D.minutes(1))())
      right(await leases.seize('k', 'me', D.minutes(1))())
      db.exec('PRAGMA max_page_count = 1') // what it has stays, and it grows no more
      const large = Buffer.alloc(100_000)
      for (const task of [
        store.set('l', large, D.minutes(1)),
        store.setMany([['k', large, D.minutes(1)]]),
        leases.commit('k', 'me', some(large), D.minutes(1)),
        leases.override([['k', some(large), D.minutes(1)]])
      ]) {
        const error = left(await task())
        expect([error.reason, String(error.cause)]).toEqual(['failed', expect.stringContaining('full')])
      }
      expect(textOf(await store.get('k')())).toBe('old')
      expect(right(await leases.renew('k', 'me', D.minutes(1))())).toBe(true)
      right(await leases.override([['k', none, D.minutes(1)]])())
      expect(right(await store.has('k')())).toBe(false)
      db.exec('PRAGMA max_page_count = 1000000')
      right(await store.set('l', large, D.minutes(1))())
    })

    test('law 5: a database that is damaged, or none, is a left', async () => {
      const store = sqlite(db)
      right(
        await store.setMany(
          Array.from({ length: 500 }, (_, i) => [`k${String(i)}`, Buffer.alloc(500, 1), D.minutes(1)])
        )()
      )
      db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
      closed(db)
      for (const beside of ['-wal', '-shm']) fs.rmSync(file + beside, { force: true })
      const whole = fs.readFileSync(file)
      fs.writeFileSync(
        file,
        Buffer.concat([whole.subarray(0, 4_096), Buffer.alloc(whole.length - 4_096, 0xa5)])
      )
      expect(await reasonsOf(sqlite(opened(open, file)))).toEqual(new Set(['failed']))
      const none = freshFile()
      fs.writeFileSync(
        none,
        'not a database, and longer than the header of one, which has a hundred bytes '.repeat(9)
      )
      const error = left(await sqlite(opened(open, none)).get('secret')())
      expect(error.reason).toBe('failed')
      expect(error.message + JSON.stringify(error)).not.toContain('secret')
    })

    test('a driver that answers otherwise than with rows by name is a left', async () => {
      const store = sqlite({
        inTransaction: false,
        exec: (sql: string) => db.exec(sql),
        prepare: (sql: string) => {
          const { get, run } = db.prepare(sql)
          const statement = db.prepare(sql)
          return /AS value/.test(sql)
            ? { get: () => [bytes('v'), null], run }
            : { get: get.bind(statement), run: run.bind(statement) }
        }
      })
      expect(left(await store.get('k')()).reason).toBe('failed')
    })

    test('a failure to sweep is no failure of the write', async () => {
      const fails = (): never => {
        throw new Error('no sweeping')
      }
      const store = sqlite({
        inTransaction: false,
        exec: (sql: string) => db.exec(sql),
        prepare: (sql: string) => (/LIMIT \?/.test(sql) ? { get: fails, run: fails } : db.prepare(sql))
      })
      for (let i = 0; i < 200; i++) right(await store.set('k', bytes('v'), D.minutes(1))())
    })
  })
}

test('the connection keeps its type', () => {
  const db: DatabaseSyncInstance = new DatabaseSync(':memory:')
  expectTypeOf(sqlite(db).backend).toEqualTypeOf(db)
  expectTypeOf(sqlite(() => db).backend).toEqualTypeOf(db)
  expectTypeOf(sqlite(db)).toExtend<Leasing<Uint8Array>>()
  db.close()
})

test('a connection that is closed and opened is used again', async () => {
  const db = new DatabaseSync(freshFile())
  const store = sqlite(db)
  right(await store.set('k', bytes('v'), D.minutes(1))())
  db.close()
  expect(left(await store.get('k')()).reason).toBe('failed')
  db.open()
  expect(textOf(await store.get('k')())).toBe('v')
  db.close()
})
