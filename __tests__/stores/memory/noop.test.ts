import { expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { Duration, noop, ring } from '../../../src'
import { anything } from '../../../src/testing'
import { obeys, storeLaws } from '../../laws/register'

obeys(
  'noop',
  storeLaws(() => noop(), { ...anything, keeps: false, leases: true })
)

test('law 25: its leases keep nobody from loading, and store nothing', async () => {
  const { leases, get } = noop()
  for (const token of ['me', 'you']) {
    const acquired = await leases.acquire('k', token, Duration.minutes(1), Duration.zero)()
    expect(acquired).toStrictEqual(E.right({ _tag: 'Won' }))
  }
  for (const token of ['me', 'you']) {
    expect(await leases.renew('k', token, Duration.minutes(1))()).toStrictEqual(E.right(true))
    expect(await leases.commit('k', token, O.some(1), Duration.minutes(1))()).toStrictEqual(E.right(true))
  }
  for (const task of [
    leases.seize('k', 'me', Duration.minutes(1)),
    leases.release('k', 'me'),
    leases.override([['k', O.some(1), Duration.minutes(1)]])
  ]) {
    expect(await task()).toStrictEqual(E.right(undefined))
  }
  expect(await get('k')()).toStrictEqual(E.right(O.none))
})

test('a ring over noop runs its function every time, and still once for all who ask at a time', async () => {
  let ran = 0
  const fn = (id: number): TE.TaskEither<never, number> =>
    TE.fromTask(async () => {
      await new Promise(setImmediate)
      ran++
      return id
    })
  const cached = ring(fn, { store: noop(), name: 'k' })
  await cached(1)()
  await cached(1)()
  expect(ran).toBe(2)
  expect(await Promise.all([cached(1)(), cached(1)(), cached(1)()])).toStrictEqual([1, 1, 1].map(E.right))
  expect(ran).toBe(3)
})
