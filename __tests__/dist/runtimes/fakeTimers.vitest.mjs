// The fake timers of vitest move the stores in memory, and all that a ring waits for; those that were made before, too.
import { either as E, option as O, taskEither as TE } from 'fp-ts'
import { dict, Duration, Policy, ring } from 'fp-ring'
import { lru } from 'fp-ring/lru'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const minute = 60_000
const early = { dict: dict(), lru: lru({ max: 10 }) }
const stores = { dict: () => dict(), lru: () => lru({ max: 10 }) }

describe.each(['dict', 'lru'])('%s', (kind) => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test.each([1, 2])('entries end (%d)', async () => {
    for (const store of [early[kind], stores[kind]()]) {
      await store.set('k', 1, Duration.minutes(10))()
      vi.advanceTimersByTime(10 * minute - 1)
      expect(await store.get('k')()).toStrictEqual(E.right(O.some(1)))
      vi.advanceTimersByTime(1)
      expect(await store.get('k')()).toStrictEqual(E.right(O.none))
      await store.set('k', 2, Duration.minutes(10))()
    }
  })

  test('a ring loads again, and times out', async () => {
    let loads = 0
    const user = ring(() => TE.fromIO(() => ++loads), {
      name: 'user',
      store: stores[kind](),
      policy: Policy.ttl(Duration.minutes(10))
    })
    expect(await user()()).toStrictEqual(E.right(1))
    await vi.advanceTimersByTimeAsync(10 * minute)
    expect(await user()()).toStrictEqual(E.right(2))
    const never = ring(() => () => new Promise(() => {}), {
      name: 'never',
      store: stores[kind](),
      policy: Policy.timeout(Duration.minutes(1))
    })
    const answer = never()()
    await vi.advanceTimersByTimeAsync(minute)
    expect((await answer).left._tag).toBe('TimeoutError')
  })
})
