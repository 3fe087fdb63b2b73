/**
 * Decoding with io-ts at the speed of a predicate, with errors that can be shown.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as t from 'io-ts'

import { DecodeError } from '../RingError'
import { type Anatomy, compile, type Predicate } from './ioTs'
import { lazily } from './lazy'

const shorten = (name: string): string => (name.length > 80 ? `${name.slice(0, 77)}...` : name)

const unwrapped = (type: Partial<Anatomy> | undefined): Partial<Anatomy> | undefined =>
  type?.type !== undefined &&
  ['ExactType', 'ReadonlyType', 'RefinementType', 'RecursiveType'].includes(type._tag ?? '')
    ? unwrapped(type.type)
    : type

/** One step of the way to what was refused: names of the type's own properties; everything else may be data. */
const step = (parent: Partial<Anatomy> | undefined, key: string): string => {
  switch (parent?._tag) {
    case 'InterfaceType':
    case 'PartialType':
      return Object.hasOwn(parent.props ?? {}, key) ? `.${key}` : '.*'
    case 'UnionType':
    case 'IntersectionType':
      return ''
    case 'ArrayType':
    case 'ReadonlyArrayType':
    case 'TupleType':
      return '[]'
    default:
      return '.*'
  }
}

/** The place and the type of the first refusal, without values and without keys of the user's. */
const describe = (type: t.Mixed, errors: t.Errors): string => {
  const context: t.Context = errors[0]?.context ?? []
  const path = context
    .map((entry, i) => (i === 0 ? '' : step(unwrapped(context.at(i - 1)?.type), entry.key)))
    .slice(0, 32)
    .join('')
  const expected = context[context.length - 1]?.type.name ?? type.name
  return `not a ${shorten(type.name)}${path === '' ? '' : `: ${shorten(path)} is not a ${shorten(expected)}`}`
}

/**
 * Decodes as io-ts does, at the speed of a predicate where the type has one. Never throws: what io-ts throws (a
 * refinement of the user's, a stack that is full) is a `left`.
 */
export const validator = <A>(
  type: t.Type<A, unknown>,
  compiler: (type: t.Mixed) => Predicate | undefined = compile
): ((u: unknown) => E.Either<DecodeError, A>) => {
  const predicate = lazily(() => compiler(type))
  return (u) => {
    try {
      if (predicate()?.(u) === true) return { _tag: 'Right', right: u as A } // the proof: the law of the compiler
    } catch {
      // io-ts will meet the same, and says what it makes of it
    }
    try {
      const decoded = type.decode(u)
      return E.isRight(decoded)
        ? decoded
        : E.left(new DecodeError(describe(type, decoded.left), { errors: decoded.left }))
    } catch (cause) {
      return E.left(new DecodeError(`the type ${shorten(type.name)} threw while it decoded`, { cause }))
    }
  }
}

/** What is known of the types whose values hold nothing but what they name: false where the type is not one. */
export const closedValidator = (type: t.Mixed, depth: number): Predicate => {
  const predicate = lazily(() => compile(type, depth))
  return (u) => predicate()?.(u) === true
}
