/**
 * Reads of a ring: gets an entry from the store, unwraps it, decodes it, and judges what it may be used for now.
 *
 * A ring without stale windows, tags and stored errors only calls `get` and decodes. A ring that must know the age of
 * an entry calls `read`, unless it has seen lately that the entry is still fresh. The generations of its tags are read
 * in the same tick as the entry, so that a store that batches reads them in the same round trip.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { makeRecent } from '../base/recently'
import type { Clock } from '../Clock'
import { type Holding, isReference, sameStamps, unseal } from '../codecs/envelope'
import type { Codec } from '../codecs/model'
import { grace as graceOf, type Verdict } from '../Decision'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import { DecodeError, type RingError, type StoreError } from '../RingError'
import type { Store } from '../stores/model'
import { asRingError, thrownBy } from './errors'
import type { Seen, Stamps } from './model'
import { policyError, type Resolved } from './policy'
import { stampOf, type Tags } from './tags'
import { holeIn } from './total'

export interface Reader<Args extends Arguments, Err, A> {
  /** Reads from this process's memory, without a promise: for a ring that needs nothing but the value. */
  readonly peek: ((key: Key) => E.Either<Err, A> | undefined) | undefined
  /** The same for every other ring. */
  readonly glance: ((key: Key, args: Args) => Seen<Err, A> | undefined) | undefined
  readonly look: (key: Key, args: Args) => Promise<E.Either<RingError, Seen<Err, A>>>
  /** As `look`, but always with the remaining lifetime of the entry. */
  readonly inspect: (key: Key, args: Args) => Promise<E.Either<RingError, Seen<Err, A>>>
  readonly lookAll: (
    keys: ReadonlyArray<Key>,
    argsList: ReadonlyArray<Args>
  ) => Promise<ReadonlyArray<E.Either<RingError, Seen<Err, A>>>>
  /** Records that this ring has just written an entry. */
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

/** An entry, with its age if that was asked for. */
interface Found<R> {
  readonly value: R
  readonly remaining?: D.Duration
}

const failed = /*#__PURE__*/ thrownBy('get')
const missing: E.Either<never, O.Option<never>> = /*#__PURE__*/ E.right(O.none)
const valueOf = ({ value }: Found<unknown>): unknown => value

const purged = (remaining: D.Duration, stamps: Stamps | undefined): Seen<never, never> => ({
  verdict: 'missing',
  answer: undefined,
  remaining,
  stamps
})

/** Whether what was found, a value or a stored error, may be served without a load. */
export const isServable = <Err, A>({ answer, verdict: found }: Seen<Err, A>): boolean =>
  answer !== undefined && found !== 'expired'

/** The value that may be served without a load. */
export const served = <Err, A>(seen: Seen<Err, A>): O.Option<A> =>
  isServable(seen) && seen.answer?._tag === 'Right' ? { _tag: 'Some', value: seen.answer.right } : O.none

/** The event that reports a served entry. */
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
  /** In this process's memory, an envelope of another ring is an object and could be mistaken for a value. */
  const decode: Codec<A, R>['decode'] =
    holding === 'bytes'
      ? codec.decode
      : (raw) =>
          isReference(raw)
            ? E.left(new DecodeError('an entry of a ring with tags, or a stored error'))
            : codec.decode(raw)
  const sealed = tags !== undefined || negative !== undefined
  const known = makeRecent()

  /** `remaining` is unknown if the age of the entry was not read: then the entry is fresh. */
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
      return E.left(policyError(cause))
    }
  }
  /** While an entry is certainly fresh, its age is not read. Anything written meanwhile lives for at least `surely`. */
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
    const value = codec.decode(payload as R) // SAFETY: a store of R holds it, or it was sealed from a value of R
    return E.isLeft(value) ? value : valued(key, args, value.right, value, remaining, stamps, asked)
  }

  const tagKeysOf = (args: Args): ReadonlyArray<Key> => (tags === undefined ? [] : tags.keysOf(args))

  const tagKeysIn = (args: Args): E.Either<RingError, ReadonlyArray<Key>> => {
    try {
      return E.right(tagKeysOf(args))
    } catch (cause) {
      return E.left(failed(cause))
    }
  }

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

  /** The same for a ring without tags. Hot path: written without combinators. */
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
      // SAFETY, here and below: every key has one list of arguments
      const tagKeys = argsList.map(tagKeysIn)
      const all = [...keys, ...new Set(tagKeys.flatMap((of) => (E.isLeft(of) ? [] : of.right)))]
      const asked = timeNow()
      const got = ages ? await store.readMany(all)() : await store.getMany(all)()
      if (E.isLeft(got)) {
        // in an encoded store, one bad entry fails the whole read: read one by one to find it
        if (got.left.reason === 'codec')
          return await Promise.all(keys.map((key, i) => look(key, argsList[i] as Args)))
        return keys.map(() => got)
      }
      const found = new Map(all.map((key, i) => [key, foundIn(got.right[i])]))
      return keys.map((key, i) => {
        const entry = found.get(key) ?? missing
        const ownTags = tagKeys[i] ?? E.right([])
        if (E.isLeft(ownTags)) return ownTags
        if (E.isLeft(entry)) return entry
        const stamped = E.traverseArray((tag: Key) => found.get(tag) ?? missing)(ownTags.right)
        if (E.isLeft(stamped)) return stamped
        const stamps = tags === undefined ? undefined : stamped.right.map((of) => stampOf(O.map(valueOf)(of)))
        if (O.isNone(entry.right)) return E.right(purged(D.zero, stamps))
        const { remaining, value } = entry.right.value
        return opened(key, argsList[i] as Args, value, remaining, stamps, asked)
      })
    } catch (cause) {
      const error = failed(cause)
      return keys.map(() => E.left(error))
    }
  }
  const foundIn = (one: unknown): E.Either<StoreError, O.Option<Found<R>>> => {
    const hole = ages ? holeIn('readMany', true, one) : holeIn('getMany', false, one)
    if (hole !== undefined) return E.left(hole)
    // SAFETY: it is not a hole, so it is an entry if ages were read, else a value
    const option = one as O.Option<Found<R>> & O.Option<R>
    return E.right(ages || O.isNone(option) ? option : O.some({ value: option.value }))
  }

  const lookAllPlainly: Reader<Args, Err, A>['lookAll'] = async (keys, argsList) => {
    if (keys.length === 0) return []
    try {
      const got = await store.getMany(keys)()
      if (E.isRight(got))
        return keys.map((key, i) => {
          const raw = got.right[i]
          const hole = holeIn('getMany', false, raw)
          if (hole !== undefined) return E.left(hole)
          // SAFETY: it is not a hole
          const found = raw as O.Option<R>
          return found._tag === 'None'
            ? nothing
            : opened(key, argsList[i] as Args, found.value, undefined, undefined, 0)
        })
      if (got.left.reason === 'codec')
        return await Promise.all(keys.map((key, i) => lookUntagged(key, argsList[i] as Args)))
      return keys.map(() => got)
    } catch (cause) {
      const error = failed(cause)
      return keys.map(() => E.left(error))
    }
  }
  /** An entry that throws does not fail the others. */
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
  /** Hot path of hits in memory: no envelope, no age. */
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
