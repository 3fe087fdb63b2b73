/**
 * Rings whose answers are seen in another way.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { anatomy, withMembers } from './anatomy'
import { type AnyRing, membersOf } from './bound'
import { type AnyFunction, type CommandName, commandNames, giving, shapes } from './shapes'

/** What a view does to the answer of each command; `undefined` leaves it as it is. */
type Views = (name: CommandName) => ((answer: never) => unknown) | undefined

const viewed = (ring: AnyRing, viewOf: Views, without: ReadonlyArray<string>): object => {
  const { [anatomy]: parts } = ring
  const members: Record<string, unknown> = { ...membersOf(ring) }
  for (const name of without) Reflect.deleteProperty(members, name)
  for (const name of commandNames) {
    const view = viewOf(name)
    if (view === undefined || members[name] === undefined) continue
    // the proof: each view is made for the answer of that command
    members[name] = giving(shapes[name], members[name] as AnyFunction, view as (answer: unknown) => unknown)
  }
  const view = parts.called in shapes ? viewOf(parts.called as CommandName) : undefined // the proof: it was looked for
  const called = view === undefined ? ring : giving('arguments', ring, view as (answer: unknown) => unknown) // the proof: as above
  return withMembers((...args) => called(...args), ring.name, members, parts)
}

// -------------------------------------------------------------------------------------
// map
// -------------------------------------------------------------------------------------

type Reads<A, B> = Readonly<Partial<Record<CommandName, (answer: never) => unknown>>> & {
  readonly get: (answer: TE.TaskEither<unknown, O.Option<A>>) => TE.TaskEither<unknown, O.Option<B>>
}

/** What a ring of values brings, seen through a function; what writes values is left out. */
export const mapped = <A, B>(ring: AnyRing, f: (a: A) => B): object => {
  const one = TE.map(f)
  const option = TE.map(O.map(f))
  const eithers = TE.map((all: ReadonlyArray<E.Either<unknown, A>>) => all.map(E.map(f)))
  const reads: Reads<A, B> = {
    getOrUpdate: one,
    execute: one,
    update: one,
    get: option,
    getMany: TE.map((all: ReadonlyArray<O.Option<A>>) => all.map(O.map(f))),
    getOrUpdateMany: eithers,
    executeMany: eithers,
    updateMany: eithers
  }
  return viewed(ring, (name) => reads[name], ['set', 'setMany', 'encode', 'decode', 'codec'])
}

// -------------------------------------------------------------------------------------
// promises
// -------------------------------------------------------------------------------------

const pure: ReadonlyArray<CommandName> = ['key', 'keyMany', 'encode', 'decode']

/** Runs it; a `Left` is thrown. */
const promised = (task: TE.TaskEither<unknown, unknown>): Promise<unknown> =>
  task().then(
    E.getOrElseW((error) => {
      throw error
    })
  )

export const asPromises = (ring: AnyRing): object =>
  viewed(ring, (name) => (pure.includes(name) ? undefined : promised), [])
