/**
 * What policies of time and failure do when several things happen at once: laws 15, 16, 19, 20, 24, 28, 29 and 30. The
 * function's answers, the clock and its timers are in the test's hands.
 */
import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { type Clock, Codec, dict, Duration, Policy, ring, RingError, type RingEvent, Store } from '../../src'

const ms = Duration.milliseconds
const { policy } = Policy
const settle = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) await new Promise(setImmediate)
}

/** A clock that stands still until it is moved, and whose timers go off when it is. */
const handClock = (): Clock.Clock & {
  readonly move: (by: number) => Promise<void>
  readonly timers: () => number
} => {
  let time = 0
  let timers: ReadonlyArray<{ readonly at: number; readonly run: () => void }> = []
  return {
    now: () => time,
    after: (d, run) => () => {
      const timer = { at: time + d, run }
      timers = [...timers, timer]
      return () => {
        timers = timers.filter((one) => one !== timer)
      }
    },
    move: async (by) => {
      await settle()
      const end = time + by
      for (;;) {
        const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        timers = timers.filter((one) => one !== next)
        time = Math.max(time, next.at)
        next.run()
        await settle()
      }
      time = end
    },
    timers: () => timers.length
  }
}

/** A function whose runs are answered by hand, in their order. */
const handled = () => {
  const runs: Array<(answer: E.Either<string, number>) => void> = []
  let all = 0
  const fn =
    (_: number): TE.TaskEither<string, number> =>
    () => {
      all++
      return new Promise((resolve) => runs.push(resolve))
    }
  return {
    fn,
    all: () => all,
    pending: () => runs.length,
    answer: async (answer: E.Either<string, number>): Promise<void> => {
      runs.shift()?.(answer)
      await settle()
    }
  }
}

const setUp = <X = never>(
  given: Policy.Policy<{ readonly leases: object }, X, number, readonly [number], string>,
  random = () => 0.5
) => {
  const clock = handClock()
  const hand = handled()
  const told: Array<RingEvent.RingEvent> = []
  const store = dict({ clock })
  const cached = ring(hand.fn, {
    name: 'k',
    store,
    policy: policy(Policy.ttl(ms(100)), given),
    clock,
    random,
    observe: (event) => () => {
      told.push(event)
    }
  })
  const put = async (value: number): Promise<void> => {
    await cached.set(value)(1)()
    told.length = 0
  }
  return { ...hand, clock, cached, store, told, put, tags: () => told.map(({ _tag }) => _tag) }
}

