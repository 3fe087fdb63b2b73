/**
 * Laws 20, 21, 23 and 24: what happens when several callers meet. The orders in which a store and a function answer
 * are explored by fast-check's scheduler; beside each law stands the way of caching that breaks it, and has to be
 * caught.
 */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Store } from '../../src'
import { dict, Duration, Policy, ring } from '../../src'
import { newFlight } from '../../src/engine/flight'
import { makeFlights } from '../../src/engine/flights'
import { runs } from '../runs'
import { scheduledStore } from './scheduled'

const minute = Duration.minutes(1)
const byReference = { encode: E.right, decode: E.right } as never

type Fn = (id: number) => TE.TaskEither<string, number>

/** What these laws ask of a cache. */
interface Cache {
  readonly call: Fn
  readonly many: (
    ids: ReadonlyArray<number>
  ) => TE.TaskEither<unknown, ReadonlyArray<E.Either<string, number>>>
  readonly get: (id: number) => TE.TaskEither<unknown, O.Option<number>>
  readonly update: Fn
  readonly delete: (id: number) => TE.TaskEither<unknown, void>
  readonly set: (value: number) => (id: number) => TE.TaskEither<unknown, void>
  readonly clear: () => TE.TaskEither<unknown, void>
}
type Make = (fn: Fn, store: Store.Store<number>, withBatch: boolean) => Cache

const ours: Make = (fn, store, withBatch) => {
  const cached = ring(fn, {
    store: store,
    codec: byReference,
    name: 'k',
    ...(withBatch
      ? {
          batch: (argsList: ReadonlyArray<readonly [number]>) => async () => {
            const all = await Promise.all(argsList.map(([id]) => fn(id)()))
            return E.sequenceArray(all)
          }
        }
      : {})
  })
  return {
    call: cached,
    many: (ids) => cached.getOrUpdateMany(ids.map((id) => [id] as [number])),
    get: cached.get,
    update: cached.update as Fn,
    delete: cached.delete,
    set: cached.set,
    clear: cached.clear
  }
}

/** Broken on purpose: look, load, store, for every caller. */
const naive: Make = (fn, store) => {
  const call: Fn = (id) => async () => {
    const got = await store.get(`k:${String(id)}`)()
    if (E.isRight(got) && O.isSome(got.right)) return E.right(got.right.value)
    return load(id)()
  }
  const load: Fn = (id) => async () => {
    const value = await fn(id)()
    if (E.isRight(value)) await store.set(`k:${String(id)}`, value.right, minute)()
    return value
  }
  return {
    call,
    many: (ids) => () => Promise.all(ids.map((id) => call(id)())).then(E.right),
    get: (id) => store.get(`k:${String(id)}`),
    update: load,
    delete: (id) => store.delete(`k:${String(id)}`),
    set: (value) => (id) => store.set(`k:${String(id)}`, value, minute),
    clear: () => store.clear('k:')
  }
}

/** Broken on purpose: one load at a time, but nothing fences it (what most libraries do). */
const unfenced: Make = (fn, store) => {
  const flights = new Map<number, Promise<E.Either<string, number>>>()
  const plain = naive(fn, store, false)
  const call: Fn = (id) => () => {
    const joined = flights.get(id)
    if (joined !== undefined) return joined
    const flight = plain
      .call(id)()
      .finally(() => flights.delete(id))
    flights.set(id, flight)
    return flight
  }
  return { ...plain, call, many: (ids) => () => Promise.all(ids.map((id) => call(id)())).then(E.right) }
}

const failed = async (property: fc.IAsyncProperty<[fc.Scheduler, ...Array<never>]>): Promise<boolean> =>
  (await fc.check(property as fc.IAsyncProperty<unknown>, { numRuns: 2_000, endOnFailure: true })).failed

/** Lets a step of the scheduler pass, or not, before an actor acts. */
const begins = (s: fc.Scheduler, who: string): Promise<void> => s.schedule(Promise.resolve(), who)

