/** Law 15 in a loop of awaits, in which no timer fires: what is over is not served, whatever keeps the time. */
import { describe, expect, test } from '@jest/globals'
import * as TE from 'fp-ts/TaskEither'
import { LRUCache } from 'lru-cache'

import { type Clock, dict, Duration, Policy, ring, Store } from '../../src'
import { lru } from '../../src/stores/memory/lru'

const life = 20

/** A clock that is kept until a timer fires, as lru-cache keeps its own. */
const kept = (): Clock.Clock => {
  let seen: number | undefined
  const now = (): number => {
    if (seen !== undefined) return seen
    setTimeout(() => (seen = undefined), 1)
    return (seen = performance.now())
  }
  return { now }
}

/** In a loop of some lifetimes: how many reads in a row found a value that was over, at most; and how many loads there were. */
const readInLoop = async (store: Store.Store<unknown>, policy: Policy.Policy = Policy.policy()) => {
  let loads = 0
  const cached = ring((): TE.TaskEither<never, number> => TE.fromIO(() => ++loads), {
    store,
    name: 'loop',
    policy: Policy.policy(Policy.ttl(Duration.milliseconds(life)), policy)
  })
  let [late, latest, known, stored] = [0, 0, 0, 0]
  const began = performance.now()
  const passed = (): number => performance.now() - began
  // on a busy machine, a loop of some lifetimes may have only a few turns
  while (passed() < 10 * life || (loads < 2 && passed() < 100 * life)) {
    const asked = performance.now()
    await cached()()
    if (loads > known) {
      // by now it is stored, so its life has begun
      stored = performance.now()
      known = loads
      late = 0
    } else if (asked - stored > life + 1) late++
    latest = Math.max(latest, late)
  }
  return { latest, loads }
}

const stores: Readonly<Record<string, () => Store.Store<unknown>>> = {
  dict: () => dict(),
  lru: () => lru({ max: 100 }),
  'lru with a size': () => lru({ maxSize: 100, sizeOf: () => 1 }),
  'an lru-cache of one’s own': () => lru(new LRUCache<string, NonNullable<unknown>>({ max: 100 })),
  'a tier of lru and dict': () => Store.tiered({ near: lru({ max: 100 }), far: dict() }),
  'a tier of lru and lru, with a life of its own': () =>
    Store.tiered({ near: lru({ max: 100 }), far: lru({ max: 100 }), ttl: Duration.milliseconds(5) })
}

describe('law 15: in a loop of awaits a value that is over is loaded again', () => {
  test.each(Object.keys(stores))('over %s', async (name) => {
    const { latest, loads } = await readInLoop(stores[name]!())
    expect(latest).toBeLessThanOrEqual(100)
    expect(loads).toBeGreaterThan(1)
  })

  test.each(Object.keys(stores))('over %s, with a stale window', async (name) => {
    const { loads } = await readInLoop(stores[name]!(), Policy.staleWhileRevalidate(Duration.seconds(10)))
    expect(loads).toBeGreaterThan(1)
  })

  test('the control: a store whose clock stands still serves one value all the while', async () => {
    const { latest, loads } = await readInLoop(dict({ clock: kept() }))
    expect(loads).toBe(1)
    expect(latest).toBeGreaterThan(100)
  })
})
