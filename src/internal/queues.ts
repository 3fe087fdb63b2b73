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

// -------------------------------------------------------------------------------------
// what is given up
// -------------------------------------------------------------------------------------

/**
 * What somebody asked for, until he is told that it is late.
 *
 * @internal
 */
export interface Call {
  isOver: boolean
  readonly atEnd: Array<() => void>
}

/** @internal */
export const makeCall = (): Call => ({ isOver: false, atEnd: [] })

/** @internal */
export const endCall = (call: Call): void => {
  call.isOver = true
  call.atEnd.forEach((run) => run())
  call.atEnd.length = 0
}

/** @internal */
export interface Backlog {
  /** A task of a call, for a queue: whose load is let go when the call is over, and which then is not begun. */
  readonly task: <L, A>(call: Call, load: L, size: number, run: (load: L) => Promise<A>) => () => Promise<A>
  /** How many bytes are held by what waits, or is done at this moment. */
  readonly bytes: () => number
  /** How many tasks wait whose call is over. */
  readonly forsaken: () => number
}

/** @internal */
export const makeBacklog = (): Backlog => {
  let bytes = 0
  let forsaken = 0
  return {
    bytes: () => bytes,
    forsaken: () => forsaken,
    task: <L, A>(call: Call, load: L, size: number, run: (load: L) => Promise<A>) => {
      let held: { readonly load: L } | undefined = { load }
      let waits = true
      bytes += size
      const forsake = (): void => {
        if (!waits) return
        held = undefined
        bytes -= size
        forsaken++
      }
      if (call.isOver) forsake()
      else call.atEnd.push(forsake)
      return async () => {
        waits = false
        const mine = held
        held = undefined
        if (mine === undefined) {
          forsaken--
          throw new Error('nobody waits for it any more')
        }
        try {
          return await run(mine.load)
        } finally {
          bytes -= size
        }
      }
    }
  }
}
