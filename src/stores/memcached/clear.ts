/**
 * Removes entries by a prefix. No command finds keys, so the server's crawler lists all of them.
 *
 * @internal
 */
import type * as TE from 'fp-ts/TaskEither'

import { isWellFormed } from '../../base/bytes'
import { hasCode } from '../../base/errorCode'
import { pause } from '../../base/timer'
import type { StoreError } from '../../RingError'
import { lone, refused } from '../kit/answers'
import { failedAs, isDone } from './asks'
import { deleteRequest } from './entries'
import { beginsWith } from './keys'
import type { MemcachedReply, MemcachedServer } from './model'
import { within } from './patience'
import type { Base } from './trips'

/** How many keys are removed in one batch. */
const most = 1_000
/**
 * How often a request is retried while the server's crawler works for another client, and the pause between retries.
 */
const attempts = 40
const between = 25

/** `key=a%2520b exp=… …`: the key is percent-encoded once more. */
const keyIn = (line: string): Buffer | undefined => {
  const found = /^key=(\S+) /.exec(line)?.[1]
  if (found === undefined) return undefined
  const latin1 = found.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16))
  )
  return Buffer.from(latin1, 'latin1')
}

/** The keys of a server that are wanted. The crawler reads the hash table, which has every item, even during reads. */
const keysOf = async (
  server: MemcachedServer,
  asked: (key: Buffer) => string | undefined
): Promise<ReadonlyArray<string>> => {
  for (let attempt = 1; ; attempt++) {
    const found: Array<string> = []
    try {
      await server.lines('lru_crawler metadump hash', (line) => {
        const key = keyIn(line)
        const itemKey = key === undefined ? undefined : asked(key)
        if (itemKey !== undefined) found.push(itemKey)
      })
      return found
    } catch (cause) {
      if (!hasCode(cause, 'EBUSY') || attempt === attempts) throw cause
      await pause(between)
    }
  }
}

/**
 * Removes entries from one server. Each line of the list, and each removal, has the client's deadline. If one removal
 * is refused, the others still run.
 */
const clearServer = async (
  server: MemcachedServer,
  asked: (key: Buffer) => string | undefined
): Promise<void> => {
  const keys = await keysOf(server, asked)
  let refusal: MemcachedReply | undefined
  for (let i = 0; i < keys.length; i += most) {
    const replies = await server.ask(keys.slice(i, i + most).map(deleteRequest))
    refusal ??= replies.find(({ status }) => status !== 'HD' && status !== 'NF')
  }
  if (refusal !== undefined) isDone(refusal, 'NF')
}

/** Removes the entries whose keys begin with a prefix from all servers. Each answer must arrive within the timeout. */
export const clearBy = (
  { lookup, namespace, timeout }: Base,
  prefix: string
): TE.TaskEither<StoreError, void> => {
  const full = namespace + prefix
  if (full === '') return refused('clear', 'the store has no namespace, so this would remove every key')
  if (!isWellFormed(full)) return refused('clear', lone)
  const asked = beginsWith(full)
  if (asked === undefined) return refused('clear', 'the prefix is longer than what is left of long keys')
  const failed = failedAs('clear')
  return async () => {
    try {
      await Promise.all(lookup().servers.map((server) => clearServer(within(server, timeout), asked)))
      return { _tag: 'Right', right: undefined }
    } catch (cause) {
      return { _tag: 'Left', left: failed(cause) }
    }
  }
}
