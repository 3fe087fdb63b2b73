/**
 * The protocol of leases in memcached, by every order of single commands that the scheduler comes upon; and variants of
 * it that lack something, each of which must be caught.
 */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'

import * as D from '../../../src/Duration'
import { memcached } from '../../../src/stores/memcached'
import { isCurrent, loader, type Source, updater, writer } from './actors'
import { type Fault, makeModel } from './model'

interface Plan {
  readonly loaders: number
  readonly updaters: number
  /** One after the other, whether each removes the entry. */
  readonly writes: ReadonlyArray<boolean>
  /** How many items are evicted, and which of those that are there. */
  readonly evictions: ReadonlyArray<number>
}

const plans: fc.Arbitrary<Plan> = fc.record({
  loaders: fc.integer({ min: 1, max: 2 }),
  updaters: fc.integer({ min: 0, max: 2 }),
  writes: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
  evictions: fc.array(fc.nat({ max: 2 }), { maxLength: 2 })
})

/** Whether the plan ends well, in this order of commands. */
const runPlan = async (s: fc.Scheduler, plan: Plan, fault?: Fault): Promise<boolean> => {
  const pause = (): Promise<unknown> => s.schedule(Promise.resolve())
  let isQuiet = false
  const server = makeModel(() => (isQuiet ? Promise.resolve() : pause()), fault)
  const store = memcached({ servers: [server], serverOf: () => server }, { timeout: D.forever, batch: false })
  const source: Source = { version: 0, loads: 0 }
  const times = (n: number, actor: () => Promise<unknown>): ReadonlyArray<Promise<unknown>> =>
    Array.from({ length: n }, actor)
  const writing = async (): Promise<void> => {
    for (const removes of plan.writes) await writer(store, source, removes)
  }
  const evicting = async (): Promise<void> => {
    for (const place of plan.evictions) {
      await pause()
      const name = Array.from(server.items.keys())[place]
      if (name !== undefined) server.items.delete(name)
    }
  }
  const all = Promise.all([
    ...times(plan.loaders, () => loader(store, source, pause)),
    ...times(plan.updaters, () => updater(store, source, pause)),
    writing(),
    evicting()
  ])
  await s.waitFor(all)
  isQuiet = true
  return isCurrent(store, source)
}

const property = (fault?: Fault) =>
  fc.asyncProperty(fc.scheduler(), plans, (s, plan) => runPlan(s, plan, fault))

describe('what was loaded before an override ended is not stored after it', () => {
  test('law 25: in no order of commands, with evictions', async () => {
    await fc.assert(property(), { numRuns: 2_000 })
  }, 60_000)

  // each of these lacks one thing, and some order of commands shows it
  const faults: Readonly<Record<Fault, number>> = {
    condition: 20_000,
    placeholder: 20_000,
    block: 20_000,
    again: 50_000
  }
  for (const [fault, numRuns] of Object.entries(faults)) {
    test(`a protocol without the ${fault} is caught`, async () => {
      // the proof: the keys of the record
      const checked = await fc.check(property(fault as Fault), { numRuns, endOnFailure: true, seed: 1 })
      expect(checked.failed).toBe(true)
    }, 60_000)
  }
})

test('law 22: of those who load at once one does, in every order of commands', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), async (s, n) => {
      const pause = (): Promise<unknown> => s.schedule(Promise.resolve())
      const server = makeModel(pause)
      const store = memcached(
        { servers: [server], serverOf: () => server },
        { timeout: D.forever, batch: false }
      )
      const source: Source = { version: 0, loads: 0 }
      const all = Promise.all(Array.from({ length: n }, () => loader(store, source, pause)))
      await s.waitFor(all)
      const stored = await all
      return source.loads === 1 && stored.filter(Boolean).length === 1
    }),
    { numRuns: 500 }
  )
}, 60_000)
