/**
 * What a user brings is of another program, which may have no types: a part that returns something else than its type says, or
 * throws, costs one clear error that names it. Its key is free at once, others keep their answers, and nothing is unheard.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import type { Codec, RingError, RingEvent } from '../../src'
import { dict, Duration, Policy, ring, type Store } from '../../src'
import { leaseOperations, storeOperations } from '../../src/stores/kit/operations'

const unhandled: Array<unknown> = []
const hear = (cause: unknown): void => void unhandled.push(cause)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', hear)
})
afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 2))
  process.off('unhandledRejection', hear)
  expect(unhandled).toStrictEqual([])
})

const secret = 'a secret value'
const throws = (): never => {
  throw new Error(secret)
}
const throwing = (name: string): object => Object.defineProperty({}, name, { enumerable: true, get: throws })

/** What a function may return that is of no use. */
const nonsense: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  'a number': () => 42,
  NaN: () => Number.NaN,
  'a string': () => secret,
  'a function': () => () => secret,
  'a list': () => [secret],
  'an object': () => ({ secret }),
  'a Promise': () => Promise.resolve(secret),
  'a Promise that is rejected': () => Promise.reject(new Error(secret)),
  'an object that throws': () => throwing('_tag'),
  throws
}
const kinds = Object.entries(nonsense)
const without = (...left: ReadonlyArray<string>) => kinds.filter(([kind]) => !left.includes(kind))

