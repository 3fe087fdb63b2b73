/**
 * Laws 20, 21, 22, 25 and 34 for several rings over one store, which know nothing of each other, as processes do. The
 * orders in which the store, the function and the timers answer are explored by fast-check's scheduler; the ways of
 * caching that break the laws stand beside them and have to be caught.
 */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { dict, Duration, Policy, ring, RingError, Store } from '../../src'
import { runs } from '../runs'
import { scheduledClock, scheduledStore } from './scheduled'

type Fn = (id: number) => TE.TaskEither<string, number>

/** What these laws ask of a cache. */
interface Cache {
  readonly call: Fn
  readonly get: (id: number) => TE.TaskEither<unknown, O.Option<number>>
  readonly update: Fn
  readonly set: (value: number) => (id: number) => TE.TaskEither<unknown, void>
  readonly delete: (id: number) => TE.TaskEither<unknown, void>
  readonly purge: () => TE.TaskEither<unknown, void>
}
type Shared = Store.Store<unknown, Map<string, unknown>> & Store.Leasing<unknown>
type Make = (fn: Fn, store: Shared, s: fc.Scheduler) => Cache

const forever = Policy.policy(Policy.lease({ wait: Duration.days(1) }), Policy.loadTimeout(Duration.days(1)))

const ours =
  (policy: Policy.Policy<{ readonly leases: object }>, tagged: boolean): Make =>
  (fn, store, s) => {
    const cached = ring(fn, {
      name: 'k',
      store,
      policy,
      clock: scheduledClock(s),
      ...(tagged ? { tags: () => ['all'] } : {})
    })
    return {
      call: cached,
      get: cached.get,
      update: cached.update as Fn,
      set: cached.set,
      delete: cached.delete,
      purge: () => cached.purge('all')
    }
  }

/** Broken on purpose: no leases, so two rings know nothing of each other. */
const unleased = ours(Policy.policy(), false)

/** Broken on purpose: tags whose generations are read when the load has ended. */
const stampedLate: Make = (fn, store, s) => {
  const plain = ours(Policy.policy(), false)(fn, store, s)
  const generation = async (): Promise<unknown> => {
    const got = await store.get('~all')()
    return E.isRight(got) && O.isSome(got.right) ? got.right.value : 0
  }
  const get: Cache['get'] = (id) => async () => {
    const [got, now] = await Promise.all([store.get(`k:${String(id)}`)(), generation()])
    if (E.isLeft(got) || O.isNone(got.right)) return E.right(O.none)
    const [value, then] = got.right.value as [number, unknown]
    return E.right(then === now ? O.some(value) : O.none)
  }
  let purges = 0
  return {
    ...plain,
    get,
    call: (id) => async () => {
      const got = await get(id)()
      if (E.isRight(got) && O.isSome(got.right)) return E.right(got.right.value)
      const value = await fn(id)()
      if (E.isRight(value))
        await store.set(`k:${String(id)}`, [value.right, await generation()], Duration.days(1))()
      return value
    },
    purge: () => store.set('~all', ++purges, Duration.days(1))
  }
}

/** The store as another process sees it: the same entries by another client, so that nothing is shared here. */
const apart = (store: Shared): Shared => ({ ...store, backend: new Map() })

const failed = async (property: fc.IAsyncProperty<[fc.Scheduler, ...Array<never>]>): Promise<boolean> =>
  (await fc.check(property as fc.IAsyncProperty<unknown>, { numRuns: 2_000, endOnFailure: true })).failed

const begins = (s: fc.Scheduler, who: string): Promise<void> => s.schedule(Promise.resolve(), who)

type Write = 'delete' | 'set' | 'update' | 'purge'

