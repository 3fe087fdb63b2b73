/**
 * Entries in a table of SQLite: one row per key, whose value is the codec's bytes, for all processes of a machine that
 * open the same database.
 *
 * Laws: those of `Store`. Moreover:
 *
 * - law 5: a row whose value is no bytes, which another program has written, is a `left` for `get`, `read` and `has`, and a
 *   miss in bulk. The next write replaces it.
 * - law 12: a bulk operation is one transaction.
 * - law 21: who waits for a database that is busy is done in order.
 * - law 22, 25: leases, for all who open the same database: what looks and then writes is one transaction.
 * - law 26: who finds the database busy waits without holding up the process, and no longer than the store's own
 *   deadline.
 *
 * A driver answers at once, and the process stands still meanwhile: for some microseconds, where the disk is quick.
 *
 * @since 0.1.0
 */
import type { Either } from 'fp-ts/Either'
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import { done, lone, none, noneAsked, refused } from '../internal/answers'
import { isWellFormed, toBuffer } from '../internal/bytes'
import { defect } from '../internal/defect'
import { checkedTimeout, lookupOf, timeOfDay } from '../internal/options'
import {
  changesOf,
  columnOf,
  isBusy,
  isInTransaction,
  isStale,
  textOf,
  transaction
} from '../internal/sqliteClient'
import { sqliteLeases } from '../internal/sqliteLeases'
import { isWaitedFor, standInLine } from '../internal/sqliteLine'
import { openTable, type Table } from '../internal/sqliteTable'
import { StoreError, storeFailed } from '../RingError'
import type { Entry, Leasing, Operation, Store } from '../Store'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A connection to a SQLite database whose calls answer at once: a `Database` of better-sqlite3, a `DatabaseSync` of
 * `node:sqlite`, or what has their shape. The program that made it closes it.
 *
 * What a statement takes is left open (`never`): each driver has its own type for it. The store gives numbers, bytes and
 * `null`, by position.
 *
 * @category model
 * @since 0.1.0
 */
export interface SqliteDatabase {
  readonly exec: (sql: string) => unknown
  readonly prepare: (sql: string) => {
    readonly get: (...values: Array<never>) => unknown
    readonly run: (...values: Array<never>) => unknown
  }
}

/**
 * How a store uses its connection. `table`: where the entries are (default: `fp_ring`; leases are in `<table>_leases`).
 * `timeout`: how long an operation, or each page of `clear`, waits for a database that is busy (default: 1 second).
 * `configure`: whether the store sets what suits a cache, at its first use: `journal_mode = WAL`, `synchronous = NORMAL`,
 * `busy_timeout = 0` (default: yes). `clock`: for tests; it tells the milliseconds since 1970, and has to be the same for
 * all who use the table (default: that of the machine).
 *
 * @category model
 * @since 0.1.0
 */
export interface SqliteOptions {
  readonly table?: string
  readonly timeout?: Duration
  readonly configure?: boolean
  readonly clock?: Pick<Clock, 'now'>
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** Entries that are over and are removed for each write: more than one, so that there are never many. */
const sweptPerWrite = 2
/** From how many on it is worth a statement. */
const leastSwept = 128

/** What does not write: in WAL it does not wait for who does. */
const reads: ReadonlySet<Operation> = /*#__PURE__*/ new Set([
  'get',
  'read',
  'has',
  'getMany',
  'readMany',
  'hasMany'
])

const right = <A>(value: A): Either<never, A> => ({ _tag: 'Right', right: value })
const left = (error: StoreError): Either<StoreError, never> => ({ _tag: 'Left', left: error })

/** What is after all texts that begin so: no byte of UTF-8 is 255. */
const after = (prefix: string): Buffer => {
  const bytes = Buffer.from(prefix)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) + 1
  return prefix === '' ? Buffer.of(255) : bytes
}

