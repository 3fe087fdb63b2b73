/**
 * An object that is made of one function, for each name of a list.
 *
 * @internal
 */

/** A bundle has the function once, where a literal would have it for each name. */
export const tableOf = <N extends string, A>(
  names: ReadonlyArray<N>,
  make: (name: N) => A
): Readonly<Record<N, A>> =>
  // SAFETY: it has each of the names, and nothing else
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<N, A>
