/**
 * Leases in SQLite, for the rings of all processes that share a database. A read and the write after it are one
 * transaction, which has the write lock from its beginning, so that no other process writes in between.
 *
 * @internal
 */
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Duration } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import type { Acquired, Entry, Leases } from '../model'
import { columnOf, textOf, transaction } from './client'
import type { Table } from './table'

/** How the store runs operations, and what it does to entries. */
interface Asks {
  readonly on: <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    work: (table: Table) => A
  ) => TE.TaskEither<StoreError, A>
  readonly now: () => number
  readonly read: (table: Table, key: string) => Entry<Uint8Array> | 'damaged' | undefined
  readonly write: (table: Table, key: string, value: Uint8Array, ttl: Duration) => void
  readonly remove: (table: Table, key: string) => void
  /** Called after writes, with their number. */
  readonly wrote: (table: Table, writes: number) => void
}

/** The input of `acquire`: a key; the lease is taken unless the entry lives longer than `beyond`. */
interface Acquisition {
  readonly key: string
  readonly token: string
  readonly ttl: Duration
  readonly beyond: Duration
}

export const sqliteLeases = ({ now, on, read, remove, write, wrote }: Asks): Leases<Uint8Array> => {
  const endOf = (ttl: Duration): number => Math.min(now() + ttl, Number.MAX_SAFE_INTEGER)
  const take = ({ takeLease }: Table, key: string, token: string, ttl: Duration): void =>
    void takeLease.run(textOf(key), textOf(token), endOf(ttl))
  const free = ({ removeLease }: Table, key: string): void => void removeLease.run(textOf(key))
  const holder = ({ lease }: Table, key: string, at: number): unknown => lease.get(textOf(key), at)
  const owns = (table: Table, key: string, token: string): boolean => {
    const held = columnOf(holder(table, key, now()), 'token')
    return ArrayBuffer.isView(held) && Buffer.from(token).compare(held as Uint8Array) === 0 // SAFETY: drivers return bytes as a view
  }
  const acquire = (table: Table, { beyond, key, token, ttl }: Acquisition): Acquired<Uint8Array> => {
    const entry = read(table, key)
    // a damaged entry must be written again
    if (entry !== undefined && entry !== 'damaged' && entry.remaining > beyond)
      return { _tag: 'Found', entry }
    const at = now()
    const held = holder(table, key, at)
    if (held !== undefined && held !== null) {
      // SAFETY: whole milliseconds, more than zero
      return { _tag: 'Busy', remaining: (Number(columnOf(held, 'ends')) - at) as Duration }
    }
    take(table, key, token, ttl)
    return { _tag: 'Won' }
  }
  /** Writes or removes an entry, and removes its lease. */
  const store = (table: Table, key: string, value: O.Option<Uint8Array>, ttl: Duration): void => {
    free(table, key)
    if (value._tag === 'Some') write(table, key, value.value, ttl)
    else remove(table, key)
  }
  /** Reads, and then writes, in one transaction. */
  const alone = <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    work: (table: Table) => A
  ): TE.TaskEither<StoreError, A> =>
    on(operation, keys, (table) => {
      const answer = transaction(table.db, 'IMMEDIATE', () => work(table))
      wrote(table, keys.length)
      return answer
    })
  return {
    acquire: (key, token, ttl, beyond) =>
      alone('acquire', [key], (table) => acquire(table, { key, token, ttl, beyond })),
    seize: (key, token, ttl) => on('seize', [key], (table) => take(table, key, token, ttl)),
    renew: (key, token, ttl) =>
      alone('renew', [key], (table) => {
        const owned = owns(table, key, token)
        if (owned) take(table, key, token, ttl)
        return owned
      }),
    release: (key, token) =>
      alone('release', [key], (table) => {
        if (owns(table, key, token)) free(table, key)
      }),
    commit: (key, token, value, ttl) =>
      alone('commit', [key], (table) => {
        if (!owns(table, key, token)) return false
        store(table, key, value, ttl)
        return true
      }),
    override: (entries) =>
      alone(
        'override',
        entries.map(([key]) => key),
        (table) => entries.forEach(([key, value, ttl]) => store(table, key, value, ttl))
      )
  }
}
