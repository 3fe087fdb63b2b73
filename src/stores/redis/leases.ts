/**
 * Leases in Redis, for the rings of all processes that share a server. A lease is a string, its holder's token, with
 * Redis' own expiry, in the slot of its key. A script reads and then writes, so that no other command runs in between.
 *
 * @internal
 */
import type { Option } from 'fp-ts/Option'

import { toBuffer } from '../../base/buffer'
import { defect } from '../../base/defect'
import { type Duration, forever, milliseconds, zero } from '../../Duration'
import { done, lastOf, nothing } from '../kit/answers'
import type { Acquired, Leases } from '../model'
import { isOne, toEntry } from './answers'
import type { Asks } from './asks'
import { runOverKeys } from './bulk'
import { runScript, script } from './connection'
import { leaseKeyOf } from './keys'
import { expiry } from './scripts'

// -------------------------------------------------------------------------------------
// scripts
// -------------------------------------------------------------------------------------

/**
 * Returns the entry and its remaining lifetime if that is enough (`''`: it never is), `OK` if the lease is acquired, or
 * the remaining time of the present lease.
 */
const acquire = /*#__PURE__*/ script(`
local value = redis.call('GET', KEYS[1])
if value and ARGV[3] ~= '' then
  local left = redis.call('PTTL', KEYS[1])
  if left == -1 or left > tonumber(ARGV[3]) then
    return { value, left }
  end
end
local held = redis.call('PTTL', KEYS[2])
if held >= 0 then
  return held
end
return redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
`)

const renew = /*#__PURE__*/ script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

const release = /*#__PURE__*/ script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('UNLINK', KEYS[1])
`)

/** If it cannot write, the lease remains: its holder may still release it. */
const commit = /*#__PURE__*/ script(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
if ARGV[3] == '' then
  redis.call('SET', KEYS[1], ARGV[2])
elseif ARGV[3] == '0' then
  redis.call('UNLINK', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
redis.call('UNLINK', KEYS[2])
return 1
`)

/** `KEYS` are pairs of a key and its lease's key, with a value and an expiry for each pair. */
const override = /*#__PURE__*/ script(`
local answer = {}
for i = 1, #KEYS, 2 do
  local value, expiry = ARGV[i], ARGV[i + 1]
  if expiry == '' then
    redis.call('SET', KEYS[i], value)
  elseif expiry == '0' then
    redis.call('UNLINK', KEYS[i])
  else
    redis.call('SET', KEYS[i], value, 'PX', expiry)
  end
  redis.call('UNLINK', KEYS[i + 1])
  answer[i], answer[i + 1] = 1, 1
end
return answer
`)

const toAcquired = (answer: unknown): Acquired<Uint8Array> => {
  if (answer === 'OK') return { _tag: 'Won' }
  if (typeof answer === 'number') {
    // PTTL is 0 in a lease's last millisecond, but the lease still exists
    return { _tag: 'Busy', remaining: answer < 0 ? forever : milliseconds(Math.max(answer, 1)) }
  }
  const entry = Array.isArray(answer) ? toEntry(answer[0], answer[1]) : undefined
  return entry?._tag === 'Some'
    ? { _tag: 'Found', entry: entry.value }
    : defect('a script of the store was answered in another shape: is the client one of node-redis?')
}

// -------------------------------------------------------------------------------------
// leases
// -------------------------------------------------------------------------------------

/** A value and its expiry, in the form that the scripts take. */
const written = (value: Option<Uint8Array>, ttl: Duration): readonly [Buffer | string, string] =>
  value._tag === 'Some' ? [toBuffer(value.value), expiry(ttl)] : ['', expiry(zero)]

export const redisLeases = ({ single, bulk }: Asks): Leases<Uint8Array> => ({
  acquire: (key, token, ttl, beyond) =>
    single(
      'acquire',
      key,
      ({ commands, keyPrefix }, k) =>
        runScript(commands, acquire, {
          keys: [k, leaseKeyOf(keyPrefix, k)],
          arguments: [token, String(ttl), beyond === forever ? '' : String(beyond)]
        }),
      toAcquired
    ),
  seize: (key, token, ttl) =>
    single(
      'seize',
      key,
      ({ commands, keyPrefix }, k) =>
        commands.set(leaseKeyOf(keyPrefix, k), Buffer.from(token), {
          expiration: { type: 'PX', value: ttl }
        }),
      nothing
    ),
  renew: (key, token, ttl) =>
    single(
      'renew',
      key,
      ({ commands, keyPrefix }, k) =>
        runScript(commands, renew, { keys: [leaseKeyOf(keyPrefix, k)], arguments: [token, String(ttl)] }),
      isOne
    ),
  release: (key, token) =>
    single(
      'release',
      key,
      ({ commands, keyPrefix }, k) =>
        runScript(commands, release, { keys: [leaseKeyOf(keyPrefix, k)], arguments: [token] }),
      nothing
    ),
  commit: (key, token, value, ttl) =>
    single(
      'commit',
      key,
      ({ commands, keyPrefix }, k) =>
        runScript(commands, commit, {
          keys: [k, leaseKeyOf(keyPrefix, k)],
          arguments: [token, ...written(value, ttl)]
        }),
      isOne
    ),
  override: (entries) => {
    if (entries.length === 0) return done
    const last = lastOf(entries)
    const what = Array.from(last.values(), ([, value, ttl]) => written(value, ttl))
    return bulk(
      'override',
      Array.from(last.keys()),
      (connection, keys) =>
        // a key and its lease's key are adjacent and in one slot, and a command has an even number of keys
        runOverKeys(
          connection,
          { script: override, argumentsOf: (place) => (place % 2 === 0 ? what[place / 2] ?? [] : []) },
          keys.flatMap((k) => [k, leaseKeyOf(connection.keyPrefix, k)])
        ),
      nothing
    )
  }
})
