import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'

import { seeded } from '../../src/testing'

test('a seed says all', () =>
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const [a, b] = [seeded(seed), seeded(seed)]
      for (let i = 0; i < 20; i++) expect(a.next()).toBe(b.next())
      expect(a.fork().next()).toBe(b.fork().next())
    })
  ))

test('golden numbers: a seed that found something finds it again in later versions', () => {
  const random = seeded(42)
  expect([
    random.next(),
    random.between(1, 100)(),
    random.pick(['a', 'b', 'c'])(),
    random.chance(0.5)()
  ]).toEqual([0.6011037519201636, 45, 'c', false])
})

test('numbers are within their bounds, both ends included, and evenly spread', () => {
  const random = seeded(1)
  const die = random.between(1, 6)
  const counts = new Map<number, number>()
  for (let i = 0; i < 60_000; i++) {
    const n = die()
    counts.set(n, (counts.get(n) ?? 0) + 1)
  }
  expect([...counts.keys()].sort()).toEqual([1, 2, 3, 4, 5, 6])
  for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  const numbers = Array.from({ length: 10_000 }, random.next)
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThan(1)
  expect(random.chance(0)()).toBe(false)
  expect(random.chance(1)()).toBe(true)
})

test('what a fork draws changes nothing for its origin', () => {
  const [a, b] = [seeded(3), seeded(3)]
  const fork = a.fork()
  b.fork()
  for (let i = 0; i < 9; i++) fork.next()
  expect(a.next()).toBe(b.next())
})