/**
 * A store of bytes in a table of SQLite, over a connection that the program made and closes: better-sqlite3's `Database`,
 * or `DatabaseSync` of `node:sqlite`, or a function that gives one, which is asked at every use. `backend` is that
 * connection, in its own type. Give the store one of its own: see `configure`. It makes its tables at its first use.
 *
 * `left` with the reason `timeout` where the database was busy for all of `options.timeout`; `refused` for a key that is
 * not well-formed Unicode, and while somebody else has a transaction open on the connection, which could undo what was
 * written; `failed` for everything else: a closed connection, a full disk, a database that is read-only or corrupt. Throws
 * a `TypeError` for a `timeout` of zero or less, and for a name of a table that is not letters, digits and `_`.
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
  const { clock = timeOfDay, configure = true, table: name = 'fp_ring' } = options
  const timeout = checkedTimeout('a store', options.timeout)
  if (!/^(?!sqlite_)[a-z_][a-z0-9_]*$/i.test(name)) return defect('that is no name for a table')
  const lookup = lookupOf(database)
  const now = (): number => Math.round(clock.now())

  // -- a connection -----------------------------------------------------------------------

  const tables = new WeakMap<SqliteDatabase, Table>()
  const once = <A>(db: SqliteDatabase, operation: Operation, work: (table: Table) => A): A => {
    if (isInTransaction(db))
      throw new StoreError(operation, 'refused', 'the connection is in a transaction of somebody else')
    const known = tables.get(db)
    if (known !== undefined) {
      try {
        return work(known)
      } catch (cause) {
        if (cause instanceof StoreError || isBusy(cause) || !isStale(cause)) throw cause
        tables.delete(db) // the connection may have been opened anew, or the table be gone
      }
    }
    const opened = openTable(db, name, configure)
    tables.set(db, opened)
    return work(opened)
  }
  const failed = (operation: Operation, cause: unknown): Either<StoreError, never> =>
    left(cause instanceof StoreError ? cause : storeFailed(operation)(cause))

  /** Asks a database that is busy again and again. */
  const persist = <A>(
    db: SqliteDatabase,
    operation: Operation,
    work: (table: Table) => A,
    busy?: unknown
  ): Promise<Either<StoreError, A>> =>
    new Promise((resolve) => {
      let last = busy
      standInLine(db, {
        until: performance.now() + timeout,
        attempt: () => {
          try {
            resolve(right(once(lookup(), operation, work)))
          } catch (cause) {
            last = cause
            if (isBusy(cause)) return false
            resolve(failed(operation, cause))
          }
          return true
        },
        late: () =>
          resolve(left(new StoreError(operation, 'timeout', 'the database was busy all the time', last)))
      })
    })
  const run = <A>(operation: Operation, work: (table: Table) => A): Promise<Either<StoreError, A>> => {
    let db: SqliteDatabase | undefined
    try {
      db = lookup()
      const waits = isWaitedFor(db) && !reads.has(operation)
      return waits ? persist(db, operation, work) : Promise.resolve(right(once(db, operation, work)))
    } catch (cause) {
      return db !== undefined && isBusy(cause)
        ? persist(db, operation, work, cause)
        : Promise.resolve(failed(operation, cause))
    }
  }
  const on = <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    work: (table: Table) => A
  ): TE.TaskEither<StoreError, A> =>
    keys.every(isWellFormed) ? () => run(operation, work) : refused(operation, lone)

  // -- entries ----------------------------------------------------------------------------

  let due = 0
  /** Something was written: now and then, what is over goes. What fails here will be done by a later one. */
  const wrote = ({ sweep, sweepLeases }: Table, writes: number): void => {
    due += sweptPerWrite * writes
    if (due < leastSwept) return
    const most = due
    due = 0
    try {
      sweep.run(now(), most)
      sweepLeases.run(now(), most)
    } catch {
      // the database is busy or full
    }
  }
  const endOf = (ttl: Duration): number | null =>
    ttl === Infinity ? null : Math.min(now() + ttl, Number.MAX_SAFE_INTEGER)
  const bytesOf = (value: unknown): Uint8Array | 'damaged' =>
    typeof value === 'string'
      ? Buffer.from(value) // another program wrote it
      : ArrayBuffer.isView(value)
      ? (value as Uint8Array) // the proof: drivers give a BLOB as such
      : 'damaged'
  const read = (table: Table, key: string): Entry<Uint8Array> | 'damaged' | undefined => {
    const at = now()
    // the proof: every column is looked at as `unknown`
    const row = table.read.get(textOf(key), at) as Partial<Record<'value' | 'expires', unknown>> | undefined
    if (row === undefined) return undefined
    const { expires } = row
    const value = bytesOf(row.value)
    if (value === 'damaged') return value
    // the proof: whole milliseconds, or forever
    return { value, remaining: (expires === null ? Infinity : Number(expires) - at) as Duration }
  }
  const remove = ({ remove: statement }: Table, key: string): void => void statement.run(textOf(key))
  const write = (table: Table, key: string, value: Uint8Array, ttl: Duration): void => {
    if (ttl > 0) table.write.run(textOf(key), toBuffer(value), endOf(ttl))
    else remove(table, key)
  }
  const has = (table: Table, key: string): boolean | 'damaged' => {
    const whole = columnOf(table.has.get(textOf(key), now()), 'whole')
    return whole !== undefined && (Number(whole) === 1 || 'damaged')
  }
  const touch = (table: Table, key: string, ttl: Duration): boolean =>
    changesOf(
      ttl > 0 ? table.touch.run(endOf(ttl), textOf(key), now()) : table.removeLive.run(textOf(key), now())
    ) > 0

  const unlessDamaged = <A>(operation: Operation, found: A | 'damaged'): A => {
    if (found === 'damaged')
      throw new StoreError(
        operation,
        'failed',
        'the row is none of a store’s, or the driver gives no rows by name'
      )
    return found // the proof: the only other one has been thrown
  }
  const orNone = <A>(found: A | 'damaged'): A | undefined => (found === 'damaged' ? undefined : found)
  const toOption = (entry: Entry<Uint8Array> | undefined): O.Option<Entry<Uint8Array>> =>
    entry === undefined ? none : { _tag: 'Some', value: entry }
  const toValue = (entry: Entry<Uint8Array> | undefined): O.Option<Uint8Array> =>
    entry === undefined ? none : { _tag: 'Some', value: entry.value }

  /** All of it in one transaction, in order. */
  const each = <X, A>(
    kind: 'IMMEDIATE' | 'DEFERRED',
    operation: Operation,
    all: ReadonlyArray<X>,
    keyOf: (x: X) => string,
    one: (table: Table, x: X) => A
  ): TE.TaskEither<StoreError, ReadonlyArray<A>> =>
    all.length === 0
      ? noneAsked
      : on(operation, all.map(keyOf), (table) =>
          transaction(table.db, kind, () => all.map((x) => one(table, x)))
        )
  const itself = (key: string): string => key

  const clear = async (prefix: string): Promise<Either<StoreError, void>> => {
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

  return {
    get backend() {
      return lookup()
    },
    deadline: timeout, // but for `clear`, which has it for each page
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
    getMany: (keys) =>
      each('DEFERRED', 'getMany', keys, itself, (table, key) => toValue(orNone(read(table, key)))),
    readMany: (keys) =>
      each('DEFERRED', 'readMany', keys, itself, (table, key) => toOption(orNone(read(table, key)))),
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
    hasMany: (keys) => each('DEFERRED', 'hasMany', keys, itself, (table, key) => has(table, key) === true),
    touchMany: (entries) =>
      each(
        'IMMEDIATE',
        'touchMany',
        entries,
        ([key]) => key,
        (table, [key, ttl]) => touch(table, key, ttl)
      ),
    clear: (prefix) => (isWellFormed(prefix) ? () => clear(prefix) : refused('clear', lone)),
    leases: sqliteLeases({ on, now, read, write, remove, wrote })
  }
}
