/**
 * Rings whose changes expire what others hold.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Arguments } from '../KeyFn'
import { KeyError } from '../RingError'
import { type Anatomy, anatomy, type Identity, withMembers } from './anatomy'
import { type AnyRing, membersOf } from './bound'
import { defect } from './defect'
import type { AnyFunction } from './shapes'

/** What expires when the entries of some arguments have changed. */
export interface Linking {
  readonly to: Anatomy
  readonly expire: (argsList: ReadonlyArray<Arguments>) => TaskEither<unknown, unknown>
}

type Changing = (...args: ReadonlyArray<unknown>) => TaskEither<unknown, unknown>

/** From a ring to itself, by what it is linked to: the names on the way. */
const circleFrom = (
  start: Identity,
  at: Anatomy,
  way: ReadonlyArray<string>
): ReadonlyArray<string> | undefined => {
  const names = [...way, at.identity.name]
  if (at.identity === start) return names
  for (const next of at.links) {
    const found = circleFrom(start, next, names)
    if (found !== undefined) return found
  }
  return undefined
}

/** How a link makes arguments of others is its author's, and may throw. */
const expiring = async (
  { expire }: Linking,
  argsList: ReadonlyArray<Arguments>
): Promise<E.Either<unknown, unknown>> => {
  try {
    return await expire(argsList)()
  } catch (cause) {
    return E.left(new KeyError('a link threw', cause))
  }
}

/**
 * A change, then what follows from it. A change that failed may have been made, so the others expire as well; its own
 * failure is what is answered. All links are followed, whatever comes of one.
 */
const cascading = (
  change: TaskEither<unknown, unknown>,
  links: ReadonlyArray<Linking>,
  argsList: ReadonlyArray<Arguments>
): TaskEither<unknown, unknown> => {
  if (argsList.length === 0) return change
  return async () => {
    const answer = await change()
    const expired = await Promise.all(links.map((link) => expiring(link, argsList)))
    return E.isLeft(answer) ? answer : expired.find(E.isLeft) ?? answer
  }
}

export const linkedRing = (ring: AnyRing, links: ReadonlyArray<Linking>): object => {
  const before = ring[anatomy]
  for (const { to } of links) {
    const circle = circleFrom(before.identity, to, [before.identity.name])
    if (circle !== undefined) return defect(`these links make a circle: ${circle.join(' -> ')}`)
  }
  const members = membersOf(ring)
  const command = (name: string): Changing => members[name] as Changing // the proof: every ring has these commands
  const single =
    (name: string) =>
    (...args: Arguments): TaskEither<unknown, unknown> =>
      cascading(command(name)(...args), links, [args])
  const many =
    (name: string) =>
    (argsList: ReadonlyArray<Arguments>): TaskEither<unknown, unknown> =>
      cascading(command(name)(argsList), links, argsList)
  const all: Readonly<Record<string, unknown>> = {
    ...members,
    delete: single('delete'),
    deleteMany: many('deleteMany'),
    update: single('update'),
    updateMany: many('updateMany'),
    set:
      (value: unknown) =>
      (...args: Arguments) =>
        // the proof: `set` gives a function of the arguments
        cascading((command('set')(value) as unknown as Changing)(...args), links, [args]),
    setMany: (entries: ReadonlyArray<readonly [Arguments, unknown]>) =>
      cascading(
        command('setMany')(entries),
        links,
        entries.map(([args]) => args)
      )
  }
  // the proof: what a ring is when it is called, is one of its commands
  const called = before.called === 'getOrUpdate' ? ring : (all[before.called] as AnyFunction)
  return withMembers((...args) => called(...args), ring.name, all, {
    ...before,
    links: [...before.links, ...links.map(({ to }) => to)]
  })
}
