/**
 * Virtual time, chance and a trace. Everything that happens in a run is an event of one queue, so a seed says all.
 */

import { type Random as Seeded, seeded } from '../../src/testing'

/** Chance that can be repeated, drawn at once. */
export interface Random {
  /** From 0 to 1, without 1. */
  readonly next: () => number
  /** A whole number, both ends included. */
  readonly between: (least: number, most: number) => number
  readonly chance: (p: number) => boolean
  readonly pick: <A>(from: ReadonlyArray<A>) => A
  /** A stream of its own, so that what one part draws changes nothing for another. */
  readonly fork: () => Random
}

const drawn = (random: Seeded): Random => {
  const between = (least: number, most: number): number => random.between(least, most)()
  return {
    next: random.next,
    between,
    chance: (p) => random.chance(p)(),
    pick: (from) => from[between(0, from.length - 1)]!,
    fork: () => drawn(random.fork())
  }
}

export const makeRandom = (seed: number): Random => drawn(seeded(seed))

interface Scheduled {
  readonly time: number
  readonly order: number
  readonly quiet: boolean
  run: (() => void) | undefined
}

/** What calls an event off. */
export type Cancel = () => void

export interface World {
  /** Milliseconds of virtual time: the store's clock, and what the checks reckon with. */
  readonly now: () => number
  /** The next place in the order of all that is recorded. */
  readonly tick: () => number
  /** Runs something so much later. `quiet`: it settles no promise, so nobody has to be waited for. */
  readonly after: (ms: number, run: () => void, quiet?: boolean) => Cancel
  /** Runs events until there are none, or until some time; gives how many are left. */
  readonly run: (until?: number) => Promise<number>
  /** Lets time pass where nothing is due. */
  readonly skip: (ms: number) => void
  readonly log: (line: () => string) => void
  readonly trace: ReadonlyArray<string>
}

const before = (a: Scheduled, b: Scheduled): boolean =>
  a.time < b.time || (a.time === b.time && a.order < b.order)

/** A binary heap. */
const makeQueue = () => {
  const heap: Array<Scheduled> = []
  const swap = (i: number, j: number): void => {
    const [a, b] = [heap[i]!, heap[j]!]
    heap[i] = b
    heap[j] = a
  }
  return {
    size: () => heap.length,
    first: () => heap[0],
    push: (event: Scheduled): void => {
      heap.push(event)
      for (let i = heap.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1
        if (!before(heap[i]!, heap[parent]!)) return
        swap(i, parent)
        i = parent
      }
    },
    pop: (): Scheduled | undefined => {
      const top = heap[0]
      const last = heap.pop()
      if (top === undefined || last === undefined || heap.length === 0) return top
      heap[0] = last
      for (let i = 0; ; ) {
        let least = i
        for (const child of [2 * i + 1, 2 * i + 2])
          if (child < heap.length && before(heap[child]!, heap[least]!)) least = child
        if (least === i) return top
        swap(i, least)
        i = least
      }
    }
  }
}

/** More events than this is a run that does not end. */
const mostEvents = 200_000

export const makeWorld = (traced: boolean): World => {
  const queue = makeQueue()
  const trace: Array<string> = []
  let time = 0
  let order = 0
  let ticks = 0
  let events = 0
  return {
    now: () => time,
    tick: () => ++ticks,
    after: (ms, run, quiet = false) => {
      const event: Scheduled = { time: time + Math.max(0, ms), order: ++order, quiet, run }
      queue.push(event)
      return () => {
        event.run = undefined
      }
    },
    run: (until = Infinity) =>
      new Promise((resolve, reject) => {
        // a turn of the event loop after each event: by then every promise that it settled has been heard
        const step = (): void => {
          try {
            for (;;) {
              const event = queue.first()
              if (event === undefined || event.time > until) {
                if (until !== Infinity) time = Math.max(time, until)
                return resolve(queue.size())
              }
              queue.pop()
              if (event.run === undefined) continue
              if (++events > mostEvents) return resolve(queue.size() + 1)
              time = event.time
              event.run()
              if (!event.quiet) {
                setImmediate(step)
                return
              }
            }
          } catch (cause) {
            reject(cause)
          }
        }
        setImmediate(step)
      }),
    skip: (ms) => {
      time += ms
    },
    log: (line) => {
      if (traced) trace.push(`${time.toFixed(0).padStart(6)} ${line()}`)
    },
    trace
  }
}