describe('staleWhileRevalidate', () => {
  test('law 20: a hundred callers are served stale at once, and one load runs', async () => {
    const { all, answer, cached, clock, put, tags } = setUp(Policy.staleWhileRevalidate(ms(100)))
    await put(1)
    await clock.move(150)
    const answers = await Promise.all(Array.from({ length: 100 }, () => cached(1)()))
    expect(answers.every((one) => E.isRight(one) && one.right === 1)).toBe(true)
    await settle()
    expect(all()).toBe(1)
    expect(await cached(1)()).toEqual(E.right(1))
    expect(await cached.getOrUpdateMany([[1], [1]])()).toEqual(E.right([E.right(1), E.right(1)]))
    expect(all()).toBe(1)
    await answer(E.right(2))
    expect(await cached(1)()).toEqual(E.right(2))
    expect(all()).toBe(1)
    expect(tags().filter((tag) => tag === 'Stale').length).toBe(103)
  })

  test('law 28: a refresh that fails leaves the entry and its life as they are, and is not repeated at once', async () => {
    const { all, answer, cached, clock, put, store } = setUp(
      policy(Policy.staleWhileRevalidate(ms(1_000)), Policy.retryThrottle(ms(50)))
    )
    await put(1)
    await clock.move(150)
    const before = await store.read('k:1')()
    expect(await cached(1)()).toEqual(E.right(1))
    await settle()
    await answer(E.left('down'))
    expect(await store.read('k:1')()).toEqual(before)
    await Promise.all(Array.from({ length: 20 }, () => cached(1)()))
    await clock.move(49)
    await cached(1)()
    await settle()
    expect(all()).toBe(1)
    await clock.move(1)
    await Promise.all(Array.from({ length: 20 }, () => cached(1)()))
    await settle()
    expect(all()).toBe(2)
  })

  test('law 21: a delete voids the refresh that is under way', async () => {
    const { answer, cached, clock, put, tags } = setUp(Policy.staleWhileRevalidate(ms(100)))
    await put(1)
    await clock.move(150)
    await cached(1)()
    await settle()
    await cached.delete(1)()
    await answer(E.right(2))
    expect(await cached.get(1)()).toEqual(E.right(O.none))
    expect(tags()).toContain('Discard')
  })

  test('law 24: a refresh that never ends is begun anew after loadTimeout', async () => {
    const { all, cached, clock, put } = setUp(
      policy(Policy.staleWhileRevalidate(ms(10_000)), Policy.loadTimeout(ms(500)))
    )
    await put(1)
    await clock.move(150)
    await cached(1)()
    await clock.move(500)
    await cached(1)()
    await settle()
    expect(all()).toBe(1)
    await clock.move(1)
    expect(await cached(1)()).toEqual(E.right(1))
    await settle()
    expect(all()).toBe(2)
  })

  test('law 30: a function that throws in the background is heard by nobody, and hurts nobody', async () => {
    const unhandled: Array<unknown> = []
    const hear = (cause: unknown): void => void unhandled.push(cause)
    process.on('unhandledRejection', hear)
    const clock = handClock()
    let throws = false
    const fn =
      (_: number): TE.TaskEither<string, number> =>
      async () => {
        if (throws) throw new Error('defect')
        return E.right(1)
      }
    const cached = ring(fn, {
      store: dict({ clock }),
      clock,
      policy: policy(Policy.ttl(ms(100)), Policy.staleWhileRevalidate(ms(100)), Policy.staleIfError(ms(500)))
    })
    await cached(1)()
    throws = true
    await clock.move(150)
    expect(await cached(1)()).toEqual(E.right(1))
    await settle()
    // it is a defect and no failure: where somebody waits for it, he hears of it
    await clock.move(2_000)
    await cached.set(1)(1)()
    await clock.move(300)
    await expect(cached(1)()).rejects.toThrow('defect')
    await settle()
    process.off('unhandledRejection', hear)
    expect(unhandled).toEqual([])
  })
})

describe('staleIfError', () => {
  const window = Policy.staleIfError(ms(500), (e: string) => e === 'down')

  test('law 28: who waits for a load that fails is served the entry; one load, one failure for all', async () => {
    const { all, answer, cached, clock, put, tags } = setUp(window)
    await put(1)
    await clock.move(150)
    const callers = Array.from({ length: 10 }, () => cached(1)())
    const many = cached.getOrUpdateMany([[1], [2], [1]])()
    await settle()
    expect(all()).toBe(2)
    await answer(E.left('down'))
    expect(await Promise.all(callers)).toEqual(Array.from({ length: 10 }, () => E.right(1)))
    await answer(E.left('down'))
    expect(await many).toEqual(E.right([E.right(1), E.left('down'), E.right(1)]))
    expect(tags().filter((tag) => tag === 'Stale').length).toBe(12)
    expect(tags().filter((tag) => tag === 'Miss').length).toBe(1)
  })

  test('law 28: another error comes back as it is, and past the window every one does', async () => {
    const { answer, cached, clock, put } = setUp(policy(window, Policy.retryThrottle(ms(0))))
    await put(1)
    await clock.move(150)
    const first = cached(1)()
    await settle()
    await answer(E.left('forbidden'))
    expect(await first).toEqual(E.left('forbidden'))
    await clock.move(450)
    const second = cached(1)()
    await settle()
    await answer(E.left('down'))
    expect(await second).toEqual(E.left('down'))
  })

  test('law 28: an error that excuses nothing is not excused by the throttle either', async () => {
    const { all, answer, cached, clock, put } = setUp(window)
    await put(1)
    await clock.move(150)
    for (const error of ['forbidden', 'forbidden', 'down']) {
      const call = cached(1)()
      await settle()
      await answer(E.left(error))
      expect(await call).toEqual(error === 'down' ? E.right(1) : E.left(error))
    }
    expect(await cached(1)()).toEqual(E.right(1))
    expect(all()).toBe(3)
  })

  test('law 15: an entry whose window ends while its load runs is not served any more', async () => {
    const { answer, cached, clock, put } = setUp(window)
    await put(1)
    await clock.move(590)
    const caller = cached(1)()
    await clock.move(10)
    await answer(E.left('down'))
    expect(await caller).toEqual(E.left('down'))
  })

  test('an update that fails leaves the entry to those who read', async () => {
    const { answer, cached, clock, put } = setUp(window)
    await put(1)
    await clock.move(150)
    const update = cached.update(1)()
    await settle()
    const reader = cached(1)()
    const many = cached.getOrUpdateMany([[1]])()
    await settle()
    await answer(E.left('down'))
    expect(await update).toEqual(E.left('down'))
    expect(await reader).toEqual(E.right(1))
    expect(await many).toEqual(E.right([E.right(1)]))
  })

  test('get and has say what may be served without a load', async () => {
    const { cached, clock, put } = setUp(policy(window, Policy.staleWhileRevalidate(ms(100))))
    await put(1)
    await clock.move(150)
    expect([await cached.get(1)(), await cached.has(1)()]).toEqual([E.right(O.some(1)), E.right(true)])
    await clock.move(100)
    expect([await cached.get(1)(), await cached.has(1)()]).toEqual([E.right(O.none), E.right(false)])
  })
})

