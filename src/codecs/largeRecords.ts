/**
 * Lists the property names of a large record once per decode.
 *
 * To list a record of 240,000 properties takes as long as to parse its text, because JavaScript sorts the names each
 * time. A predicate, the guard against hazards and the walk that makes errors all need the names. So the first of them
 * keeps the list, until the decode ends.
 *
 * The list is correct as long as the record does not change; only a user's predicate could change it.
 *
 * @internal
 */

/** A record with more properties is large. For smaller ones, to list the names is cheaper than to look into a map. */
const large = 1024

/** How many decodes are under way. There may be several, because a user's predicate may decode something else. */
let running = 0
let kept: Map<object, ReadonlyArray<string>> | undefined

/** Like `Object.keys`. */
export const keysOf = (o: object): ReadonlyArray<string> => {
  const known = kept?.get(o)
  if (known !== undefined) return known
  const names = Object.keys(o)
  if (names.length > large && running > 0) (kept ??= new Map()).set(o, names)
  return names
}

/** The names of a record, if `keysOf` has found it to be large in this decode. */
export const knownKeysOf = (o: object): ReadonlyArray<string> | undefined => kept?.get(o)

/**
 * Runs one decoder; the names of large records are listed only once in that time.
 *
 * It takes the value, not a closure over it: an error keeps the functions alive that were running when it was made.
 */
export const listingOnce = <A, B>(decode: (a: A) => B, a: A): B => {
  running++
  try {
    return decode(a)
  } finally {
    if (--running === 0) kept = undefined
  }
}
