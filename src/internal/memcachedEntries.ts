/**
 * Entries as items of memcached: the requests that write and read them, and what their answers say.
 *
 * @internal
 */
import type * as O from 'fp-ts/Option'

import type { Duration } from '../Duration'
import type { Entry } from '../Store'
import { none } from './answers'
import { isDone, unexpected } from './memcachedClient'
import { timedOut } from './memcachedErrors'
import { flagOf, type MemcachedReply, type MemcachedRequest } from './memcachedProtocol'
import type { MemcachedServer } from './memcachedServer'
import { absolute, relative, remaining, timeOf } from './memcachedTime'

/**
 * The client flags of an item that is no entry: `commit` puts it where there is none, for as long as it takes. Entries
 * have 0; what other programs have stored may have any.
 *
 * @internal
 */
export const placeholder = '1718645351'

const isPlaceholder = (reply: MemcachedReply): boolean => reply.flags.includes(`f${placeholder}`)

/**
 * The argument of `T` on this server; a promise where that has to be asked for its time first.
 *
 * @internal
 */
export const expiryOn = (server: MemcachedServer, ttl: Duration): number | Promise<number> => {
  const short = relative(ttl)
  if (short !== undefined) return short
  const now = timeOf(server)
  return typeof now === 'number' ? absolute(ttl, now) : now.then((told) => absolute(ttl, told))
}

/**
 * Asks with lifetimes: at once where the arguments of `T` are known, so that what is asked later is written later. Where
 * the server has to be asked for its time first, nothing is asked after nobody waits any more (`go`): it would be done
 * after what was done since.
 *
 * @internal
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
        go() ? ask(told) : Promise.reject(timedOut())
      )
}

// -------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------

/** @internal */
export const getRequest = (key: string): MemcachedRequest => ({ command: 'mg', key, flags: 'v f' })

/** @internal */
export const readRequest = (key: string): MemcachedRequest => ({ command: 'mg', key, flags: 'v f t' })

/** @internal */
export const hasRequest = (key: string): MemcachedRequest => ({ command: 'mg', key, flags: 'f' })

/** @internal */
export const deleteRequest = (key: string): MemcachedRequest => ({ command: 'md', key })

/** @internal */
export const setRequest = (key: string, value: Uint8Array, expiry: number): MemcachedRequest => ({
  command: 'ms',
  key,
  value,
  flags: `T${String(expiry)}`
})

/** @internal */
export const touchRequest = (key: string, expiry: number): MemcachedRequest => ({
  command: 'mg',
  key,
  flags: `f c T${String(expiry)}`
})

// -------------------------------------------------------------------------------------
// answers
// -------------------------------------------------------------------------------------

const isHit = (reply: MemcachedReply): boolean => reply.status === 'VA' || isDone(reply, 'EN')

/** @internal */
export const toOption = (reply: MemcachedReply): O.Option<Uint8Array> => {
  if (!isHit(reply) || isPlaceholder(reply)) return none
  return { _tag: 'Some', value: reply.value ?? unexpected() }
}

/** @internal */
export const toEntry = (reply: MemcachedReply): O.Option<Entry<Uint8Array>> => {
  const found = toOption(reply)
  return found._tag === 'None'
    ? found
    : { _tag: 'Some', value: { value: found.value, remaining: remaining(flagOf(reply, 't')) } }
}

/** @internal */
export const toHas = (reply: MemcachedReply): boolean => isHit(reply) && !isPlaceholder(reply)

/**
 * Whether an entry was touched. A placeholder that was is removed, so that it does not stay.
 *
 * @internal
 */
export const toTouched = (server: MemcachedServer, key: string, reply: MemcachedReply): boolean => {
  if (!isHit(reply)) return false
  if (!isPlaceholder(reply)) return true
  const unique = flagOf(reply, 'c') ?? unexpected()
  server.ask([{ command: 'md', key, flags: `C${unique}` }]).catch(() => undefined)
  return false
}
