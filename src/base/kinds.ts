/**
 * Checks what a function of the user returned, and names the kind of a value for an error message. No message shows the
 * value itself.
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'
import type { Option } from 'fp-ts/Option'

import { ignore } from './ignore'

export const isObject = (u: unknown): u is object => typeof u === 'object' && u !== null

/** Whether it is an object or a function, which has members too: a store, a codec and a ring may each be one. */
export const hasMembers = (u: unknown): u is object => isObject(u) || typeof u === 'function'

export const isThenable = (u: unknown): u is PromiseLike<unknown> =>
  hasMembers(u) && 'then' in u && typeof u.then === 'function'

export const isEither = (u: unknown): u is Either<unknown, unknown> =>
  isObject(u) && '_tag' in u && (u._tag === 'Right' ? 'right' in u : u._tag === 'Left' ? 'left' in u : false)

export const isOption = (u: unknown): u is Option<unknown> =>
  isObject(u) && '_tag' in u && (u._tag === 'None' || (u._tag === 'Some' && 'value' in u))

/** A length of time as stores return it: a number that is not negative. */
export const isSpan = (u: unknown): u is number => typeof u === 'number' && u >= 0

export const isEntry = (u: unknown): boolean =>
  isObject(u) && 'value' in u && 'remaining' in u && isSpan(u.remaining)

export const isBoolean = (u: unknown): boolean => typeof u === 'boolean'

/** Returns the value. If it is a promise, its rejection is handled here, because no caller will handle it. */
export const hushed = (u: unknown): unknown => {
  try {
    if (isThenable(u)) void u.then(ignore, ignore)
  } catch {
    // a getter of it threw
  }
  return u
}

/**
 * The kind of a value in words: `undefined`, `a Promise`, `a list`, `a string`, … It never throws, even if a getter of
 * the value throws. If the value is a promise, its rejection is handled.
 */
export const kindOf = (u: unknown): string => {
  if (u === undefined || u === null) return String(u)
  if (typeof u === 'number' && Number.isNaN(u)) return 'NaN'
  if (typeof u !== 'object') return `a ${typeof u}`
  try {
    if (isThenable(hushed(u))) return 'a Promise'
    if (Array.isArray(u)) return 'a list'
    if (isEither(u)) return 'an Either'
    if (isOption(u)) return 'an Option'
    return 'an object'
  } catch {
    return 'an object that throws'
  }
}
