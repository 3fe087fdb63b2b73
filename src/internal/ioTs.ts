/**
 * io-ts types without transforms, compiled once to plain predicates.
 *
 * The law: if the predicate of a type says true of a value, io-ts decodes the value to itself, the same reference.
 * If it says false, nothing is known, and io-ts is asked (for its errors, its stripping, its transforms). So the
 * predicate may be strict where io-ts does something odd, and it is: `NaN` (which io-ts' `!==` takes for a change),
 * `-0` against a literal `0`, tuples with excess, exact types with excess all go to io-ts.
 *
 * A union takes its *first* member that decodes. Its second may only be believed if the first is known to refuse,
 * so every type has a second predicate, `may`: if it says false, io-ts refuses the value.
 *
 * A third predicate, `closed`, is for what `JSON.parse` gives: where it says true, `same` does too, and every property
 * in the value, at every depth, is one that the type names. So nothing in it is unseen: no `__proto__`, and no nesting
 * beyond the type's own. It exists for types whose depth is known: none that is recursive or holds `unknown`.
 *
 * A type is compiled only if its `validate` is literally the source of what this io-ts makes for its `_tag`: an
 * instance whose functions were replaced (`withMessage` of io-ts-types does that) goes through io-ts, and so does
 * every type that holds it.
 *
 * @internal
 */
import * as t from 'io-ts'

import { lazily } from './lazy'

// -------------------------------------------------------------------------------------
// which types are what they say
// -------------------------------------------------------------------------------------

/** What the io-ts constructors leave on a type. All of it may be absent. */
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
}

const source = (f: unknown): string => (typeof f === 'function' ? Function.prototype.toString.call(f) : '')

const sourceOf = (type: Anatomy): string => `${source(type.is)}\n${source(type.validate)}`

const tagged = (k: string): t.Mixed => t.type({ k: t.literal(k) })

/** One type of every kind that is compiled, made by the io-ts at hand. */
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

/** The `_tag` and the functions that io-ts gives to a type of it. */
const genuine = /*#__PURE__*/ lazily(
  (): ReadonlySet<string> =>
    new Set(samples().map((type: Anatomy) => `${type._tag ?? ''}\n${sourceOf(type)}`))
)

const exactSource = /*#__PURE__*/ lazily(() => source(t.exact(t.type({})).validate))
const finiteSource = /*#__PURE__*/ lazily(() => sourceOf(t.record(t.literal('a'), t.string)))

const ownDecode = /*#__PURE__*/ lazily(() =>
  source(Object.getOwnPropertyDescriptor(t.Type.prototype, 'decode')?.value)
)

/** `decode` is the constructor's binding of the one `decode` that all types share. */
const decodesAsAll = (type: Anatomy): boolean => {
  const proto: unknown = Object.getPrototypeOf(type)
  return (
    typeof type.decode === 'function' &&
    type.decode.name === t.string.decode.name &&
    source((proto as { readonly decode?: unknown }).decode) === ownDecode()
  )
}

/** The semantics of a type, or nothing where they are not known. */
const kindOf = (type: Anatomy): string | undefined => {
  const tag = type._tag
  if (tag === undefined || !decodesAsAll(type)) return undefined
  if (tag === 'ReadonlyType')
    return type.validate === type.type?.validate && type.is === type.type?.is ? tag : undefined
  if (tag === 'ExactType')
    return source(type.validate) === exactSource() && type.is === type.type?.is ? tag : undefined
  if (tag === 'DictionaryType' && sourceOf(type) === finiteSource()) return 'FiniteRecord'
  return genuine().has(`${tag}\n${sourceOf(type)}`) ? tag : undefined
}

// -------------------------------------------------------------------------------------
// code
// -------------------------------------------------------------------------------------

/** Thrown by the compiler to itself: no predicate for this type. */
const notCompilable = /*#__PURE__*/ Symbol('not compilable')

const refuse = (): never => {
  throw notCompilable as unknown // caught by `compileWith`
}

