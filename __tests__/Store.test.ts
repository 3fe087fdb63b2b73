import { describe, expect, test } from '@jest/globals'
import { circuitBreaker, ConsecutiveBreaker, handleAll } from 'cockatiel'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { Codec, dict, Duration, RingError, Store } from '../src'
import { anything as anyValues } from '../src/testing'
import { obeys, storeLaws } from './laws/register'
import { operationsOf } from './stores/answers'

const minute = Duration.minutes(1)

/** A dict that takes a turn of the event loop for every answer, as a store on a network does. */
const remote = <R>(calls: Array<string> = []) => {
  const {
    peek: _,
    peekEntry: __,
    deadline: ___,
    ...store
  } = pipe(
    dict<R>(),
    Store.around((operation, task) => async () => {
      calls.push(operation)
      await new Promise(setImmediate)
      return task()
    })
  )
  return store
}

const anything = { ...anyValues, leases: true }
const reserved = Store.mapKey(
  (key) => `${key}!`,
  (prefix) => prefix
)
const breaker = circuitBreaker(handleAll, { halfOpenAfter: 1, breaker: new ConsecutiveBreaker(1) })
const json = Store.encoded(Codec.json(t.string))

obeys(
  'prefixed',
  storeLaws(() => pipe(dict(), Store.prefixed('app/')), anything)
)
obeys(
  'mapKey',
  storeLaws(() => pipe(dict(), reserved), anything)
)
obeys(
  'timed',
  storeLaws(() => pipe(remote(), Store.timed(minute)), anything)
)
obeys(
  'batched',
  storeLaws(() => pipe(remote(), Store.batched()), anything)
)
obeys(
  'batched by two',
  storeLaws(() => pipe(remote(), Store.batched({ max: 2 })), anything)
)
obeys(
  'guarded',
  storeLaws(() => pipe(dict(), Store.guarded(breaker)), anything)
)
obeys(
  'encoded',
  storeLaws(() => pipe(dict<Uint8Array>(), json), { values: fc.string(), leases: true })
)
obeys(
  'everything at once',
  storeLaws(
    () => pipe(remote<Uint8Array>(), Store.timed(minute), Store.batched(), json, Store.prefixed('p:')),
    { values: fc.string(), leases: true }
  )
)

const reason = (e: E.Either<RingError.StoreError, unknown>): string | false => E.isLeft(e) && e.left.reason

