/**
 * The directory of a store, with what every part of the store needs to use it.
 *
 * @internal
 */
import type { Guard } from './guard'
import type { Queue } from './queue'

export interface Place {
  /** The absolute path of the directory. */
  readonly root: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly guard: Guard
  readonly queue: Queue
}
