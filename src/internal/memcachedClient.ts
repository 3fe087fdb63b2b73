/**
 * What the store needs of a memcached client, by shape, and how it asks one.
 *
 * @internal
 */
import type { Duration } from '../Duration'
import { StoreError, storeFailed } from '../RingError'
import type { Operation } from '../Store'
import { failure, hasCode } from './memcachedErrors'
import type { MemcachedReply, MemcachedRequest } from './memcachedProtocol'
import type { MemcachedServer, MemcachedSession } from './memcachedServer'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A client that speaks memcached's meta protocol: its servers, and which of them has a key. `client` makes one; another
 * may be used that has this shape. With a `deadline`, every `ask` settles within it.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemcachedClient {
  readonly servers: ReadonlyArray<MemcachedServer>
  readonly serverOf: (key: string) => MemcachedServer
  readonly deadline?: Duration
}

// -------------------------------------------------------------------------------------
// asking
// -------------------------------------------------------------------------------------

/**
 * Asks the server of each of the keys, in one go for each server: `ask` is given the places of a server's keys. Answers
 * in the order of the keys.
 *
 * @internal
 */
export const askEach = async <A>(
  client: MemcachedClient,
  keys: ReadonlyArray<string>,
  ask: (server: MemcachedServer, places: ReadonlyArray<number>) => Promise<ReadonlyArray<A>>
): Promise<ReadonlyArray<A>> => {
  const groups = groupBy(Array.from(keys.keys()), (place) => client.serverOf(keys[place] ?? ''))
  const answers = new Array<A>(keys.length)
  await Promise.all(
    Array.from(groups, async ([server, places]) => {
      const given = await ask(server, places)
      places.forEach((place, i) => (answers[place] = given[i] ?? unexpected()))
    })
  )
  return answers
}

/**
 * Asks many, one for each of the keys, in one go for each server. Answers in the order of the keys.
 *
 * @internal
 */
export const askAll = async (
  client: MemcachedClient,
  keys: ReadonlyArray<string>,
  requests: ReadonlyArray<MemcachedRequest>
): Promise<ReadonlyArray<MemcachedReply>> => {
  const [only] = client.servers
  if (only !== undefined && client.servers.length === 1) return only.ask(requests)
  return askEach(client, keys, (server, places) =>
    server.ask(places.map((place) => requests[place] ?? unexpected()))
  )
}

/** @internal */
export const groupBy = <A, B>(all: ReadonlyArray<A>, f: (a: A) => B): ReadonlyMap<B, ReadonlyArray<A>> => {
  const groups = new Map<B, Array<A>>()
  for (const a of all) {
    const b = f(a)
    const group = groups.get(b)
    if (group === undefined) groups.set(b, [a])
    else group.push(a)
  }
  return groups
}

/**
 * What the only answer of several is to be decoded as.
 *
 * @internal
 */
export const only =
  <A>(decode: (reply: MemcachedReply) => A) =>
  ([reply]: ReadonlyArray<MemcachedReply>): A =>
    decode(reply ?? unexpected())

/**
 * Asks one thing.
 *
 * @internal
 */
export const askOne = async (
  session: MemcachedSession,
  request: MemcachedRequest
): Promise<MemcachedReply> => {
  const [reply] = await session.ask([request])
  return reply ?? unexpected()
}

// -------------------------------------------------------------------------------------
// answers
// -------------------------------------------------------------------------------------

/** @internal */
export const unexpected = (): never => {
  throw new Error('memcached answered what it was not asked')
}

/**
 * Whether something was done (`HD`), where `others` are what else a server may say. Throws what it refused.
 *
 * @internal
 */
export const isDone = ({ flags, status }: MemcachedReply, ...others: ReadonlyArray<string>): boolean => {
  if (status === 'HD') return true
  if (others.includes(status)) return false
  if (status !== 'SERVER_ERROR') return unexpected()
  // the other one is 'out of memory storing object': that passes
  throw flags.includes('too large') ? failure('ETOOLARGE', flags) : new Error(flags)
}

/**
 * The `StoreError` of what a client rejected with, or an answer was.
 *
 * @internal
 */
export const failedAs =
  (operation: Operation) =>
  (cause: unknown): StoreError =>
    hasCode(cause, 'ETIMEDOUT')
      ? new StoreError(operation, 'timeout', 'the backend did not answer in time', cause)
      : hasCode(cause, 'ETOOLARGE')
      ? new StoreError(operation, 'refused', 'the value is larger than the server takes', cause)
      : hasCode(cause, 'EREFUSED')
      ? new StoreError(operation, 'refused', 'the server does not do that', cause)
      : storeFailed(operation)(cause)
