/**
 * The identity of a ring, which everything made from it keeps.
 *
 * @internal
 */
import type { Clock } from '../Clock'

/** A ring together with everything made from it: the target of links. */
export interface Identity {
  readonly name: string
  readonly work: Draining
}

/** How to wait for the work of a ring, and how to release what is still held after that. */
export interface Draining {
  readonly clock: Clock
  /** Settles when nothing is under way. */
  readonly idle: () => Promise<void>
  readonly isIdle: () => boolean
  /** Releases every lease that is held. */
  readonly give: () => Promise<void>
}
