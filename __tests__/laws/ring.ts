/**
 * The laws of the commands, for one caller and no faults, over any store and codec. The suites of the stores run
 * them in a few lines.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as NEA from 'fp-ts/NonEmptyArray'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import type { Codec as CodecOf, RingEvent } from '../../src'
import { Duration, Policy, ring, Store } from '../../src'
import { runs } from '../runs'

/** Every value that is often mistaken for a miss, and some that are not. */
export const Value = t.union([
  t.null,
  t.boolean,
  t.number,
  t.string,
  t.array(t.number),
  t.type({ id: t.number })
])
export type Value = t.TypeOf<typeof Value>

export const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value>(null, false, true, 0, 1, '', 'null', 'undefined', []),
  fc.integer(),
  fc.string(),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.record({ id: fc.integer() }, { noNullPrototype: true })
)

export interface Subject<R> {
  readonly store: Store.Store<R>
  readonly codec: CodecOf.Codec<Value, R>
  /** Something that the codec cannot decode, where there is such a thing. */
  readonly garbage?: R
  readonly dispose?: () => Promise<void>
}

export interface Options {
  /** The store holds the values themselves: nothing to decode, nothing isolated. Laws 5 and 6 say nothing of it. */
  readonly references?: boolean
  /** Policies that change nothing of these laws: what is stale is loaded anew within them. */
  readonly policy?: Policy.Policy<{ readonly leases: object } & Pick<Store.Store<unknown>, 'set'>>
  readonly tags?: (id: number) => ReadonlyArray<string>
}

const some = { numRuns: runs(100) }
let names = 0

