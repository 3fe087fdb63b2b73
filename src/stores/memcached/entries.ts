/**
 * Entries as items of memcached: the requests that write and read them, and how their answers are decoded.
 *
 * @internal
 */
import type * as O from 'fp-ts/Option'

import { timedOut } from '../../base/errorCode'
import type { Duration } from '../../Duration'
import { none } from '../kit/answers'
import type { Entry } from '../model'
import { isDone, unexpected } from './asks'
import type { MemcachedReply, MemcachedRequest, MemcachedServer } from './model'
import { flagOf } from './protocol'
import { absolute, relative, remaining, timeOf } from './time'

/**
 * The client flags of an item that is not an entry: `commit` stores it while it runs, if there is no entry. Entries
 * have 0; items of other programs may have any flags.
 */
export const placeholder = '1718645351'

const isPlaceholder = (reply: MemcachedReply): boolean => reply.flags.includes(`f${placeholder}`)

/** The argument of `T` on this server; a promise if the server must first be asked for its time. */
export const expiryOn = (server: MemcachedServer, ttl: Duration): number | Promise<number> => {
  const short = relative(ttl)
  if (short !== undefined) return short
  const now = timeOf(server)
  return typeof now === 'number' ? absolute(ttl, now) : now.then((told) => absolute(ttl, told))
}

/**
 * Sends requests with lifetimes. It sends them at once if the arguments of `T` are known, so that writes keep the order
 * of the calls. If the server must first be asked for its time, nothing is sent once the caller has stopped waiting
 * (`go`): it would overwrite later writes.
 */
export const withExpiries = <A>(
  server: MemcachedServer,
  ttls: ReadonlyArray<Duration>,
  go: () => boolean,
  ask: (expiries: ReadonlyArray<number>) => Promise<A>
): Promise<A> => {
  const expiries = ttls.map((ttl) => expiryOn(server, ttl))
  const known = expiries.filter((expiry) => typeof expiry === 'number')
  return known.length === expiries.length
    ? ask(known)
    : Promise.all(expiries.map(async (expiry) => expiry)).then((told) =>
        go() ? ask(told) : Promise.reject(timedOut('memcached'))
      )
}

// -------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------

export const getRequest = (key: string): MemcachedRequest => ({ command: 'mg', key, flags: 'v f' })

export const readRequest = (key: string): MemcachedRequest => ({ command: 'mg', key, flags: 'v f t' })

export const hasRequest = (key: string): MemcachedRequest => ({ command: 'mg', key, flags: 'f' })

export const deleteRequest = (key: string): MemcachedRequest => ({ command: 'md', key })

export const setRequest = (key: string, value: Uint8Array, expiry: number): MemcachedRequest => ({
  command: 'ms',
  key,
  value,
  flags: `T${String(expiry)}`
})

export const touchRequest = (key: string, expiry: number): MemcachedRequest => ({
  command: 'mg',
  key,
  flags: `f c T${String(expiry)}`
})

// -------------------------------------------------------------------------------------
// answers
// -------------------------------------------------------------------------------------

const isHit = (reply: MemcachedReply): boolean => reply.status === 'VA' || isDone(reply, 'EN')

export const toOption = (reply: MemcachedReply): O.Option<Uint8Array> => {
  if (!isHit(reply) || isPlaceholder(reply)) return none
  return { _tag: 'Some', value: reply.value ?? unexpected() }
}

export const toEntry = (reply: MemcachedReply): O.Option<Entry<Uint8Array>> => {
  const found = toOption(reply)
  return found._tag === 'None'
    ? found
    : { _tag: 'Some', value: { value: found.value, remaining: remaining(flagOf(reply, 't')) } }
}

export const toHas = (reply: MemcachedReply): boolean => isHit(reply) && !isPlaceholder(reply)

/**
 * Whether an entry was touched. If it was a placeholder, that is removed, so that its longer lifetime does not keep it.
 */
export const toTouched = (server: MemcachedServer, key: string, reply: MemcachedReply): boolean => {
  if (!isHit(reply)) return false
  if (!isPlaceholder(reply)) return true
  const unique = flagOf(reply, 'c') ?? unexpected()
  server.ask([{ command: 'md', key, flags: `C${unique}` }]).catch(() => undefined)
  return false
}
