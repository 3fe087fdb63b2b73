/**
 * The order in which tasks use the disk, and how much may wait for it.
 *
 * @internal
 */
import { type Backlog, makeBacklog, makeGate, makeTurns } from '../../base/queues'

/** Shared by all stores in this process, because several may use one directory. */
const turns = /*#__PURE__*/ makeTurns()

/** How many files a store has open at the same time, at most. */
const most = 64

/**
 * While the disk hangs: how many tasks may wait whose callers no longer do. With more, the store refuses operations.
 */
const mostForsaken = 10_000
/** How many bytes may wait to be written. With more, the store refuses writes. */
const mostBytes = 2 ** 28

export interface Queue {
  /** Makes a task of a call: see `Backlog`. It does not run before it is given to `gate` or `inTurn`. */
  readonly task: Backlog['task']
  /** Runs a task when the store has few enough files open. */
  readonly gate: <A>(start: () => Promise<A>) => Promise<A>
  /** The same for a task that writes a file: it waits for the earlier ones of the same file. */
  readonly inTurn: <A>(file: string, start: () => Promise<A>) => Promise<A>
  /** Whether too many tasks wait whose callers no longer do. */
  readonly isStuck: () => boolean
  /** Whether too many bytes wait to be written. */
  readonly isFull: () => boolean
}

export const makeQueue = (): Queue => {
  const gate = makeGate(most)
  const { bytes, forsaken, task } = makeBacklog()
  return {
    task,
    gate,
    inTurn: (file, start) => turns(file, () => gate(start)),
    isStuck: () => forsaken() > mostForsaken,
    isFull: () => bytes() > mostBytes
  }
}
