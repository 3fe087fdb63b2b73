/**
 * Reads of one key: from the store, or at once from this process's memory.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { allSoon, andThen, type Soon } from '../base/soon'
import type { Clock } from '../Clock'
import type { Holding } from '../codecs/envelope'
import type { Codec } from '../codecs/model'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import type { RingError, StoreError } from '../RingError'
import type { Entry, Store } from '../stores/model'
import { asRingError, thrownBy } from './errors'
import { type Judge, nothing, noWay, purged, safely } from './judge'
import type { Seen } from './model'
import type { Resolved } from './policy'
import type { Stock } from './stock'
import { stampOf, type Tags } from './tags'

export interface Reader<Args extends Arguments, Err, A> {
  /** Reads from this process's memory, without a promise: for a ring that needs nothing but the value. */
  readonly peek: ((key: Key) => E.Either<Err, A> | undefined) | undefined
  /** The same for every other ring. */
  readonly glance: ((key: Key, args: Args) => Seen<Err, A> | undefined) | undefined
  readonly look: (key: Key, args: Args) => Soon<E.Either<RingError, Seen<Err, A>>>
  /** As `look`, but always with the remaining lifetime of the entry. */
  readonly inspect: (key: Key, args: Args) => Soon<E.Either<RingError, Seen<Err, A>>>
  readonly lookAll: (
    keys: ReadonlyArray<Key>,
    argsList: ReadonlyArray<Args>
  ) => Soon<ReadonlyArray<E.Either<RingError, Seen<Err, A>>>>
  /** Whether the times of writes are remembered: while an entry is certainly fresh, its age is not read. */
  readonly remembers: boolean
  /** Records that this ring has just written an entry. */
  readonly wrote: (key: Key, since: number) => void
}

export interface ReaderParts<Args extends Arguments, Err, A, R> {
  readonly codec: Codec<A, R>
  readonly store: Store<R>
  readonly stock: Stock<R>
  readonly policy: Resolved<Args, Err, A>
  readonly dueWithin: (ttl: D.Duration) => D.Duration
  readonly tags: Tags<Args> | undefined
  readonly holding: Holding
  /** Whether nobody changes the values, so that callers may share one. */
  readonly once: boolean
  readonly clock: Clock
}

/** An entry, with its age if that was asked for. */
export interface Found<R> {
  readonly value: R
  readonly remaining?: D.Duration
}

const failed = /*#__PURE__*/ thrownBy('get')

/** What a store answers for a key. */
type Answer<A> = E.Either<StoreError, O.Option<A>>

type Look<Args extends Arguments, Err, A> = Reader<Args, Err, A>['look']

