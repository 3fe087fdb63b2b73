/**
 * Explores the interleavings of a program. What may happen next is an action: an actor begins, a function answers, a call of a
 * store takes effect, a call of a store answers. The explorer chooses the order of the actions. It runs a program again and again,
 * each time with another list of choices: with all lists, or with lists that a seeded generator draws.
 *
 * Time stands still, except for timers: the earliest one fires when nothing else can happen, or, a few times in a run, earlier.
 */
import type { Clock } from '../../src'
import { seeded } from '../../src/testing'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

interface Action {
  readonly what: string
  readonly run: () => void
  /** Of the actions of one group, only one happens. */
  readonly group: object
  readonly starts: boolean
}

interface Timer {
  readonly due: number
  readonly order: number
  readonly run: () => void
}

/** What a program sees of its run. */
export interface World {
  readonly clock: Required<Clock.Clock>
  readonly now: () => number
  /** The next place in the order of everything that is recorded. */
  readonly tick: () => number
  /** One of several things happens when the explorer says so. */
  readonly offer: (options: ReadonlyArray<readonly [what: string, run: () => void]>) => void
  /** An actor begins. */
  readonly start: (what: string, run: () => void) => void
  /** A number below `n`. */
  readonly choose: (n: number) => number
  /** Lets time pass; a timer that is due then fires later. */
  readonly pass: (ms: number) => void
  readonly log: (line: string) => void
}

/** A program that has been set up in a world. */
export interface Started {
  /** Called one after another when nothing can happen any more; what they begin happens in one order. */
  readonly last: ReadonlyArray<() => void>
  /** Called after that: what went wrong, if anything. */
  readonly check: () => string | undefined
}

export interface Program {
  readonly begin: (world: World) => Promise<Started>
  /** How often the earliest timer may fire although something else could happen (default: never). */
  readonly early?: number
  /** How many jobs of promises run after an actor has begun, before the next action: one of these (default: all). */
  readonly jobs?: ReadonlyArray<number>
}

export interface Run {
  readonly wrong: string | undefined
  readonly trace: ReadonlyArray<string>
}

/** `complete`: whether all interleavings were run. */
export interface Explored {
  readonly runs: number
  readonly complete: boolean
  readonly wrong?: string
  readonly trace?: ReadonlyArray<string>
  /** The choices that lead there. */
  readonly choices?: ReadonlyArray<number>
}

// -------------------------------------------------------------------------------------
// one run
// -------------------------------------------------------------------------------------

/** `open`: the actions that may happen, if the choice is one of them. */
type Choose = (n: number, open?: ReadonlyArray<object>) => number

const mostSteps = 1_000

