/**
 * Entries in a table of SQLite: one row per key, whose value is the codec's bytes, for all processes of a machine that
 * open the same database.
 *
 * Laws: those of `Store`. Moreover:
 *
 * - law 5: for a row whose value is not bytes, which another program wrote, `get`, `read` and `has` return a `left`,
 *   and bulk reads return a miss. The next write replaces it.
 * - law 12: a bulk operation is one transaction.
 * - law 21: operations that wait for a busy database run in the order of the calls.
 * - law 22, 25: leases, for all processes that open the same database: a read and the write after it are one
 *   transaction.
 * - law 26: an operation that waits for a busy database does not block the process, and waits no longer than the
 *   store's own deadline.
 *
 * Drivers are synchronous, so each operation blocks the process: for some microseconds, if the disk is fast.
 *
 * @since 0.1.0
 */
import type { Either } from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import { toBuffer } from '../../base/buffer'
import { isWellFormed } from '../../base/bytes'
import { defect } from '../../base/defect'
import type { Operation, StoreError } from '../../RingError'
import { done, lone, noneAsked, refused } from '../kit/answers'
import { aDatabase, checkedClient, checkedOptions, ofSqlite } from '../kit/checks'
import { checkedTimeout, timeOfDay } from '../kit/options'
import { clientIn } from '../kit/place'
import type { Leasing, Store } from '../model'
import { columnOf, textOf, transaction } from './client'
import { sqliteLeases } from './leases'
import type { SqliteDatabase, SqliteOptions } from './model'
import { bytesOf, makeRows, makeSweep, orNone, remove, toOption, toValue, unlessDamaged } from './rows'
import { makeRuns, type Runs } from './run'
import type { Table } from './table'

export * from './model'

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const right = <A>(value: A): Either<never, A> => ({ _tag: 'Right', right: value })

/** The end of the range of all texts with a prefix: no byte of UTF-8 is 255. */
const after = (prefix: string): Buffer => {
  const bytes = Buffer.from(prefix)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) + 1
  return prefix === '' ? Buffer.of(255) : bytes
}

/** Work on each of many inputs, in order and in one transaction. */
interface Each<X, A> {
  readonly kind: 'IMMEDIATE' | 'DEFERRED'
  readonly keyOf: (x: X) => string
  readonly one: (table: Table, x: X) => A
}

const each = <X, A>(
  { on }: Runs,
  operation: Operation,
  all: ReadonlyArray<X>,
  { keyOf, kind, one }: Each<X, A>
): TE.TaskEither<StoreError, ReadonlyArray<A>> =>
  all.length === 0
    ? noneAsked
    : on(operation, all.map(keyOf), (table) =>
        transaction(table.db, kind, () => all.map((x) => one(table, x)))
      )

const itself = (key: string): string => key

/** Reads many keys. */
const readEach = <A>(
  runs: Runs,
  operation: Operation,
  keys: ReadonlyArray<string>,
  one: (table: Table, key: string) => A
): TE.TaskEither<StoreError, ReadonlyArray<A>> =>
  each(runs, operation, keys, { kind: 'DEFERRED', keyOf: itself, one })

/** Removes all keys that begin with a prefix, page by page. */
const clear = async ({ run }: Runs, prefix: string): Promise<Either<StoreError, void>> => {
  let start: string | Buffer | undefined = textOf(prefix)
  const end = after(prefix)
  while (start !== undefined) {
    const from = start
    const page: Either<StoreError, Buffer | undefined> = await run('clear', (table) =>
      transaction(table.db, 'IMMEDIATE', () => {
        const next = columnOf(table.nextPage.get(from, end), 'start')
        const to = next === undefined ? undefined : toBuffer(unlessDamaged('clear', bytesOf(next)))
        table.removeRange.run(from, to ?? end)
        return to
      })
    )
    if (page._tag === 'Left') return page
    start = page.right
  }
  return right(undefined)
}

