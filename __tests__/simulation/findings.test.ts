/**
 * The smallest cases of what the simulation has found.
 */
import { expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import type { Clock, Store } from '../../src'
import { dict, Duration, Policy, ring, RingError, RingEvent } from '../../src'

const ms = Duration.milliseconds
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2))

/** A clock that is moved by hand. Its timers run when they are due. */
const makeClock = () => {
  let time = 0
  const timers = new Set<{ readonly due: number; readonly run: () => void }>()
  const clock: Clock.Clock = {
    now: () => time,
    after: (d, run) => () => {
      const timer = { due: time + d, run }
      timers.add(timer)
      return () => {
        timers.delete(timer)
      }
    }
  }
  const pass = async (by: number): Promise<void> => {
    time += by
    for (const timer of timers) {
      if (timer.due > time) continue
      timers.delete(timer)
      timer.run()
    }
    await soon()
  }
  return { clock, pass }
}

/** A function whose answers are given by hand, in the order of its runs. */
const makeFunction = () => {
  const runs: Array<(answer: E.Either<string, string>) => void> = []
  const load =
    (_id: number): TE.TaskEither<string, string> =>
    () =>
      new Promise((resolve) => runs.push(resolve))
  return { load, runs }
}

/** A store whose reads look at once, and answer when they are told to: the next `late` of them. */
const makeStore = (clock: Clock.Clock) => {
  const held: Array<() => void> = []
  let late = 0
  const store = dict({ clock })
  const slowly =
    <X, A>(task: TE.TaskEither<X, A>): TE.TaskEither<X, A> =>
    async () => {
      const found = await task()
      if (late > 0) {
        late--
        await new Promise<void>((resolve) => held.push(resolve))
      }
      return found
    }
  const slow: typeof store = {
    ...store,
    get: (key) => slowly(store.get(key)),
    read: (key) => slowly(store.read(key)),
    deadline: Duration.seconds(1)
  }
  // a store on a network cannot be looked into
  const { peek: _, peekEntry: _entry, ...far } = slow
  return {
    store: far as Store.Store<unknown, typeof store.backend> & Store.Leasing<unknown>,
    slowDown: (reads: number): void => {
      late = reads
    },
    answer: async (): Promise<void> => {
      held.splice(0).forEach((resolve) => resolve())
      await soon()
    }
  }
}

const expiring = Policy.policy(
  Policy.ttl(ms(100)),
  Policy.staleIfError(Duration.seconds(10)),
  Policy.loadTimeout(Duration.minutes(5))
)

/** Holds an operation until it is told to go on. */
const makeGate = () => {
  const held: Array<() => void> = []
  return {
    held:
      <X, A>(task: TE.TaskEither<X, A>): TE.TaskEither<X, A> =>
      () =>
        new Promise<void>((resolve) => held.push(resolve)).then(task),
    open: async (): Promise<void> => {
      held.splice(0).forEach((resolve) => resolve())
      await soon()
    }
  }
}

const failed = <A>(): TE.TaskEither<RingError.StoreError, A> => TE.left(RingError.storeFailed('get')('down'))

const invalidations = ['delete', 'purge', 'clear'] as const

test.each(invalidations)(
  'law 21: a stale entry that was read before a %s is not served to who asks after it',
  async (how) => {
    const { clock, pass } = makeClock()
    const { load, runs } = makeFunction()
    const { answer, slowDown, store } = makeStore(clock)
    const cached = ring(load, { store, clock, policy: expiring, tags: () => ['all'] })
    await cached.set('old')(1)()
    await pass(150)
    slowDown(1) // the entry; what it found is on its way when the entry is deleted
    const before = cached(1)()
    await soon()
    const gone =
      how === 'delete' ? cached.delete(1)() : how === 'purge' ? cached.purge('all')() : cached.clear()()
    if (how === 'clear') await answer() // it is told while the store still clears
    expect(await gone).toStrictEqual(E.right(undefined))
    await answer()
    const after = cached(1)()
    await soon()
    runs.forEach((resolve) => resolve(E.left('down')))
    await before
    expect(await after).toStrictEqual(E.left('down'))
  }
)

