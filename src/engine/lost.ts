/**
 * Whether callers that joined a load may use its answer: whether its lease was still held when it ended, and whether
 * its tags were purged meanwhile.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { andThen, type Soon } from '../base/soon'
import { sameStamps } from '../codecs/envelope'
import type { Arguments } from '../KeyFn'
import type { Leasing } from '../policies/model'
import { ages, blinds } from './flight'
import type { Loaded } from './model'
import type { Tags } from './tags'

export interface Lost<Args extends Arguments, Err, A, R> {
  /** Releases the lease of an answer that is not stored. Joined callers must know whether it was still held. */
  readonly letGo: (one: Pick<Loaded<Args, Err, A, R>, 'key' | 'flight' | 'claim'>) => Soon<void>
  /**
   * A purge by another process revokes no lease: callers that joined meanwhile have to look again. A store that has
   * just failed is not asked again.
   */
  readonly checkPurged: (one: Pick<Loaded<Args, Err, A, R>, 'args' | 'flight' | 'stamps'>) => Soon<void>
}

export const makeLost = <Args extends Arguments, Err, A, R>(
  leasing: Leasing<R> | undefined,
  tags: Tags<Args> | undefined
): Lost<Args, Err, A, R> => ({
  letGo: ({ claim, flight, key }) => {
    if (leasing === undefined) return
    if (claim._tag !== 'Held') {
      ages(flight)
      return
    }
    const { token } = claim
    return andThen(flight.shared ? leasing.holds(key, token) : E.right(true), (holds) => {
      if (E.isLeft(holds)) blinds(flight)
      if (E.isLeft(holds) || !holds.right) ages(flight)
      void leasing.release(key, token)
    })
  },

  checkPurged: ({ args, flight, stamps }) => {
    if (tags === undefined || !flight.shared || flight.old) return
    if (stamps === undefined || flight.blind) {
      ages(flight)
      return
    }
    try {
      return andThen(tags.read(tags.keysOf(args)), (found) => {
        if (E.isLeft(found)) blinds(flight)
        if (E.isLeft(found) || !sameStamps(stamps, found.right)) ages(flight)
      })
    } catch {
      ages(flight)
    }
  }
})
