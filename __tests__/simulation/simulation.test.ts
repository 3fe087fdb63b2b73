/**
 * Rings of several nodes over one store, in virtual time, with messages that are late or lost, nodes that crash and clocks
 * that jump: thousands of runs, each from one number, each checked against a model.
 *
 *     npx jest __tests__/simulation                  the runs 1 to 300
 *     SIM_SEEDS=20000 npx jest __tests__/simulation  more of them; SIM_FROM says where to begin
 *     SIM_SEED=123 npx jest __tests__/simulation     one of them, with its trace
 *
 * What is promised (`model.ts`). A mutation is a `delete`, `set`, `update`, `purge` or `clear`; it *ends* when its caller is
 * told `right`. A call *begins* when it is made.
 *
 * - laws 21, 22, 34. A call that begins after a mutation ended is not served
 *   - what was loaded by the mutation's own ring, by a load that began before the mutation ended (of a `purge`, a `clear`
 *     and an `update`: before it began);
 *   - with `Policy.lease`, or after a `purge`: what was loaded by whatever ring, by a load that began before the mutation
 *     did (`clear` is no such mutation);
 *   - a value of a `set` that ended before the mutation began.
 *   Faults excuse little. Under a lease a write that comes late is refused by its token, so nothing excuses a load.
 *   Without leases a write that timed out may land after later ones: it is excused where messages overtake each other,
 *   and not over one connection, which keeps their order. A `set` that was not acknowledged may land at any time. A
 *   `delete` that comes late removes too much, which no law forbids.
 *   Other nodes do not hear of a mutation: there a call may join what had begun before it ended, and be served what that
 *   brings. Not so with leases, where nothing goes wrong: who joined a load whose lease is lost looks again.
 * - law 20. A node has one load of a key at a time, but for updates, for what was invalidated meanwhile, and for loads
 *   that take longer than `loadTimeout`. Law 22: so has the fleet, with leases, where nothing goes wrong.
 * - law 15. What is served was fresh when it was read, or within `staleWhileRevalidate`; or within `staleIfError`, and a
 *   load of this ring failed lately, or the caller has waited for as long as it may, or another node has the lease. By
 *   the store's clock, whatever the clocks of the nodes say; a ring that does not ask for the age of what it has just
 *   seen fresh may be wrong by a trip there and back. Law 28: where it may be served, no failure is.
 * - laws 24, 25. Every call of a node that lives ends in time. At the end leases have ended: what is loaded is stored.
 * - laws 26, 29, 30. A call answers a value, an error of a load that it waited for, one that `negative` stores, or
 *   `TimeoutError`; without a store, one deadline later than the function. Nothing else is thrown, or rejected unheard.
 * - laws 36, 38. In the end there are no timers and no flights, and every read was told.
 */

import './flights'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { runs } from '../runs'
import type { Violation } from './model'
import { type Report, simulate } from './simulate'

const { SIM_FROM, SIM_SEED, SIM_SEEDS } = process.env
const from = Number(SIM_SEED ?? SIM_FROM ?? 1)
const count = SIM_SEED === undefined ? Number(SIM_SEEDS ?? runs(3_000)) : 1

/** Runs that have found something once. */
const known = [
  2_819, 4_294, 26_546, 215_790, 217_304, 220_831, 223_134, 223_346, 249_979, 303_006, 307_181, 404_101,
  502_375, 506_906
]
const seeds = [...Array.from({ length: count }, (_, i) => from + i), ...(SIM_SEED === undefined ? known : [])]

const replay = (seed: number): string => `SIM_SEED=${seed} npx jest --coverage=false __tests__/simulation`
const said = (seed: number, { time, what }: Violation): string =>
  `t=${time.toFixed(0)}: ${what}\n    ${replay(seed)}`

const print = ({ plan, trace, violations }: Report): void => {
  const found = violations.map(({ law, time, what }) => `law ${String(law)}, t=${time.toFixed(0)}: ${what}`)
  process.stdout.write([JSON.stringify(plan), ...trace, ...found, ''].join('\n'))
}

describe('nodes that share a store', () => {
  const reports: Array<Report> = []
  const unheard: Array<unknown> = []
  const hear = (cause: unknown): void => {
    unheard.push(cause)
  }
  beforeAll(async () => {
    process.on('unhandledRejection', hear)
    for (const seed of seeds) {
      const report = await simulate(seed, { traced: SIM_SEED !== undefined })
      if (SIM_SEED !== undefined) print(report)
      // of a run that is well nothing is kept
      reports.push({ ...report, trace: [] })
    }
  }, 3_600_000)
  afterAll(() => {
    process.off('unhandledRejection', hear)
  })

  const found = (...laws: ReadonlyArray<number>): ReadonlyArray<string> =>
    reports.flatMap(({ seed, violations }) =>
      violations.filter((violation) => laws.includes(violation.law)).map((violation) => said(seed, violation))
    )

  test.each([
    ['law 3: what is served is what was stored under the key', 3],
    ['law 15: what is served is fresh, or within a stale window, by the clock of the store', 15],
    ['law 20: a node has one load of a key at a time', 20],
    ['law 21: no call gets what its own node had invalidated', 21],
    ['law 22: with leases no call gets what any node had invalidated, and one node loads', 22],
    ['law 24: every call ends, and a load that took too long is not stored', 24],
    ['law 25: leases end by themselves', 25],
    ['law 26: a store that fails is no failure of the function', 26],
    ['law 28: what may be served is, where a load fails', 28],
    ['law 29: errors are replayed where the policy says so', 29],
    ['law 30: nothing is thrown but what the function throws', 30],
    ['law 31: where nothing fails a delete does not', 31],
    ['law 34: no call gets what was purged', 34],
    ['law 36: in the end there are no timers and no flights', 36],
    ['law 38: every read was told', 38]
  ])('%s', (_, law) => {
    expect(found(law)).toStrictEqual([])
  })

  test('law 30: no rejection is unheard', () => {
    expect(unheard).toStrictEqual([])
  })

  test('every run has calls', () => {
    expect(reports).toHaveLength(seeds.length)
    expect(Math.min(...reports.map(({ calls }) => calls))).toBeGreaterThan(0)
  })
})

test('law 19: a run is repeated by its seed', async () => {
  for (let seed = from; seed < from + Math.min(count, runs(50)); seed++) {
    const [one, two] = [await simulate(seed, { traced: true }), await simulate(seed, { traced: true })]
    expect(two.trace).toStrictEqual(one.trace)
    expect(two.violations).toStrictEqual(one.violations)
  }
})
