/**
 * Data that was written to a response while its client must not be answered yet.
 *
 * @internal
 */
import { type Call, sizeOf } from './outgoing'

export interface Backlog {
  /** Keeps a call; returns whether there is room for more. */
  readonly keep: (call: Call) => boolean
  readonly take: () => ReadonlyArray<Call>
  /** Whether the writer was told to wait since the last call of this function. */
  readonly blocks: () => boolean
}

/** How many bytes are kept before the writer is told to wait. */
const mostHeld = 64 * 1024

export const makeBacklog = (): Backlog => {
  const calls: Array<Call> = []
  let size = 0
  let isFull = false
  return {
    keep: (call) => {
      calls.push(call)
      size += sizeOf(call)
      isFull ||= size > mostHeld
      return !isFull
    },
    take: () => calls.splice(0),
    blocks: () => {
      const blocked = isFull
      isFull = false
      size = 0
      return blocked
    }
  }
}
