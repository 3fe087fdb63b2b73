/**
 * How a ring uses leases: who may run the function for a key, among all processes, and who waits.
 *
 * A lease saves work and fences writes; the function is never locked. So whatever goes wrong with it (the store is
 * down, the lease is lost, the wait is over) the function runs and its caller gets the value; only nothing is stored.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import type { Clock } from '../Clock'
import * as D from '../Duration'
import type { Key } from '../KeyFn'
import type { Lease } from '../Policy'
import { StoreError } from '../RingError'
import type { Leases, Store } from '../Store'
import { attempt } from './attempt'
import { makeRecent } from './recent'
import { startTimer } from './timer'
import { uniqueText } from './unique'

/** `wait` for a load that somebody waits for, `try` for one in the background, `seize` for an update. */
export type Mode = 'wait' | 'try' | 'seize'

/**
 * `Held`: run the function, and store under this token. `Served`: somebody else has stored it. `Left`: somebody else
 * loads it, and nobody need wait here. `Unheld`: run the function, and store nothing; `fault` says what failed, if
 * something did.
 */
export type Claim<S> =
  | { readonly _tag: 'Held'; readonly token: string; readonly waited: boolean }
  | { readonly _tag: 'Served'; readonly seen: S }
  | { readonly _tag: 'Left'; readonly remaining: D.Duration }
  | { readonly _tag: 'Unheld'; readonly fault?: StoreError }

export interface Wanted<S> {
  readonly key: Key
  readonly mode: Mode
  /** Whether there is something to serve at once, where somebody else loads. */
  readonly patient: boolean
  /** An entry with no more life than this is what was found already, and is no answer. */
  readonly beyond: D.Duration
  /** Looks again, since somebody may have stored an entry; `undefined` where it is no answer. */
  readonly recheck: () => Promise<S | undefined>
}

export interface Leasing<R> {
  readonly claim: <S>(wanted: Wanted<S>) => Promise<Claim<S>>
  /**
   * Writes a value where there is none, and gives the one that is there: the same to all who ask at once. What is not
   * `valid` counts as none.
   */
  readonly agree: (
    key: Key,
    value: R,
    life: D.Duration,
    valid: (there: R) => boolean
  ) => Promise<E.Either<StoreError, R>>
  /** Keeps a lease alive; gives what stops that. */
  readonly keepAlive: (key: Key, token: string) => () => void
  readonly release: (key: Key, token: string) => Promise<void>
  /** Whether a lease is still there. */
  readonly holds: (key: Key, token: string) => Promise<E.Either<StoreError, boolean>>
}

const firstPoll = 10
const longestPoll = 200

export const makeLeasing = <R>(
  store: Store<R>,
  leases: Leases<R>,
  { ttl, wait }: Lease,
  clock: Clock,
  random: () => number,
  longestLoad: D.Duration
): Leasing<R> => {
  const after = clock.after ?? startTimer
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void after(D.milliseconds(ms), resolve)())
  const release: Leasing<R>['release'] = (key, token) =>
    attempt('release', () => leases.release(key, token)()).then(() => undefined)
  const seize = async (key: Key): Promise<Claim<never>> => {
    const token = uniqueText()
    const seized = await attempt('seize', () => leases.seize(key, token, ttl)())
    return E.isLeft(seized) ? failedAt(key, token, seized.left) : { _tag: 'Held', token, waited: false }
  }
  /** It may have been taken all the same: nobody should wait for it. */
  const failedAt = (key: Key, token: string, fault: StoreError): Claim<never> => {
    void release(key, token)
    return { _tag: 'Unheld', fault }
  }
  /** Keys whose holder was waited for in vain. */
  const vain = makeRecent()
  const claim: Leasing<R>['claim'] = async ({ beyond: found, key, mode, patient, recheck }) => {
    if (mode === 'seize') return seize(key)
    const token = uniqueText()
    const until = clock.now() + wait
    let beyond: number = found
    for (let poll = firstPoll, first = true; ; poll = Math.min(poll * 1.5, longestPoll), first = false) {
      const acquired = await attempt('acquire', () => leases.acquire(key, token, ttl, beyond as D.Duration)())
      if (E.isLeft(acquired)) return failedAt(key, token, acquired.left)
      const answer = acquired.right
      // who has waited looks once more: an entry need not live longer than the one that it took the place of
      const seen = answer._tag === 'Found' || (answer._tag === 'Won' && !first) ? await recheck() : undefined
      if (seen !== undefined) {
        if (answer._tag === 'Won') await release(key, token)
        return { _tag: 'Served', seen }
      }
      if (answer._tag === 'Won') return { _tag: 'Held', token, waited: !first }
      if (answer._tag === 'Found' && answer.entry.remaining > beyond) {
        beyond = answer.entry.remaining
        continue
      }
      if (mode === 'try' || patient)
        return { _tag: 'Left', remaining: answer._tag === 'Busy' ? answer.remaining : D.zero }
      const now = clock.now()
      if (now >= until) vain.note(key, now + wait)
      if (now >= until || vain.holds(key, now)) return { _tag: 'Unheld' }
      // jitter, so that those who wait do not ask together; a lease that is about to end is not slept over
      const pause = poll * (0.5 + random() / 2)
      const ends = answer._tag === 'Busy' ? answer.remaining + 1 : pause
      await sleep(Math.max(1, Math.min(pause, ends, until - now)))
    }
  }
  const agree: Leasing<R>['agree'] = async (key, value, life, valid) => {
    const claimed = await claim<R>({
      key,
      mode: 'wait',
      patient: false,
      beyond: D.zero,
      recheck: async () => {
        const got = await attempt('get', () => store.get(key)())
        return E.isRight(got) && O.isSome(got.right) && valid(got.right.value) ? got.right.value : undefined
      }
    })
    if (claimed._tag === 'Served') return E.right(claimed.seen)
    const fault = claimed._tag === 'Unheld' ? claimed.fault : undefined
    if (fault !== undefined) return E.left(fault)
    // whoever has waited in vain writes his own: entries of others are misses then, and nothing is wrong
    const written =
      claimed._tag === 'Held'
        ? await attempt('commit', () => leases.commit(key, claimed.token, O.some(value), life)())
        : await attempt('set', () => store.set(key, value, life)())
    return E.isLeft(written)
      ? written
      : written.right === false
      ? E.left(new StoreError('commit', 'refused', 'the lease of a tag was lost'))
      : E.right(value)
  }
  return {
    claim,
    agree,
    release,
    holds: (key, token) => attempt('renew', () => leases.renew(key, token, ttl)()),
    keepAlive: (key, token) => {
      const began = clock.now()
      let going = true
      let cancel = (): void => undefined
      const beat = (): void => {
        if (!going || clock.now() - began > longestLoad) return
        void attempt('renew', () => leases.renew(key, token, ttl)()).then((renewed) => {
          // one that is lost stays lost; a store that fails may be there again at the next beat
          if (E.isRight(renewed) && !renewed.right) going = false
        })
        next()
      }
      const next = (): void => {
        cancel = after(D.milliseconds(ttl / 3), beat)()
      }
      next()
      return () => {
        going = false
        cancel()
      }
    }
  }
}