describe('timeouts', () => {
  test('softTimeout: the stale entry is served, the load goes on and is stored', async () => {
    const { all, answer, cached, clock, put, tags } = setUp(
      policy(Policy.staleIfError(ms(500)), Policy.softTimeout(ms(20)))
    )
    await put(1)
    await clock.move(150)
    const first = cached(1)()
    await clock.move(19)
    const second = cached(1)()
    await clock.move(1)
    expect(await first).toEqual(E.right(1))
    await clock.move(19)
    expect(await second).toEqual(E.right(1))
    expect(all()).toBe(1)
    await answer(E.right(2))
    expect(await cached(1)()).toEqual(E.right(2))
    expect(tags().filter((tag) => tag === 'Stale' || tag === 'Miss')).toEqual(['Stale', 'Stale'])
    expect(clock.timers()).toBe(0)
  })

  test('softTimeout: where there is nothing stale the caller waits', async () => {
    const { answer, cached, clock } = setUp(policy(Policy.staleIfError(ms(500)), Policy.softTimeout(ms(20))))
    const first = cached(1)()
    await clock.move(1_000)
    await answer(E.right(2))
    expect(await first).toEqual(E.right(2))
  })

  test('timeout: everybody waits as long as he may, then a TimeoutError; the load is stored', async () => {
    const { all, answer, cached, clock, tags } = setUp(Policy.timeout(ms(20)))
    const first = cached(1)()
    await clock.move(10)
    const second = cached(1)()
    const many = cached.getOrUpdateMany([[1], [2]])()
    await clock.move(10)
    const late = await first
    expect(E.isLeft(late) && late.left).toBeInstanceOf(RingError.TimeoutError)
    await clock.move(9)
    const third = cached(1)()
    await clock.move(1)
    expect(E.isLeft(await second)).toBe(true)
    const bulk = await many
    expect(E.isLeft(bulk) && bulk.left).toBeInstanceOf(RingError.TimeoutError)
    expect(all()).toBe(2)
    await answer(E.right(7))
    expect(await third).toEqual(E.right(7))
    expect(await cached(1)()).toEqual(E.right(7))
    expect(tags().filter((tag) => tag === 'Miss').length).toBe(5)
    await clock.move(100)
    expect(clock.timers()).toBe(0)
  })

  test('timeout: a stale entry rather than an error', async () => {
    const { cached, clock, put } = setUp(policy(Policy.staleIfError(ms(500)), Policy.timeout(ms(20))))
    await put(1)
    await clock.move(150)
    const first = cached(1)()
    const many = cached.getOrUpdateMany([[1]])()
    await clock.move(20)
    expect(await first).toEqual(E.right(1))
    expect(await many).toEqual(E.right([E.right(1)]))
  })

  test('softTimeout: a store that answers late, and an entry that is stale', async () => {
    const clock = handClock()
    const { peek: _, peekEntry: __, ...far } = dict({ clock })
    const wait = (d: number): Promise<void> => new Promise((resolve) => void clock.after?.(ms(d), resolve)())
    const store = { ...far, read: (key: string) => () => wait(40).then(far.read(key)) }
    const never =
      (_: number): TE.TaskEither<string, number> =>
      () =>
        new Promise(() => {})
    const cached = ring(never, {
      name: 'k',
      store,
      clock,
      policy: policy(
        Policy.ttlBy(() => ms(100)),
        Policy.staleIfError(ms(500)),
        Policy.softTimeout(ms(25))
      )
    })
    await far.set('k:1', 1, ms(600))()
    await clock.move(150)
    const call = cached(1)()
    await clock.move(50)
    expect(await call).toEqual(E.right(1))
    expect(clock.timers()).toBe(0)
  })

  test('timeout: arguments without a key', async () => {
    const clock = handClock()
    const never =
      (_: number): TE.TaskEither<string, number> =>
      () =>
        new Promise(() => {})
    const cached = ring(never, {
      store: dict({ clock }),
      clock,
      key: () => {
        throw new Error('no key')
      },
      policy: Policy.timeout(ms(20))
    })
    const [one, many] = [cached(1)(), cached.getOrUpdateMany([[1]])()]
    await clock.move(20)
    expect([E.isLeft(await one), E.isLeft(await many)]).toEqual([true, true])
  })

  test("a TimeoutError of the function's own is its error, also in a bulk command", async () => {
    const own = new RingError.TimeoutError()
    const fn =
      (n: number): TE.TaskEither<RingError.TimeoutError, number> =>
      async () =>
        n === 1 ? E.left(own) : E.right(n)
    for (const given of [Policy.softTimeout(ms(20)), Policy.timeout(ms(20))]) {
      const cached = ring(fn, { store: dict(), policy: given as Policy.Policy })
      expect(await cached.getOrUpdateMany([[1], [2]])()).toEqual(E.right([E.left(own), E.right(2)]))
    }
  })

  test('timeout: a bulk read that takes longer is not given up: what it leads to is stored', async () => {
    const clock = handClock()
    const { peek: _, peekEntry: __, ...far } = dict({ clock })
    const slow = {
      ...far,
      getMany: (keys: ReadonlyArray<string>) => () =>
        new Promise<void>((resolve) => void clock.after?.(ms(30), resolve)()).then(far.getMany(keys))
    }
    const fn =
      (n: number): TE.TaskEither<string, number> =>
      async () =>
        E.right(n)
    const cached = ring(fn, { name: 'k', store: slow, clock, policy: Policy.timeout(ms(20)) })
    const many = cached.getOrUpdateMany([[1]])()
    await clock.move(20)
    expect(E.isLeft(await many)).toBe(true)
    await clock.move(10)
    expect(await cached.get(1)()).toEqual(E.right(O.some(1)))
    await clock.move(100)
    expect(clock.timers()).toBe(0)
  })

  test('timeout: a store that does not answer', async () => {
    const clock = handClock()
    const never = {
      ...dict({ clock }),
      get: () => () => new Promise<never>(() => {}),
      getMany: () => () => new Promise<never>(() => {}),
      peek: () => undefined
    }
    const fn =
      (n: number): TE.TaskEither<string, number> =>
      async () =>
        E.right(n)
    const cached = ring(fn, { store: never, clock, policy: Policy.timeout(ms(20)) })
    const [one, many] = [cached(1)(), cached.getOrUpdateMany([[1]])()]
    await clock.move(20)
    expect(E.isLeft(await one)).toBe(true)
    expect(E.isLeft(await many)).toBe(true)
  })
})

