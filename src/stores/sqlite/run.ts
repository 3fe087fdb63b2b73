/**
 * How the SQLite store uses its connection: it opens the table once, and retries while the database is busy.
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import { isWellFormed } from '../../base/bytes'
import type { Duration } from '../../Duration'
import { type Operation, StoreError, storeFailed } from '../../RingError'
import { lone, refused } from '../kit/answers'
import { storeError } from '../kit/errors'
import { isRead } from '../kit/operations'
import { isBusy, isInTransaction, isStale } from './client'
import { isWaitedFor, standInLine } from './line'
import type { SqliteDatabase } from './model'
import { openTable, type Table } from './table'

const right = <A>(value: A): Either<never, A> => ({ _tag: 'Right', right: value })
const left = (error: StoreError): Either<StoreError, never> => ({ _tag: 'Left', left: error })

/** The connection of a store, and its settings. */
interface Connection {
  readonly lookup: () => SqliteDatabase
  readonly name: string
  readonly configure: boolean
  readonly timeout: Duration
}

/** Runs work on the table of a store. */
export interface Runs {
  readonly run: <A>(operation: Operation, work: (table: Table) => A) => Promise<Either<StoreError, A>>
  /** The same; it refuses keys that are not well-formed. */
  readonly on: <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    work: (table: Table) => A
  ) => TE.TaskEither<StoreError, A>
}

export const makeRuns = ({ configure, lookup, name, timeout }: Connection): Runs => {
  const tables = new WeakMap<SqliteDatabase, Table>()
  const once = <A>(db: SqliteDatabase, operation: Operation, work: (table: Table) => A): A => {
    if (isInTransaction(db))
      throw storeError(operation, 'refused', 'the connection is in a transaction of somebody else')
    const known = tables.get(db)
    if (known !== undefined) {
      try {
        return work(known)
      } catch (cause) {
        if (cause instanceof StoreError || isBusy(cause) || !isStale(cause)) throw cause
        tables.delete(db) // the connection may have been opened again, or the table was dropped
      }
    }
    const opened = openTable(db, name, configure)
    tables.set(db, opened)
    return work(opened)
  }
  const failed = (operation: Operation, cause: unknown): Either<StoreError, never> =>
    left(cause instanceof StoreError ? cause : storeFailed(operation)(cause))

  /** Retries until the database is not busy. */
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
          resolve(left(storeError(operation, 'timeout', 'the database was busy all the time', last)))
      })
    })
  const run = <A>(operation: Operation, work: (table: Table) => A): Promise<Either<StoreError, A>> => {
    let db: SqliteDatabase | undefined
    try {
      db = lookup()
      // in WAL mode a read does not wait for a writer
      const waits = isWaitedFor(db) && !isRead(operation)
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
  return { run, on }
}
