import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'

import { noop, ring } from '../../src'
import { storeLaws } from '../laws/store'

storeLaws('noop', () => noop(), { values: fc.anything(), keeps: false })

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
