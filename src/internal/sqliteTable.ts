/**
 * The tables of a SQLite store, and what is asked of them.
 *
 *     CREATE TABLE "fp_ring" (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL, expires INTEGER)
 *     CREATE TABLE "fp_ring_leases" (key TEXT PRIMARY KEY NOT NULL, token TEXT NOT NULL, ends INTEGER NOT NULL)
 *
 * `expires` and `ends` are milliseconds since 1970; an entry without `expires` never ends. The entries have a rowid:
 * without it, a value of 1 KB does not fit beside its key, and a read takes four times as long.
 *
 * @internal
 */
import type { SqliteDatabase } from '../stores/sqlite'
import { columnOf, prepare, type SqliteStatement, transaction } from './sqliteClient'

/** @internal */
export interface Table {
  readonly db: SqliteDatabase
  readonly read: SqliteStatement
  readonly has: SqliteStatement
  readonly write: SqliteStatement
  readonly remove: SqliteStatement
  readonly removeLive: SqliteStatement
  readonly touch: SqliteStatement
  readonly sweep: SqliteStatement
  readonly sweepLeases: SqliteStatement
  /** Where the next page of keys from the first to before the second begins. */
  readonly nextPage: SqliteStatement
  readonly removeRange: SqliteStatement
  readonly lease: SqliteStatement
  readonly takeLease: SqliteStatement
  readonly removeLease: SqliteStatement
}

/** How many entries `clear` removes at once, at most. */
const page = 1_000

/** Some drivers take a value of no bytes for `NULL`. */
const bytes = `coalesce(?, x'')`
/** Text may come as bytes: see `textOf`. */
const key = 'CAST(? AS TEXT)'

/** What the connection is to be: a writer and its readers do not wait for each other, nor does the process wait. */
const configure = (db: SqliteDatabase): void => {
  db.exec('PRAGMA busy_timeout = 0')
  if (columnOf(prepare(db, 'PRAGMA journal_mode').get(), 'journal_mode') === 'delete')
    db.exec('PRAGMA journal_mode = WAL')
  db.exec('PRAGMA synchronous = NORMAL')
}

const columnsOf = (db: SqliteDatabase, table: string): unknown =>
  columnOf(
    prepare(
      db,
      `SELECT group_concat(name, ' ') AS columns FROM (SELECT name FROM pragma_table_info(?) ORDER BY cid)`
    ).get(table),
    'columns'
  )

const create = (db: SqliteDatabase, table: string): void =>
  transaction(db, 'IMMEDIATE', () => {
    db.exec(
      `CREATE TABLE IF NOT EXISTS "${table}" (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL, expires INTEGER)`
    )
    db.exec(`CREATE INDEX IF NOT EXISTS "${table}_expires" ON "${table}" (expires) WHERE expires IS NOT NULL`)
    db.exec(
      `CREATE TABLE IF NOT EXISTS "${table}_leases" (key TEXT PRIMARY KEY NOT NULL, token TEXT NOT NULL, ends INTEGER NOT NULL) WITHOUT ROWID`
    )
  })

const isOurs = (db: SqliteDatabase, table: string): boolean =>
  columnsOf(db, table) === 'key value expires' && columnsOf(db, `${table}_leases`) === 'key token ends'

/**
 * Makes the tables, where they are missing, and the statements. Nothing is written where they are there.
 *
 * @internal
 */
export const openTable = (db: SqliteDatabase, table: string, configures: boolean): Table => {
  if (configures) configure(db)
  if (columnOf(prepare(db, 'PRAGMA encoding').get(), 'encoding') !== 'UTF-8')
    throw new Error('the database is not in UTF-8')
  if (!isOurs(db, table)) create(db, table)
  if (!isOurs(db, table)) throw new Error('there is a table of that name that is not ours')
  const entries = `"${table}"`
  const leases = `"${table}_leases"`
  // what is no number was not written by us, and would count as later than every number
  const number = (column: string): string => `typeof(${column}) IN ('integer', 'real')`
  // any program may have written it: so it is whole, and no larger than what a driver can give
  const end = (column: string): string =>
    `CAST(min(${column}, ${String(Number.MAX_SAFE_INTEGER)}) AS INTEGER)`
  const live = `(expires IS NULL OR (${number('expires')} AND ${end('expires')} > ?))`
  const whole = "typeof(value) IN ('blob', 'text')"
  return {
    db,
    read: prepare(
      db,
      `SELECT CASE WHEN ${whole} THEN value END AS value, ${end('expires')} AS expires
       FROM ${entries} WHERE key = ${key} AND ${live}`
    ),
    has: prepare(db, `SELECT ${whole} AS whole FROM ${entries} WHERE key = ${key} AND ${live}`),
    write: prepare(
      db,
      `INSERT INTO ${entries} (key, value, expires) VALUES (${key}, ${bytes}, ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires`
    ),
    remove: prepare(db, `DELETE FROM ${entries} WHERE key = ${key}`),
    removeLive: prepare(db, `DELETE FROM ${entries} WHERE key = ${key} AND ${live} AND ${whole}`),
    touch: prepare(db, `UPDATE ${entries} SET expires = ? WHERE key = ${key} AND ${live} AND ${whole}`),
    sweep: prepare(
      db,
      `DELETE FROM ${entries} WHERE rowid IN (SELECT rowid FROM ${entries} WHERE expires <= ? ORDER BY expires LIMIT ?)`
    ),
    sweepLeases: prepare(
      db,
      `DELETE FROM ${leases} WHERE key IN (SELECT key FROM ${leases} WHERE ends <= ? LIMIT ?)`
    ),
    nextPage: prepare(
      db,
      `SELECT CAST(key AS BLOB) AS start FROM ${entries} WHERE key >= ${key} AND key < ${key} ORDER BY key LIMIT 1 OFFSET ${page}`
    ),
    removeRange: prepare(db, `DELETE FROM ${entries} WHERE key >= ${key} AND key < ${key}`),
    lease: prepare(
      db,
      `SELECT CAST(token AS BLOB) AS token, ${end('ends')} AS ends
       FROM ${leases} WHERE key = ${key} AND ${number('ends')} AND ${end('ends')} > ?`
    ),
    takeLease: prepare(
      db,
      `INSERT INTO ${leases} (key, token, ends) VALUES (${key}, ${key}, ?)
       ON CONFLICT (key) DO UPDATE SET token = excluded.token, ends = excluded.ends`
    ),
    removeLease: prepare(db, `DELETE FROM ${leases} WHERE key = ${key}`)
  }
}
