/**
 * Gives `g` the name of `f`. The default key of a ring begins with that name.
 *
 * @internal
 */
export const named = <F extends (...args: never) => unknown>(f: { readonly name: string }, g: F): F =>
  Object.defineProperty(g, 'name', { value: f.name })
