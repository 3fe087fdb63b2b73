/**
 * What the simulation has found and the sources do not keep yet. Each has its smallest case in `findings.test.ts`, which
 * says when it is kept: then its line goes here too. `SIM_STRICT=1` excuses nothing.
 */
import type { Violation } from './model'
import type { Plan } from './plan'

interface Finding {
  readonly what: string
  readonly covers: (violation: Violation, plan: Plan) => boolean
}

const invalidation = (law: number): boolean => law === 21 || law === 22 || law === 34

export const findings: ReadonlyArray<Finding> = [
  {
    what: 'an update is acknowledged because an earlier one, which took too long, has removed what was older than that one',
    covers: ({ law, what }) => invalidation(law) && what.includes('after update')
  },
  {
    what: 'a stale entry that was read while clear was under way is served after it, to who joins that load',
    covers: ({ law, what }, { policy }) =>
      law === 21 && what.includes('after clear') && policy.staleIfError > 0
  },
  {
    what: 'who joined a load whose lease is lost is told of its failure',
    covers: ({ joined, what }) => joined === true && what.includes('an error')
  },
  {
    what: 'a load under a lease asks for its tags again where the store has just failed',
    covers: ({ law, what }, { policy, tags }) =>
      law === 26 && what.includes('without a store') && policy.lease !== undefined && tags
  },
  {
    what: 'who joins a load that fails is not served what he has found himself',
    covers: ({ law }) => law === 28
  },
  {
    what: 'a stale entry is dropped, and read again, where another read of the key went first',
    covers: ({ law, what }, { policy }) =>
      law === 15 && what.includes('waits for') && policy.lease !== undefined
  }
]

export const excused = (violation: Violation, plan: Plan): boolean =>
  process.env.SIM_STRICT === undefined && findings.some(({ covers }) => covers(violation, plan))