/**
 * A store of bytes in a table of SQLite, over a connection that the program creates and closes: better-sqlite3's
 * `Database`, or `DatabaseSync` of `node:sqlite`, or a function that returns one, which is called at every use.
 * `backend` is that connection, in its own type. Use a separate connection for the store: see `configure`. The store
 * creates its tables at the first use.
 *
 * Returns a `left` with the reason `timeout` if the database was busy for all of `options.timeout`; `refused` for a key
 * that is not well-formed Unicode, and while another user of the connection has a transaction open, which could roll
 * back the write; `failed` for everything else: a closed connection, a full disk, a database that is read-only or
 * corrupt. Throws a `TypeError` for a `timeout` of zero or less, and for a table name that is not letters, digits and
 * `_`.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as O from 'fp-ts/Option'
 * import { DatabaseSync } from '@photostructure/sqlite' // or: from 'node:sqlite'
 * import { Duration } from 'fp-ring'
 * import { sqlite } from 'fp-ring/sqlite'
 *
 * const db = new DatabaseSync(':memory:')
 * const store = sqlite(db)
 * const test = async () => {
 *   await store.set('greeting', Buffer.from('hello'), Duration.minutes(1))()
 *   const got = await store.get('greeting')()
 *   assert.ok(E.isRight(got) && O.isSome(got.right))
 *   assert.strictEqual(Buffer.from(got.right.value).toString(), 'hello')
 *   db.close()
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const sqlite = <Database extends SqliteDatabase>(
  database: Database | (() => Database),
  options: SqliteOptions = {}
): Store<Uint8Array, Database> & Leasing<Uint8Array> => {
  const { clock = timeOfDay, configure = true, table: name = 'fp_ring' } = checkedOptions(ofSqlite, options)
  const timeout = checkedTimeout('a store', options.timeout)
  if (!/^(?!sqlite_)[a-z_][a-z0-9_]*$/i.test(name))
    return defect(
      'the option table must be letters, digits and _, begin with a letter or _, and not with sqlite_'
    )
  const lookup = checkedClient('sqlite', aDatabase, database)
  const now = (): number => Math.round(clock.now())
  const runs = makeRuns({ lookup, name, configure, timeout })
  const { on } = runs
  const { has, read, touch, write } = makeRows(now)
  const wrote = makeSweep(now)

  return {
    get backend() {
      return lookup()
    },
    placeOf: (prefix) => ({ backend: clientIn(database), prefix: `${name}\0${prefix}` }),
    deadline: timeout, // except `clear`, where it applies to each page
    get: (key) => on('get', [key], (table) => toValue(unlessDamaged('get', read(table, key)))),
    read: (key) => on('read', [key], (table) => toOption(unlessDamaged('read', read(table, key)))),
    set: (key, value, ttl) =>
      on('set', [key], (table) => {
        write(table, key, value, ttl)
        wrote(table, 1)
      }),
    delete: (key) => on('delete', [key], (table) => remove(table, key)),
    has: (key) => on('has', [key], (table) => unlessDamaged('has', has(table, key))),
    touch: (key, ttl) => on('touch', [key], (table) => touch(table, key, ttl)),
    getMany: (keys) => readEach(runs, 'getMany', keys, (table, key) => toValue(orNone(read(table, key)))),
    readMany: (keys) => readEach(runs, 'readMany', keys, (table, key) => toOption(orNone(read(table, key)))),
    setMany: (entries) =>
      entries.length === 0
        ? done
        : on(
            'setMany',
            entries.map(([key]) => key),
            (table) => {
              transaction(table.db, 'IMMEDIATE', () =>
                entries.forEach(([key, value, ttl]) => write(table, key, value, ttl))
              )
              wrote(table, entries.length)
            }
          ),
    deleteMany: (keys) =>
      keys.length === 0
        ? done
        : on('deleteMany', keys, (table) =>
            transaction(table.db, 'IMMEDIATE', () => keys.forEach((key) => remove(table, key)))
          ),
    hasMany: (keys) => readEach(runs, 'hasMany', keys, (table, key) => has(table, key) === true),
    touchMany: (entries) =>
      each(runs, 'touchMany', entries, {
        kind: 'IMMEDIATE',
        keyOf: ([key]) => key,
        one: (table, [key, ttl]) => touch(table, key, ttl)
      }),
    clear: (prefix) => (isWellFormed(prefix) ? () => clear(runs, prefix) : refused('clear', lone)),
    leases: sqliteLeases({ on, now, read, write, remove, wrote })
  }
}
