/**
 * Faults on demand: a store whose requests and answers are late or lost, or that fails, as a plan says.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Clock } from '../Clock'
import { type Duration, forever, milliseconds } from '../Duration'
import { extend } from '../internal/extend'
import { type StoreError, storeFailed } from '../RingError'
import type { Capabilities, Combinator, Operation, Store } from '../Store'
import { around } from '../Store'
import type { Random } from './random'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * What becomes of one operation. `there`: how long until the store does what it was asked. `back`: how long from then
 * until the answer is heard. `Duration.forever` is lost: never done, or never answered. `answer`, for one that comes:
 * `given` as it is; `lost`, it was done, and is a `left` all the same; `failed`, it was not done, and is a `left`. What is
 * left out is no time at all, and `given`.
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
 * Says the fate of every operation, when it is run.
 *
 * @category model
 * @since 0.1.0
 */
export type Plan = (operation: Operation) => IO<Fate>

/**
 * How often what goes wrong, from 0 to 1 (nothing does, unless it is named), and how long an answer takes on either way:
 * between `least` and `most`, which are no time unless told.
 *
 * @category model
 * @since 0.1.0
 */
export interface Odds {
  readonly failed?: number
  readonly lost?: number
  /** Never answered; it was done, or it was not. */
  readonly hung?: number
  readonly least?: Duration
  readonly most?: Duration
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * It is done, and answered.
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
 * It is not done, and fails.
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
 * It is done, and fails: its answer was lost on the way back.
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
 * It is not done, and never answered.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import { dict, Duration, Store } from 'fp-ring'
 * import { faulty, hangs, inTurn } from 'fp-ring/testing'
 *
 * const store = pipe(dict<string>(), faulty(inTurn([hangs])), Store.timed(Duration.milliseconds(5)))
 * const alive = setInterval(() => {}, 1)
 * store.get('k')().then((got) => {
 *   assert.ok(got._tag === 'Left' && got.left.reason === 'timeout')
 *   clearInterval(alive)
 * })
 *
 * @category constructors
 * @since 0.1.0
 */
export const hangs: Fate = { there: forever }

/**
 * One fate after the other, whatever the operations; when they are used up, all that follows works.
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
 * Fates by chance.
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

/** A timer that keeps the process alive, as a request on a network does, but for one that never ends. */
const passed =
  (clock: Clock | undefined, d: Duration): Task<void> =>
  () =>
    new Promise((resolve) => {
      if (clock?.after !== undefined) void clock.after(d, resolve)()
      else if (d !== forever) setTimeout(resolve, d)
    })

/** No time is none at all, without a turn of the event loop. */
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
 * A store to which happens what the plan says, by a real clock or by that of a test. It is like one on a network: it has
 * no `peek`, and no deadline, so that `Store.timed` or the ring puts one before it.
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
    // the proof: the same store without members that need not be there
    return extend(made, {}, ['peek', 'peekEntry', 'deadline']) as Store<R, B> & Capabilities<S, R>
  }
