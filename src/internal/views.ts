/**
 * Rings whose answers are seen in another way. Commands of a ring's author stay as they are, also where they are in the
 * place of the library's.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import type { Codec } from '../Codec'
import { EncodeError } from '../RingError'
import { anatomy, withMembers } from './anatomy'
import { type AnyRing, membersOf } from './bound'
import { type AnyFunction, type CommandName, giving, shapes } from './shapes'

type View = (answer: unknown) => unknown
type Views = Readonly<Partial<Record<CommandName, View>>>

/** `views`: what is done to the answers of some commands. `members`: others, in the place of the ring's. */
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
      // the proof: a view is of a command of the library's, and every ring has those
      seen[command] = giving(shapes[command as CommandName], seen[command] as AnyFunction, view)
    }
  }
  for (const [member, value] of Object.entries(members)) if (!isOwn(member)) seen[member] = value
  // the proof: it is looked at before it is used
  const view = isOwn(parts.called) ? undefined : views[parts.called as CommandName]
  const called = view === undefined ? ring : giving('arguments', ring, view)
  return withMembers((...args) => called(...args), name, seen, parts)
}

// -------------------------------------------------------------------------------------
// map and imap
// -------------------------------------------------------------------------------------

/** What is done to the answers of commands that read and load values. */
const readsThrough = <A, B>(f: (a: A) => B): Views => {
  const one = TE.map(f)
  const options = (all: ReadonlyArray<O.Option<A>>): ReadonlyArray<O.Option<B>> => all.map(O.map(f))
  const eithers = TE.map((all: ReadonlyArray<E.Either<unknown, A>>) => all.map(E.map(f)))
  // the proof: each is for the answer of its command, whose values are `A`s
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

const codecOf = (ring: AnyRing): Codec<unknown, unknown> => ring['codec'] as Codec<unknown, unknown> // the proof: every ring has one

const refused = new EncodeError('a view of a ring stores nothing: `map` has no way back, `imap` does')

/** A name would be that of another ring over the same function. */
const nameless = ''

export const mapped = <A, B>(ring: AnyRing, f: (a: A) => B): object => {
  const { decode } = codecOf(ring)
  const encode = (): E.Either<EncodeError, never> => E.left(refused)
  return viewed(ring, nameless, readsThrough(f), {
    codec: { encode, decode: (raw: unknown) => E.map(f)(decode(raw) as E.Either<unknown, A>) }, // the proof: a codec of `A`
    encode,
    set: () => () => TE.left(refused),
    setMany: () => TE.left(refused)
  })
}

export const imapped = <A, B>(ring: AnyRing, f: (a: A) => B, g: (b: B) => A): object => {
  const members = membersOf(ring)
  const command = (name: CommandName): AnyFunction => members[name] as AnyFunction // the proof: every ring has all commands
  const { decode, encode } = codecOf(ring)
  return viewed(ring, nameless, readsThrough(f), {
    codec: {
      encode: (b: B) => encode(g(b)),
      decode: (raw: unknown) => E.map(f)(decode(raw) as E.Either<unknown, A>) // the proof: a codec of `A`
    },
    encode: (b: B) => command('encode')(g(b)),
    set: (b: B) => command('set')(g(b)),
    setMany: (entries: ReadonlyArray<readonly [unknown, B]>) =>
      command('setMany')(entries.map(([args, b]) => [args, g(b)]))
  })
}

// -------------------------------------------------------------------------------------
// promises
// -------------------------------------------------------------------------------------

const pure: ReadonlyArray<string> = ['key', 'keyMany', 'encode', 'decode']

/** Runs it; a `Left` is thrown. */
const promised = async (task: TE.TaskEither<unknown, unknown>): Promise<unknown> => {
  const answer = await task()
  if (E.isLeft(answer)) throw answer.left
  return answer.right
}

const promises = /*#__PURE__*/ Object.fromEntries(
  Object.keys(shapes).flatMap((name) => (pure.includes(name) ? [] : [[name, promised]]))
) as Views // the proof: they are of commands that give tasks

export const asPromises = (ring: AnyRing): object => viewed(ring, ring.name, promises, {})
