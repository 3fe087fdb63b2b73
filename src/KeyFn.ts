/**
 * Key functions: they turn arguments into a key. The first of the four algebras.
 *
 * Laws:
 *
 * - law 3: `structural` is injective: a different name or different arguments give a different key. Equal arguments
 *   give equal keys, whatever the order of their properties. Keys are printable ASCII without spaces or braces.
 * - law 4: `hashed` keeps law 3 with a digest of 256 bits. A key function may throw; the ring returns `left(KeyError)`
 *   and never throws.
 * - contravariance: `contramap(identity)(k) ≡ k`, `contramap(f)(contramap(g)(k)) ≡ contramap(g ∘ f)(k)`.
 *
 * @since 0.1.0
 */
import { byList, fromList } from './base/byList'
import { sizeInUtf8, unitsOf } from './base/bytes'
import { defect } from './base/defect'
import { sha256 } from './base/sha256'
import * as canonical from './keys/canonical'
import { ringKey } from './keys/canonical'

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
 * Turns arguments into a key. Any function will do. If `prefix` is present, every key of the function begins with it,
 * and no key of another ring does: `clear()` removes the keys with this prefix.
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
   * The method that returns an argument's text in a key (the original's `__ring_key__`). The text must differ from that
   * of every other value that may be passed in the same position.
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
 * An argument that provides its own text for a key.
 *
 * @category model
 * @since 0.1.0
 */
export interface HasRingKey {
  readonly [ringKey]: () => string
}

/** Types that have a canonical text as they are, whatever properties they carry besides. */
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

/** A type of newtype-ts. At run time its value is an `A`, and has neither of these properties. */
interface AnyNewtype {
  readonly _URI: object
  readonly _A: unknown
}

/**
 * Whether a property is a brand: its name is a symbol, and it is not a method. Brands do not exist at run time. A value
 * that does have such a property gives `left(KeyError)`.
 */
type IsBrand<K, V> = K extends symbol ? (V extends (...args: never) => unknown ? false : true) : false

/**
 * Whether the default key can distinguish all values of a type: `true` or `false`. Functions, symbols, promises and
 * instances with methods have no canonical text. `unknown`, and types nested more than six levels deep, are accepted
 * here; a value without a canonical text gives `left(KeyError)` at run time.
 *
 * A brand changes nothing (io-ts, zod, type-fest, `string & { readonly tag: unique symbol }`). A newtype of newtype-ts
 * has the key of the value that it wraps.
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
    : [T, keyof T] extends [AnyNewtype, keyof AnyNewtype]
    ? IsKeyable<T['_A' & keyof T], Depth>
    : {
        readonly [K in keyof T]-?: IsBrand<K, T[K]> extends true ? true : IsKeyable<T[K], Depth>
      }[keyof T]
  : false

/**
 * Whether the default key can distinguish all lists of arguments of a type: `true` or `false`.
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

const make = <Args extends Arguments>(f: (args: Args) => Key, prefix: string | undefined): KeyFn<Args> =>
  // the keys of every ring begin with the empty prefix, so `clear` would remove them all
  prefix === undefined || prefix === '' ? fromList(f) : Object.assign(fromList(f), { prefix })

/**
 * A key function of your own. A `prefix` is put before every key, and makes it possible to clear the ring.
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
 * The default key: a name and the canonical text of the arguments. Throws a `KeyError` for arguments without a
 * canonical text: functions, symbols, cycles, instances of classes without a `[ringKey]()`.
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
  return make((args) => prefix + canonical.argumentsText(args), prefix)
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
  (key: KeyFn<Inner>): KeyFn<Args> => {
    const inner = byList(key)
    // a list of its own: what is no list has no key
    return make((args: Args) => inner([...f(...args)] as unknown as Inner), key.prefix) // SAFETY: the same members
  }

/**
 * Puts a prefix before every key, and before the prefix that `clear()` clears.
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
  <Args extends Arguments>(key: KeyFn<Args>): KeyFn<Args> => {
    const inner = byList(key)
    return make((args: Args) => prefix + inner(args), prefix + (key.prefix ?? ''))
  }

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
 * Makes the key from the arguments at these positions only (counted from 0), and ignores the others. It is the
 * counterpart of the original's `ignorable_keys`.
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
    const pick = (args: Args): Picked<Args, Is> => positions.map((i) => args[i]) as never // SAFETY: Picked is defined by the same positions
    const inner = byList(key)
    return make((args: Args) => inner(pick(args)), key.prefix)
  }

const digestBytes = 43 // 256 bits as base64url
const digested = /*#__PURE__*/ new RegExp(`#[\\w-]{${String(digestBytes)}}$`)

// UTF-16, so that different lone surrogates stay different; in UTF-8 they would be the same
const digest = (key: Key): string => sha256(unitsOf(key))

const printable = (s: string): string => s.replace(/[^!-~]/g, '~')

/**
 * Keeps keys within `maxBytes` bytes of UTF-8. A longer key keeps as much of its beginning as fits, and ends in a
 * SHA-256 digest of the whole key (FIPS 180-4). A key that already ends like a digest is digested too, so that no short
 * key can equal a shortened one. Throws if the prefix and a digest do not fit.
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
    const room = maxBytes - sizeInUtf8(prefix) - digestBytes - 1
    if (!(room >= 0)) return defect('hashed needs room for the prefix and 44 bytes more')
    const inner = byList(key)
    return make((args: Args) => {
      const whole = inner(args)
      return sizeInUtf8(whole) <= maxBytes && !digested.test(whole)
        ? whole
        : `${prefix}${printable(whole.slice(prefix.length, prefix.length + room))}#${digest(whole)}`
    }, key.prefix)
  }

/**
 * Puts a version at the end of every key, so that entries of other versions are misses. `clear()` clears all versions.
 * An empty version changes nothing.
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
    if (suffix === '~') return key
    const inner = byList(key)
    return make((args: Args) => inner(args) + suffix, key.prefix)
  }
