/**
 * Arguments that stay what they are, so that their key does.
 *
 * @internal
 */
const isFixed = (u: unknown): boolean => (typeof u !== 'object' || u === null) && typeof u !== 'function'

/** Whether no owner of an object can change these arguments. */
export const areFixed = (args: ReadonlyArray<unknown>): boolean =>
  args.length === 1 ? isFixed(args[0]) : args.every(isFixed)

/** A list of arguments that nobody else can change. */
export const ownList = <Args extends ReadonlyArray<unknown>>(args: Args): Args =>
  Array.isArray(args) ? (args.slice() as unknown as Args) : args // SAFETY: it has the same members
