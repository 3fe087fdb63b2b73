/**
 * The tables of a SQLite store, and its statements.
 *
 *     CREATE TABLE "fp_ring" (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL, expires INTEGER)
 *     CREATE TABLE "fp_ring_leases" (key TEXT PRIMARY KEY NOT NULL, token TEXT NOT NULL, ends INTEGER NOT NULL)
 *
 * `expires` and `ends` are milliseconds since 1970; an entry without `expires` never ends. The table of entries has a
 * rowid: without it, a value of 1 KB does not fit beside its key, and a read takes four times as long.
 *
 * @internal
 */
import { columnOf, prepare, type SqliteStatement, transaction } from './client'
import type { SqliteDatabase } from './model'

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
  /** The start of the next page of the keys from the first parameter up to the second. */
  readonly nextPage: SqliteStatement
  readonly removeRange: SqliteStatement
  readonly lease: SqliteStatement
  readonly takeLease: SqliteStatement
  readonly removeLease: SqliteStatement
}

/** How many entries `clear` removes at once, at most. */
const page = 1_000

/** Some drivers pass a value of zero bytes as `NULL`. */
const bytes = `coalesce(?, x'')`
/** Text may be passed as bytes: see `textOf`. */
const key = 'CAST(? AS TEXT)'

/** Sets options so that a writer and its readers do not wait for each other, and the process is not blocked. */
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

/** Creates missing tables, and prepares the statements. It writes nothing if the tables exist. */
export const openTable = (db: SqliteDatabase, table: string, configures: boolean): Table => {
  if (configures) configure(db)
  if (columnOf(prepare(db, 'PRAGMA encoding').get(), 'encoding') !== 'UTF-8')
    throw new Error('the database is not in UTF-8')
  if (!isOurs(db, table)) create(db, table)
  if (!isOurs(db, table))
    throw new Error('the database has a table of this name that another program made: set the option table')
  const entries = `"${table}"`
  const leases = `"${table}_leases"`
  // the store writes only numbers here; any other value would compare as later than every number
  const number = (column: string): string => `typeof(${column}) IN ('integer', 'real')`
  // another program may have written it: it is converted to a whole number that every driver can return
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
