/**
 * A map of few entries that come and go. A `Map` that becomes empty again and again takes and returns memory each time;
 * here the first entry has a place of its own.
 *
 * @internal
 */
export interface Table<A> {
  readonly get: (key: string) => A | undefined
  readonly set: (key: string, a: A) => void
  readonly delete: (key: string) => void
  readonly size: () => number
  /** The entries; others may be set and deleted meanwhile. */
  readonly entries: () => Iterable<readonly [key: string, a: A]>
}

export const makeTable = <A>(): Table<A> => {
  const others = new Map<string, A>()
  let first: string | undefined
  let its: A | undefined
  return {
    get: (key) => (key === first ? its : others.size === 0 ? undefined : others.get(key)),
    set: (key, a) => {
      if (key === first || (first === undefined && !others.has(key))) {
        first = key
        its = a
      } else others.set(key, a)
    },
    delete: (key) => {
      if (key === first) {
        first = undefined
        its = undefined
      } else others.delete(key)
    },
    size: () => others.size + (first === undefined ? 0 : 1),
    entries: function* () {
      // SAFETY: both are set together
      if (first !== undefined) yield [first, its as A] as const
      yield* others
    }
  }
}
