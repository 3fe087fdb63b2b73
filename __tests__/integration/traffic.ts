/**
 * Programs that read and write the same keys through rings and tiers while their servers fail, and what they see: values of
 * another key, values older than what was acknowledged before the read began, errors, and how long the function is kept from
 * its callers.
 *
 * Of each key there is one writer, who writes 1, 2, 3, … What was acknowledged by a master that died before its replica had
 * it is lost, as Redis' replication is asynchronous: after a failover such reads are counted apart.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { Codec, dict, Duration, Policy, ring, Store } from '../../src'
import { redis, tracking } from '../../src/stores/redis'
import type { FeedOptions, RedisClient, RedisFeed } from '../../src/stores/redis/model'
import { sleep } from './servers'

const ms = Duration.milliseconds

export interface Ack {
  readonly seq: number
  readonly begun: number
  readonly ended: number
}

/** A server, or a shard, that has failed: the keys that it had, when, and when somebody was in its place. */
export interface Failure {
  readonly owns: (key: string) => boolean
  readonly begun: number
  readonly promoted: number
  /** Since when nobody has written to the old one any more, where that was later. */
  readonly since?: number
}

export interface Options {
  readonly clients: ReadonlyArray<RedisClient>
  readonly namespace: string
  readonly keys: ReadonlyArray<string>
  /** Clients of near tiers. */
  readonly near?: ReadonlyArray<RedisClient>
  readonly feed?: FeedOptions
  readonly timeout?: Duration.Duration
}

interface Read {
  readonly key: string
  readonly seq: number
  readonly at: number
}

const Value = t.tuple([t.string, t.number])
const codec = Codec.json(Value)

