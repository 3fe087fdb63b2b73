/**
 * Laws of tiers: a store of two is a store; three are associative, `noop` changes nothing; a copy ends when the entry
 * does; writes go far, near, and to the others; nothing that has changed is served near.
 */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { Codec, dict, Duration, Invalidation, noop, Policy, ring, RingError, Store } from '../../src'
import { testClock } from '../../src/testing'
import { runs } from '../runs'
import { obeys, storeLaws } from './register'

const ms = Duration.milliseconds
const minute = Duration.minutes(1)

/** A clock that is turned by hand. */
const manual = () => {
  let now = 1_000
  return { clock: { now: () => now }, wait: async (time: number) => void (now += time) }
}

// -------------------------------------------------------------------------------------
// a store
// -------------------------------------------------------------------------------------

describe('tiers are a store', () => {
  const clock = testClock(1_000)
  const strings = { values: fc.string(), clock, leases: true }
  const near = () => dict<string>({ clock })
  const coded = () => pipe(dict<Uint8Array>({ clock }), Store.encoded(Codec.json(t.string)))
  const local = () => Invalidation.local()()
  const nothing: Store.Store<string> & Store.Leasing<string> = noop()

  const kinds: Readonly<Record<string, () => Store.Store<string>>> = {
    two: () => Store.tiered({ clock, near: near(), far: near() }),
    'decoded values near': () => Store.tiered({ clock, near: near(), far: coded() }),
    'a near one with a short life': () => Store.tiered({ clock, near: near(), far: near(), ttl: ms(50) }),
    'one that listens': () => Store.tiered({ clock, near: near(), far: near(), invalidation: local() }),
    'one whose writes come back to it': () =>
      Store.tiered({ clock, near: near(), far: near(), invalidation: { ...local(), echoes: true } }),
    three: () =>
      Store.tiered({ clock, near: near(), far: Store.tiered({ clock, near: near(), far: near() }) }),
    'nothing near': () => Store.tiered({ clock, near: noop(), far: near() }),
    'nothing far': () => Store.tiered({ clock, near: near(), far: nothing }),
    'a near one that fails': () => Store.tiered({ clock, near: broken(), far: near() })
  }
  for (const [name, make] of Object.entries(kinds)) obeys(name, storeLaws(make, strings))
})

const down = <A>(): TE.TaskEither<RingError.StoreError, A> => TE.left(RingError.storeFailed('get')('down'))

/** A store of which nothing works. */
const broken = (): Store.Store<string> => {
  const { peek: _, peekEntry: _entry, leases: _leases, ...store } = Store.around(() => down())(dict<string>())
  return store
}

// -------------------------------------------------------------------------------------
// algebra
// -------------------------------------------------------------------------------------

const keys = ['a', 'b', 'ab']
const key = fc.constantFrom(...keys)
const life = fc.constantFrom(Duration.zero, ms(100), minute, Duration.forever)
const step = fc.oneof(
  fc.record({ op: fc.constant('set'), key, value: fc.string({ maxLength: 2 }), life }),
  fc.record({ op: fc.constantFrom('get', 'read', 'has', 'delete'), key, value: fc.constant(''), life }),
  fc.record({ op: fc.constantFrom('touch', 'clear', 'wait', 'many'), key, value: fc.constant(''), life }),
  // what another program does to one of the three
  fc.record({ op: fc.constantFrom('a', 'b', 'c'), key, value: fc.string({ maxLength: 2 }), life })
)

/** What a program sees, and what lies in the stores in the end. */
const trace = async (
  make: (stores: ReadonlyArray<Store.Store<string>>, clock: { now: () => number }) => Store.Store<string>,
  program: ReadonlyArray<{ op: string; key: string; value: string; life: Duration.Duration }>
): Promise<unknown> => {
  const { clock, wait } = manual()
  const stores = [0, 1, 2].map(() => dict<string>({ clock }))
  const store = make(stores, clock)
  const seen: Array<unknown> = []
  for (const { key, life, op, value } of program) {
    if (op === 'set') seen.push(await store.set(key, value, life)())
    else if (op === 'get') seen.push(await store.get(key)())
    else if (op === 'read') seen.push(await store.read(key)())
    else if (op === 'has') seen.push(await store.has(key)())
    else if (op === 'delete') seen.push(await store.delete(key)())
    else if (op === 'touch') seen.push(await store.touch(key, life)())
    else if (op === 'clear') seen.push(await store.clear(key)())
    else if (op === 'wait') await wait(60)
    else if (op === 'many')
      seen.push(await store.getMany(keys)(), await store.readMany(keys)(), await store.hasMany(keys)())
    else {
      // copies are made beside the answers: which of two writes of a near store is the later would be chance
      await new Promise(setImmediate)
      await stores['abc'.indexOf(op)]?.set(key, value, life)()
    }
  }
  for (const one of stores) seen.push(await one.readMany(keys)())
  return seen
}