/** Reads of one key from the store. */
export const makeLook = <Args extends Arguments, Err, A, R>(
  { clock, policy: { ages }, stock, tags }: ReaderParts<Args, Err, A, R>,
  { asksAge, open, openPlain, plain: isPlain }: Judge<Args, Err, A, R>
): Pick<Reader<Args, Err, A>, 'look' | 'inspect'> => {
  type Sight = E.Either<RingError, Seen<Err, A>>
  const timeNow = ages ? clock.now : () => 0

  /** The entry of a ring without tags. Hot path: written without combinators. */
  const plain = (key: Key, args: Args, withAge: boolean, asked: number): Soon<Sight> =>
    withAge
      ? andThen(
          stock.read(key),
          safely((got): Sight => {
            if (got._tag === 'Left') return E.left(asRingError(got.left))
            if (got.right._tag === 'None') return nothing
            const { remaining, value: raw } = got.right.value
            return open({ key, args, raw, remaining, stamps: undefined, asked })
          })
        )
      : andThen(
          stock.get(key),
          safely((got): Sight => {
            if (got._tag === 'Left') return E.left(asRingError(got.left))
            if (got.right._tag === 'None') return nothing
            return open({ key, args, raw: got.right.value, remaining: undefined, stamps: undefined, asked })
          })
        )

  /** The entry, and in the same tick the generations of its tags: a store that batches reads them in one trip. */
  const tagged =
    (of: Tags<Args>) =>
    (key: Key, args: Args, withAge: boolean, asked: number): Soon<Sight> => {
      let tagKeys: ReadonlyArray<Key>
      try {
        tagKeys = of.keysOf(args)
      } catch (cause) {
        return E.left(failed(cause))
      }
      const entry: Soon<Answer<unknown>> = withAge ? stock.read(key) : stock.get(key)
      return andThen(
        allSoon([entry, ...tagKeys.map((tag): Soon<Answer<unknown>> => stock.get(tag))]),
        safely((all: ReadonlyArray<Answer<unknown>>): Sight => {
          // SAFETY: one answer for each question; the first is that for the entry
          const [got, ...generations] = all as [Answer<R | Entry<R>>, ...ReadonlyArray<Answer<unknown>>]
          const failure = generations.find(E.isLeft)
          if (failure !== undefined) return E.left(asRingError(failure.left))
          const stamps = generations.map((one) => stampOf(E.isLeft(one) ? O.none : one.right))
          if (E.isLeft(got)) return E.left(asRingError(got.left))
          if (O.isNone(got.right)) return E.right(purged(D.zero, stamps))
          const found = got.right.value
          return withAge
            ? open({
                key,
                args,
                raw: (found as Entry<R>).value,
                remaining: (found as Entry<R>).remaining,
                stamps,
                asked
              })
            : open({ key, args, raw: found as R, remaining: undefined, stamps, asked })
        })
      )
    }

  /** A ring whose entries are values and nothing else. */
  const bare = safely(
    (got: Answer<R>): Sight =>
      got._tag === 'Left'
        ? E.left(asRingError(got.left))
        : got.right._tag === 'None'
        ? nothing
        : openPlain(got.right.value)
  )

  const lookAs = tags === undefined ? plain : tagged(tags)
  const look: Look<Args, Err, A> = (key, args) => {
    const asked = timeNow()
    return lookAs(key, args, asksAge(key, asked), asked)
  }
  return {
    look: isPlain ? (key) => andThen(stock.get(key), bare) : look,
    inspect: (key, args) => lookAs(key, args, true, timeNow())
  }
}

/** Reads of one key from this process's memory. */
export const makeGlance = <Args extends Arguments, Err, A, R>(
  { clock, policy, store: { peek: peekRaw, peekEntry }, tags }: ReaderParts<Args, Err, A, R>,
  { bare, decode, isSurelyFresh, open, plain }: Judge<Args, Err, A, R>
): Pick<Reader<Args, Err, A>, 'peek' | 'glance'> => {
  const glance = (key: Key, args: Args): Seen<Err, A> | undefined => {
    try {
      const entry = peekEntry?.(key)
      if (entry === undefined) return undefined
      const stamps = tags?.keysOf(args).map((tag) => stampOf(O.fromNullable(peekRaw?.(tag))))
      const seen = open({
        key,
        args,
        raw: entry.value,
        remaining: entry.remaining,
        stamps,
        asked: policy.ages ? clock.now() : 0
      })
      return E.isRight(seen) && seen.right.verdict !== 'missing' ? seen.right : undefined
    } catch {
      return undefined
    }
  }
  /** Hot path of hits in memory: no envelope, no age. */
  const peekPlainly = (key: Key): E.Either<Err, A> | undefined => {
    try {
      const raw = peekRaw?.(key)
      if (raw === undefined) return undefined
      const value = decode(raw)
      return value._tag === 'Right' ? value : undefined
    } catch {
      return undefined
    }
  }

  /** The same for a ring with stale windows and nothing else: an entry that is certainly fresh needs no judgement. */
  const peekFresh = (key: Key): E.Either<Err, A> | undefined => {
    try {
      const entry = peekEntry?.(key)
      if (entry === undefined || !isSurelyFresh(entry.remaining)) return undefined
      const value = decode(entry.value)
      return value._tag === 'Right' ? value : undefined
    } catch {
      return undefined
    }
  }
  const peek =
    plain && peekRaw !== undefined
      ? peekPlainly
      : bare && isSurelyFresh !== noWay && peekEntry !== undefined
      ? peekFresh
      : undefined
  return {
    peek,
    glance: !plain && peekEntry !== undefined ? glance : undefined
  }
}
