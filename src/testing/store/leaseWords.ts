/**
 * Functions that the laws of leases are written with.
 *
 * @internal
 */
import * as D from '../../Duration'
import type { Acquired, Leases } from '../../Store'
import { ensure, fail, run } from '../words/words'
import { type Case, isLeft, type Left, type StoreLaw } from './case'
import * as finds from './finds'

/** A law of leases, for a store that has leases. */
export const ofLeases =
  (law: <R>(c: Case<R>, leases: Leases<R>) => Promise<void>): StoreLaw =>
  (c) =>
    c.store.leases === undefined ? fail('the store has no leases') : law(c, c.store.leases)

export const isThere = <R>(when: string, c: Case<R>, key: string, value: R): Promise<void> =>
  finds.get(c, key, { value }, when)

export const isGone = <R>(when: string, c: Case<R>, key: string): Promise<void> =>
  finds.get(c, key, undefined, when)

/** The requested lifetime of a lease: no law runs longer, even on a slow machine. */
export const leaseLife = D.hours(1)

/** The result of acquiring a lease, whatever entry is stored. */
export const wish = <R>(leases: Leases<R>, key: string, token: string): Promise<Acquired<R>> =>
  run('acquire', leases.acquire(key, token, leaseLife, D.forever))

export const wins = async <R>(what: string, leases: Leases<R>, key: string, token: string): Promise<void> => {
  const { _tag } = await wish(leases, key, token)
  ensure(_tag === 'Won', () => `${what}: ${_tag}, and nobody has the lease`)
}

export const isBusy = async <R>(what: string, leases: Leases<R>, key: string): Promise<void> => {
  const { _tag } = await wish(leases, key, 'somebody else')
  ensure(_tag === 'Busy', () => `${what}: ${_tag}, and somebody has the lease`)
}

export const isBusyFor = <R>(c: Case<R>, answer: Acquired<R>, left: Left, what: string): void => {
  if (answer._tag !== 'Busy') return fail(`${what}: ${answer._tag}, and somebody has the lease`)
  const { remaining } = answer
  return ensure(
    remaining > 0 && isLeft({ ...c, lifetime: true }, remaining, left),
    () => `${what}: ${String(remaining)} ms are left, expected ${finds.expectedLeft(left)}`
  )
}
