/** A fresh hit in this process's memory, against what a programmer would write by hand around the same cache. */
import { Duration, Policy, ring } from 'fp-ring'
import { lru } from 'fp-ring/lru'
import * as TE from 'fp-ts/TaskEither'
import { LRUCache } from 'lru-cache'

import { shuffled, type User, userOf } from './fixtures'
import { compare, rowsOf, type Scenario } from './harness'

const count = 10_000
const ids = shuffled(count)
const users = ids.map(userOf)
const hour = Duration.hours(1)

const load = async (id: number): Promise<User> => userOf(id)

const cache = new LRUCache<string, User>({ max: count, ttl: hour })

const byHand = async (id: number): Promise<User> => {
  const key = `user:${String(id)}`
  const hit = cache.get(key)
  if (hit !== undefined) return hit
  const loaded = await load(id)
  cache.set(key, loaded)
  return loaded
}

const user = ring(
  (id: number): TE.TaskEither<Error, User> =>
    TE.tryCatch(
      () => load(id),
      () => new Error('no user')
    ),
  {
    store: lru({ max: count }),
    key: (id) => `user:${String(id)}`,
    policy: Policy.ttl(hour)
  }
)

export const memory: Scenario = async () => {
  for (const { id } of users) {
    await byHand(id)
    await user(id)()
  }
  const samples = await compare({
    'lru.get by hand': async (n) => {
      for (let i = 0; i < n; i++) await byHand(ids[i % count]!)
    },
    'ring over lru': async (n) => {
      for (let i = 0; i < n; i++) await user(ids[i % count]!)()
    }
  })
  return rowsOf(samples, {
    scenario: 'memory: a hit',
    baseline: 'lru.get by hand',
    ours: 'ring over lru',
    targets: { cpu: 1.25, wall: 1.25 }
  })
}
