/**
 * A copy of `store` with some of its members replaced, and without some. Getters stay getters: a `backend` that is
 * looked up at every use still is.
 *
 * @internal
 */
export const extend = <S extends object, T extends object>(
  store: S,
  members: T,
  without: ReadonlyArray<keyof S & string> = []
): S & T => {
  const descriptors = Object.getOwnPropertyDescriptors(store)
  without.forEach((name) => Reflect.deleteProperty(descriptors, name))
  // the proof: every own property of `store` but optional ones that are left out, and every one of `members`, in the
  // place of its namesake. A namesake of another type would be a lie: every caller replaces a function by one of its own
  // type
  return Object.defineProperties({}, { ...descriptors, ...Object.getOwnPropertyDescriptors(members) }) as S &
    T
}
