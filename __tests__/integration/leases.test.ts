/**
 * Laws 21, 22 and 25 for real processes over one real Redis, or one real memcached: a cold key is loaded once in the whole fleet, also when
 * processes are killed or frozen in the middle of a load; and whatever happens at once, no key ends stale.
 *
 * `ROUNDS` says how many races there are in Redis, `KILLS` how many rounds with kills.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { createClient } from 'redis'

import { runs } from '../runs'
import { type Fleet, type Member, startFleet } from './leases/fleet'
import type { Answers, Jobs, Loaded, Write } from './leases/jobs'
import { anyMemcached, anyRedis, hostOf, randomNamespace, sleep } from './servers'

jest.setTimeout(600_000)

const size = 8

const random = (n: number): number => Math.floor(Math.random() * n)
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const idsOf = (what: string, n: number): ReadonlyArray<string> =>
  Array.from({ length: n }, (_, i) => `${what}/${String(i)}`)
const most = (all: ReadonlyArray<number>): number => all.reduce((x, y) => Math.max(x, y), 0)
const sum = (all: ReadonlyArray<number>): number => all.reduce((x, y) => x + y, 0)

const connect = (url: string) => createClient({ url })

const texts = (values: ReadonlyArray<Loaded>): ReadonlyArray<string> =>
  Array.from(new Set(values.map((value) => JSON.stringify(value))))

const valuesFor = (id: string, answers: ReadonlyArray<Answers>): ReadonlyArray<Loaded> =>
  answers.flatMap((one) => (one.id === id ? one.values : []))

/** When all processes begin: in a moment. */
const soon = (): number => Date.now() + 30

interface Outcome {
  readonly loads: number
  readonly calls: number
  /** Keys that end with something older than the truth. */
  readonly staleEnds: number
  /** Answers that are older than what was acknowledged when they were asked for, by what had been acknowledged. */
  readonly stale: Readonly<Record<Write, number>>
  /** Keys that end with a value. */
  readonly full: number
}

interface Backend {
  readonly name: string
  readonly races: number
  readonly killings: number
  /** How long the leases last at most that are lost here. */
  readonly ttl: number
  /** Starts what the cache is in, where that is not Redis: its address, and what stops it. */
  readonly start: () => Promise<{ readonly at: string; readonly stop: () => Promise<void> }>
}

const backends: ReadonlyArray<Backend> = [
  {
    name: 'Redis',
    races: Number(process.env['ROUNDS'] ?? runs(6_000)),
    killings: Number(process.env['KILLS'] ?? 2),
    ttl: 500,
    start: () => Promise.resolve({ at: '', stop: () => Promise.resolve() })
  },
  {
    // it counts whole seconds, by a clock that ticks once a second
    name: 'memcached',
    races: runs(3_000),
    killings: 1,
    ttl: 2_000,
    start: async () => {
      const server = await anyMemcached()
      return { at: hostOf(server.url), stop: () => server.stop() }
    }
  }
]

