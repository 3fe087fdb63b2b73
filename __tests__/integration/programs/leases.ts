/**
 * One process of a fleet that shares a cache in Redis, or in memcached where its address is given: it has its own
 * connections and rings, does the jobs that its parent sends, and writes down in Redis, beside the cache, every load that
 * it begins. It ends when its parent does.
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as RA from 'fp-ts/ReadonlyArray'
import type * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { createClient } from 'redis'

import type { RingEvent } from '../../../src'
import { Codec, Duration, Policy, ring, type Store } from '../../../src'
import { memcached, memcachedClient } from '../../../src/stores/memcached'
import { redis } from '../../../src/stores/redis'
import type { Began, Job, Jobs, Loaded, Reply, Request, Write } from '../leases/jobs'

const [url = '', namespace = '', memcachedAt = ''] = process.argv.slice(2)

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const random = (n: number): number => Math.floor(Math.random() * n)
const times = <A>(n: number, f: (i: number) => Promise<A>): Promise<ReadonlyArray<A>> =>
  Promise.all(Array.from({ length: n }, (_, i) => f(i)))
const tell = (message: Began | Reply): void => void process.send?.(message)

// the connection of the rings, and that of the truth, which overtake each other
const client = createClient({ url })
const raw = createClient({ url })
raw.on('error', () => undefined)
const beside = (what: 'loads' | 'truth' | 'acknowledged' | 'turn', id: string): string =>
  `${namespace}${what}/${id}`

// a busy machine is no fault of the store
const timeout = Duration.seconds(10)
const store: Store.Store<Uint8Array> & Store.Leasing<Uint8Array> =
  memcachedAt === ''
    ? redis(client, { namespace, timeout })
    : memcached(memcachedClient({ servers: [memcachedAt], timeout }), { namespace, timeout })

const told = new Map<string, number>()
const observe = (event: RingEvent.RingEvent) => () => {
  const what = `${event.key} ${event._tag}`
  told.set(what, (told.get(what) ?? 0) + 1)
}

// -------------------------------------------------------------------------------------
// rings whose loads are counted
// -------------------------------------------------------------------------------------

/** A load takes so long, and is announced when it begins. */
const load = (id: string, ms: number): TE.TaskEither<never, Loaded> => {
  return async () => {
    const began = Date.now()
    const n = await raw.rPush(beside('loads', id), String(process.pid))
    tell({ _tag: 'Began', id, n, pid: process.pid })
    await sleep(ms)
    return E.right({ n, pid: process.pid, began, ended: Date.now() })
  }
}

const codec = Codec.json(t.type({ n: t.number, pid: t.number, began: t.number, ended: t.number }))
const key = (id: string): string => id

const steady = ring(load, { store, codec, key, observe, policy: Policy.lease() })
/** Whose holders are killed. */
const brittle = ring(load, {
  store,
  codec,
  key,
  observe,
  policy: Policy.lease({ ttl: Duration.milliseconds(500) })
})
const together = ring(load, {
  store,
  codec,
  key,
  observe,
  policy: Policy.lease(),
  batchEach: (argsList) => () => Promise.all(argsList.map((args) => load(...args)()))
})
const rings = { steady, brittle }

// -------------------------------------------------------------------------------------
// rings that race with writers
// -------------------------------------------------------------------------------------

let loads = 0
const latest = async (id: string): Promise<number> => Number((await raw.get(beside('truth', id))) ?? 0)

/** What lies behind the cache: a version for each key. */
const version = (id: string): TE.TaskEither<never, number> => {
  return async () => {
    loads++
    const value = await latest(id)
    await sleep(random(4))
    return E.right(value)
  }
}
const versions = Codec.json(t.number)

const leased = ring(version, {
  store,
  codec: versions,
  key,
  policy: Policy.lease(),
  tags: (id) => [`of ${id}`]
})
/** The control: processes that know nothing of each other. */
const unleased = ring(version, { store, codec: versions, key })
const racing = { leased, unleased }

const failed = (what: string, cause: unknown): never => {
  throw new Error(`${what} failed`, { cause })
}

const changes: Readonly<
  Record<Write, (cached: typeof leased, id: string, value: number) => TE.TaskEither<unknown, unknown>>
> = {
  delete: (cached, id) => cached.delete(id),
  set: (cached, id, value) => cached.set(value)(id),
  update: (cached, id) => cached.update(id),
  purge: (cached, id) => cached.purge(`of ${id}`)
}

/** One who has a turn is alone in changing the truth until the cache knows of it, as by the lock of a row. */
const inTurn = async (id: string, change: () => Promise<void>): Promise<void> => {
  const turn = beside('turn', id)
  while (
    (await raw.set(turn, 'taken', { condition: 'NX', expiration: { type: 'PX', value: 20_000 } })) === null
  )
    await sleep(1 + random(4))
  await change()
  await raw.del(turn)
}

