/**
 * Faults on demand: a store that fails, or whose requests and answers are late or lost, according to a plan.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'

import { extend } from '../base/extend'
import { setAlarm } from '../base/timer'
import type { Clock } from '../Clock'
import { type Duration, forever, milliseconds } from '../Duration'
import { type StoreError, storeFailed } from '../RingError'
import type { Capabilities, Combinator, Operation, Store } from '../Store'
import { around } from '../Store'
import type { Random } from './random'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * The fate of one operation. `there`: how long until the store runs it. `back`: how long from then until the caller has
 * the answer. `Duration.forever` means lost: never run, or never answered. `answer`: if an answer comes, `given` is the
 * store's own; `lost` is a `left` although the operation was run; `failed` is a `left`, and the operation was not run.
 * The defaults are no time, and `given`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Fate {
  readonly there?: Duration
  readonly back?: Duration
  readonly answer?: 'given' | 'lost' | 'failed'
}

/**
 * Decides the fate of every operation when it is run.
 *
 * @category model
 * @since 0.1.0
 */
export type Plan = (operation: Operation) => IO<Fate>

/**
 * The probability of each fault, from 0 to 1 (default: 0), and how long each way takes: between `least` and `most`
 * (default: no time).
 *
 * @category model
 * @since 0.1.0
 */
export interface Odds {
  readonly failed?: number
  readonly lost?: number
  /** Never answered, whether it was run or not. */
  readonly hung?: number
  readonly least?: Duration
  readonly most?: Duration
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * The operation is run, and answered.
 *
 * @example
 * import { inTurn, works } from 'fp-ring/testing'
 *
 * assert.deepStrictEqual(inTurn([])('get')(), works)
 *
 * @category constructors
 * @since 0.1.0
 */
export const works: Fate = {}

/**
 * The operation is not run, and fails.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { dict } from 'fp-ring'
 * import { fails, faulty } from 'fp-ring/testing'
 *
 * const store = pipe(dict<string>(), faulty(() => () => fails))
 * const test = async () => {
 *   const got = await store.get('k')()
 *   assert.ok(E.isLeft(got) && got.left.reason === 'failed')
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const fails: Fate = { answer: 'failed' }

/**
 * The operation is run, and fails: its answer was lost on the way back.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { dict, Duration } from 'fp-ring'
 * import { faulty, inTurn, lost } from 'fp-ring/testing'
 *
 * const store = pipe(dict<string>(), faulty(inTurn([lost])))
 * const test = async () => {
 *   assert.ok(E.isLeft(await store.set('k', 'v', Duration.minutes(1))()))
 *   assert.deepStrictEqual(await store.has('k')(), E.right(true))
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const lost: Fate = { answer: 'lost' }

/**
 * The operation is not run, and never answered.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import { dict, Duration, Store } from 'fp-ring'
 * import { faulty, hangs, inTurn } from 'fp-ring/testing'
 *
 * const store = pipe(dict<string>(), faulty(inTurn([hangs])), Store.timed(Duration.milliseconds(5)))
 * store.get('k')().then((got) => {
 *   assert.ok(got._tag === 'Left' && got.left.reason === 'timeout')
 * })
 *
 * @category constructors
 * @since 0.1.0
 */
export const hangs: Fate = { there: forever }

/**
 * One fate after the other, whatever the operations. After the last one, every operation works.
 *
 * @example
 * import { fails, inTurn, works } from 'fp-ring/testing'
 *
 * const plan = inTurn([works, fails])
 * assert.deepStrictEqual([plan('get')(), plan('set')(), plan('get')()], [works, fails, works])
 *
 * @category constructors
 * @since 0.1.0
 */
export const inTurn = (fates: ReadonlyArray<Fate>): Plan => {
  let used = 0
  return () => () => fates[used++] ?? works
}

/**
 * Random fates.
 *
 * @example
 * import { Duration } from 'fp-ring'
 * import { byChance, seeded } from 'fp-ring/testing'
 *
 * const plan = byChance(seeded(42), { failed: 0.1, lost: 0.05, most: Duration.milliseconds(20) })
 * const fates = Array.from({ length: 1_000 }, () => plan('get')())
 * const failed = fates.filter(({ answer }) => answer === 'failed').length
 * assert.ok(failed > 50 && failed < 150)
 *
 * @category constructors
 * @since 0.1.0
 */
export const byChance = (random: Random, odds: Odds): Plan => {
  const { failed = 0, hung = 0, least = 0, most = least, lost: unheard = 0 } = odds
  const late: IO<Duration> = () => milliseconds(random.between(least, Math.max(least, most))())
  const fate: IO<Fate> = () => {
    const drawn = random.next()
    const [there, back, isDone] = [late(), late(), random.chance(0.5)()]
    if (drawn < failed) return { there, back, answer: 'failed' }
    if (drawn < failed + unheard) return { there, back, answer: 'lost' }
    if (drawn < failed + unheard + hung) return isDone ? { there, back: forever } : { there: forever }
    return { there, back }
  }
  return () => fate
}

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

/** A timer that keeps the process alive, like a request on a network, except one that never ends. */
const passed =
  (clock: Clock | undefined, d: Duration): Task<void> =>
  () =>
    new Promise((resolve) => {
      if (clock?.after !== undefined) void clock.after(d, resolve)()
      else void setAlarm(d, resolve, 'waited')
    })

/** A wait of no time does not even take a turn of the event loop. */
const late = async (clock: Clock | undefined, d: Duration | undefined): Promise<void> => {
  if (d !== undefined && d > 0) await passed(clock, d)()
}

const fated =
  (plan: Plan, clock: Clock | undefined) =>
  <A>(operation: Operation, task: TaskEither<StoreError, A>): TaskEither<StoreError, A> =>
  async () => {
    const { answer = 'given', back, there } = plan(operation)()
    const failure = (why: string) => E.left(storeFailed(operation)(new Error(why)))
    await late(clock, there)
    const done = answer === 'failed' ? failure('it was not done') : await task()
    await late(clock, back)
    return answer === 'lost' ? failure('the answer was lost') : done
  }

/**
 * A store whose operations have the fates of a plan, by a real clock or that of a test. It is like a store on a
 * network: it has no `peek`. It has no deadline either; `Store.timed` or the ring adds one.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, ring } from 'fp-ring'
 * import { byChance, faulty, seeded } from 'fp-ring/testing'
 *
 * const store = pipe(dict(), faulty(byChance(seeded(1), { failed: 0.5, lost: 0.1 })))
 * const square = ring((n: number) => TE.right(n * n), { store, name: 'square' })
 * const test = async () => {
 *   for (let n = 0; n < 100; n++) assert.deepStrictEqual(await square(n % 10)(), E.right((n % 10) ** 2))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const faulty =
  (plan: Plan, options: { readonly clock?: Clock } = {}): Combinator =>
  <R, B, S extends Store<R, B>>(store: S & Store<R, B>) => {
    const made = around(fated(plan, options.clock))<R, B, S>(store)
    // SAFETY: the same store without optional members
    return extend(made, {}, ['peek', 'peekEntry', 'deadline']) as Store<R, B> & Capabilities<S, R>
  }