export const ringLaws = <R>(
  name: string,
  make: () => Promise<Subject<R>>,
  /** Waits, or turns a clock, for at least so many milliseconds. */
  pass: (ms: number) => Promise<void>,
  { policy = Policy.policy(), references = false, tags }: Options = {}
): void => {
  describe(`the laws of the commands over ${name}`, () => {
    let subject: Subject<R>
    beforeAll(async () => {
      subject = await make()
      // without garbage law 5 would say nothing
      if ((subject.garbage === undefined) !== references) {
        throw new Error(`${name}: garbage is needed, but where the store holds references`)
      }
    })
    afterAll(async () => {
      await subject.dispose?.()
    })

    /** A ring of its own name over a function that returns what `value` says and counts its runs. */
    const fresh = (
      value: (id: number) => E.Either<string, Value> = (id) => E.right(id),
      {
        policy: its = Policy.ttl(Duration.minutes(1)),
        ...more
      }: {
        readonly policy?: Policy.Policy<unknown, never, Value>
        readonly [name: string]: unknown
      } = {}
    ) => {
      const ran: Array<number> = []
      const fn =
        (id: number): TE.TaskEither<string, Value> =>
        async () => {
          ran.push(id)
          return value(id)
        }
      const cached = ring(fn, {
        store: subject.store,
        codec: subject.codec,
        name: `r${String(++names)}`,
        // SAFETY: whoever asks for leases has them
        policy: Policy.policy(policy as Policy.Policy<unknown, never, Value>, its),
        ...(tags === undefined ? {} : { tags }),
        ...more
      })
      return { fn, ran, cached }
    }

    test('law 2: no value is mistaken for a miss, by any command, single or bulk', () =>
      fc.assert(
        fc.asyncProperty(anyValue, async (value) => {
          const { cached, ran } = fresh(() => E.right(value))
          await cached(1)()
          expect(await cached(1)()).toStrictEqual(E.right(value))
          expect(ran).toStrictEqual([1])
          expect(await cached.get(1)()).toStrictEqual(E.right(O.some(value)))
          expect(await cached.getMany([[1], [2]])()).toStrictEqual(E.right([O.some(value), O.none]))
          expect(await cached.has(1)()).toStrictEqual(E.right(true))
          expect(await cached.getOrUpdateMany([[1]])()).toStrictEqual(E.right([E.right(value)]))
          expect(ran).toStrictEqual([1])
        }),
        some
      ))

    if (!references) {
      test('law 5: what cannot be decoded is a miss for getOrUpdate, a left for get, and is overwritten', async () => {
        const { garbage } = subject
        if (garbage === undefined) throw new Error('the subject has no garbage') // see beforeAll
        const events: Array<RingEvent.RingEvent> = []
        const { cached, ran } = fresh((id) => E.right(id), {
          observe: (e: RingEvent.RingEvent) => () => {
            events.push(e)
          }
        })
        const spoil = () => subject.store.set(cached.key(1), garbage, Duration.minutes(1))()
        await spoil()
        const got = await cached.get(1)()
        expect(E.isLeft(got) && got.left._tag).toBe('DecodeError')
        expect(E.isLeft(await cached.getMany([[2], [1]])())).toBe(true)
        expect(await cached(1)()).toStrictEqual(E.right(1))
        expect(ran).toStrictEqual([1])
        expect(events.some(({ _tag }) => _tag === 'Invalid')).toBe(true)
        expect(await cached.get(1)()).toStrictEqual(E.right(O.some(1)))
        await spoil()
        expect(await cached.getOrUpdateMany([[1], [2]])()).toStrictEqual(E.right([E.right(1), E.right(2)]))
        expect(await cached.get(1)()).toStrictEqual(E.right(O.some(1)))
      })

      test('law 6: what a caller does to a value changes nothing that is returned later', async () => {
        const { cached } = fresh(() => E.right([1, 2]))
        const first = await cached(1)()
        if (E.isRight(first) && Array.isArray(first.right)) first.right.push(3)
        const second = await cached(1)()
        expect(second).toStrictEqual(E.right([1, 2]))
        if (E.isRight(second) && Array.isArray(second.right)) second.right.push(4)
        expect(await cached.get(1)()).toStrictEqual(E.right(O.some([1, 2])))
        const mine = [5]
        await cached.set(mine)(1)()
        mine.push(6)
        expect(await cached(1)()).toStrictEqual(E.right([5]))
      })
    }

    test('law 7: what update or set wrote last is what get finds', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.constantFrom('update', 'set', 'updateMany', 'setMany'), anyValue), {
            minLength: 1
          }),
          async (writes) => {
            let now: Value = null
            const { cached } = fresh(() => E.right(now))
            for (const [how, value] of writes) {
              now = value
              if (how === 'update') expect(await cached.update(1)()).toStrictEqual(E.right(value))
              if (how === 'set') expect(await cached.set(value)(1)()).toStrictEqual(E.right(undefined))
              if (how === 'updateMany')
                expect(await cached.updateMany([[1]])()).toStrictEqual(E.right([E.right(value)]))
              if (how === 'setMany') {
                expect(
                  await cached.setMany([
                    [[1], 'lost'],
                    [[1], value]
                  ])()
                ).toStrictEqual(E.right(undefined))
              }
              expect(await cached.get(1)()).toStrictEqual(E.right(O.some(value)))
            }
          }
        ),
        some
      ))

    test('law 8: get never runs the function, execute never touches the store, has says what get finds', async () => {
      const { cached, ran } = fresh()
      expect(await cached.get(1)()).toStrictEqual(E.right(O.none))
      expect(await cached.getMany([[1]])()).toStrictEqual(E.right([O.none]))
      expect(await cached.has(1)()).toStrictEqual(E.right(false))
      expect(ran).toStrictEqual([])
      expect(await cached.execute(1)()).toStrictEqual(E.right(1))
      expect(await cached.executeMany([[1], [2]])()).toStrictEqual(E.right([E.right(1), E.right(2)]))
      expect(await cached.hasMany([[1], [2]])()).toStrictEqual(E.right([false, false]))
      await cached(2)()
      expect(await cached.hasMany([[1], [2]])()).toStrictEqual(E.right([false, true]))
    })

    test('law 9: the function runs once on a miss and never on a fresh hit', () =>
      fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1 }), async (ids) => {
          const { cached, ran } = fresh((id) => E.right([id]))
          for (const id of ids) expect(await cached(id)()).toStrictEqual(E.right([id]))
          expect(ran).toStrictEqual(Array.from(new Set(ids)))
        }),
        some
      ))

    test('law 9: a failure is the caller’s, unchanged, and is not stored', async () => {
      const { cached, ran } = fresh(() => E.left('no'))
      expect(await cached(1)()).toStrictEqual(E.left('no'))
      expect(await cached(1)()).toStrictEqual(E.left('no'))
      expect(await cached.update(1)()).toStrictEqual(E.left('no'))
      expect(ran).toStrictEqual([1, 1, 1])
      expect(await cached.get(1)()).toStrictEqual(E.right(O.none))
    })

    test('law 10: delete then get is none; deleting what is not there succeeds, and twice', async () => {
      const { cached } = fresh()
      expect(await cached.delete(1)()).toStrictEqual(E.right(undefined))
      await cached(1)()
      await cached(2)()
      expect(await cached.delete(1)()).toStrictEqual(E.right(undefined))
      expect(await cached.get(1)()).toStrictEqual(E.right(O.none))
      expect(await cached.delete(1)()).toStrictEqual(E.right(undefined))
      expect(await cached.deleteMany([[1], [2], [2]])()).toStrictEqual(E.right(undefined))
      expect(await cached.hasMany([[1], [2]])()).toStrictEqual(E.right([false, false]))
    })

    test('law 11: touch renews the lifetime, never the value, and creates nothing', async () => {
      const { cached } = fresh((id) => E.right([id]), { policy: Policy.ttl(Duration.milliseconds(400)) })
      expect(await cached.touch(1)()).toStrictEqual(E.right(false))
      expect(await cached.has(1)()).toStrictEqual(E.right(false))
      await cached(1)()
      await cached(2)()
      await pass(250)
      expect(await cached.touch(1)()).toStrictEqual(E.right(true))
      await pass(250)
      expect(await cached.get(1)()).toStrictEqual(E.right(O.some([1])))
      expect(await cached.get(2)()).toStrictEqual(E.right(O.none))
      expect(await cached.touchMany([[1], [2], [1]])()).toStrictEqual(E.right([true, false, true]))
    })

    test('law 12: the bulk commands are the single ones, pointwise, in order, duplicates included', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 0, max: 6 })),
          fc.uniqueArray(fc.integer({ min: 0, max: 6 })),
          async (ids, present) => {
            const value = (id: number): E.Either<string, Value> =>
              id === 3 ? E.left('three') : E.right([id])
            const { cached, ran } = fresh(value)
            const alone = fresh(value)
            const lists = ids.map((id) => [id] as [number])
            for (const id of present) {
              await cached.set([id])(id)()
              await alone.cached.set([id])(id)()
            }
            const pointwise = async <A>(f: (id: number) => TE.TaskEither<unknown, A>) => {
              const all: Array<A> = []
              for (const id of ids) {
                const one = await f(id)()
                if (E.isRight(one)) all.push(one.right)
              }
              return E.right(all)
            }
            expect(await cached.getMany(lists)()).toStrictEqual(await pointwise(alone.cached.get))
            expect(await cached.hasMany(lists)()).toStrictEqual(await pointwise(alone.cached.has))
            expect(await cached.touchMany(lists)()).toStrictEqual(await pointwise(alone.cached.touch))
            expect(cached.keyMany(lists)).toStrictEqual(ids.map((id) => cached.key(id)))
            expect(ran).toStrictEqual([])
            const answers = await cached.getOrUpdateMany(lists)()
            const expected: Array<E.Either<string, Value>> = []
            for (const id of ids) expected.push(await alone.cached.getOrUpdate(id)())
            expect(answers).toStrictEqual(E.right(expected))
            // once for each that was missed, and failures are not stored
            expect([...ran].sort()).toStrictEqual(
              Array.from(new Set(ids))
                .filter((id) => !present.includes(id))
                .sort()
            )
            await cached.deleteMany(lists)()
            expect(await cached.hasMany(lists)()).toStrictEqual(E.right(ids.map(() => false)))
          }
        ),
        some
      ))

    test('law 12: the misses of a bulk command cost one call of batch, and one read and one write of the store', async () => {
      const calls: Array<string> = []
      const batches: Array<ReadonlyArray<number>> = []
      const traced = pipe(
        subject.store,
        Store.around((operation, task) => () => {
          calls.push(operation)
          return task()
        })
      )
      const { cached, ran } = fresh((id) => E.right(id), {
        store: {
          ...traced,
          ...(tags === undefined ? { peek: undefined } : {}),
          peekEntry: undefined,
          backend: undefined,
          deadline: Duration.seconds(1)
        },
        batch: (argsList: ReadonlyArray<readonly [number]>) => async () => {
          batches.push(argsList.map(([id]) => id))
          return E.right(argsList.map(([id]) => id * 10))
        }
      })
      await cached.set(7)(1)()
      calls.length = 0
      expect(await cached.getOrUpdateMany([[1], [2], [3], [2]])()).toStrictEqual(
        E.right([7, 20, 30, 20].map(E.right))
      )
      expect(batches).toStrictEqual([[2, 3]])
      // a lease is taken, and given back with its value, key by key
      expect(calls.filter((call) => call !== 'read')).toStrictEqual(
        policy.lease === undefined
          ? ['getMany', 'setMany']
          : [
              policy.earlyRefresh === undefined ? 'getMany' : 'readMany',
              'acquire',
              'acquire',
              'commit',
              'commit'
            ]
      )
      expect(ran).toStrictEqual([])
      expect(await cached.getMany([[3], [1]])()).toStrictEqual(E.right([O.some(30), O.some(7)]))
      expect(await cached.updateMany([[1], [2]])()).toStrictEqual(E.right([10, 20].map(E.right)))
      expect(batches).toStrictEqual([
        [2, 3],
        [1, 2]
      ])
      calls.length = 0
      const none: ReadonlyArray<[number]> = []
      const nothing = [
        await cached.getMany(none)(),
        await cached.getOrUpdateMany(none)(),
        await cached.executeMany(none)(),
        await cached.updateMany(none)(),
        await cached.setMany([])(),
        await cached.deleteMany(none)(),
        await cached.hasMany(none)(),
        await cached.touchMany(none)()
      ]
      expect(nothing.map(({ _tag }) => _tag)).toStrictEqual(nothing.map(() => 'Right'))
      expect(calls).toStrictEqual([])
      expect(batches.length).toBe(2)
    })

    test('law 13: building a ring or a command does nothing; a task that is run twice runs twice', async () => {
      const { cached, ran } = fresh((id) => E.right(id))
      await cached.set(8)(3)()
      const built = [
        cached(1),
        cached.update(1),
        cached.set(5)(1),
        cached.delete(3),
        cached.clear(),
        cached.execute(1)
      ]
      expect(ran).toStrictEqual([])
      expect(await cached.hasMany([[1], [3]])()).toStrictEqual(E.right([false, true]))
      // and once they are run, each does what it says
      for (const task of built) await task()
      expect(ran).toStrictEqual([1, 1, 1])
      expect(await cached.hasMany([[1], [3]])()).toStrictEqual(E.right([false, false]))
      ran.length = 0
      const update = cached.update(1)
      await update()
      await update()
      expect(ran).toStrictEqual([1, 1])
      const set = cached.set(9)(2)
      await set()
      await cached.delete(2)()
      await set()
      expect(await cached.get(2)()).toStrictEqual(E.right(O.some(9)))
    })

    test('law 14: both call orders, and an encoded store, are the same ring', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.tuple(fc.constantFrom('call', 'get', 'update', 'delete', 'set', 'spoil', 'many'), fc.nat(2)),
            {
              maxLength: 12
            }
          ),
          async (steps) => {
            const name = `r${String(++names)}`
            const counts = [0, 0, 0]
            const fn =
              (i: number) =>
              (id: number): TE.TaskEither<string, Value> =>
              async () =>
                E.right([id, ++(counts as [number])[i as 0]])
            const rings = [
              ring(fn(0), { store: subject.store, codec: subject.codec, name: `${name}a` }),
              pipe(fn(1), ring(subject.store, subject.codec, { name: `${name}b` })),
              ring(fn(2), {
                store: Store.encoded(subject.codec)(subject.store),
                codec: same<Value>(),
                name: `${name}c`
              })
            ] as const
            const results = await Promise.all(
              rings.map(async (r) => {
                const seen: Array<unknown> = []
                for (const [step, id] of steps) {
                  if (step === 'call') seen.push(await r(id)())
                  if (step === 'get')
                    seen.push(
                      pipe(
                        await r.get(id)(),
                        E.mapLeft(({ _tag }) => _tag)
                      )
                    )
                  if (step === 'update') seen.push(await r.update(id)())
                  if (step === 'delete') seen.push(await r.delete(id)())
                  if (step === 'set') seen.push(await r.set('set')(id)())
                  if (step === 'many') seen.push(await r.getOrUpdateMany([[0], [id]])())
                  if (step === 'spoil' && subject.garbage !== undefined) {
                    await subject.store.set(r.key(id), subject.garbage, Duration.minutes(1))()
                  }
                }
                return seen
              })
            )
            expect(results[1]).toStrictEqual(results[0])
            expect(results[2]).toStrictEqual(results[0])
          }
        ),
        some
      ))

    test('law 18: what is given no time is not stored, and takes away what was there; nothing lives for ever unasked', async () => {
      const { cached, ran } = fresh((id) => E.right(id), {
        policy: Policy.ttlBy((value: Value) => (value === 1 ? Duration.zero : Duration.minutes(1)))
      })
      await cached(1)()
      await cached(1)()
      expect(ran).toStrictEqual([1, 1])
      await cached.set('kept')(1)()
      expect(await cached.has(1)()).toStrictEqual(E.right(true))
      await cached.update(1)()
      expect(await cached.has(1)()).toStrictEqual(E.right(false))
      await cached.set('kept')(1)()
      await cached.set(1)(1)()
      expect(await cached.has(1)()).toStrictEqual(E.right(false))

      const remaining = async (r: { readonly key: (id: number) => string }) =>
        pipe(await subject.store.read(r.key(1))(), E.map(O.map((entry) => entry.remaining)))
      const plain = fresh((id) => E.right(id), { policy: Policy.policy() })
      await plain.cached(1)()
      const life = await remaining(plain.cached)
      expect(E.isRight(life) && O.isSome(life.right) && life.right.value <= Policy.defaultTtl).toBe(true)
      const asked = fresh((id) => E.right(id), { policy: Policy.forever })
      await asked.cached(1)()
      expect(await remaining(asked.cached)).toStrictEqual(E.right(O.some(Duration.forever)))
    })

    test('law 35: clear removes the ring’s keys and no other’s', async () => {
      const users = fresh()
      const name = `users${String(names)}`
      const one = fresh((id) => E.right(id), { name }).cached
      const other = fresh((id) => E.right(id), { name: `${name}X` }).cached
      for (const r of [users.cached, one, other]) for (const id of NEA.range(1, 12)) await r(id)()
      expect(await one.clear()()).toStrictEqual(E.right(undefined))
      const all = NEA.range(1, 12).map((id) => [id] as [number])
      expect(await one.hasMany(all)()).toStrictEqual(E.right(all.map(() => false)))
      expect(await other.hasMany(all)()).toStrictEqual(E.right(all.map(() => true)))
      expect(await users.cached.hasMany(all)()).toStrictEqual(E.right(all.map(() => true)))
      const keyed = fresh((id) => E.right(id), { key: (id: number) => `k${String(id)}` }).cached
      const refused = await keyed.clear()()
      expect(E.isLeft(refused) && refused.left._tag).toBe('KeyError')
    })
  })
}

const same = <A>(): CodecOf.Codec<A, A> => ({ encode: E.right, decode: E.right })