test('law 21: what was found beside an update is not served to who asks after it', async () => {
  const { clock } = makeClock()
  const { load, runs } = makeFunction()
  const { answer, slowDown, store } = makeStore(clock)
  const cached = ring(load, { store, clock })
  await cached.set('old')(1)()
  const first = cached.update(1)()
  const second = cached.update(1)()
  await soon()
  runs[1]?.(E.left('down')) // the one that held the key: who asks now begins a read of his own
  await second
  slowDown(1)
  const before = cached(1)()
  await soon()
  runs[0]?.(E.right('new'))
  expect(await first).toStrictEqual(E.right('new'))
  const after = cached(1)()
  await answer()
  expect(await before).toStrictEqual(E.right('old'))
  expect(await after).toStrictEqual(E.right('new'))
})

test('law 21: an update that took longer than it may leaves nothing older', async () => {
  const { clock, pass } = makeClock()
  const { load, runs } = makeFunction()
  const cached = ring(load, {
    store: dict({ clock }),
    clock,
    policy: Policy.loadTimeout(Duration.seconds(5))
  })
  await cached.set('old')(1)()
  const update = cached.update(1)()
  await soon()
  await pass(5_001)
  runs[0]?.(E.right('new'))
  const answer = await update
  // acknowledged, it has replaced what was there, or removed it
  if (E.isRight(answer)) expect(await cached.get(1)()).not.toStrictEqual(E.right(O.some('old')))
})

test('law 22: an update is not stored by a clock that jumps', async () => {
  const { clock, pass } = makeClock()
  let jump = 0
  const { load, runs } = makeFunction()
  const store = dict({ clock })
  const policy = Policy.policy(Policy.ttl(Duration.minutes(1)), Policy.lease())
  const here = ring(load, { store, policy, clock: { ...clock, now: () => clock.now() + jump } })
  const there = ring(load, { store, policy, clock })
  await here.set('old')(1)()
  await pass(100)
  const update = here.update(1)()
  await soon()
  const other = there.update(1)()
  await soon()
  jump = 1_000 // the node stood still, or its host did, and the store did not
  runs[0]?.(E.right('new'))
  expect(await update).toStrictEqual(E.right('new'))
  const got = await here.get(1)()
  runs[1]?.(E.left('down'))
  await other
  expect(got).not.toStrictEqual(E.right(O.some('old')))
})

test('law 22: a touch makes nothing newer than an update', async () => {
  const { clock, pass } = makeClock()
  const { load, runs } = makeFunction()
  const store = dict({ clock })
  const policy = Policy.policy(Policy.ttl(Duration.minutes(1)), Policy.lease())
  const [here, there] = [ring(load, { store, policy, clock }), ring(load, { store, policy, clock })]
  await here.set('old')(1)()
  await pass(1_000)
  const update = here.update(1)()
  const other = there.update(1)()
  await soon()
  await pass(1_000)
  await here.touch(1)()
  await pass(1_000)
  runs[0]?.(E.right('new'))
  expect(await update).toStrictEqual(E.right('new'))
  const got = await here.get(1)()
  runs[1]?.(E.left('down'))
  await other
  expect(got).not.toStrictEqual(E.right(O.some('old')))
})

test('law 22: an update that another one took the place of waits until that has left nothing older', async () => {
  const { clock, pass } = makeClock()
  const { load, runs } = makeFunction()
  const { answer, slowDown, store } = makeStore(clock)
  const policy = Policy.policy(Policy.ttl(Duration.minutes(1)), Policy.lease())
  const [here, there] = [ring(load, { store, policy, clock }), ring(load, { store, policy, clock })]
  await here.set('old')(1)()
  await pass(1_000)
  const first = here.update(1)()
  const second = here.update(1)()
  await soon()
  const other = there.update(1)()
  await soon()
  slowDown(1) // the second has lost its lease, and looks what is there
  runs[1]?.(E.right('newer'))
  await soon()
  runs[0]?.(E.right('new'))
  const early = await Promise.race([first, soon()])
  const got = await there.get(1)()
  await answer()
  runs[2]?.(E.left('down'))
  await Promise.all([first, second, other])
  if (early !== undefined) expect(got).not.toStrictEqual(E.right(O.some('old')))
})

