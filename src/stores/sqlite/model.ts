/**
 * What the SQLite store needs of a connection, and its options.
 *
 * @since 0.1.0
 */
import type { Clock } from '../../Clock'
import type { Duration } from '../../Duration'

/**
 * A connection to a SQLite database with a synchronous driver: a `Database` of better-sqlite3, a `DatabaseSync` of
 * `node:sqlite`, or an object of their shape. The program that creates it closes it.
 *
 * The parameters of a statement have the type `never`: each driver has its own type for them. The store passes numbers,
 * bytes and `null`, by position.
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
 * How a store uses its connection. `table`: the table of the entries (default: `fp_ring`; leases are in
 * `<table>_leases`). `timeout`: how long an operation, or each page of `clear`, waits for a busy database (default: 1
 * second). `configure`: whether the store sets options that suit a cache, at its first use: `journal_mode = WAL`,
 * `synchronous = NORMAL`, `busy_timeout = 0` (default: yes). `clock`: for tests; it returns the milliseconds since
 * 1970, and must be the same for all users of the table (default: that of the machine).
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
