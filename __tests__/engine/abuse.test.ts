/** What callers, observers, stores and test runners do to a ring that they were not expected to do. */
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { dict, Duration, Policy, ring, type RingEvent, type Store } from '../../src'
import { isLater } from '../../src/base/soon'
import { StoreError } from '../../src/RingError'
import { lru } from '../../src/stores/memory/lru'

type Any = Store.Store<unknown> & Store.Leasing<unknown>

const stores: Readonly<Record<string, () => Any>> = {
  dict: () => dict(),
  lru: () => lru({ max: 100 }),
  'a store behind promises': () => {
    const { peek, peekEntry, ...store } = dict()
    expect(typeof peek).toBe(typeof peekEntry)
    return store
  }
}

const ttl = Policy.ttl(Duration.minutes(1))
const stale = Policy.policy(ttl, Policy.staleWhileRevalidate(Duration.minutes(1)))
const load = (id: number): TE.TaskEither<never, string> => TE.of(`value of ${String(id)}`)

afterEach(() => {
  jest.restoreAllMocks()
})

describe.each(Object.entries(stores))('over %s', (_, make) => {
  it('law 6: lists of arguments that are changed while they are loaded store nothing under another key', async () => {
    const one = plain(make())
    for (const command of ['getOrUpdateMany', 'updateMany'] as const) {
      const list: Array<[number]> = [[1], [7]]
      const answers = one[command](list)()
      list[0]![0] = 2
      expect(E.isRight(await answers)).toBe(true)
      expect(await one.get(1)()).toEqual(E.right(O.some('value of 1')))
      expect(await one.get(2)()).toEqual(E.right(O.none))
    }
  })

  it('an observer that asks for the key of each event gets its answer from the same load', async () => {
    let runs = 0
    const inner: Array<Promise<unknown>> = []
    const one = ring(
      (id: number) => () => {
        runs++
        return Promise.resolve(E.right(id))
      },
      {
        name: 'user',
        store: make(),
        policy: ttl,
        observe: (event: RingEvent.RingEvent) => {
          if (event._tag === 'Miss' && inner.length < 5) inner.push(one(1)())
        }
      }
    )
    expect(await one(1)()).toEqual(E.right(1))
    for (let i = 0; i < inner.length; i++) expect(await inner[i]).toEqual(E.right(1)) // each may ask once more
    expect(inner.length).toBeGreaterThan(0)
    expect(runs).toBe(1)
  })

  it('an observer that is told of an invalid entry, and asks for it, waits for the load', async () => {
    const store = make()
    let inner: Promise<unknown> | undefined
    const one = ring(load, {
      name: 'user',
      store,
      policy: ttl,
      codec: {
        encode: (text: string) => E.right(text as unknown),
        decode: (raw: unknown) =>
          raw === 'bad' ? E.left({ _tag: 'DecodeError' } as never) : E.right(raw as string)
      },
      observe: (event: RingEvent.RingEvent) => {
        if (event._tag === 'Invalid') inner ??= one(1)()
      }
    })
    await store.set(one.key(1), 'bad', Duration.minutes(1))()
    expect(await one(1)()).toEqual(E.right('value of 1'))
    expect(inner).toBeDefined()
    expect(await inner).toEqual(E.right('value of 1'))
  })

  it.each([
    ['clear, set', 'set', (one: Ring) => [one.clear(), one.set('set')(1)]],
    ['clear, update', 'value of 1', (one: Ring) => [one.clear(), one.update(1)]],
    ['setMany, set', 'second', (one: Ring) => [one.setMany([[[1], 'first']]), one.set('second')(1)]],
    ['set, setMany', 'second', (one: Ring) => [one.set('first')(1), one.setMany([[[1], 'second']])]],
    ['delete, set', 'set', (one: Ring) => [one.delete(1), one.set('set')(1)]],
    ['setMany, delete', undefined, (one: Ring) => [one.setMany([[[1], 'set']]), one.delete(1)]],
    ['set, deleteMany', undefined, (one: Ring) => [one.set('set')(1), one.deleteMany([[1]])]],
    ['set, clear', undefined, (one: Ring) => [one.set('set')(1), one.clear()]]
  ] as const)(
    'of two commands that begin in one tick, the later one wins: %s',
    async (__, wins, commands) => {
      for (const old of [false, true]) {
        const one = plain(make())
        if (old) await one.set('old')(1)()
        const all = await Promise.all(commands(one).map((command) => command()))
        expect(all.every((answer) => answer._tag === 'Right')).toBe(true)
        expect(await one.get(1)()).toEqual(E.right(O.fromNullable(wins)))
      }
    }
  )
})

