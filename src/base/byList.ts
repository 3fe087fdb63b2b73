/**
 * Functions by the list of their arguments. A ring has that list: to spread it for each function of a chain costs more than
 * a short function does.
 *
 * @internal
 */

type Arguments = ReadonlyArray<unknown>

/** One argument, the most common list, needs no spread, which costs more than a short function. */
export const calling =
  <Args extends ReadonlyArray<unknown>, A>(f: (...args: Args) => A) =>
  (args: Args): A =>
    // SAFETY: the list has the types of the arguments of `f`
    args.length === 1 ? (f as unknown as (only: unknown) => A)(args[0]) : f(...args)

/** A function of a list. */
type ByList<Args extends Arguments> = (args: Args) => string

/** The functions that were made here. */
const known = /*#__PURE__*/ new WeakMap<object, ByList<never>>()

/** A function of arguments, made from one of their list. */
export const fromList = <Args extends Arguments>(f: ByList<Args>): ((...args: Args) => string) => {
  const made = (...args: Args): string => f(args)
  known.set(made, f)
  return made
}

/** A function of the list of arguments; for any other function than those made here, it spreads the list. */
export const byList = <Args extends Arguments>(f: (...args: Args) => string): ByList<Args> =>
  // SAFETY: `fromList` made it from arguments of the same type
  (known.get(f) as ByList<Args> | undefined) ?? calling(f)
