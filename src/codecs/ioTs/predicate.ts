/**
 * Compiles io-ts types without transforms to plain predicates.
 *
 * The law: if the predicate of a type (`same`) is true of a value, io-ts decodes the value to itself, the same
 * reference. If it is false, nothing is known, and `decode.ts` decodes the value (for errors, stripping, transforms).
 * So the predicate may be strict where io-ts behaves oddly: it is false for `NaN` (a change to io-ts, which compares by
 * `!==`), for `-0` against a literal `0`, and for tuples and exact types with excess.
 *
 * A union decodes with its *first* member that accepts. So the second member may decide only if the first is known to
 * refuse. For that, every type has a second predicate, `may`: if it is false, io-ts refuses the value.
 *
 * A third predicate, `closed`, is for the results of `JSON.parse`. If it is true, `same` is true too, and the type
 * names every property of the value, at every depth. So the value has no `__proto__`, and no deeper nesting than the
 * type. Only types of known depth have this predicate: not recursive ones, and none that contains `unknown`.
 *
 * A type is compiled only if it and all of its parts are what their tags say (`kinds.ts`).
 *
 * @internal
 */
import type * as t from 'io-ts'

import { keysOf } from '../largeRecords'
import { type Anatomy, finiteProps, keptBy, kindOf, need, refuse } from './kinds'

// -------------------------------------------------------------------------------------
// code
// -------------------------------------------------------------------------------------

/** `same`: if true, io-ts returns the value itself. `may`: if false, io-ts refuses the value. `closed`: see above. */
type Mode = 'same' | 'may' | 'closed'

interface Output {
  readonly functions: Array<string>
  /** The user's values and predicates. The code refers to them as `c[i]`; they are never spliced into its text. */
  readonly constants: Array<unknown>
  readonly names: Map<t.Mixed, { [M in Mode]?: string }>
}

const constant = (out: Output, value: unknown): string => `c[${String(out.constants.push(value) - 1)}]`

const aNumber = 'typeof $==="number"'
/** io-ts compares by `!==`, so to it `NaN` differs from itself. */
const isSame = '$===$'

/** Boolean expressions about the variable `$`, for types without parts: one for all modes, or one for each. */
const inline: Readonly<Record<string, string | Readonly<Partial<Record<Mode, string>>>>> = {
  StringType: 'typeof $==="string"',
  BooleanType: 'typeof $==="boolean"',
  BigIntType: 'typeof $==="bigint"',
  NullType: '$===null',
  UndefinedType: '$===undefined',
  VoidType: '$===undefined',
  FunctionType: 'typeof $==="function"',
  AnyArrayType: 'isArray($)',
  AnyDictionaryType: 'typeof $==="object"&&$!==null&&!isArray($)',
  NumberType: { same: `${aNumber}&&${isSame}`, may: aNumber, closed: aNumber },
  UnknownType: { same: isSame, may: 'true' },
  AnyType: { same: isSame, may: 'true' }
}

const isRecord = '(typeof v==="object"&&v!==null&&!isArray(v))'

/** Types that refuse `undefined`: for a property of such a type, no check is needed whether the property exists. */
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

const quoted = (name: string): string => (name === '__proto__' ? refuse() : JSON.stringify(name))

const noneBut = (names: ReadonlyArray<string>): string =>
  `var n=namesOf(v);for(var i=0;i<n.length;i++){switch(n[i]){${names
    .map((name) => `case ${quoted(name)}:`)
    .join('')}${names.length > 0 ? 'continue;' : ''}default:return false}}`

/** A property that a type names. */
interface Field {
  readonly name: string
  readonly type: t.Mixed
  readonly optional: boolean
}

