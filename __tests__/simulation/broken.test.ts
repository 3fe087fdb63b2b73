/**
 * The simulation finds what is wrong: each of these runs has one thing broken on purpose, and is caught within a few
 * seeds; the same runs with nothing broken are well.
 */

import './flights'

import { describe, expect, test } from '@jest/globals'
import * as O from 'fp-ts/Option'

import { Codec, Duration, Policy } from '../../src'
import type { Failure, Violation } from './model'
import type { Plan } from './plan'
import { type Broken, simulate } from './simulate'

interface Case {
  readonly law: number
  readonly broken: Broken
  /** What the violation says, where the law says several things. */
  readonly says?: string
}

const noChanges: Plan['changes'] = { delete: 0, set: 0, update: 0, purge: 0, clear: 0 }

/** A plan in which nothing goes wrong by itself. */
const quiet = (plan: Plan): Plan => ({
  ...plan,
  nodes: 2,
  keys: 1,
  steps: 60,
  pace: 1,
  calm: true,
  near: false,
  codec: false,
  tags: false,
  batch: false,
  changes: { ...noChanges, delete: 1 },
  policy: {
    ...plan.policy,
    ttl: 400,
    ttlBy: false,
    jitter: 0,
    staleWhileRevalidate: 0,
    staleIfError: 0,
    refreshAhead: undefined,
    earlyRefresh: undefined,
    lease: { ttl: 1_000, wait: 60_000 },
    softTimeout: undefined,
    timeout: undefined,
    negative: undefined,
    cacheWhen: false,
    loadTimeout: 60_000
  },
  network: { deadline: 250, delay: { least: 1, most: 10 }, slow: 0, lost: 0, fails: 0, ordered: true },
  load: { time: { least: 10, most: 100 }, fails: 0, throws: 0, stuck: 0 }
})

const but =
  (change: (plan: Plan) => Partial<Plan>) =>
  (drawn: Plan): Plan => {
    const plan = quiet(drawn)
    return { ...plan, ...change(plan) }
  }

const unleased = (plan: Plan): Plan => ({ ...plan, policy: { ...plan.policy, lease: undefined } })
const alone = but((plan) => ({ ...unleased(plan), nodes: 1 }))
const failing = but((plan) => ({ ...unleased(plan), load: { ...plan.load, fails: 0.5 } }))
const lossy = but((plan) => ({ ...unleased(plan), calm: false, network: { ...plan.network, lost: 0.1 } }))

const cases: Readonly<Record<string, Case>> = {
  'law 22: two nodes without a lease': {
    law: 22,
    says: 'is served',
    broken: { plan: quiet, policy: unleased }
  },
  'law 22: a store that commits without the token': {
    law: 22,
    says: 'is served',
    broken: {
      plan: quiet,
      backend: (store) => ({
        ...store,
        commit: (key, token, value, ttl) => {
          store.release(key, token)
          store.set(key, value, ttl)
          return true
        }
      })
    }
  },
  'law 22: a store that gives the lease to everybody': {
    law: 22,
    says: 'while node',
    broken: {
      plan: quiet,
      backend: (store) => ({
        ...store,
        acquire: (key, token, ttl, beyond) => {
          const acquired = store.acquire(key, token, ttl, beyond)
          if (acquired._tag === 'Found') return acquired
          store.seize(key, token, ttl)
          return { _tag: 'Won' }
        }
      })
    }
  },
  'law 21: a store that says it has deleted': {
    law: 21,
    broken: {
      plan: quiet,
      backend: (store) => ({
        ...store,
        override: (key, value, ttl) => {
          if (O.isSome(value)) store.override(key, value, ttl)
        }
      })
    }
  },
  'law 34: a ring that does not know of tags': {
    law: 34,
    broken: {
      plan: but(() => ({ tags: true, changes: { ...noChanges, purge: 1 } })),
      untagged: true
    }
  },
  'law 15: freshness by the clock of a node': {
    law: 15,
    broken: {
      // what is over is still there: it is kept for loads that fail
      plan: but((plan) => ({
        changes: noChanges,
        policy: { ...unleased(plan).policy, staleIfError: 3_000, staleWhileRevalidate: 50 }
      })),
      backend: (store, clock) => ({
        ...store,
        read: (key) =>
          O.map((entry: { readonly value: unknown; readonly remaining: Duration.Duration }) => ({
            ...entry,
            remaining: Duration.milliseconds(entry.remaining + Math.abs(clock() % 1_500))
          }))(store.read(key))
      })
    }
  },
  'law 20: a ring for every call': { law: 20, broken: { plan: alone, forgetful: true } },
  'law 24: a store without a deadline': {
    law: 24,
    broken: { plan: lossy, link: (link) => ({ ...link, deadline: Duration.forever }) }
  },
  'law 25: leases that do not end': {
    law: 25,
    broken: {
      // a node that crashes while it loads leaves its lease
      plan: but((plan) => ({
        calm: false,
        changes: noChanges,
        load: { ...plan.load, time: { least: 200, most: 600 } }
      })),
      backend: (store) => ({
        ...store,
        acquire: (key, token, _, beyond) => store.acquire(key, token, Duration.forever, beyond),
        renew: (key, token) => store.renew(key, token, Duration.forever)
      })
    }
  },
  'law 26: a strict ring': { law: 26, broken: { plan: lossy, more: [Policy.strict] } },
  'law 28: no error is excused': {
    law: 28,
    broken: {
      plan: but((plan) => ({ ...failing(plan), policy: { ...failing(plan).policy, staleIfError: 3_000 } })),
      more: [Policy.staleIfError(Duration.seconds(3), () => false)]
    }
  },
  'law 29: every error is stored': {
    law: 29,
    broken: {
      plan: failing,
      more: [Policy.negative({ codec: Codec.identity<Failure>(), ttl: Duration.seconds(1) })]
    }
  },
  'law 36: timers that are not called off': {
    law: 36,
    broken: {
      plan: but((plan) => ({ policy: { ...unleased(plan).policy, timeout: 60_000 } })),
      clock: ({ after, now }) => ({
        now,
        after: (d, run) => () => {
          after?.(d, run)()
          return () => undefined
        }
      })
    }
  }
}

const most = 100

describe('the simulation finds', () => {
  test.each(Object.entries(cases))('%s', async (_, { broken, law, says = '' }) => {
    const caught = (violations: ReadonlyArray<Violation>): boolean =>
      violations.some((violation) => violation.law === law && violation.what.includes(says))
    const { plan } = broken
    for (let seed = 1; seed <= most; seed++) {
      // SAFETY: every case has a plan
      expect((await simulate(seed, { broken: { plan: plan! } })).violations).toStrictEqual([])
      if (caught((await simulate(seed, { broken })).violations)) return
    }
    throw new Error(`it does not, within ${most} seeds`)
  })

  test('law 19: chance that is not the seed’s', async () => {
    const broken: Broken = {
      plan: but((plan) => ({ policy: { ...plan.policy, jitter: 0.5 } })),
      random: Math.random
    }
    const [one, two] = [
      await simulate(1, { broken, traced: true }),
      await simulate(1, { broken, traced: true })
    ]
    expect(two.trace).not.toStrictEqual(one.trace)
  })
})
