/**
 * The protocol of leases in memcached, by every order of single commands that the scheduler comes upon; and variants of
 * it that lack something, each of which must be caught.
 */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { none, some } from 'fp-ts/Option'

import * as D from '../../../src/Duration'
import {
  memcached,
  type MemcachedClient,
  memcachedClient,
  type MemcachedRequest,
  type MemcachedServer,
  type OwnMemcachedClient
} from '../../../src/stores/memcached'
import { anyMemcached, hostOf, randomNamespace, sleep } from '../../integration/servers'
import { runs } from '../../runs'
import { type History, isCurrent, loader, overrider, right, updater } from './actors'
import { broken, type Fault, makeModel } from './model'

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
  const history: History = { overrides: [], loads: 0 }
  const times = (n: number, actor: () => Promise<unknown>): ReadonlyArray<Promise<unknown>> =>
    Array.from({ length: n }, actor)
  const writing = async (): Promise<void> => {
    const view = server.view()
    for (const removes of plan.writes) await overrider(view, history, removes)
  }
  const evicting = async (): Promise<void> => {
    for (const place of plan.evictions) {
      await pause()
      const name = Array.from(server.items.keys())[place]
      if (name !== undefined) server.items.delete(name)
    }
  }
  const all = Promise.all([
    ...times(plan.loaders, () => loader(server.view(), history, pause)),
    ...times(plan.updaters, () => updater(server.view(), pause)),
    writing(),
    evicting()
  ])
  await s.waitFor(all)
  isQuiet = true
  return isCurrent(server.view(), history)
}

const property = (fault?: Fault) =>
  fc.asyncProperty(fc.scheduler(), plans, (s, plan) => runPlan(s, plan, fault))

describe('what was loaded before an override ended is not stored after it', () => {
  test('law 25: in no order of commands, with evictions', async () => {
    await fc.assert(property(), { numRuns: runs(3_000) })
  }, 60_000)

  // each of these lacks one thing, and some order of commands shows it
  const faults: Readonly<Record<Fault, number>> = {
    condition: 3_000,
    placeholder: 3_000,
    block: 3_000,
    again: 3_000
  }
  for (const [fault, numRuns] of Object.entries(faults)) {
    test(`a protocol without the ${fault} is caught`, async () => {
      // SAFETY: the keys of the record
      const checked = await fc.check(property(fault as Fault), { numRuns, endOnFailure: true, seed: 1 })
      expect(checked.failed).toBe(true)
      expect(String(checked.errorInstance)).toContain('returning false')
    }, 60_000)
  }
})

test('law 22: of those who load at once one does, in every order of commands', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), async (s, n) => {
      const pause = (): Promise<unknown> => s.schedule(Promise.resolve())
      const server = makeModel(pause)
      const history: History = { overrides: [], loads: 0 }
      const all = Promise.all(Array.from({ length: n }, () => loader(server.view(), history, pause)))
      await s.waitFor(all)
      const stored = await all
      return history.loads === 1 && stored.filter(Boolean).length === 1
    }),
    { numRuns: 500 }
  )
}, 60_000)

// -------------------------------------------------------------------------------------
// a real server
// -------------------------------------------------------------------------------------

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const isFenced = ({ command, flags = '' }: MemcachedRequest): boolean => command === 'ms' && /^C/.test(flags)

/** A client whose commands come one by one, with others' in between; broken, where a fault is given. */
const loosened = (made: OwnMemcachedClient, fault?: Fault): MemcachedClient => {
  const [server] = made.servers
  if (server === undefined) throw new Error('there is a server')
  const oneByOne =
    (ask: MemcachedServer['ask']): MemcachedServer['ask'] =>
    async (requests) => {
      const replies = []
      for (const request of requests) {
        // between the look and the write of a commit is the time for others
        await (isFenced(request) ? sleep(Math.random() * 5) : soon())
        const given = broken(fault, request)
        const [reply] = 'status' in given ? [given] : await ask([given])
        const isNone = fault === 'placeholder' && request.flags === 'c' && reply?.status === 'EN'
        replies.push(isNone ? { ...reply, status: 'HD', flags: 'c0' } : reply!)
      }
      return replies
    }
  const loose: MemcachedServer = {
    ask: oneByOne(server.ask),
    session: async () => ({ ask: oneByOne((await server.session()).ask) }),
    lines: server.lines
  }
  return { servers: [loose], serverOf: () => loose }
}

/** How many of the rounds end with what was loaded before the last change of a source. A fault is looked for until it shows. */
const staleRounds = async (rounds: number, fault?: Fault): Promise<number> => {
  const server = await anyMemcached()
  const clients = Array.from({ length: 6 }, () => memcachedClient({ servers: [hostOf(server.url)] }))
  const namespace = randomNamespace()
  const stores = clients.map((made) =>
    memcached(loosened(made, fault), { namespace, timeout: D.seconds(10) })
  )
  let stale = 0
  let token = 0
  for (let round = 0; round < rounds && (fault === undefined || stale === 0); round++) {
    const key = String(round)
    let version = 0
    const text = (n: number): Uint8Array => new Uint8Array(Buffer.from(String(n)))
    const load = async (store: (typeof stores)[number], seizes: boolean): Promise<void> => {
      const mine = String(token++)
      await soon()
      if (seizes) right(await store.leases.seize(key, mine, D.minutes(1))())
      else if (right(await store.leases.acquire(key, mine, D.minutes(1), D.zero)())._tag !== 'Won') return
      const seen = version
      await soon()
      right(await store.leases.commit(key, mine, some(text(seen)), D.minutes(1))())
    }
    const change = async (store: (typeof stores)[number]): Promise<void> => {
      await sleep(Math.random() * 6)
      version++
      right(await store.leases.override([[key, none, D.zero]])())
    }
    await Promise.all(stores.map((store, i) => (i < 2 ? change(store) : load(store, i === 5))))
    const found = right(await stores[0]!.get(key)())
    if (found._tag === 'Some' && Buffer.from(found.value).toString() !== String(version)) stale++
  }
  await Promise.all(clients.map((made) => made.close()))
  await server.stop()
  return stale
}

describe('on a real server, over several connections', () => {
  test('law 25: nothing that was loaded before a change is left after it', async () => {
    expect(await staleRounds(300)).toBe(0)
  }, 60_000)

  for (const fault of ['condition', 'placeholder'] as const) {
    test(`a protocol without the ${fault} is caught`, async () => {
      // a busy machine has few rounds in which everything happens at once
      expect(await staleRounds(4_000, fault)).toBeGreaterThan(0)
    }, 120_000)
  }
})
