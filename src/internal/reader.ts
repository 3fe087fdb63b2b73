/**
 * Reads of a ring: an entry from the store, out of its envelope, decoded, and what it is good for now.
 *
 * A ring that has no stale windows, no tags and no stored errors asks `get` and decodes, and that is all. One that must
 * know the age of an entry asks `read`, but where it has seen lately that the entry is fresh for longer than that. The
 * generations of its tags are asked for in the same tick as the entry, so that a store that batches reads them in the
 * same round trip.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as RA from 'fp-ts/ReadonlyArray'

import type { Clock } from '../Clock'
import type { Codec } from '../Codec'
import { grace as graceOf, type Verdict, type Windows } from '../Decision'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import { DecodeError, EncodeError, type RingError, type StoreError } from '../RingError'
import type { Store } from '../Store'
import { type Holding, isReference, sameStamps, unseal } from './envelope'
import { asRingError, thrownBy } from './errors'
import { makeRecent } from './recent'
import type { Resolved } from './resolved'
import { stampOf, type Stamps, type Tags } from './tags'

/** What a read found. Of a `missing` one there may still be something in the store, which lives for `remaining`. */
export interface Seen<Err, A> {
  readonly verdict: Verdict
  /** A value, or an error that is stored; nothing where it is `missing`. */
  readonly answer: E.Either<Err, A> | undefined
  readonly remaining: D.Duration
  readonly stamps: Stamps | undefined
  /** The stale windows of this value, where they are narrower than those of the policy. */
  readonly windows?: Windows | undefined
}

export interface Reader<Args extends Arguments, Err, A> {
  /** What is in this process's memory, with no promise: for a ring that need not look at more than the value. */
  readonly peek: ((key: Key) => E.Either<Err, A> | undefined) | undefined
  /** The same for every other ring. */
  readonly glance: ((key: Key, args: Args) => Seen<Err, A> | undefined) | undefined
  readonly look: (key: Key, args: Args) => Promise<E.Either<RingError, Seen<Err, A>>>
  /** As `look`, with what is left of the life of the entry, whether it matters or not. */
  readonly inspect: (key: Key, args: Args) => Promise<E.Either<RingError, Seen<Err, A>>>
  readonly lookAll: (
    keys: ReadonlyArray<Key>,
    argsList: ReadonlyArray<Args>
  ) => Promise<ReadonlyArray<E.Either<RingError, Seen<Err, A>>>>
  /** This ring has just written an entry. */
  readonly wrote: (key: Key, since: number) => void
}

interface Parts<Args extends Arguments, Err, A, R> {
  readonly codec: Codec<A, R>
  readonly store: Store<R>
  readonly policy: Resolved<Args, Err, A>
  readonly dueWithin: (ttl: D.Duration) => D.Duration
  readonly tags: Tags<Args> | undefined
  readonly holding: Holding
  readonly clock: Clock
}

type Answer<S> = E.Either<RingError, S>

/** An entry, of an age or of none that anybody asked for. */
interface Found<R> {
  readonly value: R
  readonly remaining?: D.Duration
}

const failed = /*#__PURE__*/ thrownBy('get')
const valueOf = ({ value }: Found<unknown>): unknown => value

const purged = (remaining: D.Duration, stamps: Stamps | undefined): Seen<never, never> => ({
  verdict: 'missing',
  answer: undefined,
  remaining,
  stamps
})

/** Whether what was found may be served without a load: a value, or an error that is stored. */
export const isServable = <Err, A>({ answer, verdict: found }: Seen<Err, A>): boolean =>
  answer !== undefined && found !== 'expired'

/** The value that may be served without a load. */
export const served = <Err, A>(seen: Seen<Err, A>): O.Option<A> =>
  isServable(seen) && seen.answer?._tag === 'Right' ? { _tag: 'Some', value: seen.answer.right } : O.none

/** What an entry that is served is told as. */
export const servedAs = (found: Verdict): 'Hit' | 'Stale' =>
  found === 'fresh' || found === 'due' ? 'Hit' : 'Stale'