describe.each(backends)('$name', ({ killings, name, races, start, ttl }) => {
  let server: Awaited<ReturnType<typeof anyRedis>> | undefined
  let cache: Awaited<ReturnType<Backend['start']>> | undefined
  let raw: ReturnType<typeof connect>
  let fleet: Fleet

  beforeAll(async () => {
    server = await anyRedis()
    raw = connect(server.url)
    raw.on('error', () => undefined)
    await raw.connect()
    cache = await start()
    fleet = await startFleet(size, server.url, namespace, cache.at)
  })
  afterAll(async () => {
    await fleet?.end()
    for await (const keys of raw.scanIterator({ MATCH: `*${namespace}*`, COUNT: 1_000 }))
      if (keys.length > 0) await raw.unlink(keys)
    raw.destroy()
    await server?.stop()
    await cache?.stop()
  })

  const namespace = randomNamespace()

  /** The processes that have begun a load of a key. */
  const loadsOf = (id: string): Promise<ReadonlyArray<number>> =>
    raw.lRange(`${namespace}loads/${id}`, 0, -1).then((pids) => pids.map(Number))

  // -------------------------------------------------------------------------------------
  // one load
  // -------------------------------------------------------------------------------------

  test('law 22: 8 processes with 50 callers each load a cold key once, and all have that value', async () => {
    const start = Date.now()
    const tails: Array<number> = []
    let keys = 0
    for (let round = 0; round < 10; round++) {
      const ids = idsOf(`one/${String(round)}`, 1 + round)
      keys += ids.length
      const asked = { of: 'steady', ids, ms: 100, callers: 50, at: soon() } as const
      const done = await Promise.all(fleet.living().map((one) => one.ask('call', asked)))
      const answers = done.flatMap((one) => one.answers)
      for (const id of ids) {
        const values = valuesFor(id, answers)
        expect(values).toHaveLength(size * 50)
        expect(texts(values)).toHaveLength(1)
        expect(await loadsOf(id)).toHaveLength(1)
      }
      for (const { at, values } of answers) tails.push(at - (values[0]?.ended ?? 0))
    }
    say(
      `${name}: law 22: ${keys} keys, ${keys} loads for ${
        keys * size * 50
      } callers; the last answer at most ${most(tails)} ms ` + `after its load; ${Date.now() - start} ms`
    )
  })

  test('law 22: bulk lookups of all processes load each cold key once', async () => {
    const start = Date.now()
    const rounds = 5
    for (let round = 0; round < rounds; round++) {
      const ids = idsOf(`many/${String(round)}`, 12)
      const asked = { ids, ms: 100, callers: 5, at: soon() }
      const done = await Promise.all(fleet.living().map((one) => one.ask('callMany', asked)))
      const answers = done.flat(2)
      for (const id of ids) {
        const values = answers.flatMap((one) => (one.id === id ? [one.answer] : []))
        expect(values).toHaveLength(size * 5)
        expect(texts(values)).toHaveLength(1)
        expect(await loadsOf(id)).toHaveLength(1)
      }
    }
    say(`${name}: law 22: ${rounds * 12} keys in bulk, as many loads; ${Date.now() - start} ms`)
  })

  // -------------------------------------------------------------------------------------
  // processes that are killed, or frozen
  // -------------------------------------------------------------------------------------

  /**
   * How long one may wait beside a load, after its holder has gone: until the lease ends, and until one looks again. The
   * rest is the machine: there are a few round trips on the way.
   */
  const longest = (lag: number): number => ttl + 250 + 2 * lag

  test('law 22 and 25: a holder that is killed costs a load, and nobody waits longer than its lease', async () => {
    const start = Date.now()
    const ms = 300
    const takeovers: Array<number> = []
    const waits: Array<number> = []
    const lags: Array<number> = []
    let [keys, kills, hits, loads] = [0, 0, 0, 0]
    for (let round = 0; round < killings; round++) {
      const ids = idsOf(`kill/${String(round)}`, 6)
      const crew = fleet.living()
      expect(crew).toHaveLength(size)
      const killed = new Map<number, number>()
      const replacements: Array<Promise<Member>> = []
      const kill = async (pid: number): Promise<void> => {
        await sleep(random(ms))
        killed.set(pid, Date.now())
        crew.find((one) => one.pid === pid)?.kill()
        replacements.push(fleet.start())
      }
      const target = ids[random(ids.length)]
      const first = fleet.began(({ id }) => id === target)
      const asked = { of: 'brittle', ids, ms, callers: 10, at: soon() } as const
      const all = Promise.all(crew.map((one) => one.ask('call', asked).catch(() => undefined)))
      await kill((await first).pid)
      // whoever has taken over one of its keys is killed, too
      const second = await Promise.race([fleet.began(({ id }) => ids.includes(id)), all])
      if ('pid' in second) await kill(second.pid)
      const survivors = (await all).flatMap((done) => (done === undefined ? [] : [done]))
      expect(survivors).toHaveLength(size - killed.size)
      const answers = survivors.flatMap((one) => one.answers)
      const lag = most(survivors.map((one) => one.lag))
      const fresh = await Promise.all(replacements)
      const late = (await Promise.all(fresh.map((one) => one.ask('call', asked)))).flatMap(
        (one) => one.answers
      )
      const there = await fresh[0]?.ask('get', { of: 'brittle', ids })
      kills += killed.size
      keys += ids.length
      lags.push(lag)
      for (const [i, id] of ids.entries()) {
        const begun = await loadsOf(id)
        const victims = begun.filter((pid) => killed.has(pid))
        loads += begun.length
        hits += victims.length
        // no more loads than one, and one for each holder that was killed
        expect(begun.length - victims.length).toBeLessThanOrEqual(1)
        expect(new Set(begun).size).toBe(begun.length)
        const values = [...valuesFor(id, answers), ...valuesFor(id, late)]
        expect(texts(values)).toEqual([JSON.stringify(there?.[i])])
        const [value] = values
        if (value === undefined || victims.length === 0 || killed.has(value.pid)) continue
        // whoever was killed last may have held it, too, and not have come to say that it began
        const last = most(Array.from(killed.values()).filter((at) => at <= value.began))
        takeovers.push(value.began - last)
        for (const one of answers) if (one.id === id) waits.push(one.at - last - (value.ended - value.began))
        expect(most(takeovers)).toBeLessThanOrEqual(longest(lag))
        expect(most(waits)).toBeLessThanOrEqual(longest(lag))
      }
    }
    expect(kills).toBeGreaterThanOrEqual(killings)
    say(
      `${name}: law 22 and 25: ${keys} keys, ${kills} kills, ${hits} of a holder of one of them; ${loads} loads; after a kill the ` +
        `next load began within ${most(takeovers)} ms, and all were answered within ${most(
          waits
        )} ms and its own time ` +
        `(lease: ${ttl} ms, lag: ${most(lags)} ms); ${Date.now() - start} ms`
    )
  })

  test('law 25: a holder that is frozen past its lease stores nothing; its caller has its value', async () => {
    const start = Date.now()
    const [holder, other, ...others] = fleet.living() as [Member, Member, ...Array<Member>]
    const [taken, set, deleted, updated] = [
      'freeze/taken',
      'freeze/set',
      'freeze/deleted',
      'freeze/updated'
    ] as const
    const ids = [taken, set, deleted]
    const ms = 600
    await other.ask('call', { of: 'brittle', ids: [updated], ms: 1, callers: 1, at: 0 })
    await sleep(100)
    const began = Promise.all([...ids, updated].map((id) => fleet.began((one) => one.id === id)))
    const updating = holder.ask('change', { of: 'brittle', how: 'update', id: updated, ms })
    const held = holder.ask('call', { of: 'brittle', ids, ms, callers: 10, at: 0 })
    await began
    const joins = holder.ask('call', { of: 'brittle', ids, ms, callers: 5, at: 0 })
    await sleep(30 + random(ms / 4))
    const frozen = Date.now()
    holder.freeze()
    const value: Loaded = { n: 0, pid: 0, began: 0, ended: 0 }
    await other.ask('change', { of: 'brittle', how: 'set', id: set, ms, value })
    await other.ask('change', { of: 'brittle', how: 'delete', id: deleted, ms })
    const asked = { of: 'brittle', ids: [taken, set], ms, callers: 10, at: 0 } as const
    const done = await Promise.all([other, ...others].map((one) => one.ask('call', asked)))
    const answers = done.flatMap((one) => one.answers)
    const newer = valuesFor(taken, answers)[0]
    const waited = (newer?.began ?? 0) - frozen
    // a process that gets no time for as long as a lease lasts loses it, too
    const lag = most(done.map((one) => one.lag))
    if (lag < ttl / 4) expect(texts(valuesFor(taken, answers))).toHaveLength(1)
    expect(newer?.n).toBeGreaterThanOrEqual(2)
    expect(texts(valuesFor(set, answers))).toEqual([JSON.stringify(value)])
    expect(waited).toBeLessThanOrEqual(longest(lag))
    holder.thaw()
    const own = (await held).answers
    // who asked before the function began has what it brought
    for (const [i] of ids.entries()) {
      const [mine] = own[i]?.values ?? []
      expect(mine).toMatchObject({ n: 1, pid: holder.pid })
      expect(texts(own[i]?.values ?? [])).toEqual([JSON.stringify(mine)])
    }
    // who asked later has looked again
    const later = (await joins).answers
    for (const [i, after] of [newer, value].entries())
      expect(texts(later[i]?.values ?? [])).toEqual([JSON.stringify(after)])
    await updating
    const isFaulted = (await holder.ask('events', { id: deleted }))['Fault'] !== undefined
    for (const one of [holder, other]) {
      const there = await one.ask('get', { of: 'brittle', ids })
      expect(there.slice(0, 2)).toEqual([newer, value])
      // who had joined the load of the deleted one has loaded it anew. It is stored, unless the holder was told a fault: a
      // request that was on its way when the process was frozen is late
      if (!isFaulted || there[2] !== null) expect(there[2]).toMatchObject({ n: 2 })
      // an update that was not stored leaves nothing older behind
      expect(await one.ask('get', { of: 'brittle', ids: [updated] })).toEqual([null])
    }
    for (const id of [taken, set, updated]) {
      const told = await holder.ask('events', { id })
      expect([told['Store'], told['Discard']]).toEqual([undefined, 1])
    }
    expect(await Promise.all([...ids, updated].map(async (id) => (await loadsOf(id)).length))).toEqual([
      2, 1, 2, 2
    ])
    say(
      `${name}: law 25: a frozen holder: the next load began after ${waited} ms (lease: ${ttl} ms); ${
        Date.now() - start
      } ms`
    )
  })

  // -------------------------------------------------------------------------------------
  // races with writers
  // -------------------------------------------------------------------------------------

  /**
   * Each round is a key with 8 readers, two in each of four processes, and 2 writers, one of them in a process that does not
   * read; many rounds go at once.
   */
  const race = async (
    of: Jobs['round'][0]['of'],
    rounds: number,
    kinds: ReadonlyArray<Write>
  ): Promise<Outcome> => {
    const crew = fleet.living()
    const [calls, atOnce] = [3, 200]
    const total = { loads: 0, staleEnds: 0, full: 0, stale: { delete: 0, set: 0, update: 0, purge: 0 } }
    for (let batch = 0; batch < rounds; batch += atOnce) {
      const ids = idsOf(`${of}/${String(batch)}`, Math.min(atOnce, rounds - batch))
      const done = await Promise.all(
        crew.map((one, place) => {
          const seat = (i: number): number => (place + i) % size
          const reads = ids.flatMap((id, i) => (seat(i) < 4 ? [id, id] : []))
          // half of the rounds know no turns, and so no `set`
          const writes = ids.flatMap((id, i) =>
            seat(i) === 0 || seat(i) === 5 ? [{ id, turns: i % 2 === 0 }] : []
          )
          return one.ask('round', { of, calls, kinds, reads, writes }, 60_000)
        })
      )
      const ends = (await crew[random(crew.length)]?.ask('ends', { of, ids })) ?? []
      expect(ends).toHaveLength(ids.length)
      total.loads += sum(done.map((one) => one.loads))
      for (const how of kinds) total.stale[how] += sum(done.map((one) => one.stale[how]))
      total.full += ends.filter(({ cached }) => cached !== null).length
      total.staleEnds += ends.filter(({ cached, truth }) => cached !== null && cached !== truth).length
    }
    return { ...total, calls: rounds * size * calls }
  }

  const report = (what: string, rounds: number, start: number, outcome: Outcome): void =>
    say(
      `${name}: law 21: ${what}: ${rounds} rounds, ${outcome.calls} calls, ${outcome.loads} loads; ${outcome.full} rounds end with a ` +
        `value, ${outcome.staleEnds} stale; stale answers, by what was done before: ${JSON.stringify(
          outcome.stale
        )}; ` +
        `${Date.now() - start} ms`
    )

  test('law 21 and 22: readers and writers in 8 processes, and no key ends stale', async () => {
    const start = Date.now()
    const outcome = await race('leased', races, ['delete', 'set', 'update', 'purge'])
    report('with leases', races, start, outcome)
    expect(outcome.staleEnds).toBe(0)
    expect(outcome.stale).toMatchObject({ delete: 0, set: 0, update: 0, purge: 0 })
    // it is a cache still
    expect(outcome.full).toBeGreaterThan(races / 2)
  })

  test('law 21 and 22: without leases keys end stale', async () => {
    const start = Date.now()
    let rounds = 0
    let outcome: Outcome | undefined
    // a busy machine may be lucky for a while
    while (rounds < 4_000 && (outcome === undefined || outcome.staleEnds === 0)) {
      outcome = await race('unleased', 400, ['delete', 'set', 'update'])
      rounds += 400
    }
    if (outcome !== undefined) report('without', 400, start, outcome)
    expect(outcome?.staleEnds).toBeGreaterThan(0)
  })
})
