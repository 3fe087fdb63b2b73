/**
 * What the SQLite store needs of a connection, by shape: better-sqlite3 and `node:sqlite` have it. Nothing here imports
 * a driver.
 *
 * @internal
 */
import type { SqliteDatabase } from './model'

export type SqliteValue = string | number | Uint8Array | null

export interface SqliteStatement {
  readonly get: (...values: Array<SqliteValue>) => unknown
  readonly run: (...values: Array<SqliteValue>) => unknown
}

export const prepare = (db: SqliteDatabase, sql: string): SqliteStatement =>
  db.prepare(sql) as SqliteStatement // SAFETY: SQLite accepts these values, so its drivers do

// -------------------------------------------------------------------------------------
// answers
// -------------------------------------------------------------------------------------

/** A column of a row; `undefined` if there is no row, or no such column. */
export const columnOf = (row: unknown, name: string): unknown =>
  // SAFETY: it is read as `unknown`
  (row as Readonly<Record<string, unknown>> | null | undefined)?.[name]

/** How many rows a statement changed. A driver may return a `bigint`. */
export const changesOf = (answer: unknown): number => Number(columnOf(answer, 'changes'))

/** Text as a parameter. A text with a NUL is passed as bytes, as some drivers would cut it there. */
export const textOf = (text: string): string | Buffer => (text.includes('\0') ? Buffer.from(text) : text)

// -------------------------------------------------------------------------------------
// errors
// -------------------------------------------------------------------------------------

interface Kind {
  readonly codes: ReadonlyArray<number>
  readonly names: RegExp
}
const busy: Kind = { codes: [5, 6], names: /^SQLITE_(BUSY|LOCKED)/ }
const stale: Kind = { codes: [1, 17, 21], names: /^SQLITE_(ERROR|SCHEMA|MISUSE)/ }

/** SQLite's own code, as a number or by its name; `undefined` for an error that is not SQLite's. */
const codeOf = (cause: unknown): number | string | undefined => {
  const [name, code] = [columnOf(cause, 'code'), columnOf(cause, 'errcode')]
  // the low byte is the primary code, the rest is detail
  if (typeof code === 'number') return code & 0xff
  return typeof name === 'string' && name.startsWith('SQLITE_') ? name : undefined
}
const isOf = ({ codes, names }: Kind, code: number | string): boolean =>
  typeof code === 'number' ? codes.includes(code) : names.test(code)

/**
 * Whether the statement needs a lock that another connection has, probably for a short time: `SQLITE_BUSY`,
 * `SQLITE_LOCKED`.
 */
export const isBusy = (cause: unknown): boolean => {
  const code = codeOf(cause)
  return code !== undefined && isOf(busy, code)
}

/**
 * Whether the table, or the connection, of a statement may no longer exist, so that opening the table again may help.
 * False if the disk is full, or the database is damaged.
 */
export const isStale = (cause: unknown): boolean => {
  const code = codeOf(cause)
  return code === undefined || isOf(stale, code)
}

// -------------------------------------------------------------------------------------
// transactions
// -------------------------------------------------------------------------------------

/**
 * Whether a transaction is open. It is another user's: the store's own end before they return. If the driver has no
 * property for it, the function tries to begin a transaction.
 */
export const isInTransaction = (db: SqliteDatabase): boolean => {
  const said = columnOf(db, 'inTransaction') ?? columnOf(db, 'isTransaction')
  if (typeof said === 'boolean') return said
  try {
    db.exec('BEGIN')
    db.exec('COMMIT')
    return false
  } catch (cause) {
    if (/within a transaction/.test(String(columnOf(cause, 'message')))) return true
    throw cause
  }
}

/** Runs all of the work, or none of it. With `IMMEDIATE`, values that are read are still current when it writes. */
export const transaction = <A>(db: SqliteDatabase, kind: 'IMMEDIATE' | 'DEFERRED', work: () => A): A => {
  db.exec(`BEGIN ${kind}`)
  try {
    const answer = work()
    db.exec('COMMIT')
    return answer
  } catch (cause) {
    try {
      db.exec('ROLLBACK')
    } catch {
      // SQLite has already rolled back, or the connection is closed
    }
    throw cause
  }
}
