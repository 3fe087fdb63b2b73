/**
 * Rings of functions of an environment: rings whose first argument is the environment, which is given last.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import type { Arguments, KeyFn } from '../KeyFn'
import { type AnyRing, membersOf } from './bound'
import { argumentsText } from './canonical'
import { defect } from './defect'
import { type Config, defaultKey, interpret } from './interpreter'
import { named } from './named'
import { type AnyFunction, commandNames, shapes, taking } from './shapes'

type Fn = (...args: Arguments) => (env: unknown) => TE.TaskEither<unknown, unknown>
type Lists = ReadonlyArray<Arguments>

export interface ReaderConfig extends Omit<Config, 'batch' | 'batchEach' | 'commands' | 'default'> {
  readonly keyEnv: 'none' | ((env: unknown) => unknown)
  readonly batch?: (lists: Lists) => (env: unknown) => TE.TaskEither<unknown, ReadonlyArray<unknown>>
  readonly batchEach?: (lists: Lists) => (env: unknown) => T.Task<ReadonlyArray<E.Either<unknown, unknown>>>
}

/** The environment comes first, as it is in the arguments of the ring inside. */
const within =
  <A>(f: (...args: Arguments) => A) =>
  (...[, ...args]: Arguments): A =>
    f(...args)

/** All lists of a batch are those of one command, and so of one environment. */
const batched =
  <A>(batch: (lists: Lists) => (env: unknown) => A) =>
  (lists: Lists): A =>
    batch(lists.map(([, ...args]) => args))(lists[0]?.[0])

const keyOf = (name: string, { key, keyEnv }: ReaderConfig): KeyFn<Arguments> => {
  const own = key ?? defaultKey(name)
  const f: (...args: Arguments) => string =
    keyEnv === 'none'
      ? within(own)
      : // `~` is never outside of quotes in a canonical text, so two keys do not meet in one
        (env, ...args) => `${own(...args)}~${argumentsText([keyEnv(env)])}`
  return own.prefix === undefined ? f : Object.assign(f, { prefix: own.prefix })
}

/** A command that is given the environment last. */
const reading = (name: (typeof commandNames)[number], command: AnyFunction): AnyFunction => {
  const shape = shapes[name]
  if (name === 'encode' || name === 'decode') return command
  if (shape === 'none')
    return (...given) =>
      () =>
        command(...given)
  const inEnv = (env: unknown): AnyFunction => taking(shape, command, (args) => [env, ...args])
  return shape === 'value'
    ? (value) =>
        (...args: Arguments) =>
        (env: unknown) =>
          (inEnv(env)(value) as AnyFunction)(...args) // the proof: `set` gives a function of the arguments
    : (...given) =>
        (env: unknown) =>
          inEnv(env)(...given)
}

export const interpretReader = (fn: Fn, config: ReaderConfig): object => {
  const { batch, batchEach, ...settings } = config
  // for those who have no types: to forget it may show one tenant what is another's
  if (config.keyEnv !== 'none' && typeof config.keyEnv !== 'function')
    return defect("ringReader needs keyEnv: the part of the environment that is in the key, or 'none'")
  const name = config.name ?? fn.name
  const inner = interpret((env, ...args) => fn(...args)(env), {
    ...settings,
    name,
    key: keyOf(name, config),
    ...(batch === undefined ? {} : { batch: batched(batch) }),
    ...(batchEach === undefined ? {} : { batchEach: batched(batchEach) })
  }) as AnyRing // the proof: that is what it makes
  const members: Record<string, unknown> = { ...membersOf(inner) }
  for (const command of commandNames) {
    members[command] = reading(command, members[command] as AnyFunction) // the proof: every ring has all commands
  }
  const called =
    (...args: Arguments) =>
    (env: unknown) =>
      inner(env, ...args)
  return named({ name }, Object.assign(called, members))
}
