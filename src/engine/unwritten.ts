/**
 * Why the last loads of some keys were not stored, for `explain`. The memory is bounded: it holds at least the last
 * thousand keys, each for at most ten minutes, or until an entry of the key is written or deleted. It keeps no error
 * alive, because an error may hold a value.
 *
 * @internal
 */
import { makeAging } from '../base/bounded'
import { isInOwnWords } from '../base/ownWords'
import type { Clock } from '../Clock'
import type { Unstored } from '../Command'
import { type Duration, minutes } from '../Duration'
import type { Key } from '../KeyFn'
import type { RingError } from '../RingError'
import { isRead } from '../stores/kit/operations'
import { failedAt, isInvalid } from './errors'
import { faultWords } from './faultWords'

/** What was noted, and when. */
type Note = Pick<Unstored, 'at' | 'message'> & { readonly since: number }

export interface Unwritten {
  /** Records an event of a key, other than a fault. */
  readonly learn: (key: Key, event: string) => void
  readonly fail: (key: Key, error: RingError) => void
  readonly of: (key: Key) => Unstored | undefined
}

/** How long a note is kept. */
const life: Duration = /*#__PURE__*/ minutes(10)
/** The least number of keys; at most twice as many are kept. */
const atLeast = 1_000

/**
 * Whether a fault of this operation prevents the write of the load that follows. Operations that only remove or read do
 * not.
 */
const hinders = (at: string): boolean =>
  !['delete', 'deleteMany', 'clear', 'touch', 'touchMany', 'release', 'renew', 'key'].includes(at) &&
  !isRead(at as Parameters<typeof isRead>[0])

const skipped = 'the policy does not store this value: see cacheWhen, ttlBy and negative'
const discarded =
  'the key was deleted or written while the function ran, or its lease was lost or not to be had, or its arguments have changed'

/** A third-party message may hold values, so only what is safe to print is kept. */
const messageOf = (error: RingError): string => (isInOwnWords(error) ? error.message : faultWords(error))

export const makeUnwritten = (clock: Clock): Unwritten => {
  const notes = makeAging<Note>(atLeast)
  let hasNotes = false
  const note = (key: Key, at: Unstored['at'], message: string): void => {
    hasNotes = true
    notes.set(key, { at, message, since: clock.now() })
  }
  const known = (key: Key): Note | undefined => {
    const one = notes.get(key)
    if (one === undefined || clock.now() - one.since < life) return one
    notes.delete(key)
    return undefined
  }
  return {
    learn: (key, event) => {
      if (event === 'Store' || event === 'Delete') {
        if (hasNotes) notes.delete(key)
      } else if (event === 'Clear') notes.clear()
      else if (event === 'Skip') note(key, 'policy', skipped)
      // a discard that follows from a fault is not the reason
      else if (event === 'Discard' && known(key) === undefined) note(key, 'discard', discarded)
    },
    fail: (key, error) => {
      if (key === '' || isInvalid(error)) return
      const at = failedAt(error)
      if (at !== 'key' && hinders(at)) note(key, at, messageOf(error))
    },
    of: (key) => {
      const one = known(key)
      // SAFETY: the time that has passed is never negative, whatever the clock says
      return one === undefined
        ? undefined
        : { at: one.at, message: one.message, ago: Math.max(0, clock.now() - one.since) as Duration }
    }
  }
}
