/** Laws 26, 27, 30, 31 and 36: what a cache owes its users when its store, its codec or its key fails. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import type { RingEvent } from '../../src'
import { Clock, dict, Duration, KeyFn, Policy, ring, RingError, Store } from '../../src'
import type { Parts } from '../../src/engine/engine'
import { makeEngine } from '../../src/engine/engine'
import { makeLookup } from '../../src/engine/getOrUpdate'
import { makeLookupAll } from '../../src/engine/getOrUpdateMany'
import { resolve, type Resolved } from '../../src/engine/policy'
import { makeTended } from '../../src/engine/timers'
import { makeWork } from '../../src/engine/work'
import { storeOperations } from '../../src/stores/kit/operations'
import { runs } from '../runs'

type Fault = 'works' | 'fails' | 'hangs' | 'throws' | 'rejects'
type Values = Record<Store.Operation, Fault>

const operations: ReadonlyArray<Store.Operation> = storeOperations

/** A store like one on a network (no `peek`, no deadline of its own) whose operations fail as they are told. */
const faulty = (faults: Partial<Values>): Store.Store<unknown> => {
  const {
    deadline: _,
    peek: __,
    ...store
  } = pipe(
    dict(),
    Store.around((operation, task) => {
      const fault = faults[operation] ?? 'works'
      if (fault === 'throws') throw new Error('thrown')
      return fault === 'works'
        ? task
        : fault === 'fails'
        ? TE.left(RingError.storeFailed(operation)(new Error('down')))
        : fault === 'hangs'
        ? () => new Promise(() => undefined)
        : () => Promise.reject(new Error('rejected'))
    })
  )
  return store
}

const anyFaults: fc.Arbitrary<Values> = fc.record(
  Object.fromEntries(
    operations.map((operation) => [
      operation,
      fc.constantFrom<Fault>('works', 'fails', 'hangs', 'throws', 'rejects')
    ])
  ) as { [K in Store.Operation]: fc.Arbitrary<Fault> },
  { noNullPrototype: true }
)

const always = (fault: Fault): Values =>
  Object.fromEntries(operations.map((operation) => [operation, fault])) as Values
const soon = Policy.storeTimeout(Duration.milliseconds(5))

const recorded = () => {
  const events: Array<RingEvent.RingEvent> = []
  const observe = (e: RingEvent.RingEvent) => () => {
    events.push(e)
  }
  return { events, observe, tags: () => events.map(({ _tag }) => _tag) }
}

const value = { id: 1 }
const error = { no: 1 }
const good = (_: number): TE.TaskEither<typeof error, typeof value> => TE.right(value)
const bad = (_: number): TE.TaskEither<typeof error, typeof value> => TE.left(error)

