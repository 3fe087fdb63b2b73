import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { concatAll } from 'fp-ts/Monoid'
import * as TE from 'fp-ts/TaskEither'

import { dict, Duration, Policy, ring, RingEvent, Store } from '../src'
import { runs } from './runs'

describe('RingEvent', () => {
  test('law 38: hits + stales + misses = reads, whatever callers do and however the store answers', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.constantFrom('call', 'get', 'many', 'getMany', 'update', 'delete', 'set', 'bad', 'wait'),
            fc.integer({ min: 0, max: 3 })
          ),
          { maxLength: 25 }
        ),
        fc.boolean(),
        fc.boolean(),
        async (steps, fails, remote) => {
          let stats = RingEvent.noStats
          let reads = 0
          const near = dict()
          const { peek: _, ...far } = Store.around((operation, task) =>
            fails && operation.startsWith('get')
              ? TE.left({ _tag: 'StoreError', reason: 'failed' } as never)
              : task
          )(dict())
          const cached = ring(
            (id: unknown): TE.TaskEither<string, unknown> =>
              async () => {
                await new Promise(setImmediate)
                return id === 3 ? E.left('three') : E.right(id)
              },
            {
              store: remote ? { ...far, deadline: Duration.seconds(1) } : near,
              name: 'k',
              observe: (e) => () => {
                stats = RingEvent.stats(stats, e)
              }
            }
          )
          const running: Array<Promise<unknown>> = []
          for (const [step, id] of steps) {
            if (step === 'wait') await new Promise(setImmediate)
            if (step === 'call') running.push(cached(id)())
            if (step === 'get') running.push(cached.get(id)())
            if (step === 'bad') running.push(cached(() => id)())
            if (step === 'many') running.push(cached.getOrUpdateMany([[id], [0], [id]])())
            if (step === 'getMany') running.push(cached.getMany([[id], [0]])())
            if (step === 'update') running.push(cached.update(id)())
            if (step === 'delete') running.push(cached.delete(id)())
            if (step === 'set') running.push(cached.set(id)(id)())
            reads +=
              step === 'call' || step === 'get' || step === 'bad'
                ? 1
                : step === 'many'
                ? 3
                : step === 'getMany'
                ? 2
                : 0
          }
          await Promise.all(running)
          await new Promise(setImmediate)
          expect(RingEvent.reads(stats)).toBe(reads)
        }
      ),
      { numRuns: runs(300) }
    ))

  test('events carry the ring, the key and a duration, and no value', async () => {
    let now = 0
    const events: Array<RingEvent.RingEvent> = []
    const cached = ring((id: number): TE.TaskEither<never, number> => TE.fromIO(() => ((now += 5), id)), {
      store: dict(),
      name: 'user',
      policy: Policy.ttl(Duration.seconds(9)),
      clock: { now: () => now },
      observe: (e) => () => {
        events.push(e)
      }
    })
    await cached(7)()
    await cached(7)()
    await cached.delete(7)()
    const about = { ring: 'user', key: 'user:7', duration: 0 }
    expect(events).toStrictEqual([
      { ...about, _tag: 'Miss', shared: false },
      { ...about, _tag: 'Load', ok: true, size: 1, duration: 5 },
      { ...about, _tag: 'Store', ttl: 9_000 },
      { ...about, _tag: 'Hit' },
      { ...about, _tag: 'Delete' }
    ])
    const stats = events.reduce(RingEvent.stats, RingEvent.noStats)
    expect(stats).toMatchObject({
      hits: 1,
      misses: 1,
      loads: 1,
      loadFailures: 0,
      stores: 1,
      deletes: 1,
      loadTime: 5
    })
    expect(RingEvent.hitRate(stats)).toBe(0.5)
    expect(RingEvent.hitRate(RingEvent.noStats)).toBe(0)
    expect(concatAll(RingEvent.Monoid)([stats, stats])).toMatchObject({ hits: 2, loadTime: 10 })
  })

  test('a counter counts for any number of rings, and the time of a batch once', async () => {
    let now = 0
    const { observe, stats } = RingEvent.counter()
    const other = RingEvent.counter()
    const one = (id: number): TE.TaskEither<string, number> => TE.right(id)
    const clock = { now: () => now }
    const batch = (list: ReadonlyArray<readonly [number]>): TE.TaskEither<string, ReadonlyArray<number>> =>
      TE.fromIO(() => ((now += 8), list.map(([id]) => id)))
    await ring(one, { store: dict(), observe, clock, batch }).getOrUpdateMany([[1], [2], [3], [4]])()
    await ring(one, { store: dict(), observe, clock })(1)()
    expect(stats()).toMatchObject({ loads: 5, loadTime: 8, misses: 5, stores: 5 })
    expect(RingEvent.loadRate(stats())).toBe(1)
    expect(RingEvent.loadRate(RingEvent.noStats)).toBe(0)
    expect(other.stats()).toStrictEqual(RingEvent.noStats)
  })

  test('every event is counted', () => {
    const about = { ring: 'r', key: 'k', duration: 1 }
    const error = { _tag: 'DecodeError' } as never
    const counts = (e: RingEvent.RingEvent) =>
      Object.entries(RingEvent.stats(RingEvent.noStats, e))
        .filter(([, n]) => n !== 0)
        .map(([name]) => name)
    expect(counts({ ...about, _tag: 'Stale' })).toStrictEqual(['stales'])
    expect(counts({ ...about, _tag: 'Miss', shared: true })).toStrictEqual(['misses', 'shared'])
    expect(counts({ ...about, _tag: 'Load', ok: false, size: 2 })).toStrictEqual([
      'loads',
      'loadFailures',
      'loadTime'
    ])
    expect(counts({ ...about, _tag: 'Discard' })).toStrictEqual(['discards'])
    expect(counts({ ...about, _tag: 'Skip' })).toStrictEqual(['skips'])
    expect(counts({ ...about, _tag: 'Touch' })).toStrictEqual(['touches'])
    expect(counts({ ...about, _tag: 'Clear' })).toStrictEqual(['clears'])
    expect(counts({ ...about, _tag: 'Invalid', error })).toStrictEqual(['invalids'])
    expect(counts({ ...about, _tag: 'Fault', operation: 'get', error })).toStrictEqual(['faults'])
  })
})
