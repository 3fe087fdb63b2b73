/**
 * Queues: they decide which task may run now, and which waits.
 *
 * @internal
 */

type Run = <A>(start: () => Promise<A>) => Promise<A>

/** Runs at most `max` tasks at once. The others wait for their turn, in order. */
export const makeGate = (max: number): Run => {
  const waiting = new Set<() => void>() // a queue: a set keeps the order, and its first member is found in constant time
  let running = 0
  const enter = (): Promise<void> | undefined => {
    if (running >= max) return new Promise((resolve) => waiting.add(resolve))
    running++
    return undefined
  }
  const leave = (): void => {
    for (const next of waiting) {
      waiting.delete(next)
      return next() // the next task takes this place, so `running` stays the same
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

/** Runs tasks of the same name one after the other, in the order of the calls. */
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
// calls that are given up
// -------------------------------------------------------------------------------------

/** The call of a caller. It is over when the caller has its answer, or was told that the answer is late. */
export interface Call {
  isOver: boolean
  readonly atEnd: Array<() => void>
}

export const makeCall = (): Call => ({ isOver: false, atEnd: [] })

export const endCall = (call: Call): void => {
  call.isOver = true
  call.atEnd.forEach((run) => run())
  call.atEnd.length = 0
}

export interface Backlog {
  /**
   * Makes a task of a call, for a queue. If the call is over before the task starts, the task drops its load and never
   * runs.
   */
  readonly task: <L, A>(call: Call, load: L, size: number, run: (load: L) => Promise<A>) => () => Promise<A>
  /** How many bytes are held by tasks that wait or run. */
  readonly bytes: () => number
  /** How many waiting tasks belong to a call that is over. */
  readonly forsaken: () => number
}

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
