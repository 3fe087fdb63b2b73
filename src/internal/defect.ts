/**
 * The one place where the library throws: a defect in how a program is wired, found when it starts.
 * Everything that can happen while a program runs is a value.
 *
 * @internal
 */
export const defect = (message: string): never => {
  throw new TypeError(`fp-ring: ${message}`)
}
