/**
 * What rings and stores keep beside entries: generations of tags, and leases. A structural key never begins like that.
 *
 * @internal
 */
import type { Arguments, Key, KeyFn } from '../KeyFn'
import { KeyError } from '../RingError'

const reserved = /^~(?:tag|lease):/

/** A key function that makes no key of those. */
export const unreserved = (key: KeyFn<Arguments>): KeyFn<Arguments> =>
  Object.assign((...args: Arguments): Key => {
    const made = key(...args)
    // on the path of every hit: most keys are told by their first letter
    if (made.startsWith('~') && reserved.test(made))
      throw new KeyError('keys do not begin with ~tag: or ~lease:')
    return made
  }, key)
