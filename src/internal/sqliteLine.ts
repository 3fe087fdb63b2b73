/**
 * Who waits for a database that is busy: one line for each connection, in which one asks for all. Who came first is done
 * first, so that a write is not overtaken by one that was asked for later.
 *
 * @internal
 */
import type { SqliteDatabase } from '../stores/sqlite'

/** @internal */
export interface Waiter {
  /** Whether it is done; it is not, where the database is still busy. */
  readonly attempt: () => boolean
  /** When it has waited long enough, by `performance.now()`. */
  readonly until: number
  readonly late: () => void
}

interface Line {
  readonly waiting: Set<Waiter> // a queue: it keeps the order
  /** The longest pause, in milliseconds, before the database is asked again. */
  longest: number
}

const longestPause = 20
/** How long the process may stand still while one after the other is done, in milliseconds. */
const slice = 10

const lines = /*#__PURE__*/ new WeakMap<SqliteDatabase, Line>()

/** Those who have waited long enough go. Gives when the next one will. */
const expire = ({ waiting }: Line): number => {
  const now = performance.now()
  let next = Infinity
  for (const one of waiting) {
    if (one.until > now) next = Math.min(next, one.until)
    else {
      waiting.delete(one)
      one.late()
    }
  }
  return next - now
}

const proceed = (db: SqliteDatabase, line: Line): void => {
  const begun = performance.now()
  for (const one of line.waiting) {
    if (!one.attempt()) break
    line.waiting.delete(one)
    line.longest = 1
    if (performance.now() - begun > slice) {
      setImmediate(() => {
        expire(line)
        proceed(db, line)
      })
      return
    }
  }
  rest(db, line)
}

const rest = (db: SqliteDatabase, line: Line): void => {
  const left = expire(line)
  if (line.waiting.size === 0) return void lines.delete(db)
  setTimeout(() => proceed(db, line), Math.min(1 + Math.random() * line.longest, left))
  line.longest = Math.min(2 * line.longest, longestPause)
}

/**
 * Whether somebody waits for a connection.
 *
 * @internal
 */
export const isWaitedFor = (db: SqliteDatabase): boolean => lines.has(db)

/**
 * Stands in line for a connection.
 *
 * @internal
 */
export const standInLine = (db: SqliteDatabase, waiter: Waiter): void => {
  const known = lines.get(db)
  if (known !== undefined) return void known.waiting.add(waiter)
  const line: Line = { waiting: new Set([waiter]), longest: 1 }
  lines.set(db, line)
  rest(db, line)
}