/** `same`: io-ts returns the value itself. `may`: unless this holds, io-ts refuses. `closed`: see above. */
type Mode = 'same' | 'may' | 'closed'

interface Output {
  readonly functions: Array<string>
  /** Values and predicates of the user's, reached as `c[i]`: never spliced into the source. */
  readonly constants: Array<unknown>
  readonly names: Map<t.Mixed, { [M in Mode]?: string }>
}

const constant = (out: Output, value: unknown): string => `c[${String(out.constants.push(value) - 1)}]`

/** A boolean expression of the variable it is given. */
type Test = (v: string) => string

const primitives: Readonly<Record<string, Test>> = {
  StringType: (v) => `typeof ${v}==="string"`,
  BooleanType: (v) => `typeof ${v}==="boolean"`,
  BigIntType: (v) => `typeof ${v}==="bigint"`,
  NullType: (v) => `${v}===null`,
  UndefinedType: (v) => `${v}===undefined`,
  VoidType: (v) => `${v}===undefined`,
  FunctionType: (v) => `typeof ${v}==="function"`,
  AnyArrayType: (v) => `isArray(${v})`,
  AnyDictionaryType: (v) => `typeof ${v}==="object"&&${v}!==null&&!isArray(${v})`
}

/** NaN is not the same as itself to io-ts' `!==`. */
const numbers: Readonly<Record<string, Readonly<Partial<Record<Mode, Test>>>>> = {
  NumberType: {
    same: (v) => `typeof ${v}==="number"&&${v}===${v}`,
    may: (v) => `typeof ${v}==="number"`,
    closed: (v) => `typeof ${v}==="number"`
  },
  UnknownType: { same: (v) => `${v}===${v}`, may: () => 'true' },
  AnyType: { same: (v) => `${v}===${v}`, may: () => 'true' }
}

const isRecord = '(typeof v==="object"&&v!==null&&!isArray(v))'

/** Types that take no `undefined`: a property of theirs needs no second look at whether it is there. */
const neverUndefined: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'StringType',
  'NumberType',
  'BooleanType',
  'BigIntType',
  'NullType',
  'FunctionType',
  'AnyArrayType',
  'AnyDictionaryType',
  'KeyofType',
  'ArrayType',
  'ReadonlyArrayType',
  'InterfaceType',
  'PartialType',
  'ExactType',
  'TupleType',
  'DictionaryType'
])

const need = <A>(a: A | undefined): A => (a === undefined ? refuse() : a)

