/**
 * Errors whose messages the library wrote. Such a message contains no value, no key and no URL, so it may be printed
 * unasked. The message of an error from a user's codec or store may contain anything.
 *
 * @internal
 */
const own = /*#__PURE__*/ new WeakSet<object>()

export const inOwnWords = <E extends Error>(error: E): E => {
  own.add(error)
  return error
}

export const isInOwnWords = (error: object): boolean => own.has(error)