describe('early refresh', () => {
  test('refreshAhead: behind one load, and only in the end of the lifetime', async () => {
    const { all, answer, cached, clock, put, tags } = setUp(Policy.refreshAhead(0.8))
    await put(1)
    await clock.move(79)
    await cached(1)()
    await settle()
    expect(all()).toBe(0)
    await clock.move(1)
    await Promise.all(Array.from({ length: 10 }, () => cached(1)()))
    await settle()
    expect(all()).toBe(1)
    await answer(E.right(2))
    await clock.move(60)
    expect(await cached(1)()).toEqual(E.right(2))
    expect(tags()).not.toContain('Miss')
    expect(tags()).not.toContain('Stale')
  })

  /** How many of many entries are loaded anew at one read of each, so long before their end. */
  const refreshed = async (left: number, beta: number, seed: number): Promise<number> => {
    let state = seed
    const random = (): number => {
      state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
      return state / 4_294_967_296
    }
    const clock = handClock()
    let runs = 0
    const fn =
      (n: number): TE.TaskEither<string, number> =>
      () =>
        new Promise((resolve) => {
          runs++
          clock.after?.(ms(10), () => resolve(E.right(n)))()
        })
    const cached = ring(fn, {
      store: dict({ clock }),
      clock,
      random,
      policy: policy(Policy.ttl(ms(1_000)), Policy.earlyRefresh({ beta, window: 0.1 }))
    })
    const ids = Array.from({ length: 1_000 }, (_, i) => [i] as [number])
    const all = cached.getOrUpdateMany(ids)()
    await clock.move(10)
    await all
    runs = 0
    await clock.move(1_000 - left)
    await Promise.all(ids.map(([id]) => cached(id)()))
    await settle()
    return runs / ids.length
  }

  test('law 19: earlyRefresh is XFetch: by chance, the likelier the nearer the end, never before its window', async () => {
    // the chance that Δ · beta · −ln(random) ≥ left is exp(−left / (beta · Δ))
    expect(await refreshed(10, 1, 1)).toBeCloseTo(Math.exp(-1), 1)
    expect(await refreshed(10, 3, 2)).toBeCloseTo(Math.exp(-1 / 3), 1)
    expect(await refreshed(30, 1, 3)).toBeCloseTo(Math.exp(-3), 1)
    expect(await refreshed(101, 100, 4)).toBe(0)
    expect(await refreshed(99, 100, 4)).toBeGreaterThan(0.8)
  })

  test('law 19: with a seed it can be repeated', async () => {
    const once = await refreshed(20, 1, 42)
    expect(await refreshed(20, 1, 42)).toBe(once)
    expect(once).not.toBe(await refreshed(20, 1, 43))
  })
})