const of =
  (clock: { now: () => number }) =>
  (near: Store.Store<string>, far: Store.Store<string>): Store.Store<string> =>
    Store.tiered({ clock, near, far })

test('law 32: tiers are associative', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (program) => {
      // SAFETY, here and below: there are three
      const left = await trace(
        ([a, b, c], clock) => of(clock)(of(clock)(a as never, b as never), c as never),
        program
      )
      const right = await trace(
        ([a, b, c], clock) => of(clock)(a as never, of(clock)(b as never, c as never)),
        program
      )
      expect(left).toStrictEqual(right)
    }),
    { numRuns: runs(300) }
  )
})

test('law 32: noop is the identity, on both sides', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (program) => {
      const alone = await trace(([a]) => a as never, program)
      expect(await trace(([a], clock) => of(clock)(noop(), a as never), program)).toStrictEqual(alone)
      expect(await trace(([a], clock) => of(clock)(a as never, noop()), program)).toStrictEqual(alone)
    }),
    { numRuns: runs(150) }
  )
})

// -------------------------------------------------------------------------------------
// order, failure, lives
// -------------------------------------------------------------------------------------

/** Writes down what is asked of a store. */
const noted = (name: string, notes: Array<string>): Store.Combinator =>
  Store.around((operation, task) => () => {
    notes.push(`${name} ${operation}`)
    return task()
  })

test('law 32: a write goes far, then near, then to the others', async () => {
  const notes: Array<string> = []
  const feed = Invalidation.local()()
  const store = Store.tiered({
    near: noted('near', notes)(dict<string>()),
    far: noted('far', notes)(dict<string>()),
    invalidation: {
      ...feed,
      tell: (change) => () => (notes.push(`tell ${change._tag}`), feed.tell(change)())
    }
  })
  await store.get('k')() // now it listens
  const sets = async (work: TE.TaskEither<unknown, unknown>): Promise<ReadonlyArray<string>> => {
    notes.length = 0
    await work()
    return [...notes]
  }
  expect(await sets(store.set('k', 'v', minute))).toStrictEqual(['far set', 'near set', 'tell Keys'])
  expect(
    await sets(
      store.setMany([
        ['k', 'v', minute],
        ['l', 'w', minute]
      ])
    )
  ).toStrictEqual(['far setMany', 'near setMany', 'tell Keys'])
  expect(await sets(store.touch('k', minute))).toStrictEqual(['far touch', 'near deleteMany', 'tell Keys'])
  expect(await sets(store.delete('k'))).toStrictEqual(['far delete', 'near deleteMany', 'tell Keys'])
  expect(await sets(store.leases.seize('k', 'me', minute))).toStrictEqual(['far seize'])
  expect(await sets(store.leases.commit('k', 'me', O.some('v'), minute))).toStrictEqual([
    'far commit',
    'near set',
    'tell Keys'
  ])
  expect(await sets(store.leases.commit('k', 'you', O.some('w'), minute))).toStrictEqual([
    'far commit',
    'near deleteMany'
  ])
  expect(await sets(store.clear('k'))).toStrictEqual(['far clear', 'near clear', 'tell Prefix'])
})

test('law 12: the far tier is asked for what the near one lacks, in one trip', async () => {
  const notes: Array<unknown> = []
  const far = dict<string>()
  const watched: typeof far = {
    ...far,
    readMany: (keys) => () => {
      notes.push(keys)
      return far.readMany(keys)()
    }
  }
  const store = Store.tiered({ near: dict<string>(), far: watched })
  await far.setMany(['a', 'b', 'c'].map((k) => [k, k, minute] as const))()
  await store.get('b')()
  const all = E.right(['a', 'b', 'c', 'd', 'a'].map((k) => (k === 'd' ? O.none : O.some(k))))
  expect(await store.getMany(['a', 'b', 'c', 'd', 'a'])()).toStrictEqual(all)
  expect(await store.getMany(['a', 'b', 'c', 'd', 'a'])()).toStrictEqual(all)
  expect(notes).toStrictEqual([['a', 'c', 'd'], ['d']])
})

