/**
 * A value that is computed once, at its first use. A computation that throws is tried again at the next use.
 *
 * @internal
 */
export const lazily = <A>(f: () => A): (() => A) => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: f() }).value
}