test('law 22: who joins a load that is left to another process is not given what that had found', async () => {
  const { clock, pass } = makeClock()
  const { load } = makeFunction()
  const { store } = makeStore(clock)
  const policy = Policy.policy(
    Policy.ttl(ms(100)),
    Policy.staleWhileRevalidate(Duration.seconds(10)),
    Policy.lease()
  )
  const held: Array<() => void> = []
  const here = ring(load, {
    store: {
      ...store,
      leases: {
        ...store.leases,
        acquire:
          (...args) =>
          async () => {
            const acquired = await store.leases.acquire(...args)()
            await new Promise<void>((resolve) => held.push(resolve))
            return acquired
          }
      }
    },
    policy,
    clock
  })
  const there = ring(load, { store, policy, clock })
  await here.set('old')(1)()
  await pass(150)
  void there.update(1)() // it has the lease
  await soon()
  expect(await here(1)()).toStrictEqual(E.right('old')) // stale, and it asks for the lease in the background
  await there.delete(1)()
  const after = here(1)()
  await soon()
  held.splice(0).forEach((resolve) => resolve())
  await soon()
  const early = await Promise.race([after, Promise.resolve('nothing yet')])
  expect(early).not.toStrictEqual(E.right('old'))
})

test('law 38: a read that times out before it is known to be expired is told', async () => {
  const { clock, pass } = makeClock()
  const { load, runs } = makeFunction()
  const { answer, slowDown, store } = makeStore(clock)
  const { observe, stats } = RingEvent.counter()
  const policy = Policy.policy(expiring, Policy.timeout(ms(20)))
  const cached = ring(load, { store, clock, policy, observe })
  await cached.set('old')(1)()
  await pass(150)
  slowDown(1)
  const late = cached(1)()
  await soon()
  await pass(21)
  expect(E.isLeft(await late)).toBe(true)
  await answer()
  runs[0]?.(E.right('new'))
  await soon()
  expect(RingEvent.reads(stats())).toBe(1)
})

test('law 21: a stale entry that was read while clear was under way is not served after it', async () => {
  const { clock, pass } = makeClock()
  const { load, runs } = makeFunction()
  const { held, open } = makeGate()
  const store = makeStore(clock).store
  const cached = ring(load, {
    store: { ...store, clear: (prefix) => held(store.clear(prefix)) },
    clock,
    policy: expiring
  })
  await cached.set('old')(1)()
  await pass(150)
  const clear = cached.clear()()
  await soon()
  const before = cached(1)()
  await soon()
  await open()
  await clear
  const after = cached(1)()
  await soon()
  runs.forEach((resolve) => resolve(E.left('down')))
  await before
  await soon()
  runs.forEach((resolve) => resolve(E.left('down')))
  expect(await after).toStrictEqual(E.left('down'))
})

test('law 31: an update hears that what took its place has failed to remove what was there', async () => {
  const { clock, pass } = makeClock()
  const { load, runs } = makeFunction()
  const { held, open } = makeGate()
  const store = makeStore(clock).store
  let down = false
  const cached = ring(load, {
    store: { ...store, delete: (key) => (down ? held(failed()) : store.delete(key)) },
    clock,
    policy: Policy.loadTimeout(Duration.seconds(5))
  })
  await cached.set('old')(1)()
  const first = cached.update(1)()
  await soon()
  await pass(5_001)
  const second = cached.update(1)()
  await soon()
  down = true
  runs[0]?.(E.right('new')) // it took too long: what was there is to be removed
  await soon()
  runs[1]?.(E.right('newer'))
  await soon()
  await open()
  expect(E.isLeft(await first)).toBe(true)
  const answer = await second
  if (E.isRight(answer)) expect(await cached.get(1)()).not.toStrictEqual(E.right(O.some('old')))
})