test('law 31: what the far tier could not do is a left, and leaves no copy', async () => {
  const near = dict<string>()
  const store = Store.tiered({ near, far: { ...dict<string>(), set: () => down() } })
  await near.set('k', 'old', minute)()
  expect(E.isLeft(await store.set('k', 'new', minute)())).toBe(true)
  expect(near.backend.size).toBe(0)
})

describe('law 31: a write that the others could not be told of is a left', () => {
  const telling = (tell: Invalidation.Invalidation['tell']) =>
    Store.tiered({
      near: dict<string>(),
      far: dict<string>(),
      invalidation: { ...Invalidation.local()(), tell }
    })
  const gone = Object.assign(new Error('late'), { code: 'ETIMEDOUT' })
  const tells: Readonly<Record<string, readonly [Invalidation.Invalidation['tell'], unknown, string]>> = {
    'a feed that fails': [() => TE.left('no'), 'no', 'failed'],
    'a feed that throws': [
      () => {
        throw gone
      },
      gone,
      'timeout'
    ],
    'a feed that is late': [() => TE.left(gone), gone, 'timeout'],
    'a feed that fails with nothing': [() => TE.left(null), null, 'failed']
  }
  test.each(Object.entries(tells))('of its own operation: %s', async (_, [tell, cause, reason]) => {
    const store = telling(tell)
    const { leases } = store
    await leases.seize('k', 'me', minute)()
    const writes: Partial<Readonly<Record<Store.Operation, TE.TaskEither<RingError.StoreError, unknown>>>> = {
      commit: leases.commit('k', 'me', O.some('v'), minute),
      set: store.set('k', 'v', minute),
      touch: store.touch('k', minute),
      setMany: store.setMany([['k', 'v', minute]]),
      touchMany: store.touchMany([['k', minute]]),
      override: leases.override([['k', O.some('v'), minute]]),
      delete: store.delete('k'),
      deleteMany: store.deleteMany(['k']),
      clear: store.clear('k')
    }
    for (const [operation, write] of Object.entries(writes)) {
      const wrote = await write()
      expect(wrote).toMatchObject(E.left({ _tag: 'StoreError', operation, reason }))
      expect(E.isLeft(wrote) && wrote.left.cause).toBe(cause)
    }
  })

  test('and it has happened', async () => {
    const store = telling(() => TE.left('no'))
    expect(E.isLeft(await store.set('k', 'v', minute)())).toBe(true)
    expect(await store.get('k')()).toStrictEqual(E.right(O.some('v')))
  })
})

test('law 17: a copy ends with its entry, or sooner, and says how long the entry lives', async () => {
  const { clock, wait } = manual()
  const [near, far] = [dict<string>({ clock }), dict<string>({ clock })]
  const late: typeof far = {
    ...far,
    read: (key) => async () => {
      const found = await far.read(key)()
      await wait(30)
      return found
    }
  }
  const store = Store.tiered({ clock, near, far: late, ttl: ms(500) })
  await far.set('k', 'v', ms(1_000))()
  await wait(100)
  await store.get('k')()
  expect(await near.read('k')()).toStrictEqual(E.right(O.some({ value: 'v', remaining: 500 })))
  expect(await store.read('k')()).toStrictEqual(E.right(O.some({ value: 'v', remaining: 870 })))
  expect(store.peekEntry?.('k')).toStrictEqual({ value: 'v', remaining: 870 })
  await wait(600)
  await store.get('k')()
  await wait(260)
  expect(near.peek?.('k')).toBeUndefined()
  expect(await store.get('k')()).toStrictEqual(E.right(O.none))
})

// -------------------------------------------------------------------------------------
// invalidation
// -------------------------------------------------------------------------------------

/** A store whose reads look at once, and answer when they are told to. */
const slowly = (store: Store.Store<string>) => {
  const held: Array<() => void> = []
  return {
    store: {
      ...store,
      read: (k: string) => async () => {
        const found = await store.read(k)()
        await new Promise<void>((resolve) => held.push(resolve))
        return found
      }
    },
    answer: async (): Promise<void> => {
      while (held.length === 0) await Promise.resolve()
      held.splice(0).forEach((resolve) => resolve())
    }
  }
}