describe('the combinators of Store', () => {
  test('backend is looked up through every combinator, each time', () => {
    let current = 1
    const store: Store.Store<string, number> = {
      ...remote<string>(),
      get backend() {
        return current
      }
    }
    // a spread reads the getter once, so this one is put back
    Object.defineProperty(store, 'backend', { get: () => current, enumerable: true })
    const all = pipe(
      store,
      Store.timed(minute),
      Store.batched(),
      Store.prefixed('a'),
      Store.readOnly,
      Store.encoded(Codec.identity<string>())
    )
    expect(all.backend).toBe(1)
    current = 2
    expect(all.backend).toBe(2)
  })

  test('prefixed keeps to its namespace', async () => {
    const shared = dict<string>()
    const [a, b] = [Store.prefixed('a:')(shared), Store.prefixed('a:b:')(shared)]
    await a.set('k', '1', minute)()
    await b.set('k', '2', minute)()
    expect(Array.from(shared.backend.keys())).toStrictEqual(['a:k', 'a:b:k'])
    await b.clear('')()
    expect(Array.from(shared.backend.keys())).toStrictEqual(['a:k'])
  })

  test('mapKey refuses to clear what it cannot map', async () => {
    expect(reason(await Store.mapKey((key) => key)(dict()).clear('a')())).toBe('refused')
  })

  test('timed ends what hangs, and only the shortest deadline counts', async () => {
    const hung = { ...remote<string>(), get: () => () => new Promise<never>(() => undefined) }
    const store = pipe(hung, Store.timed(Duration.milliseconds(5)))
    expect(reason(await store.get('k')())).toBe('timeout')
    expect(await store.has('k')()).toStrictEqual(E.right(false))
    expect(store.deadline).toBe(5)
    expect(Store.timed(minute)(store).deadline).toBe(5)
    expect(Store.around((_, task) => task)(store).deadline).toBeUndefined()
    expect(Store.batched()(store).deadline).toBe(5)
    expect(Store.prefixed('a')(store).deadline).toBe(5)
  })

  test('guarded opens after faults, not after refusals, and closes again', async () => {
    let down = true
    let now = 0
    const store = pipe(
      dict<string>(),
      Store.around((operation, task) => (down ? TE.left(RingError.storeFailed(operation)('down')) : task)),
      Store.guarded({
        execute: (f) =>
          now > 0
            ? Promise.reject(new Error('open'))
            : f().catch((cause: unknown) => {
                now = 10
                throw cause
              })
      })
    )
    expect(reason(await store.get('k')())).toBe('failed')
    expect(reason(await store.get('k')())).toBe('open')
    now = 0
    down = false
    expect(await store.get('k')()).toStrictEqual(E.right(O.none))

    const breaker = circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(1) })
    const refusing = pipe(dict<string>(), Store.readOnly, Store.guarded(breaker))
    for (const _ of [1, 2, 3]) expect(reason(await refusing.set('k', 'v', minute)())).toBe('refused')
  })

  test('law 25, 31: readOnly reads, and refuses every other operation that there is', async () => {
    const value = new Uint8Array([1])
    const inner = dict<Uint8Array>()
    await inner.set('k', value, Duration.forever)()
    await inner.leases.seize('k', 'me', minute)()
    const before = structuredClone(inner.backend)
    const store = Store.readOnly(inner)
    const reads: ReadonlyArray<string> = ['get', 'read', 'has', 'getMany', 'readMany', 'hasMany']
    for (const [operation, task] of Object.entries(operationsOf(store))) {
      expect([operation, reason(await task())]).toStrictEqual([
        operation,
        reads.includes(operation) ? false : 'refused'
      ])
    }
    expect(store.peek?.('k')).toBe(value)
    expect(inner.backend).toStrictEqual(before)
    expect(await inner.leases.renew('k', 'me', minute)()).toStrictEqual(E.right(true))
  })

  test('law 25: every combinator keeps the leases, and a store without them gets none', async () => {
    const combinators: Readonly<Record<string, Store.Combinator>> = {
      prefixed: Store.prefixed('app/'),
      mapKey: Store.mapKey((key) => `${key}!`),
      timed: Store.timed(minute),
      batched: Store.batched(),
      guarded: Store.guarded({ execute: (f) => f() }),
      around: Store.around((_, task) => task),
      readOnly: Store.readOnly
    }
    const without: Store.Store<string> = dict<string>()
    const { leases: _, ...bare } = without
    const encoded = Store.encoded(Codec.identity<string>())
    for (const combinator of Object.values(combinators)) {
      expect(combinator(dict<string>()).leases.acquire).toBeInstanceOf(Function)
      expect(combinator<string, unknown, Store.Store<string>>(bare)).not.toHaveProperty('leases')
    }
    expect(encoded(dict<string>()).leases.acquire).toBeInstanceOf(Function)
    expect(encoded<unknown, Store.Store<string>>(bare)).not.toHaveProperty('leases')
    const inner = dict<string>()
    await Store.prefixed('app/')(inner).leases.seize('k', 'me', minute)()
    expect(await inner.leases.renew('app/k', 'me', minute)()).toStrictEqual(E.right(true))
  })

  test('law 25: what the codec refuses is not stored, and the lease stays', async () => {
    const inner = dict<Uint8Array>()
    const { leases } = Store.encoded(Codec.json(t.number))(inner)
    await leases.seize('k', 'me', minute)()
    expect(reason(await leases.commit('k', 'me', O.some(1n as never), minute)())).toBe('codec')
    expect(reason(await leases.override([['k', O.some(1n as never), minute]])())).toBe('codec')
    expect(await leases.commit('k', 'me', O.some(1), minute)()).toStrictEqual(E.right(true))
    await inner.set('k', new Uint8Array([1]), minute)()
    expect(reason(await leases.acquire('k', 'me', minute, Duration.zero)())).toBe('codec')
  })

  test('law 25: a lease of a store that hangs is late too', async () => {
    const hangs = Store.around(() => () => new Promise<never>(() => undefined))(dict<string>())
    const { leases } = Store.timed(Duration.milliseconds(5))(hangs)
    const lease = ['k', 'me', minute] as const
    for (const task of [
      leases.acquire(...lease, Duration.zero),
      leases.seize(...lease),
      leases.renew(...lease),
      leases.release('k', 'me'),
      leases.commit('k', 'me', O.some('v'), minute),
      leases.override([])
    ]) {
      expect(reason(await task())).toBe('timeout')
    }
  })

  test('law 12: batched gathers the reads of a tick, each key once', async () => {
    const calls: Array<string> = []
    const asked: Array<ReadonlyArray<string>> = []
    const inner = remote<string>(calls)
    const store = Store.batched()({
      ...inner,
      getMany: (keys) => {
        asked.push(keys)
        return inner.getMany(keys)
      }
    })
    await store.set('b', 'B', minute)()
    calls.length = 0
    const answers = await Promise.all([
      store.get('a')(),
      store.get('b')(),
      store.get('a')(),
      store.read('b')()
    ])
    expect(answers.slice(0, 3)).toStrictEqual([E.right(O.none), E.right(O.some('B')), E.right(O.none)])
    expect(asked).toStrictEqual([['a', 'b']])
    expect(calls.sort()).toStrictEqual(['getMany', 'read'])
    calls.length = 0
    await store.get('a')()
    expect(calls).toStrictEqual(['get'])
  })

  test('a bulk read that fails fails everyone in it, with the same error', async () => {
    const error = RingError.storeFailed('getMany')('down')
    const store = Store.batched()({ ...remote<string>(), getMany: () => TE.left(error) })
    const answers = await Promise.all([store.get('a')(), store.get('b')()])
    for (const answer of answers) expect(E.isLeft(answer) && answer.left).toBe(error)
  })

  test('encoded says which side refused, and keeps the refusal', async () => {
    const inner = dict<Uint8Array>()
    const store = Store.encoded(Codec.json(t.number))(inner)
    await inner.set('bad', new Uint8Array([1]), minute)()
    for (const answer of [
      await store.get('bad')(),
      await store.getMany(['x', 'bad'])(),
      await store.read('bad')()
    ]) {
      expect(reason(answer)).toBe('codec')
      expect(E.isLeft(answer) && (answer.left.cause as { _tag: string })._tag).toBe('DecodeError')
    }
    expect(store.peek?.('bad')).toBeUndefined()
    const wrote = await store.set('k', 'text' as never, minute)()
    expect(E.isRight(wrote) || wrote.left.reason === 'codec').toBe(true)
  })

  test('law 17: a lifetime that is copied is never extended', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1 }), async (pauses) => {
        let now = 1
        const clock = { now: () => now }
        const [from, to] = [dict<string>({ clock }), Store.prefixed('p')(dict<string>({ clock }))]
        await from.set('k', 'v', Duration.seconds(1))()
        const ends = now + 1_000
        for (const pause of pauses) {
          now += pause
          const entry = await from.read('k')()
          if (E.isLeft(entry) || O.isNone(entry.right)) break
          await to.set('k', entry.right.value.value, entry.right.value.remaining)()
          const copied = await to.read('k')()
          if (E.isRight(copied) && O.isSome(copied.right)) {
            expect(now + copied.right.value.remaining).toBeLessThanOrEqual(ends)
          }
        }
      })
    ))
})
