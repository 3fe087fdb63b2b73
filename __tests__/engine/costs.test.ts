/** What a call costs that can be counted: promises, timers and ticks. The caller's own `await` is one of the promises. */
import { createHook } from 'node:async_hooks'

import { beforeAll, describe, expect, it } from '@jest/globals'
import * as E from 'fp-ts/Either'

import { dict, Duration, Policy, ring, type Store } from '../../src'
import { lru } from '../../src/stores/memory/lru'

interface Costs {
  readonly promises: number
  readonly timers: number
}

const counts = { promises: 0, timers: 0 }
const hook = createHook({
  init: (_, type) => {
    if (type === 'PROMISE') counts.promises++
    else if (type === 'Timeout') counts.timers++
  }
})

const counted = async (call: () => Promise<unknown>): Promise<Costs> => {
  counts.promises = 0
  counts.timers = 0
  hook.enable()
  await call()
  hook.disable()
  return { ...counts }
}

const settled = Promise.resolve()

/** The same, but for what counting costs; two promises are left of that, for the caller’s own `await`. */
const costsOf = async (call: () => Promise<unknown>, warm?: Ring): Promise<Costs> => {
  await new Promise(setImmediate) // what else is queued has run
  await warm?.(1)() // the clock of `lru` has been read lately
  const { promises } = await counted(() => settled)
  const costs = await counted(call)
  return { ...costs, promises: costs.promises - promises + 2 }
}

/** How many promise jobs it takes until a promise has settled. */
const ticksOf = async (promise: Promise<unknown>): Promise<number> => {
  let isSettled = false
  let ticks = 0
  void promise.then(() => {
    isSettled = true
  })
  while (!isSettled) {
    ticks++
    await Promise.resolve()
  }
  return ticks
}

const load = (id: number) => () => Promise.resolve(E.right({ id }))
const ttl = Policy.ttl(Duration.hours(1))
const leased = Policy.policy(ttl, Policy.lease())
const tags = (): ReadonlyArray<string> => ['a', 'b']

/** A store that is not in this process's memory, as far as a ring can tell. Each of its answers is one promise. */
const behindPromises = (): Store.Store<unknown> & Store.Leasing<unknown> => {
  const { peek, peekEntry, ...store } = dict()
  expect([typeof peek, typeof peekEntry]).toEqual(['function', 'function'])
  return store
}

type Any = Store.Store<unknown> & Store.Leasing<unknown>

const kinds = {
  plain: (store: Any) => ring(load, { name: 'user', store, policy: ttl }),
  leased: (store: Any) => ring(load, { name: 'user', store, policy: leased }),
  tagged: (store: Any) => ring(load, { name: 'user', store, policy: ttl, tags }),
  both: (store: Any) => ring(load, { name: 'user', store, policy: leased, tags })
}

type Kind = keyof typeof kinds
type Ring = ReturnType<(typeof kinds)['plain']>

/** Used a while: what is made once is there. */
const used = async (kind: Kind, store: Any): Promise<Ring> => {
  const one = kinds[kind](store)
  for (let id = 0; id < 50; id++) {
    await one(id)()
    await one(id)()
    await one.update(id)()
  }
  return one
}

describe.each([
  ['dict', () => dict()],
  ['lru', () => lru({ max: 1_000 }) as unknown as Any]
])('over %s', (_, store) => {
  describe.each([
    ['plain', 8],
    ['leased', 12],
    ['tagged', 12],
    ['both', 14]
  ] as const)('a ring that is %s', (kind, most) => {
    let one: Ring
    beforeAll(async () => {
      one = await used(kind, store())
    })

    it(`misses with ${String(most)} promises at most, no timer and five ticks`, async () => {
      const { promises, timers } = await costsOf(one(1_001), one)
      expect({ promises: promises <= most, timers }).toEqual({ promises: true, timers: 0 })
      expect(await ticksOf(one(1_002)())).toBeLessThanOrEqual(5)
    })

    it('hits with one promise beside the caller’s, in one tick', async () => {
      expect((await costsOf(one(1), one)).promises).toBeLessThanOrEqual(3)
      expect(await ticksOf(one(1)())).toBe(1)
    })

    it('updates, deletes and gets with few promises', async () => {
      expect((await costsOf(one.update(2), one)).promises).toBeLessThanOrEqual(12)
      expect((await costsOf(one.delete(2), one)).promises).toBeLessThanOrEqual(5)
      expect((await costsOf(one.get(1), one)).promises).toBeLessThanOrEqual(4)
    })
  })

  it('getOrUpdateMany of four, two there, takes 20 promises at most', async () => {
    const one = await used('plain', store())
    const { promises, timers } = await costsOf(one.getOrUpdateMany([[2_001], [2_002], [7], [8]]), one)
    expect(promises).toBeLessThanOrEqual(20)
    expect(timers).toBe(0)
  })

  it('a thousand callers of a cold key have one promise, and what each awaits', async () => {
    const one = await used('plain', store())
    const calls = Array.from({ length: 1_000 }, () => one(3_001))
    const { promises } = await costsOf(() => Promise.all(calls.map((call) => call())), one)
    expect(promises).toBeLessThanOrEqual(2_020)
  })
})

describe('over a store behind promises', () => {
  it.each([
    ['plain', 30, 16],
    ['leased', 45, 24],
    ['tagged', 45, 24],
    ['both', 45, 24]
  ] as const)(
    'a ring that is %s misses with %d promises and %d ticks at most, and no timer',
    async (kind, most, ticks) => {
      const one = await used(kind, behindPromises())
      const { promises, timers } = await costsOf(one(1_001), one)
      expect({ promises: Math.max(promises, most), timers }).toEqual({ promises: most, timers: 0 })
      expect(await ticksOf(one(1_002)())).toBeLessThanOrEqual(ticks)
    }
  )

  it('a hit sets no timer, and takes three ticks beside those of the store', async () => {
    const store = behindPromises()
    const one = await used('plain', store)
    expect((await costsOf(one(1), one)).timers).toBe(0)
    const own = await ticksOf(store.get(one.key(1))())
    expect((await ticksOf(one(1)())) - own).toBeLessThanOrEqual(3)
  })
})

it('control: promises, timers and ticks are counted', async () => {
  const three = async (): Promise<void> => {
    await Promise.resolve()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const { promises, timers } = await costsOf(three)
  expect(promises).toBeGreaterThanOrEqual(6)
  expect(timers).toBe(1)
  expect(await ticksOf(Promise.resolve().then(() => undefined))).toBe(2)
})