/** The names that `exact` keeps. Mirrors io-ts' `getProps`. */
const keptBy = (type: Anatomy): ReadonlyArray<string> => {
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

const quoted = (name: string): string => (name === '__proto__' ? refuse() : JSON.stringify(name))

const noneBut = (names: ReadonlyArray<string>): string =>
  `var n=namesOf(v);for(var i=0;i<n.length;i++){switch(n[i]){${names
    .map((name) => `case ${quoted(name)}:`)
    .join('')}${names.length > 0 ? 'continue;' : ''}default:return false}}`

const property = (out: Output, mode: Mode, name: string, type: t.Mixed, optional: boolean): string => {
  const holds = expression(out, mode, type, 'p')
  // io-ts copies a value when it changes a property, and reads the next ones of the copy, which inherits nothing
  const lost = `keysOf(v).indexOf(${quoted(name)})<0`
  // the order matters: io-ts asks the type about a missing optional, and a predicate of the user's may throw
  if (optional)
    return `p=v[${quoted(name)}];if(!(${holds}||p===undefined${
      mode === 'may' ? `||${lost}` : ''
    }))return false;`
  if (mode === 'may')
    return `p=v[${quoted(
      name
    )}];if(!${holds}){if(!(${lost}))return false;p=undefined;if(!${holds})return false}`
  const present = neverUndefined.has((type as Anatomy)._tag ?? '')
    ? ''
    : `if(p===undefined&&!hasOwn.call(v,${quoted(name)}))return false;`
  return `p=v[${quoted(name)}];if(!${holds})return false;${present}`
}

const properties = (
  out: Output,
  mode: Mode,
  props: Readonly<Record<string, t.Mixed>>,
  optional: boolean
): string =>
  `if(!${isRecord})return false;var p;${Object.entries(props)
    .map(([name, type]) => property(out, mode, name, type, optional))
    .join('')}`

/** A property that a type names. */
interface Field {
  readonly name: string
  readonly type: t.Mixed
  readonly optional: boolean
}

/**
 * All that a type names; intersections name what their members name. An exact member strips what the others name, so
 * the value of such an intersection is never the value that was given.
 */
const fieldsOf = (mixed: t.Mixed, isMember = false): ReadonlyArray<Field> => {
  const type: Anatomy = mixed
  const kind = need(kindOf(type))
  switch (kind) {
    case 'InterfaceType':
    case 'PartialType':
      return Object.entries(need(type.props)).map(([name, one]) => ({
        name,
        type: one,
        optional: kind === 'PartialType'
      }))
    case 'FiniteRecord':
      if (isMember) return refuse()
      return domainOf(need(type.domain)).map((name) => ({ name, type: need(type.codomain), optional: false }))
    case 'ExactType':
      return isMember ? refuse() : fieldsOf(need(type.type))
    case 'ReadonlyType':
      return fieldsOf(need(type.type), isMember)
    case 'IntersectionType':
      return need(type.types).flatMap((one) => fieldsOf(one, true))
    default:
      return refuse()
  }
}

/** Counts what is there: JSON has no `undefined`, and what is counted in vain makes the sum wrong. */
const closedStruct = (out: Output, fields: ReadonlyArray<Field>): string => {
  const names = [...new Set(fields.map(({ name }) => name))]
  // a name that every object inherits would be found in objects that have no such property
  if (names.some((name) => name in Object.prototype)) return refuse()
  const isRequired = (name: string): boolean => fields.some((field) => field.name === name && !field.optional)
  const required = names.filter(isRequired).length
  const one = (name: string): string => {
    const types = new Set(fields.filter((field) => field.name === name).map(({ type }) => type))
    const holds = Array.from(types, (type) => expression(out, 'closed', type, 'p')).join('&&')
    return isRequired(name)
      ? `p=v[${quoted(name)}];if(p===undefined||!(${holds}))return false;`
      : `p=v[${quoted(name)}];if(p!==undefined){if(!(${holds}))return false;n++}`
  }
  return `if(!${isRecord})return false;var p,n=${String(required)};${names
    .map(one)
    .join('')}for(var k in v)n--;return n===0`
}

/** How deep values of a type are nested, where the type says so. */
const levelsOf = (mixed: t.Mixed): number => {
  const type: Anatomy = mixed
  const deepest = (types: ReadonlyArray<t.Mixed>): number => Math.max(0, ...types.map(levelsOf))
  switch (type._tag) {
    case 'ArrayType':
    case 'ReadonlyArrayType':
      return 1 + levelsOf(need(type.type))
    case 'InterfaceType':
    case 'PartialType':
      return 1 + deepest(Object.values(need(type.props)))
    case 'DictionaryType':
      return 1 + levelsOf(need(type.codomain))
    case 'TupleType':
      return 1 + deepest(need(type.types))
    case 'UnionType':
    case 'IntersectionType':
      return deepest(need(type.types))
    case 'ExactType':
    case 'ReadonlyType':
    case 'RefinementType':
      return levelsOf(need(type.type))
    case 'RecursiveType':
    case 'FunctionType':
    case 'AnyArrayType':
    case 'AnyDictionaryType':
    case 'UnknownType':
    case 'AnyType':
      return refuse()
    default:
      return 0
  }
}

const items = (out: Output, mode: Mode, item: t.Mixed): string =>
  `if(!isArray(v))return false;for(var i=0,l=v.length;i<l;i++){var p=v[i];if(!${expression(
    out,
    mode,
    item,
    'p'
  )})return false}return true`

const components = (out: Output, mode: Mode, types: ReadonlyArray<t.Mixed>): string =>
  `if(!isArray(v)${mode === 'may' ? '' : `||v.length>${String(types.length)}`})return false;var p;${types
    .map((type, i) => `p=v[${String(i)}];if(!${expression(out, mode, type, 'p')})return false;`)
    .join('')}return true`

const entries = (out: Output, mode: Mode, domain: t.Mixed, codomain: t.Mixed): string => {
  const ofAny = (codomain as Anatomy)._tag === 'AnyType'
  if (mode === 'may') {
    // a key outside of the domain is stripped, not refused
    const skips =
      (domain as Anatomy)._tag === 'StringType' ? '' : `if(!${expression(out, 'may', domain, 'k')})continue;`
    const total = skips === ''
    return `if(!${isRecord})return ${ofAny ? 'isArray(v)' : 'false'};${
      total
        ? `var n=keysOf(v);for(var i=0;i<n.length;i++){var p=v[n[i]];if(!${expression(
            out,
            mode,
            codomain,
            'p'
          )})return false}`
        : ''
    }return true`
  }
  return `if(!${isRecord})return false;var n=keysOf(v);for(var i=0;i<n.length;i++){var k=n[i];if(!${expression(
    out,
    mode,
    domain,
    'k'
  )}${mode === 'closed' ? '||k==="__proto__"' : ''})return false;var p=v[k];if(!${expression(
    out,
    mode,
    codomain,
    'p'
  )})return false}return true`
}

const members = (out: Output, mode: Mode, types: ReadonlyArray<t.Mixed>): string => {
  if (mode === 'may')
    return `return ${types.map((one) => expression(out, mode, one, 'v')).join('||') || 'false'}`
  return `${types
    .map((one, i) => {
      const refusedBefore = types
        .slice(0, i)
        .map((earlier) => `&&!${expression(out, 'may', earlier, 'v')}`)
        .join('')
      return `if(${expression(out, mode, one, 'v')}${refusedBefore})return true;`
    })
    .join('')}return false`
}

/** Types that return the value itself or refuse it: a refinement's predicate sees just that value. */
const returnsItself = (type: Anatomy): boolean =>
  type._tag === 'KeyofType' ||
  (type._tag !== undefined && (type._tag in primitives || type._tag in numbers)) ||
  ((type._tag === 'RefinementType' || type._tag === 'ReadonlyType') &&
    type.type !== undefined &&
    returnsItself(type.type))

const refined = (out: Output, mode: Mode, type: Anatomy): string => {
  const inner = need(type.type)
  const holds = expression(out, mode, inner, 'v')
  if (typeof type.predicate !== 'function') return refuse()
  return mode !== 'may' || returnsItself(inner)
    ? `return ${holds}&&!!(0,${constant(out, type.predicate)})(v)`
    : `return ${holds}`
}

const structs: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'InterfaceType',
  'PartialType',
  'ExactType',
  'FiniteRecord',
  'IntersectionType'
])

