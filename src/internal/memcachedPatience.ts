/**
 * For a store that is less patient than its client.
 *
 * @internal
 */
import type { MemcachedServer } from './memcachedServer'
import { longestTimer } from './timer'

const silent = (): Error =>
  Object.assign(new Error('memcached did not answer in time'), { code: 'ETIMEDOUT' })

/** Rejects where nothing was heard for so long. What already waits in the socket is read first. */
const watched = <A>(limit: number, task: (heard: () => void) => Promise<A>): Promise<A> =>
  new Promise((resolve, reject) => {
    const late = (): void => void setImmediate(() => reject(silent()))
    const timer = setTimeout(late, Math.min(limit, longestTimer)).unref()
    void task(() => timer.refresh())
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })

/**
 * The same server, of which each answer, and each line of a list, comes within so long, or is given up.
 *
 * @internal
 */
export const within = (server: MemcachedServer, limit: number): MemcachedServer =>
  limit === Infinity
    ? server
    : {
        session: () => server.session(),
        ask: (requests) => watched(limit, () => server.ask(requests)),
        lines: (command, onLine) =>
          watched(limit, (heard) =>
            server.lines(command, (line) => {
              heard()
              onLine(line)
            })
          )
      }