/** Readers and one writer, on two rings: nobody who asks after an acknowledged invalidation is given an older value. */
const invalidationWins = (make: Make, kinds: ReadonlyArray<Write>) =>
  fc.asyncProperty(
    fc.scheduler(),
    fc.array(fc.tuple(fc.constantFrom('call', 'get'), fc.boolean()), { minLength: 1, maxLength: 4 }),
    fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 2 }),
    async (s, readers, writes) => {
      let truth = 0
      let acknowledged = 0
      const fn: Fn = () => async () => {
        const value = truth
        await s.schedule(Promise.resolve(), `load of ${String(value)}`)
        return E.right(value)
      }
      const store: Shared = scheduledStore<unknown>(s)
      const caches = [make(fn, apart(store), s), make(fn, apart(store), s)] as const
      const read = async (who: string, first: boolean): Promise<void> => {
        await begins(s, who)
        const since = acknowledged
        const cache = first ? caches[0] : caches[1]
        if (who.startsWith('get')) {
          const got = await cache.get(1)()
          if (E.isRight(got) && O.isSome(got.right)) expect(got.right.value).toBeGreaterThanOrEqual(since)
        } else {
          const got = await cache.call(1)()
          if (E.isRight(got)) expect(got.right).toBeGreaterThanOrEqual(since)
        }
      }
      const writer = async (): Promise<void> => {
        for (const how of writes) {
          await begins(s, how)
          const version = ++truth
          if (how === 'delete') await caches[0].delete(1)()
          if (how === 'purge') await caches[0].purge()()
          if (how === 'set') await caches[0].set(version)(1)()
          if (how === 'update') await caches[0].update(1)()
          acknowledged = version
        }
      }
      await s.waitFor(
        Promise.all([...readers.map(([who, first], i) => read(`${who} ${String(i)}`, first)), writer()])
      )
      await s.waitIdle()
      await s.waitFor(read('get at the end', false))
      await s.waitFor(read('call at the end', false))
    }
  )

describe('law 22', () => {
  test('law 22: no load that began before an invalidation by another ring is stored or served after it', async () => {
    const property = invalidationWins(ours(forever, false), ['delete', 'set', 'update'])
    await fc.assert(property, { numRuns: runs(1_500) })
    // a load was joined whose value was in the store by then, and had been written over
    await fc.assert(property, { seed: 1490473554, path: '8260' })
  })
  test('law 22: nor by a tag', async () => {
    await fc.assert(invalidationWins(ours(forever, true), ['delete', 'set', 'update', 'purge']), {
      numRuns: runs(1_500)
    })
  })
  test('law 22: nor where nothing is stored at all', async () => {
    const unstored = Policy.policy(
      forever,
      Policy.cacheWhen(() => false)
    )
    await fc.assert(invalidationWins(ours(unstored, false), ['delete']), { numRuns: runs(1_500) })
  })
  test('law 22: without leases it is broken, and caught', async () => {
    expect(await failed(invalidationWins(unleased, ['delete', 'set', 'update']) as never)).toBe(true)
  })

  const oneLoad = (make: Make) =>
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.boolean(), { minLength: 2, maxLength: 6 }),
      async (s, callers) => {
        let runs = 0
        const fn: Fn = () => async () => {
          const run = ++runs
          await s.schedule(Promise.resolve(), `load ${String(run)}`)
          return E.right(run)
        }
        const store: Shared = scheduledStore<unknown>(s)
        const caches = [make(fn, store, s), make(fn, store, s)] as const
        const answers = Promise.all(
          callers.map(async (first, i) => {
            await begins(s, `caller ${String(i)}`)
            return (first ? caches[0] : caches[1]).call(1)()
          })
        )
        await s.waitFor(answers)
        await s.waitIdle()
        expect(new Set((await answers).map((answer) => JSON.stringify(answer)))).toEqual(
          new Set(['{"_tag":"Right","right":1}'])
        )
      }
    )
  test('law 22: a cold key is loaded once, by whatever ring, and everybody gets that value', async () => {
    await fc.assert(oneLoad(ours(forever, false)), { numRuns: runs(1_000) })
    await fc.assert(oneLoad(ours(forever, true)), { numRuns: runs(1_000) })
    expect(await failed(oneLoad(unleased) as never)).toBe(true)
  })

  test('law 22: of updates by several rings the one that started last is what stays', async () => {
    const lastStarted = (make: Make) =>
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), async (s, n) => {
        let truth = 0
        const fn: Fn = () => async () => {
          const value = truth
          await s.schedule(Promise.resolve(), `load of ${String(value)}`)
          return E.right(value)
        }
        const store: Shared = scheduledStore<unknown>(s)
        await s.waitFor(
          Promise.all(
            Array.from({ length: n }, async (_, i) => {
              await begins(s, `update ${String(i)}`)
              truth++
              return make(fn, store, s).update(1)()
            })
          )
        )
        await s.waitIdle()
        // or nothing: who was overtaken and cannot tell by whom leaves nothing older behind
        expect(store.backend.get('k:1') ?? n).toBe(n)
      })
    await fc.assert(lastStarted(ours(forever, false)), { numRuns: runs(1_000) })
    expect(await failed(lastStarted(unleased) as never)).toBe(true)
  })
})

