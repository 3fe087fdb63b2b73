/**
 * A bounded map for facts that save work but are not required: when it is full, it drops its older half.
 *
 * @internal
 */

export interface Aging<A> {
  readonly get: (key: string) => A | undefined
  readonly set: (key: string, a: A) => void
  readonly delete: (key: string) => void
  readonly clear: () => void
}

/** The map holds at most `2 * half` entries. */
export const makeAging = <A>(half: number): Aging<A> => {
  // most stay empty: an empty map takes 200 bytes
  let young: Map<string, A> | undefined
  let old: Map<string, A> | undefined
  return {
    get: (key) => young?.get(key) ?? old?.get(key),
    set: (key, a) => {
      if (young !== undefined && young.size >= half && !young.has(key)) {
        old = young
        young = undefined
      }
      young ??= new Map()
      young.set(key, a)
    },
    delete: (key) => {
      young?.delete(key)
      old?.delete(key)
    },
    clear: () => {
      young = undefined
      old = undefined
    }
  }
}