/** The body of a function of `v`. */
const body = (out: Output, mode: Mode, kind: string, type: Anatomy & t.Mixed): string => {
  if (mode === 'closed' && structs.has(kind)) return closedStruct(out, fieldsOf(type))
  switch (kind) {
    case 'KeyofType':
      return `return typeof v==="string"&&hasOwn.call(${constant(out, need(type.keys))},v)`
    case 'ArrayType':
    case 'ReadonlyArrayType':
      return items(out, mode, need(type.type))
    case 'InterfaceType':
    case 'PartialType':
      return `${properties(out, mode, need(type.props), kind === 'PartialType')}return true`
    case 'ExactType': {
      const kept = keptBy(need(type.type))
      const inner = expression(out, mode, need(type.type), 'v')
      return `if(!${isRecord}||!${inner})return false;${
        mode === 'same' ? noneBut([...new Set(kept)]) : ''
      }return true`
    }
    case 'TupleType':
      return components(out, mode, need(type.types))
    case 'DictionaryType':
      return entries(out, mode, need(type.domain), need(type.codomain))
    case 'FiniteRecord': {
      const names = [...new Set(domainOf(need(type.domain)))]
      const codomain = need(type.codomain)
      const props = Object.fromEntries(names.map((name) => [name, codomain]))
      // of a record whose properties are inherited io-ts makes a new one
      const all = `${noneBut(names)}if(n.length!==${String(names.length)})return false;`
      return `${properties(out, mode, props, false)}${mode === 'same' ? all : ''}return true`
    }
    case 'UnionType':
      return members(out, mode, need(type.types))
    case 'IntersectionType':
      return `return ${need(type.types)
        .map((one) => expression(out, mode, one, 'v'))
        .join('&&')}`
    case 'RefinementType':
      return refined(out, mode, type)
    case 'ReadonlyType':
    case 'RecursiveType':
      return `return ${expression(out, mode, need(type.type), 'v')}`
    default:
      return refuse()
  }
}

