/**
 * Lifetimes as memcached counts them: in whole seconds, by a clock of the server's that ticks once a second.
 *
 * @internal
 */
import { type Duration, forever, milliseconds } from '../Duration'
import type { MemcachedServer } from './memcachedServer'

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

/** How long the difference of two clocks is believed, and how old it is when it is asked for anew, before it is needed. */
const believed = 60_000
const renewed = 20_000
/** Who did not tell its time is not asked again for so long. */
const forgiven = 1_000

interface Seen {
  readonly time: number
  readonly at: number
}

const seen = /*#__PURE__*/ new WeakMap<MemcachedServer, Seen>()
/** Many who ask at once ask once. */
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
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the server was lost by, as it was
  if (last !== undefined && performance.now() - last.at < forgiven) return Promise.reject(last.cause)
  const begun = askTime(server).finally(() => asking.delete(server))
  asking.set(server, begun)
  return begun
}

/**
 * The Unix time of a server, whatever the clock of this host says: the one by which it reads Unix times. A promise where
 * it has to be asked for it first: those who store for more than 30 days, and did not in the last minute.
 *
 * @internal
 */
export const timeOf = (server: MemcachedServer): number | Promise<number> => {
  const known = seen.get(server)
  if (known === undefined) return asked(server)
  const age = performance.now() - known.at
  if (age >= believed) return asked(server)
  // whoever comes next is not to wait
  if (age >= renewed) asked(server).catch(() => undefined)
  return known.time + Math.floor(age / 1_000)
}
