/**
 * Lifetimes as memcached counts them: in whole seconds, by a clock of the server's that ticks once a second.
 *
 * @internal
 */
import { type Duration, forever, milliseconds } from '../Duration'
import type { MemcachedServer } from '../stores/memcachedClient'

/** Longer ones are read as a Unix time. */
const longestRelative = 2_592_000
/** The last Unix time that the protocol can say. */
const lastTime = 2 ** 31 - 1

/** A fraction of a second is cut off, but less than a second is one. */
export const wholeSeconds = (ttl: Duration): number => Math.max(1, Math.floor(ttl / 1_000))

/**
 * The argument of `T` for a lifetime, where no server need be asked for its clock: `undefined` otherwise. What was set
 * between two ticks has lost a part of its first second, so there is one more.
 *
 * @internal
 */
export const relative = (ttl: Duration): number | undefined => {
  if (ttl === forever) return 0
  const seconds = wholeSeconds(ttl) + 1
  return seconds <= longestRelative ? seconds : undefined
}

/**
 * The argument of `T` for a long lifetime, by the server's clock.
 *
 * @internal
 */
export const absolute = (ttl: Duration, now: number): number =>
  Math.min(lastTime, now + wholeSeconds(ttl) + 1)

/**
 * What `t` says is left: never more than the lifetime that was asked for, if that was a second or more.
 *
 * @internal
 */
export const remaining = (t: string | undefined): Duration => {
  const seconds = Number(t ?? NaN)
  return seconds < 0 || !Number.isFinite(seconds) ? forever : milliseconds(Math.max(0, seconds - 1) * 1_000)
}

/** How long the difference of two clocks is believed. */
const believed = 60_000

interface Seen {
  readonly time: number
  readonly at: number
}

const seen = /*#__PURE__*/ new WeakMap<MemcachedServer, Seen>()
/** Many who ask at once ask once. */
const asking = /*#__PURE__*/ new WeakMap<MemcachedServer, Promise<number>>()

const askTime = async (server: MemcachedServer): Promise<number> => {
  let time = NaN
  await server.lines('stats', (line) => {
    if (line.startsWith('STAT time ')) time = Number(line.slice(10))
  })
  if (!Number.isSafeInteger(time)) throw new Error('memcached does not tell its time')
  seen.set(server, { time, at: performance.now() })
  return time
}

/**
 * The Unix time of a server, whatever the clock of this host says: the one by which it reads Unix times. It is asked
 * for it at most once a minute, and only by those who store for more than 30 days.
 *
 * @internal
 */
export const timeOf = async (server: MemcachedServer): Promise<number> => {
  const known = seen.get(server)
  const now = performance.now()
  if (known !== undefined && now - known.at < believed)
    return known.time + Math.floor((now - known.at) / 1_000)
  const under = asking.get(server)
  if (under !== undefined) return under
  const asked = askTime(server).finally(() => asking.delete(server))
  asking.set(server, asked)
  return asked
}
