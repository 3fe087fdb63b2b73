/**
 * For a store with a shorter timeout than its client.
 *
 * @internal
 */
import { timedOut } from '../../base/errorCode'
import { restartAlarm, setAlarm, stopAlarm } from '../../base/timer'
import type { MemcachedServer } from './model'

/** Rejects after `limit` milliseconds of silence. Received data is read first. */
const watched = <A>(limit: number, task: (heard: () => void) => Promise<A>): Promise<A> =>
  new Promise((resolve, reject) => {
    const late = (): void => void setImmediate(() => reject(timedOut('memcached')))
    const alarm = setAlarm(limit, late, 'waited')
    void task(() => restartAlarm(alarm))
      .then(resolve, reject)
      .finally(() => stopAlarm(alarm))
  })

/** The same server, but each answer, and each line of a list, must arrive within `limit`. */
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