const property = (out: Output, mode: Mode, { name, optional, type }: Field): string => {
  const holds = expression(out, mode, type, 'p')
  // io-ts copies a value when it changes a property, and reads the next ones from the copy, which inherits nothing
  const kept = `isOwn.call(v,${quoted(name)})`
  // the order matters: io-ts calls the type for a missing optional property too, and a user's predicate may throw
  if (optional)
    return `p=v[${quoted(name)}];if(!(${holds}||p===undefined${
      mode === 'may' ? `||!${kept}` : ''
    }))return false;`
  if (mode === 'may')
    return `p=v[${quoted(
      name
    )}];if(!${holds}){if(p===undefined||${kept})return false;p=undefined;if(!${holds})return false}`
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
    .map(([name, type]) => property(out, mode, { name, type, optional }))
    .join('')}`

/**
 * The properties that a type names; an intersection names those of its members. An exact member strips the properties
 * of the other members, so an intersection with one never returns the given value itself.
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
      return Object.entries(finiteProps(type)).map(([name, one]) => ({ name, type: one, optional: false }))
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

/** Counts the properties: JSON has no `undefined`, so a property that the type does not name makes the count wrong. */
const closedStruct = (out: Output, fields: ReadonlyArray<Field>): string => {
  const names = [...new Set(fields.map(({ name }) => name))]
  // a name that every object inherits would be found even in objects without such a property
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

/** How deep the values of a type are nested. Refuses types that do not limit it. */
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
    // io-ts strips a key outside of the domain, and does not refuse it
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

/** Types that return the value itself or refuse it, so that the predicate of a refinement sees exactly this value. */
const returnsItself = (type: Anatomy): boolean =>
  type._tag === 'KeyofType' ||
  (type._tag !== undefined && Object.hasOwn(inline, type._tag)) ||
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

/** The body of a function of the variable `v`. */
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
      const props = finiteProps(type)
      const names = Object.keys(props)
      // if properties are inherited, io-ts makes a new record
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

const literal = (out: Output, mode: Mode, value: unknown, v: string): string => {
  if (Object(value) === value || typeof value === 'symbol') return refuse()
  // io-ts returns its own 0, whichever zero it was given
  if (value === 0) return mode === 'may' ? `${v}===0` : `is(${v},${constant(out, value)})`
  return typeof value === 'string' ? `${v}===${JSON.stringify(value)}` : `${v}===${constant(out, value)}`
}

/** A boolean expression about the variable named `v`. */
const expression = (out: Output, mode: Mode, mixed: t.Mixed, v: string): string => {
  const type: Anatomy = mixed
  const kind = need(kindOf(type))
  if (kind === 'LiteralType') return `(${literal(out, mode, type.value, v)})`
  // a type may have any name
  const known = Object.hasOwn(inline, kind) ? inline[kind] : undefined
  const test = typeof known === 'string' ? known : known?.[mode]
  return test !== undefined ? `(${test.replaceAll('$', v)})` : `${functionOf(out, mode, kind, mixed)}(${v})`
}

/** One function for a type and a mode. It gets its name before its body is written, so that recursive types end. */
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

/** The type of `new Function`, which is injected, so that an environment without it can be tested. */
export type MakeFunction = (...parts: ReadonlyArray<string>) => unknown

const compileAs = (make: MakeFunction, mode: Mode, type: t.Mixed): Predicate | undefined => {
  try {
    const out: Output = { functions: [], constants: [], names: new Map() }
    const root = expression(out, mode, type, 'v')
    const code = `"use strict";${out.functions.join('\n')}\nreturn function(v){return ${root}}`
    const build = make('c', 'isArray', 'hasOwn', 'keysOf', 'namesOf', 'is', 'isOwn', code)
    if (typeof build !== 'function') return undefined
    // SAFETY: the code above returns a function of one value to a boolean
    return Reflect.apply(build, undefined, [
      out.constants,
      Array.isArray,
      Reflect.get(Object.prototype, 'hasOwnProperty'),
      keysOf,
      Object.getOwnPropertyNames,
      Object.is,
      Reflect.get(Object.prototype, 'propertyIsEnumerable')
    ]) as Predicate
  } catch {
    // not compilable, a definition that throws, or code generation is forbidden: the type is used without a predicate
    return undefined
  }
}

const isDeeper = (type: t.Mixed, depth: number): boolean => {
  try {
    return levelsOf(type) > depth
  } catch {
    return true // the depth is not known
  }
}

/**
 * The predicate of a type, or `undefined` if it has none. With `depth` it is the `closed` one, for types that are not
 * nested deeper.
 */
export const compileWith =
  (make: MakeFunction) =>
  (type: t.Mixed, depth?: number): Predicate | undefined =>
    depth === undefined
      ? compileAs(make, 'same', type)
      : isDeeper(type, depth)
      ? undefined
      : compileAs(make, 'closed', type)

// eslint-disable-next-line @typescript-eslint/no-implied-eval -- names are quoted when they are spliced in, see `quoted`
const makeFunction: MakeFunction = (...parts) => new Function(...parts)

export const compile: (type: t.Mixed, depth?: number) => Predicate | undefined =
  /*#__PURE__*/ compileWith(makeFunction)

/** The predicate that, if false, means that io-ts refuses the value. If true, it means nothing. */
export const compileMay = (type: t.Mixed): Predicate | undefined => compileAs(makeFunction, 'may', type)