const literalTypes: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'string',
  'number',
  'boolean',
  'bigint',
  'undefined'
])

const literal = (out: Output, mode: Mode, value: unknown, v: string): string => {
  if (value !== null && !literalTypes.has(typeof value)) return refuse()
  // io-ts answers with its own 0, whichever zero it was given
  if (value === 0) return mode === 'may' ? `${v}===0` : `is(${v},${constant(out, value)})`
  return typeof value === 'string' ? `${v}===${JSON.stringify(value)}` : `${v}===${constant(out, value)}`
}

/** A boolean expression of the variable `v`. */
const expression = (out: Output, mode: Mode, mixed: t.Mixed, v: string): string => {
  const type: Anatomy = mixed
  const kind = need(kindOf(type))
  if (kind === 'LiteralType') return `(${literal(out, mode, type.value, v)})`
  const inline = primitives[kind] ?? numbers[kind]?.[mode]
  return inline !== undefined ? `(${inline(v)})` : `${functionOf(out, mode, kind, mixed)}(${v})`
}

/** One function for a type and a mode, named before it is written: that is how recursive types end. */
const functionOf = (out: Output, mode: Mode, kind: string, type: t.Mixed): string => {
  const names = out.names.get(type) ?? {}
  out.names.set(type, names)
  const known = names[mode]
  if (known !== undefined) return known
  const name = `f${String(out.functions.push('') - 1)}`
  names[mode] = name
  out.functions[Number(name.slice(1))] = `function ${name}(v){${body(out, mode, kind, type)}}`
  return name
}

export type Predicate = (u: unknown) => boolean

/** As `new Function` is; injected, so that an environment without it can be tested. */
export type MakeFunction = (...parts: ReadonlyArray<string>) => unknown

/**
 * The predicate of a type, or nothing where io-ts must do it. With `depth` it is the `closed` one, for types that are
 * not nested deeper.
 */
export const compileWith =
  (make: MakeFunction) =>
  (type: t.Mixed, depth?: number): Predicate | undefined => {
    try {
      const out: Output = { functions: [], constants: [], names: new Map() }
      if (depth !== undefined && levelsOf(type) > depth) return undefined
      const root = expression(out, depth === undefined ? 'same' : 'closed', type, 'v')
      const code = `"use strict";${out.functions.join('\n')}\nreturn function(v){return ${root}}`
      const build = make('c', 'isArray', 'hasOwn', 'keysOf', 'namesOf', 'is', code)
      if (typeof build !== 'function') return undefined
      // the proof: the code above returns a function of one value to a boolean
      return Reflect.apply(build, undefined, [
        out.constants,
        Array.isArray,
        Object.getOwnPropertyDescriptor(Object.prototype, 'hasOwnProperty')?.value,
        Object.keys,
        Object.getOwnPropertyNames,
        Object.is
      ]) as Predicate
    } catch {
      // not compilable, a definition that throws, or code generation is forbidden: io-ts does it
      return undefined
    }
  }

export const compile: (type: t.Mixed, depth?: number) => Predicate | undefined = /*#__PURE__*/ compileWith(
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- what is spliced in is quoted, see `quoted`
  (...parts) => new Function(...parts)
)
