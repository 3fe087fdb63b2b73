/** The laws of a store on a slow machine: they allow for the time that passes between a write and a read, and for no more. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { Option } from 'fp-ts/Option'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { extend } from '../../src/base/extend'
import * as D from '../../src/Duration'
import { around, type Entry, type Leasing, type Store } from '../../src/Store'
import { dict } from '../../src/stores/memory/dict'
import { type Laws, storeLaws } from '../../src/testing'
import { brokenOf } from './broken'

type Good = Store<string> & Leasing<string>

/** The time of the machine and of the store. It passes only while an operation runs. */
let now = 0
beforeEach(() => {
  now = 1
  jest.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => void jest.restoreAllMocks())

/** Operations that begin in one turn run side by side, and take one second together. */
const slow = (): Good => {
  let second: Promise<void> | undefined
  const pass = (): Promise<void> =>
    (second ??= Promise.resolve().then(() => {
      now += 500
      second = undefined
    }))
  const good = dict<string>({ clock: { now: () => now } })
  const slowed = around((_, task) => async () => {
    await pass()
    const answer = await task()
    await pass()
    return answer
  })(good)
  // SAFETY: `around` keeps the leases of a store that has them, and what an operation answers
  return slowed
}

const lawsOver = (store: Good): Laws =>
  storeLaws(() => store, {
    values: fc.string({ maxLength: 5 }),
    leases: true,
    // what is left is exact, but for the time that has passed
    tolerance: D.zero,
    numRuns: 200
  })

const less = <R>(entry: Entry<R>): Entry<R> => ({
  ...entry,
  remaining: D.milliseconds(Math.max(0, entry.remaining - 2_000))
})

const shorter = (ttl: D.Duration): D.Duration =>
  ttl === D.forever ? ttl : D.milliseconds(Math.max(Math.min(ttl, 1), ttl - 3_000))

/** Stores that lose two seconds more of a life than have passed, and a part of the title of a law that must find it. */
const losses: Readonly<Record<string, readonly [law: string, plant: (good: Good) => Partial<Good>]>> = {
  read: [
    'law 17: what is left of',
    (good) => ({ read: (key) => TE.map(O.map(less<string>))(good.read(key)) })
  ],
  readMany: [
    'law 12: a bulk of thousands',
    (good) => ({
      readMany: (keys) =>
        TE.map((found: ReadonlyArray<Option<Entry<string>>>) => found.map(O.map(less)))(good.readMany(keys))
    })
  ],
  peekEntry: [
    'law 2: a miss',
    (good) => ({
      peekEntry: (key) => {
        const entry = good.peekEntry?.(key)
        return entry === undefined ? undefined : less(entry)
      }
    })
  ],
  touch: ['law 11: touch renews', (good) => ({ touch: (key, ttl) => good.touch(key, shorter(ttl)) })],
  touchMany: [
    'law 12: a bulk of thousands',
    (good) => ({
      touchMany: (entries) => good.touchMany(entries.map(([key, ttl]) => [key, shorter(ttl)] as const))
    })
  ],
  seize: [
    'law 25: of those who seize',
    (good) => ({
      leases: { ...good.leases, seize: (key, token, ttl) => good.leases.seize(key, token, shorter(ttl)) }
    })
  ],
  commit: [
    'law 25: commit writes',
    (good) => ({
      leases: {
        ...good.leases,
        commit: (key, token, value, ttl) => good.leases.commit(key, token, value, shorter(ttl))
      }
    })
  ],
  'set, in a random program': [
    'laws 2, 10-12, 17, 18, 35: random programs',
    (good) => ({ set: (key, value, ttl) => good.set(key, value, shorter(ttl)) })
  ],
  'seize, in a random program': [
    'law 25: random programs',
    (good) => ({
      leases: { ...good.leases, seize: (key, token, ttl) => good.leases.seize(key, token, shorter(ttl)) }
    })
  ]
}

describe('the laws of a store, where an operation takes a second', () => {
  test('find nothing in a good store', async () => {
    expect(await brokenOf(lawsOver(slow()))).toEqual([])
  })

  test.each(Object.keys(losses))('find a store that loses more time than has passed: %s', async (name) => {
    const good = slow()
    const [law, plant] = losses[name]!
    expect(await brokenOf(lawsOver(extend<Good, Partial<Good>>(good, plant(good))), law)).not.toEqual([])
  })
})