describe('what a read costs', () => {
  const traced = (given: Policy.Policy, tagged = false) => {
    const calls: Array<string> = []
    const clock = handClock()
    // as a store on a network: nothing can be peeked at
    const { peek: _, peekEntry: __, ...far } = dict({ clock })
    const store = pipe(
      far,
      Store.around((operation, task) => () => {
        calls.push(operation)
        return task()
      }),
      Store.batched()
    )
    const fn =
      (n: number): TE.TaskEither<string, number> =>
      async () =>
        E.right(n)
    const cached = ring(fn, {
      name: 'k',
      store,
      clock,
      policy: policy(Policy.ttl(ms(100)), given),
      ...(tagged ? { tags: () => ['a', 'b'] } : {})
    })
    const read = async (): Promise<ReadonlyArray<string>> => {
      calls.length = 0
      await cached(1)()
      return [...calls]
    }
    return { calls, cached, clock, read }
  }

  test('law 15: a read that cannot be stale asks get; one that may be, read; none while it is surely fresh', async () => {
    const plain = traced(policy())
    await plain.cached(1)()
    expect(await plain.read()).toEqual(['get'])

    const stale = traced(Policy.staleWhileRevalidate(ms(100)))
    await stale.cached.set(1)(1)()
    expect(await stale.read()).toEqual(['read'])
    expect(await stale.read()).toEqual(['get'])
    await stale.clock.move(99)
    expect(await stale.read()).toEqual(['get'])
    await stale.clock.move(1)
    expect((await stale.read())[0]).toBe('read')
    await settle()
    // what this ring has loaded itself it knows
    expect(await stale.read()).toEqual(['get'])
  })

  test('law 16: where a lifetime depends on its value, nothing is sure, and the age is asked for', async () => {
    const stale = traced(
      policy(
        Policy.ttlBy(() => ms(100)),
        Policy.staleWhileRevalidate(ms(100))
      )
    )
    await stale.cached(1)()
    expect(await stale.read()).toEqual(['read'])
    expect(await stale.read()).toEqual(['read'])
  })

  test('law 34: generations are read with the entry, in one round trip', async () => {
    const tagged = traced(policy(), true)
    await tagged.cached(1)()
    expect(await tagged.read()).toEqual(['getMany'])
    tagged.calls.length = 0
    await tagged.cached.getMany([[1], [2], [3]])()
    expect(tagged.calls).toEqual(['getMany'])
    tagged.calls.length = 0
    await tagged.cached.purge('a')()
    expect(tagged.calls).toEqual(['deleteMany'])
  })

  test('law 32: a generation is there before the entry that carries it; without it nothing is stored', async () => {
    const tagged = traced(policy(), true)
    await tagged.cached(1)()
    expect(tagged.calls).toEqual(['getMany', 'set', 'set', 'touch', 'touch', 'set'])
    // those that are there are there to stay
    tagged.calls.length = 0
    await tagged.cached(2)()
    expect(tagged.calls).toEqual(['getMany', 'set'])
    expect(await tagged.cached.has(1)()).toEqual(E.right(true))

    const { peek: _, peekEntry: __, ...store } = dict()
    const faults: Array<string> = []
    const fn =
      (n: number): TE.TaskEither<string, number> =>
      async () =>
        E.right(n)
    const full = ring(fn, {
      name: 'k',
      store: {
        ...store,
        set: (key, value, ttl) =>
          key.startsWith('~tag:')
            ? async () => E.left(RingError.storeFailed('set')('full'))
            : store.set(key, value, ttl)
      },
      tags: () => ['a'],
      observe: (event) => () => {
        if (event._tag === 'Fault') faults.push(event.operation)
      }
    })
    expect(await full(1)()).toEqual(E.right(1))
    expect(store.backend.size).toBe(0)
    expect(faults).toEqual(['set'])
    expect(E.isLeft(await full.update(1)())).toBe(true)
    expect(E.isLeft(await full.set(1)(1)())).toBe(true)
  })

  test('law 16: rings whose clocks differ agree on what is fresh', async () => {
    const storeClock = handClock()
    const { peek: _, peekEntry: __, ...store } = dict({ clock: storeClock })
    const fn =
      (n: number): TE.TaskEither<string, number> =>
      async () =>
        E.right(n)
    const of = (now: number) =>
      ring(fn, {
        name: 'k',
        store,
        clock: { now: () => now },
        policy: policy(
          Policy.ttlBy(() => ms(100)),
          Policy.staleWhileRevalidate(ms(100))
        )
      })
    const rings = [of(0), of(3_600_000), of(-5)]
    await rings[0]?.(1)()
    for (const [moved, verdict] of [
      [99, 'fresh'],
      [1, 'stale'],
      [99, 'stale'],
      [1, 'missing']
    ] as const) {
      await storeClock.move(moved)
      const all = await Promise.all(rings.map((one) => one.explain(1)()))
      expect(all.map((one) => (E.isRight(one) ? one.right.verdict : one))).toEqual(rings.map(() => verdict))
    }
  })
})

