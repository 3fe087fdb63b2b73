/**
 * What the SQLite store needs of a connection, by shape: better-sqlite3 and `node:sqlite` have it. The shape is all there
 * is: nothing here imports a driver.
 *
 * @internal
 */

import type { SqliteDatabase } from '../stores/sqlite'

/** @internal */
export type SqliteValue = string | number | Uint8Array | null

/** @internal */
export interface SqliteStatement {
  readonly get: (...values: Array<SqliteValue>) => unknown
  readonly run: (...values: Array<SqliteValue>) => unknown
}

/** @internal */
export const prepare = (db: SqliteDatabase, sql: string): SqliteStatement =>
  db.prepare(sql) as SqliteStatement // the proof: SQLite takes these, so its drivers do

// -------------------------------------------------------------------------------------
// answers
// -------------------------------------------------------------------------------------

/**
 * A column of a row; `undefined` where there is no row, or no such column.
 *
 * @internal
 */
export const columnOf = (row: unknown, name: string): unknown =>
  // the proof: it is looked at as `unknown`
  (row as Readonly<Record<string, unknown>> | null | undefined)?.[name]

/**
 * How many rows a statement changed. A driver may count in big integers.
 *
 * @internal
 */
export const changesOf = (answer: unknown): number => Number(columnOf(answer, 'changes'))

/**
 * Text as a parameter: as bytes, where some drivers would cut it at a NUL.
 *
 * @internal
 */
export const textOf = (text: string): string | Buffer => (text.includes('\0') ? Buffer.from(text) : text)

// -------------------------------------------------------------------------------------
// errors
// -------------------------------------------------------------------------------------

/** The low byte of SQLite's code says what it is, the rest why. */
const [busyCode, lockedCode] = [5, 6]

/**
 * Whether somebody else has what the statement needs, and may soon be done with it: `SQLITE_BUSY`, `SQLITE_LOCKED`.
 *
 * @internal
 */
export const isBusy = (cause: unknown): boolean => {
  const [name, code] = [columnOf(cause, 'code'), columnOf(cause, 'errcode')]
  if (typeof code === 'number') return (code & 0xff) === busyCode || (code & 0xff) === lockedCode
  return typeof name === 'string' && /^SQLITE_(BUSY|LOCKED)/.test(name)
}

// -------------------------------------------------------------------------------------
// transactions
// -------------------------------------------------------------------------------------

/**
 * Whether a transaction is open, which is not ours: ours end before they return. Where the driver does not say it, an
 * attempt to begin one does.
 *
 * @internal
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

/**
 * Runs all of it, or nothing. `IMMEDIATE`: what is read is still so when something is written.
 *
 * @internal
 */
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
      // SQLite itself has rolled back, or the connection is gone
    }
    throw cause
  }
}
