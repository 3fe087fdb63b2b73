/**
 * Where the entries of a store are, to detect rings that share entries.
 *
 * @internal
 */
import { hasMembers, isObject } from '../../base/kinds'
import type { Place, Store } from '../model'

/** A store of any values. */
type Placed = Pick<Store<unknown>, 'backend' | 'placeOf'>

const backendOf = (store: Placed): object | undefined => {
  try {
    const { backend } = store
    return isObject(backend) ? backend : undefined
  } catch {
    return undefined // the client is looked up at every use, and does not exist yet
  }
}

/**
 * The client of a store: two functions that return one client are one backend. A function that returns no client yet is
 * its own backend.
 */
export const clientIn = (given: object): object => {
  if (typeof given !== 'function') return given
  try {
    const client: unknown = (given as () => unknown)()
    return isObject(client) ? client : given
  } catch {
    return given
  }
}

/**
 * The place that the store declares, otherwise its backend, otherwise the store itself: a store that declares nothing
 * may be anything. The place of a third-party store is checked, as its function may throw, or return no backend.
 */
export const placeIn = (store: Placed, prefix: string): Place =>
  saidBy(store, prefix) ?? { backend: backendOf(store) ?? store, prefix }

const saidBy = (store: Placed, prefix: string): Place | undefined => {
  try {
    const place: unknown = store.placeOf?.(prefix)
    return isPlace(place) ? place : undefined
  } catch {
    return undefined
  }
}

const isBackend = (u: unknown): u is Place['backend'] => typeof u === 'string' || hasMembers(u)

const isPlace = (u: unknown): u is Place =>
  isObject(u) && 'backend' in u && isBackend(u.backend) && 'prefix' in u && typeof u.prefix === 'string'

/** A third-party function of keys may throw for a text that is not a key. */
export const placeThrough =
  (store: Placed, f: (key: string) => string) =>
  (prefix: string): Place => {
    try {
      return placeIn(store, f(prefix))
    } catch {
      return { backend: f, prefix }
    }
  }
