/**
 * A listener of a feed that ends with its tier.
 *
 * @internal
 */
import { host } from '../../base/host'
import type { Invalidation, Listener } from '../../Invalidation'

const strongly = <T extends object>(of: T): Pick<WeakRef<T>, 'deref'> => ({ deref: () => of })

/**
 * Older Workers have no weak references: there a tier is kept as long as its feed. A separate function, as closures of
 * one scope share what they retain.
 */
const weakly = <T extends object>(of: T): Pick<WeakRef<T>, 'deref'> => {
  const { WeakRef: Weak } = host
  return Weak === undefined ? strongly(of) : new Weak(of)
}

/** Feeds outlive tiers: a tier without users can be collected, and stops listening at the next change. */
export const listenWeakly = (invalidation: Invalidation, listener: Listener): void => {
  const ref = weakly(listener)
  const told = (tell: (listener: Listener) => void): void => {
    const there = ref.deref()
    if (there === undefined) end()
    else tell(there)
  }
  const end = invalidation.listen({
    changed: (change) => told((there) => there.changed(change)),
    lost: () => told((there) => there.lost())
  })()
}
