/**
 * Leases in SQLite: for the rings of all processes that share a database. What looks and then writes is a transaction
 * that has the right to write from its beginning, so that nothing comes in between.
 *
 * @internal
 */
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Duration } from '../Duration'
import type { StoreError } from '../RingError'
import type { Acquired, Entry, Leases, Operation } from '../Store'
import { columnOf, textOf, transaction } from './sqliteClient'
import type { Table } from './sqliteTable'

/** How the store asks, and what it does to entries. */
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
  /** To be told of so many writes, when they are done. */
  readonly wrote: (table: Table, writes: number) => void
}

/** @internal */
export const sqliteLeases = ({ now, on, read, remove, write, wrote }: Asks): Leases<Uint8Array> => {
  const endOf = (ttl: Duration): number => Math.min(now() + ttl, Number.MAX_SAFE_INTEGER)
  const take = ({ takeLease }: Table, key: string, token: string, ttl: Duration): void =>
    void takeLease.run(textOf(key), textOf(token), endOf(ttl))
  const free = ({ removeLease }: Table, key: string): void => void removeLease.run(textOf(key))
  const holder = ({ lease }: Table, key: string, at: number): unknown => lease.get(textOf(key), at)
  const owns = (table: Table, key: string, token: string): boolean => {
    const held = columnOf(holder(table, key, now()), 'token')
    return ArrayBuffer.isView(held) && Buffer.from(token).compare(held as Uint8Array) === 0 // the proof: drivers give bytes as such
  }
  const acquire = (
    table: Table,
    key: string,
    token: string,
    ttl: Duration,
    beyond: Duration
  ): Acquired<Uint8Array> => {
    const entry = read(table, key)
    // what is damaged is to be written anew
    if (entry !== undefined && entry !== 'damaged' && entry.remaining > beyond)
      return { _tag: 'Found', entry }
    const at = now()
    const held = holder(table, key, at)
    if (held !== undefined && held !== null) {
      // the proof: whole milliseconds, more than none
      return { _tag: 'Busy', remaining: (Number(columnOf(held, 'ends')) - at) as Duration }
    }
    take(table, key, token, ttl)
    return { _tag: 'Won' }
  }
  /** Writes an entry, or removes it, and takes the lease away. */
  const store = (table: Table, key: string, value: O.Option<Uint8Array>, ttl: Duration): void => {
    free(table, key)
    if (value._tag === 'Some') write(table, key, value.value, ttl)
    else remove(table, key)
  }
  /** Looks, and then writes, alone. */
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
      alone('acquire', [key], (table) => acquire(table, key, token, ttl, beyond)),
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
