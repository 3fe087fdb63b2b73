/** `Ring.drain`: what is under way when a process is about to end. */
import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'

import { dict, Duration, Policy, Ring, ring, ringReader, type Store } from '../../src'
import { page } from '../../src/http'

const ms = Duration.milliseconds
const soon = (d = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, d))

/** A function whose answers are given by hand. */
const byHand = () => {
  const pending: Array<(n: number) => void> = []
  const load =
    (_: number): TE.TaskEither<string, number> =>
    () =>
      new Promise((resolve) => pending.push((n) => resolve(E.right(n))))
  return { load, pending }
}

/** Whether a promise has settled by now. */
const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  let done = false
  void promise.then(() => (done = true))
  await soon(10)
  return done
}

const stale = { ...Policy.ttl(ms(1)), ...Policy.staleWhileRevalidate(Duration.minutes(1)) }

describe('drain', () => {
  test('of rings that do nothing ends at once; so does that of none', async () => {
    const { load } = byHand()
    expect(await Ring.drain(ring(load, { store: dict(), name: 'k' }))()).toBe(true)
    expect(await Ring.drain()()).toBe(true)
  })

  test('waits for a load that a caller has left', async () => {
    const { load, pending } = byHand()
    const cached = ring(load, { store: dict(), name: 'k', policy: Policy.timeout(ms(1)) })
    await cached(1)()
    const drained = Ring.drain(cached)()
    expect(await settled(drained)).toBe(false)
    pending[0]?.(7)
    expect(await drained).toBe(true)
    expect(await cached.get(1)()).toStrictEqual(E.right(O.some(7)))
  })

  test.each([
    ['without a lease', {}],
    ['under a lease', Policy.lease()]
  ])('waits for a refresh in the background, %s, and leaves no lease', async (_, lease) => {
    const { load, pending } = byHand()
    const store = dict()
    const cached = ring(load, {
      store,
      name: 'k',
      policy: { ...stale, ...(lease as ReturnType<typeof Policy.lease>) }
    })
    await cached.set(1)(1)()
    await soon(3)
    expect(await cached(1)()).toStrictEqual(E.right(1))
    await soon()
    const drained = Ring.drain(cached)()
    expect(await settled(drained)).toBe(false)
    pending[0]?.(2)
    expect(await drained).toBe(true)
    // the lease is given back: anybody may have it
    expect(await store.leases.acquire('k:1', 'other', Duration.seconds(1), Duration.forever)()).toMatchObject(
      E.right({ _tag: 'Won' })
    )
  })

  test('waits for a write that its caller did not wait for', async () => {
    const { peek: _, peekEntry: __, ...memory } = dict()
    let write: (() => void) | undefined
    const store: Store.Store<unknown> = {
      ...memory,
      get: () => TE.left(new Error('down') as never),
      set:
        (...args) =>
        () =>
          new Promise(
            (resolve) =>
              (write = () =>
                void memory
                  .set(...args)()
                  .then(resolve))
          )
    }
    const cached = ring((n: number): TE.TaskEither<string, number> => TE.right(n), { store, name: 'k' })
    expect(await cached(1)()).toStrictEqual(E.right(1))
    const drained = Ring.drain(cached)()
    expect(await settled(drained)).toBe(false)
    write?.()
    expect(await drained).toBe(true)
    expect(memory.backend.has('k:1')).toBe(true)
  })

  test('ends at its bound, gives leases back, and what is loaded after that is not stored', async () => {
    const { load, pending } = byHand()
    const store = dict()
    const policy = Policy.lease({ ttl: Duration.hours(1), wait: Duration.hours(1) })
    const cached = ring(load, { store, name: 'k', policy })
    const caller = cached(1)()
    await soon()
    expect(await Ring.drainWithin(ms(20))(cached)()).toBe(false)
    const other = ring((_: number): TE.TaskEither<string, number> => TE.right(9), {
      store,
      name: 'k',
      policy
    })
    expect(await other(1)()).toStrictEqual(E.right(9))
    pending[0]?.(1)
    expect(await caller).toStrictEqual(E.right(1))
    expect(await other.get(1)()).toStrictEqual(E.right(O.some(9)))
  })

  test.each([
    [
      'one key',
      (user: { readonly getOrUpdateMany: (list: Array<[number]>) => () => Promise<unknown> }) =>
        user.getOrUpdateMany([[1]])
    ],
    [
      'several keys in one batch',
      (user: { readonly getOrUpdateMany: (list: Array<[number]>) => () => Promise<unknown> }) =>
        user.getOrUpdateMany([[1], [2], [3]])
    ]
  ])('waits for a bulk load under leases, of %s', async (_, call) => {
    const store = dict()
    let finish = (): void => undefined
    const ended = new Promise<void>((resolve) => (finish = resolve))
    const cached = ring(
      (n: number): TE.TaskEither<string, number> =>
        () =>
          ended.then(() => E.right(n)),
      {
        store,
        name: 'k',
        policy: Policy.lease({ ttl: Duration.hours(1) }),
        batchEach: (lists) => () => ended.then(() => lists.map(([n]) => E.right(n)))
      }
    )
    void call(cached)()
    await soon()
    const drained = Ring.drain(cached)()
    expect(await settled(drained)).toBe(false)
    expect(await Ring.drainWithin(ms(5))(cached)()).toBe(false)
    expect(await store.leases.acquire('k:1', 'other', Duration.seconds(1), Duration.zero)()).toMatchObject(
      E.right({ _tag: 'Won' })
    )
    finish()
    expect(await drained).toBe(true)
  })

  test('waits for what one ring makes another do', async () => {
    const { load, pending } = byHand()
    const second = ring(load, { store: dict(), name: 'second' })
    const first = ring(
      (n: number): TE.TaskEither<string, number> =>
        async () => {
          await soon(20)
          void second(n)()
          return E.right(n)
        },
      { store: dict(), name: 'first' }
    )
    void first(1)()
    const drained = Ring.drain(first, second)()
    expect(await Promise.race([drained, soon(60).then(() => 'it waits')])).toBe('it waits')
    pending[0]?.(1)
    expect(await drained).toBe(true)
  })

  test('gives back a lease that is won after the bound', async () => {
    const memory = dict()
    const { peek: _, peekEntry: __, ...far } = memory
    const store = {
      ...far,
      leases: {
        ...far.leases,
        acquire:
          (...args: Parameters<typeof far.leases.acquire>) =>
          async () => {
            await soon(30)
            return far.leases.acquire(...args)()
          }
      }
    }
    const { load } = byHand()
    const cached = ring(load, { store, name: 'k', policy: Policy.lease({ ttl: Duration.hours(1) }) })
    void cached(1)()
    await soon()
    expect(await Ring.drainWithin(ms(5))(cached)()).toBe(false)
    await soon(60)
    expect(await memory.leases.acquire('k:1', 'other', Duration.seconds(1), Duration.zero)()).toMatchObject(
      E.right({ _tag: 'Won' })
    )
  })

  test('a control: without it the lease is still held', async () => {
    const { load } = byHand()
    const store = dict()
    const cached = ring(load, { store, name: 'k', policy: Policy.lease({ ttl: Duration.hours(1) }) })
    void cached(1)()
    await soon()
    expect(await store.leases.acquire('k:1', 'other', Duration.seconds(1), Duration.zero)()).toMatchObject(
      E.right({ _tag: 'Busy' })
    )
  })

  test('is of every ring that was made of one, of those that it is linked to, of readers and of pages', async () => {
    const { load, pending } = byHand()
    const cached = ring(load, { store: dict(), name: 'k' })
    const linked = pipe(
      ring((n: number): TE.TaskEither<string, number> => TE.right(n), { store: dict(), name: 'l' }),
      Ring.linked(Ring.expires(cached, (n: number) => [[n]]))
    )
    void cached(1)()
    await soon()
    const within = Ring.drainWithin(ms(10))
    const made = [
      pipe(
        cached,
        Ring.map((n) => n + 1)
      ),
      pipe(
        cached,
        Ring.contramap((s: string) => [s.length] as const)
      ),
      Ring.bind(3)(ring(load, { store: dict(), name: 'x' })),
      Ring.toPromiseFunction(cached),
      linked
    ] as const
    const done = await Promise.all(made.map((one) => within(one)()))
    expect(done).toStrictEqual([false, false, true, false, false])
    pending[0]?.(1)
    expect(await Ring.drain(...made)()).toBe(true)

    let answer: ((n: number) => void) | undefined
    const read = ringReader(
      (_: number): RTE.ReaderTaskEither<{ readonly tenant: string }, string, number> =>
        () =>
        () =>
          new Promise((resolve) => (answer = (n) => resolve(E.right(n)))),
      { store: dict(), name: 'r', keyEnv: ({ tenant }) => tenant }
    )
    void read(1)({ tenant: 'a' })()
    await soon()
    expect(await within(read)()).toBe(false)
    answer?.(1)
    expect(await Ring.drain(read)()).toBe(true)

    let reply: ((r: Response) => void) | undefined
    const cachedPage = page(() => new Promise<Response>((resolve) => (reply = resolve)), {
      store: dict<Uint8Array>()
    })
    const asked = cachedPage(new Request('http://localhost/'))
    await soon()
    expect(await within(cachedPage)()).toBe(false)
    reply?.(new Response('hi', { headers: { 'cache-control': 'max-age=60' } }))
    await (await asked).text()
    expect(await Ring.drain(cachedPage)()).toBe(true)
  })
})
