/** Law 26: what one call waits for the store, all its steps together, is one deadline at most. */
import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import type { Policy as Policies } from '../../src'
import { dict, Duration, Policy, ring } from '../../src'
import { fails, faulty, type Plan, testClock } from '../../src/testing'

const deadline = 1_000
/** How long every operation of the store takes: it answers, but a second one does not fit into one deadline. */
const slow = 900
/** How long the function takes: that is no time of the store's. */
const loading = 5_000
/** Several timers may end one after the other. */
const slack = 5
const leaseWait = 3_000

type World = ReturnType<typeof world>

const features = {
  plain: {},
  'a lease': { lease: true },
  tags: { tags: true },
  'a lease and tags': { lease: true, tags: true },
  'a stale window': { stale: true },
  'a lease, tags and a stale window': { lease: true, tags: true, stale: true }
} as const

interface Features {
  readonly lease?: boolean
  readonly tags?: boolean
  readonly stale?: boolean
}

const world = (
  { lease = false, stale = false, tags = false }: Features,
  plan: Plan = () => () => ({ there: Duration.milliseconds(slow) }),
  limits: Policies.Policy = Policy.storeTimeout(Duration.milliseconds(deadline))
) => {
  const clock = testClock()
  const memory = dict({ clock })
  const store = faulty(plan, { clock })(memory)
  let loads = 0
  const load =
    (id: number): TE.TaskEither<string, number> =>
    () =>
      new Promise((resolve) => {
        loads++
        void clock.after(Duration.milliseconds(loading), () => resolve(E.right(id)))()
      })
  const common = {
    ...limits,
    ...Policy.ttl(Duration.minutes(1)),
    ...(stale
      ? { ...Policy.staleWhileRevalidate(Duration.minutes(1)), ...Policy.staleIfError(Duration.minutes(1)) }
      : {})
  }
  const settings = { clock, name: 'k', ...(tags ? { tags: (id: number) => [`t:${String(id)}`, 'all'] } : {}) }
  const cached = lease
    ? ring(load, {
        ...settings,
        store,
        policy: { ...Policy.lease({ wait: Duration.milliseconds(leaseWait) }), ...common }
      })
    : ring(load, { ...settings, store, policy: common })
  /** How long a caller waits, by the clock of all, and what he gets. */
  const timed = async <A>(task: T.Task<A>): Promise<{ readonly answer: A; readonly took: number }> => {
    const began = clock.now()
    let answer: O.Option<A> = O.none
    void task().then((a) => {
      answer = O.some(a)
    })
    for (let i = 0; i < 40_000 && O.isNone(answer); i += 10) await clock.pass(Duration.milliseconds(10))()
    const got = answer
    if (O.isNone(got)) throw new Error('no answer')
    return { answer: got.value, took: clock.now() - began }
  }
  return { cached, clock, loads: () => loads, memory, timed }
}

const cases = Object.entries(features)

