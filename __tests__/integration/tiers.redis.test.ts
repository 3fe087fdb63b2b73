/**
 * Law 33 with real processes: what one of them changes, the others do not serve from their near tiers. `ROUNDS` says how
 * many keys are changed (default: 2,000 with `CLIENT TRACKING`, and as many in a quarter with the rest).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import * as path from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { inTime } from './leases/fleet'
import type { Change, Job } from './programs/tiers'
import { type Server, sleep, startRedis } from './servers'

const program = path.join(__dirname, 'programs', 'tiers.ts')
const rounds = Number(process.env.ROUNDS ?? 2_000)

interface Member {
  readonly ask: <A>(job: Job) => Promise<A>
  readonly signal: (signal: 'SIGSTOP' | 'SIGCONT') => void
  readonly end: () => void
}

const start = async (url: string, feed: string): Promise<Member> => {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', program, url, feed], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' }
  })
  const waiting = new Map<number, (answer: never) => void>()
  let places = 0
  const answered = <A>(place: number): Promise<A> =>
    inTime(`job ${String(place)}`, 30_000, new Promise((resolve) => waiting.set(place, resolve)))
  child.on('message', ({ answer, place }: { readonly answer: never; readonly place: number }) =>
    waiting.get(place)?.(answer)
  )
  await answered(0)
  return {
    ask: (job) => {
      const place = ++places
      child.send({ place, job })
      return answered(place)
    },
    signal: (signal) => void child.kill(signal),
    end: () => void child.kill('SIGKILL')
  }
}

interface Result {
  /** How long after a change was acknowledged reads that began still found what was there before. */
  readonly lags: ReadonlyArray<number>
  /** How many keys are read as they were, a while after the change. */
  readonly stale: number
  readonly fromNear: number
}

const batch = 100
const window = 150

const run = async (
  members: ReadonlyArray<Member>,
  count: number,
  hows: ReadonlyArray<Change>
): Promise<Result> => {
  const lags: Array<number> = []
  let stale = 0
  let fromNear = 0
  for (let n = 0; n * batch < count; n++) {
    const keys = Array.from({ length: batch }, (_, i) => `${String(n)}/${String(i)}/`)
    const how = hows[n % hows.length] ?? 'set'
    const writer = members[n % members.length] as Member // SAFETY: a place of the list
    const readers = members.filter((one) => one !== writer)
    await writer.ask({ kind: 'write', keys, value: 1 })
    await Promise.all(readers.map((one) => one.ask({ kind: 'read', keys })))
    await sleep(20) // what was told of the write
    await Promise.all(readers.map((one) => one.ask({ kind: 'read', keys })))
    const watched = readers.map((one) =>
      one.ask<{ last: ReadonlyArray<number>; fromNear: number }>({
        kind: 'watch',
        keys,
        old: 1,
        ms: window
      })
    )
    const acknowledged = await writer.ask<ReadonlyArray<number>>({
      kind: 'change',
      keys,
      how,
      ms: window / 2
    })
    for (const seen of await Promise.all(watched)) {
      fromNear += seen.fromNear
      keys.forEach((_, i) => lags.push(Math.max(0, (seen.last[i] ?? 0) - (acknowledged[i] ?? 0))))
    }
    await sleep(50)
    for (const values of await Promise.all(
      members.map((one) => one.ask<ReadonlyArray<number | null>>({ kind: 'read', keys }))
    ))
      stale += values.filter((value) => value === 1).length
  }
  return { lags, stale, fromNear }
}

const quantile = (all: ReadonlyArray<number>, q: number): number =>
  Array.from(all).sort((x, y) => x - y)[Math.min(all.length - 1, Math.floor(all.length * q))] ?? 0

describe('near tiers of several processes', () => {
  let server: Server
  beforeAll(async () => {
    server = await startRedis()
  }, 30_000)
  afterAll(() => server.stop())

  const withFleet = async <A>(
    feed: string,
    f: (members: ReadonlyArray<Member>) => Promise<A>
  ): Promise<A> => {
    const members = await Promise.all([1, 2, 3].map(() => start(server.url, feed)))
    try {
      return await f(members)
    } finally {
      members.forEach((one) => one.end())
    }
  }
  const say = (feed: string, count: number, { fromNear, lags, stale }: Result): void => {
    process.stdout.write(
      `law 33, ${feed}: ${String(count)} rounds, ${String(
        stale
      )} stale in the end; the old value was read for at most ` +
        `${quantile(lags, 0.99).toFixed(1)} ms (p99), ${quantile(lags, 1).toFixed(
          1
        )} ms (longest) after the ` +
        `acknowledgement; ${String(fromNear)} reads from near\n`
    )
  }

  const feeds: ReadonlyArray<readonly [string, number, ReadonlyArray<Change>]> = [
    ['tracking', rounds, ['set', 'delete', 'FLUSHALL', 'touch and set', 'FLUSHALL']],
    ['pubsub', rounds / 4, ['set', 'delete', 'touch and set']]
  ]
  test.each(feeds)(
    'law 33: what one process has changed is served by none (%s)',
    async (feed, count, hows) => {
      const result = await withFleet(feed, (members) => run(members, count, hows))
      say(feed, count, result)
      expect(result.stale).toBe(0)
      expect(result.fromNear).toBeGreaterThan(count)
      expect(quantile(result.lags, 0.99)).toBeLessThanOrEqual(50)
    },
    120_000
  )

  test.each(['tracking', 'pubsub'])(
    'law 33: a process that stood still serves nothing that was changed meanwhile (%s)',
    async (feed) => {
      const { fromNear, last, stopped } = await withFleet(feed, async ([sleeper, writer]) => {
        if (sleeper === undefined || writer === undefined) throw new Error('there are three')
        const keys = Array.from({ length: 20 }, (_, i) => `still ${feed} ${String(i)}`)
        await writer.ask({ kind: 'write', keys, value: 1 })
        await sleeper.ask({ kind: 'read', keys })
        await sleep(50)
        const watched = sleeper.ask<{ last: ReadonlyArray<number>; fromNear: number }>({
          kind: 'watch',
          keys,
          old: 1,
          ms: 4_000
        })
        await sleep(500)
        sleeper.signal('SIGSTOP')
        await sleep(50) // until it has stopped
        const stopped = Number(process.hrtime.bigint() / 1_000n) / 1_000
        await writer.ask({ kind: 'change', keys, how: 'set', ms: 10 })
        await sleep(2_500)
        sleeper.signal('SIGCONT')
        return { ...(await watched), stopped }
      })
      expect(fromNear).toBeGreaterThan(100)
      expect(last.filter((at) => at === 0)).toEqual([]) // all of them were there
      expect(last.filter((at) => at > stopped)).toEqual([])
    },
    30_000
  )

  test('law 33: without a feed they serve what they have', async () => {
    const result = await withFleet('none', (members) => run(members, 200, ['set', 'delete']))
    say('none', 200, result)
    expect(result.stale).toBeGreaterThan(100)
  }, 60_000)
})