describe('law 33', () => {
  const two = () => {
    const join = Invalidation.local()
    const far = dict<string>()
    const slow = slowly(far)
    const { peek: _, peekEntry: _entry, ...store } = slow.store
    return {
      ...slow,
      far,
      here: Store.tiered({ near: dict<string>(), far: store, invalidation: join() }),
      there: Store.tiered({ near: dict<string>(), far, invalidation: join() })
    }
  }

  test('a change that is heard of while an entry is read is not overwritten by it', async () => {
    for (const change of ['set', 'delete', 'clear'] as const) {
      const { answer, far, here, there } = two()
      await far.set('k', 'old', minute)()
      const before = here.get('k')()
      await new Promise(setImmediate)
      if (change === 'set') await there.set('k', 'new', minute)()
      else if (change === 'delete') await there.delete('k')()
      else await there.clear('')()
      await answer()
      expect(await before).toStrictEqual(E.right(O.some('old')))
      const after = here.get('k')()
      await answer()
      expect(await after).toStrictEqual(E.right(change === 'set' ? O.some('new') : O.none))
    }
  })

  test('a copy goes when its entry is changed elsewhere', async () => {
    const { answer, here, there } = two()
    await here.has('k')() // now it listens
    await new Promise(setImmediate)
    await here.set('k', 'old', minute)()
    expect(await here.get('k')()).toStrictEqual(E.right(O.some('old')))
    await there.set('k', 'new', minute)()
    const after = here.get('k')()
    await answer()
    expect(await after).toStrictEqual(E.right(O.some('new')))
  })

  test('where changes may have been missed all copies go, and none is served before', async () => {
    const listeners: Array<Invalidation.Listener> = []
    let covered = true
    const far = dict<string>()
    const near = dict<string>()
    const store = Store.tiered({
      near,
      far,
      invalidation: {
        listen: (listener) => () => {
          listeners.push(listener)
          return () => undefined
        },
        covers: () => covered,
        tell: () => TE.right(undefined),
        echoes: false
      }
    })
    await store.set('k', 'old', minute)()
    await store.set('k', 'old', minute)()
    expect(near.backend.size).toBe(1)
    covered = false
    listeners.forEach((listener) => listener.lost())
    await far.set('k', 'new', minute)()
    covered = true // at once: what was lost is not back
    expect(await store.get('k')()).toStrictEqual(E.right(O.some('new')))
    expect(listeners).toHaveLength(1)
  })

  test('random programs of three nodes read what was written last', async () => {
    const node = fc.nat({ max: 2 })
    const step = fc.record({
      node,
      op: fc.constantFrom('set', 'get', 'delete', 'getMany', 'touch', 'clear', 'lost'),
      key: fc.constantFrom('a', 'b')
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (program) => {
        const far = dict<number>()
        const join = Invalidation.local()
        const nodes = [0, 1, 2].map(() => Store.tiered({ near: dict<number>(), far, invalidation: join() }))
        let n = 0
        for (const { key, node, op } of program) {
          const store = nodes[node] as (typeof nodes)[number] // SAFETY: there are three
          if (op === 'set') await store.set(key, n++, minute)()
          else if (op === 'delete') await store.delete(key)()
          else if (op === 'touch') await store.touch(key, minute)()
          else if (op === 'clear') await store.clear(key)()
          else {
            const expected = await far.getMany(['a', 'b'])()
            expect(await store.getMany(['a', 'b'])()).toStrictEqual(expected)
            expect(await store.get(key)()).toStrictEqual(await far.get(key)())
          }
        }
      }),
      { numRuns: runs(200) }
    )
  })
})

// -------------------------------------------------------------------------------------
// rings
// -------------------------------------------------------------------------------------

