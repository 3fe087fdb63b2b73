/** A hit of 1 KB in Redis, validated, against `GET` and `JSON.parse` by hand on the same client. */
import { type Accounts, type Client, shuffled, valueOf, withAccounts } from './fixtures'
import { compare, rowsOf, type Scenario } from './harness'

const count = 1_000
const ids = shuffled(count)

const getOf =
  (client: Client) =>
  async (id: number): Promise<unknown> =>
    JSON.parse((await client.get(`account:${String(id)}`)) ?? '')

const pair = { baseline: 'GET, JSON.parse', ours: 'ring' } as const

const lone = (client: Client, accounts: Accounts) => {
  const get = getOf(client)
  return compare(
    {
      [pair.baseline]: async (n: number) => {
        for (let i = 0; i < n; i++) await get(ids[i % count]!)
      },
      [pair.ours]: async (n: number) => {
        for (let i = 0; i < n; i++) valueOf(await accounts(ids[i % count]!)())
      }
    },
    { rounds: 41, sampleMs: 100 }
  )
}

const inFlight = (client: Client, accounts: Accounts) => {
  const get = getOf(client)
  return compare(
    {
      [pair.baseline]: async (n: number) => {
        for (let i = 0; i < n; i++) await Promise.all(ids.map((id) => get(id)))
      },
      [pair.ours]: async (n: number) => {
        for (let i = 0; i < n; i++) (await Promise.all(ids.map((id) => accounts(id)()))).forEach(valueOf)
      }
    },
    { rounds: 31, sampleMs: 100 }
  )
}

/** Each of some workers asks for its next account as soon as it has one. */
const closedLoop = (client: Client, accounts: Accounts, workers: number) => {
  const get = getOf(client)
  const all = Array.from({ length: workers }, (_, i) => i)
  return compare(
    {
      [pair.baseline]: (n: number) =>
        Promise.all(
          all.map(async (worker) => {
            for (let i = worker; i < n; i += workers) await get(ids[i % count]!)
          })
        ),
      [pair.ours]: (n: number) =>
        Promise.all(
          all.map(async (worker) => {
            for (let i = worker; i < n; i += workers) valueOf(await accounts(ids[i % count]!)())
          })
        )
    },
    { rounds: 31, sampleMs: 50 }
  )
}

export const redis: Scenario = () =>
  withAccounts(count, async (client, accounts) => [
    ...rowsOf(await lone(client, accounts), {
      ...pair,
      scenario: 'redis: a lone hit',
      targets: { cpu: 1.1, wall: 1.1 }
    }),
    ...rowsOf(await closedLoop(client, accounts, 10), {
      ...pair,
      scenario: 'redis: 10 workers',
      targets: { cpu: undefined, wall: undefined }
    }),
    ...rowsOf(await closedLoop(client, accounts, 100), {
      ...pair,
      scenario: 'redis: 100 workers',
      targets: { cpu: undefined, wall: undefined }
    }),
    ...rowsOf(await inFlight(client, accounts), {
      ...pair,
      scenario: 'redis: 1,000 hits in flight',
      parts: count,
      targets: { cpu: 0.5, wall: undefined }
    })
  ])
