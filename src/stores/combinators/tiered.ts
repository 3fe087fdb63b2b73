/**
 * Two stores as one: reads use the near one first, writes the far one first.
 *
 * @internal
 */
import { defect } from '../../base/defect'
import { extend } from '../../base/extend'
import { system } from '../../Clock'
import * as D from '../../Duration'
import { checkedOptions, ofTiered } from '../kit/checks'
import { placeIn } from '../kit/place'
import type { Store, TieredOptions } from '../model'
import type { Tiers } from './model'
import { attemptNear, makeNearTier } from './nearTier'
import { readsOfMany, readsOfOne } from './tieredReads'
import { tieredLeases, tieredWrites } from './tieredWrites'

/** Synchronous reads, if the near tier has the entry. */
const peeks = <R>({ near: { peek, peekEntry }, tier }: Tiers<R>): Pick<Store<R>, 'peek' | 'peekEntry'> => ({
  ...(peek === undefined
    ? {}
    : {
        peek: (key) => {
          tier.start()
          return tier.serves(key) ? peek(key) : undefined
        }
      }),
  ...(peekEntry === undefined
    ? {}
    : {
        peekEntry: (key) => {
          tier.start()
          const entry = tier.serves(key) ? peekEntry(key) : undefined
          return entry === undefined ? undefined : tier.entryOf(key, entry)
        }
      })
})

/** The sum of the time limits of all that a write waits for; none if one of them has none. */
const deadlineOf = <R>({ far, invalidation, near }: Tiers<R>): Pick<Store<R>, 'deadline'> => {
  const deadlines = [
    far.deadline,
    near.deadline ?? (near.peek === undefined ? undefined : D.zero),
    invalidation === undefined ? D.zero : invalidation.deadline
  ]
  return deadlines.some((d) => d === undefined)
    ? {}
    : { deadline: deadlines.reduce<D.Duration>((sum, d) => D.sum(sum, d ?? D.zero), D.zero) }
}

type Traits = 'rawKey' | 'rawPrefix' | 'deadline' | 'reach' | 'placeOf' | 'encodes' | 'lifetime'

/** The combined traits of both tiers. */
const traits = <R>(tiers: Tiers<R>): Pick<Store<R>, Traits> => {
  const { far, near } = tiers
  const { rawKey, rawPrefix } = far
  return {
    ...(rawKey === undefined ? {} : { rawKey }),
    ...(rawPrefix === undefined ? {} : { rawPrefix }),
    ...deadlineOf(tiers),
    ...(near.reach === 'process' && far.reach === 'process' ? { reach: 'process' } : {}),
    placeOf: (prefix) => placeIn(far, prefix),
    ...(far.encodes === true || near.encodes === true ? { encodes: true } : {}),
    ...(far.lifetime === 'none' || near.lifetime === 'none' ? { lifetime: 'none' } : {})
  }
}

export const tieredStore = <R, K, N, F>(
  options: TieredOptions<Store<K, N>, Store<R, F>>
): Store<R, { readonly near: N; readonly far: F }> => {
  const { clock = system, far, invalidation, near: own, ttl = D.forever } = checkedOptions(ofTiered, options)
  if (own.lifetime === 'hidden' || far.lifetime === 'hidden')
    return defect('a tier tells what is left of a lifetime')
  if (!(ttl > 0)) return defect('the ttl of a near tier is a Duration above zero')
  // SAFETY: only the tier uses it, so its entries were read from the far store, or written to it
  const near = own as Store<unknown, N> as Store<R, N>
  const backend = {
    get near() {
      return near.backend
    },
    get far() {
      return far.backend
    }
  }
  // law: a near store that keeps nothing changes nothing
  const unchanged = <X extends Store<R>>(store: X): X & { readonly backend: typeof backend } =>
    extend(store, { backend, placeOf: (prefix: string) => placeIn(store, prefix) })
  if (invalidation === undefined && near.keeps === 'nothing') return unchanged(far)
  if (
    invalidation === undefined &&
    far.keeps === 'nothing' &&
    (far.leases === undefined || near.leases !== undefined)
  )
    return unchanged(near)
  const tiers: Tiers<R> = {
    near,
    far,
    invalidation,
    tier: makeNearTier(near, ttl, invalidation, clock),
    nearby: attemptNear(near, clock)
  }
  return {
    backend,
    ...readsOfOne(tiers),
    ...readsOfMany(tiers),
    ...tieredWrites(tiers),
    ...peeks(tiers),
    ...(far.leases === undefined ? {} : { leases: tieredLeases(tiers, far.leases) }),
    ...traits(tiers)
  }
}
