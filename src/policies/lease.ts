/**
 * How a ring uses leases: which of all processes may run the function for a key, and which callers wait.
 *
 * A lease saves work and fences writes; it never locks the function. So if anything goes wrong with it (the store is
 * down, the lease is lost, the wait is over), the function still runs and its caller gets the value, but nothing is
 * stored.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { makeRecent } from '../base/recently'
import { allSoon, andThen, isLater, type Soon } from '../base/soon'
import { uniqueText } from '../base/unique'
import * as D from '../Duration'
import type { Key } from '../KeyFn'
import type { StoreError } from '../RingError'
import { inTime } from '../stores/kit/deadline'
import { storeError, tooLate } from '../stores/kit/errors'
import type { Acquired } from '../stores/model'
import type { Claim, Claims, Leasing, LeasingParts as Parts, MakeLeasing, StockLeases, Wanted } from './model'
import { makeAsk, makeCommit } from './underLease'

const firstPoll = 10
const longestPoll = 200

const late = (operation: 'acquire' | 'seize') => (): E.Either<StoreError, never> => E.left(tooLate(operation))

/** The leases that this ring holds, or has asked for. */
interface Own {
  /** Records that a lease is held until `drop`. */
  readonly hold: (key: Key, token: string) => void
  readonly drop: (token: string) => void
  readonly release: Leasing<never>['release']
  readonly releaseAll: Leasing<never>['releaseAll']
  /** How often all leases were released. If that happens while a lease is being acquired, the lease is not used. */
  readonly given: () => number
  /** Gives back a lease that nobody wants any more. */
  readonly unwanted: (key: Key, token: string) => Claim<never>
  /** The lease may have been taken all the same, now or later. It is released, so that no process waits for it. */
  readonly failedAt: (asked: Failed) => Claim<never>
}

interface Failed {
  readonly key: Key
  readonly token: string
  readonly fault: StoreError
  readonly asking: Soon<E.Either<StoreError, unknown>>
}

const makeOwn = <R>(leases: StockLeases<R>): Own => {
  const held = new Map<string, Key>()
  let given = 0
  const { release } = leases
  return {
    hold: (key, token) => void held.set(token, key),
    drop: (token) => void held.delete(token),
    release,
    releaseAll: async () => {
      given++
      await allSoon(Array.from(held, ([token, key]) => release(key, token)))
    },
    given: () => given,
    unwanted: (key, token) => {
      void release(key, token)
      return { _tag: 'Unheld' }
    },
    failedAt: ({ asking, fault, key, token }) => {
      void release(key, token)
      if (isLater(asking)) void asking.then((answer) => (E.isRight(answer) ? release(key, token) : undefined))
      return { _tag: 'Unheld', fault }
    }
  }
}

/** An update takes the lease of a key, whoever has it. */
const makeSeize =
  <R>({ after, lease: { ttl }, leases }: Parts<R>, own: Own) =>
  (key: Key, limit: number): Soon<Claim<never>> => {
    const token = uniqueText()
    const before = own.given()
    const seizing = leases.seize(key, token, ttl)
    return andThen(inTime(limit, after, seizing, late('seize')), (seized): Claim<never> => {
      if (E.isLeft(seized)) return own.failedAt({ key, token, fault: seized.left, asking: seizing })
      return own.given() === before ? { _tag: 'Held', token, waited: false } : own.unwanted(key, token)
    })
  }

