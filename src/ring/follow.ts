/**
 * Rings whose changes expire entries of other rings.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'

import { defect } from '../base/defect'
import { isObject, kindOf } from '../base/kinds'
import type { Arguments } from '../KeyFn'
import { KeyError } from '../RingError'
import { anatomy } from '../wiring/anatomy'
import { aFunction, type Kind, must } from '../wiring/check'
import { checkedRing } from './checked'
import type { Identity } from './identity'
import { withMembers } from './members'
import type { Anatomy, Dissectible } from './model'
import { type AnyRing, membersOf } from './over'
import type { AnyFunction } from './shapes'

/** What expires when the entries of given arguments have changed. */
export interface Linking {
  readonly to: Anatomy
  readonly expire: (argsList: ReadonlyArray<Arguments>) => TE.TaskEither<unknown, unknown>
}

/** The largest number of tags that one command purges. */
const most = 1_000

export const purgeAll = <E>(
  purge: (...tags: ReadonlyArray<string>) => TE.TaskEither<E, void>,
  tags: ReadonlyArray<string>
): TE.TaskEither<E, unknown> => {
  const all = Array.from(new Set(tags))
  const parts = Array.from({ length: Math.ceil(all.length / most) }, (_, i) =>
    purge(...all.slice(i * most, (i + 1) * most))
  )
  return TE.sequenceSeqArray(parts)
}

type Changing = (...args: ReadonlyArray<unknown>) => TE.TaskEither<unknown, unknown>

/** The names of the rings on a circle of links from a ring back to itself. */
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

/** Follows one link. The function that makes arguments for the other ring is the user's, and may throw. */
const expiring = async (
  { expire }: Linking,
  argsList: ReadonlyArray<Arguments>
): Promise<E.Either<unknown, unknown>> => {
  try {
    return await expire(argsList)()
  } catch (cause) {
    return E.left(cause instanceof KeyError ? cause : new KeyError('a link threw', cause))
  }
}

/**
 * A change, then its links. A change that failed may have taken effect, so the links are followed as well, and the
 * failure of the change is returned. All links are followed, even if one fails.
 */
const cascading = (
  change: TE.TaskEither<unknown, unknown>,
  links: ReadonlyArray<Linking>,
  argsList: ReadonlyArray<Arguments>
): TE.TaskEither<unknown, unknown> => {
  if (argsList.length === 0) return change
  const follow = (): Promise<ReadonlyArray<E.Either<unknown, unknown>>> =>
    Promise.all(links.map((link) => expiring(link, argsList)))
  return async () => {
    const answer = await change().catch(async (cause: unknown) => {
      await follow()
      throw cause
    })
    const expired = await follow()
    return E.isLeft(answer) ? answer : expired.find(E.isLeft) ?? answer
  }
}

/** The commands that change entries. */
const changes = ['delete', 'deleteMany', 'set', 'setMany', 'update', 'updateMany'] as const

const aLink: Kind = {
  what: 'a link',
  is: (u) => isObject(u) && 'to' in u && 'expire' in u,
  hint: 'Ring.expires(ring, f) and Ring.purges(ring, f) make links'
}

/**
 * The list that a link makes from arguments. If it is not a list, its meaning is unknown: nothing is deleted, and an
 * error says so.
 */
const listed = <A>(
  what: string,
  given: ReadonlyArray<A>,
  is: (one: A) => boolean,
  lists: string
): ReadonlyArray<A> => {
  const seen: unknown = given
  if (Array.isArray(seen) && given.every(is)) return given
  throw new KeyError(`the function of ${what} returned ${kindOf(given)}, not ${lists}`)
}

/** The target of a link. */
export const linkTo = (whose: string, ring: Dissectible, f: unknown): Anatomy => {
  must(`the second argument of ${whose}`, aFunction('a function of arguments'), f)
  return checkedRing(whose, ring)[anatomy]
}

/** Refuses a text instead of a list: each of its letters would be an argument, and nothing would be deleted. */
export const argumentLists = <A extends Arguments>(given: ReadonlyArray<A>): ReadonlyArray<A> =>
  listed('Ring.expires', given, Array.isArray, 'a list of lists of arguments, as in (id) => [[id]]')

export const tagLists = (given: ReadonlyArray<string>): ReadonlyArray<string> =>
  listed(
    'Ring.purges',
    given,
    (tag) => typeof tag === 'string',
    'a list of tags, as in (id) => [`user:${id}`]'
  )

export const linkedRing = (ring: AnyRing, links: ReadonlyArray<Linking>): object => {
  checkedRing('Ring.linked', ring)
  links.forEach((link) => must('each argument of Ring.linked', aLink, link))
  const before = ring[anatomy]
  for (const { to } of links) {
    const circle = circleFrom(before.identity, to, [before.identity.name])
    if (circle !== undefined) return defect(`these links make a circle: ${circle.join(' -> ')}`)
  }
  // it is not known what a user's own commands do
  const replaced = changes.find((name) => before.own.includes(name))
  if (replaced !== undefined) return defect(`a ring with a ${replaced} of its own cannot be linked`)
  const members = membersOf(ring)
  const command = (name: string): Changing => members[name] as Changing // SAFETY: every ring has these commands
  const single =
    (name: string) =>
    (...args: Arguments): TE.TaskEither<unknown, unknown> =>
      cascading(command(name)(...args), links, [args])
  const many =
    (name: string) =>
    (argsList: ReadonlyArray<Arguments>): TE.TaskEither<unknown, unknown> =>
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
        // SAFETY: `set` returns a function of the arguments
        cascading((command('set')(value) as unknown as Changing)(...args), links, [args]),
    setMany: (entries: ReadonlyArray<readonly [Arguments, unknown]>) =>
      cascading(
        command('setMany')(entries),
        links,
        entries.map(([args]) => args)
      )
  }
  // SAFETY: a called ring is one of its commands
  const called = before.called === 'getOrUpdate' ? ring : (all[before.called] as AnyFunction)
  return withMembers((...args) => called(...args), ring.name, all, {
    ...before,
    links: [...before.links, ...links.map(({ to }) => to)]
  })
}
