/**
 * A method: a hit in this process's memory through a ring whose first argument is the receiver, and through what binds
 * that argument at every call, as a getter does; and the same of an environment.
 */
import { dict, Duration, Policy, Ring, ring, ringKey, ringReader } from 'fp-ring'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

import { shuffled } from './fixtures'
import { compare, rowsOf, type Scenario } from './harness'

const count = 1_000
const ids = shuffled(count)
const key = (account: Account, id: number): string => `${String(account.number)}:${String(id)}`
const policy = Policy.ttl(Duration.hours(1))

const balance = ring(
  (account: Account, id: number): TE.TaskEither<Error, number> => TE.right(account.number + id),
  { store: dict(), key, policy }
)
class Account {
  readonly fixed = pipe(balance, Ring.bind(this))
  constructor(readonly number: number) {}
  get balance() {
    return pipe(balance, Ring.bind(this))
  }
  [ringKey](): string {
    return String(this.number)
  }
}
const ofReader = ringReader(
  (id: number) =>
    (account: Account): TE.TaskEither<Error, number> =>
      TE.right(account.number + id),
  { store: dict(), key: (id) => String(id), policy }
)

const baseline = 'ring(self, n)'
const rings = ['get method() bound', 'bound field', 'reader'] as const

export const methods: Scenario = async () => {
  const account = new Account(7)
  for (const id of ids) {
    await balance(account, id)()
    await ofReader(id)(account)()
  }
  const samples = await compare({
    [baseline]: async (n: number) => {
      for (let i = 0; i < n; i++) await balance(account, ids[i % count]!)()
    },
    [rings[0]]: async (n: number) => {
      for (let i = 0; i < n; i++) await account.balance(ids[i % count]!)()
    },
    [rings[1]]: async (n: number) => {
      for (let i = 0; i < n; i++) await account.fixed(ids[i % count]!)()
    },
    [rings[2]]: async (n: number) => {
      for (let i = 0; i < n; i++) await ofReader(ids[i % count]!)(account)()
    }
  })
  return rings.flatMap((ours) =>
    rowsOf(samples, {
      scenario: 'methods: a hit in memory',
      baseline,
      ours,
      targets: { cpu: undefined, wall: undefined }
    })
  )
}
