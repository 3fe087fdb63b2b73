import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { dict, Duration, ring, Store } from '../../src'
import {
  anything,
  byChance,
  fails,
  type Fate,
  faulty,
  hangs,
  inTurn,
  lost,
  seeded,
  testClock,
  works
} from '../../src/testing'
import { obeys, storeLaws } from '../laws/register'

const ms = Duration.milliseconds
const minute = Duration.minutes(1)

const clock = testClock(1)
const never = faulty(() => () => works)
const slow = faulty(byChance(seeded(1), { most: ms(2) }))

obeys(
  'a store without faults',
  storeLaws(() => never(dict({ clock })), { ...anything, clock, leases: true })
)
obeys(
  'a slow store',
  storeLaws(() => slow(dict()), { ...anything, leases: true, numRuns: 5 })
)
obeys(
  'a store that is down',
  storeLaws(() => dict({ clock }), {
    ...anything,
    clock,
    leases: true,
    broken: () => faulty(() => () => fails)(dict())
  }).filter(({ name }) => name.includes('is down'))
)

/** What has come of a task by now. */
const watched = <A>(task: () => Promise<A>) => {
  const state: { answer?: A } = {}
  void task().then((answer) => (state.answer = answer))
  return state
}

const failedAs = (operation: string) => expect.objectContaining({ operation, reason: 'failed' })

describe('faulty', () => {
  const over = (...fates: ReadonlyArray<Fate>) => {
    const clock = testClock()
    const below = dict<string>({ clock })
    return { below, clock, store: pipe(below, faulty(inTurn(fates), { clock })) }
  }

  test('it fails, and nothing was done', async () => {
    const { below, store } = over(fails)
    expect(await store.set('k', 'v', minute)()).toEqual(E.left(failedAs('set')))
    expect(below.peek?.('k')).toBeUndefined()
    expect(await store.set('k', 'v', minute)()).toEqual(E.right(undefined)) // the plan is used up
  })

  test('its answer is lost, and it was done', async () => {
    const { below, store } = over(lost)
    expect(await store.set('k', 'v', minute)()).toEqual(E.left(failedAs('set')))
    expect(below.peek?.('k')).toBe('v')
  })

  test('it is late on either way', async () => {
    const { below, clock, store } = over({ there: ms(30), back: ms(20) })
    const wrote = watched(store.set('k', 'v', minute))
    await clock.pass(ms(29))()
    expect(below.peek?.('k')).toBeUndefined()
    await clock.pass(ms(1))()
    expect(below.peek?.('k')).toBe('v')
    await clock.pass(ms(19))()
    expect(wrote.answer).toBeUndefined()
    await clock.pass(ms(1))()
    expect(wrote.answer).toEqual(E.right(undefined))
  })

  test('it hangs: it was not done, or it was and nobody says so', async () => {
    const { below, clock, store } = over(hangs, { back: Duration.forever })
    const [first, second] = [watched(store.set('a', 'v', minute)), watched(store.set('b', 'v', minute))]
    await clock.pass(Duration.seconds(59))()
    expect([first.answer, second.answer]).toEqual([undefined, undefined])
    expect([below.peek?.('a'), below.peek?.('b')]).toEqual([undefined, 'v'])
  })

  test('by a real clock it hangs too, and a deadline ends it', async () => {
    const store = pipe(dict<string>(), faulty(inTurn([hangs, works])), Store.timed(ms(20)))
    const alive = setInterval(() => undefined, 10)
    const got = await store.get('k')()
    clearInterval(alive)
    expect(got).toEqual(E.left(expect.objectContaining({ reason: 'timeout' })))
    expect(await store.get('k')()).toEqual(E.right(O.none))
  })

  test('nothing happens before it is run', async () => {
    let asked = 0
    const store = faulty(() => () => {
      asked++
      return works
    })(dict())
    const task = store.get('k')
    expect(asked).toBe(0)
    await task()
    await task()
    expect(asked).toBe(2)
  })

  test('it is like a store on a network, and keeps its leases and its backend', () => {
    const map = new Map()
    const store = faulty(() => () => works)(Store.timed(minute)(dict({ map })))
    expect([store.peek, store.peekEntry, store.deadline]).toEqual([undefined, undefined, undefined])
    expect(store.backend).toBe(map)
    expect(store.leases).toBeDefined()
  })
})

describe('byChance', () => {
  const draw = (seed: number) => {
    const plan = byChance(seeded(seed), { failed: 0.2, lost: 0.1, hung: 0.1, least: ms(5), most: ms(9) })
    return Array.from({ length: 5_000 }, () => plan('get')())
  }

  test('faults are as often as they were asked for, and the same for a seed', () => {
    const fates = draw(1)
    const share = (of: (fate: Fate) => boolean) => fates.filter(of).length / fates.length
    expect(share(({ answer }) => answer === 'failed')).toBeCloseTo(0.2, 1)
    expect(share(({ answer }) => answer === 'lost')).toBeCloseTo(0.1, 1)
    expect(share(({ there }) => there === Duration.forever)).toBeCloseTo(0.05, 1)
    expect(share(({ back }) => back === Duration.forever)).toBeCloseTo(0.05, 1)
    expect(draw(1)).toEqual(fates)
    expect(draw(2)).not.toEqual(fates)
  })

  test('it takes as long as it was told', () => {
    for (const { back, there } of draw(3)) {
      for (const d of [there ?? 5, back ?? 5]) expect(d === Duration.forever || (d >= 5 && d <= 9)).toBe(true)
    }
    const plan = byChance(seeded(1), {})
    expect(plan('get')()).toEqual({ there: 0, back: 0 })
  })
})

test('law 26: whatever a store does by chance, a ring gives what its function gives', async () => {
  const store = pipe(
    dict(),
    faulty(byChance(seeded(7), { failed: 0.3, lost: 0.2, hung: 0.02, most: ms(1) })),
    Store.timed(ms(10))
  )
  const square = ring((n: number): TE.TaskEither<never, number> => TE.right(n * n), { store, name: 'square' })
  const alive = setInterval(() => undefined, 10)
  for (let i = 0; i < 100; i++) expect(await square(i % 10)()).toEqual(E.right((i % 10) ** 2))
  clearInterval(alive)
})