describe('law 20', () => {
  const oneLoad = (make: Make, outcome: (run: number) => E.Either<string, number>) =>
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), async (s, n) => {
      let running = 0
      let most = 0
      let runs = 0
      const fn: Fn = () => async () => {
        const run = ++runs
        most = Math.max(most, ++running)
        await s.schedule(Promise.resolve(), `load ${String(run)}`)
        running--
        return outcome(run)
      }
      const cache = make(fn, scheduledStore(s), false)
      const callers = Array.from({ length: n }, async (_, i) => {
        await begins(s, `caller ${String(i)}`)
        return i % 2 === 0 ? cache.call(1)() : cache.many([1, 1])()
      })
      await s.waitFor(Promise.all(callers))
      expect(most).toBe(1)
    })

  test('law 20: one load at a time of a key, whoever asks and however it ends', async () => {
    await fc.assert(oneLoad(ours, E.right), { numRuns: runs(1_500) })
    await fc.assert(
      oneLoad(ours, () => E.left('no')),
      { numRuns: runs(1_500) }
    )
  })

  test('law 20: the broken variant is caught', async () => {
    expect(await failed(oneLoad(naive, E.right) as never)).toBe(true)
  })

  test('law 20: everybody who waits gets the failure of one run, and the next caller another run', async () => {
    let runs = 0
    let end: (e: E.Either<string, number>) => void = () => undefined
    const fn: Fn = () => () => {
      runs++
      return new Promise((resolve) => (end = resolve))
    }
    const cached = ring(fn, { store: dict(), name: 'k' })
    const waiting = Array.from({ length: 100 }, () => cached(1)())
    await new Promise(setImmediate)
    const no = E.left('no')
    end(no)
    for (const answer of await Promise.all(waiting)) expect(answer).toBe(no)
    expect(runs).toBe(1)
    const again = cached(1)()
    await new Promise(setImmediate)
    expect(runs).toBe(2)
    end(E.right(1))
    expect(await again).toStrictEqual(E.right(1))
  })
})

/**
 * A source of truth that only grows. A writer changes it, then tells the cache, and is acknowledged; from then on
 * nobody who asks may get anything older.
 */
const invalidationWins = (make: Make, withBatch: boolean) =>
  fc.asyncProperty(
    fc.scheduler(),
    fc.array(fc.constantFrom('call', 'many', 'get', 'call'), { minLength: 1, maxLength: 5 }),
    fc.array(fc.constantFrom('delete', 'set', 'update', 'clear'), { minLength: 1, maxLength: 3 }),
    fc.boolean(),
    async (s, readers, writes, warm) => {
      let truth = 0
      let acknowledged = 0
      const fn: Fn = () => async () => {
        await s.schedule(Promise.resolve(), 'load begins')
        const value = truth
        await s.schedule(Promise.resolve(), 'load ends')
        return E.right(value)
      }
      const store = scheduledStore<number>(s)
      if (warm) store.backend.set('k:1', 0)
      const cache = make(fn, store, withBatch)
      const read = async (who: string): Promise<void> => {
        await begins(s, who)
        const since = acknowledged
        const seen: Array<number> = []
        if (who.startsWith('get')) {
          const got = await cache.get(1)()
          if (E.isRight(got) && O.isSome(got.right)) seen.push(got.right.value)
        } else if (who.startsWith('many')) {
          const all = await cache.many([1])()
          if (E.isRight(all)) all.right.forEach((one) => E.isRight(one) && seen.push(one.right))
        } else {
          const one = await cache.call(1)()
          if (E.isRight(one)) seen.push(one.right)
        }
        for (const value of seen) expect(value).toBeGreaterThanOrEqual(since)
      }
      const writer = async (): Promise<void> => {
        for (const how of writes) {
          await begins(s, how)
          const version = ++truth
          if (how === 'delete') await cache.delete(1)()
          if (how === 'clear') await cache.clear()()
          if (how === 'set') await cache.set(version)(1)()
          if (how === 'update') await cache.update(1)()
          acknowledged = version
        }
      }
      await s.waitFor(Promise.all([...readers.map((who, i) => read(`${who} ${String(i)}`)), writer()]))
      await s.waitFor(read('get at the end'))
      await s.waitFor(read('call at the end'))
      await s.waitIdle()
      // what is left in the store is not older either
      expect(store.backend.get('k:1') ?? truth).toBeGreaterThanOrEqual(acknowledged)
    }
  )

/** Several writers at once. Which of two explicit writes wins is the store's to say; updates are ordered here. */
const lastStartedWins = (make: Make) =>
  fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), async (s, n) => {
    let truth = 0
    let acknowledged = 0
    const fn: Fn = () => async () => {
      const value = truth
      await s.schedule(Promise.resolve(), `load of ${String(value)}`)
      return E.right(value)
    }
    const store = scheduledStore<number>(s)
    const cache = make(fn, store, false)
    const updates = Array.from({ length: n }, async (_, i) => {
      await begins(s, `update ${String(i)}`)
      const version = ++truth
      await cache.update(1)()
      acknowledged = Math.max(acknowledged, version)
      const since = acknowledged
      const got = await cache.get(1)()
      if (E.isRight(got)) expect(O.isSome(got.right) ? got.right.value : -1).toBeGreaterThanOrEqual(since)
    })
    await s.waitFor(Promise.all(updates))
    expect(store.backend.get('k:1')).toBe(n)
  })

