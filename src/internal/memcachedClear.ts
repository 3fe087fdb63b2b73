/**
 * Removes what begins with a prefix: the keys of a server are those that its crawler lists, as no command finds them.
 *
 * @internal
 */
import { isDone } from './memcachedClient'
import { deleteRequest } from './memcachedEntries'
import { hasCode } from './memcachedErrors'
import type { MemcachedReply } from './memcachedProtocol'
import type { MemcachedServer } from './memcachedServer'

/** How many keys are removed in one go. */
const most = 1_000
/** How often a server is asked whose crawler is at work for somebody else, and the pause in between. */
const attempts = 40
const pause = 25

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** `key=a%2520b exp=… …`: the key is percent-encoded once more. */
const keyIn = (line: string): Buffer | undefined => {
  const found = /^key=(\S+) /.exec(line)?.[1]
  if (found === undefined) return undefined
  const latin1 = found.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16))
  )
  return Buffer.from(latin1, 'latin1')
}

/** The keys of a server that are asked for: by its hash table, in which everything is, whatever is read meanwhile. */
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
      await sleep(pause)
    }
  }
}

/**
 * Removes from one server. Each line of the list, and each removal, has the client's deadline. One that is refused keeps no
 * other from being removed.
 *
 * @internal
 */
export const clearServer = async (
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
