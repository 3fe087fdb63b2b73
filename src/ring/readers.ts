/**
 * Rings of functions of an environment: the inner ring has the environment as its first argument, but callers pass it
 * last.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import { defect } from '../base/defect'
import { isObject } from '../base/kinds'
import { named } from '../base/named'
import type { Arguments, KeyFn } from '../KeyFn'
import { argumentsText } from '../keys/canonical'
import { anatomy } from '../wiring/anatomy'
import { checkOptions } from '../wiring/check'
import { calledWhat } from '../wiring/recognize'
import { interpret } from './build'
import { type Config, defaultKey, nameOf, owner } from './config'
import { elsewhere, readerOptions } from './options'
import { type AnyRing, membersOf } from './over'
import { type AnyFunction, commandNames, shapes, taking } from './shapes'

type Fn = (...args: Arguments) => (env: unknown) => TE.TaskEither<unknown, unknown>
type Lists = ReadonlyArray<Arguments>

export interface ReaderConfig extends Omit<Config, 'batch' | 'batchEach' | 'commands' | 'default'> {
  readonly keyEnv: 'none' | ((env: unknown) => unknown)
  readonly batch?: (lists: Lists) => (env: unknown) => TE.TaskEither<unknown, ReadonlyArray<unknown>>
  readonly batchEach?: (lists: Lists) => (env: unknown) => T.Task<ReadonlyArray<E.Either<unknown, unknown>>>
}

/** Puts the environment first, as in the arguments of the inner ring. */
const within =
  <A>(f: (...args: Arguments) => A) =>
  (...[, ...args]: Arguments): A =>
    f(...args)

/** All lists of a batch belong to one command, and therefore to one environment. */
const batched =
  <A>(batch: (lists: Lists) => (env: unknown) => A) =>
  (lists: Lists): A =>
    batch(lists.map(([, ...args]) => args))(lists[0]?.[0])

const keyOf = (name: string, { key, keyEnv }: ReaderConfig): KeyFn<Arguments> => {
  const own = key ?? defaultKey(name)
  const f: (...args: Arguments) => string =
    keyEnv === 'none'
      ? within(own)
      : // a canonical text never has `~` outside of quotes, so two different keys cannot become equal
        (env, ...args) => `${own(...args)}~${argumentsText([keyEnv(env)])}`
  return own.prefix === undefined ? f : Object.assign(f, { prefix: own.prefix })
}

/** A command that takes the environment last. */
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
          (inEnv(env)(value) as AnyFunction)(...args) // SAFETY: `set` returns a function of the arguments
    : (...given) =>
        (env: unknown) =>
          inEnv(env)(...given)
}

/** Checks the config of a reader before its function is known. */
export const checkedReader = <C>(config: C): C => {
  checkOptions('ringReader', config, readerOptions, elsewhere)
  if (!isObject(config)) return defect('ringReader needs options: a store, and keyEnv')
  if (!('store' in config) || config.store === undefined) return defect('ringReader needs a store')
  return config
}

export const interpretReader = (fn: Fn, config: ReaderConfig): object => {
  if (typeof fn !== 'function') return defect(`a reader is made of a function, not of ${calledWhat(fn)}`)
  checkedReader(config)
  const { batch, batchEach, keyEnv, ...settings } = config
  // for untyped callers: without it, one tenant could see the data of another
  if (keyEnv !== 'none' && typeof keyEnv !== 'function')
    return defect("ringReader needs keyEnv: the part of the environment that is in the key, or 'none'")
  const name = nameOf(fn, config)
  const inner = interpret((env, ...args) => fn(...args)(env), {
    ...settings,
    [owner]: fn,
    name,
    key: keyOf(name, config),
    ...(batch === undefined ? {} : { batch: batched(batch) }),
    ...(batchEach === undefined ? {} : { batchEach: batched(batchEach) })
  }) as AnyRing // SAFETY: `interpret` makes a ring
  const members: Record<string, unknown> = { ...membersOf(inner) }
  for (const command of commandNames) {
    members[command] = reading(command, members[command] as AnyFunction) // SAFETY: every ring has all commands
  }
  const called =
    (...args: Arguments) =>
    (env: unknown) =>
      inner(env, ...args)
  return named({ name }, Object.assign(called, members, { [anatomy]: inner[anatomy] }))
}
