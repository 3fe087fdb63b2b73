/**
 * What the engine does with leases: it asks for one and keeps it alive, and it writes under one.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { sameBytes } from '../base/bytes'
import { makeRecent } from '../base/recently'
import { andThen, bothSoon, type Soon } from '../base/soon'
import type { StoreError } from '../RingError'
import type { Entry } from '../stores/model'
import type { Claims, Commit, Leasing, LeasingParts as Parts } from './model'

/** Asks for leases, and keeps them alive. */
export const makeAsk = <R>(
  { now, retryThrottle }: Parts<R>,
  { claim, keepAlive, release }: Claims
): Pick<Leasing<R>, 'ask' | 'giveBack' | 'isBusy'> => {
  const busy = makeRecent()
  return {
    ask: (wanted) => {
      const { key, mode } = wanted
      let stop: (() => void) | undefined
      const claimed = andThen(claim(wanted), (claim) => {
        if (claim._tag === 'Held') stop = keepAlive(key, claim.token)
        if (claim._tag === 'Left' && mode === 'try')
          busy.note(key, now() + Math.min(claim.remaining, retryThrottle))
        return claim
      })
      return { claimed, stop: () => stop }
    },
    giveBack: (key, { claimed, stop }) =>
      void andThen(claimed, (claim) => {
        if (claim._tag !== 'Held') return
        stop()?.()
        void release(key, claim.token)
      }),
    isBusy: (key) => busy.holds(key, now())
  }
}

const sameRaw = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b))

/**
 * Whether an entry was written after an earlier read of its key: only writes and touches make the remaining lifetime
 * longer.
 */
const isNewer = <R>(is: O.Option<Entry<R>> | undefined, was: O.Option<Entry<R>> | undefined): boolean =>
  is !== undefined &&
  was !== undefined &&
  O.isSome(is) &&
  (O.isNone(was) || (is.value.remaining > was.value.remaining && !sameRaw(is.value.value, was.value.value)))

/** Writes under a lease. */
export const makeCommit = <R>({ leases, stock }: Parts<R>): Pick<Leasing<R>, 'commit' | 'entryOf'> => {
  const entryOf: Leasing<R>['entryOf'] = (key) =>
    andThen(stock.read(key), (read) => (E.isRight(read) ? read.right : undefined))

  /**
   * For an update that is acknowledged but not stored, because its lease was taken: by a write, a deletion, or a later
   * update that may still fail. Its caller must not read the old entry. So the entry is removed, unless it was
   * certainly written after the update began.
   */
  const removeOlder = ({ before, key }: Commit<R>): Soon<E.Either<StoreError, void>> =>
    andThen(bothSoon(entryOf(key), before), ([is, was]) =>
      isNewer(is, was) ? E.right(undefined) : stock.delete(key)
    )

  return {
    entryOf,
    commit: (commit) => {
      const { entry, key, onLost, removes, token } = commit
      return andThen(
        leases.commit(key, token, ...entry),
        (committed): Soon<E.Either<StoreError, boolean>> => {
          // if the commit of a lease failed, release it, so that no process waits for it
          if (E.isLeft(committed)) void leases.release(key, token)
          if (E.isLeft(committed) || committed.right) return committed
          onLost()
          return removes
            ? andThen(removeOlder(commit), (removed) => (E.isLeft(removed) ? removed : committed))
            : committed
        }
      )
    }
  }
}
