/**
 * The laws that every codec keeps, for any codec and any arbitrary of its values:
 *
 * ```ts
 * codecLaws('json', Codec.json(User), arbitraryOfUser)
 * ```
 */
import { types } from 'node:util'

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Codec } from '../../src/Codec'

export interface CodecLaws<A> {
  /** When two values are the same; `same` where nothing is said. */
  readonly equals?: (x: A, y: A) => boolean
  /** Whether a raw value shares nothing with the value it was made of (law 6). */
  readonly isolates?: boolean
  readonly numRuns?: number
}

const isPlain = (o: object): boolean => {
  const proto: unknown = Object.getPrototypeOf(o)
  return typeof proto !== 'object' || proto === null || Object.getPrototypeOf(proto) === null
}

const all = (xs: ReadonlyArray<unknown>, ys: ReadonlyArray<unknown>): boolean =>
  xs.length === ys.length && xs.every((x, i) => same(x, ys[i]))

/**
 * Bit for bit (`-0` is not `0`, an absent property not an undefined one, a hole not an element), but across the realms
 * of a test runner, and a record without a prototype is a record.
 */
export const same = (x: unknown, y: unknown): boolean => {
  if (typeof x !== 'object' || x === null || typeof y !== 'object' || y === null) return Object.is(x, y)
  if (Object.prototype.toString.call(x) !== Object.prototype.toString.call(y) || isPlain(x) !== isPlain(y))
    return false
  if (types.isDate(x) && types.isDate(y)) return Object.is(x.getTime(), y.getTime())
  if (types.isMap(x) && types.isMap(y)) return all([...x].flat(), [...y].flat())
  if (types.isSet(x) && types.isSet(y)) return all([...x], [...y])
  const keys = Object.keys(x).sort()
  return (
    all(keys, Object.keys(y).sort()) &&
    keys.every((k) => same(Reflect.get(x, k), Reflect.get(y, k))) &&
    (!Array.isArray(x) || x.length === (y as ReadonlyArray<unknown>).length)
  )
}

const left = (e: E.Either<{ readonly _tag: string; readonly message: string }, unknown>): string =>
  E.isLeft(e) ? `${e.left._tag}: ${e.left.message}` : 'a right'

/** Changes everything that can be changed in a value, in place. */
export const vandalize = (u: unknown): void => {
  if (typeof u !== 'object' || u === null || Object.isFrozen(u)) return
  if (u instanceof Date) u.setTime(1)
  else if (u instanceof Map || u instanceof Set) u.clear()
  else if (u instanceof Uint8Array) u.fill(42)
  else
    for (const key of Object.keys(u)) {
      vandalize(Reflect.get(u, key))
      Reflect.set(u, key, 'vandalized')
    }
}

export const codecLaws = <A, R>(
  name: string,
  codec: Codec<A, R>,
  values: fc.Arbitrary<A>,
  { equals = same, isolates = true, numRuns = 300 }: CodecLaws<A> = {}
): void => {
  describe(name, () => {
    it('law 1: what is encoded comes back, what cannot is refused', () => {
      let kept = 0
      fc.assert(
        fc.property(values, (a) => {
          const raw = codec.encode(a)
          if (E.isLeft(raw)) {
            expect(raw.left._tag).toBe('EncodeError')
            return
          }
          const back = codec.decode(raw.right)
          if (!E.isRight(back)) throw new Error(left(back))
          expect(equals(back.right, a)).toBe(true)
          kept++
        }),
        { numRuns }
      )
      // a codec that refuses everything keeps the law, and is no codec
      expect(kept).toBeGreaterThan(numRuns / 10)
    })

    it('law 1: encoding is a function of the value', () => {
      fc.assert(
        fc.property(values, (a) => {
          const twice = [codec.encode(a), codec.encode(a)].map((e) => (E.isRight(e) ? e.right : left(e)))
          expect(same(twice[0], twice[1])).toBe(true)
        }),
        { numRuns }
      )
    })

    if (isolates)
      it('law 6: neither the value nor what was read from the raw is shared with it', () => {
        fc.assert(
          fc.property(values, (a) => {
            const raw = codec.encode(a)
            if (E.isLeft(raw)) return
            const kept = codec.decode(raw.right)
            vandalize(a)
            pipe(codec.decode(raw.right), E.map(vandalize))
            expect(same(codec.decode(raw.right), kept)).toBe(true)
          }),
          { numRuns }
        )
      })
  })
}

/** Law 5 for codecs of bytes: random bytes, and encoded values with bytes changed, are a left or a value. */
export const hostileBytesLaws = <A>(
  name: string,
  codec: Codec<A, Uint8Array>,
  values: fc.Arbitrary<A>,
  numRuns = 2_000
): void => {
  // a few hundred entries, changed in many ways: to make a value costs more than to decode it
  const entries = fc.sample(values, { numRuns: 400, seed: 1 }).map(codec.encode)
  const mutated = fc
    .tuple(
      fc.constantFrom(...entries),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat())
    )
    .map(([raw, changes, cut]) => {
      const bytes = E.isRight(raw) ? Uint8Array.from(raw.right) : new Uint8Array(1)
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      return cut === null ? bytes : bytes.subarray(0, cut % bytes.length)
    })

  describe(name, () => {
    it('law 5: mutated, truncated and random bytes are a left or a value, never a throw', () => {
      const before = Reflect.ownKeys(Object.prototype).length
      fc.assert(
        fc.property(
          fc.oneof({ weight: 5, arbitrary: mutated }, fc.uint8Array({ maxLength: 64 })),
          (bytes) => {
            const decoded = codec.decode(bytes)
            if (E.isLeft(decoded)) expect(decoded.left._tag).toBe('DecodeError')
          }
        ),
        { numRuns }
      )
      expect(Reflect.ownKeys(Object.prototype).length).toBe(before)
    })

    it('law 5: an entry cut at any offset is a left', () => {
      fc.assert(
        fc.property(values.map(codec.encode), (raw) => {
          if (E.isLeft(raw)) return
          for (let end = 0; end < Math.min(raw.right.length, 300); end++) {
            const cut = codec.decode(raw.right.subarray(0, end))
            // the digits of a number may be cut and leave a number
            if (E.isRight(cut)) expect(typeof cut.right).toBe('number')
          }
        }),
        { numRuns: 50 }
      )
    })
  })
}
