/** Work that goes on when its request has been answered is given to the platform, which would end it with the request. */
import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'

import { dict, Duration, Policy, Ring, ring } from '../../src'
import { page } from '../../src/http'
import { faulty, testClock, works } from '../../src/testing'
import { hearWarnings } from '../warnings'

const staleAfter = Policy.policy(
  Policy.ttl(Duration.minutes(1)),
  Policy.staleWhileRevalidate(Duration.minutes(5))
)

/** A platform that ends all work that it was not told of when the request has been answered. */
const platform = () => {
  const told: Array<Promise<unknown>> = []
  return { told, waitUntil: (work: Promise<unknown>) => void told.push(work) }
}

const { of } = hearWarnings()

describe('waitUntil', () => {
  test('is given a load in the background, until its entry is written', async () => {
    const clock = testClock()
    const { told, waitUntil } = platform()
    let loads = 0
    const slow = faulty((operation) => () => operation === 'set' ? { there: Duration.seconds(1) } : works, {
      clock
    })(dict({ clock }))
    const user = ring(() => TE.fromIO(() => ++loads), {
      name: 'user',
      store: slow,
      clock,
      policy: Policy.policy(staleAfter, Policy.storeTimeout(Duration.seconds(3))),
      waitUntil
    })
    const first = user()()
    await clock.pass(Duration.seconds(1))()
    expect(await first).toStrictEqual(E.right(1))
    await clock.pass(Duration.minutes(2))()
    told.length = 0
    expect(await user()()).toStrictEqual(E.right(1)) // stale, and loaded again
    const settled = Promise.all(told).then(() => loads)
    expect(told.length).toBeGreaterThan(0)
    await clock.pass(Duration.milliseconds(500))()
    // the load has ended, its write has not
    const isOver = await Promise.race([settled.then(() => true), Promise.resolve(false)])
    expect([loads, isOver || told.length < 2]).toStrictEqual([2, false])
    await clock.pass(Duration.seconds(1))()
    await Promise.all(told)
    expect(await user.get()()).toMatchObject({ right: { value: 2 } })
  })

  test('is not called for what is there, and hears of no failure', async () => {
    const { told, waitUntil } = platform()
    const user = ring(
      (id: number): TE.TaskEither<string, number> =>
        id > 0 ? TE.right(id) : () => Promise.reject(new Error('thrown')),
      { name: 'user', store: dict(), waitUntil }
    )
    await user(1)()
    await expect(user(0)()).rejects.toThrow('thrown')
    await Promise.all(told)
    const before = told.length
    await user(1)()
    await user.get(1)()
    expect(told.length).toBe(before)
  })

  test('is given what a store does late: a lease that is given back, a write that is not waited for', async () => {
    const clock = testClock()
    const { told, waitUntil } = platform()
    const slow = faulty(
      (operation) => () => ['release', 'set'].includes(operation) ? { there: Duration.seconds(5) } : works,
      { clock }
    )(dict({ clock }))
    let fails = true
    const user = ring((): TE.TaskEither<string, number> => (fails ? TE.left('no') : TE.right(1)), {
      name: 'user',
      store: slow,
      clock,
      policy: Policy.policy(Policy.ttl(Duration.minutes(1)), Policy.lease({ ttl: Duration.seconds(20) })),
      waitUntil
    })
    const isOver = (): Promise<boolean> =>
      Promise.race([
        Promise.all(told).then(() => true),
        new Promise<boolean>((r) => setImmediate(() => r(false)))
      ])
    // nothing is stored of an error: the lease is given back when the caller has been answered
    expect(await user()()).toStrictEqual(E.left('no'))
    expect(await isOver()).toBe(false)
    await clock.pass(Duration.seconds(6))()
    expect(await isOver()).toBe(true)
    // a caller waits for its write for as long as it may, the write goes on
    fails = false
    told.length = 0
    const plain = ring(() => TE.right(2), { name: 'plain', store: slow, clock, waitUntil })
    const set = plain.set(2)()()
    await clock.pass(Duration.seconds(2))()
    expect(await set).toMatchObject({ left: { reason: 'timeout' } })
    expect(await isOver()).toBe(false)
    await clock.pass(Duration.seconds(6))()
    expect(await isOver()).toBe(true)
  })

  test('that throws ends no load', async () => {
    const user = ring(() => TE.right(1), {
      name: 'user',
      store: dict(),
      waitUntil: () => {
        throw new Error('no request')
      }
    })
    expect(await user()()).toStrictEqual(E.right(1))
    expect(await user.has()()).toStrictEqual(E.right(true))
    await user.update()()
    expect(of('FP_RING_FAULT')).toStrictEqual([
      expect.stringMatching(/^fp-ring: ring 'user': its waitUntil threw Error/)
    ])
  })

  test('that rejects ends no load, and its rejection is handled', async () => {
    const unhandled: Array<unknown> = []
    const hear = (cause: unknown): void => void unhandled.push(cause)
    process.on('unhandledRejection', hear)
    const user = ring(() => TE.right(1), {
      name: 'user',
      store: dict(),
      waitUntil: (): unknown => Promise.reject(new Error('late'))
    })
    expect(await user()()).toStrictEqual(E.right(1))
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', hear)
    expect(unhandled).toStrictEqual([])
  })

  test('is given the loads of pages, and of rings that share their settings', async () => {
    const { told, waitUntil } = platform()
    const pages = page(() => new Response('page'), { store: dict<Uint8Array>(), waitUntil })
    await (await pages(new Request('https://example.com/'))).text()
    await Promise.all(told)
    expect(told.length).toBeGreaterThan(0)
    const before = told.length
    const { one } = Ring.record({ store: dict(), waitUntil })({ one: () => TE.right(1) })
    await one()()
    expect(told.length).toBeGreaterThan(before)
  })
})
