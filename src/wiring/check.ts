/**
 * Checks arguments where they are passed: one table for each constructor, and one function that reads it. A mistake is
 * a `TypeError` that says whose option it is, what it must be, what was given, and what to write instead. No message
 * holds a value.
 *
 * @internal
 */
import { defect } from '../base/defect'
import { hasMembers, isObject } from '../base/kinds'
import { calledWhat, insteadOf, isCodecLike, isStore, lacksAsStore, type Role } from './recognize'

/** What an option must be, in words, and a predicate for it. */
export interface Kind {
  readonly is: (u: unknown) => boolean
  readonly what: string
  readonly role?: Role
  /** What to write instead, if the given value alone does not show it. */
  readonly hint?: string
  /** The same, where it depends on the value. */
  readonly hintOf?: (u: unknown) => string | undefined
}

export type Table = Readonly<Record<string, Kind>>

// -------------------------------------------------------------------------------------
// kinds
// -------------------------------------------------------------------------------------

const kind = (what: string, is: (u: unknown) => boolean, hint?: string): Kind => ({
  is,
  what,
  ...(hint === undefined ? {} : { hint })
})

/** A kind that differs from another in some parts. A bundler drops its call, but not a spread, if nothing uses it. */
export const variant = (of: Kind, parts: Partial<Kind>): Kind => ({ ...of, ...parts })

export const aFunction = (what = 'a function', hint?: string): Kind =>
  kind(what, (u) => typeof u === 'function', hint)
export const aText: Kind = /*#__PURE__*/ kind('a text', (u) => typeof u === 'string')
export const aTextOrNumber: Kind = /*#__PURE__*/ kind(
  'a text or a number',
  (u) => typeof u === 'string' || typeof u === 'number'
)
export const aBoolean: Kind = /*#__PURE__*/ kind('true or false', (u) => typeof u === 'boolean')
export const aNumber: Kind = /*#__PURE__*/ kind('a number', (u) => typeof u === 'number')
export const anything: Kind = /*#__PURE__*/ kind('anything', () => true)
export const anObject: Kind = /*#__PURE__*/ kind('an object', isObject)
export const aList: Kind = /*#__PURE__*/ kind('a list', Array.isArray)
export const textOrFalse: Kind = /*#__PURE__*/ kind(
  'a text, or false',
  (u) => typeof u === 'string' || u === false
)
export const aDuration: Kind = /*#__PURE__*/ kind(
  'a Duration',
  (u) => typeof u === 'number' && !Number.isNaN(u),
  'write Duration.minutes(5), for example'
)
export const aClock: Kind = /*#__PURE__*/ kind(
  'a Clock',
  (u) => hasMembers(u) && 'now' in u && typeof u.now === 'function',
  'a Clock has a function `now`'
)
export const aBatch: Kind = /*#__PURE__*/ kind(
  'true, false or { max }',
  (u) => typeof u === 'boolean' || (isObject(u) && 'max' in u && typeof u.max === 'number')
)

export const aStore: Kind = {
  what: 'a store',
  role: 'store',
  is: isStore,
  hintOf: (u) => (isObject(u) && !Array.isArray(u) ? lacking(lacksAsStore(u)) : undefined)
}
const lacking = (names: ReadonlyArray<string>): string | undefined =>
  names.length > 0 && names.length < 6 ? `it lacks ${names.join(', ')}` : undefined

export const aCodec: Kind = {
  what: 'a codec',
  role: 'codec',
  is: isCodecLike,
  hint: 'a codec has `encode` and `decode`'
}
export const aPolicy: Kind = {
  what: 'a policy',
  role: 'policy',
  is: (u) => isObject(u) && '_tag' in u && u._tag === 'Policy',
  hint: 'write Policy.ttl(Duration.minutes(5)), for example; Policy.policy(a, b) makes one of several'
}

/** The same, or its fields, which a user may write directly; they are checked one by one (`policyFields`). */
export const aPolicyOrFields: Kind = /*#__PURE__*/ variant(aPolicy, {
  is: (u) => isObject(u) && (calledWhat(u) === 'a policy' || calledWhat(u) === 'an object')
})

// -------------------------------------------------------------------------------------
// checks
// -------------------------------------------------------------------------------------

