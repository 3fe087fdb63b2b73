/**
 * Who may be given what a load brings that somebody else began: who asked before its function ran, and, while its lease
 * is held and its tags stand, who asked later.
 */
import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import type { KeyFn } from '../../src'
import { dict, Duration, noop, Policy, ring, RingError } from '../../src'
import { newFlight } from '../../src/engine/flight'
import { makeFlights } from '../../src/engine/flights'

const ms = Duration.milliseconds
const pause = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time))

const makeFunction = () => {
  const runs: Array<(answer: E.Either<string, string>) => void> = []
  const load =
    (_id: number): TE.TaskEither<string, string> =>
    () =>
      new Promise((resolve) => runs.push(resolve))
  return { load, runs }
}

const leased = (wait: Duration.Duration) =>
  Policy.policy(Policy.ttl(Duration.minutes(1)), Policy.lease({ wait }))

describe('a load without a lease', () => {
  test('law 22: it is not joined by who asks after a deletion elsewhere', async () => {
    const { load, runs } = makeFunction()
    const store = dict()
    const [here, there] = [
      ring(load, { store, policy: leased(ms(10)) }),
      ring(load, { store, policy: leased(ms(10)) })
    ]
    void there(1)() // it has the lease
    await pause(5)
    const waited = here(1)()
    await pause(60) // in vain: it loads without a lease
    expect(runs).toHaveLength(2)
    await there.delete(1)()
    const after = here(1)()
    const bulk = here.getOrUpdateMany([[1]])()
    await pause(5)
    runs.forEach((resolve) => resolve(E.right('old')))
    await pause(5)
    runs.slice(2).forEach((resolve) => resolve(E.right('new')))
    expect(await waited).toStrictEqual(E.right('old'))
    expect(await after).toStrictEqual(E.right('new'))
    expect(await bulk).toStrictEqual(E.right([E.right('new')]))
  })

  test('law 25: of a lease that was asked for and not heard of nobody waits for the end', async () => {
    const { load, runs } = makeFunction()
    const store = dict()
    const acquire: typeof store.leases.acquire =
      (...args) =>
      async () => {
        await store.leases.acquire(...args)()
        return E.left(RingError.storeFailed('acquire')('the answer was lost'))
      }
    const policy = leased(Duration.seconds(10))
    const here = ring(load, { store: { ...store, leases: { ...store.leases, acquire } }, policy })
    const there = ring(load, { store, policy })
    void here(1)()
    await pause(5)
    const answer = there(1)()
    await pause(5)
    expect(runs).toHaveLength(2)
    runs.forEach((resolve) => resolve(E.right('value')))
    expect(await answer).toStrictEqual(E.right('value'))
  })

  test('law 25: who has waited in vain does not wait again at once', async () => {
    const { load, runs } = makeFunction()
    const store = dict()
    const policy = leased(ms(60))
    const [here, there] = [ring(load, { store, policy }), ring(load, { store, policy })]
    void there(1)()
    await pause(5)
    const first = here(1)()
    await pause(100)
    expect(runs).toHaveLength(2)
    runs[1]?.(E.right('one'))
    await first
    const second = here(1)()
    await pause(10)
    expect(runs).toHaveLength(3)
    runs[2]?.(E.right('two'))
    expect(await second).toStrictEqual(E.right('two'))
  })
})

test('law 25: to lose a lease costs one load more, however many wait', async () => {
  const runs: Array<(answer: E.Either<string, number>) => void> = []
  const slow =
    (_: number): TE.TaskEither<string, number> =>
    () =>
      new Promise((resolve) => runs.push(resolve))
  const store = dict()
  const policy = leased(Duration.seconds(10))
  const [here, there] = [ring(slow, { store, policy }), ring(slow, { store, policy })]
  const begun = async (n: number): Promise<void> => {
    while (runs.length < n) await pause(1)
  }
  const early = here(1)()
  await begun(1)
  const late = Array.from({ length: 50 }, () => here(1)())
  // each of the two loads loses its lease while its function runs
  await there.delete(1)()
  runs[0]?.(E.right(1))
  await begun(2)
  await there.delete(1)()
  runs[1]?.(E.right(2))
  const answers = await Promise.all(late)
  expect(await early).toStrictEqual(E.right(1))
  expect(new Set(answers.map((answer) => (E.isRight(answer) ? answer.right : 0)))).toStrictEqual(new Set([2]))
  expect(runs).toHaveLength(2)
})

