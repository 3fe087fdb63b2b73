import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'

import { Decision, Duration } from '../src'

const ms = Duration.milliseconds
const windows = (staleWhileRevalidate: number, staleIfError: number): Decision.Windows => ({
  staleWhileRevalidate: ms(staleWhileRevalidate),
  staleIfError: ms(staleIfError)
})

describe('verdict', () => {
  // ttl 100; remaining counts down to the end of the longer window
  const table: ReadonlyArray<
    [swr: number, sie: number, due: number, Array<[remaining: number, Decision.Verdict]>]
  > = [
    [0, 0, 0, [[100, 'fresh'], [1, 'fresh'], [0, 'missing'], [101, 'due'], [Infinity, 'due']]], // prettier-ignore
    [0, 0, 20, [[100, 'fresh'], [21, 'fresh'], [20, 'due'], [1, 'due'], [0, 'missing']]], // prettier-ignore
    [30, 0, 0, [[130, 'fresh'], [31, 'fresh'], [30, 'stale'], [1, 'stale'], [0, 'missing'], [131, 'stale']]], // prettier-ignore
    [0, 60, 0, [[160, 'fresh'], [61, 'fresh'], [60, 'expired'], [1, 'expired'], [0, 'missing'], [161, 'expired']]], // prettier-ignore
    [30, 60, 0, [[61, 'fresh'], [60, 'stale'], [31, 'stale'], [30, 'expired'], [1, 'expired'], [0, 'missing'], [Infinity, 'stale']]], // prettier-ignore
    [60, 30, 10, [[70, 'due'], [61, 'due'], [60, 'stale'], [1, 'stale'], [0, 'missing']]] // prettier-ignore
  ]
  test.each(table)('law 15: windows of %d and %d, due within %d', (swr, sie, due, cases) => {
    const judge = Decision.verdict(windows(swr, sie))
    const found = cases.map(([remaining]) =>
      judge({
        remaining: remaining === Infinity ? Duration.forever : ms(remaining),
        ttl: ms(100),
        dueWithin: ms(due)
      })
    )
    expect(found).toEqual(cases.map(([, verdict]) => verdict))
  })

  test('an entry without an end is fresh where the policy says so, however long its windows', () => {
    const judge = Decision.verdict(windows(30, 60))
    expect(judge({ remaining: Duration.forever, ttl: Duration.forever, dueWithin: Duration.zero })).toBe(
      'fresh'
    )
  })

  test('law 15: an entry only ever gets worse, and both windows begin where the lifetime ends', () => {
    const order: ReadonlyArray<Decision.Verdict> = ['fresh', 'due', 'stale', 'expired', 'missing']
    const small = fc.nat(200)
    fc.assert(
      fc.property(small, small, fc.integer({ min: 1, max: 200 }), small, (swr, sie, ttl, due) => {
        const judge = Decision.verdict(windows(swr, sie))
        const life = ttl + Math.max(swr, sie)
        let before = 0
        const wrong: Array<number> = []
        for (let age = 0; age <= life + 1; age++) {
          const verdict = judge({ remaining: ms(life - age), ttl: ms(ttl), dueWithin: ms(due) })
          const rank = order.indexOf(verdict)
          const isRight =
            rank >= before &&
            (verdict === 'fresh' || verdict === 'due') === age < ttl &&
            (verdict === 'stale') === (age >= ttl && age < ttl + swr) &&
            (verdict === 'expired') === (age >= ttl + swr && age < ttl + sie)
          if (!isRight) wrong.push(age)
          before = rank
        }
        // one expectation for all ages: each takes longer than what is tested
        expect(wrong).toEqual([])
      })
    )
  })

  test('law 16: it sees no clock, only what the store says is left', () => {
    const seen = { remaining: ms(50), ttl: ms(100), dueWithin: ms(0) }
    const judge = Decision.verdict(windows(60, 0))
    const real = Date.now
    Date.now = () => real() + 3_600_000
    try {
      expect(judge(seen)).toBe('stale')
    } finally {
      Date.now = real
    }
    expect(judge(seen)).toBe('stale')
  })
})

describe('decide', () => {
  const calm = { loading: false, throttled: false }
  const loading = { loading: true, throttled: false }
  const throttled = { loading: false, throttled: true }
  test.each<[Decision.Verdict, Decision.Circumstances, Decision.Decision]>([
    ['fresh', calm, { serve: 'entry', load: 'none' }],
    ['fresh', loading, { serve: 'entry', load: 'none' }],
    ['due', calm, { serve: 'entry', load: 'background' }],
    ['due', loading, { serve: 'entry', load: 'none' }],
    ['due', throttled, { serve: 'entry', load: 'none' }],
    ['stale', calm, { serve: 'entry', load: 'background' }],
    ['stale', loading, { serve: 'entry', load: 'none' }],
    ['stale', throttled, { serve: 'entry', load: 'none' }],
    ['expired', calm, { serve: 'either', load: 'foreground' }],
    ['expired', loading, { serve: 'either', load: 'join' }],
    ['expired', throttled, { serve: 'entry', load: 'none' }],
    ['missing', calm, { serve: 'load', load: 'foreground' }],
    ['missing', loading, { serve: 'load', load: 'join' }],
    ['missing', throttled, { serve: 'load', load: 'foreground' }]
  ])('%s, %j', (verdict, circumstances, decision) => {
    expect(Decision.decide(verdict, circumstances)).toEqual(decision)
  })
})
