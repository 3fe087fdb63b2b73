/**
 * The rows of the SQLite store: how an entry is read, written and removed, inside a statement or a transaction.
 *
 * @internal
 */
import type * as O from 'fp-ts/Option'

import { toBuffer } from '../../base/buffer'
import type { Duration } from '../../Duration'
import type { Operation } from '../../RingError'
import { none } from '../kit/answers'
import { storeError } from '../kit/errors'
import type { Entry } from '../model'
import { changesOf, columnOf, textOf } from './client'
import type { Table } from './table'

/** How many expired entries are removed for each write: more than one, so that their number stays small. */
const sweptPerWrite = 2
/** The least number of writes for which a sweep is run. */
const leastSwept = 128

// -------------------------------------------------------------------------------------
// answers
// -------------------------------------------------------------------------------------

export const bytesOf = (value: unknown): Uint8Array | 'damaged' =>
  typeof value === 'string'
    ? Buffer.from(value) // another program wrote it
    : ArrayBuffer.isView(value)
    ? (value as Uint8Array) // SAFETY: drivers return a BLOB as bytes
    : 'damaged'

export const unlessDamaged = <A>(operation: Operation, found: A | 'damaged'): A => {
  if (found === 'damaged')
    throw storeError(operation, 'failed', 'the row is none of a store’s, or the driver gives no rows by name')
  return found // SAFETY: the only other value has been thrown
}

export const orNone = <A>(found: A | 'damaged'): A | undefined => (found === 'damaged' ? undefined : found)

export const toOption = (entry: Entry<Uint8Array> | undefined): O.Option<Entry<Uint8Array>> =>
  entry === undefined ? none : { _tag: 'Some', value: entry }

export const toValue = (entry: Entry<Uint8Array> | undefined): O.Option<Uint8Array> =>
  entry === undefined ? none : { _tag: 'Some', value: entry.value }

// -------------------------------------------------------------------------------------
// statements
// -------------------------------------------------------------------------------------

export interface Rows {
  readonly read: (table: Table, key: string) => Entry<Uint8Array> | 'damaged' | undefined
  readonly has: (table: Table, key: string) => boolean | 'damaged'
  readonly write: (table: Table, key: string, value: Uint8Array, ttl: Duration) => void
  readonly touch: (table: Table, key: string, ttl: Duration) => boolean
}

export const remove = ({ remove: statement }: Table, key: string): void => void statement.run(textOf(key))

export const makeRows = (now: () => number): Rows => {
  const endOf = (ttl: Duration): number | null =>
    ttl === Infinity ? null : Math.min(now() + ttl, Number.MAX_SAFE_INTEGER)
  const read = (table: Table, key: string): Entry<Uint8Array> | 'damaged' | undefined => {
    const at = now()
    // SAFETY: every column is read as `unknown`
    const row = table.read.get(textOf(key), at) as Partial<Record<'value' | 'expires', unknown>> | undefined
    if (row === undefined) return undefined
    const { expires } = row
    const value = bytesOf(row.value)
    if (value === 'damaged') return value
    // SAFETY: whole milliseconds, or forever
    return { value, remaining: (expires === null ? Infinity : Number(expires) - at) as Duration }
  }
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
  return { read, has, write, touch }
}

/** Counts writes, and removes expired entries at intervals. */
export const makeSweep = (now: () => number): ((table: Table, writes: number) => void) => {
  let due = 0
  return ({ sweep, sweepLeases }: Table, writes: number): void => {
    due += sweptPerWrite * writes
    if (due < leastSwept) return
    const most = due
    due = 0
    try {
      sweep.run(now(), most)
      sweepLeases.run(now(), most)
    } catch {
      // the database is busy or full: a later write will sweep
    }
  }
}