const outcome = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    const answer = await run()
    return JSON.stringify(answer)
  } catch (cause) {
    return `rejected: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

const listen = (): { readonly events: Array<RingEvent.RingEvent>; readonly observe: RingEvent.Observer } => {
  const events: Array<RingEvent.RingEvent> = []
  return { events, observe: (event) => () => void events.push(event) }
}
const errorsIn = (events: ReadonlyArray<RingEvent.RingEvent>): ReadonlyArray<RingError.RingError> =>
  events.flatMap((event) => (event._tag === 'Fault' || event._tag === 'Invalid' ? [event.error] : []))

type Load = (id: number) => TE.TaskEither<string, number>
const id: Load = (n) => TE.right(n)

describe('a function', () => {
  /** The first call goes wrong as it is told, all others are well. */
  const once = (
    wrong: () => unknown,
    of: (n: number) => boolean = () => true
  ): { readonly load: Load; readonly runs: () => number } => {
    let runs = 0
    let went = false
    return {
      load: ((n: number) => {
        if (went || !of(n)) return TE.fromIO(() => (runs++, n))
        went = true
        return wrong()
      }) as Load,
      runs: () => runs
    }
  }
  const wrongs: ReadonlyArray<readonly [string, () => unknown]> = [
    ...without('a function', 'throws').map(([kind, make]) => [`returns ${kind}`, make] as const),
    ...kinds
      .filter(([kind]) => kind !== 'throws' && kind !== 'a Promise that is rejected')
      .map(([kind, make]) => [`answers with ${kind}`, () => async () => make()] as const),
    ['answers with what is no promise', () => () => undefined]
  ]

  test.each(wrongs)('that %s rejects with an error that names it, and holds no key', async (_, wrong) => {
    const { load, runs } = once(wrong)
    const { events, observe } = listen()
    const cached = ring(load, { store: dict(), name: 'user', observe })
    const callers = await Promise.all([1, 2, 3].map(() => outcome(cached(7))))
    for (const said of callers) {
      expect(said).toMatch(
        /^rejected: fp-ring: the function 'user' (returned|answered with) .+, not (a TaskEither|an Either)/
      )
      expect(said).not.toContain(secret)
    }
    expect(events.filter(({ _tag }) => _tag === 'Load')).toMatchObject([{ ok: false }])
    expect(await cached(7)()).toStrictEqual(E.right(7))
    expect(await cached(7)()).toStrictEqual(E.right(7))
    expect(runs()).toBe(1)
  })

  test.each(wrongs)('that %s for one key of a bulk leaves the others loaded and stored', async (_, wrong) => {
    const { load } = once(wrong, (n) => n === 2)
    const cached = ring(load, { store: dict(), name: 'user' })
    expect(await outcome(cached.getOrUpdateMany([[1], [2], [3]]))).toMatch(
      /^rejected: fp-ring: the function 'user'/
    )
    expect(await cached.getMany([[1], [2], [3]])()).toStrictEqual(E.right([O.some(1), O.none, O.some(3)]))
    expect(await cached.getOrUpdateMany([[1], [2], [3]])()).toStrictEqual(
      E.right([1, 2, 3].map((n) => E.right(n)))
    )
  })

  test.each(wrongs)('that %s in an update rejects, and leaves what is there', async (_, wrong) => {
    const { load } = once(wrong)
    const cached = ring(load, { store: dict(), name: 'user' })
    await cached.set(5)(1)()
    expect(await outcome(cached.update(1))).toMatch(/^rejected: fp-ring: the function 'user'/)
    expect(await cached(1)()).toStrictEqual(E.right(5))
    expect(await cached.update(1)()).toStrictEqual(E.right(1))
  })

  test.each(wrongs)('that %s in the background changes nothing, and is told', async (_, wrong) => {
    let time = 0
    const clock = { now: () => time }
    const { load } = once(wrong, () => time > 0)
    const { events, observe } = listen()
    const cached = ring(load, {
      store: dict({ clock }),
      clock,
      name: 'user',
      observe,
      policy: { ...Policy.ttl(Duration.seconds(1)), ...Policy.staleWhileRevalidate(Duration.seconds(9)) }
    })
    await cached(1)()
    time = 2_000
    expect(await cached(1)()).toStrictEqual(E.right(1))
    await new Promise((resolve) => setTimeout(resolve, 2))
    expect(events.filter(({ _tag }) => _tag === 'Load')).toMatchObject([{ ok: true }, { ok: false }])
    expect(await cached(1)()).toStrictEqual(E.right(1))
  })

  test('a control: one that is well is run once', async () => {
    const { load, runs } = once(throws, () => false)
    const cached = ring(load, { store: dict(), name: 'user' })
    expect(await Promise.all([cached(1)(), cached(1)()])).toStrictEqual([E.right(1), E.right(1)])
    expect(runs()).toBe(1)
  })
})

describe('batch and batchEach', () => {
  const bulk: ReadonlyArray<[number]> = [[1], [2], [3]]
  const wrongs = [
    ...without('a function').map(([kind, make]) => [`returning: ${kind}`, make] as const),
    ...without('a list').map(([kind, make]) => [`answering: ${kind}`, () => async () => make()] as const)
  ]
  for (const option of ['batch', 'batchEach'] as const) {
    test.each(wrongs)(`${option} %s`, async (_, wrong) => {
      let went = false
      const bulkLoad = (lists: typeof bulk): unknown => {
        const right =
          option === 'batch' ? TE.right(lists.map(([n]) => n)) : async () => lists.map(([n]) => E.right(n))
        if (went) return right
        went = true
        return wrong()
      }
      const cached = ring(id, { store: dict(), name: 'user', [option]: bulkLoad as never })
      const said = await outcome(cached.getOrUpdateMany(bulk))
      expect(said).toMatch(/^rejected: /)
      if (!said.includes(secret)) expect(said).toMatch(/fp-ring: batch(Each)? /)
      expect(await cached.getOrUpdateMany(bulk)()).toStrictEqual(E.right([1, 2, 3].map((n) => E.right(n))))
    })
  }

  test('batchEach with one answer that is none: the others are stored', async () => {
    const cached = ring(id, {
      store: dict(),
      name: 'user',
      batchEach: ((lists: typeof bulk) => async () =>
        lists.map(([n]) => (n === 2 ? undefined : E.right(n)))) as never
    })
    expect(await outcome(cached.getOrUpdateMany(bulk))).toBe(
      'rejected: fp-ring: batchEach answered with undefined, not an Either'
    )
    expect(await cached.getMany(bulk)()).toStrictEqual(E.right([O.some(1), O.none, O.some(3)]))
  })
})

describe('a key function', () => {
  test.each(without('a string'))(
    'that returns %s: the function is run, uncached, and the fault names it',
    async (kind, make) => {
      const { events, observe } = listen()
      const cached = ring(id, { store: dict(), name: 'user', key: make as never, observe })
      expect(await cached(1)()).toStrictEqual(E.right(1))
      expect(await cached.getOrUpdateMany([[1], [2]])()).toStrictEqual(E.right([E.right(1), E.right(2)]))
      const [error] = errorsIn(events)
      expect(error).toMatchObject({ _tag: 'KeyError' })
      expect(error?.message).toContain(kind === 'throws' ? 'threw' : 'the key function returned')
      expect(error?.message).not.toContain(secret)
      expect(await cached.get(1)()).toMatchObject({ _tag: 'Left', left: { _tag: 'KeyError' } })
    }
  )
})

describe('a codec', () => {
  const good: Codec.Codec<number, unknown> = { encode: E.right, decode: E.right as never }
  const answers = [
    ...kinds,
    ['a Left of nothing', () => E.left(undefined)],
    ['a Left of a string', () => E.left(secret)]
  ] as const

  test.each(answers)(
    'whose encode returns %s: the value is returned, and the fault names it',
    async (_, make) => {
      const { events, observe } = listen()
      const cached = ring(id, {
        store: dict(),
        name: 'user',
        codec: { ...good, encode: make as never },
        observe
      })
      expect(await cached(1)()).toStrictEqual(E.right(1))
      expect(errorsIn(events)).toMatchObject([{ _tag: 'EncodeError' }])
      expect(errorsIn(events)[0]?.message).toMatch(/codec/)
      expect(errorsIn(events)[0]?.message).not.toContain(secret)
    }
  )

  test.each(answers)(
    'whose decode returns %s: the entry is a miss, and the fault names it',
    async (_, make) => {
      const { events, observe } = listen()
      const cached = ring(id, {
        store: dict(),
        name: 'user',
        codec: { ...good, decode: make as never },
        observe
      })
      await cached(1)()
      expect(await cached(1)()).toStrictEqual(E.right(1))
      expect(await cached.getOrUpdateMany([[1]])()).toStrictEqual(E.right([E.right(1)]))
      expect(errorsIn(events).length).toBeGreaterThan(0)
      for (const error of errorsIn(events)) {
        expect(error).toMatchObject({ _tag: 'DecodeError' })
        expect(error.message).not.toContain(secret)
      }
      expect(await cached.get(1)()).toMatchObject({ _tag: 'Left', left: { _tag: 'DecodeError' } })
    }
  )
})

describe('tags', () => {
  const bad = without('a list').concat([['a list of numbers', () => [1]]])
  test.each(bad)('that are %s: the function is run, and the fault names them', async (_, make) => {
    const { events, observe } = listen()
    const cached = ring(id, { store: dict(), name: 'user', tags: make as never, observe })
    expect(await cached(1)()).toStrictEqual(E.right(1))
    expect(errorsIn(events)[0]).toMatchObject({ _tag: 'KeyError' })
    expect(errorsIn(events)[0]?.message).toMatch(/tags/)
    expect(errorsIn(events)[0]?.message).not.toContain(secret)
  })

  test('of one list of arguments that are none leave the others of a bulk as they are', async () => {
    const { events, observe } = listen()
    const cached = ring(id, {
      store: dict(),
      name: 'user',
      observe,
      tags: ((n: number) => (n === 2 ? undefined : ['t'])) as never
    })
    await cached.set(1)(1)()
    expect(await cached.getOrUpdateMany([[1], [2]])()).toStrictEqual(E.right([E.right(1), E.right(2)]))
    expect(events.filter(({ _tag }) => _tag === 'Hit')).toHaveLength(1)
  })
})

describe('a policy', () => {
  const bounded = { ...Policy.ttl(Duration.seconds(1)), ...Policy.staleWhileRevalidate(Duration.seconds(9)) }
  const policies: Readonly<Record<string, (make: () => unknown) => object>> = {
    ttl: (make) => ({ ttl: make }),
    cacheWhen: (make) => ({ cacheWhen: make }),
    staleBy: (make) => ({ ...bounded, staleBy: make }),
    negative: (make) => ({
      negative: { when: make, ttl: Duration.seconds(1), codec: { encode: E.right, decode: E.right } }
    }),
    staleIfError: (make) => ({ ...bounded, staleIfError: { window: Duration.seconds(9), when: make } })
  }
  const good: Readonly<Record<string, ReadonlyArray<string>>> = {
    ttl: ['a number'],
    staleBy: ['an object', 'a list', 'a Promise', 'a Promise that is rejected', 'an object that throws']
  }
  const cases = Object.keys(policies).flatMap((part) =>
    without(...(good[part] ?? [])).map(([kind, make]) => [part, kind, make] as const)
  )
  test.each(cases)('whose %s returns %s is told of, and the value is returned', async (part, _, make) => {
    let time = 0
    const clock = { now: () => time }
    const { events, observe } = listen()
    const load = (n: number): TE.TaskEither<string, number> =>
      n === 2 || time > 0 ? TE.left('no') : TE.right(n)
    const cached = ring(load, {
      store: dict({ clock }),
      clock,
      name: 'user',
      observe,
      policy: policies[part]?.(make) as never
    })
    expect(await cached(1)()).toStrictEqual(E.right(1))
    expect(await cached(2)()).toStrictEqual(E.left('no'))
    await cached.set(1)(1)()
    time = 5_000
    await cached(1)()
    await new Promise((resolve) => setTimeout(resolve, 2))
    const errors = errorsIn(events)
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) {
      expect(error).toMatchObject({ _tag: 'EncodeError' })
      expect(error.message).toMatch(/policy/)
      expect(error.message).not.toContain(secret)
    }
  })
})

describe('a clock, chance, an observer', () => {
  test.each(without('a number'))(
    'a clock that tells %s when the ring is built is wired wrongly',
    (_, make) => {
      expect(() => ring(id, { store: dict(), name: 'user', clock: { now: make as never } })).toThrow(
        /clock\.now/
      )
    }
  )

  test.each(without('a number'))('a clock that tells %s later stands still', async (_, make) => {
    let good = true
    const clock = { now: () => (good ? 1 : (make() as number)) }
    const cached = ring(id, {
      store: dict(),
      name: 'user',
      clock,
      observe: () => () => undefined,
      policy: Policy.timeout(Duration.seconds(1))
    })
    await cached(1)()
    good = false
    expect(await cached(1)()).toStrictEqual(E.right(1))
    expect(await cached(2)()).toStrictEqual(E.right(2))
    expect(await cached.getOrUpdateMany([[2], [3]])()).toStrictEqual(E.right([E.right(2), E.right(3)]))
    expect(await cached.delete(2)()).toStrictEqual(E.right(undefined))
  })

  test.each(without('a function'))('a clock whose timers are %s: the process’s own run', async (_, make) => {
    const clock = { now: () => performance.now(), after: make as never }
    const never = (): TE.TaskEither<string, number> => () => new Promise(() => undefined)
    const cached = ring(never, {
      store: dict(),
      name: 'user',
      clock,
      policy: Policy.timeout(Duration.milliseconds(5))
    })
    expect(await cached()()).toMatchObject({ _tag: 'Left', left: { _tag: 'TimeoutError' } })
  })

  test.each([
    ['nothing', () => undefined],
    ['a string', () => secret],
    ['what throws', () => throws]
  ])('a clock whose timers are called off by %s: the caller is answered', async (_, cancel) => {
    const clock = {
      now: () => performance.now(),
      after: ((d: number, run: () => void) => () => {
        setTimeout(run, d)
        return cancel()
      }) as never
    }
    const { peek: __, peekEntry: ___, ...far } = dict()
    const cached = ring(id, {
      store: far,
      name: 'user',
      clock,
      policy: {
        ...Policy.timeout(Duration.milliseconds(50)),
        ...Policy.storeTimeout(Duration.milliseconds(40))
      }
    })
    expect(await cached(1)()).toStrictEqual(E.right(1))
    expect(await cached.getOrUpdateMany([[1], [2]])()).toStrictEqual(E.right([E.right(1), E.right(2)]))
  })

  test.each(without('a number').concat([['too large', () => 2]]))(
    'chance that is %s: nothing is stored, and it is told',
    async (_, make) => {
      const { events, observe } = listen()
      const cached = ring(id, {
        store: dict(),
        name: 'user',
        observe,
        random: make as never,
        policy: { ...Policy.ttl(Duration.seconds(1)), ...Policy.jitter(0.5) }
      })
      expect(await cached(1)()).toStrictEqual(E.right(1))
      expect(errorsIn(events)).toMatchObject([{ _tag: 'EncodeError' }])
    }
  )

  test.each([...kinds, ['a rejected Promise', () => Promise.reject(new Error(secret))]] as const)(
    'an observer that returns %s changes nothing',
    async (_, make) => {
      const cached = ring(id, { store: dict(), name: 'user', observe: make })
      expect(await cached(1)()).toStrictEqual(E.right(1))
      expect(await cached(1)()).toStrictEqual(E.right(1))
    }
  )
})

describe('a store', () => {
  /** Without what answers at once: every operation is asked. */
  const memory = (): Store.Store<unknown> & Store.Leasing<unknown> => {
    const { peek: _, peekEntry: __, ...store } = dict()
    return store
  }
  const answering = without('a function', 'throws', 'a list')
  const ways: ReadonlyArray<readonly [string, (make: () => unknown) => unknown]> = [
    ['returns', (make) => make],
    ['answers with', (make) => () => async () => make()],
    ['answers with a Right of', (make) => () => async () => E.right(make())],
    ['answers with a Left of', (make) => () => async () => E.left(make())]
  ]
  const cases = ways.flatMap(([way, wrap]) =>
    answering.map(([kind, make]) => [`${way} ${kind}`, () => wrap(make)] as const)
  )

  const broken = (
    names: ReadonlyArray<string>,
    of: () => unknown
  ): Store.Store<unknown> & Store.Leasing<unknown> => {
    const store = memory()
    const wrong = Object.fromEntries(names.map((name) => [name, of()]))
    return {
      ...store,
      ...Object.fromEntries(
        Object.entries(wrong).filter(([name]) => storeOperations.includes(name as never))
      ),
      leases: {
        ...store.leases,
        ...Object.fromEntries(
          Object.entries(wrong).filter(([name]) => leaseOperations.includes(name as never))
        )
      }
    }
  }
  const commands = (
    store: Store.Store<unknown> & Store.Leasing<unknown>,
    leased: boolean,
    observe: RingEvent.Observer
  ) => {
    const settings = { store, name: 'user', observe, tags: (n: number) => [`t${String(n)}`] }
    const limits = Policy.storeTimeout(Duration.milliseconds(200))
    const cached = leased
      ? ring(id, { ...settings, policy: { ...limits, ...Policy.lease() } })
      : ring(id, { ...settings, policy: limits })
    return {
      reads: [cached(1), cached(1), cached.getOrUpdateMany([[1], [2]])],
      others: [
        cached.get(1),
        cached.getMany([[1], [2]]),
        cached.update(1),
        cached.set(1)(1),
        cached.setMany([
          [[1], 1],
          [[2], 2]
        ]),
        cached.has(1),
        cached.touch(1),
        cached.touchMany([[1], [2]]),
        cached.delete(1),
        cached.deleteMany([[1], [2]]),
        cached.explain(1),
        cached.purge('t1'),
        cached.clear()
      ]
    }
  }

  describe.each([
    ['without leases', false],
    ['with leases', true]
  ])('%s', (_, leased) => {
    test.each(cases)(
      'that %s: reads give what the function gives, the others say what is wrong',
      async (way, of) => {
        const { events, observe } = listen()
        const { others, reads } = commands(
          broken([...storeOperations, ...leaseOperations], of),
          leased,
          observe
        )
        const [one, two, many] = await Promise.all(reads.map((read) => read()))
        expect([one, two]).toStrictEqual([E.right(1), E.right(1)])
        expect(many).toStrictEqual(E.right([E.right(1), E.right(2)]))
        for (const command of others) {
          const answer = await command()
          if (E.isLeft(answer)) {
            expect(answer.left).toMatchObject({ _tag: 'StoreError', reason: 'failed' })
            expect((answer.left as Error).message).not.toContain(secret)
          }
        }
        const said = errorsIn(events).map(({ message }) => message)
        expect(said.length).toBeGreaterThan(0)
        const rejects = way === 'answers with a Promise that is rejected'
        if (!way.includes('Left of') && !rejects)
          expect(said.join('\n')).toMatch(/the store (answered with|returned) /)
      }
    )
  })

  test.each([...storeOperations, ...leaseOperations])(
    '%s alone, that answers with nothing',
    async (operation) => {
      const { events, observe } = listen()
      const { others, reads } = commands(
        broken([operation], () => () => async () => undefined),
        true,
        observe
      )
      for (const read of reads) expect(E.isRight((await read()) as E.Either<unknown, unknown>)).toBe(true)
      for (const command of others) await command()
      for (const error of errorsIn(events)) expect(error).toMatchObject({ _tag: 'StoreError', operation })
      // those that this ring does not ask, and the end of a lease, which comes by itself
      const unasked = [
        'readMany',
        'hasMany',
        'has',
        'read',
        'set',
        'setMany',
        'delete',
        'renew',
        'seize',
        'release'
      ]
      if (!unasked.includes(operation)) expect(errorsIn(events).length).toBeGreaterThan(0)
    }
  )

  const bulks: ReadonlyArray<readonly [string, unknown]> = [
    ['fewer values', [O.none]],
    ['more values', [O.none, O.none, O.none]],
    ['no values', []],
    ['no list', new Uint8Array(2)],
    ['a string', 'ab'],
    ['a hole', [undefined, O.none]],
    // eslint-disable-next-line no-sparse-arrays -- that is what is tried
    ['a sparse list', [, O.none]],
    ['null in it', [null, O.some(2)]],
    ['one that throws', [throwing('_tag'), O.some(2)]]
  ]
  test.each(bulks)(
    'law 2: a bulk read that answers with %s: each key gets its answer',
    async (kind, answer) => {
      const { events, observe } = listen()
      let asked = 0
      const store = { ...memory(), getMany: () => () => (asked++, Promise.resolve(E.right(answer))) } as never
      const loads: Array<number> = []
      const cached = ring((n: number): TE.TaskEither<string, number> => TE.fromIO(() => (loads.push(n), n)), {
        store,
        name: 'user',
        observe
      })
      expect(await cached.getOrUpdateMany([[1], [2]])()).toStrictEqual(E.right([E.right(1), E.right(2)]))
      expect(asked).toBe(1)
      expect(errorsIn(events).length).toBeGreaterThan(0)
      for (const error of errorsIn(events))
        expect(error).toMatchObject({ _tag: 'StoreError', operation: 'getMany' })
      // where the places are known, a neighbour keeps what is there
      expect(loads).toStrictEqual(['null in it', 'one that throws'].includes(kind) ? [1] : [1, 2])
      const got = await cached.getMany([[1], [2]])()
      expect(got).toMatchObject({ _tag: 'Left', left: { operation: 'getMany' } })
    }
  )

  test('law 2: the same for a read of ages, and for generations of tags', async () => {
    for (const answer of [[], [undefined, undefined, undefined], 'abc']) {
      const store = {
        ...memory(),
        readMany: () => async () => E.right(answer),
        getMany: () => async () => E.right(answer)
      } as never
      const aged = ring(id, {
        store,
        name: 'user',
        tags: () => ['t'],
        policy: Policy.staleWhileRevalidate(Duration.seconds(1))
      })
      expect(await aged.getOrUpdateMany([[1], [2]])()).toStrictEqual(E.right([E.right(1), E.right(2)]))
      const tagged = ring(id, { store, name: 'user', tags: () => ['t'] })
      expect(await tagged.getOrUpdateMany([[1], [2]])()).toStrictEqual(E.right([E.right(1), E.right(2)]))
    }
  })

  test('a control: a good bulk read serves what is there', async () => {
    const store = memory()
    const loads: Array<number> = []
    const cached = ring((n: number): TE.TaskEither<string, number> => TE.fromIO(() => (loads.push(n), n)), {
      store,
      name: 'user'
    })
    await cached.set(9)(1)()
    expect(await cached.getOrUpdateMany([[1], [2]])()).toStrictEqual(E.right([E.right(9), E.right(2)]))
    expect(loads).toStrictEqual([2])
  })
})
