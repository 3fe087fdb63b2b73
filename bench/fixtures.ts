/** What is cached in the benchmarks, and the server that it lies in. */
import assert from 'node:assert'

import { Codec, Duration, Policy, ring } from 'fp-ring'
import { redis } from 'fp-ring/redis'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { createClient } from 'redis'

import { anyRedis } from '../__tests__/integration/servers'

export const User = t.type({
  id: t.number,
  name: t.string,
  email: t.string,
  active: t.boolean,
  score: t.number,
  tags: t.array(t.string),
  address: t.type({
    street: t.string,
    city: t.string,
    zip: t.string,
    geo: t.type({ lat: t.number, lng: t.number })
  }),
  bio: t.string,
  createdAt: t.string,
  manager: t.union([t.number, t.null])
})

export type User = t.TypeOf<typeof User>

export const userOf = (id: number): User => ({
  id,
  name: `User number ${String(id)}`,
  email: `user${String(id)}@example.com`,
  active: id % 2 === 0,
  score: id * 1.37,
  tags: ['alpha', 'beta', 'gamma'],
  address: {
    street: `Main street ${String(id)}`,
    city: 'Springfield',
    zip: '12345',
    geo: { lat: 12.34 + id, lng: -45.6 }
  },
  bio: 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do',
  createdAt: '2026-01-01T00:00:00Z',
  manager: id % 3 === 0 ? id : null
})

/** A kilobyte of JSON: a user with some orders. */
export const Account = t.intersection([
  User,
  t.type({ orders: t.array(t.type({ id: t.number, title: t.string, price: t.number, paid: t.boolean })) })
])

export type Account = t.TypeOf<typeof Account>

export const accountOf = (id: number): Account => ({
  ...userOf(id),
  orders: Array.from({ length: 9 }, (_, i) => ({
    id: id * 10 + i,
    title: `Order ${String(i)} of many`,
    price: i * 12.5,
    paid: i % 2 === 0
  }))
})

/** The numbers from 0, in an order that is always the same and looks random. */
export const shuffled = (length: number): ReadonlyArray<number> => {
  const all = Array.from({ length }, (_, i) => i)
  let state = 42
  for (let i = length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const j = state % (i + 1)
    ;[all[i], all[j]] = [all[j]!, all[i]!]
  }
  return all
}

const connect = async (url: string) => {
  const client = createClient({ url })
  client.on('error', (cause) => console.error(cause))
  await client.connect()
  return client
}

export type Client = Awaited<ReturnType<typeof connect>>

/** A ring of accounts over Redis. Every account is there: a load is an error. */
export const accountsIn = (client: Client) =>
  ring((id: number): TE.TaskEither<Error, Account> => TE.left(new Error(`no account ${String(id)}`)), {
    store: redis(client),
    codec: Codec.json(Account),
    key: (id) => `account:${String(id)}`,
    policy: Policy.ttl(Duration.hours(1))
  })

export type Accounts = ReturnType<typeof accountsIn>

/** Runs on a Redis of its own that holds this many accounts. */
export const withAccounts = async <A>(
  count: number,
  use: (client: Client, accounts: Accounts) => Promise<A>
): Promise<A> => {
  const server = await anyRedis()
  const client = await connect(server.url)
  try {
    const accounts = accountsIn(client)
    const stored = await accounts.setMany(
      Array.from({ length: count }, (_, id) => [[id], accountOf(id)] as const)
    )()
    assert.deepStrictEqual(stored, E.right(undefined))
    assert.deepStrictEqual(await accounts(1)(), E.right(accountOf(1)))
    return await use(client, accounts)
  } finally {
    client.destroy()
    await server.stop()
  }
}

export const valueOf = <A>(answer: E.Either<unknown, A>): A => {
  if (E.isLeft(answer)) throw answer.left
  return answer.right
}
