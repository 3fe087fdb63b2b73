/**
 * Counts the work of a ring that is under way: loads, and operations of its store. `Ring.drain` waits until there is
 * none.
 *
 * @internal
 */
import type { IO } from 'fp-ts/IO'

import { nextTurn } from '../base/timer'

export interface Work {
  readonly begin: IO<void>
  readonly end: IO<void>
  /** Settles when nothing is under way. */
  readonly idle: () => Promise<void>
  readonly isIdle: () => boolean
}

/** Passes on work that may continue after the request that began it was answered. */
export type Lasting = (work: Promise<unknown>) => void

export const makeWork = (): Work => {
  let under = 0
  let waiting: Array<() => void> = []
  const settle = (): void => {
    if (under > 0) return
    const all = waiting
    waiting = []
    for (const resolve of all) resolve()
  }
  const ended = (): Promise<void> =>
    under === 0 ? Promise.resolve() : new Promise((resolve) => void waiting.push(resolve))
  return {
    isIdle: () => under === 0,
    begin: () => {
      under++
    },
    end: () => {
      under--
      if (waiting.length > 0) settle()
    },
    idle: async () => {
      // work that has ended may begin other work a few ticks later: the release of a lease, the extension of a
      // generation
      do {
        await ended()
        await new Promise<void>(nextTurn)
      } while (under > 0)
    }
  }
}