describe('negative', () => {
  type Failure = 'not found' | 'down'
  const answers: Record<number, E.Either<Failure, string>> = {
    1: E.right('Ada'),
    2: E.left('not found'),
    3: E.left('down')
  }
  const make = (tagged: boolean) => {
    const store = dict<Uint8Array>()
    let runs = 0
    const fn =
      (id: number): TE.TaskEither<Failure, string> =>
      async () => {
        runs++
        return answers[id] ?? E.left('down')
      }
    const cached = ring(fn, {
      name: 'user',
      store,
      codec: Codec.json(t.string),
      policy: Policy.negative({
        codec: Codec.json(t.literal('not found')),
        ttl: Duration.seconds(5),
        when: (e: Failure): e is 'not found' => e === 'not found'
      }),
      ...(tagged ? { tags: (id: number) => [String(id)] } : {})
    })
    return { cached, store, runs: () => runs }
  }

  test.each([false, true])(
    'law 29: chosen errors are stored and come back as errors (tags: %p)',
    async (tagged) => {
      const { cached, runs } = make(tagged)
      for (let i = 0; i < 3; i++) {
        expect(await cached(1)()).toEqual(E.right('Ada'))
        expect(await cached(2)()).toEqual(E.left('not found'))
        expect(await cached(3)()).toEqual(E.left('down'))
      }
      expect(runs()).toBe(5)
      expect(await cached.getOrUpdateMany([[1], [2], [2]])()).toEqual(
        E.right([E.right('Ada'), E.left('not found'), E.left('not found')])
      )
      expect(runs()).toBe(5)
      expect(await cached.getMany([[1], [2]])()).toEqual(E.right([O.some('Ada'), O.none]))
      expect(await cached.hasMany([[1], [2]])()).toEqual(E.right([true, false]))
      expect(await cached.touchMany([[1], [2]])()).toEqual(E.right([true, false]))
      expect(await cached(2)()).toEqual(E.left('not found'))
      await cached.set('Grace')(2)()
      expect(await cached(2)()).toEqual(E.right('Grace'))
      await cached.delete(2)()
      expect(await cached(2)()).toEqual(E.left('not found'))
      expect(runs()).toBe(6)
    }
  )

  test('law 29: values lie in the store as their codec made them; only an error has the envelope', async () => {
    const { cached, store } = make(false)
    await Promise.all([cached(1)(), cached(2)()])
    const raw = (id: number): Uint8Array => store.backend.get(cached.key(id))?.value ?? new Uint8Array()
    expect(Buffer.from(raw(1)).toString()).toBe('"Ada"')
    expect(Buffer.from(raw(2)).toString('latin1')).toBe('\xffRNG\x01\x01\x00"not found"')
    expect(cached.decode(raw(1))).toEqual(E.right('Ada'))
    const decoded = cached.decode(raw(2))
    expect(E.isLeft(decoded) && decoded.left._tag).toBe('DecodeError')
  })

  test('law 28: where stale is served for an error, the error does not take the place of the entry', async () => {
    const clock = handClock()
    let failing = false
    const fn =
      (_: number): TE.TaskEither<string, number> =>
      async () =>
        failing ? E.left('down') : E.right(1)
    const of = (extra: Policy.Policy<unknown, never, unknown, ReadonlyArray<unknown>, string>) =>
      ring(fn, {
        store: dict({ clock }),
        clock,
        policy: policy(
          Policy.ttl(ms(100)),
          Policy.negative({ codec: Codec.identity<string>(), ttl: ms(1_000) }),
          Policy.staleWhileRevalidate(ms(50)),
          extra
        )
      })
    const rings = [of(Policy.staleIfError(ms(500))), of(policy())] as const
    for (const one of rings) await one(1)()
    failing = true
    await clock.move(120)
    for (const one of rings) expect(await one(1)()).toEqual(E.right(1))
    await settle()
    expect(await rings[0](1)()).toEqual(E.right(1))
    expect(await rings[1](1)()).toEqual(E.left('down'))
  })
})