type Ring = ReturnType<typeof plain>
const plain = (store: Any) => ring(load, { name: 'user', store, policy: ttl })

describe('an entry that throws when it is read', () => {
  const thrower = {
    _tag: 'Some',
    get value() {
      throw new Error('a getter')
    }
  } as never
  const thrown = (): Any => {
    const { peek, peekEntry, ...store } = dict()
    expect(typeof peek).toBe(typeof peekEntry)
    const all = (keys: ReadonlyArray<string>) =>
      TE.of(keys.map((key) => (key.startsWith('~') ? O.none : thrower)))
    return { ...store, get: () => TE.of(thrower), read: () => TE.of(thrower), getMany: all, readMany: all }
  }
  it.each([
    ['plain', { policy: ttl }],
    ['aged', { policy: stale }],
    ['tagged', { policy: ttl, tags: () => ['a'] }]
  ])('is a fault, and holds no key: a ring that is %s', async (_, options) => {
    const one = ring(load, { name: 'user', store: thrown(), warnings: false, ...options })
    for (let i = 0; i < 3; i++) expect(await one(1)()).toEqual(E.right('value of 1'))
    expect(await one.getOrUpdateMany([[1], [2]])()).toEqual(
      E.right([E.right('value of 1'), E.right('value of 2')])
    )
    expect(E.isLeft(await one.get(1)())).toBe(true)
    expect(E.isLeft(await one.getMany([[1]])())).toBe(true)
  })
})

describe('a method of a store in memory that is replaced, as spies do', () => {
  it.each(['before', 'after'] as const)('is called: %s the ring is made', async (when) => {
    const store = lru<string>({ max: 10 })
    const spied = () => jest.spyOn(store, 'set').mockImplementation(() => TE.of(undefined))
    const early = when === 'before' ? spied() : undefined
    const one = ring(load, { name: 'user', store, policy: ttl })
    const set = early ?? spied()
    await one(1)()
    expect(set).toHaveBeenCalledTimes(1)
    expect(await one.get(1)()).toEqual(E.right(O.none))
    set.mockRestore()
    await one(1)()
    expect(await one.get(1)()).toEqual(E.right(O.some('value of 1')))
  })
})

it('promises are known where a library has replaced the global one', () => {
  const { Promise: own } = globalThis
  class Zoned<A> extends own<A> {}
  try {
    globalThis.Promise = Zoned
    expect(isLater((async () => Promise.resolve(1))())).toBe(true)
    expect(isLater(Promise.resolve(1))).toBe(true)
    expect(isLater(own.resolve(1))).toBe(true)
    expect(isLater({ _tag: 'Right' })).toBe(false)
    expect(isLater(undefined)).toBe(false)
  } finally {
    globalThis.Promise = own
  }
})

it('a load whose time is over while it is read is not joined while it is written', async () => {
  const base = dict()
  const { peek, peekEntry, ...store } = base
  expect(typeof peek).toBe(typeof peekEntry)
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  let slow = true
  let letGo: (() => void) | undefined
  const leases: typeof base.leases = {
    ...base.leases,
    commit:
      (...args) =>
      async () => {
        const done = await base.leases.commit(...args)()
        if (args[0] === one.key(1) && letGo === undefined)
          await new Promise<void>((resolve) => (letGo = resolve))
        return done
      }
  }
  const get: typeof base.get = (key) => async () => {
    if (slow) {
      slow = false
      await pause(120)
    }
    return base.get(key)()
  }
  let runs = 0
  const one = ring((id: number) => TE.fromIO(() => `load ${String(++runs)} of ${String(id)}`), {
    name: 'user',
    store: { ...store, get, leases },
    policy: Policy.policy(ttl, Policy.lease(), Policy.loadTimeout(Duration.milliseconds(40)))
  })
  const first = one(1)()
  await pause(80)
  void one(2)() // sees off what has taken too long
  while (letGo === undefined) await pause(1)
  await base.leases.override([[one.key(1), O.none, Duration.zero]])() // another process deletes
  const joined = one(1)()
  await pause(20)
  letGo()
  expect(E.isRight(await first)).toBe(true)
  expect(runs).toBeGreaterThan(1)
  expect(await joined).not.toEqual(await first)
})

const behindPromises = (store: Any): Any => {
  const { peek, peekEntry, ...rest } = store
  expect(typeof peek).toBe(typeof peekEntry)
  return rest
}