export const makeReader = <Args extends Arguments, Err, A, R>({
  clock,
  codec,
  dueWithin,
  policy,
  holding,
  store,
  tags
}: Parts<Args, Err, A, R>): Reader<Args, Err, A> => {
  const { ages, negative } = policy
  /** In this process's memory an envelope of another ring is an object, and would pass for a value. */
  const decode: Codec<A, R>['decode'] =
    holding === 'bytes'
      ? codec.decode
      : (raw) =>
          isReference(raw)
            ? E.left(new DecodeError('an entry of a ring with tags, or a stored error'))
            : codec.decode(raw)
  const sealed = tags !== undefined || negative !== undefined
  const known = makeRecent()

  /** `remaining` is not known where the entry was not asked for its age: then it is fresh. */
  const valued = (
    key: Key,
    args: Args,
    value: A,
    right: E.Either<Err, A>,
    remaining: D.Duration | undefined,
    stamps: Stamps | undefined,
    asked: number
  ): Answer<Seen<Err, A>> => {
    if (!ages || remaining === undefined)
      return {
        _tag: 'Right',
        right: { verdict: 'fresh', answer: right, remaining: remaining ?? D.zero, stamps }
      }
    try {
      const ttl = policy.whole(value, args)
      const windows = policy.windowsOf?.(value, args)
      const found = policy.judge({ remaining, ttl, dueWithin: dueWithin(ttl) }, windows)
      const grace = windows === undefined ? policy.grace : graceOf(windows)
      if (found === 'fresh') knows(key, asked, remaining - grace)
      const answer = found === 'missing' ? undefined : right
      return E.right({ verdict: found, answer, remaining, stamps, windows })
    } catch (cause) {
      return E.left(new EncodeError('the policy threw', cause))
    }
  }
  /** While an entry is surely fresh, nobody asks for its age. Whatever is written meanwhile lives for `surely` at least. */
  const knows = (key: Key, from: number, fresh: number): void => {
    const { dueAtMost, surely } = policy
    if (ages && surely !== undefined && store.peekEntry === undefined)
      known.note(key, from + Math.min(surely, fresh) - dueAtMost)
  }

  const open = (
    key: Key,
    args: Args,
    raw: R,
    remaining: D.Duration | undefined,
    stamps: Stamps | undefined,
    asked: number
  ): Answer<Seen<Err, A>> => {
    if (!sealed) {
      const value = decode(raw)
      return E.isLeft(value) ? value : valued(key, args, value.right, value, remaining, undefined, asked)
    }
    const envelope = unseal(raw, holding)
    if (E.isLeft(envelope)) return envelope
    const { kind, payload, stamps: written } = envelope.right
    if (tags !== undefined ? !sameStamps(written, stamps ?? []) : written.length > 0)
      return E.right(purged(remaining ?? D.zero, stamps))
    if (kind === 'error') {
      if (negative === undefined) return E.right(purged(remaining ?? D.zero, stamps))
      const error = negative.decode(payload)
      return E.isLeft(error)
        ? error
        : E.right({ verdict: 'fresh', answer: E.left(error.right), remaining: remaining ?? D.zero, stamps })
    }
    if (kind === 'generation') return E.left(new DecodeError('the generation of a tag, and no value'))
    const value = codec.decode(payload as R) // the proof: what a store of R holds, or what was sealed of it
    return E.isLeft(value) ? value : valued(key, args, value.right, value, remaining, stamps, asked)
  }

  const tagKeysOf = (args: Args): ReadonlyArray<Key> => (tags === undefined ? [] : tags.keysOf(args))

  const timeNow = ages ? clock.now : () => 0
  const asksAge = (key: Key, now: number): boolean => ages && !known.holds(key, now)

  const entryOf = (key: Key, withAge: boolean): Promise<E.Either<StoreError, O.Option<Found<R>>>> =>
    withAge
      ? store.read(key)()
      : store
          .get(key)()
          .then(E.map(O.map((value: R) => ({ value }))))

  const lookAs = async (
    key: Key,
    args: Args,
    withAge: boolean,
    asked: number
  ): Promise<E.Either<RingError, Seen<Err, A>>> => {
    try {
      const tagKeys = tagKeysOf(args)
      const [got, stamps] = await Promise.all([entryOf(key, withAge), tags?.read(tagKeys)])
      if (stamps !== undefined && E.isLeft(stamps)) return E.left(asRingError(stamps.left))
      if (E.isLeft(got)) return E.left(asRingError(got.left))
      if (O.isNone(got.right)) return E.right(purged(D.zero, stamps?.right))
      const { remaining, value } = got.right.value
      return open(key, args, value, remaining, stamps?.right, asked)
    } catch (cause) {
      return E.left(failed(cause))
    }
  }

  const look: Reader<Args, Err, A>['look'] = (key, args) => {
    const asked = timeNow()
    return lookAs(key, args, asksAge(key, asked), asked)
  }

  /** The same for a ring without tags: by hand, as a hit comes this way. */
  const lookUntagged: Reader<Args, Err, A>['look'] = async (key, args) => {
    try {
      const asked = timeNow()
      if (asksAge(key, asked)) {
        const got = await store.read(key)()
        if (got._tag === 'Left') return E.left(asRingError(got.left))
        if (got.right._tag === 'None') return nothing
        return open(key, args, got.right.value.value, got.right.value.remaining, undefined, asked)
      }
      const got = await store.get(key)()
      if (got._tag === 'Left') return E.left(asRingError(got.left))
      return got.right._tag === 'None'
        ? nothing
        : open(key, args, got.right.value, undefined, undefined, asked)
    } catch (cause) {
      return E.left(failed(cause))
    }
  }

  const nothing = E.right(purged(D.zero, undefined))

  const lookAll: Reader<Args, Err, A>['lookAll'] = async (keys, argsList) => {
    if (keys.length === 0) return []
    try {
      // the proof, here and below: one list of arguments for every key
      const tagKeys = argsList.map((args) => tagKeysOf(args))
      const all = [...keys, ...new Set(tagKeys.flat())]
      const asked = timeNow()
      const got: E.Either<StoreError, ReadonlyArray<O.Option<Found<R>>>> = ages
        ? await store.readMany(all)()
        : E.map(RA.map(O.map((value: R) => ({ value }))))(await store.getMany(all)())
      if (E.isLeft(got)) {
        // of an encoded store one bad entry fails the whole read: ask one by one which it is
        if (got.left.reason === 'codec')
          return await Promise.all(keys.map((key, i) => look(key, argsList[i] as Args)))
        return keys.map(() => got)
      }
      const found = new Map(all.map((key, i) => [key, got.right[i] ?? O.none]))
      return keys.map((key, i) => {
        const entry = found.get(key) ?? O.none
        const stamps =
          tags === undefined
            ? undefined
            : (tagKeys[i] ?? []).map((tag) => stampOf(O.map(valueOf)(found.get(tag) ?? O.none)))
        if (O.isNone(entry)) return E.right(purged(D.zero, stamps))
        const { remaining, value } = entry.value
        return opened(key, argsList[i] as Args, value, remaining, stamps, asked)
      })
    } catch (cause) {
      const error = failed(cause)
      return keys.map(() => E.left(error))
    }
  }
  const lookAllPlainly: Reader<Args, Err, A>['lookAll'] = async (keys, argsList) => {
    if (keys.length === 0) return []
    try {
      const got = await store.getMany(keys)()
      if (E.isRight(got))
        return got.right.map((raw, i) =>
          raw._tag === 'None'
            ? nothing
            : opened(keys[i] as Key, argsList[i] as Args, raw.value, undefined, undefined, 0)
        )
      if (got.left.reason === 'codec')
        return await Promise.all(keys.map((key, i) => lookUntagged(key, argsList[i] as Args)))
      return keys.map(() => got)
    } catch (cause) {
      const error = failed(cause)
      return keys.map(() => E.left(error))
    }
  }
  /** One entry that throws does not fail the others. */
  const opened: typeof open = (...args) => {
    try {
      return open(...args)
    } catch (cause) {
      return E.left(failed(cause))
    }
  }

  const { peek: peekRaw, peekEntry } = store
  const glance = (key: Key, args: Args): Seen<Err, A> | undefined => {
    try {
      const entry = peekEntry?.(key)
      if (entry === undefined) return undefined
      const stamps = tags?.keysOf(args).map((tag) => stampOf(O.fromNullable(peekRaw?.(tag))))
      const seen = open(key, args, entry.value, entry.remaining, stamps, timeNow())
      return E.isRight(seen) && seen.right.verdict !== 'missing' ? seen.right : undefined
    } catch {
      return undefined
    }
  }
  /** The path of every hit in memory: no envelope, no age. */
  const peek = (key: Key): E.Either<Err, A> | undefined => {
    try {
      const raw = peekRaw?.(key)
      if (raw === undefined) return undefined
      const value = decode(raw)
      return value._tag === 'Right' ? value : undefined
    } catch {
      return undefined
    }
  }

  const plain = !ages && !sealed
  return {
    peek: plain && peekRaw !== undefined ? peek : undefined,
    glance: !plain && peekEntry !== undefined ? glance : undefined,
    look: tags === undefined ? lookUntagged : look,
    inspect: (key, args) => lookAs(key, args, true, timeNow()),
    lookAll: plain ? lookAllPlainly : lookAll,
    wrote: (key, since) => knows(key, since, Infinity)
  }
}