describe('leases, seen from one ring', () => {
  const tokenOf = 'somebody else'

  test('law 25: who waits is served what the holder stores', async () => {
    const { all, cached, clock, store } = setUp(Policy.lease({ ttl: ms(1_000) }))
    await store.leases.acquire('k:1', tokenOf, ms(5_000), Duration.zero)()
    const waits = cached(1)()
    await clock.move(700)
    expect(all()).toBe(0)
    await store.leases.commit('k:1', tokenOf, O.some(9), ms(1_000))()
    await clock.move(250)
    expect(await waits).toEqual(E.right(9))
    expect(all()).toBe(0)
    expect(clock.timers()).toBe(0)
  })

  test('law 25: a holder that dies costs its lease, no more', async () => {
    const { all, answer, cached, clock, store } = setUp(Policy.lease({ ttl: ms(1_000) }))
    await store.leases.acquire('k:1', tokenOf, ms(1_000), Duration.zero)()
    const waits = cached(1)()
    await clock.move(999)
    expect(all()).toBe(0)
    await clock.move(251)
    expect(all()).toBe(1)
    await answer(E.right(2))
    expect(await waits).toEqual(E.right(2))
    expect(await cached.get(1)()).toEqual(E.right(O.some(2)))
  })

  test('law 25: after its wait a caller runs the function and stores nothing', async () => {
    const { answer, cached, clock, store, tags } = setUp(Policy.lease({ ttl: ms(1_000), wait: ms(300) }))
    await store.leases.acquire('k:1', tokenOf, ms(60_000), Duration.zero)()
    const waits = cached(1)()
    await clock.move(300)
    await answer(E.right(2))
    expect(await waits).toEqual(E.right(2))
    expect(await cached.get(1)()).toEqual(E.right(O.none))
    expect(tags()).toContain('Discard')
  })

  test('law 25: a lease is renewed while its load runs, and not after it', async () => {
    const { answer, cached, clock, store } = setUp(Policy.lease({ ttl: ms(300) }))
    const call = cached(1)()
    await clock.move(5_000)
    const other = await store.leases.acquire('k:1', tokenOf, ms(1), Duration.zero)()
    expect(E.isRight(other) && other.right._tag).toBe('Busy')
    await answer(E.left('down'))
    expect(await call).toEqual(E.left('down'))
    expect(clock.timers()).toBe(0)
    const free = await store.leases.acquire('k:1', tokenOf, ms(1), Duration.zero)()
    expect(E.isRight(free) && free.right._tag).toBe('Won')
  })

  test('law 25: a lease that was lost: its caller gets the value, and nothing is written', async () => {
    const { answer, cached, clock, store, tags } = setUp(Policy.lease({ ttl: ms(300) }))
    const call = cached(1)()
    await clock.move(10)
    await store.leases.override([['k:1', O.some(5), ms(100)]])()
    await answer(E.right(2))
    expect(await call).toEqual(E.right(2))
    expect(await cached.get(1)()).toEqual(E.right(O.some(5)))
    expect(tags()).toContain('Discard')
  })

  test('who has a stale entry waits for nobody', async () => {
    const { all, cached, clock, put, store } = setUp(
      policy(Policy.lease(), Policy.staleWhileRevalidate(ms(50)), Policy.staleIfError(ms(5_000)))
    )
    await put(1)
    await store.leases.acquire('k:1', tokenOf, ms(60_000), Duration.forever)()
    await clock.move(120)
    expect(await cached(1)()).toEqual(E.right(1))
    await clock.move(100)
    expect(await cached(1)()).toEqual(E.right(1))
    expect(await cached.getOrUpdateMany([[1]])()).toEqual(E.right([E.right(1)]))
    expect(all()).toBe(0)
  })

  test('law 22: a bulk load waits for one key that somebody else loads, and not with the others', async () => {
    const clock = handClock()
    const store = dict({ clock })
    const batches: Array<ReadonlyArray<number>> = []
    const cached = ring(
      (n: number): TE.TaskEither<string, number> =>
        async () =>
          E.right(n),
      {
        name: 'k',
        store,
        clock,
        policy: Policy.lease(),
        batch: (argsList) => async () => {
          batches.push(argsList.map(([n]) => n))
          return E.right(argsList.map(([n]) => n))
        }
      }
    )
    await store.leases.acquire('k:2', tokenOf, ms(60_000), Duration.zero)()
    const many = cached.getOrUpdateMany([[1], [2], [3]])()
    await settle()
    expect(batches).toEqual([[1, 3]])
    expect(await cached.get(1)()).toEqual(E.right(O.some(1)))
    await store.leases.commit('k:2', tokenOf, O.some(22), ms(1_000))()
    await clock.move(300)
    expect(await many).toEqual(E.right([E.right(1), E.right(22), E.right(3)]))
  })

  test('law 26: leases that fail or hang are no failure of the function', async () => {
    const { leases, ...rest } = dict()
    const down = (): TE.TaskEither<RingError.StoreError, never> => async () =>
      E.left(RingError.storeFailed('acquire')('down'))
    const faults: Array<string> = []
    const fn =
      (n: number): TE.TaskEither<string, number> =>
      async () =>
        E.right(n)
    const cached = ring(fn, {
      store: { ...rest, leases: { ...leases, acquire: down, seize: down } },
      policy: Policy.lease(),
      observe: (event) => () => {
        if (event._tag === 'Fault') faults.push(event.operation)
      }
    })
    expect(await cached(1)()).toEqual(E.right(1))
    expect(await cached.get(1)()).toEqual(E.right(O.none))
    expect(faults).toEqual(['acquire'])
    const updated = await cached.update(1)()
    expect(E.isLeft(updated) && updated.left).toBeInstanceOf(RingError.StoreError)
    const strict = ring(fn, {
      store: { ...rest, leases: { ...leases, acquire: down } },
      policy: policy(Policy.lease(), Policy.strict)
    })
    expect(E.isLeft(await strict(1)())).toBe(true)
  })
})