describe('laws 26, 27, 30, 31 and 36', () => {
  test('law 26: whatever the store does, getOrUpdate gives what execute gives, the very same', () =>
    fc.assert(
      fc.asyncProperty(anyFaults, async (faults) => {
        for (const fn of [good, bad]) {
          const cached = ring(fn, { store: faulty(faults), name: 'k', policy: soon })
          const executed = await cached.execute(1)()
          for (const _ of [1, 2]) {
            const answer = await cached(1)()
            expect(answer).toStrictEqual(executed)
            if (E.isRight(answer)) expect(answer.right).toBe(value)
            else expect(answer.left).toBe(error)
          }
          expect(await cached.getOrUpdateMany([[1], [2], [1]])()).toStrictEqual(
            E.right([executed, executed, executed])
          )
        }
      }),
      { numRuns: runs(200) }
    ))

  test('law 26: where every call hangs the caller waits for one timeout', async () => {
    for (const call of ['single', 'bulk'] as const) {
      const { observe, tags } = recorded()
      const cached = ring(good, { store: faulty(always('hangs')), name: 'k', policy: soon, observe })
      const seen: E.Either<unknown, unknown> =
        call === 'single' ? await cached(1)() : await cached.getOrUpdateMany([[1]])()
      expect(E.isRight(seen)).toBe(true)
      // the read has failed; the write, which will fail as well, is not waited for
      expect(tags().filter((tag) => tag === 'Fault').length).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(tags().filter((tag) => tag === 'Fault').length).toBe(2)
    }
  })

  test('law 26: a store without a deadline of its own is given one', async () => {
    const cached = ring(good, { store: faulty(always('hangs')), name: 'k' })
    const got = await cached.get(1)()
    expect(E.isLeft(got) && got.left._tag === 'StoreError' && got.left.reason).toBe('timeout')
  })

  test('law 27: a write that fails takes no value from its caller, unless the policy is strict', async () => {
    const { events, observe } = recorded()
    const store = faulty({ set: 'fails', setMany: 'fails' })
    const cached = ring(good, { store, name: 'k', observe })
    expect(await cached(1)()).toStrictEqual(E.right(value))
    expect(events.flatMap((e) => (e._tag === 'Fault' ? [e.error._tag] : []))).toStrictEqual(['StoreError'])
    const strict = ring(good, { store, name: 'k', policy: Policy.strict })
    const answer = await strict(1)()
    expect(E.isLeft(answer) && '_tag' in answer.left && answer.left._tag).toBe('StoreError')
    expect(E.isLeft(await strict.getOrUpdateMany([[1]])())).toBe(true)
  })

  test('law 27: a value that cannot be encoded is returned all the same, unless the policy is strict', async () => {
    const codec = {
      encode: () => E.left(new RingError.EncodeError('no')),
      decode: (u: unknown) => E.right(u as typeof value)
    }
    const { observe, tags } = recorded()
    expect(await ring(good, { store: dict(), codec, name: 'k', observe })(1)()).toStrictEqual(E.right(value))
    expect(tags()).toContain('Fault')
    const strict = await ring(good, { store: dict(), codec, name: 'k', policy: Policy.strict })(1)()
    expect(E.isLeft(strict) && '_tag' in strict.left && strict.left._tag).toBe('EncodeError')
    const updated = await ring(good, { store: dict(), codec, name: 'k' }).update(1)()
    expect(E.isLeft(updated) && '_tag' in updated.left && updated.left._tag).toBe('EncodeError')
  })

  test('strict: a read that fails is the caller’s, and the function is not run', async () => {
    let ran = 0
    const fn = (id: number): TE.TaskEither<string, number> => TE.fromIO(() => (ran++, id))
    const cached = ring(fn, {
      store: faulty({ get: 'fails', getMany: 'fails' }),
      name: 'k',
      policy: Policy.strict
    })
    expect(E.isLeft(await cached(1)())).toBe(true)
    expect(E.isLeft(await cached.getOrUpdateMany([[1]])())).toBe(true)
    expect(ran).toBe(0)
    const keyless = ring((_: symbol): TE.TaskEither<RingError.RingError, number> => TE.right(1), {
      store: dict(),
      key: KeyFn.structural('k'),
      policy: Policy.strict
    })
    const answer = await keyless(Symbol())()
    expect(E.isLeft(answer) && answer.left._tag).toBe('KeyError')
  })

  test('law 4: a key function that throws is a KeyError of the commands, and no failure of the cached function', async () => {
    const { events, observe } = recorded()
    const cached = ring(good, {
      store: dict(),
      key: () => {
        throw new Error('secret')
      },
      observe
    })
    expect(await cached(1)()).toStrictEqual(E.right(value))
    expect(await cached.getOrUpdateMany([[1], [2]])()).toStrictEqual(
      E.right([E.right(value), E.right(value)])
    )
    const answers = [
      await cached.get(1)(),
      await cached.getMany([[1]])(),
      await cached.update(1)(),
      await cached.updateMany([[1]])(),
      await cached.set(value)(1)(),
      await cached.delete(1)(),
      await cached.has(1)(),
      await cached.touch(1)()
    ]
    for (const answer of answers) {
      const failure = E.isLeft(answer) && '_tag' in answer.left ? answer.left : undefined
      expect(failure?._tag).toBe('KeyError')
      expect(failure?.message).not.toContain('secret')
    }
    expect(events.filter((e) => e._tag === 'Fault').length).toBe(3 + answers.length)
  })

  test('law 5: a codec that throws is a codec that refuses', async () => {
    const codec = {
      encode: E.right,
      decode: () => {
        throw new RangeError('deep')
      }
    }
    const cached = ring(good, { store: dict(), codec, name: 'k' })
    await cached(1)()
    expect(await cached(1)()).toStrictEqual(E.right(value))
    const got = await cached.get(1)()
    expect(E.isLeft(got) && got.left._tag).toBe('DecodeError')
  })

  test('law 30: an observer that throws changes nothing', async () => {
    const observe = (): never => {
      throw new Error('observer')
    }
    const late = () => (): never => {
      throw new Error('observer')
    }
    for (const o of [observe, late]) {
      const cached = ring(good, { store: dict(), name: 'k', observe: o })
      expect(await cached(1)()).toStrictEqual(E.right(value))
      expect(await cached(1)()).toStrictEqual(E.right(value))
      expect(await cached.get(1)()).toStrictEqual(E.right(O.some(value)))
      expect(await cached.delete(1)()).toStrictEqual(E.right(undefined))
    }
  })

  test('law 31: commands report what fails, and it is told before they do', async () => {
    for (const fault of ['fails', 'hangs', 'throws', 'rejects'] as const) {
      const { events, observe } = recorded()
      const cached = ring(good, { store: faulty(always(fault)), name: 'k', policy: soon, observe })
      const twice = cached.updateMany([[1], [2]])
      const reads = cached.getMany([[1], [2]])
      const commands: ReadonlyArray<TE.TaskEither<unknown, unknown>> = [
        cached.get(1),
        cached.update(1),
        cached.set(value)(1),
        cached.delete(1),
        cached.has(1),
        cached.touch(1),
        cached.clear(),
        reads,
        twice,
        cached.setMany([
          [[1], value],
          [[2], value]
        ]),
        cached.deleteMany([[1], [2]]),
        cached.hasMany([[1], [2]]),
        cached.touchMany([[1], [2]])
      ]
      for (const command of commands) {
        const before = events.length
        expect(await command()).toMatchObject({ _tag: 'Left', left: { _tag: 'StoreError' } })
        // once for a command; a bulk command tells of every read and, without `batch`, of every write that failed
        const told = events.slice(before).filter((e) => e._tag === 'Fault').length
        expect([commands.indexOf(command), told]).toStrictEqual([
          commands.indexOf(command),
          command === twice || command === reads ? 2 : 1
        ])
      }
    }
  })

  test('law 31: a breaker counts faults though fail-open hides them from the caller', async () => {
    let asked = 0
    const breaker: Store.Breaker = {
      execute: (f) => {
        asked++
        return asked > 2 ? Promise.reject(new Error('open')) : f()
      }
    }
    const store = pipe(faulty({ get: 'fails', set: 'fails' }), Store.guarded(breaker))
    const cached = ring(good, { store, name: 'k' })
    for (const _ of [1, 2, 3]) expect(await cached(1)()).toStrictEqual(E.right(value))
    const got = await cached.get(1)()
    expect(E.isLeft(got) && got.left._tag === 'StoreError' && got.left.reason).toBe('open')
  })

  const nothingHeld = () =>
    fc.asyncProperty(
      anyFaults,
      fc.array(fc.tuple(fc.constantFrom('call', 'many', 'mutate', 'all', 'update', 'throw'), fc.nat(3)), {
        maxLength: 15
      }),
      async (faults, steps) => {
        let throws = false
        const parts: Parts<readonly [number], string, number, unknown, unknown> = {
          name: 'k',
          key: (id) => String(id),
          codec: { encode: E.right, decode: E.right as never },
          store: Store.timed(Duration.milliseconds(3))(faulty(faults)),
          execute: (id) => async () => {
            if (throws) throw new Error('defect')
            return id === 3 ? E.left('three') : E.right(id)
          },
          batch: undefined,
          budget: Duration.forever,
          tended: makeTended(Clock.system),
          work: makeWork(),
          lasting: () => undefined,
          policy: {
            // SAFETY: it asks nothing of values, arguments and errors
            ...(resolve(Policy.ttl(Duration.minutes(1)), Math.random) as Resolved<
              readonly [number],
              string,
              number
            >),
            cacheWhen: (n) => n !== 2
          },
          tags: undefined,
          holding: 'references',
          random: Math.random,
          observe: undefined,
          clock: { now: () => 1 }
        }
        const engine = makeEngine(parts)
        const [lookup, lookupAll] = [makeLookup(engine), makeLookupAll(engine)]
        const running = steps.map(([step, id]): unknown => {
          const key = String(id)
          if (step === 'throw') throws = !throws
          if (step === 'call') return lookup([id])
          if (step === 'many') return lookupAll([[id], [0]])
          if (step === 'mutate')
            return engine.flights.mutate([key], async () => engine.write([[key, O.none]]))
          if (step === 'all') return engine.flights.mutateAll(async () => E.right(undefined))
          return engine.update([key], [[id]])
        })
        await Promise.allSettled(running)
        for (let i = 0; i < 100 && engine.flights.size() > 0; i++) await new Promise((r) => setTimeout(r, 2))
        expect(engine.flights.size()).toBe(0)
      }
    )

  test('law 36: when the work is done nothing is held any more', async () => {
    await fc.assert(nothingHeld(), { numRuns: runs(200) })
    // a read that was detached by a deletion joined the load after it, and kept its hold on the key
    await fc.assert(nothingHeld(), { numRuns: 14, seed: -105458713 })
  })

  test('a function that throws or rejects is a defect, not an error: it is passed on, and wedges nothing', async () => {
    for (const fn of [
      (_: number): TE.TaskEither<string, number> => {
        throw new Error('defect')
      },
      (_: number): TE.TaskEither<string, number> =>
        () =>
          Promise.reject(new Error('defect'))
    ]) {
      const cached = ring(fn, { store: dict(), name: 'k' })
      for (const _ of [1, 2]) {
        await expect(cached(1)()).rejects.toThrow('defect')
        await expect(cached.update(1)()).rejects.toThrow('defect')
        await expect(cached.getOrUpdateMany([[1]])()).rejects.toThrow('defect')
      }
      expect(await cached.set(5)(1)()).toStrictEqual(E.right(undefined))
      expect(await cached(1)()).toStrictEqual(E.right(5))
    }
    const short = ring((id: number): TE.TaskEither<string, number> => TE.right(id), {
      store: dict(),
      name: 'k',
      batch: () => TE.right([1])
    })
    await expect(short.getOrUpdateMany([[1], [2]])()).rejects.toThrow('batch')
  })

  test('no message has a value, an argument or a key in it', async () => {
    const secret = 'hunter2'
    const messages: Array<string> = []
    const observe = (e: RingEvent.RingEvent) => () => {
      if (e._tag === 'Fault' || e._tag === 'Invalid') messages.push(String(e.error), JSON.stringify(e.error))
    }
    const fn = (_: string, __: unknown): TE.TaskEither<string, string> => TE.right(secret)
    const refuses = {
      encode: () => E.left(new RingError.EncodeError('no')),
      decode: () => E.left(new RingError.DecodeError('no'))
    }
    const store = faulty(always('fails'))
    await ring(fn, { store, name: 'k', observe })(secret, 1)()
    await ring(fn, { store, name: 'k', observe })(secret, () => secret)()
    await ring(fn, { store: dict(), codec: refuses, name: 'k', observe }).update(secret, 1)()
    expect(messages.length).toBeGreaterThan(3)
    expect(messages.filter((message) => message.includes(secret))).toStrictEqual([])
  })
})