/** Runs when no job of a promise is left. */
const drained = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))
/** A turn of the event loop: deadlines end in one. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const makeWorld = (choose: Choose, trace: Array<string>) => {
  let time = 0
  let ticks = 0
  let orders = 0
  let actions: Array<Action> = []
  const timers = new Set<Timer>()
  const after: Required<Clock.Clock>['after'] = (d, run) => () => {
    const timer = { due: time + Math.max(0, d), order: ++orders, run }
    if (d !== Infinity) timers.add(timer)
    return () => void timers.delete(timer)
  }
  const now = (): number => time
  const world: World = {
    clock: { now, after, background: after },
    now,
    tick: () => ++ticks,
    offer: (options) => {
      const group = {}
      for (const [what, run] of options) actions.push({ what, run, group, starts: false })
    },
    start: (what, run) => void actions.push({ what, run, group: {}, starts: true }),
    choose,
    pass: (ms) => {
      time += ms
    },
    log: (line) => void trace.push(line)
  }
  return {
    world,
    actions: () => actions,
    hasTimers: () => timers.size > 0,
    take: (i: number): Action => {
      const action = actions[i]!
      actions = actions.filter(({ group }) => group !== action.group)
      return action
    },
    fire: (): void => {
      const first = [...timers].reduce((a, b) =>
        b.due < a.due || (b.due === a.due && b.order < a.order) ? b : a
      )
      timers.delete(first)
      time = Math.max(time, first.due)
      trace.push(`time ${String(time)}`)
      first.run()
    }
  }
}

const first: Choose = () => 0

const run = async ({ begin, early = 0, jobs = [Infinity] }: Program, choose: Choose): Promise<Run> => {
  const trace: Array<string> = []
  let ending = false
  let hurries = early
  const chosen: Choose = (n, open) => (n < 2 || ending ? first(n) : choose(n, open))
  const { actions, fire, hasTimers, take, world } = makeWorld(chosen, trace)
  const { check, last } = await begin(world)
  let ends = 0
  for (let step = 0; ; step++) {
    if (step > mostSteps) return { trace, wrong: 'the run never ends' }
    const open = actions().length
    if (open === 0 && !hasTimers()) {
      const end = last[ends++]
      if (end === undefined) break
      ending = true
      end()
      await drained()
      continue
    }
    const i = open === 0 ? open : chosen(open + (hurries > 0 && hasTimers() ? 1 : 0), actions())
    if (i === open) {
      if (open > 0) hurries--
      fire()
      await turn()
      continue
    }
    const action = take(i)
    trace.push(action.what)
    action.run()
    const left =
      action.starts && actions().some(({ starts }) => starts) ? jobs[chosen(jobs.length)]! : Infinity
    if (left === Infinity) await drained()
    else for (let job = 0; job < left; job++) await Promise.resolve()
  }
  await turn()
  return { trace, wrong: check() }
}

// -------------------------------------------------------------------------------------
// many runs
// -------------------------------------------------------------------------------------

/** The list of choices after this one, in the order of a search that goes deep first; `undefined` after the last. */
const next = (
  taken: ReadonlyArray<readonly [choice: number, of: number]>
): ReadonlyArray<number> | undefined => {
  const last = taken.findLastIndex(([choice, of]) => choice + 1 < of)
  return last < 0
    ? undefined
    : taken.slice(0, last + 1).map(([choice], i) => (i === last ? choice + 1 : choice))
}

/** The run that a list of choices leads to; beyond its end, and where there are fewer choices, the first or last one is taken. */
export const replay = (program: Program, choices: ReadonlyArray<number>): Promise<Run> => {
  let at = 0
  return run(program, (n) => Math.min(choices[at++] ?? 0, n - 1))
}

/** All interleavings, up to a number of runs; ends at the first that goes wrong. */
export const enumerate = async (program: Program, most: number): Promise<Explored> => {
  let prefix: ReadonlyArray<number> | undefined = []
  let runs = 0
  while (prefix !== undefined && runs < most) {
    const taken: Array<readonly [number, number]> = []
    const given: ReadonlyArray<number> = prefix
    const { trace, wrong } = await run(program, (n) => {
      const choice = given[taken.length] ?? 0
      taken.push([choice, n])
      return choice
    })
    runs++
    if (wrong !== undefined)
      return { runs, complete: false, wrong, trace, choices: taken.map(([choice]) => choice) }
    prefix = next(taken)
  }
  return { runs, complete: prefix === undefined }
}

/**
 * Interleavings that are drawn; ends at the first that goes wrong. Of two runs one takes each action with the same chance. In the
 * other one each action has a rank, and the highest happens: so an action may wait until everything else has happened.
 */
export const draw = async (program: Program, runs: number, seed: number): Promise<Explored> => {
  const random = seeded(seed)
  for (let i = 0; i < runs; i++) {
    const taken: Array<number> = []
    const ranks = new WeakMap<object, number>()
    const rankOf = (action: object): number => {
      const rank = ranks.get(action) ?? random.next()
      ranks.set(action, rank)
      return rank
    }
    const highest = (open: ReadonlyArray<object>): number =>
      open.reduce<number>((best, action, at) => (rankOf(action) > rankOf(open[best]!) ? at : best), 0)
    const { trace, wrong } = await run(program, (n, open) => {
      const by = random.next()
      const choice =
        i % 2 === 0 || open === undefined || by < 0.1 ? Math.floor(random.next() * n) : highest(open)
      taken.push(choice)
      return choice
    })
    if (wrong !== undefined) return { runs: i + 1, complete: false, wrong, trace, choices: taken }
  }
  return { runs, complete: false }
}

/** All interleavings if there are at most `most`; otherwise that many drawn ones too. */
export const explore = async (program: Program, most: number, seed: number): Promise<Explored> => {
  const all = await enumerate(program, most)
  if (all.complete || all.wrong !== undefined) return all
  const drawn = await draw(program, most, seed)
  return { ...drawn, runs: all.runs + drawn.runs }
}
