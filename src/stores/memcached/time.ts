/**
 * Lifetimes in memcached: whole seconds, by a clock of the server that ticks once a second.
 *
 * @internal
 */
import { max as maxOf } from 'fp-ts/Ord'

import { type Duration, forever, milliseconds, Ord, seconds } from '../../Duration'
import type { MemcachedServer } from './model'

const max = /*#__PURE__*/ maxOf(Ord)

/** memcached reads a longer lifetime as a Unix time. */
const longestRelative = 2_592_000
/** The last Unix time that the protocol can express. */
const lastTime = 2 ** 31 - 1

/** Cuts off the fraction of a second. */
const wholeSeconds = (ttl: Duration): number => Math.max(0, Math.floor(ttl / 1_000))

/** At least one second, for items that must exist for a while: leases, and items that only one operation needs. */
export const atLeastASecond = (ttl: Duration): Duration => max(ttl, seconds(1))

/**
 * The argument of `T` for a lifetime, if it does not depend on the server's clock: `undefined` otherwise. An item that
 * is set between two ticks loses a part of its first second, so one is added; less than a second ends with the next
 * tick.
 */
export const relative = (ttl: Duration): number | undefined => {
  if (ttl === forever) return 0
  const told = wholeSeconds(ttl) + 1
  return told <= longestRelative ? told : undefined
}

/** The argument of `T` for a long lifetime, by the server's clock. */
export const absolute = (ttl: Duration, now: number): number =>
  Math.min(lastTime, now + wholeSeconds(ttl) + 1)

/**
 * The remaining lifetime from the flag `t`: never more than the requested lifetime. During the last second the exact
 * value is unknown, so it is one millisecond or more.
 */
export const remaining = (t: string | undefined): Duration => {
  const left = Number(t ?? NaN)
  return left < 0 || !Number.isFinite(left) ? forever : milliseconds(Math.max(1, (left - 1) * 1_000))
}

/** How long the difference of two clocks is used, and the age from which it is renewed in advance. */
const believed = 60_000
const renewed = 20_000
/** The pause after a server failed to return its time. */
const forgiven = 1_000

interface Seen {
  readonly time: number
  readonly at: number
}

const seen = /*#__PURE__*/ new WeakMap<MemcachedServer, Seen>()
/** Concurrent callers share one request. */
const asking = /*#__PURE__*/ new WeakMap<MemcachedServer, Promise<number>>()
const failed = /*#__PURE__*/ new WeakMap<MemcachedServer, { readonly cause: unknown; readonly at: number }>()

const askTime = async (server: MemcachedServer): Promise<number> => {
  let time = NaN
  let at = 0
  try {
    await server.lines('stats', (line) => {
      if (!line.startsWith('STAT time ')) return
      time = Number(line.slice(10))
      at = performance.now()
    })
    if (!Number.isSafeInteger(time)) throw new Error('memcached does not tell its time')
  } catch (cause) {
    failed.set(server, { cause, at: performance.now() })
    throw cause
  }
  seen.set(server, { time, at })
  return time
}

const asked = (server: MemcachedServer): Promise<number> => {
  const under = asking.get(server)
  if (under !== undefined) return under
  const last = failed.get(server)
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the original error of the server
  if (last !== undefined && performance.now() - last.at < forgiven) return Promise.reject(last.cause)
  const begun = askTime(server).finally(() => asking.delete(server))
  asking.set(server, begun)
  return begun
}

/**
 * The Unix time of a server, whatever the clock of this host: the server reads Unix times by its own clock. A promise
 * if the server must be asked first: for lifetimes above 30 days, if there was none in the last minute.
 */
export const timeOf = (server: MemcachedServer): number | Promise<number> => {
  const known = seen.get(server)
  if (known === undefined) return asked(server)
  const age = performance.now() - known.at
  if (age >= believed) return asked(server)
  // renewed in advance, so that the next caller does not wait
  if (age >= renewed) asked(server).catch(() => undefined)
  return known.time + Math.floor(age / 1_000)
}
