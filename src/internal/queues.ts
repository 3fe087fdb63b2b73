/**
 * Who may go on, and who waits.
 *
 * @internal
 */

type Run = <A>(start: () => Promise<A>) => Promise<A>

/**
 * Runs at most `max` at once; the rest waits for its turn, in order.
 *
 * @internal
 */
export const makeGate = (max: number): Run => {
  const waiting = new Set<() => void>() // a queue: it keeps the order, and its first is found at once
  let running = 0
  const enter = (): Promise<void> | undefined => {
    if (running >= max) return new Promise((resolve) => waiting.add(resolve))
    running++
    return undefined
  }
  const leave = (): void => {
    for (const next of waiting) {
      waiting.delete(next)
      return next() // whose place it is now
    }
    running--
  }
  return async (start) => {
    await enter()
    try {
      return await start()
    } finally {
      leave()
    }
  }
}

/**
 * Runs what has the same name one after the other, in the order in which it was asked for.
 *
 * @internal
 */
export const makeTurns = (): (<A>(name: string, start: () => Promise<A>) => Promise<A>) => {
  const last = new Map<string, Promise<unknown>>()
  return (name, start) => {
    const before = last.get(name)
    const run = before === undefined ? start() : before.then(start, start)
    const forget = (): void => {
      if (last.get(name) === run) last.delete(name)
    }
    last.set(name, run)
    run.then(forget, forget)
    return run
  }
}
