/**
 * A value that is computed when it is first asked for, once. A computation that throws is tried again.
 *
 * @internal
 */
export const lazily = <A>(f: () => A): (() => A) => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: f() }).value
}
