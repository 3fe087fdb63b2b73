/**
 * Finds out which io-ts types are what their `_tag` says, and computes what io-ts keeps in its closures.
 *
 * The kind of a type is known only if the source text of its `validate` is the one that this io-ts uses for that
 * `_tag`. It is not known for an instance whose functions were replaced (as `withMessage` of io-ts-types does), nor for
 * a user's type.
 *
 * @internal
 */
import * as t from 'io-ts'

import { lazily } from '../../base/lazy'

// -------------------------------------------------------------------------------------
// which types are what they say
// -------------------------------------------------------------------------------------

/** The properties that io-ts' constructors give to a type. Each may be absent. */
export interface Anatomy {
  readonly _tag?: string
  readonly name: string
  readonly is: unknown
  readonly validate: unknown
  readonly decode: unknown
  readonly type?: t.Mixed
  readonly types?: ReadonlyArray<t.Mixed>
  readonly props?: Readonly<Record<string, t.Mixed>>
  readonly domain?: t.Mixed
  readonly codomain?: t.Mixed
  readonly keys?: Readonly<Record<string, unknown>>
  readonly value?: unknown
  readonly predicate?: unknown
  readonly tag?: unknown
}

const source = (f: unknown): string => (typeof f === 'function' ? Function.prototype.toString.call(f) : '')

const sourceOf = (type: Anatomy): string => `${source(type.is)}\n${source(type.validate)}`

const tagged = (k: string): t.Mixed => t.type({ k: t.literal(k) })

/** One type of every kind that can be compiled, made by the io-ts in use. */
const samples = (): ReadonlyArray<t.Mixed> => [
  t.string,
  t.number,
  t.boolean,
  t.bigint,
  t.null,
  t.undefined,
  t.void,
  t.unknown,
  t.any,
  t.Function,
  t.UnknownArray,
  t.UnknownRecord,
  t.literal('a'),
  t.keyof({ a: null }),
  t.array(t.string),
  t.readonlyArray(t.string),
  t.type({}),
  t.partial({}),
  t.tuple([t.string]),
  t.refinement(t.string, () => true),
  t.intersection([t.type({}), t.type({})]),
  t.recursion('R', () => t.string),
  t.record(t.string, t.string),
  t.union([t.string, t.number]),
  t.union([tagged('a'), tagged('b')])
]

/** Each `_tag`, with the source of the functions that io-ts gives to a type with it. */
const genuine = /*#__PURE__*/ lazily(
  (): ReadonlySet<string> =>
    new Set(samples().map((type: Anatomy) => `${type._tag ?? ''}\n${sourceOf(type)}`))
)

const exactSource = /*#__PURE__*/ lazily(() => source(t.exact(t.type({})).validate))
const taggedSource = /*#__PURE__*/ lazily(() => sourceOf(t.union([tagged('a'), tagged('b')])))
const finiteSource = /*#__PURE__*/ lazily(() => sourceOf(t.record(t.literal('a'), t.string)))

const ownDecode = /*#__PURE__*/ lazily(() => source(Reflect.get(t.Type.prototype, 'decode')))

/** Whether `decode` is the one that all types share, as the constructor binds it. */
const decodesAsAll = (type: Anatomy): boolean => {
  const proto: unknown = Object.getPrototypeOf(type)
  return (
    typeof type.decode === 'function' &&
    type.decode.name === t.string.decode.name &&
    source((proto as { readonly decode?: unknown }).decode) === ownDecode()
  )
}

/** The kind of a type; `undefined` if it is not known how the type behaves. */
export const kindOf = (type: Anatomy): string | undefined => {
  const tag = type._tag
  if (tag === undefined || !decodesAsAll(type)) return undefined
  if (tag === 'ReadonlyType')
    return type.validate === type.type?.validate && type.is === type.type?.is ? tag : undefined
  if (tag === 'ExactType')
    return source(type.validate) === exactSource() && type.is === type.type?.is ? tag : undefined
  if (tag === 'DictionaryType' && sourceOf(type) === finiteSource()) return 'FiniteRecord'
  return genuine().has(`${tag}\n${sourceOf(type)}`) ? tag : undefined
}

/** The property by which a union chooses its member, if it does. */
export const tagOf = (union: Anatomy): string | undefined =>
  sourceOf(union) === taggedSource() ? String(need(union.tag)) : undefined

// -------------------------------------------------------------------------------------
// what io-ts keeps in its closures
// -------------------------------------------------------------------------------------

/** Thrown and caught inside the compiler: the type cannot be compiled. */
const notCompilable = /*#__PURE__*/ Symbol('not compilable')

export const refuse = (): never => {
  throw notCompilable as unknown // caught by the compiler and by `decoders`
}

export const need = <A>(a: A | undefined): A => (a === undefined ? refuse() : a)

/** The property names that `exact` keeps. Mirrors io-ts' `getProps`. */
export const keptBy = (type: Anatomy): ReadonlyArray<string> => {
  switch (type._tag) {
    case 'RefinementType':
    case 'ReadonlyType':
      return keptBy(need(type.type))
    case 'InterfaceType':
    case 'PartialType':
      return Object.keys(need(type.props))
    case 'IntersectionType':
      return need(type.types).flatMap((one) => keptBy(one))
    default:
      return refuse()
  }
}

/** The keys of a record whose domain is finite. Mirrors io-ts' `getDomainKeys`. */
const domainOf = (type: Anatomy): ReadonlyArray<string> => {
  if (type._tag === 'LiteralType' && typeof type.value === 'string') return [type.value]
  if (type._tag === 'KeyofType') return Object.keys(need(type.keys))
  if (type._tag === 'UnionType') return need(type.types).flatMap((one) => domainOf(one))
  return refuse()
}

/** The properties of a record whose domain is finite, each with its type. */
export const finiteProps = ({ codomain, domain }: Anatomy): Readonly<Record<string, t.Mixed>> => {
  const type = need(codomain)
  return Object.fromEntries(domainOf(need(domain)).map((name) => [name, type]))
}
