/**
 * One round trip to Redis: it ends by its deadline, and sends nothing to a server that owes an answer.
 *
 * @internal
 */
import { setMaxListeners } from 'node:events'

import type { Either } from 'fp-ts/Either'

import { type Duration, forever } from '../../Duration'
import type { StoreError } from '../../RingError'
import { type Operation } from '../../RingError'
import { withDeadlineMap } from '../kit/deadline'
import { storeError } from '../kit/errors'
import { isRead } from '../kit/operations'
import type { Connection } from './connection'

export interface Trip {
  readonly operation: Operation
  readonly timeout: Duration
  readonly connect: () => Connection
  /** All keys, with their namespace. */
  readonly keys: ReadonlyArray<string>
  /** Whether the last answer was late. */
  readonly onLate?: (is: boolean) => void
}

const only: ReadonlyArray<undefined> = [undefined]
const one = (): ReadonlyArray<undefined> => only

export const inTime = <X, A>(
  { connect, keys, onLate, operation, timeout }: Trip,
  start: (connection: Connection) => Promise<X>,
  decode: (x: X) => A
): Promise<Either<StoreError, A>> => {
  let connection: Connection
  try {
    connection = connect()
  } catch (cause) {
    return withDeadlineMap(operation, timeout, { start: () => Promise.reject(cause as Error), decode })
  }
  const { isCluster, ownerOf, refresh, silence } = connection
  const owners = isCluster ? (): ReadonlyArray<unknown> => keys.map(ownerOf) : one
  if (silence.refuses(owners, timeout)) {
    refresh()
    const left = storeError(operation, 'timeout', 'the backend owes an answer that is late')
    return Promise.resolve({ _tag: 'Left', left })
  }
  const since = silence.now()
  const stop = timeout === forever || isRead(operation) ? undefined : new AbortController()
  // on a cluster a bulk command is split, and each part adds a listener
  if (stop !== undefined && keys.length > 1) setMaxListeners(0, stop.signal)
  const mine = stop === undefined ? connection : { ...connection, commands: connection.until(stop.signal) }
  let asked: Promise<X> | undefined
  const heard = (): void => {
    if (!isCluster) silence.heard(undefined)
    else if (keys.length === 1) silence.heard(ownerOf(keys[0] ?? ''))
    else silence.heardAll(owners)
  }
  return withDeadlineMap(operation, timeout, {
    start: () => (asked = start(mine)),
    decode: (x) => {
      onLate?.(false)
      heard()
      return decode(x)
    },
    onLate: () => {
      onLate?.(true)
      stop?.abort()
      refresh()
      const those = owners()
      silence.late(() => those, since, timeout)
      const settled = (): void => silence.heardAll(() => those)
      asked?.then(settled, settled)
    }
  })
}