/** Two rings as two processes have them, over one store, whose answers to the first can be held back; loads by hand. */
const twoProcesses = () => {
  const pending: Array<(answer: E.Either<string, number>) => void> = []
  const fn: Fn = () => () => new Promise((resolve) => pending.push(resolve))
  const { peek: _, peekEntry: __, ...store } = dict()
  const held = new Map<string, Promise<void>>()
  let runs = 0
  const gated = Store.around((operation, task) => async () => {
    const answer = await task()
    await held.get(operation)
    return answer
  })(store)
  const counted: Fn = (id) => () => {
    runs++
    return fn(id)()
  }
  const of = (it: typeof gated) =>
    ring(counted, { name: 'k', store: it, policy: forever, tags: () => ['all'] })
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await new Promise(setImmediate)
  }
  return {
    here: of(gated),
    there: of({ ...store, backend: new Map() }),
    runs: () => runs,
    answer: async (value: number): Promise<void> => {
      pending.shift()?.(E.right(value))
      await settle()
    },
    settle,
    /** Holds back the answers of an operation; gives what lets them go. */
    hold: (operation: string): (() => void) => {
      let go = (): void => undefined
      held.set(operation, new Promise((resolve) => (go = resolve)))
      return () => {
        held.delete(operation)
        go()
      }
    }
  }
}

describe('law 22, of those who join', () => {
  test.each(['delete', 'purge'] as const)(
    'law 22: who joined a load before a %s elsewhere, but asked after it, looks again',
    async (how) => {
      const { answer, here, runs, settle, there } = twoProcesses()
      const first = here(1)()
      await settle()
      await (how === 'delete' ? there.delete(1) : there.purge('all'))()
      const second = here(1)()
      await settle()
      expect(runs()).toBe(1)
      await answer(0)
      await answer(1)
      expect(await first).toEqual(E.right(0))
      expect(await second).toEqual(E.right(1))
    }
  )

  test('law 22: a read that is under way is not joined', async () => {
    const { answer, here, hold, settle, there } = twoProcesses()
    const set = there.set(0)(1)()
    await set
    const go = hold('get')
    const first = here(1)()
    await settle()
    await there.delete(1)()
    const second = here(1)()
    await settle()
    go()
    await settle()
    await answer(1)
    expect(await first).toEqual(E.right(0))
    expect(await second).toEqual(E.right(1))
  })

  test('law 22: a load whose value is on its way to the store is not joined', async () => {
    const { answer, here, hold, settle, there } = twoProcesses()
    const first = here(1)()
    await settle()
    const go = hold('commit')
    await answer(0)
    await there.delete(1)()
    const second = here(1)()
    await settle()
    go()
    await settle()
    await answer(1)
    expect(await first).toEqual(E.right(0))
    expect(await second).toEqual(E.right(1))
  })

  test('law 34: a load is not joined after a purge by its own ring', async () => {
    const { answer, here, runs, settle } = twoProcesses()
    const first = here(1)()
    await settle()
    await here.purge('all')()
    const second = here(1)()
    await settle()
    await answer(0)
    // it waits for the lease of the first one, and asks again soon
    while (runs() < 2) await new Promise((resolve) => setTimeout(resolve, 2))
    await answer(1)
    expect([await first, await second]).toEqual([E.right(0), E.right(1)])
  })
})

