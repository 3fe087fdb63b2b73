/**
 * Copies of objects.
 *
 * @internal
 */

const isTop = (proto: object): boolean => Object.hasOwn(proto, 'isPrototypeOf')

/** The members that an instance has from its classes. A copy is no instance: its methods would miss what is private. */
const inherited = (store: object): PropertyDescriptorMap => {
  const found: PropertyDescriptorMap = {}
  const above = (o: object): object | null => Object.getPrototypeOf(o) as object | null
  for (let proto = above(store); proto !== null && !isTop(proto); proto = above(proto)) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
      if (name === 'constructor' || Object.hasOwn(found, name)) continue
      const value: unknown = descriptor.value
      found[name] =
        typeof value === 'function'
          ? { ...descriptor, enumerable: true, value: value.bind(store) as unknown }
          : { configurable: true, enumerable: true, get: () => Reflect.get(proto, name, store) as unknown }
    }
  }
  return found
}

/**
 * A copy of `store` with some of its members replaced, and without some. Getters stay getters: a `backend` that is looked up at
 * every use still is. What an instance has from its class is copied too, bound to the instance.
 */
export const extend = <S extends object, T extends object>(
  store: S,
  members: T,
  without: ReadonlyArray<keyof S & string> = []
): S & T => {
  const descriptors = { ...inherited(store), ...Object.getOwnPropertyDescriptors(store) }
  without.forEach((name) => Reflect.deleteProperty(descriptors, name))
  // SAFETY: the copy has every own property of `members`, and every one of `store` that is neither replaced nor left
  // out; only optional ones are left out. Callers replace a member only by one of the same type
  return Object.defineProperties({}, { ...descriptors, ...Object.getOwnPropertyDescriptors(members) }) as S &
    T
}
