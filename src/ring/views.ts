/**
 * Rings whose answers are converted. The user's own commands stay as they are, even if they replace commands of the
 * library.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import type { Codec } from '../codecs/model'
import { guardedCodec } from '../codecs/total'
import { EncodeError } from '../RingError'
import { anatomy } from '../wiring/anatomy'
import { aCodec, aFunction, must } from '../wiring/check'
import { checkedRing } from './checked'
import { withMembers } from './members'
import { type AnyRing, membersOf } from './over'
import { type AnyFunction, type CommandName, giving, shapes } from './shapes'

type View = (answer: unknown) => unknown
type Views = Readonly<Partial<Record<CommandName, View>>>

/** `views`: conversions of the answers of some commands. `members`: members that replace those of the ring. */
const viewed = (
  ring: AnyRing,
  name: string,
  views: Views,
  members: Readonly<Record<string, unknown>>
): object => {
  const { [anatomy]: parts } = ring
  const isOwn = (command: string): boolean => parts.own.includes(command)
  const seen: Record<string, unknown> = { ...membersOf(ring) }
  for (const [command, view] of Object.entries(views)) {
    if (!isOwn(command)) {
      // SAFETY: views are of commands of the library, and every ring has those
      seen[command] = giving(shapes[command as CommandName], seen[command] as AnyFunction, view)
    }
  }
  for (const [member, value] of Object.entries(members)) if (!isOwn(member)) seen[member] = value
  // SAFETY: a called ring is one of its commands
  const called = isOwn(parts.called) ? ring : (seen[parts.called] as AnyFunction)
  return withMembers((...args) => called(...args), name, seen, parts)
}

// -------------------------------------------------------------------------------------
// map and imap
// -------------------------------------------------------------------------------------

/** Converts the answers of commands that read and load values. */
const readsThrough = <A, B>(f: (a: A) => B): Views => {
  const one = TE.map(f)
  const options = (all: ReadonlyArray<O.Option<A>>): ReadonlyArray<O.Option<B>> => all.map(O.map(f))
  const eithers = TE.map((all: ReadonlyArray<E.Either<unknown, A>>) => all.map(E.map(f)))
  // SAFETY: each converts the answer of its command, whose values are of type `A`
  return {
    getOrUpdate: one,
    execute: one,
    update: one,
    get: TE.map(O.map(f)),
    getMany: TE.map(options),
    getOrUpdateMany: eithers,
    executeMany: eithers,
    updateMany: eithers,
    decode: E.map(f)
  } as Readonly<Partial<Record<CommandName, unknown>>> as Views
}

const codecOf = (ring: AnyRing): Codec<unknown, unknown> => ring['codec'] as Codec<unknown, unknown> // SAFETY: rings have one

const refused = /*#__PURE__*/ new EncodeError(
  'a view of a ring stores nothing: `map` has no way back, `imap` does'
)

/** A ring made from another has no name: it would have that of the first. */
const nameless = ''

export const mapped = <A, B>(ring: AnyRing, f: (a: A) => B): object => {
  checkedRing('Ring.map', ring)
  must('the argument of Ring.map', aFunction('a function of a value'), f)
  const { decode } = codecOf(ring)
  const encode = (): E.Either<EncodeError, never> => E.left(refused)
  return viewed(ring, nameless, readsThrough(f), {
    codec: { encode, decode: (raw: unknown) => E.map(f)(decode(raw) as E.Either<unknown, A>) }, // SAFETY: it is of `A`
    encode,
    set: () => () => TE.left(refused),
    setMany: () => TE.left(refused)
  })
}

export const imapped = <A, B>(ring: AnyRing, f: (a: A) => B, g: (b: B) => A): object => {
  checkedRing('Ring.imap', ring)
  must('the first argument of Ring.imap', aFunction('a function of a value'), f)
  must('the second argument of Ring.imap', aFunction('a function of a value'), g)
  const members = membersOf(ring)
  const command = (name: CommandName): AnyFunction => members[name] as AnyFunction // SAFETY: a ring has all of them
  const { decode, encode } = codecOf(ring)
  return viewed(ring, nameless, readsThrough(f), {
    codec: {
      encode: (b: B) => encode(g(b)),
      decode: (raw: unknown) => E.map(f)(decode(raw) as E.Either<unknown, A>) // SAFETY: it is of `A`
    },
    encode: (b: B) => command('encode')(g(b)),
    set: (b: B) => command('set')(g(b)),
    setMany: (entries: ReadonlyArray<readonly [unknown, B]>) =>
      command('setMany')(entries.map(([args, b]) => [args, g(b)]))
  })
}

// -------------------------------------------------------------------------------------
// isolate
// -------------------------------------------------------------------------------------

/** A copy made by a codec; the value itself if the codec refuses it, or if it cannot be changed. */
const copyBy = (given: Codec<unknown, unknown>): ((value: unknown) => unknown) => {
  const { decode, encode } = guardedCodec(given)
  return (value) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return value
    const raw = encode(value)
    if (E.isLeft(raw)) return value
    const copy = decode(raw.right)
    return E.isLeft(copy) ? value : copy.right
  }
}

/**
 * Every caller gets its own values. Values that do not pass through the cache belong to the function, and stay as they
 * are.
 */
export const isolated = (ring: AnyRing, codec: Codec<unknown, unknown>): object => {
  checkedRing('Ring.isolate', ring)
  must('the codec of Ring.isolate', aCodec, codec)
  const copy = copyBy(codec)
  const members = membersOf(ring)
  const command = (name: CommandName): AnyFunction => members[name] as AnyFunction // SAFETY: a ring has all of them
  const { get, getMany, getOrUpdate, getOrUpdateMany, update, updateMany } = readsThrough(copy)
  // SAFETY: `readsThrough` has a view for each of them
  const views = { get, getMany, getOrUpdate, getOrUpdateMany, update, updateMany } as Views
  return viewed(ring, ring.name, views, {
    set: (value: unknown) => command('set')(copy(value)),
    setMany: (entries: ReadonlyArray<readonly [unknown, unknown]>) =>
      command('setMany')(entries.map(([args, value]) => [args, copy(value)]))
  })
}

// -------------------------------------------------------------------------------------
// promises
// -------------------------------------------------------------------------------------

const pure: ReadonlyArray<string> = ['key', 'keyMany', 'encode', 'decode']

/** Runs a task; throws its `Left`. */
const promised = async (task: TE.TaskEither<unknown, unknown>): Promise<unknown> => {
  const answer = await task()
  if (E.isLeft(answer)) throw answer.left
  return answer.right
}

const promises = /*#__PURE__*/ (() =>
  // SAFETY: they are for commands that return tasks
  Object.fromEntries(
    Object.keys(shapes).flatMap((name) => (pure.includes(name) ? [] : [[name, promised]]))
  ) as Views)()

export const asPromises = (ring: AnyRing): object =>
  viewed(checkedRing('Ring.toPromiseFunction', ring), ring.name, promises, {})
