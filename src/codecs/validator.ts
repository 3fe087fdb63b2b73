/**
 * Decodes with io-ts at the speed of a predicate, with errors that are safe to show.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import type * as t from 'io-ts'

import { lazily } from '../base/lazy'
import { DecodeError } from '../RingError'
import { decoders } from './ioTs/decode'
import { type Anatomy, kindOf } from './ioTs/kinds'
import { compile, compileMay, type Predicate } from './ioTs/predicate'
import { newWalk, refused } from './ioTs/walk'
import { listingOnce } from './largeRecords'
import { bounded } from './smallErrors'

const shorten = (name: string): string => (name.length > 80 ? `${name.slice(0, 77)}...` : name)

const unwrapped = (type: Partial<Anatomy> | undefined): Partial<Anatomy> | undefined =>
  type?.type !== undefined &&
  ['ExactType', 'ReadonlyType', 'RefinementType', 'RecursiveType'].includes(type._tag ?? '')
    ? unwrapped(type.type)
    : type

/** One step of the path to the refused part. It shows only names that the type defines; other names may be data. */
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

/** The place and the type of the first refusal, without values and without the keys of records. */
const describe = (type: t.Mixed, errors: t.Errors): string => {
  const context: t.Context = errors[0]?.context ?? []
  const path = context
    .map((entry, i) => (i === 0 ? '' : step(unwrapped(context.at(i - 1)?.type), entry.key)))
    .slice(0, 32)
    .join('')
  const expected = context[context.length - 1]?.type.name ?? type.name
  return `not a ${shorten(type.name)}${path === '' ? '' : `: ${shorten(path)} is not a ${shorten(expected)}`}`
}

/** How many of the errors of a refused value are kept. */
export const mostErrors = 16

/**
 * Decodes a value as io-ts does. Returns the decoded value (complete only if `isNeeded` says so), or the first errors.
 */
type Decode = (u: unknown, isNeeded: () => boolean) => E.Either<t.Errors, unknown>

const nothingKnown: ReadonlySet<object> = /*#__PURE__*/ new Set()

/** For a type of unknown kind, io-ts itself decodes, and makes all errors. */
const decodeOf = (type: t.Mixed, compiler: (type: t.Mixed) => Predicate | undefined): Decode => {
  if (kindOf(type) === undefined)
    return (u) => E.mapLeft((all: t.Errors) => bounded(all, mostErrors, nothingKnown))(type.decode(u))
  const { part } = decoders(compiler)(type)
  return (u, isNeeded) => {
    const walk = newWalk(type, u, mostErrors, isNeeded)
    const decoded = part(u, walk)
    return decoded === refused ? E.left(bounded(walk.errors, mostErrors, walk.large)) : E.right(decoded)
  }
}

const lists: ReadonlySet<string> = /*#__PURE__*/ new Set(['ArrayType', 'ReadonlyArrayType'])

const isList = (type: t.Mixed): boolean => lists.has(kindOf(type) ?? '')

/** The compilers of the predicates of a type. */
export interface Compilers {
  /** If this predicate is true, io-ts returns the value itself. */
  readonly same: (type: t.Mixed) => Predicate | undefined
  /** If this predicate is false, io-ts refuses the value. */
  readonly may: (type: t.Mixed) => Predicate | undefined
}

/**
 * Decodes as io-ts does, at the speed of a predicate if the type has one. It never throws: an exception of io-ts (from
 * a user's refinement, or a stack overflow) becomes a `left`.
 *
 * A refused value is searched until its first errors are found, whatever its size. A `DecodeError` contains only
 * those, and keeps no large value alive.
 */
export const validator = <A>(
  type: t.Type<A, unknown>,
  { may, same }: Compilers = { same: compile, may: compileMay }
): ((u: unknown) => E.Either<DecodeError, A>) => {
  // a list applies the predicate to its members one by one: its own predicate would look at each of them once more
  const isSame = lazily(() => (isList(type) ? undefined : same(type)))
  const mayBe = lazily(() => may(type))
  const decode = lazily(() => decodeOf(type, same))
  /** A value that will be refused need not be built. */
  const isNeeded = (u: unknown): boolean => {
    try {
      return mayBe()?.(u) !== false
    } catch {
      return true
    }
  }
  const validate = (u: unknown): E.Either<DecodeError, A> => {
    try {
      if (isSame()?.(u) === true) return { _tag: 'Right', right: u as A } // SAFETY: the law of `same`
    } catch {
      // io-ts will run into the same exception below, and decides what it means
    }
    try {
      const asked = { needed: true }
      const first = decode()(u, () => (asked.needed = isNeeded(u)))
      // the value was not built, but is accepted: a user's predicate has changed its answer
      const decoded = asked.needed || E.isLeft(first) ? first : decode()(u, () => true)
      // SAFETY: the type decodes to an A
      if (E.isRight(decoded)) return decoded as E.Right<A>
      return E.left(new DecodeError(describe(type, decoded.left), { errors: decoded.left }))
    } catch (cause) {
      return E.left(new DecodeError(`the type ${shorten(type.name)} threw while it decoded`, { cause }))
    }
  }
  return (u) => listingOnce(validate, u)
}

/** The `closed` predicate of a type (see `ioTs/predicate`). It is always false if the type has none. */
export const closedValidator = (type: t.Mixed, depth: number): Predicate => {
  const predicate = lazily(() => compile(type, depth))
  return (u) => predicate()?.(u) === true
}