describe('tags', () => {
  const policies = { 'with leases': leased(Duration.seconds(10)), without: Policy.ttl(Duration.minutes(1)) }
  test.each(Object.entries(policies))(
    'law 34: what a load brings that began before a purge elsewhere is not joined, error or value (%s)',
    async (_, policy) => {
      for (const outcome of [E.left('not found'), E.right('old')]) {
        const { load, runs } = makeFunction()
        const store = dict()
        // of another process: its backend is another object
        const far = { ...store, backend: {} }
        const here = ring(load, { store, policy, tags: () => ['t'] })
        const there = ring(load, { store: far, policy, tags: () => ['t'] })
        void here(1)()
        await pause(2)
        expect(await there.purge('t')()).toStrictEqual(E.right(undefined))
        const after = here(1)()
        await pause(2)
        runs[0]?.(outcome)
        await pause(2)
        runs[1]?.(E.right('new'))
        expect(await after).toStrictEqual(E.right('new'))
      }
    }
  )

  test('law 5: a generation that is none is drawn anew', async () => {
    for (const policy of Object.values(policies)) {
      let runs = 0
      const store = dict()
      await store.set('~tag:t', 'no generation', Duration.forever)()
      const cached = ring((_: number): TE.TaskEither<string, number> => TE.fromIO(() => ++runs), {
        name: 'cached',
        store,
        policy,
        tags: () => ['t']
      })
      for (let i = 0; i < 3; i++) expect(await cached(1)()).toStrictEqual(E.right(1))
    }
  })

  test('law 22: where nothing is kept, tags take nothing from who joins; a purge does', async () => {
    for (const policy of Object.values(policies)) {
      const { load, runs } = makeFunction()
      const cached = ring(load, { name: 'cached', store: noop(), policy, tags: () => ['t'] })
      const early = [cached(1)()]
      await pause(2)
      early.push(cached(1)())
      await pause(2)
      expect(await cached.purge('t')()).toStrictEqual(E.right(undefined))
      const late = cached(1)()
      await pause(2)
      expect(runs).toHaveLength(2)
      runs[0]?.(E.right('old'))
      runs[1]?.(E.right('new'))
      expect(await Promise.all([...early, late])).toStrictEqual(['old', 'old', 'new'].map(E.right))
      expect(runs).toHaveLength(2)
    }
  })

  test('law 34: what are no tags purges nothing, and says so', async () => {
    const store = dict()
    const load = (id: number): TE.TaskEither<string, number> => TE.right(id)
    // as a program without types would
    const cached = ring(load, { store, tags: () => 'users' as never })
    expect(await cached(1)()).toStrictEqual(E.right(1))
    expect(await cached.get(1)()).toMatchObject({ _tag: 'Left', left: { _tag: 'KeyError' } })
    const tagged = ring(load, { store, tags: () => ['users'] })
    expect(await tagged.purge(['users'] as never)()).toMatchObject({
      _tag: 'Left',
      left: { _tag: 'KeyError' }
    })
  })
})

test('law 3: no key of one’s own is a generation or a lease', async () => {
  const key: KeyFn.KeyFn<readonly [string]> = (slug) => slug
  const page = (slug: string): TE.TaskEither<string, string> => TE.right(slug)
  const cached = ring(page, { store: dict(), key })
  for (const slug of ['~tag:posts', '~lease:{posts}']) {
    expect(await cached(slug)()).toStrictEqual(E.right(slug))
    expect(await cached.get(slug)()).toMatchObject({ _tag: 'Left', left: { _tag: 'KeyError' } })
  }
  await cached('~tagged')()
  expect(await cached.get('~tagged')()).toStrictEqual(E.right(O.some('~tagged')))
})

test('law 15: an entry is known to be fresh from when it was asked for, not from when the answer came', async () => {
  let time = 0
  let delay = 0
  const clock = { now: () => time }
  const store = dict({ clock })
  const { peek: _, peekEntry: _entry, ...far } = store
  const slow: typeof far = {
    ...far,
    read: (key) => async () => {
      const found = await store.read(key)()
      time += delay
      return found
    }
  }
  let runs = 0
  const cached = ring((_: number): TE.TaskEither<string, number> => TE.fromIO(() => ++runs), {
    name: 'cached',
    store: slow,
    clock,
    policy: Policy.policy(Policy.ttl(ms(2_000)), Policy.staleIfError(Duration.minutes(1)))
  })
  await cached(1)()
  time = 500
  delay = 900
  await cached(1)() // asked for at 500, answered at 1,400
  delay = 0
  time = 2_300
  expect(await cached(1)()).toStrictEqual(E.right(2))
})

test('law 36: loads that never end are forgotten, whatever has happened to their keys', () => {
  let time = 0
  const flights = makeFlights<string>({ now: () => time }, ms(100))
  const hang = (from: number): void => {
    for (let i = from; i < from + 1_000; i++) flights.hold(newFlight(String(i), true, time))
  }
  hang(0)
  void flights.mutate(['0'], async () => E.right(undefined))
  time = 1_000
  hang(1_000)
  expect(flights.size()).toBeLessThanOrEqual(1_001)
})