/** Updates on two rings, some of which fail: nobody who reads after an update of his is given an older value. */
const updatesAreRead = (make: Make) =>
  fc.asyncProperty(
    fc.scheduler(),
    fc.array(fc.boolean(), { minLength: 2, maxLength: 4 }),
    async (s, fails) => {
      let truth = 0
      let acknowledged = 0
      const store: Shared = scheduledStore<unknown>(s)
      await s.waitFor(
        Promise.all(
          fails.map(async (fails, i) => {
            await begins(s, `update ${String(i)}`)
            const version = ++truth
            const fn: Fn = () => async () => {
              const value = truth
              await s.schedule(Promise.resolve(), `load of ${String(value)}`)
              return fails ? E.left('down') : E.right(value)
            }
            const cache = make(fn, store, s)
            if (E.isLeft(await cache.update(1)())) return
            acknowledged = Math.max(acknowledged, version)
            const since = acknowledged
            const got = await cache.get(1)()
            if (E.isRight(got) && O.isSome(got.right)) expect(got.right.value).toBeGreaterThanOrEqual(since)
          })
        )
      )
      await s.waitIdle()
      expect(store.backend.get('k:1') ?? truth).toBeGreaterThanOrEqual(acknowledged)
    }
  )

describe('law 22, of updates', () => {
  test('law 22: an acknowledged update is not lost to one that began later and failed', async () => {
    await fc.assert(updatesAreRead(ours(forever, false)), { numRuns: runs(2_000) })
    expect(await failed(updatesAreRead(unleased) as never)).toBe(true)
  })
})

