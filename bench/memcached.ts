/**
 * A hit of 1 KB in memcached, validated, against `mg` and `JSON.parse` by hand on the same client; and memjs, which
 * speaks the binary protocol, by hand too.
 */
import assert from 'node:assert'

import { Codec, Duration, Policy, ring } from 'fp-ring'
import { memcached as memcachedStore, memcachedClient } from 'fp-ring/memcached'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { Client as MemJs } from 'memjs'

import { anyMemcached, hostOf } from '../__tests__/integration/servers'
import { Account, accountOf, shuffled, valueOf } from './fixtures'
import { compare, rowsOf, type Samples, type Scenario } from './harness'

const count = 1_000
const ids = shuffled(count)

const names = { baseline: 'mg, JSON.parse', memjs: 'memjs, JSON.parse', ours: 'ring' } as const

type Get = (id: number) => Promise<unknown>

/** Each of some workers asks for its next account as soon as it has one. */
const workers =
  (get: Get, many: number) =>
  (n: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: many }, async (_, worker) => {
        for (let i = worker; i < n; i += many) await get(ids[i % count]!)
      })
    )

const inFlight =
  (get: Get) =>
  async (n: number): Promise<void> => {
    for (let i = 0; i < n; i++) await Promise.all(ids.map(get))
  }

/** Ours, and memjs beside it, against the same baseline. */
const rows = (
  samples: Samples<(typeof names)[keyof typeof names]>,
  scenario: string,
  target: number | undefined,
  parts = 1
) => [
  ...rowsOf(samples, { scenario, ...names, parts, targets: { cpu: target, wall: target } }),
  ...rowsOf(samples, {
    scenario,
    baseline: names.baseline,
    ours: names.memjs,
    parts,
    targets: { cpu: undefined, wall: undefined }
  })
]

/** 0.9 of the throughput is 1 / 0.9 of the time. */
const target = 1.11

export const memcached: Scenario = async () => {
  const server = await anyMemcached()
  const made = memcachedClient({ servers: [hostOf(server.url)] })
  const memjs = MemJs.create(hostOf(server.url))
  const [one] = made.servers
  const accounts = ring(
    (id: number): TE.TaskEither<Error, Account> => TE.left(new Error(`no account ${String(id)}`)),
    {
      store: memcachedStore(made),
      codec: Codec.json(Account),
      key: (id) => `account:${String(id)}`,
      policy: Policy.ttl(Duration.hours(1))
    }
  )
  const parsed = (value: Uint8Array | null | undefined): unknown =>
    JSON.parse(Buffer.from(value!.buffer, value!.byteOffset, value!.byteLength).toString())
  const gets: Readonly<Record<(typeof names)[keyof typeof names], Get>> = {
    [names.baseline]: async (id) =>
      parsed((await one!.ask([{ command: 'mg', key: `account:${String(id)}`, flags: 'v' }]))[0]!.value),
    [names.memjs]: async (id) => parsed((await memjs.get(`account:${String(id)}`)).value),
    [names.ours]: async (id) => valueOf(await accounts(id)())
  }
  const loops = (loop: (get: Get) => (n: number) => Promise<unknown>) => ({
    [names.baseline]: loop(gets[names.baseline]),
    [names.memjs]: loop(gets[names.memjs]),
    [names.ours]: loop(gets[names.ours])
  })
  try {
    const entries = Array.from({ length: count }, (_, id) => [[id], accountOf(id)] as [[number], Account])
    assert.deepStrictEqual(await accounts.setMany(entries)(), E.right(undefined))
    for (const get of Object.values(gets)) assert.deepStrictEqual(await get(1), accountOf(1))
    const options = { rounds: 31, sampleMs: 60 }
    return [
      ...rows(
        await compare(
          loops((get) => workers(get, 1)),
          options
        ),
        'memcached: a lone hit',
        target
      ),
      ...rows(
        await compare(
          loops((get) => workers(get, 100)),
          options
        ),
        'memcached: 100 workers',
        target
      ),
      ...rows(await compare(loops(inFlight), options), 'memcached: 1,000 hits in flight', target, count)
    ]
  } finally {
    await made.close()
    memjs.close()
    await server.stop()
  }
}
