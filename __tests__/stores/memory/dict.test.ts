import { expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { dict, Duration } from '../../../src'
import { anything, testClock } from '../../../src/testing'
import { obeys, storeLaws } from '../../laws/register'

const clock = testClock(1_000)
obeys(
  'dict',
  storeLaws(() => dict({ clock }), { ...anything, clock, leases: true })
)

// a sum with such a time is rounded, up or down
const uneven = testClock(0.1)
obeys(
  'dict by a clock of fractions',
  storeLaws(() => dict({ clock: uneven }), { ...anything, clock: uneven, leases: true })
)
obeys(
  'dict by the clock of the process',
  storeLaws(() => dict(), { ...anything, leases: true })
)

test('what nobody reads any more goes with later writes', async () => {
  const clock = testClock(1_000)
  const store = dict({ clock })
  for (let i = 0; i < 1_000; i++) await store.set(`old${String(i)}`, i, Duration.seconds(1))()
  await clock.pass(Duration.milliseconds(1_001))()
  for (let i = 0; i < 1_000; i++) await store.set(`new${String(i % 10)}`, i, Duration.seconds(1))()
  expect(store.backend.size).toBe(10)
})

test('a map of one’s own is the backend, and values are held by reference', async () => {
  const map = new Map()
  const store = dict({ map })
  const value = { id: 1 }
  await store.set('k', value, Duration.forever)()
  expect(store.backend).toBe(map)
  expect(map.get('k')).toStrictEqual({ value, expires: Infinity })
  expect(store.peek?.('k')).toBe(value)
  expect(store.peek?.('l')).toBeUndefined()
})

test('law 2: an undefined is there, though peek cannot tell it from a miss', async () => {
  const store = dict()
  await store.set('k', undefined, Duration.minutes(1))()
  expect(store.peek?.('k')).toBeUndefined()
  expect(await store.get('k')()).toStrictEqual(E.right(O.some(undefined)))
})