describe('law 26: a store that answers in nine tenths of its deadline', () => {
  test.each(cases)('costs a miss one deadline at most: %s', async (_, feature) => {
    const { cached, timed } = world(feature)
    const { answer, took } = await timed(cached(1))
    expect(answer).toStrictEqual(E.right(1))
    expect(took).toBeGreaterThanOrEqual(loading + slow)
    expect(took).toBeLessThanOrEqual(loading + deadline + slack + 10)
  })

  test.each(cases)('costs a bulk miss one deadline at most: %s', async (_, feature) => {
    const { cached, timed } = world(feature)
    const { answer, took } = await timed(cached.getOrUpdateMany([[1], [2], [3]]))
    expect(answer).toStrictEqual(E.right([E.right(1), E.right(2), E.right(3)]))
    expect(took).toBeLessThanOrEqual(loading + deadline + slack + 10)
  })

  test.each(cases)(
    'costs an update one deadline at most, and says if it does not know: %s',
    async (_, feature) => {
      const { cached, timed } = world(feature)
      const { answer, took } = await timed(cached.update(1))
      expect(took).toBeLessThanOrEqual(loading + deadline + slack + 10)
      if (E.isLeft(answer)) expect(answer.left).toMatchObject({ _tag: 'StoreError', reason: 'timeout' })
    }
  )

  test.each(cases)('costs any other command one deadline at most: %s', async (_, feature) => {
    const { cached, timed } = world(feature)
    const commands: ReadonlyArray<readonly [string, T.Task<unknown>]> = [
      ['get', cached.get(1)],
      ['getMany', cached.getMany([[1], [2]])],
      ['set', cached.set(7)(1)],
      ['has', cached.has(1)],
      ['touch', cached.touch(1)],
      ['delete', cached.delete(1)],
      ['deleteMany', cached.deleteMany([[1], [2]])],
      ['explain', cached.explain(1)],
      ['purge', cached.purge('all')]
    ]
    for (const [name, command] of commands)
      expect([name, (await timed(command)).took <= deadline + slack + 10]).toStrictEqual([name, true])
  })

  test.each(cases)('costs callers who share a load no more than its first: %s', async (_, feature) => {
    const { cached, clock, timed } = world(feature)
    const late = async (): Promise<number> => {
      await clock.pass(Duration.zero)()
      const began = clock.now()
      await cached(1)()
      return clock.now() - began
    }
    const joiners = [late(), late(), late()]
    const { took } = await timed(cached(1))
    expect(took).toBeLessThanOrEqual(loading + deadline + slack + 10)
    await clock.pass(Duration.milliseconds(2 * deadline))()
    for (const waited of await Promise.all(joiners))
      expect(waited).toBeLessThanOrEqual(loading + deadline + slack + 10)
  })

  test.each(cases)(
    'who has read and then joins an update waits for one deadline in all: %s',
    async (_, feature) => {
      const { cached, clock, timed } = world(feature)
      const updating = cached.update(1)()
      await clock.pass(Duration.milliseconds(10))()
      const { answer, took } = await timed(cached(1))
      expect(answer).toStrictEqual(E.right(1))
      expect(took).toBeLessThanOrEqual(2 * loading + deadline + slack + 10)
      await clock.pass(Duration.minutes(1))()
      await updating
    }
  )

  test.each(cases)(
    'what is not waited for is stored all the same, where it may be: %s',
    async (_, feature: Features) => {
      const { cached, clock, memory, timed } = world(feature)
      await timed(cached(1))
      await clock.pass(Duration.milliseconds(3 * deadline))()
      // a lease that was not had in time orders no write: nothing is stored
      expect(memory.backend.has('k:1')).toBe(feature.lease !== true && feature.tags !== true)
    }
  )

  test('with a lease that somebody else has, the wait for him comes to the deadline', async () => {
    const { cached, memory, timed } = world({ lease: true }, () => () => ({
      there: Duration.milliseconds(100)
    }))
    await memory.leases.seize('k:1', 'somebody else', Duration.hours(1))()
    const { took } = await timed(cached(1))
    expect(took).toBeGreaterThan(loading + leaseWait)
    expect(took).toBeLessThanOrEqual(loading + deadline + leaseWait + slack + 10)
  })

  test('strict: that the caller does not know is his to hear', async () => {
    const { cached, timed } = world({}, undefined, {
      ...Policy.storeTimeout(Duration.milliseconds(deadline)),
      strict: true
    })
    expect((await timed(cached(1))).answer).toMatchObject({ _tag: 'Left', left: { reason: 'timeout' } })
  })

  test('a control: where every step has a deadline of its own, they add up', async () => {
    const { cached, timed } = world(
      { lease: true, tags: true },
      undefined,
      Policy.storeTimeout(Duration.hours(1))
    )
    expect((await timed(cached(1))).took).toBeGreaterThan(loading + 2 * slow)
  })
})

describe('law 26: a store that hangs', () => {
  test.each(cases)('costs a miss one deadline: %s', async (_, feature) => {
    const { cached, timed } = world(feature, () => () => ({ there: Duration.forever }))
    const { answer, took } = await timed(cached(1))
    expect(answer).toStrictEqual(E.right(1))
    expect(took).toBeLessThanOrEqual(loading + deadline + slack + 10)
  })

  test.each(cases)('that hangs after its first answer costs a miss one deadline: %s', async (_, feature) => {
    let asked = 0
    const { cached, timed } = world(feature, () => () => asked++ < 1 ? {} : { there: Duration.forever })
    const { answer, took } = await timed(cached(1))
    expect(answer).toStrictEqual(E.right(1))
    expect(took).toBeLessThanOrEqual(loading + deadline + slack + 10)
  })

  test('one that fails at once costs nothing', async () => {
    const { cached, timed } = world({ lease: true, tags: true }, () => () => fails)
    expect((await timed(cached(1))).took).toBeLessThanOrEqual(loading + 10)
  })
})

test('the world of these tests keeps one clock', async () => {
  const { clock, timed }: World = world({})
  const { took } = await timed(
    () => new Promise((resolve) => clock.after(Duration.milliseconds(50), () => resolve(1))())
  )
  expect(took).toBe(50)
})
