/** Windows that a single value narrows: laws 15 and 16, for a policy whose windows are those of the value. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import { Decision, dict, Duration, Policy, ring } from '../../src'
import { runs } from '../runs'

const ms = Duration.milliseconds
const grace = fc.integer({ min: 0, max: 50 }).map(ms)

describe('staleBy', () => {
  test('a value is judged by the narrower of both windows, and kept for no longer', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          swr: grace,
          sie: grace,
          ownSwr: fc.option(grace),
          ownSie: fc.option(grace),
          age: fc.nat(180)
        }),
        async ({ age, ownSie, ownSwr, sie, swr }) => {
          let time = 0
          const clock = { now: () => time }
          const store = dict({ clock })
          const load =
            (_: number): TE.TaskEither<string, number> =>
            async () =>
              E.right(1)
          const cached = ring(load, {
            store,
            clock,
            policy: Policy.policy(
              Policy.ttl(ms(100)),
              Policy.staleWhileRevalidate(swr),
              Policy.staleIfError(sie),
              Policy.staleBy(() => ({
                ...(ownSwr === null ? {} : { staleWhileRevalidate: ownSwr }),
                ...(ownSie === null ? {} : { staleIfError: ownSie })
              }))
            )
          })
          await cached(1)()
          time = age
          const windows = {
            staleWhileRevalidate: ms(Math.min(swr, ownSwr ?? swr)),
            staleIfError: ms(Math.min(sie, ownSie ?? sie))
          }
          const remaining = ms(Math.max(0, 100 + Decision.grace(windows) - age))
          const wanted = Decision.verdict(windows)({ remaining, ttl: ms(100), dueWithin: Duration.zero })
          const explained = await cached.explain(1)()
          expect(E.isRight(explained) && explained.right.verdict).toBe(wanted)
        }
      ),
      { numRuns: runs(300) }
    )
  })

  test('an expired value stands for an error as long as its own window says', async () => {
    let time = 0
    let down = false
    const clock = { now: () => time }
    const load =
      (n: number): TE.TaskEither<string, number> =>
      async () =>
        down ? E.left('down') : E.right(n)
    const cached = ring(load, {
      store: dict({ clock }),
      clock,
      policy: Policy.policy(
        Policy.ttl(ms(100)),
        Policy.staleIfError(ms(1_000)),
        Policy.retryThrottle(Duration.zero),
        Policy.staleBy((n: number) => ({ staleIfError: ms(n) }))
      )
    })
    for (const n of [0, 50, 5_000]) await cached(n)()
    down = true
    time = 120
    expect(await cached(0)()).toEqual(E.left('down'))
    expect(await cached(50)()).toEqual(E.right(50))
    time = 151
    expect(await cached(50)()).toEqual(E.left('down'))
    expect(await cached(5_000)()).toEqual(E.right(5_000))
    time = 1_101 // never wider than the policy
    expect(await cached(5_000)()).toEqual(E.left('down'))
  })

  test('a load that is slow is replaced for so long and no longer', async () => {
    let time = 0
    let answer = (_: E.Either<string, number>): void => undefined
    let slow = false
    const clock = { now: () => time }
    const load =
      (n: number): TE.TaskEither<string, number> =>
      () =>
        slow ? new Promise((resolve) => (answer = resolve)) : Promise.resolve(E.right(n))
    const cached = ring(load, {
      store: dict({ clock }),
      clock,
      policy: Policy.policy(
        Policy.ttl(ms(100)),
        Policy.staleIfError(ms(1_000)),
        Policy.staleBy(() => ({ staleIfError: ms(50) }))
      )
    })
    await cached(1)()
    slow = true
    time = 120
    const waiting = cached(1)()
    await new Promise((resolve) => setTimeout(resolve, 5))
    time = 160 // its window has ended while the load was under way
    answer(E.left('down'))
    expect(await waiting).toEqual(E.left('down'))
  })

  test('one that throws is a fault, and the function runs', async () => {
    const load =
      (n: number): TE.TaskEither<string, number> =>
      async () =>
        E.right(n)
    const cached = ring(load, {
      store: dict(),
      policy: Policy.policy(
        Policy.staleIfError(ms(10)),
        Policy.staleBy(() => {
          throw new Error('a bug')
        })
      )
    })
    expect(await cached(1)()).toEqual(E.right(1))
    expect(E.isLeft(await cached.update(1)())).toBe(true)
  })

  test('it takes a function', () => {
    expect(() => Policy.staleBy(1 as never)).toThrow(TypeError)
  })
})