describe('law 34', () => {
  const tagged = ours(Policy.policy(), true)
  test('law 34: a purge hides what was loaded before it, by any ring, loads that are under way included', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 4 }), async (s, n) => {
        let truth = 0
        const fn: Fn = () => async () => {
          const value = truth
          await s.schedule(Promise.resolve(), `load of ${String(value)}`)
          return E.right(value)
        }
        const store: Shared = scheduledStore<unknown>(s)
        const caches = [tagged(fn, store, s), tagged(fn, store, s)] as const
        const work = Array.from({ length: n }, async (_, i) => {
          await begins(s, `caller ${String(i)}`)
          return caches[i % 2 === 0 ? 0 : 1].call(1)()
        })
        const purge = (async () => {
          await begins(s, 'purge')
          truth++
          await caches[0].purge()()
        })()
        await s.waitFor(Promise.all([...work, purge]))
        await s.waitIdle()
        for (const cache of caches) {
          const got = await s.waitFor(cache.get(1)())
          if (E.isRight(got) && O.isSome(got.right)) expect(got.right.value).toBe(1)
          expect(await s.waitFor(cache.call(1)())).toEqual(E.right(1))
        }
      }),
      { numRuns: runs(1_500) }
    )
  })
  test('law 34: who asks a ring after a purge in his process joins no load from before', async () => {
    // one backend, so one process
    const { backend } = dict()
    const here: Make = (fn, store, s) => tagged(fn, { ...store, backend }, s)
    await fc.assert(invalidationWins(here, ['purge']), { numRuns: runs(1_500) })
  })
  test('law 34: generations that are read after the load are caught', async () => {
    expect(await failed(invalidationWins(stampedLate, ['purge']) as never)).toBe(true)
  })

  test('law 34: one command, whatever the number of entries; a generation that is lost is a miss', async () => {
    const store = dict()
    let runs = 0
    const fn: Fn = (id) => async () => E.right(id * 1_000 + ++runs)
    const cached = ring(fn, { name: 'k', store, tags: (id) => ['all', `user ${String(id)}`] })
    await cached.getOrUpdateMany(Array.from({ length: 500 }, (_, i) => [i] as [number]))()
    expect(runs).toBe(500)
    await cached.purge('user 3')()
    expect(await cached.hasMany([[2], [3], [4]])()).toEqual(E.right([true, false, true]))
    store.backend.delete('~tag:all') // evicted
    expect(await cached.getMany([[2], [4]])()).toEqual(E.right([O.none, O.none]))
    await cached(2)()
    expect(runs).toBe(501)
    expect(await cached.has(2)()).toEqual(E.right(true))
  })

  test.each<readonly [string, Policy.Policy<{ readonly leases: object }>]>([
    ['without leases', Policy.ttl(Duration.days(20))],
    ['with leases', Policy.policy(Policy.ttl(Duration.days(20)), Policy.lease())]
  ])(
    'law 34: what is not stored leaves its generations for an hour, what is for all its life, %s',
    async (_, policy) => {
      let time = 0
      const clock = { now: () => time }
      const store = dict({ clock })
      const lives = async (): Promise<Readonly<Record<string, boolean>>> => {
        const keys = Array.from(store.backend.keys()).filter((key) => key.startsWith('~tag:'))
        const there = await Promise.all(keys.map((key) => store.has(key)()))
        return Object.fromEntries(
          keys.map((key, i) => [key.slice(5), E.isRight(there[i]!) && there[i].right])
        )
      }
      const fn = (what: string): TE.TaskEither<string, string> =>
        what === 'failed' ? TE.left('no') : TE.right(what)
      const cached = ring(fn, {
        name: 'k',
        store,
        clock,
        policy: Policy.policy(
          policy,
          Policy.cacheWhen((what: string) => what !== 'refused')
        ),
        tags: (what) => [what]
      })
      await Promise.all(['failed', 'refused', 'loaded'].map((what) => cached(what)()))
      await cached.getOrUpdateMany([['failed'], ['bulk']])()
      await cached.update('updated')()
      await cached.set('set')('set')()
      await cached.setMany([[['many'], 'many']])()
      const stored = ['bulk', 'loaded', 'many', 'set', 'updated']
      expect(await cached.hasMany(stored.map((what) => [what]))()).toEqual(E.right(stored.map(() => true)))
      time += Duration.hours(1) + 1
      const all = await lives()
      expect(stored.filter((what) => all[what] !== true)).toEqual([])
      expect(['failed', 'refused'].filter((what) => all[what] === true)).toEqual([])
      time += Duration.days(19)
      expect(await cached.hasMany(stored.map((what) => [what]))()).toEqual(E.right(stored.map(() => true)))
      // one that a load drew which came to nothing is kept by whoever stores
      const other = ring((what: string) => TE.right(what), {
        name: 'k',
        store,
        clock,
        policy: Policy.ttl(Duration.days(20)),
        tags: (what) => [what]
      })
      await cached('failed')()
      await other('failed')()
      time += Duration.hours(1) + 1
      expect(await other.has('failed')()).toEqual(E.right(true))
      // a generation that has ended is drawn anew
      await cached.set('refused')('refused')()
      expect(await cached('refused')()).toEqual(E.right('refused'))
    }
  )

  test.each<readonly [string, () => E.Either<RingError.StoreError, never>]>([
    ['fails', () => E.left(RingError.storeFailed('read')('down'))],
    [
      'throws',
      () => {
        throw new Error('down')
      }
    ]
  ])(
    'a store that %s when it is asked about a generation shortens no life, and is asked again',
    async (_, down) => {
      let time = 0
      const clock = { now: () => time }
      const inner = dict({ clock })
      const touched: Array<string> = []
      let isDown = false
      const store: typeof inner = {
        ...inner,
        read: (key) => (isDown && key.startsWith('~tag:') ? async () => down() : inner.read(key)),
        touch: (key, life) => {
          touched.push(key)
          return inner.touch(key, life)
        }
      }
      const lasting = (days: number) =>
        ring((n: number) => TE.right(n), {
          name: `for ${days}`,
          store,
          clock,
          policy: Policy.ttl(Duration.days(days)),
          tags: () => ['shared']
        })
      const [long, short] = [lasting(90), lasting(1)]
      await long(1)()
      expect(touched).toEqual(['~tag:shared'])
      isDown = true
      expect(await short(1)()).toEqual(E.right(1))
      expect(touched).toEqual(['~tag:shared'])
      isDown = false
      // without a life of its own any more, it is made to last by the next entry that is stored
      await inner.touch('~tag:shared', Duration.hours(1))()
      await short(2)()
      time += Duration.days(29)
      expect(await inner.has('~tag:shared')()).toEqual(E.right(true))
    }
  )

  test('law 34: a write does not wait for its generations to be made to last', async () => {
    const store = { ...dict(), touch: () => () => new Promise<never>(() => undefined) }
    const cached = ring((id: number): TE.TaskEither<string, number> => TE.right(id), {
      name: 'k',
      store,
      tags: () => ['all']
    })
    expect(await cached.set(7)(1)()).toEqual(E.right(undefined))
    expect(await cached.setMany([[[2], 8]])()).toEqual(E.right(undefined))
    expect(await cached.getMany([[1], [2]])()).toEqual(E.right([O.some(7), O.some(8)]))
  })
})
