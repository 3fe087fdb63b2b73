/**
 * `Cache-Status`: what a cache says about how it answered (RFC 9211).
 *
 * @internal
 */
import { valueOf, withField } from './fields'
import type { Fate, Fields } from './model'

/** The value for one cache (section 2). `ttl`: the remaining lifetime in seconds, negative if the answer is stale. */
export const cacheStatus = (cache: string, fate: Fate, ttl?: number): string => {
  const { collapsed, detail, fwd, hit, status, stored } = fate
  let said = cache
  if (hit === true) said += '; hit'
  if (fwd !== undefined) said += `; fwd=${fwd}`
  if (status !== undefined) said += `; fwd-status=${String(status)}`
  if (ttl !== undefined && Number.isFinite(ttl)) said += `; ttl=${String(ttl)}`
  if (stored === true) said += '; stored'
  if (collapsed !== undefined) said += collapsed ? '; collapsed' : '; collapsed=?0'
  if (detail !== undefined) said += `; detail=${detail}`
  return said
}

/** Adds it after the values of the caches nearer to the handler (section 2). */
export const withStatus = (fields: Fields, said: string | undefined): Fields => {
  if (said === undefined) return fields
  const others = valueOf(fields, 'cache-status')
  return withField(fields, 'cache-status', others === undefined ? said : `${others}, ${said}`)
}
