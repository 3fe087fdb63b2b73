/**
 * Arguments → key: the first of the four algebras.
 *
 * Laws:
 *
 * - law 3: `structural` is injective: different (name, arguments) give different keys, equal arguments, in any
 *   order of their properties, equal ones. Keys are printable ASCII without spaces or braces.
 * - law 4: `hashed` keeps law 3 with a digest of 256 bits. A key function may throw; a ring makes of it
 *   `left(KeyError)`, never an exception.
 * - contravariance: `contramap(identity)(k) ≡ k`, `contramap(f)(contramap(g)(k)) ≡ contramap(g ∘ f)(k)`.
 *
 * @since 0.1.0
 */
import { createHash } from 'node:crypto'

import * as canonical from './internal/canonical'
import { ringKey } from './internal/canonical'
import { defect } from './internal/defect'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A cache key.
 *
 * @category model
 * @since 0.1.0
 */
export type Key = string

/**
 * The arguments of a function.
 *
 * @category model
 * @since 0.1.0
 */
export type Arguments = ReadonlyArray<unknown>

/**
 * Turns arguments into a key. Any function will do. `prefix`, where it is known, begins every key of the
 * function and no key of another ring: it is what `clear()` clears.
 *
 * @category model
 * @since 0.1.0
 */
export interface KeyFn<in Args extends Arguments> {
  (...args: Args): Key
  readonly prefix?: string
}

export {
  /**
   * The method by which an argument says what it is in a key (the original's `__ring_key__`). What it returns
   * must tell the argument from every other one that can stand in its place.
   *
   * @example
   * import { KeyFn, ringKey } from 'fp-ring'
   *
   * class Page {
   *   constructor(readonly id: number, readonly draft: string) {}
   *   [ringKey]() {
   *     return `page/${this.id}`
   *   }
   * }
   * assert.strictEqual(KeyFn.structural('render')(new Page(7, 'a long text')), 'render:<page/7>')
   *
   * @category model
   * @since 0.1.0
   */
  ringKey
}

/**
 * An argument that says what it is in a key.
 *
 * @category model
 * @since 0.1.0
 */
export interface HasRingKey {
  readonly [ringKey]: () => string
}

/** What has a canonical text as it is, whatever else it carries. */
type Atom =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | ArrayBuffer
  | ArrayBufferView
  | HasRingKey

/**
 * Whether the default key can tell all values of a type apart: `true` or `false`. Functions, symbols, promises
 * and instances with methods have no canonical text. `unknown` and what lies more than six levels deep is
 * left to the run time, where it gives `left(KeyError)`.
 *
 * @category model
 * @since 0.1.0
 */
export type IsKeyable<T, Depth extends ReadonlyArray<unknown> = []> = Depth['length'] extends 6
  ? true
  : unknown extends T
  ? true
  : [T] extends [Atom]
  ? true
  : false extends IsKeyableMember<T, [...Depth, unknown]>
  ? false
  : true

type IsKeyableMember<T, Depth extends ReadonlyArray<unknown>> = T extends Atom
  ? true
  : T extends symbol | ((...args: never) => unknown) | PromiseLike<unknown>
  ? false
  : T extends ReadonlyMap<infer K, infer V>
  ? IsKeyable<K | V, Depth>
  : T extends ReadonlySet<infer V>
  ? IsKeyable<V, Depth>
  : T extends ReadonlyArray<infer V>
  ? IsKeyable<V, Depth>
  : T extends object
  ? [keyof T] extends [never]
    ? true
    : { readonly [K in keyof T]-?: IsKeyable<T[K], Depth> }[keyof T]
  : false

/**
 * Whether the default key can tell all lists of arguments apart: `true` or `false`.
 *
 * @category model
 * @since 0.1.0
 */
export type AreKeyable<Args extends Arguments> = false extends {
  readonly [I in keyof Args]-?: IsKeyable<Args[I]>
}[number]
  ? false
  : true

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const make = <Args extends Arguments>(f: (...args: Args) => Key, prefix: string | undefined): KeyFn<Args> =>
  // an empty prefix begins the keys of every ring: clearing it would clear them all
  prefix === undefined || prefix === '' ? f : Object.assign((...args: Args) => f(...args), { prefix })

/**
 * A key function of your own. With a `prefix` it is put before every key, and the ring can be cleared.
 *
 * @example
 * import { KeyFn } from 'fp-ring'
 *
 * const byId = KeyFn.of((id: number, _trace: () => void) => `u${id}`, 'app/users:')
 * assert.strictEqual(byId(7, () => {}), 'app/users:u7')
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = <Args extends Arguments>(f: (...args: Args) => Key, prefix?: string): KeyFn<Args> =>
  prefix === undefined ? f : prefixed(prefix)(f)

/**
 * The default key: a name and the canonical text of the arguments. Throws a `KeyError` for arguments without
 * one: functions, symbols, cycles, instances of classes without a `[ringKey]()`.
 *
 * @example
 * import { KeyFn } from 'fp-ring'
 *
 * const key = KeyFn.structural('user')
 * assert.strictEqual(key(42), 'user:42')
 * assert.strictEqual(key('42'), "user:'42'")
 * assert.strictEqual(key(1, { q: 'a b', tags: ['x'] }), "user:1,(q='a%20b',tags=['x'])")
 * assert.strictEqual(key({ b: 2, a: 1 }), key({ a: 1, b: 2 }))
 *
 * @category constructors
 * @since 0.1.0
 */
