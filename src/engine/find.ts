/**
 * Reads of a ring: gets an entry from the store, unwraps it, decodes it, and judges what it may be used for now.
 *
 * A ring without stale windows, tags and stored errors only calls `get` and decodes. A ring that must know the age of
 * an entry calls `read`, unless it has seen lately that the entry is still fresh. The generations of its tags are read
 * in the same tick as the entry, so that a store that batches reads them in the same round trip.
 *
 * @internal
 */
import * as O from 'fp-ts/Option'

import type { Verdict } from '../Decision'
import type { Arguments } from '../KeyFn'
import { lookAll, lookAllPlainly } from './findMany'
import { makeGlance, makeLook, type Reader, type ReaderParts } from './findOne'
import { makeJudge } from './judge'
import type { Seen } from './model'

export type { Reader }

/** Whether what was found, a value or a stored error, may be served without a load. */
export const isServable = <Err, A>({ answer, verdict: found }: Seen<Err, A>): boolean =>
  answer !== undefined && found !== 'expired'

/** The value that may be served without a load. */
export const served = <Err, A>(seen: Seen<Err, A>): O.Option<A> =>
  isServable(seen) && seen.answer?._tag === 'Right' ? { _tag: 'Some', value: seen.answer.right } : O.none

/** The event that reports a served entry. */
export const servedAs = (found: Verdict): 'Hit' | 'Stale' =>
  found === 'fresh' || found === 'due' ? 'Hit' : 'Stale'

export const makeReader = <Args extends Arguments, Err, A, R>(
  parts: ReaderParts<Args, Err, A, R>
): Reader<Args, Err, A> => {
  const { store, tags } = parts
  const judge = makeJudge<Args, Err, A, R>({
    ...parts,
    tagged: tags !== undefined,
    tellsAges: store.peekEntry !== undefined
  })
  const one = makeLook(parts, judge)
  const many = judge.plain ? lookAllPlainly : lookAll
  return {
    ...makeGlance(parts, judge),
    ...one,
    lookAll: many(parts, judge, one.look),
    remembers: judge.remembers,
    wrote: (key, since) => judge.knows(key, since, Infinity)
  }
}
