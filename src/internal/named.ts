/**
 * Another function with the name of the first, which begins the default key.
 *
 * @internal
 */
export const named = <F extends (...args: never) => unknown>(f: { readonly name: string }, g: F): F =>
  Object.defineProperty(g, 'name', { value: f.name })
