/**
 * The laws of a codec, for any codec.
 *
 * Laws:
 *
 * - law 1, 5, 6 of `docs/laws.md`.
 *
 * @since 0.1.0
 */
import type * as fc from 'fast-check'
import type { Eq } from 'fp-ts/Eq'

import type { Codec } from '../Codec'
import {
  type CodecCase,
  comesBack,
  isFramed,
  isFunction,
  isolates,
  makesBytes,
  survives
} from './codec/checks'
import type { Laws } from './law'
import { same } from './words/same'
import { law, looking } from './words/words'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * The properties of a codec that the laws need. All but `values` may be left out: by default a codec isolates, and is
 * not framed. The laws find out themselves whether it makes bytes.
 *
 * @category model
 * @since 0.1.0
 */
export interface CodecLawsOptions<A> {
  /** Values of the type. Those that the codec refuses may be among them; most should not be. */
  readonly values: fc.Arbitrary<A>
  /** When two values are the same (default: deep equality, by which `-0` is not `0`). */
  readonly eq?: Eq<A>
  /** Whether a raw value shares nothing with the value (default: yes). A codec that holds references does not. */
  readonly isolates?: boolean
  /** Whether no beginning of an entry is an entry (default: no). Plain text is not framed; JSON and CBOR are. */
  readonly framed?: boolean
  /** How many values to try (default: 300), and seven times as many hostile bytes. */
  readonly numRuns?: number
  /** The seed of fast-check, to repeat a run (default: random). */
  readonly seed?: number
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * The laws of a codec. For a codec that makes bytes, they also check how it handles bytes that it did not make.
 *
 * @example
 * import * as fc from 'fast-check'
 * import * as t from 'io-ts'
 * import { Codec } from 'fp-ring'
 * import { codecLaws } from 'fp-ring/testing'
 *
 * const User = t.type({ id: t.number, name: t.string })
 * const users = fc.record({ id: fc.integer(), name: fc.string() })
 * const laws = codecLaws(Codec.json(User), { values: users, framed: true, numRuns: 20 })
 *
 * // under a runner of tests: for (const law of laws) test(law.name, law.run)
 * const test = async () => {
 *   for (const law of laws) await law.run()
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const codecLaws = <A, R>(codec: Codec<A, R>, options: CodecLawsOptions<A>): Laws => {
  const { eq, framed = false, isolates: isolated = true, numRuns = 300, seed, values } = options
  const c: CodecCase<A, R> = {
    codec,
    values,
    equals: eq === undefined ? same : (x, y) => eq.equals(x, y),
    check: looking(numRuns, seed)
  }
  // SAFETY: some of its raw values are bytes, so all are
  const ofBytes = makesBytes(c) ? (c as unknown as CodecCase<A, Uint8Array>) : undefined
  return [
    law('law 1: what is encoded comes back, what cannot is refused', () => comesBack(c)),
    law('law 1: encoding is a function of the value', () => isFunction(c)),
    ...(isolated
      ? [law('law 6: neither the value nor what was read from the raw is shared with it', () => isolates(c))]
      : []),
    ...(ofBytes === undefined
      ? []
      : [
          law('law 5: mutated, cut and random bytes are a left or a value, never a throw', () =>
            survives(ofBytes)
          )
        ]),
    ...(ofBytes === undefined || !framed
      ? []
      : [law('law 5: an entry cut at any offset is a left', () => isFramed(ofBytes))])
  ]
}