test('law 22: an update is not satisfied with what is newer than the one that took its place', async () => {
  const { clock, pass } = makeClock()
  const { load, runs } = makeFunction()
  const { store } = makeStore(clock)
  const policy = Policy.policy(
    Policy.ttl(Duration.minutes(1)),
    Policy.lease(),
    Policy.loadTimeout(Duration.seconds(5))
  )
  const [here, there] = [ring(load, { store, policy, clock }), ring(load, { store, policy, clock })]
  await here.set('old')(1)()
  await pass(10_000)
  const first = here.update(1)()
  await soon()
  await pass(3_000)
  await there.set('between')(1)()
  await pass(1_000)
  const second = here.update(1)()
  await soon()
  await pass(1_500)
  runs[0]?.(E.right('new')) // it took too long: whatever is there goes
  await soon()
  runs[1]?.(E.right('newer'))
  await Promise.all([first, second])
  expect(await there.get(1)()).not.toStrictEqual(E.right(O.some('between')))
})

test('law 22: who joined a load whose lease is lost is not told of its failure', async () => {
  const { clock } = makeClock()
  const { load, runs } = makeFunction()
  const { held, open } = makeGate()
  const store = dict({ clock })
  const leases = {
    ...store.leases,
    renew: (...args: Parameters<typeof store.leases.renew>) => held(store.leases.renew(...args))
  }
  const policy = Policy.policy(Policy.ttl(Duration.minutes(1)), Policy.lease())
  const here = ring(load, { store: { ...store, leases }, policy, clock })
  const there = ring(load, { store, policy, clock })
  const before = here(1)()
  await soon()
  await there.delete(1)()
  const after = here(1)()
  await soon()
  runs[0]?.(E.left('of before'))
  await soon()
  await open() // whether the lease was still there
  expect(await before).toStrictEqual(E.left('of before'))
  runs[1]?.(E.right('new'))
  expect(await after).toStrictEqual(E.right('new'))
})

test('law 26: a load whose lease could not be had waits for the store no more', async () => {
  const { clock } = makeClock()
  const { load, runs } = makeFunction()
  const { held, open } = makeGate()
  const store = makeStore(clock).store
  let down = false
  const cached = ring(load, {
    store: {
      ...store,
      get: (key) => (down ? held(failed()) : store.get(key)),
      leases: { ...store.leases, acquire: () => held(failed()) }
    },
    policy: Policy.policy(Policy.ttl(Duration.minutes(1)), Policy.lease()),
    clock,
    tags: () => ['all']
  })
  const first = cached(1)()
  await soon()
  down = true
  await open() // the store has not given the lease: one deadline is over
  const second = cached(1)()
  await open() // its read fails
  runs[0]?.(E.right('new'))
  await soon()
  expect(await Promise.race([first, soon()])).toStrictEqual(E.right('new'))
  // nobody knows whether something was deleted since: it loads for itself, and asks the store no more
  runs[1]?.(E.right('newer'))
  expect(await Promise.race([second, soon()])).toStrictEqual(E.right('newer'))
})

test('law 28: who joins a load that fails is served what he has found himself', async () => {
  const { clock, pass } = makeClock()
  const { load, runs } = makeFunction()
  const { store } = makeStore(clock)
  let down = false
  const policy = Policy.policy(expiring, Policy.lease(), Policy.timeout(Duration.seconds(5)))
  const cached = ring(load, {
    store: { ...store, read: (key) => (down ? failed() : store.read(key)) },
    policy,
    clock
  })
  await cached.set('old')(1)()
  await pass(150)
  down = true
  void cached(1)() // it loads without having seen what there is
  await soon()
  down = false
  const second = cached(1)()
  await soon()
  runs[0]?.(E.left('down'))
  await soon()
  runs[1]?.(E.left('down'))
  expect(await second).toStrictEqual(E.right('old'))
})
