/**
 * A copy of `store` with some of its members replaced. Getters stay getters: a `backend` that is looked up at
 * every use still is.
 *
 * @internal
 */
export const extend = <S extends object, T extends object>(store: S, members: T): S & T =>
  // the proof: every own property of `store`, and every one of `members`, in the place of its namesake. A
  // namesake of another type would be a lie: every caller replaces a function by one of its own type
  Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(store), ...Object.getOwnPropertyDescriptors(members) }
  ) as S & T
