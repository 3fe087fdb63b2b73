/**
 * Bulk reads of a ring: the entries of some keys and the generations of their tags, in one round trip.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { allSoon, andThen, type Soon } from '../base/soon'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import type { RingError, StoreError } from '../RingError'
import type { Found, Reader, ReaderParts } from './findOne'
import { type Judge, nothing, purged, safely } from './judge'
import type { Seen } from './model'
import { stampOf } from './tags'
import { holeIn } from './total'

/** The reader of one key: what a bulk read that fails as a whole falls back to. */
type LookOne<Args extends Arguments, Err, A> = Reader<Args, Err, A>['look']

const missing: E.Either<never, O.Option<never>> = /*#__PURE__*/ E.right(O.none)
const valueOf = ({ value }: Found<unknown>): unknown => value

/** For a ring whose entries have ages, tags or envelopes. */
export const lookAll = <Args extends Arguments, Err, A, R>(
  { clock, policy: { ages }, stock, tags }: ReaderParts<Args, Err, A, R>,
  { open }: Judge<Args, Err, A, R>,
  look: LookOne<Args, Err, A>
): Reader<Args, Err, A>['lookAll'] => {
  const tagKeysIn = safely(
    (args: Args): E.Either<RingError, ReadonlyArray<Key>> =>
      E.right(tags === undefined ? [] : tags.keysOf(args))
  )
  const foundIn = safely((one: unknown): E.Either<RingError, O.Option<Found<R>>> => {
    const hole = ages ? holeIn('readMany', true, one) : holeIn('getMany', false, one)
    if (hole !== undefined) return E.left(hole)
    // SAFETY: it is not a hole, so it is an entry if ages were read, else a value
    const option = one as O.Option<Found<R>> & O.Option<R>
    return E.right(ages || O.isNone(option) ? option : O.some({ value: option.value }))
  })

  type All = ReadonlyArray<E.Either<RingError, Seen<Err, A>>>
  return (keys, argsList) => {
    if (keys.length === 0) return []
    // SAFETY, here and below: every key has one list of arguments
    const tagKeys = argsList.map((args) => tagKeysIn(args))
    const all = [...keys, ...new Set(tagKeys.flatMap((of) => (E.isLeft(of) ? [] : of.right)))]
    const asked = ages ? clock.now() : 0
    const reading: Soon<E.Either<StoreError, ReadonlyArray<unknown>>> = ages
      ? stock.readMany(all)
      : stock.getMany(all)
    return andThen(reading, (got): Soon<All> => {
      if (E.isLeft(got)) {
        // in an encoded store, one bad entry fails the whole read: read one by one to find it
        if (got.left.reason === 'codec') return allSoon(keys.map((key, i) => look(key, argsList[i] as Args)))
        return keys.map(() => got)
      }
      const found = new Map(all.map((key, i) => [key, foundIn(got.right[i])]))
      return keys.map(
        safely((key: Key, i: number): E.Either<RingError, Seen<Err, A>> => {
          const entry = found.get(key) ?? missing
          const ownTags = tagKeys[i] ?? E.right([])
          if (E.isLeft(ownTags)) return ownTags
          if (E.isLeft(entry)) return entry
          const stamped = E.traverseArray((tag: Key) => found.get(tag) ?? missing)(ownTags.right)
          if (E.isLeft(stamped)) return stamped
          const stamps =
            tags === undefined ? undefined : stamped.right.map((of) => stampOf(O.map(valueOf)(of)))
          if (O.isNone(entry.right)) return E.right(purged(D.zero, stamps))
          const { remaining, value } = entry.right.value
          return open({ key, args: argsList[i] as Args, raw: value, remaining, stamps, asked })
        })
      )
    })
  }
}

/** For a ring whose entries are values and nothing else. */
export const lookAllPlainly = <Args extends Arguments, Err, A, R>(
  { stock }: ReaderParts<Args, Err, A, R>,
  { open }: Judge<Args, Err, A, R>,
  look: LookOne<Args, Err, A>
): Reader<Args, Err, A>['lookAll'] => {
  type All = ReadonlyArray<E.Either<RingError, Seen<Err, A>>>
  return (keys, argsList) =>
    keys.length === 0
      ? []
      : andThen(stock.getMany(keys), (got): Soon<All> => {
          if (E.isLeft(got))
            return got.left.reason === 'codec'
              ? allSoon(keys.map((key, i) => look(key, argsList[i] as Args)))
              : keys.map(() => got)
          return keys.map(
            safely((key: Key, i: number): E.Either<RingError, Seen<Err, A>> => {
              const raw = got.right[i]
              const hole = holeIn('getMany', false, raw)
              if (hole !== undefined) return E.left(hole)
              // SAFETY: it is not a hole
              const found = raw as O.Option<R>
              return found._tag === 'None'
                ? nothing
                : open({
                    key,
                    args: argsList[i] as Args,
                    raw: found.value,
                    remaining: undefined,
                    stamps: undefined,
                    asked: 0
                  })
            })
          )
        })
}
