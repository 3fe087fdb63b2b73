/**
 * What one raw entry is, and what it may be used for now: unwraps it, decodes it, compares its tags, and judges its age.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { makeRecent, noRecent } from '../base/recently'
import { type Holding, isReference, sameStamps, unseal } from '../codecs/envelope'
import type { Codec } from '../codecs/model'
import { grace as graceOf } from '../Decision'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import { DecodeError, type RingError } from '../RingError'
import { thrownBy } from './errors'
import type { Seen, Stamps } from './model'
import { makeRemembered } from './opened'
import { policyError, type Resolved } from './policy'

/** A raw entry, and what is known of it. `remaining` is unknown if its age was not read: then it is fresh. */
export interface Raw<R, Args> {
  readonly key: Key
  readonly args: Args
  readonly raw: R
  readonly remaining: D.Duration | undefined
  /** The generations of its tags now. */
  readonly stamps: Stamps | undefined
  /** When the read began. */
  readonly asked: number
}

export interface Judge<Args extends Arguments, Err, A, R> {
  readonly open: (entry: Raw<R, Args>) => E.Either<RingError, Seen<Err, A>>
  /** The same for a ring whose entries are values and nothing else. */
  readonly openPlain: (raw: R) => E.Either<RingError, Seen<Err, A>>
  readonly decode: Codec<A, R>['decode']
  /** Whether entries are values and nothing else: no envelope, no age. */
  readonly plain: boolean
  /** Whether entries have no envelope. */
  readonly bare: boolean
  /** Whether an entry with this remaining lifetime is fresh, whatever its value; `noWay` if the policy cannot say. */
  readonly isSurelyFresh: (remaining: D.Duration) => boolean
  /** Whether the age of an entry must be read. */
  readonly asksAge: (key: Key, now: number) => boolean
  /** Whether `knows` remembers anything. */
  readonly remembers: boolean
  /** Records that the entry of a key will be fresh for some time. */
  readonly knows: (key: Key, from: number, fresh: number) => void
}

export interface Judged<Args extends Arguments, Err, A, R> {
  readonly codec: Codec<A, R>
  readonly policy: Resolved<Args, Err, A>
  readonly dueWithin: (ttl: D.Duration) => D.Duration
  readonly tagged: boolean
  readonly holding: Holding
  /** Whether nobody changes the values, so that callers may share one. */
  readonly once: boolean
  /** Whether the age of an entry costs nothing: then nothing is remembered. */
  readonly tellsAges: boolean
}

const failed = /*#__PURE__*/ thrownBy('get')

/** What a store answers with may throw when it is looked at: that fails for its own key alone. */
export const safely =
  <P extends ReadonlyArray<unknown>, A>(look: (...args: P) => E.Either<RingError, A>) =>
  (...args: P): E.Either<RingError, A> => {
    try {
      return look(...args)
    } catch (cause) {
      return E.left(failed(cause))
    }
  }

/** The policy judges by the value. */
export const noWay = (): boolean => false

const surelyFresh = <Args extends Arguments, Err, A>({
  dueAtMost,
  grace,
  longest
}: Resolved<Args, Err, A>): ((remaining: D.Duration) => boolean) =>
  longest === undefined
    ? noWay
    : // an entry that lives longer than the policy says was written by another one
      (remaining) => remaining - grace > dueAtMost && remaining <= longest

/** Nothing that can be used; the store may hold an entry for `remaining` all the same. */
export const purged = (remaining: D.Duration, stamps: Stamps | undefined): Seen<never, never> => ({
  verdict: 'missing',
  answer: undefined,
  remaining,
  stamps
})

/** The same of a key without an entry. */
export const nothing: E.Either<never, Seen<never, never>> = /*#__PURE__*/ E.right({
  verdict: 'missing',
  answer: undefined,
  remaining: D.zero,
  stamps: undefined
})

export const makeJudge = <Args extends Arguments, Err, A, R>({
  codec,
  dueWithin,
  policy,
  holding,
  once,
  tagged,
  tellsAges
}: Judged<Args, Err, A, R>): Judge<Args, Err, A, R> => {
  const { ages, negative } = policy
  /** In this process's memory, an envelope of another ring is an object and could be mistaken for a value. */
  const decode: Codec<A, R>['decode'] =
    holding === 'bytes'
      ? codec.decode
      : (raw) =>
          isReference(raw)
            ? E.left(new DecodeError('an entry of a ring with tags, or a stored error'))
            : codec.decode(raw)
  const sealed = tagged || negative !== undefined
  const remembers = ages && policy.surely !== undefined && !tellsAges
  const remembered = once && holding !== 'bytes' ? makeRemembered(codec, holding) : undefined
  const known = remembers ? makeRecent() : noRecent
  /** While an entry is certainly fresh, its age is not read. Anything written meanwhile lives for at least `surely`. */
  const knows = (key: Key, from: number, fresh: number): void => {
    const { dueAtMost, surely } = policy
    if (remembers && surely !== undefined) known.note(key, from + Math.min(surely, fresh) - dueAtMost)
  }

  type Answer = E.Either<RingError, Seen<Err, A>>

  const valued = (
    { args, asked, key, remaining, stamps }: Raw<R, Args>,
    value: A,
    right: E.Either<Err, A>
  ): Answer => {
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

  const open = (entry: Raw<R, Args>): Answer => {
    const { raw, remaining, stamps } = entry
    if (!sealed) {
      const value = decode(raw)
      return E.isLeft(value) ? value : valued(entry, value.right, value)
    }
    const opened = remembered?.(entry.key, raw)
    const envelope = opened === undefined ? unseal(raw, holding) : opened.envelope
    if (E.isLeft(envelope)) return envelope
    const { kind, payload, stamps: written } = envelope.right
    if (tagged ? !sameStamps(written, stamps ?? []) : written.length > 0)
      return E.right(purged(remaining ?? D.zero, stamps))
    if (kind === 'error') {
      if (negative === undefined) return E.right(purged(remaining ?? D.zero, stamps))
      const error = negative.decode(payload)
      return E.isLeft(error)
        ? error
        : E.right({ verdict: 'fresh', answer: E.left(error.right), remaining: remaining ?? D.zero, stamps })
    }
    if (kind === 'generation') return E.left(new DecodeError('the generation of a tag, and no value'))
    // SAFETY: a store of R holds it, or it was sealed from a value of R
    const value = opened === undefined ? codec.decode(payload as R) : opened.value(payload)
    return E.isLeft(value) ? value : valued(entry, value.right, value)
  }

  return {
    open,
    openPlain: (raw) => {
      const answer = decode(raw)
      return answer._tag === 'Left'
        ? answer
        : { _tag: 'Right', right: { verdict: 'fresh', answer, remaining: D.zero, stamps: undefined } }
    },
    decode,
    plain: !ages && !sealed,
    bare: !sealed,
    isSurelyFresh: surelyFresh(policy),
    asksAge: (key, now) => ages && !known.holds(key, now),
    remembers,
    knows
  }
}
