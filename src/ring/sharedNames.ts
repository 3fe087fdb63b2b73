/**
 * Detects rings of different functions with the same key prefix in one backend: each would serve the entries of the
 * other.
 *
 * The check runs when a ring is built, never when it is called. It keeps no function, store or ring alive: a function
 * is held weakly, and the records of a backend are dropped together with it.
 *
 * @internal
 */
import { type Aging, makeAging } from '../base/bounded'
import { host } from '../base/host'
import { warn } from '../base/warning'
import type { Place } from '../stores/model'

/** The function, or other thing, to which the entries belong. */
export type Owner = object | string

interface Claim {
  readonly by: WeakRef<object> | string
  readonly isReported: boolean
}

/** Per backend: if a program makes ever new names, the older ones are forgotten. */
const mostNames = 2_000
/** Backends that have a name and no object, such as directories. */
const mostBackends = 512

const byObject = /*#__PURE__*/ new WeakMap<object, Aging<Claim>>()
const byText = /*#__PURE__*/ makeAging<Aging<Claim>>(mostBackends / 2)

const claimsIn = (backend: Owner): Aging<Claim> => {
  // SAFETY: each is asked for the backends of its kind
  const all = (typeof backend === 'string' ? byText : byObject) as Pick<Map<Owner, Aging<Claim>>, 'get'> & {
    readonly set: (backend: Owner, claims: Aging<Claim>) => unknown
  }
  const known = all.get(backend)
  if (known !== undefined) return known
  const made = makeAging<Claim>(mostNames / 2)
  all.set(backend, made)
  return made
}

/** A function that was garbage-collected differs from every live one. */
const isOf = ({ by }: Claim, owner: Owner): boolean =>
  typeof by === 'string' ? by === owner : by.deref() === owner

/** `prefix`: that of the ring, for the message. `version`: different versions have different entries. */
export interface Claimed {
  readonly place: Place
  readonly version: string
  readonly owner: Owner
  readonly prefix: string
  readonly isMeant: boolean
}

/** Older Workers have no weak references. There nothing is reported, because the check would keep functions alive. */
const heldWeakly = (owner: Owner): Claim['by'] | undefined => {
  const { WeakRef: Weak } = host
  if (typeof owner === 'string') return owner
  return Weak === undefined ? undefined : new Weak(owner)
}

/** Reports, once for each prefix in a backend, that a second function uses it. */
export const claimName = ({ isMeant, owner, place, prefix, version }: Claimed): void => {
  const by = heldWeakly(owner)
  if (by === undefined) return
  const claims = claimsIn(place.backend)
  const at = `${place.prefix}\0${version}`
  const first = claims.get(at)
  if (first === undefined) {
    claims.set(at, { by, isReported: false })
    return
  }
  if (isMeant || first.isReported || isOf(first, owner)) return
  claims.set(at, { ...first, isReported: true })
  warn(
    'FP_RING_SHARED_NAME',
    `two different functions are cached under keys that begin with '${prefix}' in one store, so each is answered with ` +
      'what the other has stored. Give each ring a `name` (or `key`) of its own, with whatever else its answers depend on, ' +
      'such as a tenant; or `sharesEntries: true`, if this is meant.'
  )
}

// -------------------------------------------------------------------------------------
// names
// -------------------------------------------------------------------------------------

/** Names made by minifiers and by `bind`, and the names of functions that have none of their own. */
const untrusted = /^(?:.{0,2}|bound .*|default|anonymous)$/s

export const isTrusted = (name: string): boolean => !untrusted.test(name)