export const structural = (name: string): KeyFn<Arguments> => {
  if (name === '') return defect('a structural key needs a name that is not empty')
  const prefix = `${canonical.bare(name)}:`
  return Object.assign((...args: Arguments) => prefix + canonical.argumentsText(args), { prefix })
}

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

/**
 * Changes the arguments before they become a key.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import { KeyFn } from 'fp-ring'
 *
 * const byEmail = pipe(
 *   KeyFn.structural('user'),
 *   KeyFn.contramap((email: string) => [email.toLowerCase()])
 * )
 * assert.strictEqual(byEmail('Ada@x.org'), "user:'ada@x.org'")
 *
 * @category combinators
 * @since 0.1.0
 */
export const contramap =
  <Args extends Arguments, Inner extends Arguments>(f: (...args: Args) => Inner) =>
  (key: KeyFn<Inner>): KeyFn<Args> =>
    make((...args: Args) => key(...f(...args)), key.prefix)

/**
 * Puts a prefix before every key, and before what `clear()` clears.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import { KeyFn } from 'fp-ring'
 *
 * assert.strictEqual(pipe(KeyFn.structural('user'), KeyFn.prefixed('app/'))(42), 'app/user:42')
 *
 * @category combinators
 * @since 0.1.0
 */
export const prefixed =
  (prefix: string) =>
  <Args extends Arguments>(key: KeyFn<Args>): KeyFn<Args> =>
    make((...args: Args) => prefix + key(...args), prefix + (key.prefix ?? ''))

/**
 * The arguments at some positions.
 *
 * @category model
 * @since 0.1.0
 */
export type Picked<Args extends Arguments, Is extends ReadonlyArray<number>> = {
  readonly [K in keyof Is]: Is[K] extends keyof Args ? Args[Is[K]] : Args[Is[K] & number] | undefined
}

/**
 * Makes the key of the arguments at these positions only (counted from 0); the others take no part in it. It
 * is the counterpart of the original's `ignorable_keys`.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import { KeyFn } from 'fp-ring'
 *
 * const key = pipe(KeyFn.structural('user'), KeyFn.picking(0, 2))
 * assert.strictEqual(key(42, () => 'a trace', 'en'), "user:42,'en'")
 *
 * @category combinators
 * @since 0.1.0
 */
export const picking =
  <Is extends ReadonlyArray<number>>(...positions: Is) =>
  <Args extends Arguments>(key: KeyFn<Picked<Args, Is>>): KeyFn<Args> => {
    if (positions.some((i) => !Number.isInteger(i) || i < 0)) return defect('picking needs positions from 0')
    const pick = (args: Args): Picked<Args, Is> => positions.map((i) => args[i]) as never // the proof: pointwise, Picked says the same
    return make((...args: Args) => key(...pick(args)), key.prefix)
  }

const digestBytes = 43 // 256 bits as base64url
const digested = /*#__PURE__*/ new RegExp(`#[\\w-]{${String(digestBytes)}}$`)

// UTF-16, so that lone surrogates, which UTF-8 cannot tell apart, keep their difference
const digest = (key: Key): string => createHash('sha256').update(key, 'utf16le').digest('base64url')

const printable = (s: string): string => s.replace(/[^!-~]/g, '~')

/**
 * Keeps keys within `maxBytes` bytes of UTF-8: a longer one ends in a SHA-256 of the whole (FIPS 180-4), after as
 * much of its beginning as has room. A key that looks so already is digested too, so that no short key can
 * pass for a long one. Throws where the prefix and a digest have no room.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import { KeyFn } from 'fp-ring'
 *
 * const key = pipe(KeyFn.structural('search'), KeyFn.hashed(64))
 * assert.strictEqual(key('short'), "search:'short'")
 * assert.strictEqual(key('long'.repeat(100)).length, 64)
 * assert.ok(key('long'.repeat(100)).startsWith("search:'longlong"))
 *
 * @category combinators
 * @since 0.1.0
 */
export const hashed =
  (maxBytes: number) =>
  <Args extends Arguments>(key: KeyFn<Args>): KeyFn<Args> => {
    const prefix = key.prefix ?? ''
    const room = maxBytes - Buffer.byteLength(prefix) - digestBytes - 1
    if (!(room >= 0)) return defect('hashed needs room for the prefix and 44 bytes more')
    return make((...args: Args) => {
      const whole = key(...args)
      return Buffer.byteLength(whole) <= maxBytes && !digested.test(whole)
        ? whole
        : `${prefix}${printable(whole.slice(prefix.length, prefix.length + room))}#${digest(whole)}`
    }, key.prefix)
  }

/**
 * Puts a version at the end of every key, so that entries of another version are missed. `clear()` clears all
 * versions. An empty version changes nothing.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import { KeyFn } from 'fp-ring'
 *
 * assert.strictEqual(pipe(KeyFn.structural('user'), KeyFn.versioned(2))(42), 'user:42~2')
 *
 * @category combinators
 * @since 0.1.0
 */
export const versioned =
  (version: string | number) =>
  <Args extends Arguments>(key: KeyFn<Args>): KeyFn<Args> => {
    const suffix = `~${canonical.bare(String(version))}`
    return suffix === '~' ? key : make((...args: Args) => key(...args) + suffix, key.prefix)
  }