// -------------------------------------------------------------------------------------
// jobs
// -------------------------------------------------------------------------------------

/** All processes begin at the same time. */
const until = (at: number): Promise<void> => sleep(Math.max(0, at - Date.now()))

/** How much too late the worst of many short waits for the clock and for Redis has ended. */
const metronome = (): (() => Promise<number>) => {
  let [worst, going] = [0, true]
  const beat = async (): Promise<void> => {
    while (going) {
      const began = performance.now()
      await Promise.all([sleep(10), raw.ping()])
      worst = Math.max(worst, performance.now() - began - 10)
    }
  }
  const done = beat()
  return async () => {
    going = false
    await done
    return Math.ceil(worst)
  }
}

const right = <A>(answer: E.Either<unknown, A>): A =>
  E.isRight(answer) ? answer.right : failed('a call', answer.left)

const jobs: { readonly [K in keyof Jobs]: (asked: Jobs[K][0]) => Promise<Jobs[K][1]> } = {
  call: async ({ at, callers, ids, ms, of }) => {
    await until(at)
    const lag = metronome()
    const answers = await times(ids.length, async (i) => {
      const id = ids[i] ?? ''
      const values = await times(callers, async () => right(await rings[of](id, ms)()))
      return { id, values, at: Date.now() }
    })
    return { answers, lag: await lag() }
  },
  callMany: async ({ at, callers, ids, ms }) => {
    await until(at)
    return times(callers, async () => {
      // everybody in an order of his own, so that each finds some leased and some not
      const order = [...ids].sort(() => Math.random() - 0.5)
      const answers = right(await together.getOrUpdateMany(order.map((id) => [id, ms] as const))())
      return order.map((id, i) => ({ id, answer: right(answers[i] ?? E.left('no answer')) }))
    })
  },
  change: async ({ how, id, ms, of, value }) => {
    const cached = rings[of]
    if (how === 'delete') right(await cached.delete(id, ms)())
    else if (how === 'update') right(await cached.update(id, ms)())
    else if (value !== undefined) right(await cached.set(value)(id, ms)())
    return null
  },
  get: async ({ ids, of }) =>
    times(ids.length, async (i) => O.toNullable(right(await rings[of].get(ids[i] ?? '', 0)()))),
  events: async ({ id }) =>
    Object.fromEntries(
      [...told].flatMap(([what, n]) => (what.startsWith(`${id} `) ? [[what.slice(id.length + 1), n]] : []))
    ),
  round: async ({ calls, kinds, of, reads, writes }) => {
    const cached = racing[of]
    const before = loads
    const stale = { delete: 0, set: 0, update: 0, purge: 0 }
    const change = async (id: string, how: Write): Promise<void> => {
      const value = await raw.incr(beside('truth', id))
      right(await changes[how](cached, id, value)())
      await raw.hSet(beside('acknowledged', id), { value, how })
    }
    const reader = async (id: string): Promise<void> => {
      for (let i = 0; i < calls; i++) {
        await sleep(random(8))
        const { how, value } = await raw.hGetAll(beside('acknowledged', id))
        if (right(await cached(id)()) < Number(value ?? 0)) stale[how as Write]++
      }
    }
    const writer = async (id: string, turns: boolean): Promise<void> => {
      for (let i = 0; i < calls; i++) {
        await sleep(random(8))
        const how = kinds[random(kinds.length)] ?? 'delete'
        if (turns) await inTurn(id, () => change(id, how))
        // who sets what is not the latest version any more makes a stale end by his own hand
        else await change(id, how === 'set' ? 'delete' : how)
      }
    }
    await Promise.all([...reads.map(reader), ...writes.map(({ id, turns }) => writer(id, turns))])
    return { loads: loads - before, stale }
  },
  ends: async ({ ids, of }) => {
    const cached = right(await racing[of].getMany(ids.map((id) => [id] as const))())
    const truth = await times(ids.length, (i) => latest(ids[i] ?? ''))
    return RA.zip(truth, cached.map(O.toNullable)).map(([there, here]) => ({ cached: here, truth: there }))
  }
}

const run = <K extends keyof Jobs>({ asked, kind }: Job<K>): Promise<Jobs[K][1]> => jobs[kind](asked)

process.on('message', ({ job, place }: Request) => {
  run(job).then(
    (answer) => tell({ _tag: 'Done', place, answer }),
    (cause: unknown) =>
      tell({
        _tag: 'Failed',
        place,
        why: cause instanceof Error ? `${String(cause)}: ${String(cause.cause)}` : String(cause)
      })
  )
})
process.on('disconnect', () => process.exit())

void Promise.all([client.connect(), raw.connect()]).then(() => tell({ _tag: 'Done', place: 0, answer: null }))
