/**
 * Scripts for what no single command of Redis does. Each runs atomically for all its keys. An expiry is sent as
 * milliseconds, `0` for 'remove', and an empty text for 'keep forever'.
 *
 * @internal
 */
import type { Duration } from '../../Duration'
import { forever } from '../../Duration'
import { script } from './connection'

export type { Script } from './connection'

/** A lifetime as an argument of a script. */
export const expiry = (ttl: Duration): string => (ttl === forever ? '' : ttl > 0 ? String(ttl) : '0')

/** The value and remaining lifetime of one key; a key of another type is an error. */
export const read = /*#__PURE__*/ script(`
local value = redis.call('GET', KEYS[1])
return { value, value and redis.call('PTTL', KEYS[1]) }
`)

/** Values and remaining lifetimes. */
export const readMany = /*#__PURE__*/ script(`
local values = redis.call('MGET', unpack(KEYS))
local answer = {}
for i, key in ipairs(KEYS) do
  answer[2 * i - 1] = values[i]
  answer[2 * i] = values[i] and redis.call('PTTL', key)
end
return answer
`)

export const setMany = /*#__PURE__*/ script(`
local answer = {}
for i, key in ipairs(KEYS) do
  local value, expiry = ARGV[2 * i - 1], ARGV[2 * i]
  if expiry == '' then
    redis.call('SET', key, value)
  elseif expiry == '0' then
    redis.call('UNLINK', key)
  else
    redis.call('SET', key, value, 'PX', expiry)
  end
  answer[i] = 1
end
return answer
`)

export const hasMany = /*#__PURE__*/ script(`
local answer = {}
for i, key in ipairs(KEYS) do
  answer[i] = redis.call('EXISTS', key)
end
return answer
`)

export const touchMany = /*#__PURE__*/ script(`
local answer = {}
for i, key in ipairs(KEYS) do
  if ARGV[i] == '' then
    redis.call('PERSIST', key)
    answer[i] = redis.call('EXISTS', key)
  elseif ARGV[i] == '0' then
    answer[i] = redis.call('UNLINK', key)
  else
    answer[i] = redis.call('PEXPIRE', key, ARGV[i])
  end
end
return answer
`)

/** The longest lifetime of a field in Redis: its expiry, in milliseconds since 1970, has 48 bits. */
const longestField = 250_000_000_000_000

/**
 * The lifetime of a field as an argument of a script: as `expiry`, or `has` for a store that keeps no lifetimes.
 */
export const fieldExpiry = (keeps: boolean, ttl: Duration): string =>
  ttl > 0 && !keeps ? 'has' : ttl === forever ? '' : ttl > 0 ? String(Math.min(ttl, longestField)) : '0'

export const hashReadMany = /*#__PURE__*/ script(`
local values = redis.call('HMGET', KEYS[1], unpack(ARGV))
local expiries = redis.call('HPTTL', KEYS[1], 'FIELDS', #ARGV, unpack(ARGV))
local answer = {}
for i = 1, #ARGV do
  answer[2 * i - 1] = values[i]
  answer[2 * i] = values[i] and expiries[i]
end
return answer
`)

/**
 * A server without per-field expiry fails at HPTTL, before anything is written: so no field is stored forever that
 * should expire.
 */
export const hashSetMany = /*#__PURE__*/ script(`
for i = 1, #ARGV, 3 do
  local expiry = ARGV[i + 2]
  if expiry ~= '' and expiry ~= 'has' and expiry ~= '0' then
    redis.call('HPTTL', KEYS[1], 'FIELDS', 1, ARGV[i])
    break
  end
end
local answer = {}
for i = 1, #ARGV, 3 do
  local field, value, expiry = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if expiry == '0' then
    redis.call('HDEL', KEYS[1], field)
  else
    redis.call('HSET', KEYS[1], field, value)
    if expiry ~= '' and expiry ~= 'has' then
      redis.call('HPEXPIRE', KEYS[1], expiry, 'FIELDS', 1, field)
    end
  end
  answer[#answer + 1] = 1
end
return answer
`)

export const hashHasMany = /*#__PURE__*/ script(`
local answer = {}
for i, field in ipairs(ARGV) do
  answer[i] = redis.call('HEXISTS', KEYS[1], field)
end
return answer
`)

export const hashTouchMany = /*#__PURE__*/ script(`
local answer = {}
for i = 1, #ARGV, 2 do
  local field, expiry = ARGV[i], ARGV[i + 1]
  local there
  if expiry == '0' then
    there = redis.call('HDEL', KEYS[1], field)
  else
    there = redis.call('HEXISTS', KEYS[1], field)
    if there == 1 and expiry == '' then
      redis.call('HPERSIST', KEYS[1], 'FIELDS', 1, field)
    elseif there == 1 and expiry ~= 'has' then
      redis.call('HPEXPIRE', KEYS[1], expiry, 'FIELDS', 1, field)
    end
  end
  answer[#answer + 1] = there
end
return answer
`)