describe('law 21', () => {
  test('law 21: no load that began before an invalidation ended is stored or joined after it', async () => {
    await fc.assert(invalidationWins(ours, false), { numRuns: runs(2_000) })
    // a read that began while clear was under way was joined after it
    await fc.assert(invalidationWins(ours, false), { seed: 1399896270, path: '498' })
  })
  test('law 21: nor where the misses of a bulk command are loaded by batch', async () => {
    await fc.assert(invalidationWins(ours, true), { numRuns: runs(1_000) })
    await fc.assert(invalidationWins(ours, true), { seed: -1352913925, path: '503' })
  })
  test('law 21: of updates that overlap the one that started last is what stays, and none is lost on the way', async () => {
    await fc.assert(lastStartedWins(ours), { numRuns: runs(1_500) })
    // an update that was overtaken answered before the other's write had arrived; two writes left together
    for (const seed of [1168576467, -405232311]) await fc.assert(lastStartedWins(ours), { numRuns: 10, seed })
  })
  test('law 21: the broken variants are caught', async () => {
    expect(await failed(invalidationWins(naive, false) as never)).toBe(true)
    expect(await failed(invalidationWins(unfenced, false) as never)).toBe(true)
    expect(await failed(lastStartedWins(unfenced) as never)).toBe(true)
  })
})

/** Runs whose ends are in the test's hands. */
const handled = () => {
  const ends: Array<(e: E.Either<string, number>) => void> = []
  const fn: Fn = () => () => new Promise((resolve) => ends.push(resolve))
  const settle = (): Promise<void> => new Promise(setImmediate)
  return { fn, ends, settle }
}

const endsOfOthers = async (make: Make): Promise<boolean> => {
  const { ends, fn, settle } = handled()
  const cache = make(fn, dict<number>(), false)
  const first = cache.call(1)()
  await settle()
  await cache.delete(1)()
  const second = cache.call(1)()
  await settle()
  if (ends.length !== 2) return false // joined a load from before the deletion
  ends[0]?.(E.right(1))
  await first
  await settle()
  const third = cache.call(1)()
  await settle()
  if (ends.length !== 2) return false // the end of the first load took the second one with it, or was served
  ends[1]?.(E.right(2))
  return E.isRight(await second) && E.isRight(await third) && (await third) === (await second)
}

describe('laws 23 and 24', () => {
  test('law 23: a load that ends takes nothing with it but itself', async () => {
    expect(await endsOfOthers(ours)).toBe(true)
    expect(await endsOfOthers(unfenced)).toBe(false)
  })

  test('law 24: a load that never ends frees its key at the deadline, and comes too late', async () => {
    let now = 1
    const { ends, fn, settle } = handled()
    const events: Array<string> = []
    const cached = ring(fn, {
      store: dict(),
      name: 'k',
      policy: Policy.loadTimeout(Duration.seconds(5)),
      clock: { now: () => now },
      observe: (e) => () => {
        events.push(e._tag)
      }
    })
    const first = cached(1)()
    await settle()
    now += 5_000
    const joined = cached(1)()
    await settle()
    expect(ends.length).toBe(1)
    now += 1
    const second = cached(1)()
    await settle()
    expect(ends.length).toBe(2)
    ends[1]?.(E.right(2))
    expect(await second).toStrictEqual(E.right(2))
    ends[0]?.(E.right(1))
    expect(await first).toStrictEqual(E.right(1))
    expect(await joined).toStrictEqual(E.right(1))
    expect(await cached.get(1)()).toStrictEqual(E.right(O.some(2)))
    expect(events).toContain('Discard')
  })

  test('law 24: a load that ends after its deadline is not stored, even if nobody came for the key', async () => {
    let now = 1
    const { ends, fn, settle } = handled()
    const cached = ring(fn, { store: dict(), name: 'k', clock: { now: () => now } })
    const first = cached(1)()
    await settle()
    now += Policy.defaultLoadTimeout + 1
    ends[0]?.(E.right(1))
    expect(await first).toStrictEqual(E.right(1))
    expect(await cached.get(1)()).toStrictEqual(E.right(O.none))
  })

  test('law 23: an update keeps nobody from an entry that is there, and whoever misses joins it', async () => {
    const { ends, fn, settle } = handled()
    const cached = ring(fn, { store: dict(), name: 'k' })
    await cached.set(1)(1)()
    const updating = cached.update(1)()
    await settle()
    expect(await cached(1)()).toStrictEqual(E.right(1))
    await cached.store.delete('k:1')() // by another hand
    const missing = cached(1)()
    await settle()
    expect(ends.length).toBe(1)
    ends[0]?.(E.right(2))
    expect(await updating).toStrictEqual(E.right(2))
    expect(await missing).toStrictEqual(E.right(2))
  })
})

