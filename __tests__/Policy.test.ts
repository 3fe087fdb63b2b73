import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import type { RingError } from '../src'
import { dict, Duration, Policy, ring } from '../src'
import { runs } from './runs'

type AnyPolicy = Policy.Policy<unknown, RingError.RingError, number, readonly [number]>

const anyPolicy: fc.Arbitrary<AnyPolicy> = fc.oneof(
  fc.integer({ min: -5, max: 1e6 }).map((n): AnyPolicy => Policy.ttl(Duration.milliseconds(n))),
  fc.constant<AnyPolicy>(Policy.forever),
  fc.constant<AnyPolicy>(Policy.strict),
  fc.constant<AnyPolicy>(Policy.policy()),
  fc.double({ min: 0, max: 1, noNaN: true }).map((f): AnyPolicy => Policy.jitter(f)),
  fc.integer({ min: 2, max: 4 }).map((n): AnyPolicy => Policy.cacheWhen((value: number) => value % n === 0)),
  fc
    .integer({ min: 1, max: 4 })
    .map(
      (n): AnyPolicy =>
        Policy.ttlBy((value: number, [id]: readonly [number]) => Duration.milliseconds(n + value + id))
    ),
  fc.integer({ min: 1, max: 1e6 }).map((n): AnyPolicy => Policy.storeTimeout(Duration.milliseconds(n))),
  fc.integer({ min: 1, max: 1e6 }).map((n): AnyPolicy => Policy.loadTimeout(Duration.milliseconds(n)))
)

/** What a policy says, with its functions asked for their answers. */
const meaning = (p: AnyPolicy) => {
  const values = [0, 1, 2, 3, 6, 12]
  const { cacheWhen, ttl, ...rest } = p
  return {
    ...rest,
    ttl: typeof ttl === 'function' ? values.map((value) => ttl(value, [7])) : ttl,
    cached: values.map((value) => cacheWhen?.(value, [7]) ?? true)
  }
}

describe('Policy', () => {
  test('law 14: policies are a monoid', () =>
    fc.assert(
      fc.property(anyPolicy, anyPolicy, anyPolicy, (a, b, c) => {
        const { concat, empty } = Policy.getMonoid<unknown, RingError.RingError, number, readonly [number]>()
        expect(meaning(concat(a, concat(b, c)))).toStrictEqual(meaning(concat(concat(a, b), c)))
        expect(meaning(concat(a, empty))).toStrictEqual(meaning(a))
        expect(meaning(concat(empty, a))).toStrictEqual(meaning(a))
        expect(meaning(Policy.policy(a, b, c))).toStrictEqual(meaning(concat(a, concat(b, c))))
      })
    ))

  test('what cannot be meant is refused when the policy is made', () => {
    expect(() => Policy.jitter(1.1)).toThrow(TypeError)
    expect(() => Policy.jitter(NaN)).toThrow(TypeError)
    expect(() => Policy.ttl(NaN as never)).toThrow(TypeError)
    expect(() => Policy.storeTimeout(Duration.zero)).toThrow(TypeError)
    expect(() => Policy.loadTimeout(Duration.milliseconds(-1))).toThrow(TypeError)
  })

  const lived = async (p: AnyPolicy, random?: () => number): Promise<ReadonlyArray<number>> => {
    const cached = ring((id: number) => TE.right(id), {
      store: dict({ clock: { now: () => 1 } }),
      name: 'k',
      policy: p,
      ...(random === undefined ? {} : { random })
    })
    const lives: Array<number> = []
    for (let id = 0; id < 20; id++) {
      await cached(id)()
      const entry = await cached.store.read(cached.key(id))()
      lives.push(E.isRight(entry) && O.isSome(entry.right) ? entry.right.value.remaining : 0)
    }
    return lives
  }

  test('law 19: jitter only shortens, by no more than its share, and a seeded run can be repeated', () =>
    fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer(), async (fraction, seed) => {
        const seeded = () => {
          let x = seed
          return () => {
            x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0
            return (x >>> 0) / 2 ** 32
          }
        }
        const p = Policy.policy(Policy.ttl(Duration.seconds(100)), Policy.jitter(fraction))
        const lives = await lived(p, seeded())
        for (const life of lives) {
          expect(life).toBeLessThanOrEqual(100_000)
          expect(life).toBeGreaterThanOrEqual(Math.floor(100_000 * (1 - fraction)))
          expect(life).toBeGreaterThan(0)
        }
        expect(await lived(p, seeded())).toStrictEqual(lives)
        if (fraction > 0.1) expect(new Set(lives).size).toBeGreaterThan(1)
      }),
      { numRuns: runs(100) }
    ))

  test('lifetimes may look at values and arguments, and values may be left out', async () => {
    const by = Policy.ttlBy((value: number, [id]: readonly [number]) => Duration.seconds(value + id))
    expect((await lived(by)).slice(0, 4)).toStrictEqual([0, 2_000, 4_000, 6_000])
    const even = Policy.policy(
      Policy.forever,
      Policy.cacheWhen((value: number) => value % 2 === 0)
    )
    expect((await lived(even)).slice(0, 4)).toStrictEqual([Infinity, 0, Infinity, 0])
    expect((await lived(Policy.policy()))[0]).toBe(60_000)
  })

  test('a policy that throws stores nothing, and is a failure of the commands alone', async () => {
    const p = Policy.ttlBy((_: number): Duration.Duration => {
      throw new Error('policy')
    })
    const cached = ring((id: number) => TE.right(id), { store: dict(), name: 'k', policy: p })
    expect(await cached(1)()).toStrictEqual(E.right(1))
    const answers: ReadonlyArray<E.Either<RingError.RingError, unknown>> = [
      await cached.update(1)(),
      await cached.set(1)(1)()
    ]
    for (const answer of answers) expect(E.isLeft(answer) && answer.left._tag).toBe('EncodeError')
    expect(await cached.touch(1)()).toStrictEqual(E.right(false))
    await cached.store.set(cached.key(1), 1, Duration.seconds(1))()
    const touched = await cached.touch(1)()
    expect(E.isLeft(touched) && touched.left._tag).toBe('EncodeError')
  })

  test('touch renews by the value where the lifetime depends on it', async () => {
    let now = 1
    const cached = ring((id: number) => TE.right(id), {
      store: dict({ clock: { now: () => now } }),
      name: 'k',
      policy: Policy.ttlBy((value: number) => Duration.seconds(value))
    })
    await cached(5)()
    now += 3_000
    expect(await cached.touch(5)()).toStrictEqual(E.right(true))
    now += 3_000
    expect(await cached.get(5)()).toStrictEqual(E.right(O.some(5)))
    expect(await cached.touchMany([[5], [6]])()).toStrictEqual(E.right([true, false]))
  })
})
