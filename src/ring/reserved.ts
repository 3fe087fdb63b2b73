/**
 * Keys that rings and stores reserve beside entries: generations of tags, and leases. A structural key never begins
 * like these.
 *
 * @internal
 */
import { byList, fromList } from '../base/byList'
import { kindOf } from '../base/kinds'
import type { Arguments, Key, KeyFn } from '../KeyFn'
import { KeyError } from '../RingError'

const reserved = /^~(?:tag|lease):/

/** A key function that refuses reserved keys. */
export const unreserved = (key: KeyFn<Arguments>): KeyFn<Arguments> => {
  const inner = byList(key)
  return Object.assign(
    fromList((args: Arguments): Key => {
      const made: unknown = inner(args)
      if (typeof made !== 'string')
        throw new KeyError(`the key function returned ${kindOf(made)}, not a string`)
      // hot path: the first character is enough for most keys
      if (made.startsWith('~') && reserved.test(made))
        throw new KeyError('keys do not begin with ~tag: or ~lease:')
      return made
    }),
    key
  )
}
