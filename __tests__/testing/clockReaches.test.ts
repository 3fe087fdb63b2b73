/** Whatever waits in a ring or in a store that was given a test's clock waits by that clock: no timer of the process is set. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

import { dict, Duration, Policy, Ring, ring, Store } from '../../src'
import { page } from '../../src/http'
import { faulty, hangs, type TestClock, testClock } from '../../src/testing'

const ms = Duration.milliseconds
const hung = (clock: TestClock) => faulty(() => () => hangs, { clock })(dict({ clock }))
const hangsForGood = () => new Promise<E.Either<never, number>>(() => undefined)

/** A store that is there at first, and hangs from then on. */
const breaking = (clock: TestClock) => {
  let isDown = false
  const store = faulty(() => () => isDown ? hangs : {}, { clock })(dict({ clock }))
  return { store, down: () => void (isDown = true) }
}

const waits: Readonly<Record<string, (clock: TestClock) => Promise<unknown>>> = {
  'the deadline of the store, for one key': (clock) =>
    ring(() => TE.right(1), {
      name: 'r',
      clock,
      store: hung(clock),
      policy: Policy.storeTimeout(ms(700))
    })()(),
  'the deadline of the store, for several': (clock) =>
    ring((n: number) => TE.right(n), { name: 'r', clock, store: hung(clock) }).getOrUpdateMany([[1], [2]])(),
  'the deadline of the store, of the other commands': (clock) => {
    const r = ring((n: number) => TE.right(n), { name: 'r', clock, store: hung(clock) })
    const all = [r.get(1), r.set(1)(1), r.delete(1), r.has(1), r.touch(1), r.clear(), r.explain(1)]
    return Promise.all(all.map((command) => command() as Promise<unknown>))
  },
  'a timeout': (clock) =>
    ring(() => hangsForGood, {
      name: 'r',
      clock,
      store: dict({ clock }),
      policy: Policy.timeout(ms(700))
    })()(),
  'a soft timeout': async (clock) => {
    let isSlow = false
    const r = ring(() => () => isSlow ? hangsForGood() : Promise.resolve(E.right(1)), {
      name: 'r',
      clock,
      store: dict({ clock }),
      policy: Policy.policy(
        Policy.ttl(Duration.minutes(1)),
        Policy.staleIfError(Duration.hours(1)),
        Policy.softTimeout(ms(700))
      )
    })
    await r()()
    isSlow = true
    await clock.pass(Duration.minutes(2))()
    return r()()
  },
  'a lease that another holds': async (clock) => {
    const store = dict({ clock })
    await store.leases.acquire('r:', 'another', Duration.hours(1), Duration.zero)()
    return ring(() => TE.right(1), { name: 'r', clock, store, policy: Policy.lease({ wait: ms(700) }) })()()
  },
  'tags of a store that is down': (clock) =>
    ring(() => TE.right(1), { name: 'r', clock, store: hung(clock), tags: () => ['t'] })()(),
  'Store.timed': (clock) => pipe(hung(clock), Store.timed(ms(700), { clock })).get('k')(),
  'a near tier that hangs': async (clock) => {
    const near = breaking(clock)
    const store = Store.tiered({ near: near.store, far: dict({ clock }), clock })
    await store.set('k', 1, Duration.hours(1))()
    near.down()
    await store.get('k')()
    await store.set('k', 2, Duration.hours(1))()
    return store.get('k')()
  },
  'the body of a page': async (clock) => {
    const endless = new ReadableStream<Uint8Array>({ start: (body) => body.enqueue(Uint8Array.of(1)) })
    const pages = page(() => new Response(endless), { store: dict<Uint8Array>({ clock }), clock })
    const update = pages.update('https://example.com/')()
    return (await update)._tag
  },
  'Ring.drain': async (clock) => {
    const r = ring(() => hangsForGood, { name: 'r', clock, store: dict({ clock }) })
    void r()()
    await Promise.resolve()
    return Ring.drainWithin(ms(700))(r)()
  }
}

describe('a test’s clock', () => {
  const set = jest.fn<(ms: number | undefined) => void>()
  const real = globalThis.setTimeout
  beforeEach(() => {
    set.mockClear()
    globalThis.setTimeout = Object.assign((...args: Parameters<typeof real>) => {
      set(args[1])
      return real(...args)
    }, real)
  })
  afterEach(() => {
    globalThis.setTimeout = real
  })

  test.each(Object.entries(waits))('measures %s', async (_, wait) => {
    const clock = testClock()
    let isDone = false
    const waiting = wait(clock).then(() => void (isDone = true))
    for (let i = 0; i < 20 && !isDone; i++) await clock.pass(Duration.minutes(1))()
    expect([isDone, set.mock.calls]).toStrictEqual([true, []])
    await waiting
  })

  test('control: without it the timers of the process are set', async () => {
    const clock = testClock()
    const store = pipe(hung(clock), Store.timed(ms(10)))
    await store.get('k')()
    expect(set.mock.calls).toStrictEqual([[10]])
  })
})