describe('what reviews found, kept', () => {
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

  test('law 6: arguments that are changed before the function sees them store nothing under another key', async () => {
    const pageOf =
      (q: { page: number }): TE.TaskEither<never, string> =>
      () =>
        Promise.resolve(E.right(`page ${String(q.page)}`))
    const far = { ...dict(), peek: () => undefined }
    for (const store of [dict(), far]) {
      const page = ring(pageOf, { store, name: 'page' })
      const q = { page: 1 }
      const first = page(q)()
      const joined = page({ page: 1 })()
      const bulk = page.getOrUpdateMany([[{ page: 1 }]])()
      q.page = 2
      await first
      expect(await joined).toStrictEqual(E.right('page 1'))
      expect(await bulk).toStrictEqual(E.right([E.right('page 1')]))
      for (const n of [1, 2]) {
        const got = await page.get({ page: n })()
        expect(E.isRight(got) && O.isSome(got.right) ? got.right.value : `page ${String(n)}`).toBe(
          `page ${String(n)}`
        )
      }
    }
  })

  test('law 6: nor does a function that changes its arguments', async () => {
    const shift =
      (q: { page: number }): TE.TaskEither<never, number> =>
      () =>
        Promise.resolve(E.right(++q.page))
    const cached = ring(shift, { store: dict(), name: 'shift' })
    expect(await cached({ page: 1 })()).toStrictEqual(E.right(2))
    expect(await cached.get({ page: 1 })()).toStrictEqual(E.right(O.none))
    expect(await cached.get({ page: 2 })()).toStrictEqual(E.right(O.none))
  })

  test('law 21: an update that is acknowledged while clear is under way is not lost to something older', async () => {
    let db = 1
    const base = dict()
    // the scan is past the key, and goes on
    const store: Store.Store<unknown> = {
      ...base,
      clear: (p) => () =>
        base
          .clear(p)()
          .then((e) => pause(30).then(() => e))
    }
    const cached = ring(
      (_: number): TE.TaskEither<never, number> =>
        () =>
          Promise.resolve(E.right(db)),
      { store, name: 'k' }
    )
    const cleared = cached.clear()()
    await pause(5)
    await cached.set(1)(7)()
    db = 2
    expect(await cached.update(7)()).toStrictEqual(E.right(2))
    expect(await cached(8)()).toStrictEqual(E.right(2))
    expect(await cached.get(8)()).toStrictEqual(E.right(O.some(2)))
    await cleared
    expect(await cached.get(7)()).toStrictEqual(E.right(O.some(2)))
  })

  test('law 20: a function that asks the ring for another key of the same bulk command gets its answer', async () => {
    const seen: Array<unknown> = []
    const node =
      (id: number): TE.TaskEither<never, number> =>
      async () => {
        if (id === 1) seen.push(await tree(2)())
        return E.right(id)
      }
    const tree: (id: number) => TE.TaskEither<never, number> = (id) => cached(id)
    const cached = ring(node, { store: dict(), name: 'node' })
    expect(await cached.getOrUpdateMany([[1], [2]])()).toStrictEqual(E.right([E.right(1), E.right(2)]))
    expect(await cached.updateMany([[1], [2]])()).toStrictEqual(E.right([E.right(1), E.right(2)]))
    expect(seen).toStrictEqual([E.right(2), E.right(2)])
  })

  test('law 36: loads that never end do not pile up', async () => {
    let now = 1
    const flights = makeFlights<number>({ now: () => now }, Duration.milliseconds(10))
    for (let i = 0; i < 1_000; i++) {
      now += 1
      flights.hold(newFlight(`k${String(i)}`, true, now))
    }
    expect(flights.size()).toBeLessThan(20)
  })

  test('law 26: a store with a deadline of its own that throws or rejects wedges no key', async () => {
    const deadline = Duration.seconds(1)
    for (const bad of [
      () => {
        throw new Error('thrown')
      },
      () => () => Promise.reject(new Error('rejected'))
    ]) {
      // prettier-ignore
      const store = { ...dict(), peek: () => undefined, deadline, get: bad, getMany: bad, has: bad, touch: bad, clear: bad }
      const cached = ring(
        (id: number): TE.TaskEither<never, number> =>
          () =>
            Promise.resolve(E.right(id)),
        { store, name: 'k' }
      )
      for (const _ of [1, 2]) {
        expect(await cached(1)()).toStrictEqual(E.right(1))
        expect(await cached.getOrUpdateMany([[1]])()).toStrictEqual(E.right([E.right(1)]))
      }
      for (const command of [
        cached.get(1),
        cached.has(1),
        cached.touch(1),
        cached.clear(),
        cached.getMany([[1]])
      ]) {
        const answer: E.Either<unknown, unknown> = await command()
        expect(answer).toMatchObject({ _tag: 'Left', left: { _tag: 'StoreError' } })
      }
    }
  })
})
