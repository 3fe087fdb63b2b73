/**
 * The round trips of a store of strings, for one key and for many, in the store's namespace and with its deadline.
 *
 * @internal
 */
import type * as TE from 'fp-ts/TaskEither'

import { isWellFormed } from '../../base/bytes'
import type { Duration } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import { lone, refused } from '../kit/answers'
import type { Connection } from './connection'
import { inTime } from './trip'

/** The keys of one store, where they are, and how long a round trip for them may take. */
export interface Keyspace {
  /** Precedes every key. */
  readonly namespace: string
  readonly timeout: Duration
  readonly connection: () => Connection
}

/** Round trips; `start` receives keys with their namespace. */
export interface Asks {
  /** One round trip for one key. */
  readonly single: <X, A>(
    operation: Operation,
    key: string,
    start: (connection: Connection, key: string) => Promise<X>,
    decode: (x: X) => A
  ) => TE.TaskEither<StoreError, A>
  /** One round trip for many different keys. */
  readonly bulk: <X, A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (connection: Connection, keys: Array<string>) => Promise<X>,
    decode: (x: X) => A
  ) => TE.TaskEither<StoreError, A>
}

export interface StoreAsks {
  /** With the client's own timeout beside the store's. */
  readonly patient: Asks
  /** For reads of values: without the client's own timeout, while the store's is enough. */
  readonly brisk: Asks
}

/** How long node-redis waits until a command is written, if no other value is configured. */
const clientTimeout = 5_000

export const makeAsks = ({ connection, namespace, timeout }: Keyspace): StoreAsks => {
  // After a late answer, commands may stay unwritten in the client: then its own timeout must end them.
  let late = false
  const onLate = (is: boolean): void => void (late = is)
  const briskOne = (): Connection => {
    const patient = connection()
    return late || timeout > clientTimeout ? patient : patient.brisk()
  }

  const asksOver = (connect: () => Connection): Asks => {
    const trip =
      <X, A>(
        operation: Operation,
        keys: ReadonlyArray<string>,
        start: (connection: Connection) => Promise<X>,
        decode: (x: X) => A
      ): TE.TaskEither<StoreError, A> =>
      () =>
        inTime({ operation, timeout, connect, keys, onLate }, start, decode)
    return {
      single: (operation, key, start, decode) => {
        const full = namespace + key
        return isWellFormed(full)
          ? trip(operation, [full], (c) => start(c, full), decode)
          : refused(operation, lone)
      },
      bulk: (operation, keys, start, decode) => {
        const full = keys.map((key) => namespace + key)
        return full.every(isWellFormed)
          ? trip(operation, full, (c) => start(c, full), decode)
          : refused(operation, lone)
      }
    }
  }

  return { patient: asksOver(connection), brisk: asksOver(briskOne) }
}
