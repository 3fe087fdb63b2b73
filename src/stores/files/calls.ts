/**
 * How the operations of the store are called: each ends by its deadline, and fails at once while too much waits for a
 * disk that hangs.
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import { isWellFormed } from '../../base/bytes'
import { type Call, endCall, makeCall } from '../../base/queues'
import type { Duration } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import { askOnce, lone, refused } from '../kit/answers'
import { withDeadlineMap } from '../kit/deadline'
import { storeError } from '../kit/errors'
import type { Queue } from './queue'

// -------------------------------------------------------------------------------------
// deadlines
// -------------------------------------------------------------------------------------

const itself = <A>(a: A): A => a

/**
 * Runs a call with a deadline. A late call must keep neither its arguments nor its bytes in memory: so no closure holds
 * them, and `begin` is emptied as soon as the call has started.
 */
export const inTime = <A>(
  operation: Operation,
  timeout: Duration,
  begin: { start: ((call: Call) => Promise<A>) | undefined }
): Promise<Either<StoreError, A>> => {
  const call = makeCall()
  const once = (): Promise<A> => {
    const { start } = begin
    begin.start = undefined
    return start === undefined ? Promise.reject(new Error('it has begun')) : start(call)
  }
  return withDeadlineMap(operation, timeout, { start: once, decode: itself, onLate: () => endCall(call) })
}

// -------------------------------------------------------------------------------------
// operations
// -------------------------------------------------------------------------------------

export interface Calls {
  /** An operation on keys, which must be well-formed Unicode. */
  readonly on: <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (call: Call) => Promise<A>
  ) => TE.TaskEither<StoreError, A>
  /** The same for operations that write bytes. */
  readonly onBytes: (
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (call: Call) => Promise<void>
  ) => TE.TaskEither<StoreError, void>
  /** Asks once for each distinct key, and returns its answer at each of its positions. */
  readonly onMany: <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    one: (call: Call, key: string) => Promise<A>
  ) => TE.TaskEither<StoreError, ReadonlyArray<A>>
}

const tooMuch = (operation: Operation): Either<StoreError, never> => ({
  _tag: 'Left',
  left: storeError(operation, 'failed', 'too many operations wait for the disk')
})

/** `wrote` receives the number of entries that an operation is about to write. */
export const makeCalls = (queue: Queue, timeout: Duration, wrote: (writes: number) => void): Calls => {
  const on: Calls['on'] = (operation, keys, start) => {
    if (!keys.every(isWellFormed)) return refused(operation, lone)
    return () =>
      queue.isStuck() ? Promise.resolve(tooMuch(operation)) : inTime(operation, timeout, { start })
  }
  return {
    on,
    onBytes: (operation, keys, start) => {
      const asked = on(operation, keys, (call) => {
        wrote(keys.length)
        return start(call)
      })
      return () => (queue.isFull() ? Promise.resolve(tooMuch(operation)) : asked())
    },
    onMany: (operation, keys, one) =>
      askOnce(keys, (asked, dealt) =>
        on(operation, asked, async (call) => dealt(await Promise.all(asked.map((key) => one(call, key)))))
      )
  }
}