describe('a ring over tiers', () => {
  const make = () => {
    const far = dict<Uint8Array>()
    const join = Invalidation.local()
    const nodes = [0, 1].map(() => {
      let runs = 0
      const near = dict<string>()
      const load = (id: number): TE.TaskEither<string, string> =>
        TE.fromIO(() => `${String(id)} of ${String(++runs)}`)
      const cached = ring(load, {
        store: Store.tiered({
          near,
          far: pipe(far, Store.encoded(Codec.json(t.string))),
          invalidation: join()
        }),
        policy: Policy.policy(Policy.ttl(minute), Policy.lease()),
        tags: () => ['all']
      })
      return { cached, near, runs: () => runs }
    })
    return { far, nodes: nodes as [(typeof nodes)[number], (typeof nodes)[number]] } // SAFETY: there are two
  }
  const settle = (): Promise<unknown> => new Promise(setImmediate)

  test('law 34: has decoded values near, bytes far, and tags in both', async () => {
    const { far, nodes } = make()
    const [one, two] = nodes
    for (const { cached } of nodes) await cached.has(9)()
    await settle()
    expect(await one.cached(1)()).toStrictEqual(E.right('1 of 1'))
    expect(await two.cached(1)()).toStrictEqual(E.right('1 of 1'))
    await settle()
    expect(two.near.backend.get('load:1')?.value).toMatchObject({ kind: 'value', payload: '1 of 1' })
    expect(Buffer.from(far.backend.get('load:1')?.value ?? []).toString('latin1')).toMatch(
      /^\xffRNG.*"1 of 1"$/su
    )
    expect(await one.cached.purge('all')()).toStrictEqual(E.right(undefined))
    expect(await two.cached.get(1)()).toStrictEqual(E.right(O.none))
    expect(await two.cached(1)()).toStrictEqual(E.right('1 of 1'))
    expect([one.runs(), two.runs()]).toStrictEqual([1, 1])
  })

  test('law 14: what one writes whose codec is in its store another reads whose codec is its own', async () => {
    const far = dict<Uint8Array>()
    const load = (id: number): TE.TaskEither<string, string> => TE.right(`value ${String(id)}`)
    const options = { name: 'load', tags: () => ['all'] }
    const inStore = ring(load, { ...options, store: pipe(far, Store.encoded(Codec.json(t.string))) })
    const inRing = ring(load, { ...options, store: far, codec: Codec.json(t.string) })
    await inStore(1)()
    await inRing(2)()
    expect(await inRing.get(1)()).toStrictEqual(E.right(O.some('value 1')))
    expect(await inStore.get(2)()).toStrictEqual(E.right(O.some('value 2')))
    await inRing.purge('all')()
    expect(await inStore.get(1)()).toStrictEqual(E.right(O.none))
    // without tags an entry that has some is none, and bytes that look like an envelope are a value
    const plain = ring(
      (_: number): TE.TaskEither<string, Uint8Array> => TE.right(new Uint8Array([0xff, 0x52, 0x4e, 0x47, 1])),
      {
        name: 'plain',
        store: pipe(far, Store.encoded<Uint8Array, Uint8Array>({ encode: E.right, decode: E.right }))
      }
    )
    await plain(1)()
    expect(await plain.get(1)()).toStrictEqual(E.right(O.some(new Uint8Array([0xff, 0x52, 0x4e, 0x47, 1]))))
  })
})

describe('feeds', () => {
  const settle = (): Promise<unknown> => new Promise(setImmediate)

  test('law 33: who keeps nothing near tells the others all the same', async () => {
    const join = Invalidation.local()
    const far = dict<string>()
    const writer = Store.tiered({ near: noop(), far, invalidation: join() })
    const reader = Store.tiered({ near: dict<string>(), far, invalidation: join() })
    await reader.has('k')()
    await settle()
    await far.set('k', 'old', minute)()
    await reader.get('k')()
    await writer.set('k', 'new', minute)()
    expect(await reader.get('k')()).toStrictEqual(E.right(O.some('new')))
  })

  test('law 33: of tiers that share a feed each hears of the others', async () => {
    const feed = Invalidation.local()()
    const far = dict<string>()
    const [one, two] = [0, 1].map(() => Store.tiered({ near: dict<string>(), far, invalidation: feed }))
    for (const store of [one, two]) await store?.has('k')()
    await settle()
    await one?.set('k', 'old', minute)()
    await two?.get('k')()
    await one?.set('k', 'new', minute)()
    expect(await two?.get('k')()).toStrictEqual(E.right(O.some('new')))
  })

  test('law 30: a feed that throws keeps nothing near, and nobody is told but by the far tier', async () => {
    const thrown = (): never => {
      throw new Error('gone')
    }
    const near = dict<string>()
    const store = Store.tiered({
      near,
      far: dict<string>(),
      invalidation: { listen: () => thrown, covers: thrown, tell: () => TE.right(undefined), echoes: false }
    })
    expect(await store.set('k', 'v', minute)()).toStrictEqual(E.right(undefined))
    for (let i = 0; i < 2; i++) expect(await store.get('k')()).toStrictEqual(E.right(O.some('v')))
    expect(await store.getMany(['k'])()).toStrictEqual(E.right([O.some('v')]))
    await settle()
    expect(near.backend.size).toBe(0)
  })

  test('law 18: a copy lives for whole milliseconds', async () => {
    let now = 0
    const clock = { now: () => (now += 0.3) }
    const lives: Array<number> = []
    const near = dict<string>({ clock })
    const noting: typeof near = {
      ...near,
      set: (key, value, ttl) => {
        lives.push(ttl)
        return near.set(key, value, ttl)
      }
    }
    const store = Store.tiered({ clock, near: noting, far: dict<string>({ clock }) })
    await store.set('k', 'v', minute)()
    expect(lives.every(Number.isInteger)).toBe(true)
    expect(lives).toHaveLength(1)
  })
})
