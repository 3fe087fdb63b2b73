/**
 * How the store sends requests to a client, and checks the answers.
 *
 * @internal
 */
import { failure, hasCode } from '../../base/errorCode'
import type { StoreError } from '../../RingError'
import { type Operation, storeFailed } from '../../RingError'
import { storeError } from '../kit/errors'
import type {
  MemcachedClient,
  MemcachedReply,
  MemcachedRequest,
  MemcachedServer,
  MemcachedSession
} from './model'

// -------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------

/**
 * Sends each server the requests for its keys together. `ask` receives the indices of a server's keys. Returns the
 * answers in the order of the keys.
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

/** Sends one request for each key, together for each server. Returns the answers in the order of the keys. */
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

/** Decodes the only answer of a list. */
export const only =
  <A>(decode: (reply: MemcachedReply) => A) =>
  ([reply]: ReadonlyArray<MemcachedReply>): A =>
    decode(reply ?? unexpected())

/** Sends one request. */
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

export const unexpected = (): never => {
  throw new Error('memcached answered in a way that the request does not allow')
}

/**
 * Whether a request was carried out (`HD`). `others` are other statuses that it allows. Throws the server's refusal.
 */
export const isDone = ({ flags, status }: MemcachedReply, ...others: ReadonlyArray<string>): boolean => {
  if (status === 'HD') return true
  if (others.includes(status)) return false
  if (status !== 'SERVER_ERROR') return unexpected()
  // the other one is 'out of memory storing object', which is temporary
  throw flags.includes('too large') ? failure('ETOOLARGE', flags) : new Error(flags)
}

/** The `StoreError` for a client's rejection, or an answer that was thrown. */
export const failedAs =
  (operation: Operation) =>
  (cause: unknown): StoreError =>
    hasCode(cause, 'ETIMEDOUT')
      ? storeError(operation, 'timeout', 'the backend did not answer in time', cause)
      : hasCode(cause, 'ETOOLARGE')
      ? storeError(operation, 'refused', 'the value is larger than the server takes', cause)
      : hasCode(cause, 'EREFUSED')
      ? storeError(operation, 'refused', 'the server does not do that', cause)
      : storeFailed(operation)(cause)
