/**
 * Errors of io-ts that hold little. io-ts puts the whole value into each error, and every part on the path to the
 * refused one. So one error can keep an entry of megabytes alive. Here a part that is not small is replaced by a text
 * in parentheses that describes it: `(an array of 349501 items)`.
 *
 * @internal
 */
import type * as t from 'io-ts'

import { isAnyArrayBuffer, isMap, isSet } from '../base/slots'

/** How many values a small part may hold. A text or bytes count as one value for each 32 characters or bytes. */
export const mostValues = 200
const charactersPerValue = 32

const worth = (characters: number): number => 1 + Math.floor(characters / charactersPerValue)

/** The rest of a budget after a value. Below zero: the value is too large, and was not read further. */
const spent = (u: unknown, budget: number): number => {
  if (typeof u === 'string') return budget - worth(u.length)
  if (typeof u === 'bigint') return budget - 1
  if (typeof u !== 'object' || u === null) return budget - 1
  if (ArrayBuffer.isView(u)) return budget - worth(u.byteLength)
  if (isAnyArrayBuffer(u)) return budget - worth(u.byteLength)
  let left = budget - 1
  if (Array.isArray(u) || isSet(u)) {
    const size = Array.isArray(u) ? u.length : u.size
    if (size > left) return -1
    for (const one of u as Iterable<unknown>) if ((left = spent(one, left)) < 0) return left
    return left
  }
  if (isMap(u)) {
    if (u.size > left) return -1
    for (const [k, v] of u) if ((left = spent(v, spent(k, left))) < 0) return left
    return left
  }
  for (const name in u) {
    left -= worth(name.length)
    // SAFETY: any property may be read
    if (left < 0 || (left = spent((u as Readonly<Record<string, unknown>>)[name], left)) < 0) return left
  }
  return left
}

const kindOf = (u: object | string): string => {
  if (typeof u === 'string') return `a string of ${String(u.length)} characters`
  if (Array.isArray(u)) return `an array of ${String(u.length)} items`
  if (isMap(u)) return `a Map of ${String(u.size)} entries`
  if (isSet(u)) return `a Set of ${String(u.size)} members`
  if (ArrayBuffer.isView(u) || isAnyArrayBuffer(u)) return `${String(u.byteLength)} bytes`
  return 'an object'
}

const isSmall = (u: unknown): boolean => {
  try {
    return spent(u, mostValues) >= 0
  } catch {
    return false // a getter that throws, a proxy
  }
}

/** At most `most` of these errors, with small parts only. `large`: objects that are known to be large. */
export const bounded = (errors: t.Errors, most: number, large: ReadonlySet<object>): t.Errors => {
  const seen = new Map<unknown, unknown>(Array.from(large, (o) => [o, `(${kindOf(o)})`]))
  const held = (u: unknown): unknown => {
    if (typeof u !== 'string' && (typeof u !== 'object' || u === null)) return u
    if (seen.has(u)) return seen.get(u)
    const kept = isSmall(u) ? u : `(${kindOf(u)})`
    seen.set(u, kept)
    return kept
  }
  return errors.slice(0, most).map((error) => ({
    ...error,
    value: held(error.value),
    context: error.context.map((entry) =>
      'actual' in entry ? { ...entry, actual: held(entry.actual) } : entry
    )
  }))
}
