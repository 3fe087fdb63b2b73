/**
 * How the operations of the store over memjs reach the servers: with the namespace before each key, and with the
 * store's deadline. Every error is a `StoreError`.
 *
 * @internal
 */
import type * as TE from 'fp-ts/TaskEither'

import { isWellFormed } from '../../base/bytes'
import type { Duration } from '../../Duration'
import { type Operation, type StoreError, storeFailed } from '../../RingError'
import { lone, refused } from '../kit/answers'
import { withDeadlineMap } from '../kit/deadline'
import { storeError } from '../kit/errors'
import { itemKeyOf } from './keys'
import { mended } from './memjsServers'

// -------------------------------------------------------------------------------------
// errors
// -------------------------------------------------------------------------------------

export const messageOf = (cause: unknown): string =>
  // SAFETY: `message` is read as `unknown`
  String((cause as { readonly message?: unknown } | undefined)?.message)

/** The message of a client whose own timeout is shorter than that of the store. */
const unanswered = 'timed out waiting on response.'

const failedAs =
  (operation: Operation) =>
  (cause: unknown): StoreError => {
    const said = messageOf(cause)
    if (said.endsWith('too large'))
      return storeError(operation, 'refused', 'the value is larger than the server takes', cause)
    return said.endsWith(unanswered)
      ? storeError(operation, 'timeout', 'the backend did not answer in time', cause)
      : storeFailed(operation)(cause)
  }

// -------------------------------------------------------------------------------------
// trips
// -------------------------------------------------------------------------------------

/** What all operations of a store have in common. `lookup` returns the client, and may throw. */
export interface MemjsBase<Client> {
  readonly lookup: () => Client
  readonly namespace: string
  readonly timeout: Duration
}

export interface MemjsTrips<Client> {
  /** One command for one key. */
  readonly one: <X, A>(
    operation: Operation,
    key: string,
    start: (client: Client, itemKey: string) => Promise<X>,
    decode: (x: X) => A
  ) => TE.TaskEither<StoreError, A>
  /** One command for each of many keys. `place` is the index of the key. */
  readonly each: <X, A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (client: Client, itemKey: string, place: number) => Promise<X>,
    decode: (answers: ReadonlyArray<X>) => A
  ) => TE.TaskEither<StoreError, A>
}

export const makeMemjsTrips = <Client extends object>({
  lookup,
  namespace,
  timeout
}: MemjsBase<Client>): MemjsTrips<Client> => {
  const inTime = <X, A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (client: Client, itemKeys: ReadonlyArray<string>) => Promise<X>,
    decode: (x: X) => A
  ): TE.TaskEither<StoreError, A> => {
    const full = keys.map((key) => namespace + key)
    if (!full.every(isWellFormed)) return refused(operation, lone)
    const failed = failedAs(operation)
    return () =>
      withDeadlineMap(operation, timeout, {
        start: () => start(mended(lookup()), full.map(itemKeyOf)),
        decode,
        failed
      })
  }
  return {
    one: (operation, key, start, decode) =>
      inTime(operation, [key], (client, [itemKey = '']) => start(client, itemKey), decode),
    each: (operation, keys, start, decode) =>
      inTime(
        operation,
        keys,
        (client, itemKeys) => Promise.all(itemKeys.map((itemKey, i) => start(client, itemKey, i))),
        decode
      )
  }
}