const failingReads = (store: Any): Any => {
  const fault = TE.left(new StoreError('get', 'failed', 'the backend failed'))
  return { ...store, get: () => fault, read: () => fault }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

it.each([
  ['plain', {}, failingReads(behindPromises(dict()))],
  ['leased', { policy: Policy.policy(ttl, Policy.lease()) }, failingReads(behindPromises(dict()))],
  ['tagged, behind promises', { tags: () => thrown() }, behindPromises(dict())],
  ['tagged, in memory', { tags: () => thrown() }, dict()]
] as const)(
  'an observer that asks for the key of a fault waits for the load: %s',
  async (_, options, store) => {
    let [asked, runs] = [0, 0]
    const inner: Array<Promise<unknown>> = []
    const one = ring((id: number) => TE.fromIO(() => (runs++, id)), {
      name: 'faulty',
      store,
      policy: ttl,
      ...options,
      observe: ({ _tag }: RingEvent.RingEvent) => {
        if (_tag === 'Fault' && asked++ < 100) inner.push(one(1)())
      }
    })
    expect(await one(1)()).toEqual(E.right(1))
    await Promise.all(inner)
    expect({ asked, runs }).toEqual({ asked: 1, runs: 1 })
  }
)

const thrown = (): never => {
  throw new Error('no tags')
}

it.each(['get', 'set', 'delete', 'deleteMany'] as const)(
  'law 26: a method of a store in memory that was replaced, and never answers, holds up nobody: %s',
  async (method) => {
    const made = dict()
    Object.assign(made, { [method]: () => () => new Promise(() => undefined) })
    const one = ring(load, {
      name: 'hung',
      store: made,
      warnings: false,
      policy: Policy.policy(ttl, Policy.storeTimeout(Duration.milliseconds(20)))
    })
    expect(await one(1)()).toEqual(E.right('value of 1'))
    for (const command of [one.update(1), one.delete(1), one.get(1)]) expect(await command()).toBeDefined()
  }
)

it('what receives work may ask for the same key, and waits for that load', async () => {
  for (const store of [dict(), behindPromises(dict())]) {
    let inner: Promise<unknown> | undefined
    let runs = 0
    const one = ring((id: number) => TE.fromIO(() => (runs++, id)), {
      name: 'lasting',
      store,
      policy: ttl,
      waitUntil: () => {
        inner ??= one(1)()
      }
    })
    expect(await one(1)()).toEqual(E.right(1))
    expect(await inner).toEqual(E.right(1))
    expect(runs).toBe(1)
  }
})

it('a list of stale entries is answered before it is loaded again, in a batch as well', async () => {
  let now = 0
  const told: Array<string> = []
  const one = ring(load, {
    name: 'stale',
    store: dict({ clock: { now: () => now } }),
    clock: { now: () => now },
    policy: stale,
    batch: (list) => TE.fromIO(() => (told.push('loaded'), list.map(([id]) => `value of ${String(id)}`)))
  })
  await one.getOrUpdateMany([[1], [2]])()
  now = 90_000
  told.length = 0
  await one.getOrUpdateMany([[1], [2]])()
  told.push('answered')
  await pause(5)
  expect(told).toEqual(['answered', 'loaded'])
})

describe.each([
  ['tags', {}],
  ['leases', { lease: true }]
] as const)('two processes, with %s', (kind, { lease = false }: { readonly lease?: boolean }) => {
  it('a caller who joins a load gets no entry that the other process has removed before, also when it takes long', async () => {
    let now = 0
    const clock = { now: () => now }
    const shared = dict({ clock })
    let isSlow = false
    const process = () =>
      ring(
        (id: number) => async () => {
          const is = isSlow
          if (is) await pause(60)
          return E.right(is ? `new ${String(id)}` : `old ${String(id)}`)
        },
        {
          name: 'page',
          store: { ...behindPromises(shared), backend: {} },
          clock,
          sharesEntries: true,
          policy: Policy.policy(
            Policy.ttl(Duration.milliseconds(100)),
            Policy.staleIfError(Duration.minutes(1)),
            Policy.softTimeout(Duration.milliseconds(20)),
            lease ? Policy.lease({ ttl: Duration.seconds(30) }) : Policy.policy()
          ) as Policy.Policy,
          ...(lease ? {} : { tags: () => ['all'] })
        }
      )
    const [here, there] = [process(), process()]
    expect(await here(1)()).toEqual(E.right('old 1'))
    now = 200
    isSlow = true
    const first = here(1)()
    await pause(5)
    await (kind === 'tags' ? there.purge('all')() : there.delete(1)())
    expect(await here(1)()).toEqual(E.right('new 1'))
    // who asked before the removal may have it
    expect(await first).toEqual(E.right('old 1'))
  })
})
