/**
 * The laws of a key function, as checks.
 *
 * @internal
 */
import * as fc from 'fast-check'

import { sizeInUtf8 } from '../../base/bytes'
import { isMap, isSet } from '../../base/slots'
import type { Arguments, KeyFn } from '../../KeyFn'
import { ensure, type Looking } from '../words/words'

/** A key function under test, with its properties. */
export interface KeyCase<Args extends Arguments> {
  readonly key: KeyFn<Args>
  readonly values: fc.Arbitrary<Args>
  readonly equals: (x: Args, y: Args) => boolean
  readonly maxBytes: number
  readonly check: Looking
}

const shown = (u: unknown): string => fc.stringify(u)

/** The same value with its properties, members and entries in another order. */
export const reordered = (u: unknown): unknown => {
  if (Array.isArray(u)) return u.map(reordered)
  if (isMap(u)) return new Map([...u].reverse().map(([key, value]) => [key, reordered(value)]))
  if (isSet(u)) return new Set([...u].reverse())
  if (typeof u !== 'object' || u === null || Object.getPrototypeOf(u) !== Object.prototype) return u
  return Object.fromEntries(
    Object.entries(u)
      .reverse()
      .map(([name, value]) => [name, reordered(value)])
  )
}

/** Compares many lists of arguments in pairs: those with one key must be equal. */
export const isInjective = <Args extends Arguments>({ check, equals, key, values }: KeyCase<Args>): void => {
  const byKey = new Map<string, Args>()
  const collides = (args: Args): void => {
    const made = key(...args)
    const other = byKey.get(made)
    ensure(other === undefined || equals(other, args), () => `one key for ${shown(other)} and ${shown(args)}`)
    byKey.set(made, args)
  }
  fc.assert(fc.property(values, collides), { ...check, endOnFailure: true })
}

export const isFunction = <Args extends Arguments>({ check, key, values }: KeyCase<Args>): void =>
  fc.assert(
    fc.property(fc.clone(values, 2), ([a, b]) => {
      const made = key(...a)
      ensure(typeof made === 'string', 'a key is no string')
      ensure(key(...b) === made, 'two keys for equal arguments')
      ensure(key(...a) === made, 'another key the second time')
    }),
    check
  )

export const hasNoOrder = <Args extends Arguments>({ check, key, values }: KeyCase<Args>): void =>
  fc.assert(
    fc.property(values, (args) => {
      const other = args.map(reordered) as unknown as Args // SAFETY: equal arguments
      ensure(key(...other) === key(...args), 'the order of properties changes the key')
    }),
    check
  )

export const reads = <Args extends Arguments>({ check, key, values }: KeyCase<Args>): void =>
  fc.assert(
    fc.property(fc.clone(values, 2), ([a, b]) => {
      key(...a)
      // in order: `shown` shows the order of properties
      ensure(shown(a) === shown(b), 'the arguments have changed')
    }),
    check
  )

export const fits = <Args extends Arguments>({ check, key, maxBytes, values }: KeyCase<Args>): void =>
  fc.assert(
    fc.property(values, (args) => {
      const bytes = sizeInUtf8(key(...args))
      ensure(bytes <= maxBytes, () => `a key of ${String(bytes)} bytes`)
    }),
    check
  )

export const begins = <Args extends Arguments>(
  { check, key, values }: KeyCase<Args>,
  prefix: string
): void => {
  ensure(prefix !== '', 'its prefix is empty: to clear it would clear everything')
  fc.assert(
    fc.property(values, (args) =>
      ensure(key(...args).startsWith(prefix), 'a key does not begin with the prefix')
    ),
    check
  )
}