/** A name that may be shown: anything longer than a word may be a value. */
const word = /^[A-Za-z_$][\w$]{0,30}$/
const shown = (name: string): string =>
  word.test(name) ? `'${name}'` : 'that has no plain word for its name'

/** Whether at most `wrong` letters are different, missing or too many. */
const isNear = (a: string, b: string, wrong: number): boolean =>
  a === b ||
  (a[0] === b[0]
    ? isNear(a.slice(1), b.slice(1), wrong)
    : wrong > 0 &&
      (isNear(a.slice(1), b.slice(1), wrong - 1) ||
        isNear(a.slice(1), b, wrong - 1) ||
        isNear(a, b.slice(1), wrong - 1)))

/** How many letters may be wrong: in a short name, one wrong letter makes a different word. */
const mostWrong = ({ length }: string): number => (length < 4 ? 0 : length < 6 ? 1 : 2)

/** The known name that was meant, if one is similar. */
const meant = (name: string, names: ReadonlyArray<string>): string | undefined => {
  const small = name.slice(0, 40).toLowerCase()
  const found = (wrong: number): string | undefined =>
    names.find((one) => wrong <= mostWrong(one) && isNear(small, one.toLowerCase(), wrong))
  return found(0) ?? found(1) ?? found(2)
}

const sentence = (message: string, ...more: ReadonlyArray<string | undefined>): string =>
  [message, ...more.filter((one) => one !== undefined)].join('; ')

/** Returns a value that is `wanted`; else throws a `TypeError`. */
export const must = <A>(whose: string, wanted: Kind, given: A): A =>
  wanted.is(given)
    ? given
    : defect(
        sentence(
          `${whose} must be ${wanted.what}, not ${calledWhat(given)}`,
          insteadOf(given, wanted.role) ?? wanted.hint ?? wanted.hintOf?.(given)
        )
      )

/** For names that a table does not have: what to write instead. */
export type Elsewhere = (name: string) => string | undefined
const nowhere: Elsewhere = () => undefined

/**
 * Checks the options of `whose`: every name is known, and every value is of its kind. `undefined` counts as left out.
 */
export const checkOptions = (
  whose: string,
  given: unknown,
  table: Table,
  elsewhere: Elsewhere = nowhere
): void => {
  if (given === undefined) return
  const called = calledWhat(given)
  if (
    !isObject(given) ||
    (called !== 'an object' && !(called === 'a policy' && '_tag' in table) && !isOptions(given, table))
  )
    return defect(
      sentence(`the options of ${whose} must be an object, not ${called}`, optionsInstead(given, table))
    )
  for (const name of Object.keys(given)) {
    // SAFETY: a member is read as `unknown`
    const value = (given as Readonly<Record<string, unknown>>)[name]
    if (value === undefined) continue
    const wanted = Object.hasOwn(table, name) ? table[name] : undefined
    if (wanted === undefined) return defect(unknown(whose, name, table, elsewhere))
    must(`the option '${name}' of ${whose}`, wanted, value)
  }
}

/** Whether a value is options, even if it looks like something else: each own name is in the table. */
const isOptions = (given: object, table: Table): boolean => {
  const names = Object.keys(given)
  return !Array.isArray(given) && names.length > 0 && names.every((name) => Object.hasOwn(table, name))
}

/** The name of the option that was passed directly, without an object around it. */
const optionsInstead = (given: unknown, table: Table): string | undefined => {
  const fits = Object.entries(table).filter(([, wanted]) => !vague.has(wanted) && wanted.is(given))
  const [name] = fits.find(([, { role }]) => role !== undefined) ?? fits[0] ?? []
  return name === undefined ? insteadOf(given, 'policy') : `write { ${name}: … }`
}
const vague: ReadonlySet<Kind> = /*#__PURE__*/ new Set([anything, anObject])

const unknown = (whose: string, name: string, table: Table, elsewhere: Elsewhere): string => {
  const names = Object.keys(table)
  const near = meant(name, names)
  return sentence(
    `${whose} has no option ${shown(name)}`,
    elsewhere(name) ?? (near === undefined ? `it has ${names.join(', ')}` : `did you mean '${near}'?`)
  )
}
