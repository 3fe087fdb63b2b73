/**
 * The round trips of a store in a hash. A hash is in one slot, so a cluster has one server for all its fields.
 *
 * @internal
 */
import type * as TE from 'fp-ts/TaskEither'

import { isWellFormed } from '../../base/bytes'
import type { Duration } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import { lone, refused } from '../kit/answers'
import { chunksOf } from './bulk'
import { type Connection, runScript } from './connection'
import type { Script } from './scripts'
import { inTime } from './trip'

/** One hash, where it is, and how long a round trip for it may take. */
export interface Hash {
  readonly key: string
  readonly timeout: Duration
  readonly connection: () => Connection
  /** Whether the server gives every field its own lifetime; otherwise the store keeps no lifetimes. */
  readonly fieldExpiry: boolean
}

export interface HashAsks {
  /** One round trip for some fields. */
  readonly call: <X, A>(
    operation: Operation,
    fields: ReadonlyArray<string>,
    start: (connection: Connection) => Promise<X>,
    decode: (x: X) => A
  ) => TE.TaskEither<StoreError, A>
  /** Runs a script on fields, each with its arguments: one command for up to 1,000 fields. */
  readonly run: (
    connection: Connection,
    script: Script,
    fields: ReadonlyArray<ReadonlyArray<string | Buffer>>
  ) => Promise<ReadonlyArray<unknown>>
}

export const makeHashAsks = ({ connection, key, timeout }: Hash): HashAsks => ({
  call: (operation, fields, start, decode) =>
    fields.every(isWellFormed)
      ? () => inTime({ operation, timeout, connect: connection, keys: [key] }, start, decode)
      : refused(operation, lone),
  run: async ({ commands }, script, fields) => {
    const answers = await Promise.all(
      chunksOf(fields).map((chunk) => runScript(commands, script, { keys: [key], arguments: chunk.flat() }))
    )
    return answers.flat()
  }
})
