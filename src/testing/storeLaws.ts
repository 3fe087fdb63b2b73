/**
 * The laws of a store, for any store: a `Map` keeps the same ones as a cluster of servers.
 *
 * Laws:
 *
 * - law 2, 10, 11, 12, 13, 17, 18, 22, 25, 26, 31, 35 of `docs/laws.md`, as far as they concern a store; those of
 *   leases (22 and 25) if the store has leases.
 *
 * @since 0.1.0
 */

import type { Store } from '../Store'
import type { Laws } from './law'
import { bulk } from './store/bulk'
import { type Case, caseOf, type StoreLaws } from './store/case'
import { clear, clearless } from './store/clear'
import { edgesOfLeases, edgesTold, loops } from './store/edges'
import { broken, capabilities, hung } from './store/failures'
import { leases } from './store/leases'
import { leaseWrites } from './store/leaseWrites'
import { aging, expiry, lifetimeless, lifetimes } from './store/lifetimes'
import type { StoreLawsOptions } from './store/options'
import { random } from './store/random'
import { single } from './store/single'
import { values } from './store/values'

export * from './store/options'

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** The laws that apply to such a store. The others are left out, so that no law passes without a check. */
const applicable = <R, B>({
  clears = true,
  clock,
  keeps = true,
  leases: hasLeases = false,
  lifetime = true
}: StoreLawsOptions<R, B>): StoreLaws => ({
  ...values,
  ...single,
  ...bulk,
  ...lifetimes,
  ...(lifetime === false ? lifetimeless : keeps ? expiry : {}),
  ...(lifetime === true && keeps ? { ...aging, ...edgesTold } : {}),
  ...(lifetime !== false && keeps && clock === undefined ? loops : {}),
  ...(hasLeases && keeps ? { ...leases, ...leaseWrites } : {}),
  ...(hasLeases && keeps && lifetime === true ? edgesOfLeases : {}),
  ...(clears ? clear : clearless),
  ...random,
  ...capabilities
})

const whenBroken: StoreLaws = {
  'law 31: over a backend that is down every operation is a left, and none throws': broken
}

const whenHung: StoreLaws = {
  'law 26: over a backend that never answers every operation is a timeout, within the deadline of the store':
    hung
}

/** A store for one check. */
const using = async <R, B>(
  make: () => Store<R, B> | Promise<Store<R, B>>,
  options: StoreLawsOptions<R, B>,
  check: (c: Case<R>) => Promise<void>
): Promise<void> => {
  const store = await make()
  try {
    await check(caseOf(store, options))
  } finally {
    await options.close?.(store)
  }
}

/**
 * The laws of the store that `make` makes. Each law makes a store and closes it, so each can be run alone. `make` may
 * be async, and may return the same store again. Each law uses its own keys, except for a few unusual ones: a store on
 * a shared server should have a namespace of its own. With a real clock some laws take seconds: allow a minute for
 * each.
 *
 * @example
 * import { dict } from 'fp-ring'
 * import { anything, storeLaws, testClock } from 'fp-ring/testing'
 *
 * const clock = testClock()
 * const laws = storeLaws(() => dict({ clock }), { ...anything, clock, leases: true })
 *
 * // under a runner of tests: for (const law of laws) test(law.name, law.run)
 * const test = async () => {
 *   for (const law of laws.filter(({ name }) => name.startsWith('law 2:'))) await law.run()
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const storeLaws = <R, B>(
  make: () => Store<R, B> | Promise<Store<R, B>>,
  options: StoreLawsOptions<R, B>
): Laws => {
  const named = (
    source: () => Store<R, B> | Promise<Store<R, B>>,
    laws: Readonly<Record<string, (c: Case<R>) => Promise<void>>>
  ): Laws => Object.entries(laws).map(([name, check]) => ({ name, run: () => using(source, options, check) }))
  return [
    ...named(make, applicable(options)),
    ...(options.broken === undefined ? [] : named(options.broken, whenBroken)),
    ...(options.hung === undefined ? [] : named(options.hung, whenHung))
  ]
}
