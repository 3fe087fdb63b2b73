import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'

import { Duration } from '../src'

const makers = [Duration.milliseconds, Duration.seconds, Duration.minutes, Duration.hours, Duration.days]

describe('Duration', () => {
  test('law 18: units are what they say', () => {
    expect(makers.map((make) => make(2))).toStrictEqual([2, 2_000, 120_000, 7_200_000, 172_800_000])
    expect(Duration.seconds(1.1)).toBe(1_100)
    expect(Duration.zero).toBe(0)
    expect(Duration.forever).toBe(Infinity)
  })

  test('law 18: a duration is a whole number of milliseconds, and what is positive stays positive', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...makers),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (make, n) => {
          const d = make(n)
          expect(Number.isSafeInteger(d)).toBe(true)
          expect(Object.is(d, -0)).toBe(false)
          if (n > 0) expect(d).toBeGreaterThan(0)
          if (n < 0) expect(d).toBeLessThanOrEqual(0)
        }
      )
    ))

  test('law 18: NaN and infinities are refused where the duration is made; forever is its own word', () => {
    for (const make of makers) {
      for (const n of [NaN, Infinity, -Infinity, '1' as never, undefined as never]) {
        expect(() => make(n)).toThrow(TypeError)
      }
    }
  })

  test('law 19: shortened only shortens, and what is positive stays positive', () =>
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 1e9 }), fc.double({ noNaN: true }), (n, factor) => {
        const d = Duration.milliseconds(n)
        const short = Duration.shortened(factor)(d)
        expect(short).toBeLessThanOrEqual(d)
        if (n > 0) expect(short).toBeGreaterThan(0)
        expect(Number.isSafeInteger(short)).toBe(true)
        expect(Duration.shortened(factor)(Duration.forever)).toBe(Infinity)
      })
    ))

  test('they are ordered by length', () => {
    expect(Duration.Ord.compare(Duration.seconds(1), Duration.forever)).toBe(-1)
  })
})
