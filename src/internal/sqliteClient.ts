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

interface Kind {
  readonly codes: ReadonlyArray<number>
  readonly names: RegExp
}
const busy: Kind = { codes: [5, 6], names: /^SQLITE_(BUSY|LOCKED)/ }
const stale: Kind = { codes: [1, 17, 21], names: /^SQLITE_(ERROR|SCHEMA|MISUSE)/ }

/** SQLite's own code, as a number or by its name; `undefined` where it comes from elsewhere. */
const codeOf = (cause: unknown): number | string | undefined => {
  const [name, code] = [columnOf(cause, 'code'), columnOf(cause, 'errcode')]
  // the low byte says what it is, the rest why
  if (typeof code === 'number') return code & 0xff
  return typeof name === 'string' && name.startsWith('SQLITE_') ? name : undefined
}
const isOf = ({ codes, names }: Kind, code: number | string): boolean =>
  typeof code === 'number' ? codes.includes(code) : names.test(code)

/**
 * Whether somebody else has what the statement needs, and may soon be done with it: `SQLITE_BUSY`, `SQLITE_LOCKED`.
 *
 * @internal
 */
export const isBusy = (cause: unknown): boolean => {
  const code = codeOf(cause)
  return code !== undefined && isOf(busy, code)
}

/**
 * Whether a statement may be one of a table, or of a connection, that is there no more, so that new ones may do: not where
 * the disk is full, or the database is damaged.
 *
 * @internal
 */
export const isStale = (cause: unknown): boolean => {
  const code = codeOf(cause)
  return code === undefined || isOf(stale, code)
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