export const startTraffic = ({
  clients,
  feed = {},
  keys,
  namespace,
  near = [],
  timeout = ms(400)
}: Options) => {
  const source = new Map(keys.map((key) => [key, 0]))
  const acks = new Map<string, Array<Ack>>(keys.map((key) => [key, []]))
  const reads: Array<Read> = []
  const loose: Array<Read> = []
  const nearly: Array<Read & { readonly own: boolean }> = []
  const errors = new Map<string, number>()
  const waits: Array<number> = []
  const counts = {
    reads: 0,
    loads: 0,
    writes: 0,
    failedWrites: 0,
    wrongKeys: 0,
    notHidden: 0,
    farReads: 0,
    nearReads: 0,
    /** Near tiers that have answered by themselves once nobody wrote any more. */
    answering: 0
  }
  let ended = false

  const failed = (e: { readonly _tag: string; readonly reason?: string; readonly cause?: unknown }): void => {
    const name = e._tag === 'StoreError' ? `StoreError ${e.reason ?? ''}` : `${e._tag} ${String(e.cause)}`
    errors.set(name, (errors.get(name) ?? 0) + 1)
  }
  const random = (): string => keys[Math.floor(Math.random() * keys.length)] ?? ''
  const seen = (into: Array<Read>, key: string, value: readonly [string, number], at: number): void => {
    if (value[0] !== key) counts.wrongKeys++
    into.push({ key, seq: value[1], at })
  }

  const load =
    (key: string): TE.TaskEither<never, [string, number]> =>
    () => {
      counts.loads++
      return Promise.resolve(E.right([key, source.get(key) ?? 0]))
    }
  const rings = clients.map((client) =>
    ring(load, {
      name: 'load',
      store: redis(client, { namespace, timeout }),
      codec,
      policy: Policy.policy(Policy.ttl(Duration.minutes(5)), Policy.lease({ ttl: Duration.seconds(2) }))
    })
  )

  const loops: Array<Promise<void>> = []
  const loop = (pause: () => number, step: () => Promise<void>): void => {
    loops.push(
      (async () => {
        while (!ended) {
          await step()
          await sleep(pause())
        }
      })()
    )
  }
  const now = (): number => performance.now()
  rings.forEach((one, c) => {
    const mine = keys.filter((_, i) => i % rings.length === c)
    mine.forEach((key) =>
      loop(
        () => 20 + Math.random() * 60,
        async () => {
          const seq = (source.get(key) ?? 0) + 1
          source.set(key, seq)
          const begun = now()
          // after a delete somebody loads it, with a lease
          const done = seq % 4 === 0 ? await one.delete(key)() : await one.set([key, seq])(key)()
          counts.writes++
          if (E.isLeft(done)) {
            counts.failedWrites++
            failed(done.left)
          } else acks.get(key)?.push({ seq, begun, ended: now() })
        }
      )
    )
    loop(
      () => 4,
      async () => {
        const key = random()
        const at = now()
        const got = await one.get(key)()
        counts.reads++
        if (E.isLeft(got)) failed(got.left)
        else if (O.isSome(got.right)) seen(reads, key, got.right.value, at)
      }
    )
    loop(
      () => 4,
      async () => {
        const key = random()
        const at = now()
        const got = await one(key)()
        counts.reads++
        waits.push(now() - at)
        if (E.isLeft(got)) counts.notHidden++
        else seen(loose, key, got.right, at)
      }
    )
    loop(
      () => 30,
      async () => {
        const asked = [random(), random(), random(), random(), random()]
        const at = now()
        const got = await one.getMany(asked.map((key) => [key]))()
        counts.reads++
        if (E.isLeft(got)) failed(got.left)
        else got.right.forEach((o, i) => O.isSome(o) && seen(reads, asked[i] ?? '', o.value, at))
      }
    )
  })

  const quiet: Array<() => Promise<void>> = []
  const feeds: Array<RedisFeed> = near.map((client) => {
    const far = redis(client, { namespace, timeout })
    const invalidation = tracking(far, feed)
    const store = Store.tiered({
      near: dict<[string, number]>(),
      far: pipe(
        far,
        Store.around((operation, task) => {
          if (operation === 'read') counts.farReads++
          return task
        }),
        Store.encoded(codec)
      ),
      invalidation
    })
    // its own key, that nobody else writes: what it has written it reads
    const own = `own:${Math.random().toString(36).slice(2)}`
    let written = 0
    let unsure = true
    loop(
      () => 50,
      async () => {
        const done = await store.set(own, [own, ++written], Duration.minutes(5))()
        // a write that has failed may be done, now or later
        unsure = E.isLeft(done)
        const got = await store.get(own)()
        counts.nearReads++
        if (!unsure && E.isRight(got) && O.isSome(got.right))
          nearly.push({ key: own, seq: got.right.value[1] - written, at: now(), own: true })
      }
    )
    for (let i = 0; i < 4; i++) {
      loop(
        () => 1,
        async () => {
          const key = random()
          const at = now()
          const got = await store.get(rings[0]?.key(key) ?? '')()
          counts.nearReads++
          if (E.isLeft(got)) failed(got.left)
          else if (O.isSome(got.right)) {
            if (got.right.value[0] !== key) counts.wrongKeys++
            nearly.push({ key, seq: got.right.value[1], at, own: false })
          }
        }
      )
    }
    quiet.push(async () => {
      for (let tries = 0; tries < 200; tries++) {
        await store.set(own, [own, ++written], Duration.minutes(5))()
        await store.get(own)()
        const before = counts.farReads
        const got = await store.get(own)()
        if (E.isRight(got) && O.isSome(got.right) && counts.farReads === before) {
          counts.answering++
          return
        }
        await sleep(50)
      }
    })
    return invalidation
  })
  const stopped = async (): Promise<void> => {
    ended = true
    await Promise.all(loops)
    // one after the other: they count the same reads
    for (const one of quiet) await one()
    feeds.forEach(({ close }) => close())
  }
  let stopping: Promise<void> | undefined

  /** What a read at that moment had to know of a key: acknowledgements before it, by a master that is still there. */
  const floor = (
    key: string,
    at: number,
    failures: ReadonlyArray<Failure>,
    kept: boolean
  ): Ack | undefined => {
    const since = Math.max(
      0,
      ...failures.filter((f) => at >= f.begun && f.owns(key)).map((f) => (kept ? f.since ?? f.promoted : 0))
    )
    let found: Ack | undefined
    for (const ack of acks.get(key) ?? []) {
      if (ack.ended > at) break
      if (ack.begun >= since) found = ack
    }
    return found
  }
  const p = (all: ReadonlyArray<number>, q: number): number => {
    const sorted = [...all].sort((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0
  }

  return {
    counts,
    errors,
    acks,
    feeds,
    now,
    /** When a key of those was first acknowledged again. */
    firstGood: (owns: (key: string) => boolean, begun: number, promoted: number): number =>
      Math.min(
        ...keys
          .filter(owns)
          .flatMap((key) =>
            (acks.get(key) ?? [])
              .filter((ack) => ack.begun > begun && ack.ended >= promoted)
              .map((ack) => ack.ended)
          )
      ) - promoted,
    stop: (): Promise<void> => (stopping ??= stopped()),
    report: (failures: ReadonlyArray<Failure>) => {
      const stale = (all: ReadonlyArray<Read>, kept: boolean, slack: number): number =>
        all.filter(({ at, key, seq }) => seq < (floor(key, at - slack, failures, kept)?.seq ?? 0)).length
      // a copy is as old as the oldest change that it does not show
      const ages = nearly
        .filter(({ own }) => !own)
        .map(({ at, key, seq }) => {
          const last = floor(key, at, failures, true)
          if (last === undefined || seq >= last.seq) return 0
          const since = Math.max(
            0,
            ...failures.filter((f) => at >= f.begun && f.owns(key)).map((f) => f.since ?? f.promoted)
          )
          const missed = (acks.get(key) ?? []).find((ack) => ack.seq > seq && ack.begun >= since)
          return missed === undefined ? 0 : at - missed.ended
        })
      return {
        ...counts,
        errors: Object.fromEntries(errors),
        stale: stale(reads, true, 0),
        // one who joins a load of its process may be told what it has read
        staleLoads: stale(loose, true, 1_500),
        lost: stale(reads, false, 0) - stale(reads, true, 0),
        wait: { p50: p(waits, 0.5), p99: p(waits, 0.99), max: p(waits, 1) },
        near: {
          stale: ages.filter((age) => age > 0).length,
          p99: p(ages, 0.99),
          max: p(ages, 1),
          ownStale: nearly.filter(({ own, seq }) => own && seq < 0).length
        }
      }
    }
  }
}
