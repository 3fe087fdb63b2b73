/**
 * The operations that wait for a busy database: one queue for each connection, with one timer for all of them. They run
 * in the order of the calls, so that a write is not overtaken by a later one.
 *
 * @internal
 */
import { setAlarm } from '../../base/timer'
import type { SqliteDatabase } from './model'

export interface Waiter {
  /** Returns whether it is done; `false` if the database is still busy. */
  readonly attempt: () => boolean
  /** When its timeout ends, by `performance.now()`. */
  readonly until: number
  readonly late: () => void
}

interface Line {
  readonly waiting: Set<Waiter> // a queue: a set keeps the order
  /** The longest pause, in milliseconds, before the next attempt. */
  longest: number
}

const longestPause = 20
/** How long the process may be blocked while waiting operations run one after another, in milliseconds. */
const slice = 10

const lines = /*#__PURE__*/ new WeakMap<SqliteDatabase, Line>()

/** Removes the operations whose timeout has ended. Returns when the next one ends. */
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
  setAlarm(Math.min(1 + Math.random() * line.longest, left), () => proceed(db, line), 'waited')
  line.longest = Math.min(2 * line.longest, longestPause)
}

/** Whether an operation waits for a connection. */
export const isWaitedFor = (db: SqliteDatabase): boolean => lines.has(db)

/** Adds an operation to the queue of a connection. */
export const standInLine = (db: SqliteDatabase, waiter: Waiter): void => {
  const known = lines.get(db)
  if (known !== undefined) return void known.waiting.add(waiter)
  const line: Line = { waiting: new Set([waiter]), longest: 1 }
  lines.set(db, line)
  rest(db, line)
}
