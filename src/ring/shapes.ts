/**
 * How the commands of a ring take the arguments of its function, so that a change of the arguments applies to all
 * commands alike.
 *
 * @internal
 */
import type { Commands } from '../Command'
import type { Arguments } from '../KeyFn'

/**
 * `arguments`: `(...args)`. `value`: `(value) => (...args)`. `list`: `(argsList)`. `entries`: a list of arguments and
 * values. `none`: it does not take the arguments of the function.
 */
export type Shape = 'arguments' | 'value' | 'list' | 'entries' | 'none'

export type CommandName = keyof Commands<never, unknown, unknown, unknown>

export const shapes: Readonly<Record<CommandName, Shape>> = {
  getOrUpdate: 'arguments',
  get: 'arguments',
  execute: 'arguments',
  update: 'arguments',
  set: 'value',
  delete: 'arguments',
  has: 'arguments',
  touch: 'arguments',
  key: 'arguments',
  encode: 'none',
  decode: 'none',
  getMany: 'list',
  getOrUpdateMany: 'list',
  executeMany: 'list',
  updateMany: 'list',
  setMany: 'entries',
  deleteMany: 'list',
  hasMany: 'list',
  touchMany: 'list',
  keyMany: 'list',
  explain: 'arguments',
  purge: 'none',
  clear: 'none'
}

export const commandNames = /*#__PURE__*/ Object.keys(shapes) as ReadonlyArray<CommandName> // SAFETY: it has no others

export type AnyFunction = (...args: ReadonlyArray<unknown>) => unknown

/** A command over other arguments: `to` converts them to those that it takes. */
export const taking = (
  shape: Shape,
  command: AnyFunction,
  to: (args: Arguments) => Arguments
): AnyFunction => {
  switch (shape) {
    case 'arguments':
      return (...args) => command(...to(args))
    case 'value':
      return (value) => {
        const on = command(value) as AnyFunction // SAFETY: `set` returns a function of the arguments
        return (...args: Arguments) => on(...to(args))
      }
    case 'list':
      // SAFETY: a list of arguments
      return (list) => command((list as ReadonlyArray<Arguments>).map(to))
    case 'entries':
      return (entries) =>
        // SAFETY: a list of arguments and values
        command((entries as ReadonlyArray<readonly [Arguments, unknown]>).map(([args, v]) => [to(args), v]))
    case 'none':
      return command
  }
}

/** A command whose answer is converted. */
export const giving = (shape: Shape, command: AnyFunction, then: (answer: unknown) => unknown): AnyFunction =>
  shape === 'value'
    ? (value) => {
        const on = command(value) as AnyFunction // SAFETY: as in `taking`
        return (...args: Arguments) => then(on(...args))
      }
    : (...args) => then(command(...args))
