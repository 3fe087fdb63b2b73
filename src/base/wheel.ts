/**
 * Timers that share one timer of the runtime. Most of them are deadlines, which are cancelled long before they are due:
 * to set and to cancel one costs no timer.
 *
 * Their ends are rounded up to whole turns of a few milliseconds, and all that end in one turn are kept together. One
 * timer of the runtime is set for the earliest turn. A timer that is cancelled does not stop it, so that the next one
 * finds it set.
 *
 * The shared timer never keeps the process alive. Fake timers of a test are not shared.
 *
 * @internal
 */
import type { IO } from 'fp-ts/IO'

import { areTimersReal, type Start, startIdleTimer } from './timer'

/** The length of a turn, in milliseconds. */
const grain = 8
/** Shorter timers have a timer of their own, so that they end when they should. */
const shortest = 4 * grain

interface Waiting {
  readonly run: IO<void>
}

export const makeWheel = (): Start => {
  const turns = new Map<number, Set<Waiting>>()
  let armed: { readonly turn: number; readonly cancel: IO<void> } | undefined

  const earliest = (): number => {
    let first = Infinity
    for (const turn of turns.keys()) if (turn < first) first = turn
    return first
  }
  const armedFor = (): number => armed?.turn ?? Infinity
  const arm = (turn: number): void => {
    armed?.cancel()
    const ms = Math.max(1, turn * grain - performance.now())
    armed = { turn, cancel: startIdleTimer(ms, () => fire(turn))() }
  }
  const fire = (turn: number): void => {
    armed = undefined
    // what the timer was set for is due, whatever the clock says
    const due = Math.max(turn, Math.floor(performance.now() / grain))
    for (const [at, all] of [...turns]) {
      if (at > due) continue
      turns.delete(at)
      for (const one of all) {
        all.delete(one)
        one.run()
      }
    }
    const next = earliest()
    // a timer that ran may have set the next one
    if (next < armedFor()) arm(next)
  }

  return (ms, run) => () => {
    if (ms < shortest || ms === Infinity || !areTimersReal()) return startIdleTimer(ms, run)()
    const turn = Math.ceil((performance.now() + ms) / grain)
    const one: Waiting = { run }
    let all = turns.get(turn)
    if (all === undefined) {
      all = new Set()
      turns.set(turn, all)
    }
    const ends = all.add(one)
    if (turn < armedFor()) arm(turn)
    return () => {
      if (ends.delete(one) && ends.size === 0 && turns.get(turn) === ends) turns.delete(turn)
    }
  }
}