/** A load asks for the lease of a key; if another process has it, the caller looks again at intervals. */
const makeAcquire = <R>(
  { after, lease: { ttl, wait }, leases, now, random }: Parts<R>,
  own: Own
): Claims['claim'] => {
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void after(D.milliseconds(ms), resolve)())
  const drawn = (): number => {
    try {
      return random()
    } catch {
      return 0.5
    }
  }
  /** Keys for whose holder a caller has waited in vain. */
  const vain = makeRecent()
  return <S>({ beyond: found, key, limit, mode, patient, recheck, onWait }: Wanted<S>): Soon<Claim<S>> => {
    const token = uniqueText()
    const until = now() + wait
    const before = own.given()
    let end = now() + limit
    let waits = false
    let beyond: number = found
    const within = <A>(answer: Soon<A>, instead: () => A): Soon<A> =>
      isLater(answer) ? inTime(end - now(), after, answer, instead) : answer

    const ask = (poll: number): Soon<Claim<S>> => {
      const acquiring = leases.acquire(key, token, ttl, beyond as D.Duration)
      return andThen(within(acquiring, late('acquire')), (acquired): Soon<Claim<S>> => {
        if (E.isLeft(acquired)) return own.failedAt({ key, token, fault: acquired.left, asking: acquiring })
        if (own.given() !== before) return own.unwanted(key, token)
        const answer = acquired.right
        const first = poll === firstPoll
        // a caller that has waited looks once more: a new entry need not live longer than the one that it replaced
        const looks = answer._tag === 'Found' || (answer._tag === 'Won' && !first)
        return looks
          ? andThen(
              within(recheck(), () => undefined),
              (seen) => (seen === undefined ? decided(answer, poll) : served(answer, seen))
            )
          : decided(answer, poll)
      })
    }
    const served = (answer: Acquired<R>, seen: S): Soon<Claim<S>> => {
      const claim: Claim<S> = { _tag: 'Served', seen }
      return answer._tag === 'Won'
        ? andThen(
            within(own.release(key, token), () => undefined),
            () => claim
          )
        : claim
    }
    const decided = (answer: Acquired<R>, poll: number): Soon<Claim<S>> => {
      if (answer._tag === 'Won') return { _tag: 'Held', token, waited: poll !== firstPoll }
      const longer = Math.min(poll * 1.5, longestPoll)
      if (answer._tag === 'Found' && answer.entry.remaining > beyond) {
        beyond = answer.entry.remaining
        return ask(longer)
      }
      if (mode === 'try' || patient)
        return { _tag: 'Left', remaining: answer._tag === 'Busy' ? answer.remaining : D.zero }
      const time = now()
      if (time >= until) vain.note(key, time + wait)
      if (time >= until || vain.holds(key, time)) return { _tag: 'Unheld' }
      // a caller that waits for another holder looks again at intervals
      if (!waits) {
        waits = true
        end += wait
        onWait()
      }
      // jitter, so that waiting callers do not ask at the same time; the pause ends no later than the lease
      const pause = poll * (0.5 + drawn() / 2)
      const ends = answer._tag === 'Busy' ? answer.remaining + 1 : pause
      return sleep(Math.max(1, Math.min(pause, ends, until - time))).then(() => ask(longer))
    }
    return ask(firstPoll)
  }
}

/** One value for all processes that write it at the same time. */
const makeAgree =
  <R>({ leases, stock }: Parts<R>, own: Own, claim: Claims['claim']): Leasing<R>['agree'] =>
  (key, value, life, valid) => {
    const claimed = claim<R>({
      key,
      mode: 'wait',
      patient: false,
      beyond: D.zero,
      limit: Infinity,
      onWait: () => undefined,
      recheck: () =>
        andThen(stock.get(key), (got) =>
          E.isRight(got) && O.isSome(got.right) && valid(got.right.value) ? got.right.value : undefined
        )
    })
    return andThen(claimed, (claim): Soon<E.Either<StoreError, R>> => {
      if (claim._tag === 'Served') return E.right(claim.seen)
      const fault = claim._tag === 'Unheld' ? claim.fault : undefined
      if (fault !== undefined) return E.left(fault)
      // a caller that has waited in vain writes its own value: at worst, entries of other processes become misses
      const writing: Soon<E.Either<StoreError, unknown>> =
        claim._tag === 'Held'
          ? leases.commit(key, claim.token, O.some(value), life)
          : stock.set(key, value, life)
      return andThen(writing, (written): E.Either<StoreError, R> => {
        // if the commit of a lease failed, release it, so that no process waits for it
        if (E.isLeft(written) && claim._tag === 'Held') void own.release(key, claim.token)
        return E.isLeft(written)
          ? written
          : written.right === false
          ? E.left(storeError('commit', 'refused', 'the lease of a tag was lost'))
          : E.right(value)
      })
    })
  }

/** Renews a lease at a third of its lifetime. */
const makeKeepAlive =
  <R>(
    { background, fault, lease: { ttl }, leases, longestLoad, now }: Parts<R>,
    own: Own
  ): Claims['keepAlive'] =>
  (key, token) => {
    const began = now()
    own.hold(key, token)
    let going = true
    let cancel = (): void => undefined
    const beat = (): void => {
      if (!going || now() - began > longestLoad) return own.drop(token)
      void andThen(leases.renew(key, token, ttl), (renewed) => {
        // a lost lease stays lost, but a store that fails may work again at the next renewal
        if (E.isLeft(renewed)) fault(key, renewed.left)
        else if (!renewed.right) going = false
      })
      next()
    }
    const next = (): void => {
      cancel = background(D.milliseconds(ttl / 3), beat)()
    }
    next()
    return () => {
      going = false
      own.drop(token)
      cancel()
    }
  }

export const makeLeasing: MakeLeasing = <R>(parts: Parts<R>): Leasing<R> => {
  const { lease, leases } = parts
  const own = makeOwn(leases)
  const seize = makeSeize(parts, own)
  const acquire = makeAcquire(parts, own)
  const claim: Claims['claim'] = (wanted) =>
    wanted.mode === 'seize' ? seize(wanted.key, wanted.limit) : acquire(wanted)
  const keepAlive = makeKeepAlive(parts, own)
  return {
    ...makeAsk(parts, { claim, keepAlive, release: own.release }),
    ...makeCommit(parts),
    agree: makeAgree(parts, own, claim),
    release: own.release,
    releaseAll: own.releaseAll,
    holds: (key, token) => leases.renew(key, token, lease.ttl)
  }
}
