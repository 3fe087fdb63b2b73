/**
 * Random numbers that can be repeated: a stream that a seed determines.
 *
 * @since 0.1.0
 */
import type { IO } from 'fp-ts/IO'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A stream of random numbers. Pass `next` to a ring as its `random`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Random {
  /** From 0 to 1, without 1. */
  readonly next: IO<number>
  /** A whole number, both ends included. */
  readonly between: (least: number, most: number) => IO<number>
  /** True with probability `p`: never for 0, always for 1. */
  readonly chance: (p: number) => IO<boolean>
  /** One of the list, which must not be empty. */
  readonly pick: <A>(from: readonly [A, ...ReadonlyArray<A>]) => IO<A>
  /** A new, independent stream, so that the draws of one part do not change those of another. */
  readonly fork: IO<Random>
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** mulberry32: one word of state, good enough for tests. */
const mulberry32 = (seed: number): IO<number> => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * A stream from a seed, a whole number. The same seed gives the same stream on every machine.
 *
 * @example
 * import { seeded } from 'fp-ring/testing'
 *
 * const [a, b] = [seeded(42), seeded(42)]
 * assert.strictEqual(a.next(), b.next())
 * const die = a.between(1, 6)
 * assert.ok(die() >= 1 && die() <= 6)
 * assert.ok(['red', 'blue'].includes(a.pick(['red', 'blue'])()))
 *
 * @category constructors
 * @since 0.1.0
 */
export const seeded = (seed: number): Random => {
  const next = mulberry32(seed)
  const between = (least: number, most: number) => () => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    chance: (p) => () => next() < p,
    pick: (from) => () => from[between(0, from.length - 1)()] ?? from[0],
    fork: () => seeded(Math.floor(next() * 2 ** 32))
  }
}
